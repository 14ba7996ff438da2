/*
 * redis_pool: the connections to one Redis, and whether it is up.
 *
 * UP becomes DOWN when nobody listens there (at once) or after
 * REDIS_FAILURES_MAX failures in a row; then every borrower is turned away in
 * microseconds until redis_pool_is_back is called by whoever probes. Each
 * change is one line in the log. Any thread; one mutex inside.
 */
#ifndef SLUICE_STORE_REDIS_POOL_H
#define SLUICE_STORE_REDIS_POOL_H

#include "store/redis/conn.h"

#include <stdatomic.h>

#define REDIS_FAILURES_MAX    2
#define REDIS_CONNECTIONS_MAX 256

struct redis_pool;

/* on_down is called at each change to DOWN, without a lock held. */
struct redis_pool *redis_pool_new(const struct redis_target *target,
    uint32_t connections, void (*on_down)(void *context), void *context);
/* All connections must have been given back. */
void redis_pool_free(struct redis_pool *pool);

/* NULL: down, or no connection by then. */
struct redis_conn *redis_pool_borrow(
    struct redis_pool *pool, int64_t deadline_us);
/*
 * failure: what went wrong with it, or NULL. After one that is no error reply
 * the connection is closed; REDIS_FAILURE_AGAIN changes nothing. conn == NULL
 * is fine.
 */
void redis_pool_give_back(struct redis_pool *pool, struct redis_conn *conn,
    const struct redis_failure *failure);

/*
 * One command and its one reply. While all connections are busy, requests
 * gather, and whoever gets a connection next sends all of them in one write and
 * reads their replies (redis/batch.c): so the more threads ask, the fewer
 * system calls each of them and Redis makes.
 */
struct redis_request {
	struct buf out;           /* the command; the caller's */
	struct redisReply *reply; /* the caller's */
	uint64_t generation;      /* of the data that answered */
	uint64_t era;             /* for redis_pool_judge */
};

/*
 * 0 and the reply, which may be an error: then the caller tells what it thinks
 * of it by redis_pool_judge. -1: none by then, or down; *failure says why, and
 * what is to be counted has been.
 */
int redis_pool_ask(struct redis_pool *pool, struct redis_request *request,
    int64_t deadline_us, struct redis_failure *failure);
void redis_pool_judge(
    struct redis_pool *pool, uint64_t era, const struct redis_failure *failure);

/*
 * A connection beside those that are lent, for one thread that keeps it: opens
 * one if *conn is NULL or no good any more. For the thread behind; it also
 * works while the pool is down and then changes nothing of that.
 */
int redis_pool_keep(struct redis_pool *pool, struct redis_conn **conn,
    int64_t deadline_us, struct redis_failure *failure);
/* What became of a kept connection; closes it and sets NULL after failure. */
void redis_pool_report(struct redis_pool *pool, struct redis_conn **conn,
    const struct redis_failure *failure);

bool redis_pool_is_up(struct redis_pool *pool);
/* Since the start, for store_nodes. */
struct redis_pool_counts {
	uint64_t n_failures[REDIS_FAILURE_AGAIN]; /* by kind */
	uint64_t n_downs;
};
void redis_pool_counts(
    struct redis_pool *pool, struct redis_pool_counts *counts_out);
/* A probe was answered. */
void redis_pool_is_back(struct redis_pool *pool);
/* Has anything been answered since it came up? (If not, probe more slowly.) */
bool redis_pool_has_worked(struct redis_pool *pool);

/* A name is looked up again; takes as long as DNS does. */
void redis_pool_look_up(struct redis_pool *pool);
/* 0 when an address is known by then. */
int redis_pool_addresses(struct redis_pool *pool, int64_t deadline_us,
    struct redis_addresses *addresses_out);
/*
 * The store is at another address from now on: the name is looked up (takes as
 * long as DNS does), and where the address is another than before all
 * connections are opened anew, and the log tells. -1: the name is not known,
 * and nothing has changed.
 */
int redis_pool_move(struct redis_pool *pool, const char *host, unsigned port);
/* Has anybody borrowed a connection since this was asked last? */
bool redis_pool_was_used(struct redis_pool *pool);
/* Logs, at most once a minute, what an error reply says. */
void redis_pool_tell(
    struct redis_pool *pool, const struct redis_failure *failure);
/* The data are not those of before: all connections are opened anew. */
void redis_pool_renew(struct redis_pool *pool);

/* A line that is written at most once a minute. Zero is a good start. */
struct redis_seldom {
	_Atomic int64_t next_us;
};
bool redis_seldom_is_due(struct redis_seldom *seldom);

#endif
