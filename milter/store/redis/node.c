/*
 * The list of nodes, and the simplest layout: one Redis.
 *
 * The trap is a master that became a replica (READONLY): its address may lead
 * to another one by now, behind a name or a proxy. All connections are given
 * up, DNS is asked again, and the question is asked once more: the error
 * proves that nothing was charged.
 */
#include "store/redis/node.h"

#include "base/xalloc.h"
#include "store/redis/redis.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Lock of the nodes held. */
static struct redis_node *
find_node(struct redis *redis, const char *host, unsigned port)
{
	size_t n = atomic_load(&redis->n_nodes);

	for (size_t i = 0; i < n; i++)
		if (redis->nodes[i]->target.port == port &&
		    strcmp(redis->nodes[i]->target.host, host) == 0)
			return redis->nodes[i];
	return NULL;
}

static struct redis_node *
make_node(
    struct redis *redis, const char *name, const char *host, unsigned port)
{
	struct redis_node *node = xcalloc(1, sizeof(*node));

	node->redis = redis;
	node->target = redis->target;
	node->target.name = xstrdup(name);
	node->target.host = xstrdup(host);
	node->target.port = port;
	atomic_init(&node->target.marker_tag, REDIS_NO_TAG);
	atomic_init(&node->went_down, false);
	node->pool = redis_pool_new(
	    &node->target, redis->connections, redis_behind_on_down, node);
	return node;
}

struct redis_node *
redis_node_add(
    struct redis *redis, const char *name, const char *host, unsigned port)
{
	struct redis_node *node;
	size_t n;

	pthread_mutex_lock(&redis->nodes_lock);
	n = atomic_load(&redis->n_nodes);
	node = find_node(redis, host, port);
	if (node == NULL && n < REDIS_NODES_MAX) {
		node = make_node(redis, name, host, port);
		node->number = n;
		redis->nodes[n] = node;
		/* Who sees the number sees the node. */
		atomic_store(&redis->n_nodes, n + 1);
	}
	pthread_mutex_unlock(&redis->nodes_lock);
	return node;
}

void
redis_nodes_init(struct redis *redis)
{
	pthread_condattr_t attr;

	atomic_init(&redis->epoch, 1);
	pthread_mutex_init(&redis->nodes_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&redis->nodes_known, &attr);
	pthread_condattr_destroy(&attr);
}

void
redis_nodes_done(struct redis *redis)
{
	size_t n = atomic_load(&redis->n_nodes);

	for (size_t i = 0; i < n; i++) {
		struct redis_node *node = redis->nodes[i];

		assert(node->kept == NULL);
		redis_pool_free(node->pool);
		free(node->target.name);
		free(node->target.host);
		free(node);
	}
	pthread_mutex_destroy(&redis->nodes_lock);
	pthread_cond_destroy(&redis->nodes_known);
}

void
redis_nodes_renew(struct redis *redis)
{
	size_t n = atomic_load(&redis->n_nodes);

	atomic_fetch_add(&redis->epoch, 1);
	for (size_t i = 0; i < n; i++)
		redis_pool_renew(redis->nodes[i]->pool);
}

void
redis_nodes_known(struct redis *redis)
{
	pthread_mutex_lock(&redis->nodes_lock);
	atomic_store(&redis->is_known, true);
	pthread_cond_broadcast(&redis->nodes_known);
	pthread_mutex_unlock(&redis->nodes_lock);
}

void
redis_nodes_await(struct redis *redis, int64_t deadline_us)
{
	if (atomic_load(&redis->is_known))
		return;
	pthread_mutex_lock(&redis->nodes_lock);
	while (!atomic_load(&redis->is_known) &&
	       redis_wait_until(
		   &redis->nodes_known, &redis->nodes_lock, deadline_us))
		;
	pthread_mutex_unlock(&redis->nodes_lock);
}

struct redis_node *
redis_node_of(struct redis *redis, struct str key)
{
	const struct redis_layout *layout = redis->layout;

	return layout->node_of(
	    redis, layout->slot_of != NULL ? layout->slot_of(key) : 0);
}

bool
redis_nodes_are_up(struct redis *redis)
{
	size_t n = atomic_load(&redis->n_nodes);

	if (!atomic_load(&redis->is_known))
		return true;
	for (size_t i = 0; i < n; i++)
		if (redis_pool_is_up(redis->nodes[i]->pool))
			return true;
	return false;
}

/* What conn.h names stands in the order of store.h. */
static_assert((int)REDIS_FAILURE_CONNECT == STORE_FAILURE_CONNECT &&
		  (int)REDIS_FAILURE_LATE == STORE_FAILURE_TIMEOUT &&
		  (int)REDIS_FAILURE_LOST == STORE_FAILURE_LOST &&
		  (int)REDIS_FAILURE_GARBAGE == STORE_FAILURE_GARBAGE &&
		  (int)REDIS_FAILURE_REFUSED == STORE_FAILURE_REFUSED &&
		  (int)REDIS_FAILURE_AGAIN == STORE_FAILURE_N,
    "kinds of failure have the same numbers");

size_t
redis_nodes_tell(
    struct redis *redis, struct store_node nodes_out[STORE_NODES_MAX])
{
	size_t n = atomic_load(&redis->n_nodes);

	for (size_t i = 0; i < n; i++) {
		struct redis_node *node = redis->nodes[i];
		struct redis_pool_counts counts;

		redis_pool_counts(node->pool, &counts);
		nodes_out[i] = (struct store_node){
			.name = node->target.name,
			.is_up = redis_pool_is_up(node->pool),
			.n_opened = counts.n_downs,
		};
		memcpy(nodes_out[i].n_failures, counts.n_failures,
		    sizeof(counts.n_failures));
	}
	return n;
}

static struct redis_node *
single_node_of(struct redis *redis, unsigned slot)
{
	(void)slot;
	return redis->nodes[0];
}

/* DNS is asked only when there is a reason. */
static void
single_discover(struct redis *redis, bool is_wanted)
{
	if (is_wanted)
		redis_pool_look_up(redis->nodes[0]->pool);
}

static bool
single_redirect(struct redis *redis, struct redis_node *node, struct str error,
    struct redis_redirect *redirect)
{
	if (!str_starts(error, STR("READONLY")) || redirect->n_tries > 0)
		return false;
	redis_pool_renew(node->pool);
	redis_behind_discover(redis);
	return true;
}

static void
single_done(struct redis *redis)
{
	(void)redis;
}

const struct redis_layout redis_layout_single = {
	.node_of = single_node_of,
	.discover = single_discover,
	.redirect = single_redirect,
	.done = single_done,
};
