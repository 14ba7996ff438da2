/*
 * client: other ways for many threads to ask one Redis, beside the store's own,
 * so that they can be measured in the same run. They have what counts for the
 * cost of a call, and not what makes a store: no breaker, no second address.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "store/redis/redis.h"

#define ASKERS_MAX         200
#define CLIENT_TIMEOUT_US  INT64_C(1000000) /* of a call */
#define CLIENT_CONNECTIONS 64

struct client {
	const char *name;
	/* NULL: no connection; the cause was printed. redis outlives it. */
	void *(*open)(struct redis *redis, unsigned n_connections);
	/*
	 * The reply to the command (freeReplyObject), or NULL: none by then.
	 * Any thread; each has a number of its own, from 0 to ASKERS_MAX - 1.
	 */
	struct redisReply *(*ask)(void *self, unsigned asker,
	    struct str command, int64_t deadline_us);
	void (*close)(void *self); /* nobody asks any more */
};

/* Each lends a connection to one thread at a time. */
extern const struct client client_pool;
/* A thread for each connection does all reading and writing there. */
extern const struct client client_iothread;

/* A connection to a Redis that knows the script; NULL: the cause was printed.
 */
struct redis_conn *client_connect(struct redis *redis);

#endif
