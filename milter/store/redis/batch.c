/*
 * Requests of many threads in one write. The thread that gets a connection
 * takes along whoever waits for one, sends all their commands, reads all the
 * replies and wakes the others: it leads. Nobody waits longer for that, for
 * they would all have waited for a connection.
 *
 * The trap is a leader whose time is over while others have some left, and a
 * follower that leaves while its reply is still to come. A follower just
 * leaves, and its reply is read and dropped in its turn; a leader hands the
 * connection over to one of those who still wait. Who leaves last, with replies
 * outstanding, closes it.
 *
 * A connection that waits for replies sends nothing new. That is what a thread
 * of its own, which writes while it waits, does better: tests/bench/store.sh
 * has one to compare with.
 */
#include "store/redis/pool_own.h"

#include "base/xalloc.h"

#include <hiredis/hiredis.h>
#include <string.h>

/* Takes into the batch whoever waits for a reply and not for a connection. */
static void
fill_batch(struct redis_pool *pool, struct redis_conn *conn)
{
	struct redis_batch *batch = conn->batch;
	struct waiter *waiter, *next;

	for (waiter = pool->first; waiter != NULL; waiter = next) {
		struct redis_request *request = waiter->request;

		next = waiter->next;
		if (batch->n >= REDIS_BATCH_MAX)
			break;
		if (request == NULL ||
		    conn->out.len + request->out.len > REDIS_BATCH_BYTES)
			continue;
		pool_dequeue(pool, waiter);
		atomic_store(&waiter->state, WAITER_SENT);
		waiter->conn = conn;
		waiter->era = conn->era;
		waiter->place = batch->n;
		batch->waiters[batch->n++] = waiter;
		buf_add(&conn->out, buf_str(&request->out));
	}
}

static void
begin_batch(struct redis_pool *pool, struct waiter *leader)
{
	struct redis_conn *conn = leader->conn;

	if (conn->batch == NULL)
		conn->batch = xmalloc(sizeof(*conn->batch));
	conn->batch->waiters[0] = leader;
	conn->batch->n = 1;
	conn->batch->n_replies = 0;
	leader->place = 0;
	buf_add(&conn->out, buf_str(&leader->request->out));
	pthread_mutex_lock(&pool->lock);
	fill_batch(pool, conn);
	pthread_mutex_unlock(&pool->lock);
}

/* Hands out what was read. Lock held. */
static void
hand_out(struct redis_pool *pool, struct waiter *leader, struct wake_list *list)
{
	struct redis_conn *conn = leader->conn;
	struct redis_batch *batch = conn->batch;

	for (size_t i = batch->n; i > 0; i--) {
		struct waiter *waiter = batch->waiters[i - 1];

		if (waiter == NULL) {
			freeReplyObject(batch->replies[i - 1]);
			continue;
		}
		waiter->request->reply = batch->replies[i - 1];
		waiter->request->generation = conn->generation;
		waiter->request->era = conn->era;
		if (waiter != leader)
			pool_call(pool, waiter, WAITER_ANSWERED, list);
	}
}

static void
end_batch(struct redis_pool *pool, struct waiter *leader)
{
	struct wake_list list = { NULL };
	struct redis_conn *conn = leader->conn;

	pthread_mutex_lock(&pool->lock);
	hand_out(pool, leader, &list);
	/* Last into the list, first to be woken: the next leader. */
	conn = pool_release(pool, conn, true, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
	redis_conn_close(conn);
}

static void
drop_replies(struct redis_batch *batch)
{
	for (size_t i = 0; i < batch->n_replies; i++)
		freeReplyObject(batch->replies[i]);
}

/* The connection is broken: nobody of the batch gets a reply. */
static void
break_batch(struct redis_pool *pool, struct waiter *leader,
    const struct redis_failure *failure)
{
	struct wake_list list = { NULL };
	struct redis_conn *conn = leader->conn;
	struct redis_batch *batch = conn->batch;
	bool is_change;

	pthread_mutex_lock(&pool->lock);
	is_change = pool_count(pool, conn->era, failure, &list);
	for (size_t i = 0; i < batch->n; i++)
		if (batch->waiters[i] != NULL && batch->waiters[i] != leader) {
			*batch->waiters[i]->failure = *failure;
			pool_call(
			    pool, batch->waiters[i], WAITER_ANSWERED, &list);
		}
	drop_replies(batch);
	conn = pool_release(pool, conn, false, &list);
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
	redis_conn_close(conn);
	pool_tell(pool, failure, is_change);
}

/* Another of the batch who has time left, or NULL. Lock held. */
static struct waiter *
find_heir(const struct redis_batch *batch, const struct waiter *leader)
{
	for (size_t i = 0; i < batch->n; i++)
		if (batch->waiters[i] != NULL && batch->waiters[i] != leader)
			return batch->waiters[i];
	return NULL;
}

/* The leader's time is over; true: another reads on. */
static bool
hand_over(struct redis_pool *pool, struct waiter *leader,
    const struct redis_failure *failure)
{
	struct wake_list list = { NULL };
	struct redis_batch *batch = leader->conn->batch;
	struct waiter *heir;
	bool is_change = false;

	pthread_mutex_lock(&pool->lock);
	if ((heir = find_heir(batch, leader)) != NULL) {
		is_change = pool_count(pool, leader->conn->era, failure, &list);
		batch->waiters[leader->place] = NULL;
		pool_call(pool, heir, WAITER_LEADS, &list);
	}
	pthread_mutex_unlock(&pool->lock);
	pool_wake(&list);
	if (heir != NULL)
		pool_tell(pool, failure, is_change);
	return heir != NULL;
}

/* Reads the rest of the batch. 0, or -1 and the leader's failure. */
static int
read_batch(struct redis_pool *pool, struct waiter *leader, int64_t deadline_us)
{
	struct redis_failure *failure = leader->failure;
	struct redis_conn *conn = leader->conn;
	struct redis_batch *batch = conn->batch;

	while (batch->n_replies < batch->n) {
		struct redisReply *reply =
		    redis_conn_receive(conn, deadline_us, failure);

		if (reply != NULL) {
			batch->replies[batch->n_replies++] = reply;
			continue;
		}
		if (failure->kind != REDIS_FAILURE_LATE ||
		    !hand_over(pool, leader, failure))
			break_batch(pool, leader, failure);
		return -1;
	}
	if (!redis_conn_is_empty(conn)) {
		redis_fail(failure, REDIS_FAILURE_GARBAGE,
		    "more answers than questions");
		break_batch(pool, leader, failure);
		return -1;
	}
	end_batch(pool, leader);
	return 0;
}

static int
lead(struct redis_pool *pool, struct waiter *leader, int64_t deadline_us)
{
	begin_batch(pool, leader);
	if (redis_conn_send(leader->conn, deadline_us, leader->failure) == -1) {
		break_batch(pool, leader, leader->failure);
		return -1;
	}
	return read_batch(pool, leader, deadline_us);
}

int
redis_pool_ask(struct redis_pool *pool, struct redis_request *request,
    int64_t deadline_us, struct redis_failure *failure)
{
	struct waiter waiter = { .request = request, .failure = failure };
	int rc;

	sem_init(&waiter.wake, 0, 0);
	request->reply = NULL;
	rc = pool_get(pool, &waiter, deadline_us);
	if (rc == 0 && atomic_load(&waiter.state) == WAITER_GRANTED)
		rc = lead(pool, &waiter, deadline_us);
	else if (rc == 0 && atomic_load(&waiter.state) == WAITER_LEADS)
		rc = read_batch(pool, &waiter, deadline_us);
	sem_destroy(&waiter.wake);
	return rc == 0 && request->reply != NULL ? 0 : -1;
}
