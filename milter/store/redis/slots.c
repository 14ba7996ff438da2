/*
 * The table of slots is read by everybody without a lock, and written by the
 * thread behind (a whole map, from CLUSTER SLOTS) and by whoever is told MOVED
 * (one slot). A node that is asked in vain says so, and the next one it says
 * it; so an old map costs a detour, never a wrong count.
 *
 * The trap is a refund after a failover: the new master may not have got the
 * charge, so it would take from others. It is known by having had no slot
 * before: then all that was charged so far counts as of older data. A slot
 * that moves to a master that has slots takes its data along, and its refunds
 * are carried out.
 */
#include "store/redis/slots.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/port.h"
#include "base/xalloc.h"
#include "store/redis/cluster.h"
#include "store/redis/redis.h"
#include "store/redis/talk.h"
#include "store/url.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_CHECK_US  INT64_C(10000000)
#define TRYAGAIN_MIN_US 10000
#define TRYAGAIN_MAX_US 50000

struct slots {
	_Atomic(struct redis_node *) owners[CLUSTER_SLOTS];
	_Atomic unsigned n_slots[REDIS_NODES_MAX]; /* by number of the node */
	_Atomic unsigned marks[REDIS_NODES_MAX];   /* slot of the marker, + 1 */
	atomic_bool has_map;

	/* Of the thread behind. */
	struct cluster_address seeds[STORE_HOSTS_MAX];
	size_t n_seeds;
	size_t turn; /* which node is asked first the next time */
	int64_t check_at_us;
	uint64_t epoch; /* for which all pools were renewed */
	bool has_gap;   /* the map does not say of all slots who has them */
	bool is_lost;   /* nobody gives a map: it is in the log */
	struct redis_seldom full;
	struct redis_seldom slow_move;
	struct cluster_map map;
};

static unsigned
slots_slot_of(struct str key)
{
	return cluster_slot(key);
}

static struct redis_node *
slots_node_of(struct redis *redis, unsigned slot)
{
	struct slots *slots = redis->layout_data;

	return atomic_load(&slots->owners[slot]);
}

static struct cluster_address
address_of(const struct redis_node *node)
{
	struct cluster_address address = { .port = node->target.port };

	snprintf(address.host, sizeof(address.host), "%s", node->target.host);
	return address;
}

static struct redis_node *
add_node(struct redis *redis, const struct cluster_address *address)
{
	struct slots *slots = redis->layout_data;
	struct redis_node *node;
	struct buf name = { 0 };

	buf_printf(&name,
	    strchr(address->host, ':') == NULL ? "redis %s:%u"
					       : "redis [%s]:%u",
	    address->host, address->port);
	node = redis_node_add(redis, name.p, address->host, address->port);
	if (node == NULL && redis_seldom_is_due(&slots->full))
		log_warning("store %s: more than %d nodes since the start; "
			    "slots of %s are as if it were away until a "
			    "restart",
		    redis->target.name, REDIS_NODES_MAX, name.p);
	buf_done(&name);
	return node;
}

/* node (or nobody: NULL) has the slot from now on. Any thread. */
static void
set_owner(struct redis *redis, unsigned slot, struct redis_node *node)
{
	struct slots *slots = redis->layout_data;
	struct redis_node *old;

	if (node == atomic_load(&slots->owners[slot]))
		return;
	if (node != NULL &&
	    atomic_fetch_add(&slots->n_slots[node->number], 1) == 0 &&
	    atomic_load(&slots->has_map))
		redis_nodes_renew(redis);
	old = atomic_exchange(&slots->owners[slot], node);
	if (old != NULL)
		atomic_fetch_sub(&slots->n_slots[old->number], 1);
}

/*
 * The key of a node's marker must be in a slot that it has. It stays the same
 * for as long as it may: another marker means other data. slot: one that the
 * node has, or is just getting.
 */
static void
mark(struct redis *redis, struct redis_node *node, unsigned slot)
{
	struct slots *slots = redis->layout_data;

	atomic_store(&slots->marks[node->number], slot + 1);
	atomic_store(&node->target.marker_tag, cluster_tag(slot));
}

static void
mark_new(struct redis *redis, struct redis_node *node, unsigned slot)
{
	struct slots *slots = redis->layout_data;
	unsigned none = 0;

	if (atomic_compare_exchange_strong(
		&slots->marks[node->number], &none, slot + 1))
		atomic_store(&node->target.marker_tag, cluster_tag(slot));
}

/* MOVED: node is the owner; that is soon seen to for other slots, too. */
static struct redis_node *
take_moved(struct redis *redis, const struct cluster_redirect *to)
{
	struct redis_node *node = add_node(redis, &to->to);

	if (node != NULL) {
		mark_new(redis, node, to->slot);
		set_owner(redis, to->slot, node);
	}
	redis_behind_discover(redis);
	return node;
}

/* Some keys of the slot are here and some there; that is soon over. */
static bool
wait_for_move(struct redis *redis, struct redis_redirect *redirect)
{
	struct slots *slots = redis->layout_data;

	redirect->after_us =
	    TRYAGAIN_MIN_US +
	    arc4random_uniform(TRYAGAIN_MAX_US - TRYAGAIN_MIN_US);
	if (redirect->n_tries + 1 < REDIS_TRIES_MAX)
		return true;
	if (redis_seldom_is_due(&slots->slow_move))
		log_warning("store %s: a slot takes long to move (TRYAGAIN); "
			    "meanwhile its limits follow their on-outage",
		    redis->target.name);
	return false;
}

static bool
slots_redirect(struct redis *redis, struct redis_node *node, struct str error,
    struct redis_redirect *redirect)
{
	const struct cluster_address asked = address_of(node);
	struct cluster_redirect to;

	switch (cluster_error_read(error, &asked, &to)) {
	case CLUSTER_ERROR_MOVED:
		redirect->node = take_moved(redis, &to);
		return redirect->node != NULL;
	case CLUSTER_ERROR_ASK:
		redirect->node = add_node(redis, &to.to);
		redirect->is_asking = true;
		return redirect->node != NULL;
	case CLUSTER_ERROR_TRYAGAIN:
		return wait_for_move(redis, redirect);
	case CLUSTER_ERROR_DOWN:
		redis_behind_discover(redis);
		return false;
	case CLUSTER_ERROR_CROSSSLOT:
	case CLUSTER_ERROR_OTHER:
		return false;
	}
	return false;
}

/* Reads the map as this node has it. */
static int
ask_map(struct redis *redis, const struct cluster_address *whom,
    struct redis_failure *failure)
{
	struct slots *slots = redis->layout_data;
	struct cluster_address asked = *whom;
	struct redis_talk talk = { .target = redis->target,
		.words = { STR("CLUSTER"), STR("SLOTS") },
		.n_words = 2 };
	redisReply *reply;
	int rc;

	talk.target.host = asked.host;
	talk.target.port = asked.port;
	if ((reply = redis_talk_ask(&talk, failure)) == NULL)
		return -1;
	rc = cluster_map_read(&slots->map, reply, &asked);
	freeReplyObject(reply);
	if (rc == -1)
		redis_fail(failure, REDIS_FAILURE_GARBAGE,
		    "its answer to CLUSTER SLOTS names no node that has slots");
	return rc;
}

/* Whom to ask: nodes that are up, beginning with another each time; seeds. */
static size_t
list_candidates(struct redis *redis,
    struct cluster_address candidates[REDIS_NODES_MAX + STORE_HOSTS_MAX])
{
	struct slots *slots = redis->layout_data;
	size_t n_nodes = atomic_load(&redis->n_nodes), n = 0;
	size_t first = slots->turn++;

	for (size_t i = 0; i < n_nodes; i++) {
		struct redis_node *node = redis->nodes[(first + i) % n_nodes];

		if (atomic_load(&slots->n_slots[node->number]) > 0 &&
		    redis_pool_is_up(node->pool))
			candidates[n++] = address_of(node);
	}
	for (size_t i = 0; i < slots->n_seeds; i++)
		candidates[n++] = slots->seeds[(first + i) % slots->n_seeds];
	return n;
}

/* 0: slots->map is filled in; -1: why not is in *text. */
static int
find_map(struct redis *redis, struct buf *text)
{
	struct cluster_address candidates[REDIS_NODES_MAX + STORE_HOSTS_MAX];
	size_t n = list_candidates(redis, candidates);

	for (size_t i = 0; i < n; i++) {
		struct redis_failure failure;

		if (ask_map(redis, &candidates[i], &failure) == 0)
			return 0;
		buf_printf(text, "%s%s:%u: %s", i > 0 ? "; " : "",
		    candidates[i].host, candidates[i].port, failure.text);
	}
	return -1;
}

/* The node of each address of the map, and the key of its marker. */
static void
add_nodes(struct redis *redis, struct redis_node *nodes[CLUSTER_NODES_MAX])
{
	struct slots *slots = redis->layout_data;
	const struct cluster_map *map = &slots->map;
	unsigned last_slots[CLUSTER_NODES_MAX] = { 0 };

	for (unsigned slot = 0; slot < CLUSTER_SLOTS; slot++)
		if (map->owners[slot] != CLUSTER_NOBODY)
			last_slots[map->owners[slot]] = slot;
	for (size_t i = 0; i < map->n_nodes; i++) {
		unsigned slot;

		if ((nodes[i] = add_node(redis, &map->nodes[i])) == NULL)
			continue;
		slot = atomic_load(&slots->marks[nodes[i]->number]);
		/* Moving slots begins with the first: the last stays longest.
		 */
		if (slot == 0 || map->owners[slot - 1] != i)
			mark(redis, nodes[i], last_slots[i]);
		redis_pool_look_up(nodes[i]->pool); /* if it has a name */
	}
}

static void
take_map(struct redis *redis)
{
	struct slots *slots = redis->layout_data;
	struct redis_node *nodes[CLUSTER_NODES_MAX];

	add_nodes(redis, nodes);
	slots->has_gap = false;
	for (unsigned slot = 0; slot < CLUSTER_SLOTS; slot++) {
		unsigned owner = slots->map.owners[slot];

		slots->has_gap |= owner == CLUSTER_NOBODY;
		set_owner(
		    redis, slot, owner != CLUSTER_NOBODY ? nodes[owner] : NULL);
	}
	atomic_store(&slots->has_map, true);
}

static void
note_lost(struct redis *redis, const struct buf *reasons)
{
	struct slots *slots = redis->layout_data;
	struct buf text = { 0 };

	if (slots->is_lost)
		return;
	slots->is_lost = true;
	log_escape(&text, buf_str(reasons), 512);
	log_warning("store %s: no node says who has which slot (%s); they are "
		    "asked again each second",
	    redis->target.name, text.p);
	buf_done(&text);
}

static bool
are_all_up(struct redis *redis)
{
	struct slots *slots = redis->layout_data;
	size_t n = atomic_load(&redis->n_nodes);

	for (size_t i = 0; i < n; i++)
		if (atomic_load(&slots->n_slots[i]) > 0 &&
		    !redis_pool_is_up(redis->nodes[i]->pool))
			return false;
	return n > 0;
}

/* Other data somewhere: see the head of this file. */
static void
renew_if_needed(struct redis *redis)
{
	struct slots *slots = redis->layout_data;
	uint64_t epoch = atomic_load(&redis->epoch);

	if (slots->epoch != epoch)
		redis_nodes_renew(redis);
	slots->epoch = atomic_load(&redis->epoch);
}

static void
slots_discover(struct redis *redis, bool is_wanted)
{
	struct slots *slots = redis->layout_data;
	int64_t now_us = clock_steady_us();
	struct buf reasons = { 0 };

	renew_if_needed(redis);
	if (!is_wanted && now_us < slots->check_at_us && !slots->has_gap &&
	    are_all_up(redis))
		return;
	if (find_map(redis, &reasons) == 0) {
		if (slots->is_lost)
			log_info("store %s: slots are known again",
			    redis->target.name);
		slots->is_lost = false;
		take_map(redis);
	} else {
		note_lost(redis, &reasons);
	}
	slots->check_at_us = clock_steady_us() + SLOTS_CHECK_US;
	buf_done(&reasons);
}

static bool
slots_has_keys(struct redis *redis, const struct redis_node *node)
{
	struct slots *slots = redis->layout_data;

	return atomic_load(&slots->n_slots[node->number]) > 0;
}

static void
slots_done(struct redis *redis)
{
	free(redis->layout_data);
}

const struct redis_layout redis_layout_cluster = {
	.slot_of = slots_slot_of,
	.node_of = slots_node_of,
	.discover = slots_discover,
	.redirect = slots_redirect,
	.has_keys = slots_has_keys,
	.done = slots_done,
};

void
redis_slots_open(struct redis *redis, const struct store_url *url)
{
	struct slots *slots = xcalloc(1, sizeof(*slots));

	for (size_t i = 0; i < url->n_hosts; i++) {
		struct cluster_address *seed = &slots->seeds[slots->n_seeds++];

		snprintf(
		    seed->host, sizeof(seed->host), "%s", url->hosts[i].host);
		seed->port = url->hosts[i].port;
	}
	redis->target.is_cluster = true;
	redis->layout = &redis_layout_cluster;
	redis->layout_data = slots;
}
