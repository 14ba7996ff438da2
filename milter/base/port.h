/*
 * port: what glibc has and other C libraries have not, in their terms, so that
 * the program builds with musl, too. With glibc there is nothing here.
 *
 * Two things are less there: a wait is as long as the clock on the wall says
 * (its callers look at their own clock and wait again), and a table that is
 * read all the time may take longer to be renewed.
 */
#ifndef SLUICE_BASE_PORT_H
#define SLUICE_BASE_PORT_H

#include <stdlib.h>

#ifndef __GLIBC__

#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PORT_NS_PER_SEC    1000000000L
#define PORT_CLOEXEC_RANGE 4U /* CLOSE_RANGE_CLOEXEC of linux/close_range.h */

/* The time on the wall at which the other clock will show *until. */
static inline struct timespec
port_on_the_wall(clockid_t clock, const struct timespec *until)
{
	struct timespec wall, now;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(clock, &now);
	wall.tv_sec += until->tv_sec - now.tv_sec;
	wall.tv_nsec += until->tv_nsec - now.tv_nsec;
	if (wall.tv_nsec < 0) {
		wall.tv_nsec += PORT_NS_PER_SEC;
		wall.tv_sec--;
	} else if (wall.tv_nsec >= PORT_NS_PER_SEC) {
		wall.tv_nsec -= PORT_NS_PER_SEC;
		wall.tv_sec++;
	}
	return wall;
}

static inline int
port_sem_clockwait(
    sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
	struct timespec wall = port_on_the_wall(clock, until);

	return sem_timedwait(semaphore, &wall);
}

static inline int
port_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *lock,
    clockid_t clock, const struct timespec *until)
{
	struct timespec wall = port_on_the_wall(clock, until);

	return pthread_cond_timedwait(cond, lock, &wall);
}

/* At most 256 bytes, and then it cannot fail. */
static inline void
port_random(void *bytes, size_t n)
{
	if (getentropy(bytes, n) == -1)
		abort();
}

static inline uint32_t
port_random_below(uint32_t bound)
{
	uint64_t random;

	port_random(&random, sizeof(random));
	return (uint32_t)(random % bound);
}

#define __rlimit_resource_t    int /* of setrlimit */
#define sem_clockwait          port_sem_clockwait
#define pthread_cond_clockwait port_cond_clockwait
#define arc4random_buf         port_random
#define arc4random_uniform     port_random_below
#define closefrom(first)       syscall(SYS_close_range, (first), ~0U, 0U)
#define posix_spawn_file_actions_addclosefrom_np(actions, first)               \
	syscall(SYS_close_range, (first), ~0U, PORT_CLOEXEC_RANGE)
#define pthread_rwlockattr_setkind_np(attributes, kind) ((void)(attributes))

#endif
#endif
