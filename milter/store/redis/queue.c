/*
 * The queue of what nobody waits for: charges after an accept, refunds, and
 * ready-made commands. Any thread adds to it; the thread behind takes.
 *
 * The trap is an outage that hangs: mail goes on and adds while nothing is
 * taken. So it is bounded, in jobs and in bytes, and what has no room is lost,
 * which is counted and told.
 */
#include "store/redis/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

void
redis_job_free(const struct redis_job *job)
{
	free(job->command);
	store_call_put(job->call);
}

size_t
redis_jobs_take(struct redis *redis, struct redis_job *jobs)
{
	size_t n = 0;

	while (n < REDIS_JOBS_MAX && redis->n_jobs > 0) {
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
		redis->n_given++;
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
	redis_job_free(job);
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

void
redis_behind_undo(struct redis *redis, struct store_call *call)
{
	const struct redis_job job = { .call = call,
		.now_ms = STORE_NOW,
		.is_give_back = true,
		.is_partial = true };

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

	if (!redis_nodes_are_up(redis)) {
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

uint64_t
redis_behind_mark(struct redis *redis)
{
	uint64_t mark;

	pthread_mutex_lock(&redis->lock);
	mark = redis->n_given;
	pthread_mutex_unlock(&redis->lock);
	return mark;
}

void
redis_behind_await(struct redis *redis, uint64_t mark, int64_t deadline_us)
{
	pthread_mutex_lock(&redis->lock);
	while (redis->n_over < mark && !redis->has_ended &&
	       redis_wait_until(&redis->changed, &redis->lock, deadline_us))
		;
	pthread_mutex_unlock(&redis->lock);
}

int
redis_behind_flush(struct redis *redis, int64_t deadline_us)
{
	int rc = 0;

	pthread_mutex_lock(&redis->lock);
	while (rc == 0 && (redis->n_jobs > 0 || redis->is_busy))
		if (!redis_wait_until(
			&redis->changed, &redis->lock, deadline_us))
			rc = redis->n_jobs > 0 || redis->is_busy ? -1 : 0;
	pthread_mutex_unlock(&redis->lock);
	return rc;
}
