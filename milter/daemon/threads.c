/*
 * The trap is that libmilter holds the lock of its pool while it asks for a
 * thread: whoever waits in here for a better time keeps the workers from
 * finishing, and so from making room.
 */
#include "daemon/threads.h"

#include "base/log.h"
#include "base/sanitized.h"
#include "daemon/signals.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

typedef int create_fn(
    pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static atomic_bool is_watched;

int
threads_start(const char *name, void *(*run)(void *argument), void *argument)
{
	pthread_t thread;

	if ((errno = pthread_create(&thread, NULL, run, argument)) != 0)
		return -1;
	pthread_setname_np(thread, name);
	pthread_detach(thread);
	return 0;
}

void
threads_watch(void)
{
	atomic_store(&is_watched, true);
}

/* Clang's sanitizers stand in the program themselves: theirs would be lost. */
#if !defined(__clang__) || !IS_SANITIZED

/* The C library's, or a sanitizer's that stands before it. */
static int
create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *), void *argument)
{
	union {
		void *object;
		create_fn *function; /* ISO C converts neither to the other */
	} next = { .object = dlsym(RTLD_NEXT, "pthread_create") };

	return next.function(thread, attributes, run, argument);
}

int threads_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *), void *argument) __asm__("pthread_create");

int
threads_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *), void *argument)
{
	int error = create(thread, attributes, run, argument);

	/* Once: what ends is not asked for anything any more. */
	if (error != 0 && atomic_exchange(&is_watched, false)) {
		log_error("no thread for a connection (%s): raise TasksMax, or "
			  "memory; the daemon ends, to be started again",
		    strerror(error));
		signals_post(SIGNAL_GAVE_UP);
	}
	return error;
}

#endif
