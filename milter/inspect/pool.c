/*
 * Helpers are taken last in, first out, so that few stay warm. Starting and
 * ending one happens outside of the lock: both wait for the kernel.
 *
 * Two things must not be confused. A helper that dies over a question is the
 * sender's doing, and the next question deserves a new one at once. A helper
 * that cannot even begin is an installation at fault, where starting more of
 * them would only load the machine: after each failure the next try waits twice
 * as long. Whoever needs one meanwhile has "failed" at once.
 */
#include "inspect/pool.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "inspect/wire.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define START_MAX_US   INT64_C(10000000) /* until one must be ready */
#define PAUSE_FIRST_US INT64_C(1000000)
#define PAUSE_MAX_US   INT64_C(60000000)
#define LOG_PAUSE_US   INT64_C(60000000)

struct pool {
	unsigned n_helpers;
	size_t memory_max;
	int program_fd; /* -1: start_error says why there is none */
	int program_error;

	pthread_mutex_t lock; /* all below */
	pthread_cond_t freed; /* one is idle, or may be started */
	struct process **idle;
	unsigned n_idle;
	unsigned n_alive;      /* idle and lent, and those being started */
	unsigned n_failures;   /* of starts, one after the other */
	int64_t not_before_us; /* the next start */
	int64_t quiet_until_us;
	uint64_t n_unsaid; /* log lines that were left out */
	uint64_t n_started;
	uint64_t n_died;
	uint64_t n_late;
};

struct pool *
pool_new(unsigned n_helpers, size_t memory_max)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));
	pthread_condattr_t attributes;

	assert(n_helpers > 0);
	pool->n_helpers = n_helpers;
	pool->memory_max = memory_max;
	pool->idle = xcalloc(n_helpers, sizeof(struct process *));
	pool->program_fd = process_program();
	pool->program_error = errno;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->freed, &attributes);
	pthread_condattr_destroy(&attributes);
	return pool;
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	assert(pool->n_alive == pool->n_idle);
	while (pool->n_idle > 0)
		process_end(pool->idle[--pool->n_idle]);
	if (pool->program_fd != -1)
		close(pool->program_fd);
	pthread_cond_destroy(&pool->freed);
	pthread_mutex_destroy(&pool->lock);
	free(pool->idle);
	free(pool);
}

/* At most one line a minute; the next one tells how many were left out. */
static void
complain(struct pool *pool, struct str what)
{
	int64_t now_us = clock_steady_us();
	uint64_t n_unsaid;

	pthread_mutex_lock(&pool->lock);
	if (now_us < pool->quiet_until_us) {
		pool->n_unsaid++;
		pthread_mutex_unlock(&pool->lock);
		return;
	}
	pool->quiet_until_us = now_us + LOG_PAUSE_US;
	n_unsaid = pool->n_unsaid;
	pool->n_unsaid = 0;
	pthread_mutex_unlock(&pool->lock);
	if (n_unsaid == 0)
		log_warning("%.*s", STR_ARG(what));
	else
		log_warning("%.*s (and %llu more such since the last line)",
		    STR_ARG(what), (unsigned long long)n_unsaid);
}

/* A place among those alive is free again. */
static void
leave_place(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->n_alive--;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

/* --- starting ------------------------------------------------------------- */

static void
note_refusal(struct pool *pool, struct str why)
{
	int64_t pause_us;
	struct buf text = { 0 };

	pthread_mutex_lock(&pool->lock);
	pause_us = pool->n_failures < 6 ? PAUSE_FIRST_US << pool->n_failures
					: PAUSE_MAX_US;
	pool->n_failures++;
	pool->not_before_us = clock_steady_us() + pause_us;
	pthread_mutex_unlock(&pool->lock);
	buf_printf(&text,
	    "attachments cannot be looked into, their facts stay unknown: the "
	    "helper process does not start: %.*s; next try in %lld s",
	    STR_ARG(why), (long long)(pause_us / 1000000));
	complain(pool, buf_str(&text));
	buf_done(&text);
}

/* The socket is empty, so that this cannot wait. */
static bool
tell_setup(const struct pool *pool, const struct process *process)
{
	const struct wire_setup setup = { .magic = WIRE_MAGIC,
		.memory_max = pool->memory_max };

	return wire_send(process->fd, &setup, sizeof(setup),
		   clock_steady_us() + START_MAX_US) == WIRE_DONE;
}

/* For a place that was taken. */
static struct process *
start(struct pool *pool)
{
	struct process *process = NULL;
	struct buf why = { 0 };

	if (pool->program_fd == -1)
		buf_printf(
		    &why, "/proc/self/exe: %s", strerror(pool->program_error));
	else
		process = process_start(pool->program_fd, &why);
	if (process == NULL) {
		note_refusal(pool, buf_str(&why));
		leave_place(pool);
	} else {
		/* If it cannot be told it has gone, and that shows next. */
		tell_setup(pool, process);
		pthread_mutex_lock(&pool->lock);
		pool->n_started++;
		pthread_mutex_unlock(&pool->lock);
	}
	buf_done(&why);
	return process;
}

/* --- lending -------------------------------------------------------------- */

enum place { PLACE_IDLE, PLACE_NEW, PLACE_NONE };

/* Lock held, let go within. */
static enum place
find_place(struct pool *pool, int64_t deadline_us, struct process **out)
{
	const struct timespec until = { deadline_us / 1000000,
		deadline_us % 1000000 * 1000 };

	for (;;) {
		if (pool->n_idle > 0) {
			*out = pool->idle[--pool->n_idle];
			return PLACE_IDLE;
		}
		if (pool->n_alive < pool->n_helpers) {
			if (clock_steady_us() < pool->not_before_us)
				return PLACE_NONE;
			pool->n_alive++;
			return PLACE_NEW;
		}
		if (pthread_cond_timedwait(&pool->freed, &pool->lock, &until) ==
		    ETIMEDOUT)
			return PLACE_NONE;
	}
}

struct process *
pool_borrow(struct pool *pool, int64_t deadline_us)
{
	struct process *process = NULL;
	enum place place;

	for (;;) {
		pthread_mutex_lock(&pool->lock);
		place = find_place(pool, deadline_us, &process);
		pthread_mutex_unlock(&pool->lock);
		if (place == PLACE_NONE)
			return NULL;
		if (place == PLACE_NEW)
			return start(pool);
		if (!process_is_gone(process))
			return process;
		/* It died while nobody needed it. */
		pool_give_back(pool, process,
		    process->is_ready ? POOL_GONE : POOL_REFUSED,
		    STR("it ended without a word"));
	}
}

/* --- giving back ---------------------------------------------------------- */

static void
keep(struct pool *pool, struct process *process)
{
	pthread_mutex_lock(&pool->lock);
	if (process->is_ready) {
		pool->n_failures = 0;
		pool->not_before_us = 0;
	}
	pool->idle[pool->n_idle++] = process;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

static void
count(struct pool *pool, uint64_t *counter)
{
	pthread_mutex_lock(&pool->lock);
	(*counter)++;
	pthread_mutex_unlock(&pool->lock);
}

static void
note_death(struct pool *pool, int status)
{
	struct buf text = { 0 };

	count(pool, &pool->n_died);
	buf_add_cstr(&text, "a helper process that looks into attachments "
			    "ended by ");
	process_describe_end(status, &text);
	buf_add_cstr(&text, "; what it looked at is marked with 'inspection' "
			    "in mime.damage");
	complain(pool, buf_str(&text));
	buf_done(&text);
}

static void
note_late(struct pool *pool)
{
	count(pool, &pool->n_late);
	complain(pool,
	    STR("an attachment took longer than inspect_timeout and is marked "
		"with 'inspection' in mime.damage"));
}

static bool
is_overdue(const struct process *process)
{
	return clock_steady_us() - process->started_us > START_MAX_US;
}

void
pool_give_back(struct pool *pool, struct process *process, enum pool_end end,
    struct str why)
{
	int status;

	if (end == POOL_UNREADY && is_overdue(process)) {
		end = POOL_REFUSED;
		why = STR("it is not ready after 10 s");
	}
	if (end == POOL_GOOD || end == POOL_UNREADY) {
		keep(pool, process);
		return;
	}
	status = process_end(process);
	switch (end) {
	case POOL_GOOD:
	case POOL_UNREADY:
	case POOL_WORN:
		break;
	case POOL_REFUSED:
		note_refusal(pool, why);
		break;
	case POOL_GONE:
		note_death(pool, status);
		break;
	case POOL_LATE:
		note_late(pool);
		break;
	}
	leave_place(pool);
}

void
pool_counts(struct pool *pool, struct inspect_counts *counts_out)
{
	pthread_mutex_lock(&pool->lock);
	counts_out->n_started = pool->n_started;
	counts_out->n_died = pool->n_died;
	counts_out->n_late = pool->n_late;
	pthread_mutex_unlock(&pool->lock);
}
