/*
 * Whether Redis is up: what is counted, and what is told.
 *
 * The trap is one failure of many: when a connection hangs, all who wait on it
 * fail at the same time. Those of an older era (before the last change of
 * state) are not counted, so that old news cannot end a state that is new.
 */
#include "store/redis/pool_own.h"

#include "base/clock.h"
#include "base/log.h"

#define SELDOM_US INT64_C(60000000)

bool
redis_seldom_is_due(struct redis_seldom *seldom)
{
	int64_t now_us = clock_steady_us();
	int64_t next_us = atomic_load(&seldom->next_us);

	return now_us >= next_us &&
	       atomic_compare_exchange_strong(
		   &seldom->next_us, &next_us, now_us + SELDOM_US);
}

bool
pool_count(struct redis_pool *pool, uint64_t era,
    const struct redis_failure *failure, struct wake_list *list)
{
	if (failure->kind == REDIS_FAILURE_AGAIN)
		return false;
	pool->counts.n_failures[failure->kind]++;
	if (pool->is_down || era != pool->era)
		return false;
	pool->n_failures++;
	atomic_store(&pool->is_unsettled, true);
	if (failure->kind != REDIS_FAILURE_CONNECT &&
	    pool->n_failures < REDIS_FAILURES_MAX)
		return false;
	atomic_store(&pool->is_down, true);
	pool->counts.n_downs++;
	pool->era++;
	pool->cohort++;
	pool->down_since_us = clock_steady_us();
	pool_close_idle(pool);
	pool_call_all(pool, list);
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

/*
 * Counts what became of a question. After a failover (READONLY) nothing that
 * leads there is of use; and where an answer was not to the question, who
 * knows whose the next ones are. Lock held.
 */
bool
pool_judge(struct redis_pool *pool, uint64_t era,
    const struct redis_failure *failure, struct wake_list *list)
{
	if (failure == NULL) {
		count_success(pool, era);
		return false;
	}
	if (failure->kind == REDIS_FAILURE_GARBAGE ||
	    (failure->kind == REDIS_FAILURE_REFUSED &&
		str_starts(str_of(failure->text), STR("READONLY"))))
		pool_begin_cohort(pool, list);
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
	is_change = pool_judge(pool, era, failure, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
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

void
redis_pool_counts(struct redis_pool *pool, struct redis_pool_counts *counts_out)
{
	pthread_mutex_lock(&pool->lock);
	*counts_out = pool->counts;
	pthread_mutex_unlock(&pool->lock);
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
