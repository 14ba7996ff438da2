/*
 * redis_pool_own: what the files of a pool share (redis/pool.c, redis/batch.c,
 * redis/waiter.c, redis/breaker.c), and nobody else sees.
 *
 * All of it is under the pool's lock unless said otherwise. Who is woken is
 * woken when the lock is free again: the functions that change the state of a
 * waiter add it to a list of those to be woken.
 */
#ifndef SLUICE_STORE_REDIS_POOL_OWN_H
#define SLUICE_STORE_REDIS_POOL_OWN_H

#include "store/redis/pool.h"

#include <pthread.h>
#include <semaphore.h>

#define REDIS_BATCH_MAX   32 /* requests in one write */
#define REDIS_BATCH_BYTES ((size_t)64 * 1024)

enum waiter_state {
	WAITER_QUEUED,
	WAITER_CALLED,   /* look again: something changed */
	WAITER_GRANTED,  /* conn is its own */
	WAITER_SENT,     /* its request is in a batch that another leads */
	WAITER_LEADS,    /* and that other one left: it leads now */
	WAITER_ANSWERED, /* the request has its reply or failure */
};

/* A thread that waits; on its stack. */
struct waiter {
	struct waiter *prev;
	struct waiter *next; /* in the queue, or in a list to be woken */
	_Atomic int state;   /* enum waiter_state; the lock to change it */
	sem_t wake;          /* once for each change but that to SENT */
	atomic_bool is_free; /* whoever wakes it looks at it no more */
	struct redis_conn *conn;
	bool is_fresh;                 /* conn was opened just now */
	size_t place;                  /* in the batch of conn */
	uint64_t era;                  /* of the batch */
	struct redis_request *request; /* NULL: wants a connection for itself */
	struct redis_failure *failure; /* set where there is no reply */
};

/* What is under way on one connection, beyond one borrower. */
struct redis_batch {
	struct waiter *waiters[REDIS_BATCH_MAX]; /* NULL: left */
	struct redisReply *replies[REDIS_BATCH_MAX];
	size_t n;
	size_t n_replies;
};

struct redis_pool {
	const struct redis_target *target;
	void (*on_down)(void *context);
	void *context;
	uint32_t connections;
	struct redis_seldom refusals;
	atomic_bool was_used;

	pthread_mutex_t lock; /* all below */
	pthread_cond_t found; /* an address */
	struct redis_addresses addresses;
	struct redis_conn *idle[REDIS_CONNECTIONS_MAX];
	size_t n_idle;
	size_t n_open; /* idle, lent and being opened */
	struct waiter *first;
	struct waiter *last;
	atomic_bool is_down;      /* written under the lock, read by anybody */
	atomic_bool is_unsettled; /* a success would change something */
	bool has_worked;          /* since it came up */
	unsigned n_failures;
	struct redis_pool_counts counts;
	int64_t down_since_us;
	uint64_t era;
	uint64_t cohort;
	uint64_t marker; /* of the data; 0: not known yet */
};

struct wake_list {
	struct waiter *first;
};

/* redis/waiter.c. From the queue (or not in it) to the list, in this state. */
void pool_call(struct redis_pool *pool, struct waiter *waiter,
    enum waiter_state state, struct wake_list *list);
/* The first of the queue looks again: there may be room for a connection. */
void pool_call_first(struct redis_pool *pool, struct wake_list *list);
void pool_call_all(struct redis_pool *pool, struct wake_list *list);
void pool_enqueue(struct redis_pool *pool, struct waiter *waiter);
void pool_dequeue(struct redis_pool *pool, struct waiter *waiter);
/* Without the lock. */
void pool_wake(struct wake_list *list);
/*
 * Sleeps until woken: 0. -1: the deadline is over, and waiter is in no queue
 * and no batch; its state is still that of before. Without the lock.
 */
int pool_sleep(
    struct redis_pool *pool, struct waiter *waiter, int64_t deadline_us);

/*
 * redis/pool.c. A connection for waiter (WAITER_GRANTED), or what else became
 * of it: see its state. -1: nothing by then, and its failure says why; what is
 * to be counted has been. Without the lock.
 */
int pool_get(
    struct redis_pool *pool, struct waiter *waiter, int64_t deadline_us);
/*
 * The connection is free: it goes to the next who waits, or is idle. Or it is
 * returned, to be closed without the lock; else NULL.
 */
struct redis_conn *pool_release(struct redis_pool *pool,
    struct redis_conn *conn, bool is_good, struct wake_list *list);
void pool_close_idle(struct redis_pool *pool);
/* Nothing that was opened before is of use. */
void pool_begin_cohort(struct redis_pool *pool, struct wake_list *list);

/* redis/breaker.c. True: this failure was the one that ended UP. */
bool pool_count(struct redis_pool *pool, uint64_t era,
    const struct redis_failure *failure, struct wake_list *list);
/* The same for what became of a question; NULL: it was answered. */
bool pool_judge(struct redis_pool *pool, uint64_t era,
    const struct redis_failure *failure, struct wake_list *list);
/* What neither could do under the lock; they said is_change. */
void pool_tell(struct redis_pool *pool, const struct redis_failure *failure,
    bool is_change);

#endif
