/*
 * A plain pool: who asks has a connection for itself from the question to the
 * reply. The last one that was given back is lent first, so that few stay warm;
 * who finds none sleeps until one is there.
 */
#include "client.h"

#include "base/clock.h"
#include "base/xalloc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct pool {
	struct redis *redis;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t given_back;
	/* NULL: it broke, and whoever gets it opens another. */
	struct redis_conn *idle[CLIENT_CONNECTIONS];
	size_t n_idle;
	size_t n_all;
};

struct redis_conn *
client_connect(struct redis *redis)
{
	int64_t deadline_us = clock_steady_us() + CLIENT_TIMEOUT_US;
	struct redis_addresses addresses;
	struct redis_failure failure;
	struct redis_conn *conn;

	if (redis_addresses_of(&redis->target, &addresses) == -1) {
		fprintf(stderr, "not a numeric address\n");
		return NULL;
	}
	conn =
	    redis_conn_open(&redis->target, &addresses, deadline_us, &failure);
	if (conn != NULL &&
	    redis_round_probe(redis, conn, deadline_us, &failure) == 0)
		return conn;
	fprintf(stderr, "%s: %s\n", redis->target.name, failure.text);
	redis_conn_close(conn);
	return NULL;
}

static void
pool_close(void *self)
{
	struct pool *pool = self;

	assert(pool->n_idle == pool->n_all);
	for (size_t i = 0; i < pool->n_idle; i++)
		redis_conn_close(pool->idle[i]);
	pthread_cond_destroy(&pool->given_back);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static void *
pool_open(struct redis *redis, unsigned n_connections)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));
	pthread_condattr_t attr;

	pool->redis = redis;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->given_back, &attr);
	pthread_condattr_destroy(&attr);
	while (pool->n_all < n_connections) {
		struct redis_conn *conn = client_connect(redis);

		if (conn == NULL) {
			pool_close(pool);
			return NULL;
		}
		pool->idle[pool->n_idle++] = conn;
		pool->n_all++;
	}
	return pool;
}

/* 0, or -1: none came back by then. *conn_out may be NULL; see idle. */
static int
borrow(struct pool *pool, int64_t deadline_us, struct redis_conn **conn_out)
{
	const struct timespec until = { deadline_us / 1000000,
		deadline_us % 1000000 * 1000 };
	int rc = 0;

	pthread_mutex_lock(&pool->lock);
	while (pool->n_idle == 0 && rc == 0)
		rc = pthread_cond_timedwait(
		    &pool->given_back, &pool->lock, &until);
	if (pool->n_idle > 0) {
		*conn_out = pool->idle[--pool->n_idle];
		rc = 0;
	}
	pthread_mutex_unlock(&pool->lock);
	return rc == 0 ? 0 : -1;
}

static void
give_back(struct pool *pool, struct redis_conn *conn)
{
	pthread_mutex_lock(&pool->lock);
	pool->idle[pool->n_idle++] = conn;
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_signal(&pool->given_back);
}

static struct redisReply *
pool_ask(void *self, unsigned asker, struct str command, int64_t deadline_us)
{
	struct pool *pool = self;
	struct redisReply *reply = NULL;
	struct redis_failure failure;
	struct redis_conn *conn = NULL;

	(void)asker;
	if (borrow(pool, deadline_us, &conn) == -1)
		return NULL;
	if (conn == NULL)
		conn = client_connect(pool->redis);
	if (conn != NULL) {
		buf_add(&conn->out, command);
		if (redis_conn_send(conn, deadline_us, &failure) == 0)
			reply = redis_conn_receive(conn, deadline_us, &failure);
		if (reply == NULL) {
			redis_conn_close(conn);
			conn = NULL;
		}
	}
	give_back(pool, conn);
	return reply;
}

const struct client client_pool = {
	.name = "pool",
	.open = pool_open,
	.ask = pool_ask,
	.close = pool_close,
};
