/*
 * One thread with connections of its own does what nobody waits for: charges
 * after an accept, refunds, commands, and taking care of the nodes. Jobs are
 * carried out in the order they came, many in one question; so a refund
 * always finds its charge answered, and needs no waiting list.
 *
 * The trap is the end: the thread may sit in DNS for as long as DNS likes. The
 * closer waits a bounded time and otherwise leaves everything to the thread.
 */
#include "store/redis/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BEHIND_USES_MAX 64 /* in one question, unless one call has more */

/* What the thread knows beside the queue. */
struct behind {
	struct redis *redis;

	/* The question under construction. */
	struct redis_item items[STORE_USES_MAX];
	size_t n_items;
	int64_t now_ms;
	bool has_time; /* now_ms is set: something is charged */
};

bool
redis_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t at_us)
{
	struct timespec at = { .tv_sec = at_us / 1000000,
		.tv_nsec = at_us % 1000000 * 1000 };

	return pthread_cond_timedwait(cond, lock, &at) == 0;
}

/* What became of calls; one that failed in part has failed. */
static void
settle_calls(const struct redis_item *items, size_t n_items)
{
	for (size_t i = 0; i < n_items; i++)
		if (!items[i].is_give_back && !items[i].is_answered)
			atomic_store(&items[i].call->state, CALL_FAILED);
	for (size_t i = 0; i < n_items; i++) {
		int under_way = CALL_UNDER_WAY;

		if (!items[i].is_give_back)
			atomic_compare_exchange_strong(
			    &items[i].call->state, &under_way, CALL_ANSWERED);
	}
}

/* Calls and refunds of which something was not answered. */
static size_t
count_failures(const struct redis_item *items, size_t n_items)
{
	const struct store_call *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < n_items; i++)
		if (!items[i].is_answered && items[i].call != last) {
			last = items[i].call;
			n++;
		}
	return n;
}

/* Asks what has been put together, and begins anew. */
static void
ask_items(struct behind *behind)
{
	struct redis *redis = behind->redis;
	const struct redis_round round = {
		.redis = redis,
		.items = behind->items,
		.n_items = behind->n_items,
		.now_ms = behind->now_ms,
		.deadline_us = clock_steady_us() + redis->timeout_us,
		.is_behind = true,
	};

	if (behind->n_items > 0) {
		if (redis_round_ask(&round) == -1)
			atomic_fetch_add(&redis->n_failures,
			    count_failures(behind->items, behind->n_items));
		settle_calls(behind->items, behind->n_items);
	}
	behind->n_items = 0;
	behind->has_time = false;
	behind->now_ms = 0; /* refunds need no time: Redis is not asked */
}

static void
add_item(struct behind *behind, struct store_call *call, struct call_use *use,
    bool is_give_back)
{
	behind->items[behind->n_items++] = (struct redis_item){
		.call = call, .use = use, .is_give_back = is_give_back
	};
}

static void
add_charges(struct behind *behind, const struct redis_job *job)
{
	struct store_call *call = job->call;

	if (behind->n_items + call->n_uses > BEHIND_USES_MAX ||
	    (behind->has_time && behind->now_ms != job->now_ms))
		ask_items(behind);
	for (size_t i = 0; i < call->n_uses; i++)
		add_item(behind, call, &call->uses[i], false);
	behind->now_ms = job->now_ms;
	behind->has_time = true;
}

static void
add_refunds(struct behind *behind, const struct redis_job *job)
{
	struct store_call *call = job->call;

	/* Its charge may be in this very question: answers come first. */
	if (behind->n_items + call->n_uses > BEHIND_USES_MAX ||
	    atomic_load(&call->state) == CALL_UNDER_WAY)
		ask_items(behind);
	for (size_t i = 0; i < call->n_uses; i++) {
		struct call_use *use = &call->uses[i];
		int wanted = REFUND_WANTED;

		if (atomic_compare_exchange_strong(
			&use->refund, &wanted, REFUND_DONE) &&
		    (job->is_partial || call_use_is_refundable(call, use)))
			add_item(behind, call, use, true);
	}
}

/* Commands that stand side by side go in one write. */
static void
carry_out(struct behind *behind, const struct redis_job *jobs, size_t n_jobs)
{
	size_t i = 0, n;

	while (i < n_jobs) {
		if (jobs[i].command != NULL) {
			ask_items(behind);
			for (n = 1; i + n < n_jobs; n++)
				if (jobs[i + n].command == NULL)
					break;
			redis_commands_ask(behind->redis, jobs + i, n);
			i += n;
		} else if (jobs[i].is_give_back) {
			add_refunds(behind, &jobs[i++]);
		} else {
			add_charges(behind, &jobs[i++]);
		}
	}
	ask_items(behind);
	for (i = 0; i < n_jobs; i++)
		redis_job_free(&jobs[i]);
}

/*
 * Sleeps until there is something to do, at the latest at this time. False:
 * end. Lock held.
 */
static bool
wait_for_work(struct redis *redis, int64_t until_us)
{
	for (;;) {
		if (redis->is_discarded)
			return false;
		if (redis->n_jobs > 0)
			return true;
		if (redis->is_stopping)
			return false;
		if (redis->is_news)
			return true;
		if (!redis_wait_until(&redis->wake, &redis->lock, until_us))
			return true;
	}
}

static void
drop_jobs(struct redis *redis)
{
	struct redis_job jobs[REDIS_JOBS_MAX];
	size_t n;

	while ((n = redis_jobs_take(redis, jobs)) > 0)
		for (size_t i = 0; i < n; i++)
			redis_job_free(&jobs[i]);
}

static void
end_thread(struct behind *behind)
{
	struct redis *redis = behind->redis;
	bool is_orphan;

	redis_care_end(redis);
	free(behind);
	pthread_mutex_lock(&redis->lock);
	drop_jobs(redis);
	redis->has_ended = true;
	is_orphan = redis->is_orphan;
	pthread_cond_broadcast(&redis->changed);
	pthread_mutex_unlock(&redis->lock);
	if (is_orphan)
		redis_free(redis);
}

static void *
run_behind(void *arg)
{
	struct behind *behind = arg;
	struct redis *redis = behind->redis;
	struct redis_job jobs[REDIS_JOBS_MAX];
	int64_t until_us = redis_care_begin(redis);

	pthread_mutex_lock(&redis->lock);
	while (wait_for_work(redis, until_us)) {
		size_t n = redis_jobs_take(redis, jobs);

		redis->is_news = false;
		pthread_mutex_unlock(&redis->lock);
		until_us = redis_care(redis);
		carry_out(behind, jobs, n);
		pthread_mutex_lock(&redis->lock);
		redis->is_busy = false;
		redis->n_over += n;
		if (n > 0 || redis->n_jobs == 0)
			pthread_cond_broadcast(&redis->changed);
	}
	pthread_mutex_unlock(&redis->lock);
	end_thread(behind);
	return NULL;
}

void
redis_behind_start(struct redis *redis)
{
	struct behind *behind = xcalloc(1, sizeof(*behind));
	pthread_condattr_t attr;
	sigset_t all, old;

	behind->redis = redis;
	redis->ring = xcalloc(REDIS_QUEUE_MAX, sizeof(*redis->ring));
	pthread_mutex_init(&redis->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&redis->wake, &attr);
	pthread_cond_init(&redis->changed, &attr);
	pthread_condattr_destroy(&attr);
	/* Signals are for the threads of the program, never for this one. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&redis->thread, NULL, run_behind, behind) != 0) {
		log_error("store %s: no thread: %s", redis->target.name,
		    strerror(errno));
		abort();
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

bool
redis_behind_stop(struct redis *redis, int64_t deadline_us)
{
	pthread_t thread = redis->thread;
	bool has_ended;

	pthread_mutex_lock(&redis->lock);
	redis->is_stopping = true;
	pthread_cond_signal(&redis->wake);
	while (!redis->has_ended &&
	       redis_wait_until(&redis->changed, &redis->lock, deadline_us))
		;
	has_ended = redis->has_ended;
	redis->is_discarded = true;
	redis->is_orphan = !has_ended;
	pthread_cond_signal(&redis->wake);
	pthread_mutex_unlock(&redis->lock);
	if (has_ended)
		pthread_join(thread, NULL);
	else
		pthread_detach(thread);
	return has_ended;
}

static void
wake_up(struct redis *redis)
{
	pthread_mutex_lock(&redis->lock);
	redis->is_news = true;
	pthread_cond_signal(&redis->wake);
	pthread_mutex_unlock(&redis->lock);
}

void
redis_behind_on_down(void *context)
{
	struct redis_node *node = context;

	atomic_store(&node->went_down, true);
	wake_up(node->redis);
}

void
redis_behind_discover(struct redis *redis)
{
	atomic_store(&redis->wants_discovery, true);
	wake_up(redis);
}
