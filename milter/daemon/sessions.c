/*
 * Each session has a lock that is held while a callback runs; nobody else
 * wants it until the end, so it costs a few nanoseconds. Order of locks: the
 * list's, then a session's. A callback holds its session's lock only, and
 * takes the list's only after giving that one back: hence sessions_close
 * first ends the session and then unlinks it.
 *
 * The trap is the answer that is lost: libmilter sends it after the callback
 * has returned, so between the end of the last callback and the end of the
 * process there must be a moment of rest (see main.c).
 */
#include "daemon/sessions.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define DRAIN_POLL_MS     10
#define END_POLL_MS       1
#define FULL_LOG_EVERY_US INT64_C(60000000)

/* A struct str as a constant. */
#define TEXT(literal)                                                          \
	{                                                                      \
		literal, sizeof(literal) - 1                                   \
	}

enum phase { PHASE_OPEN, PHASE_DRAINING, PHASE_OVER };

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct open_session *list;
static size_t n_connected; /* under list_lock, and what follows, too */
static uint64_t n_ever;    /* were connected */
static uint64_t n_refused; /* for being full */
static uint64_t n_refused_logged;
static int64_t full_logged_us;
static atomic_uint max_connected = UINT32_MAX;
static atomic_int phase = PHASE_OPEN;
static _Atomic uint64_t n_callbacks; /* that have ended */

static const struct reply stopping_connect = {
	.kind = REPLY_TEMPFAIL,
	.code = 421,
	.xcode = TEXT("4.3.2"),
	.text = TEXT("Service is stopping"),
};

static const struct reply stopping = {
	.kind = REPLY_TEMPFAIL,
	.code = 451,
	.xcode = TEXT("4.3.2"),
	.text = TEXT("Service is stopping"),
};

/* Of an MTA that sends MAIL without CONNECT: nobody knows who the client is. */
static const struct reply unannounced = {
	.kind = REPLY_TEMPFAIL,
	.code = 451,
	.xcode = TEXT("4.3.5"),
	.text = TEXT("The mail server did not say who connected"),
};

static const struct reply full = {
	.kind = REPLY_TEMPFAIL,
	.code = 451,
	.xcode = TEXT("4.3.2"),
	.text = TEXT("Too many connections at present, try again later"),
};

void
sessions_set_max(uint32_t max)
{
	atomic_store(&max_connected, max);
}

struct open_session *
sessions_open(struct policy *policy, struct steps steps)
{
	struct open_session *open = xcalloc(1, sizeof(*open));

	pthread_mutex_init(&open->busy, NULL);
	open->policy = policy;
	open->steps = steps;
	open->refusal = &unannounced;
	pthread_mutex_lock(&list_lock);
	open->next = list;
	if (list != NULL)
		list->prev = open;
	list = open;
	pthread_mutex_unlock(&list_lock);
	return open;
}

/* The lock of the session is held, or nobody else knows of it. */
static void
end_session(struct open_session *open)
{
	if (open->session == NULL)
		return;
	session_free(open->session);
	open->session = NULL;
	open->refusal = &stopping;
}

void
sessions_close(struct open_session *open)
{
	bool was_connected;

	pthread_mutex_lock(&open->busy);
	was_connected = open->session != NULL;
	end_session(open);
	pthread_mutex_unlock(&open->busy);

	pthread_mutex_lock(&list_lock);
	if (was_connected)
		n_connected--;
	if (open->prev != NULL)
		open->prev->next = open->next;
	else
		list = open->next;
	if (open->next != NULL)
		open->next->prev = open->prev;
	pthread_mutex_unlock(&list_lock);
	policy_put(open->policy);
	pthread_mutex_destroy(&open->busy);
	free(open);
}

bool
sessions_enter(struct open_session *open)
{
	pthread_mutex_lock(&open->busy);
	if (open->session != NULL) {
		atomic_store_explicit(
		    &open->entered_us, clock_steady_us(), memory_order_relaxed);
		return true;
	}
	pthread_mutex_unlock(&open->busy);
	return false;
}

void
sessions_leave(struct open_session *open)
{
	atomic_store_explicit(&open->entered_us, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&n_callbacks, 1, memory_order_relaxed);
	pthread_mutex_unlock(&open->busy);
}

/* At most one line a minute, which says how many it stands for. */
static void
log_full(uint64_t n)
{
	log_warning("%llu connection%s refused with 451: all %u of "
		    "max_connections are in use",
	    (unsigned long long)n, n == 1 ? "" : "s",
	    atomic_load(&max_connected));
}

/* One more is refused. Under list_lock; returns how many of them are to be
 * logged now. */
static uint64_t
note_refused(int64_t now_us)
{
	uint64_t n_to_log;

	n_refused++;
	if (full_logged_us != 0 && now_us - full_logged_us <= FULL_LOG_EVERY_US)
		return 0;
	n_to_log = n_refused - n_refused_logged;
	n_refused_logged = n_refused;
	full_logged_us = now_us;
	return n_to_log;
}

static bool
take_place(void)
{
	int64_t now_us = clock_steady_us();
	uint64_t n_to_log = 0;
	bool is_taken;

	pthread_mutex_lock(&list_lock);
	is_taken = n_connected < atomic_load(&max_connected);
	if (is_taken) {
		n_connected++;
		n_ever++;
	} else {
		n_to_log = note_refused(now_us);
	}
	pthread_mutex_unlock(&list_lock);
	if (n_to_log > 0)
		log_full(n_to_log);
	return is_taken;
}

bool
sessions_connect(struct open_session *open, struct engine *engine)
{
	bool is_good = false;

	pthread_mutex_lock(&open->busy);
	if (atomic_load(&phase) != PHASE_OPEN) {
		open->refusal = &stopping_connect;
	} else if (open->session == NULL && !take_place()) {
		open->refusal = &full;
	} else {
		if (open->session == NULL)
			open->session =
			    session_new(engine, open->policy->rules);
		is_good = true;
	}
	pthread_mutex_unlock(&open->busy);
	return is_good;
}

size_t
sessions_n_connected(void)
{
	size_t n;

	pthread_mutex_lock(&list_lock);
	n = n_connected;
	pthread_mutex_unlock(&list_lock);
	return n;
}

int64_t
sessions_oldest_us(void)
{
	int64_t oldest_us = 0;

	pthread_mutex_lock(&list_lock);
	for (struct open_session *o = list; o != NULL; o = o->next) {
		int64_t us =
		    atomic_load_explicit(&o->entered_us, memory_order_relaxed);

		if (us != 0 && (oldest_us == 0 || us < oldest_us))
			oldest_us = us;
	}
	pthread_mutex_unlock(&list_lock);
	return oldest_us;
}

uint64_t
sessions_n_callbacks(void)
{
	return atomic_load(&n_callbacks);
}

const struct reply *
sessions_refusal(void)
{
	return atomic_load(&phase) == PHASE_OPEN ? NULL : &stopping;
}

/* A session in a callback counts as one with an open message: it may be. */
static size_t
count_messages(void)
{
	size_t n = 0;

	pthread_mutex_lock(&list_lock);
	for (struct open_session *o = list; o != NULL; o = o->next) {
		if (pthread_mutex_trylock(&o->busy) != 0) {
			n++;
			continue;
		}
		n += o->session != NULL && session_in_message(o->session);
		pthread_mutex_unlock(&o->busy);
	}
	pthread_mutex_unlock(&list_lock);
	return n;
}

void
sessions_count(struct sessions_counts *counts_out)
{
	counts_out->n_messages = count_messages();
	counts_out->max = atomic_load(&max_connected);
	pthread_mutex_lock(&list_lock);
	counts_out->n_connected = n_connected;
	counts_out->n_ever = n_ever;
	counts_out->n_refused = n_refused;
	pthread_mutex_unlock(&list_lock);
}

size_t
sessions_drain(unsigned wait_ms)
{
	const struct timespec pause = { 0, DRAIN_POLL_MS * 1000000L };
	int64_t end_us = clock_steady_us() + (int64_t)wait_ms * 1000;
	size_t n;

	atomic_store(&phase, PHASE_DRAINING);
	while ((n = count_messages()) > 0 && clock_steady_us() < end_us)
		nanosleep(&pause, NULL);
	return n;
}

/* By try and pause, since ThreadSanitizer does not know of waiting for a lock
 * until a time of the steady clock. */
static int
lock_until(pthread_mutex_t *lock, int64_t end_us)
{
	const struct timespec pause = { 0, END_POLL_MS * 1000000L };

	while (pthread_mutex_trylock(lock) != 0) {
		if (clock_steady_us() >= end_us)
			return -1;
		nanosleep(&pause, NULL);
	}
	return 0;
}

void
sessions_end_all(unsigned wait_ms)
{
	int64_t end_us = clock_steady_us() + (int64_t)wait_ms * 1000;

	atomic_store(&phase, PHASE_OVER);
	pthread_mutex_lock(&list_lock);
	for (struct open_session *o = list; o != NULL; o = o->next) {
		/* A callback that will not end keeps its session. */
		if (lock_until(&o->busy, end_us) == -1)
			continue;
		end_session(o);
		pthread_mutex_unlock(&o->busy);
	}
	pthread_mutex_unlock(&list_lock);
}
