/*
 * Those who wait for a connection or a reply, in order, and how they are woken.
 *
 * The trap is that a waiter stands on the stack of its thread and is gone as
 * soon as that is awake or its time is over. So its state changes only under
 * the pool's lock; each change but that to SENT is followed by exactly one
 * wake-up, and whoever was to be woken waits for that before it leaves.
 */
#include "store/redis/pool_own.h"

#include "base/port.h"

#include <errno.h>
#include <time.h>

void
pool_enqueue(struct redis_pool *pool, struct waiter *waiter)
{
	atomic_store(&waiter->state, WAITER_QUEUED);
	waiter->next = NULL;
	waiter->prev = pool->last;
	if (pool->last != NULL)
		pool->last->next = waiter;
	else
		pool->first = waiter;
	pool->last = waiter;
}

void
pool_dequeue(struct redis_pool *pool, struct waiter *waiter)
{
	if (waiter->prev != NULL)
		waiter->prev->next = waiter->next;
	else
		pool->first = waiter->next;
	if (waiter->next != NULL)
		waiter->next->prev = waiter->prev;
	else
		pool->last = waiter->prev;
}

void
pool_call(struct redis_pool *pool, struct waiter *waiter,
    enum waiter_state state, struct wake_list *list)
{
	if (atomic_load(&waiter->state) == WAITER_QUEUED)
		pool_dequeue(pool, waiter);
	waiter->next = list->first;
	list->first = waiter;
	atomic_store(&waiter->state, (int)state);
}

void
pool_wake(struct wake_list *list)
{
	struct waiter *waiter = list->first, *next;

	/* Who is awake is gone soon, and its place in the list with it. */
	for (; waiter != NULL; waiter = next) {
		next = waiter->next;
		atomic_store(&waiter->is_free, true);
		sem_post(&waiter->wake);
	}
	list->first = NULL;
}

/* The first who waits looks again: there may be room for a connection. */
void
pool_call_first(struct redis_pool *pool, struct wake_list *list)
{
	if (pool->first != NULL)
		pool_call(pool, pool->first, WAITER_CALLED, list);
}

void
pool_call_all(struct redis_pool *pool, struct wake_list *list)
{
	while (pool->first != NULL)
		pool_call_first(pool, list);
}

/* Nobody will wake it any more, or it has just been. */
static bool
leave(struct redis_pool *pool, struct waiter *waiter)
{
	int state = atomic_load(&waiter->state);

	if (state == WAITER_QUEUED)
		pool_dequeue(pool, waiter);
	else if (state == WAITER_SENT)
		waiter->conn->batch->waiters[waiter->place] = NULL;
	return state == WAITER_QUEUED || state == WAITER_SENT;
}

/*
 * Sleeps until woken: 0. -1: the deadline is over, and waiter is in no queue
 * and no batch; its state is still that of before.
 */
int
pool_sleep(struct redis_pool *pool, struct waiter *waiter, int64_t deadline_us)
{
	struct timespec until = { .tv_sec = deadline_us / 1000000,
		.tv_nsec = deadline_us % 1000000 * 1000 };
	bool has_left;

	while (sem_clockwait(&waiter->wake, CLOCK_MONOTONIC, &until) == -1) {
		if (errno != ETIMEDOUT)
			continue;
		pthread_mutex_lock(&pool->lock);
		has_left = leave(pool, waiter);
		pthread_mutex_unlock(&pool->lock);
		if (has_left)
			return -1;
		/* Somebody is about to wake us: at once. */
		while (sem_wait(&waiter->wake) == -1)
			;
		break;
	}
	/* The semaphore orders this, but ThreadSanitizer knows it not. */
	atomic_exchange(&waiter->is_free, false);
	return 0;
}
