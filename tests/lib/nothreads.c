/*
 * For LD_PRELOAD: no thread can be made any more while the file that
 * $NO_THREADS names is there.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

typedef int create_fn(
    pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int nothreads_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *), void *argument) __asm__("pthread_create");

int
nothreads_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *), void *argument)
{
	union {
		void *object;
		create_fn *function;
	} next = { .object = dlsym(RTLD_NEXT, "pthread_create") };

	if (access(getenv("NO_THREADS"), F_OK) == 0)
		return EAGAIN;
	return next.function(thread, attributes, run, argument);
}
