/*
 * Connections are opened when first needed, lent to one caller at a time and
 * taken last in, first out, so that few stay warm. Two numbers keep old news
 * from doing harm: the era grows with each change of state, and a failure of
 * an older era is not counted; the cohort grows when the data behind Redis
 * changed, and a connection of an older cohort is not used again.
 *
 * The trap is a connection that Redis closed while it lay idle (restart,
 * "timeout" in redis.conf): it is found by asking the socket before each use,
 * because after a question was written nobody may ask it again.
 */
#include "store/redis_pool.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SELDOM_US INT64_C(60000000)
#define NO_COHORT UINT64_MAX

struct redis_pool {
	const struct redis_target *target;
	void (*on_down)(void *context);
	void *context;
	uint32_t connections;

	pthread_mutex_t lock; /* all below */
	pthread_cond_t changed;
	struct redis_addresses addresses;
	struct redis_conn *idle[REDIS_CONNECTIONS_MAX];
	size_t n_idle;
	size_t n_open;       /* idle, lent and being opened */
	unsigned n_waiting;  /* for a change */
	atomic_bool is_down; /* written under the lock, read by anybody */
	bool has_worked;     /* since it came up */
	unsigned n_failures;
	int64_t down_since_us;
	uint64_t era;
	uint64_t cohort;
	uint64_t marker; /* of the data; 0: not known yet */
	struct redis_seldom refusals;
	atomic_bool was_used;
};

bool
redis_seldom_is_due(struct redis_seldom *seldom)
{
	int64_t now_us = clock_steady_us();
	int64_t next_us = atomic_load(&seldom->next_us);

	return now_us >= next_us &&
	       atomic_compare_exchange_strong(
		   &seldom->next_us, &next_us, now_us + SELDOM_US);
}

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
	pthread_cond_init(&pool->changed, &attr);
	pthread_condattr_destroy(&attr);
	redis_addresses_of(target, &pool->addresses);
	return pool;
}

/* Lock held. */
static void
close_idle(struct redis_pool *pool)
{
	while (pool->n_idle > 0) {
		redis_conn_close(pool->idle[--pool->n_idle]);
		pool->n_open--;
	}
	pthread_cond_broadcast(&pool->changed);
}

void
redis_pool_free(struct redis_pool *pool)
{
	close_idle(pool);
	assert(pool->n_open == 0);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* False when the deadline is over. Lock held. */
static bool
wait_change(struct redis_pool *pool, int64_t deadline_us)
{
	struct timespec until = { .tv_sec = deadline_us / 1000000,
		.tv_nsec = deadline_us % 1000000 * 1000 };

	int rc;

	pool->n_waiting++;
	rc = pthread_cond_timedwait(&pool->changed, &pool->lock, &until);
	pool->n_waiting--;
	return rc == 0;
}

/*
 * True if this failure was the one that ended UP. An answer that leads
 * elsewhere speaks neither for this Redis nor against it. Lock held.
 */
static bool
count_failure(
    struct redis_pool *pool, uint64_t era, const struct redis_failure *failure)
{
	if (pool->is_down || era != pool->era ||
	    failure->kind == REDIS_FAILURE_AGAIN)
		return false;
	pool->n_failures++;
	if (failure->kind != REDIS_FAILURE_CONNECT &&
	    pool->n_failures < REDIS_FAILURES_MAX)
		return false;
	pool->is_down = true;
	pool->era++;
	pool->cohort++;
	pool->down_since_us = clock_steady_us();
	close_idle(pool);
	return true;
}

/* Lock held. */
static void
count_success(struct redis_pool *pool, uint64_t era)
{
	if (pool->is_down || era != pool->era)
		return;
	pool->n_failures = 0;
	pool->has_worked = true;
}

void
redis_pool_tell(struct redis_pool *pool, const struct redis_failure *failure)
{
	struct buf text = { 0 };

	if (failure->kind == REDIS_FAILURE_REFUSED &&
	    redis_seldom_is_due(&pool->refusals)) {
		log_escape(&text, str_of(failure->text), sizeof(failure->text));
		log_warning("store %s refuses: %.*s", pool->target->name,
		    STR_ARG(buf_str(&text)));
	}
	buf_done(&text);
}

/* What count_failure could not do under the lock. */
static void
tell_failure(struct redis_pool *pool, const struct redis_failure *failure,
    bool is_change)
{
	struct buf text = { 0 };

	redis_pool_tell(pool, failure);
	if (!is_change)
		return;
	log_escape(&text, str_of(failure->text), sizeof(failure->text));
	log_warning("store %s is away (%.*s); limits follow their on-outage",
	    pool->target->name, STR_ARG(buf_str(&text)));
	buf_done(&text);
	pool->on_down(pool->context);
}

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
		close_idle(pool);
	}
	conn->cohort = pool->cohort;
	conn->generation = atomic_load(pool->target->epoch);
}

/* Opens the connection for which a place was taken. Lock held, let go within. */
static struct redis_conn *
open_conn(struct redis_pool *pool, int64_t deadline_us)
{
	struct redis_addresses addresses = pool->addresses;
	struct redis_failure failure;
	struct redis_conn *conn;
	uint64_t era = pool->era;
	bool is_change;

	pthread_mutex_unlock(&pool->lock);
	conn = redis_conn_open(pool->target, &addresses, deadline_us, &failure);
	pthread_mutex_lock(&pool->lock);
	if (conn != NULL) {
		join_cohort(pool, conn);
		return conn;
	}
	pool->n_open--;
	is_change = count_failure(pool, era, &failure);
	pthread_cond_signal(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	tell_failure(pool, &failure, is_change);
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

/* One that is idle, or a new one; NULL: none in time, or Redis is away. */
static struct redis_conn *
borrow_any(struct redis_pool *pool, int64_t deadline_us)
{
	struct redis_failure failure;
	struct redis_conn *conn = NULL;
	bool is_nameless = false, is_change = false;

	pthread_mutex_lock(&pool->lock);
	while (!pool->is_down && (conn = take_idle(pool)) == NULL) {
		if (pool->addresses.n > 0 && pool->n_open < pool->connections) {
			pool->n_open++;
			conn = open_conn(pool, deadline_us);
			break;
		}
		if (!wait_change(pool, deadline_us)) {
			/* Nothing is wrong if all connections are busy. */
			is_nameless = pool->addresses.n == 0;
			break;
		}
	}
	if (is_nameless) {
		redis_fail(&failure, REDIS_FAILURE_LATE,
		    "no address of %s in time", pool->target->host);
		is_change = count_failure(pool, pool->era, &failure);
	}
	pthread_mutex_unlock(&pool->lock);
	if (is_nameless)
		tell_failure(pool, &failure, is_change);
	return conn;
}

static void
discard(struct redis_pool *pool, struct redis_conn *conn)
{
	pthread_mutex_lock(&pool->lock);
	pool->n_open--;
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_signal(&pool->changed);
	redis_conn_close(conn);
}

/* The socket is asked without the lock: others need not wait for that. */
struct redis_conn *
redis_pool_borrow(struct redis_pool *pool, int64_t deadline_us)
{
	struct redis_conn *conn;

	atomic_store(&pool->was_used, true);
	while ((conn = borrow_any(pool, deadline_us)) != NULL &&
	       !redis_conn_is_quiet(conn))
		discard(pool, conn);
	return conn;
}

/* The connection may be used for another question. */
static bool
is_usable(const struct redis_failure *failure)
{
	return failure == NULL || failure->kind == REDIS_FAILURE_REFUSED ||
	       failure->kind == REDIS_FAILURE_AGAIN;
}

/* A replica after a failover: nothing that leads there is of use. Lock held. */
static void
leave_replica(struct redis_pool *pool, const struct redis_failure *failure)
{
	if (failure != NULL && failure->kind == REDIS_FAILURE_REFUSED &&
	    str_starts(str_of(failure->text), STR("READONLY"))) {
		pool->cohort++;
		close_idle(pool);
	}
}

void
redis_pool_give_back(struct redis_pool *pool, struct redis_conn *conn,
    const struct redis_failure *failure)
{
	bool is_change = false, is_wanted;

	if (conn == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	leave_replica(pool, failure);
	if (failure == NULL)
		count_success(pool, conn->era);
	else
		is_change = count_failure(pool, conn->era, failure);
	if (is_usable(failure) && conn->cohort == pool->cohort) {
		pool->idle[pool->n_idle++] = conn;
		conn = NULL;
	} else {
		pool->n_open--;
	}
	is_wanted = pool->n_waiting > 0;
	pthread_mutex_unlock(&pool->lock);
	/* Who is woken finds the lock free. */
	if (is_wanted)
		pthread_cond_signal(&pool->changed);
	redis_conn_close(conn);
	if (failure != NULL)
		tell_failure(pool, failure, is_change);
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
	bool is_change = false;

	pthread_mutex_lock(&pool->lock);
	leave_replica(pool, failure);
	if (failure == NULL)
		count_success(pool, (*conn)->era);
	else
		is_change = count_failure(
		    pool, *conn != NULL ? (*conn)->era : pool->era, failure);
	pthread_mutex_unlock(&pool->lock);
	if (!is_usable(failure)) {
		redis_conn_close(*conn);
		*conn = NULL;
	}
	if (failure != NULL)
		tell_failure(pool, failure, is_change);
}

bool
redis_pool_is_up(struct redis_pool *pool)
{
	return !atomic_load(&pool->is_down);
}

void
redis_pool_is_back(struct redis_pool *pool)
{
	int64_t away_us = -1;

	pthread_mutex_lock(&pool->lock);
	if (pool->is_down) {
		away_us = clock_steady_us() - pool->down_since_us;
		pool->is_down = false;
		pool->has_worked = false;
		pool->n_failures = 0;
		pool->era++;
	}
	pthread_mutex_unlock(&pool->lock);
	if (away_us >= 0)
		log_info("store %s is back after %.1f s", pool->target->name,
		    (double)away_us / 1e6);
}

bool
redis_pool_has_worked(struct redis_pool *pool)
{
	bool has_worked;

	pthread_mutex_lock(&pool->lock);
	has_worked = pool->has_worked;
	pthread_mutex_unlock(&pool->lock);
	return has_worked;
}

void
redis_pool_look_up(struct redis_pool *pool)
{
	struct redis_addresses addresses;

	if (redis_addresses_of(pool->target, &addresses) == 0 ||
	    redis_addresses_look_up(pool->target, &addresses) == -1)
		return; /* numeric, or DNS is away: what was known stays */
	pthread_mutex_lock(&pool->lock);
	pool->addresses = addresses;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}

int
redis_pool_move(struct redis_pool *pool, const char *host, unsigned port)
{
	struct redis_target target = *pool->target;
	struct redis_addresses addresses;
	bool is_other;

	target.host = (char *)(uintptr_t)host;
	target.port = port;
	if (redis_addresses_look_up(&target, &addresses) == -1)
		return -1;
	pthread_mutex_lock(&pool->lock);
	is_other = !redis_addresses_eq(&pool->addresses, &addresses);
	if (is_other) {
		pool->addresses = addresses;
		pool->cohort++;
		close_idle(pool);
	}
	pthread_mutex_unlock(&pool->lock);
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
	pthread_mutex_lock(&pool->lock);
	while (pool->addresses.n == 0 && wait_change(pool, deadline_us))
		;
	*addresses_out = pool->addresses;
	pthread_mutex_unlock(&pool->lock);
	return addresses_out->n > 0 ? 0 : -1;
}

void
redis_pool_renew(struct redis_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->cohort++;
	close_idle(pool);
	pthread_mutex_unlock(&pool->lock);
}
