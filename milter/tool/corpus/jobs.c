/*
 * A ring under one lock. Whoever takes a job leaves the emptied one of before in
 * its slot, so that the same few bufs serve a corpus of any size.
 */
#include "tool/corpus/jobs.h"

#include "base/xalloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define WAITING_BYTES_MAX ((size_t)128 << 20)
#define KEPT_BYTES_MAX    ((size_t)1 << 20) /* of an empty buf */

struct jobs {
	pthread_mutex_t lock;
	pthread_cond_t has_room;
	pthread_cond_t has_job;
	bool has_ended;
	size_t n_slots;
	size_t first; /* the oldest */
	size_t n;
	size_t n_bytes; /* of those that wait */
	struct job slots[];
};

struct jobs *
jobs_new(size_t n_slots)
{
	struct jobs *jobs =
	    xcalloc(1, sizeof(*jobs) + n_slots * sizeof(jobs->slots[0]));
	pthread_condattr_t monotonic;

	jobs->n_slots = n_slots;
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&jobs->has_room, &monotonic);
	pthread_cond_init(&jobs->has_job, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return jobs;
}

void
job_done(struct job *job)
{
	buf_done(&job->path);
	buf_done(&job->text);
}

void
jobs_free(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->n_slots; i++)
		job_done(&jobs->slots[i]);
	pthread_cond_destroy(&jobs->has_room);
	pthread_cond_destroy(&jobs->has_job);
	pthread_mutex_destroy(&jobs->lock);
	free(jobs);
}

static void
empty(struct buf *buf)
{
	if (buf->size > KEPT_BYTES_MAX)
		buf_done(buf);
	buf_clear(buf);
}

static bool
has_room(const struct jobs *jobs, size_t n_bytes)
{
	if (jobs->n == jobs->n_slots)
		return false;
	return jobs->n == 0 || jobs->n_bytes + n_bytes <= WAITING_BYTES_MAX;
}

static struct timespec
after_ms(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	at.tv_sec += ms / 1000 + (at.tv_nsec >= 1000000000);
	at.tv_nsec %= 1000000000;
	return at;
}

bool
jobs_put(struct jobs *jobs, const struct corpus_name *name, struct buf *text,
    unsigned wait_ms)
{
	struct timespec until = after_ms(wait_ms);
	struct buf emptied;
	struct job *job;
	int error = 0;

	pthread_mutex_lock(&jobs->lock);
	while (!has_room(jobs, text->len) && error == 0)
		error = pthread_cond_timedwait(
		    &jobs->has_room, &jobs->lock, &until);
	if (!has_room(jobs, text->len)) {
		pthread_mutex_unlock(&jobs->lock);
		return false;
	}
	job = &jobs->slots[(jobs->first + jobs->n++) % jobs->n_slots];
	jobs->n_bytes += text->len;
	job->argument = name->argument;
	job->number = name->number;
	buf_clear(&job->path);
	buf_add_cstr(&job->path, name->path);
	emptied = job->text;
	job->text = *text;
	*text = emptied;
	pthread_cond_signal(&jobs->has_job);
	pthread_mutex_unlock(&jobs->lock);
	buf_clear(text);
	return true;
}

void
jobs_end(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	jobs->has_ended = true;
	pthread_cond_broadcast(&jobs->has_job);
	pthread_mutex_unlock(&jobs->lock);
}

bool
jobs_get(struct jobs *jobs, struct job *job)
{
	struct job *slot, taken;
	bool is_there;

	empty(&job->text);
	pthread_mutex_lock(&jobs->lock);
	while (jobs->n == 0 && !jobs->has_ended)
		pthread_cond_wait(&jobs->has_job, &jobs->lock);
	is_there = jobs->n > 0;
	if (is_there) {
		slot = &jobs->slots[jobs->first];
		jobs->first = (jobs->first + 1) % jobs->n_slots;
		jobs->n--;
		jobs->n_bytes -= slot->text.len;
		taken = *slot;
		*slot = *job;
		*job = taken;
		pthread_cond_signal(&jobs->has_room);
	}
	pthread_mutex_unlock(&jobs->lock);
	return is_there;
}

bool
jobs_are_gone(struct jobs *jobs, unsigned wait_ms)
{
	struct timespec until = after_ms(wait_ms);
	bool are_gone;
	int error = 0;

	pthread_mutex_lock(&jobs->lock);
	while (jobs->n > 0 && error == 0)
		error = pthread_cond_timedwait(
		    &jobs->has_room, &jobs->lock, &until);
	are_gone = jobs->n == 0;
	pthread_mutex_unlock(&jobs->lock);
	return are_gone;
}
