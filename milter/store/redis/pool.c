/*
 * Connections are opened when first needed, lent to one caller at a time and
 * taken last in, first out, so that few stay warm. When all are lent, callers
 * queue, and a connection that comes back goes to the first of them, without a
 * look at whether it is idle. Two numbers keep old news from doing harm: the
 * era grows with each change of state, and a failure of an older era is not
 * counted; the cohort grows when the data behind Redis changed, and a
 * connection of an older cohort is not used again.
 *
 * The trap is a connection that Redis closed while it lay idle (restart,
 * "timeout" in redis.conf): it is found by asking the socket before each use,
 * because after a question was written nobody may ask it again.
 */
#include "store/redis/pool_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_COHORT UINT64_MAX

struct redis_pool *
redis_pool_new(const struct redis_target *target, uint32_t connections,
    void (*on_down)(void *context), void *context)
{
	struct redis_pool *pool = xcalloc(1, sizeof(*pool));
	pthread_condattr_t attr;

	pool->target = target;
	pool->connections = connections < REDIS_CONNECTIONS_MAX
				? connections
				: REDIS_CONNECTIONS_MAX;
	pool->on_down = on_down;
	pool->context = context;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->found, &attr);
	pthread_condattr_destroy(&attr);
	redis_addresses_of(target, &pool->addresses);
	return pool;
}

/* Lock held; whoever called calls those who wait. */
void
pool_close_idle(struct redis_pool *pool)
{
	while (pool->n_idle > 0) {
		redis_conn_close(pool->idle[--pool->n_idle]);
		pool->n_open--;
	}
}

void
redis_pool_free(struct redis_pool *pool)
{
	pool_close_idle(pool);
	assert(pool->n_open == 0);
	pthread_cond_destroy(&pool->found);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* --- connections ---------------------------------------------------------- */

/*
 * The first answer of a new connection names the data it speaks of. Others
 * than before: what the older connections know is of the past. One that could
 * not be told serves once, and nothing it charges is given back. Lock held.
 */
static void
join_cohort(struct redis_pool *pool, struct redis_conn *conn)
{
	conn->era = pool->era;
	if (conn->marker == 0) {
		conn->cohort = NO_COHORT;
		return;
	}
	if (pool->marker != conn->marker) {
		if (pool->marker != 0)
			atomic_fetch_add(pool->target->epoch, 1);
		pool->marker = conn->marker;
		pool->cohort++;
		pool_close_idle(pool);
	}
	conn->cohort = pool->cohort;
	conn->generation = atomic_load(pool->target->epoch);
}

/* Opens the connection for which a place was taken. Lock held, let go within. */
static struct redis_conn *
open_conn(
    struct redis_pool *pool, int64_t deadline_us, struct redis_failure *failure)
{
	struct redis_addresses addresses = pool->addresses;
	struct wake_list list = { NULL };
	struct redis_conn *conn;
	uint64_t era = pool->era;
	bool is_change;

	pthread_mutex_unlock(&pool->lock);
	conn = redis_conn_open(pool->target, &addresses, deadline_us, failure);
	pthread_mutex_lock(&pool->lock);
	if (conn != NULL) {
		join_cohort(pool, conn);
		return conn;
	}
	pool->n_open--;
	is_change = pool_count(pool, era, failure, &list);
	pool_call_first(pool, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
	pool_tell(pool, failure, is_change);
	pthread_mutex_lock(&pool->lock);
	return NULL;
}

/* The connection that was used last, or NULL. Lock held. */
static struct redis_conn *
take_idle(struct redis_pool *pool)
{
	struct redis_conn *conn;

	if (pool->n_idle == 0)
		return NULL;
	conn = pool->idle[--pool->n_idle];
	conn->era = pool->era;
	return conn;
}

static void
discard(struct redis_pool *pool, struct redis_conn *conn)
{
	struct wake_list list = { NULL };

	pthread_mutex_lock(&pool->lock);
	pool->n_open--;
	pool_call_first(pool, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
	redis_conn_close(conn);
}

/*
 * Nobody woke us in time. That is Redis' fault where the request was sent, or
 * where nobody knows its address; but not if all connections are busy.
 */
static void
fail_late(struct redis_pool *pool, struct waiter *waiter)
{
	struct redis_failure *failure = waiter->failure;
	struct wake_list list = { NULL };
	bool is_sent = atomic_load(&waiter->state) == WAITER_SENT;
	bool is_nameless, is_change = false;

	pthread_mutex_lock(&pool->lock);
	is_nameless = pool->addresses.n == 0;
	if (is_sent)
		redis_fail(failure, REDIS_FAILURE_LATE, "no answer in time");
	else
		redis_fail(failure, REDIS_FAILURE_LATE,
		    is_nameless ? "no address of %s in time"
				: "no connection to %s in time",
		    pool->target->host);
	if (is_sent || is_nameless)
		is_change = pool_count(
		    pool, is_sent ? waiter->era : pool->era, failure, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
	if (is_change)
		pool_tell(pool, failure, true);
}

enum look { LOOK_FOUND, LOOK_FAILED, LOOK_QUEUED };

/* What there is for waiter at once; else it is in the queue now. */
static enum look
look(struct redis_pool *pool, struct waiter *waiter, int64_t deadline_us)
{
	struct redis_failure *failure = waiter->failure;
	enum look found = LOOK_FOUND;

	pthread_mutex_lock(&pool->lock);
	if (atomic_load(&pool->is_down)) {
		redis_fail(failure, REDIS_FAILURE_AGAIN, "known to be away");
		found = LOOK_FAILED;
	} else if ((waiter->conn = take_idle(pool)) != NULL) {
		waiter->is_fresh = false;
	} else if (pool->addresses.n > 0 && pool->n_open < pool->connections) {
		pool->n_open++;
		waiter->conn = open_conn(pool, deadline_us, failure);
		waiter->is_fresh = true;
		found = waiter->conn != NULL ? LOOK_FOUND : LOOK_FAILED;
	} else {
		pool_enqueue(pool, waiter);
		found = LOOK_QUEUED;
	}
	pthread_mutex_unlock(&pool->lock);
	return found;
}

/* A connection that comes too late is the next one's. */
static int
check_time(struct redis_pool *pool, struct waiter *waiter, int64_t deadline_us)
{
	if (atomic_load(&waiter->state) != WAITER_GRANTED ||
	    clock_steady_us() < deadline_us)
		return 0;
	redis_fail(waiter->failure, REDIS_FAILURE_AGAIN,
	    "no connection to %s in time", pool->target->host);
	redis_pool_give_back(pool, waiter->conn, waiter->failure);
	return -1;
}

int
pool_get(struct redis_pool *pool, struct waiter *waiter, int64_t deadline_us)
{
	atomic_store(&pool->was_used, true);
	for (;;) {
		switch (look(pool, waiter, deadline_us)) {
		case LOOK_FAILED:
			return -1;
		case LOOK_FOUND:
			atomic_store(&waiter->state, WAITER_GRANTED);
			/* Asked without the lock: others need not wait. */
			if (waiter->is_fresh ||
			    redis_conn_is_quiet(waiter->conn))
				return 0;
			discard(pool, waiter->conn);
			continue;
		case LOOK_QUEUED:
			break;
		}
		if (pool_sleep(pool, waiter, deadline_us) == -1) {
			fail_late(pool, waiter);
			return -1;
		}
		if (atomic_load(&waiter->state) != WAITER_CALLED)
			return check_time(pool, waiter, deadline_us);
	}
}

struct redis_conn *
pool_release(struct redis_pool *pool, struct redis_conn *conn, bool is_good,
    struct wake_list *list)
{
	if (!is_good || conn->cohort != pool->cohort) {
		pool->n_open--;
		pool_call_first(pool, list);
		return conn;
	}
	conn->era = pool->era;
	if (pool->first != NULL) {
		pool->first->conn = conn;
		pool_call(pool, pool->first, WAITER_GRANTED, list);
	} else {
		pool->idle[pool->n_idle++] = conn;
	}
	return NULL;
}

struct redis_conn *
redis_pool_borrow(struct redis_pool *pool, int64_t deadline_us)
{
	struct redis_failure failure;
	struct waiter waiter = { .failure = &failure };
	int rc;

	sem_init(&waiter.wake, 0, 0);
	rc = pool_get(pool, &waiter, deadline_us);
	sem_destroy(&waiter.wake);
	return rc == 0 ? waiter.conn : NULL;
}

/* The connection may be used for another question. */
static bool
is_usable(const struct redis_failure *failure)
{
	return failure == NULL || failure->kind == REDIS_FAILURE_REFUSED ||
	       failure->kind == REDIS_FAILURE_AGAIN;
}

/* Nothing that was opened before is of use. Lock held. */
void
pool_begin_cohort(struct redis_pool *pool, struct wake_list *list)
{
	pool->cohort++;
	pool_close_idle(pool);
	pool_call_first(pool, list);
}

void
redis_pool_give_back(struct redis_pool *pool, struct redis_conn *conn,
    const struct redis_failure *failure)
{
	struct wake_list list = { NULL };
	bool is_change;

	if (conn == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	is_change = pool_judge(pool, conn->era, failure, &list);
	conn = pool_release(pool, conn, is_usable(failure), &list);
	pthread_mutex_unlock(&pool->lock);
	/* Who is woken finds the lock free. */
	pool_wake(&list);
	redis_conn_close(conn);
	if (failure != NULL)
		pool_tell(pool, failure, is_change);
}

int
redis_pool_keep(struct redis_pool *pool, struct redis_conn **conn,
    int64_t deadline_us, struct redis_failure *failure)
{
	struct redis_addresses addresses;
	bool is_good;

	pthread_mutex_lock(&pool->lock);
	is_good = *conn != NULL && (*conn)->cohort == pool->cohort &&
		  redis_conn_is_quiet(*conn);
	if (is_good)
		(*conn)->era = pool->era;
	addresses = pool->addresses;
	pthread_mutex_unlock(&pool->lock);
	if (is_good)
		return 0;
	redis_conn_close(*conn);
	*conn = redis_conn_open(pool->target, &addresses, deadline_us, failure);
	if (*conn == NULL)
		return -1;
	pthread_mutex_lock(&pool->lock);
	join_cohort(pool, *conn);
	pthread_mutex_unlock(&pool->lock);
	return 0;
}

void
redis_pool_report(struct redis_pool *pool, struct redis_conn **conn,
    const struct redis_failure *failure)
{
	struct wake_list list = { NULL };
	bool is_change;

	pthread_mutex_lock(&pool->lock);
	is_change = pool_judge(
	    pool, *conn != NULL ? (*conn)->era : pool->era, failure, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
	if (!is_usable(failure)) {
		redis_conn_close(*conn);
		*conn = NULL;
	}
	if (failure != NULL)
		pool_tell(pool, failure, is_change);
}

/* Those who wait for an address look again. Lock held. */
static void
set_addresses(struct redis_pool *pool, const struct redis_addresses *addresses,
    struct wake_list *list)
{
	pool->addresses = *addresses;
	pthread_cond_broadcast(&pool->found);
	pool_call_all(pool, list);
}

void
redis_pool_look_up(struct redis_pool *pool)
{
	struct wake_list list = { NULL };
	struct redis_addresses addresses;

	if (redis_addresses_of(pool->target, &addresses) == 0 ||
	    redis_addresses_look_up(pool->target, &addresses) == -1)
		return; /* numeric, or DNS is away: what was known stays */
	pthread_mutex_lock(&pool->lock);
	set_addresses(pool, &addresses, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
}

int
redis_pool_move(struct redis_pool *pool, const char *host, unsigned port)
{
	struct redis_target target = *pool->target;
	struct wake_list list = { NULL };
	struct redis_addresses addresses;
	bool is_other;

	target.host = (char *)(uintptr_t)host;
	target.port = port;
	if (redis_addresses_look_up(&target, &addresses) == -1)
		return -1;
	pthread_mutex_lock(&pool->lock);
	is_other = !redis_addresses_eq(&pool->addresses, &addresses);
	if (is_other) {
		pool_begin_cohort(pool, &list);
		set_addresses(pool, &addresses, &list);
	}
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
	if (is_other)
		log_info(
		    "store %s is at %s:%u", pool->target->name, host, port);
	return 0;
}

bool
redis_pool_was_used(struct redis_pool *pool)
{
	return atomic_exchange(&pool->was_used, false);
}

int
redis_pool_addresses(struct redis_pool *pool, int64_t deadline_us,
    struct redis_addresses *addresses_out)
{
	struct timespec until = { .tv_sec = deadline_us / 1000000,
		.tv_nsec = deadline_us % 1000000 * 1000 };

	pthread_mutex_lock(&pool->lock);
	while (pool->addresses.n == 0)
		if (pthread_cond_timedwait(&pool->found, &pool->lock, &until) !=
		    0)
			break;
	*addresses_out = pool->addresses;
	pthread_mutex_unlock(&pool->lock);
	return addresses_out->n > 0 ? 0 : -1;
}

void
redis_pool_renew(struct redis_pool *pool)
{
	struct wake_list list = { NULL };

	pthread_mutex_lock(&pool->lock);
	pool_begin_cohort(pool, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
}
