/*
 * One thread with a connection of its own does what nobody waits for: charges
 * after an accept, refunds, asking DNS, and probing while Redis is away. Jobs
 * are carried out in the order they came, many in one question; so a refund
 * always finds its charge answered, and needs no waiting list.
 *
 * The trap is the end: the thread may sit in DNS for as long as DNS likes. The
 * closer waits a bounded time and otherwise leaves everything to the thread.
 */
#include "store/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BEHIND_JOBS_MAX   64 /* taken at a time */
#define BEHIND_USES_MAX   64 /* in one question, unless one call has more */
#define PROBE_FIRST_US    INT64_C(100000)
#define PROBE_MAX_US      INT64_C(5000000)
#define BEHIND_FOREVER_US INT64_C(3600000000)

/* What the thread knows beside the queue. */
struct behind {
	struct redis *redis;
	struct redis_conn *conn;
	int64_t delay_us;
	int64_t probe_at_us;

	/* The question under construction. */
	struct redis_item items[STORE_USES_MAX];
	size_t n_items;
	size_t n_jobs; /* of which it is made */
	int64_t now_ms;
	bool has_time; /* now_ms is set: something is charged */
};

static bool
wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t at_us)
{
	struct timespec at = { .tv_sec = at_us / 1000000,
		.tv_nsec = at_us % 1000000 * 1000 };

	return pthread_cond_timedwait(cond, lock, &at) == 0;
}

/* Give-backs of data that are gone have nothing to be taken from. */
static void
drop_stale_items(struct behind *behind)
{
	size_t n = 0;

	for (size_t i = 0; i < behind->n_items; i++) {
		const struct redis_item *item = &behind->items[i];

		if (!item->is_give_back ||
		    item->call->generation == behind->conn->generation)
			behind->items[n++] = *item;
	}
	behind->n_items = n;
}

static void
settle_items(struct behind *behind, bool is_answered)
{
	for (size_t i = 0; i < behind->n_items; i++) {
		struct store_call *call = behind->items[i].call;

		if (behind->items[i].is_give_back)
			continue;
		if (is_answered)
			call->generation = behind->conn->generation;
		atomic_store(
		    &call->state, is_answered ? CALL_ANSWERED : CALL_FAILED);
	}
}

/* Asks what has been put together, and begins anew. */
static void
ask_items(struct behind *behind)
{
	struct redis *redis = behind->redis;
	int64_t deadline_us = clock_steady_us() + redis->timeout_us;
	struct redis_question question;
	struct redis_failure failure;
	int rc = -1;

	if (behind->n_items == 0 || !redis_pool_is_up(redis->pool))
		goto out;
	rc = redis_pool_keep(redis->pool, &behind->conn, deadline_us, &failure);
	if (rc == 0) {
		drop_stale_items(behind);
		question = (struct redis_question){ behind->items,
			behind->n_items, behind->now_ms };
		rc = redis_script_run(
		    redis, behind->conn, &question, deadline_us, &failure);
	}
	settle_items(behind, rc == 0);
	redis_pool_report(
	    redis->pool, &behind->conn, rc == 0 ? NULL : &failure);
out:
	if (behind->n_items > 0 && rc == -1) {
		settle_items(behind, false);
		atomic_fetch_add(&redis->n_failures, behind->n_jobs);
	}
	behind->n_items = 0;
	behind->n_jobs = 0;
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
	behind->n_jobs++;
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
		    call_use_is_refundable(call, use))
			add_item(behind, call, use, true);
	}
	behind->n_jobs++;
}

static void
tell_refused_command(
    struct redis *redis, struct str key, const struct redisReply *reply)
{
	struct buf text = { 0 };

	if (redis_seldom_is_due(&redis->refused_commands)) {
		log_escape(&text, key, 128);
		buf_add_cstr(&text, ": ");
		log_escape(&text, (struct str){ reply->str, reply->len }, 256);
		log_warning("store %s: could not write %.*s; it is lost",
		    redis->target.name, STR_ARG(buf_str(&text)));
	}
	buf_done(&text);
}

/* An error is one command's own affair; only without an answer Redis fails. */
static int
take_replies(struct behind *behind, const struct redis_job *jobs, size_t n_jobs,
    size_t *n_done, struct redis_failure *failure)
{
	int64_t deadline_us = clock_steady_us() + behind->redis->timeout_us;

	for (size_t i = 0; i < n_jobs; i++) {
		struct redisReply *reply =
		    redis_conn_receive(behind->conn, deadline_us, failure);

		if (reply == NULL)
			return -1;
		if (reply->type == REDIS_REPLY_ERROR)
			tell_refused_command(
			    behind->redis, jobs[i].command->key, reply);
		else
			++*n_done;
		freeReplyObject(reply);
	}
	if (redis_conn_is_empty(behind->conn))
		return 0;
	redis_fail(
	    failure, REDIS_FAILURE_GARBAGE, "more answers than questions");
	return -1;
}

/* Sends commands at once and reads all replies. */
static void
ask_commands(struct behind *behind, const struct redis_job *jobs, size_t n_jobs)
{
	struct redis *redis = behind->redis;
	int64_t deadline_us = clock_steady_us() + redis->timeout_us;
	struct redis_failure failure;
	size_t n_done = 0;
	int rc;

	if (!redis_pool_is_up(redis->pool))
		goto out;
	rc = redis_pool_keep(redis->pool, &behind->conn, deadline_us, &failure);
	if (rc == 0) {
		for (size_t i = 0; i < n_jobs; i++)
			buf_add(&behind->conn->out, jobs[i].command->bytes);
		rc = redis_conn_send(behind->conn, deadline_us, &failure);
	}
	if (rc == 0)
		rc = take_replies(behind, jobs, n_jobs, &n_done, &failure);
	redis_pool_report(
	    redis->pool, &behind->conn, rc == 0 ? NULL : &failure);
out:
	atomic_fetch_add(&redis->n_failures, n_jobs - n_done);
}

static void
free_job(const struct redis_job *job)
{
	free(job->command);
	store_call_put(job->call);
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
			ask_commands(behind, jobs + i, n);
			i += n;
		} else if (jobs[i].is_give_back) {
			add_refunds(behind, &jobs[i++]);
		} else {
			add_charges(behind, &jobs[i++]);
		}
	}
	ask_items(behind);
	for (i = 0; i < n_jobs; i++)
		free_job(&jobs[i]);
}

/* Between three and five quarters, so that hosts do not come back as one. */
static int64_t
with_jitter(int64_t delay_us)
{
	return delay_us * 3 / 4 +
	       (int64_t)arc4random_uniform((uint32_t)(delay_us / 2));
}

/* Redis is back when it greets us, writes the marker and runs the script. */
static void
probe(struct behind *behind)
{
	static const struct redis_question nothing = { .n_items = 0 };
	struct redis *redis = behind->redis;
	int64_t deadline_us;
	struct redis_failure failure;

	redis_pool_look_up(redis->pool);
	deadline_us = clock_steady_us() + redis->timeout_us;
	if (redis_pool_keep(
		redis->pool, &behind->conn, deadline_us, &failure) == 0 &&
	    redis_script_run(
		redis, behind->conn, &nothing, deadline_us, &failure) == 0) {
		redis_pool_is_back(redis->pool);
		return;
	}
	redis_conn_close(behind->conn);
	behind->conn = NULL;
	behind->delay_us *= 2;
	if (behind->delay_us > PROBE_MAX_US)
		behind->delay_us = PROBE_MAX_US;
	behind->probe_at_us = clock_steady_us() + with_jitter(behind->delay_us);
}

/* It came up, but nothing ever worked: that is no reason for haste. */
static void
plan_probe(struct behind *behind)
{
	if (redis_pool_has_worked(behind->redis->pool))
		behind->delay_us = PROBE_FIRST_US;
	behind->probe_at_us = clock_steady_us() + with_jitter(behind->delay_us);
}

/* Takes jobs from the head of the queue. Lock held. */
static size_t
take_jobs(struct redis *redis, struct redis_job *jobs)
{
	size_t n = 0;

	while (n < BEHIND_JOBS_MAX && redis->n_jobs > 0) {
		const struct redis_job *job = &redis->ring[redis->head];

		if (job->command != NULL)
			redis->command_bytes -= job->command->bytes.len;
		jobs[n++] = *job;
		redis->head = (redis->head + 1) % REDIS_QUEUE_MAX;
		redis->n_jobs--;
	}
	redis->is_busy = n > 0;
	if (n == 0)
		pthread_cond_broadcast(&redis->changed);
	return n;
}

/* Sleeps until there is something to do. False: end. Lock held. */
static bool
wait_for_work(struct behind *behind)
{
	struct redis *redis = behind->redis;

	for (;;) {
		bool is_up = redis_pool_is_up(redis->pool);
		int64_t now_us = clock_steady_us();

		if (redis->is_discarded)
			return false;
		if (redis->went_down) {
			redis->went_down = false;
			plan_probe(behind);
		}
		if (redis->n_jobs > 0)
			return true;
		if (redis->is_stopping)
			return false;
		if (!is_up && now_us >= behind->probe_at_us)
			return true;
		wait_until(&redis->wake, &redis->lock,
		    is_up ? now_us + BEHIND_FOREVER_US : behind->probe_at_us);
	}
}

static void
drop_jobs(struct redis *redis)
{
	struct redis_job jobs[BEHIND_JOBS_MAX];
	size_t n;

	while ((n = take_jobs(redis, jobs)) > 0)
		for (size_t i = 0; i < n; i++)
			free_job(&jobs[i]);
}

static void
end_thread(struct behind *behind)
{
	struct redis *redis = behind->redis;
	bool is_orphan;

	redis_conn_close(behind->conn);
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

static void
look_up_first(struct behind *behind)
{
	struct redis *redis = behind->redis;
	struct redis_addresses addresses;
	struct redis_failure failure;

	redis_pool_look_up(redis->pool);
	if (redis_pool_addresses(redis->pool, 0, &addresses) == 0)
		return;
	redis_fail(&failure, REDIS_FAILURE_CONNECT, "no address of %s",
	    redis->target.host);
	redis_pool_report(redis->pool, &behind->conn, &failure);
}

static void *
run_behind(void *arg)
{
	struct behind *behind = arg;
	struct redis *redis = behind->redis;
	struct redis_job jobs[BEHIND_JOBS_MAX];

	look_up_first(behind);
	pthread_mutex_lock(&redis->lock);
	while (wait_for_work(behind)) {
		size_t n = take_jobs(redis, jobs);

		pthread_mutex_unlock(&redis->lock);
		if (!redis_pool_is_up(redis->pool) &&
		    clock_steady_us() >= behind->probe_at_us)
			probe(behind);
		carry_out(behind, jobs, n);
		pthread_mutex_lock(&redis->lock);
		redis->is_busy = false;
		if (redis->n_jobs == 0)
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
	behind->delay_us = PROBE_FIRST_US;
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
	       wait_until(&redis->changed, &redis->lock, deadline_us))
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

/* 0, or how many were dropped so far, this one included. */
static uint64_t
enqueue(struct redis *redis, const struct redis_job *job)
{
	size_t bytes = job->command != NULL ? job->command->bytes.len : 0;
	uint64_t n_dropped = 0;

	pthread_mutex_lock(&redis->lock);
	if (redis->n_jobs < REDIS_QUEUE_MAX &&
	    redis->command_bytes + bytes <= REDIS_QUEUE_BYTES_MAX) {
		redis->ring[(redis->head + redis->n_jobs++) % REDIS_QUEUE_MAX] =
		    *job;
		redis->command_bytes += bytes;
		if (redis->n_jobs == 1)
			pthread_cond_signal(&redis->wake);
	} else {
		n_dropped = ++redis->n_dropped;
	}
	pthread_mutex_unlock(&redis->lock);
	return n_dropped;
}

/* Enqueues; what has no room is freed and counted. */
static void
enqueue_or_drop(struct redis *redis, const struct redis_job *job)
{
	uint64_t n_dropped = enqueue(redis, job);

	if (n_dropped == 0)
		return;
	if (job->call != NULL && !job->is_give_back)
		atomic_store(&job->call->state, CALL_FAILED);
	free_job(job);
	atomic_fetch_add(&redis->n_failures, 1);
	if (redis_seldom_is_due(&redis->full_queue))
		log_warning("store %s: too many charges and refunds wait; "
			    "%llu were dropped so far",
		    redis->target.name, (unsigned long long)n_dropped);
}

void
redis_behind_add(struct redis *redis, struct store_call *call, int64_t now_ms,
    bool is_give_back)
{
	const struct redis_job job = {
		.call = call, .now_ms = now_ms, .is_give_back = is_give_back
	};

	call_get(call);
	enqueue_or_drop(redis, &job);
}

/* While Redis is away all is lost anyway, so nothing is copied. */
void
redis_behind_command(
    struct redis *redis, struct str key, const struct str *args, size_t n_args)
{
	struct redis_job job = { .now_ms = STORE_NOW };
	struct buf bytes = { 0 };
	char *copy;

	if (!redis_pool_is_up(redis->pool)) {
		atomic_fetch_add(&redis->n_failures, 1);
		return;
	}
	redis_put_begin(&bytes, n_args);
	for (size_t i = 0; i < n_args; i++)
		redis_put_arg(&bytes, args[i]);
	job.command = xmalloc(sizeof(*job.command) + bytes.len + key.len);
	copy = (char *)(job.command + 1);
	memcpy(copy, bytes.p, bytes.len);
	memcpy(copy + bytes.len, key.p, key.len);
	job.command->bytes = (struct str){ copy, bytes.len };
	job.command->key = (struct str){ copy + bytes.len, key.len };
	buf_done(&bytes);
	enqueue_or_drop(redis, &job);
}

int
redis_behind_flush(struct redis *redis, int64_t deadline_us)
{
	int rc = 0;

	pthread_mutex_lock(&redis->lock);
	while (rc == 0 && (redis->n_jobs > 0 || redis->is_busy))
		if (!wait_until(&redis->changed, &redis->lock, deadline_us))
			rc = redis->n_jobs > 0 || redis->is_busy ? -1 : 0;
	pthread_mutex_unlock(&redis->lock);
	return rc;
}

void
redis_behind_on_down(void *context)
{
	struct redis *redis = context;

	pthread_mutex_lock(&redis->lock);
	redis->went_down = true;
	pthread_cond_signal(&redis->wake);
	pthread_mutex_unlock(&redis->lock);
}
