/*
 * redis_node: one Redis process, and how one or several of them make a store.
 *
 * A single Redis is one node. Behind Sentinels it is one node as well, whose
 * address changes (redis_pool_move). A Cluster is several: a key belongs to a
 * slot, a slot to a node. Which of these it is stands in struct redis_layout;
 * all that asks Redis goes through it.
 *
 * Nodes are made (redis_node_add) and last as long as the store, so whoever
 * has a pointer to one needs no lock. All of them are redis->nodes[0] …
 * [redis->n_nodes - 1].
 */
#ifndef SLUICE_STORE_REDIS_NODE_H
#define SLUICE_STORE_REDIS_NODE_H

#include "store/redis/pool.h"
#include "store/store.h"

#define REDIS_NODES_MAX STORE_NODES_MAX

struct redis;

struct redis_node {
	struct redis *redis;
	size_t number; /* its place in redis->nodes */
	struct redis_target target;
	struct redis_pool *pool;
	atomic_bool went_down; /* news for the thread behind */

	/* Of the thread behind, and nobody else's. */
	struct redis_conn *kept;
	int64_t delay_us;
	int64_t probe_at_us;
	int64_t check_at_us;
	bool knows_policy; /* was asked what becomes of a full memory */
};

/* Where a question goes that was answered by an error; see redirect below. */
struct redis_redirect {
	unsigned n_tries; /* in: redirects of this question so far */
	struct redis_node *node;
	bool is_asking;   /* say ASKING before it */
	int64_t after_us; /* wait so long, if the deadline allows */
};

struct redis_layout {
	/* NULL: all keys are of slot 0. Any thread. */
	unsigned (*slot_of)(struct str key);
	/* NULL: not known, then the question fails. Any thread; never waits. */
	struct redis_node *(*node_of)(struct redis *redis, unsigned slot);
	/*
	 * The thread behind finds out what changed: asks DNS, Sentinels or the
	 * nodes; adds nodes, moves pools. Called at the start, before each
	 * probe of a node that is down, every second, and soon after
	 * redis_behind_discover. May wait, but charges and refunds that are
	 * sent without waiting wait with it: where nothing is to be done it
	 * returns at once.
	 */
	void (*discover)(struct redis *redis, bool is_wanted);
	/*
	 * A question was answered by this error, which proves that nothing of
	 * it was charged. True: ask once more as *redirect says (it begins as
	 * the same node at once). At most REDIS_TRIES_MAX times, all within the
	 * deadline of the call. Any thread; must not wait. NOSCRIPT never comes
	 * here.
	 */
	bool (*redirect)(struct redis *redis, struct redis_node *node,
	    struct str error, struct redis_redirect *redirect);
	/* Does this node have keys? NULL: all do. Any thread. */
	bool (*has_keys)(struct redis *redis, const struct redis_node *node);
	/* Frees redis->layout_data; the thread behind has ended. */
	void (*done)(struct redis *redis);
};

#define REDIS_TRIES_MAX 4

/* One Redis at the address of redis->target; layout_data is not used. */
extern const struct redis_layout redis_layout_single;

/*
 * The node at this address (as written there: names are not looked up), made
 * if it is new; NULL when there are REDIS_NODES_MAX others. Takes all else from
 * redis->target. Its pool knows a numeric address at once; a name is known
 * after redis_pool_look_up or redis_pool_move. Any thread.
 */
struct redis_node *redis_node_add(
    struct redis *redis, const char *name, const char *host, unsigned port);
void redis_nodes_init(struct redis *redis);
void redis_nodes_done(struct redis *redis);
/*
 * Data were replaced somewhere: what was charged so far is not given back, and
 * all connections are opened anew. Any thread.
 */
void redis_nodes_renew(struct redis *redis);
/* The first look for nodes has ended, whatever it found. */
void redis_nodes_known(struct redis *redis);
/* Waits for that; at once but just after the start. */
void redis_nodes_await(struct redis *redis, int64_t deadline_us);
/* The node that has the key, or NULL. */
struct redis_node *redis_node_of(struct redis *redis, struct str key);
/* Up is a store one of whose nodes is, or that has not been looked for yet. */
bool redis_nodes_are_up(struct redis *redis);
/* As store_nodes. */
size_t redis_nodes_tell(
    struct redis *redis, struct store_node nodes_out[STORE_NODES_MAX]);

#endif
