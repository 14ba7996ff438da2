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
#include "store/redis_pool_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SELDOM_US INT64_C(60000000)
#define NO_COHORT UINT64_MAX

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
	pthread_cond_init(&pool->found, &attr);
	pthread_condattr_destroy(&attr);
	redis_addresses_of(target, &pool->addresses);
	return pool;
}

/* Lock held; whoever called calls those who wait. */
static void
close_idle(struct redis_pool *pool)
{
	while (pool->n_idle > 0) {
		redis_conn_close(pool->idle[--pool->n_idle]);
		pool->n_open--;
	}
}

void
redis_pool_free(struct redis_pool *pool)
{
	close_idle(pool);
	assert(pool->n_open == 0);
	pthread_cond_destroy(&pool->found);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* --- those who wait ------------------------------------------------------ */

static void
enqueue(struct redis_pool *pool, struct waiter *waiter)
{
	atomic_store(&waiter->state, WAITER_QUEUED);
	waiter->next = NULL;
	waiter->prev = pool->last;
	if (pool->last != NULL)
		pool->last->next = waiter;
	else
		pool->first = waiter;
	pool->last = waiter;
}

void
pool_dequeue(struct redis_pool *pool, struct waiter *waiter)
{
	if (waiter->prev != NULL)
		waiter->prev->next = waiter->next;
	else
		pool->first = waiter->next;
	if (waiter->next != NULL)
		waiter->next->prev = waiter->prev;
	else
		pool->last = waiter->prev;
}

void
pool_call(struct redis_pool *pool, struct waiter *waiter,
    enum waiter_state state, struct wake_list *list)
{
	if (atomic_load(&waiter->state) == WAITER_QUEUED)
		pool_dequeue(pool, waiter);
	waiter->next = list->first;
	list->first = waiter;
	atomic_store(&waiter->state, (int)state);
}

void
pool_wake(struct wake_list *list)
{
	struct waiter *waiter = list->first, *next;

	/* Who is awake is gone soon, and its place in the list with it. */
	for (; waiter != NULL; waiter = next) {
		next = waiter->next;
		atomic_store(&waiter->is_free, true);
		sem_post(&waiter->wake);
	}
	list->first = NULL;
}

/* The first who waits looks again: there may be room for a connection. */
static void
call_first(struct redis_pool *pool, struct wake_list *list)
{
	if (pool->first != NULL)
		pool_call(pool, pool->first, WAITER_CALLED, list);
}

static void
call_all(struct redis_pool *pool, struct wake_list *list)
{
	while (pool->first != NULL)
		call_first(pool, list);
}

/* Nobody will wake it any more, or it has just been. */
static bool
leave(struct redis_pool *pool, struct waiter *waiter)
{
	int state = atomic_load(&waiter->state);

	if (state == WAITER_QUEUED)
		pool_dequeue(pool, waiter);
	else if (state == WAITER_SENT)
		waiter->conn->batch->waiters[waiter->place] = NULL;
	return state == WAITER_QUEUED || state == WAITER_SENT;
}

/*
 * Sleeps until woken: 0. -1: the deadline is over, and waiter is in no queue
 * and no batch; its state is still that of before.
 */
static int
sleep_until(struct redis_pool *pool, struct waiter *waiter, int64_t deadline_us)
{
	struct timespec until = { .tv_sec = deadline_us / 1000000,
		.tv_nsec = deadline_us % 1000000 * 1000 };
	bool has_left;

	while (sem_clockwait(&waiter->wake, CLOCK_MONOTONIC, &until) == -1) {
		if (errno != ETIMEDOUT)
			continue;
		pthread_mutex_lock(&pool->lock);
		has_left = leave(pool, waiter);
		pthread_mutex_unlock(&pool->lock);
		if (has_left)
			return -1;
		/* Somebody is about to wake us: at once. */
		while (sem_wait(&waiter->wake) == -1)
			;
		break;
	}
	/* The semaphore orders this, but ThreadSanitizer knows it not. */
	atomic_exchange(&waiter->is_free, false);
	return 0;
}

/* --- up and down ---------------------------------------------------------- */

bool
pool_count(struct redis_pool *pool, uint64_t era,
    const struct redis_failure *failure, struct wake_list *list)
{
	if (pool->is_down || era != pool->era ||
	    failure->kind == REDIS_FAILURE_AGAIN)
		return false;
	pool->n_failures++;
	atomic_store(&pool->is_unsettled, true);
	if (failure->kind != REDIS_FAILURE_CONNECT &&
	    pool->n_failures < REDIS_FAILURES_MAX)
		return false;
	atomic_store(&pool->is_down, true);
	pool->era++;
	pool->cohort++;
	pool->down_since_us = clock_steady_us();
	close_idle(pool);
	call_all(pool, list);
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
	atomic_store(&pool->is_unsettled, false);
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

void
pool_tell(struct redis_pool *pool, const struct redis_failure *failure,
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
		close_idle(pool);
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
	call_first(pool, &list);
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
	call_first(pool, &list);
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
		enqueue(pool, waiter);
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
		if (sleep_until(pool, waiter, deadline_us) == -1) {
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
		call_first(pool, list);
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
static void
begin_cohort(struct redis_pool *pool, struct wake_list *list)
{
	pool->cohort++;
	close_idle(pool);
	call_first(pool, list);
}

/*
 * Counts what became of a question. After a failover (READONLY) nothing that
 * leads there is of use; and where an answer was not to the question, who
 * knows whose the next ones are. Lock held.
 */
static bool
judge(struct redis_pool *pool, uint64_t era,
    const struct redis_failure *failure, struct wake_list *list)
{
	if (failure == NULL) {
		count_success(pool, era);
		return false;
	}
	if (failure->kind == REDIS_FAILURE_GARBAGE ||
	    (failure->kind == REDIS_FAILURE_REFUSED &&
		str_starts(str_of(failure->text), STR("READONLY"))))
		begin_cohort(pool, list);
	return pool_count(pool, era, failure, list);
}

void
redis_pool_judge(
    struct redis_pool *pool, uint64_t era, const struct redis_failure *failure)
{
	struct wake_list list = { NULL };
	bool is_change;

	/* The usual case changes nothing, and needs no lock. */
	if (failure == NULL && !atomic_load(&pool->is_unsettled))
		return;
	pthread_mutex_lock(&pool->lock);
	is_change = judge(pool, era, failure, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
	if (failure != NULL)
		pool_tell(pool, failure, is_change);
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
	is_change = judge(pool, conn->era, failure, &list);
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
	is_change = judge(
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
		atomic_store(&pool->is_down, false);
		atomic_store(&pool->is_unsettled, true);
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

/* Those who wait for an address look again. Lock held. */
static void
set_addresses(struct redis_pool *pool, const struct redis_addresses *addresses,
    struct wake_list *list)
{
	pool->addresses = *addresses;
	pthread_cond_broadcast(&pool->found);
	call_all(pool, list);
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
		begin_cohort(pool, &list);
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
	begin_cohort(pool, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
}
