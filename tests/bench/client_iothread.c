/*
 * A thread of its own for each connection: who asks puts its command into a
 * queue and sleeps; the thread sends all that is queued in one write, reads all
 * that is there, and wakes whom the replies belong to, in the order of the
 * questions. While replies are awaited more is sent, so nobody waits for a
 * connection.
 *
 * What can be saved is: the bell is rung only when the thread sleeps, and never
 * read, for epoll tells each ring (edge-triggered); the lock is taken once for
 * all replies that came together; nobody is woken under it.
 *
 * The trap is who leaves because its time is over: its reply is still to come.
 * Its place in the order stays, empty, and the reply is dropped.
 */
#include "client.h"

#include "base/clock.h"
#include "base/xalloc.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SENT_MAX      512 /* questions that await their replies */
#define RECEIVE_BYTES 65536

enum waiter_state { WAITER_QUEUED, WAITER_SENT, WAITER_DONE };

/*
 * One for each who asks, and as long as the client: so whoever wakes it may
 * touch the semaphore after it went on.
 */
struct waiter {
	struct waiter *next; /* in the queue */
	struct str command;
	struct redisReply *reply; /* NULL: the connection broke */
	_Atomic int state;        /* enum waiter_state; the lock to change it */
	size_t place;             /* in sent */
	sem_t wake;               /* once it is done */
};

/* One thread and its connection. */
struct line {
	pthread_t thread;
	struct redis_conn *conn; /* the thread's */
	int bell;
	int epoll;
	atomic_bool is_awake; /* it looks at the queue before it sleeps */
	atomic_bool is_ending;

	pthread_mutex_t lock; /* all below, and the state of waiters */
	struct waiter *first;
	struct waiter **end;
	struct waiter *sent[SENT_MAX]; /* a ring; NULL: left */
	size_t head;
	size_t n_sent;
	bool is_broken;
};

struct iothread {
	struct line lines[CLIENT_CONNECTIONS];
	size_t n_lines;
	struct waiter waiters[ASKERS_MAX];
};

/* --- who asks ------------------------------------------------------------- */

static void
ring(struct line *line)
{
	const uint64_t one = 1;

	if (!atomic_exchange(&line->is_awake, true) &&
	    write(line->bell, &one, sizeof(one)) == -1)
		abort(); /* after 2^64 rings */
}

static int
enqueue(struct line *line, struct waiter *waiter)
{
	bool is_broken;

	pthread_mutex_lock(&line->lock);
	is_broken = line->is_broken;
	if (!is_broken) {
		waiter->next = NULL;
		atomic_store(&waiter->state, WAITER_QUEUED);
		*line->end = waiter;
		line->end = &waiter->next;
	}
	pthread_mutex_unlock(&line->lock);
	if (is_broken)
		return -1;
	ring(line);
	return 0;
}

/* False: it is done, and will be woken at once. */
static bool
leave(struct line *line, struct waiter *waiter)
{
	bool has_left = true;
	int state;

	pthread_mutex_lock(&line->lock);
	state = atomic_load(&waiter->state);
	if (state == WAITER_QUEUED) {
		struct waiter **at = &line->first;

		while (*at != waiter)
			at = &(*at)->next;
		if ((*at = waiter->next) == NULL)
			line->end = at;
	} else if (state == WAITER_SENT) {
		line->sent[waiter->place] = NULL;
	} else {
		has_left = false;
	}
	pthread_mutex_unlock(&line->lock);
	return has_left;
}

static struct redisReply *
iothread_ask(
    void *self, unsigned asker, struct str command, int64_t deadline_us)
{
	const struct timespec until = { deadline_us / 1000000,
		deadline_us % 1000000 * 1000 };
	struct iothread *iothread = self;
	struct line *line = &iothread->lines[asker % iothread->n_lines];
	struct waiter *waiter = &iothread->waiters[asker];

	waiter->command = command;
	waiter->reply = NULL;
	if (enqueue(line, waiter) == -1)
		return NULL;
	while (sem_clockwait(&waiter->wake, CLOCK_MONOTONIC, &until) == -1) {
		if (errno != ETIMEDOUT)
			continue;
		if (leave(line, waiter))
			return NULL;
		while (sem_wait(&waiter->wake) == -1)
			;
		break;
	}
	/* The semaphore orders this, but ThreadSanitizer knows it not. */
	assert(atomic_load(&waiter->state) == WAITER_DONE);
	return waiter->reply;
}

/* --- the thread ----------------------------------------------------------- */

/*
 * All that is queued becomes bytes to be sent, and a place in the order. False:
 * nothing was, and the bell must be rung from now on.
 */
static bool
take_queue(struct line *line)
{
	struct waiter *waiter;
	bool is_any = false;

	pthread_mutex_lock(&line->lock);
	while ((waiter = line->first) != NULL && line->n_sent < SENT_MAX) {
		atomic_store(&waiter->state, WAITER_SENT);
		waiter->place = (line->head + line->n_sent++) % SENT_MAX;
		line->sent[waiter->place] = waiter;
		buf_add(&line->conn->out, waiter->command);
		if ((line->first = waiter->next) == NULL)
			line->end = &line->first;
		is_any = true;
	}
	if (!is_any)
		atomic_store(&line->is_awake, false);
	pthread_mutex_unlock(&line->lock);
	return is_any;
}

/*
 * The first n questions have these replies. -1: there were not as many; then
 * nothing was taken.
 */
static int
hand_out(struct line *line, struct redisReply **replies, size_t n)
{
	struct waiter *woken[SENT_MAX];
	size_t n_woken = 0;
	int rc = -1;

	pthread_mutex_lock(&line->lock);
	if (n <= line->n_sent)
		rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct waiter *waiter = line->sent[line->head];

		line->head = (line->head + 1) % SENT_MAX;
		line->n_sent--;
		if (waiter == NULL) {
			freeReplyObject(replies[i]);
			continue;
		}
		waiter->reply = replies[i];
		atomic_store(&waiter->state, WAITER_DONE);
		woken[n_woken++] = waiter;
	}
	pthread_mutex_unlock(&line->lock);
	for (size_t i = 0; i < n_woken; i++)
		sem_post(&woken[i]->wake);
	return rc;
}

/* All replies that are whole, of what was read. */
static int
take_replies(struct line *line)
{
	struct redisReply *replies[SENT_MAX];
	void *reply = NULL;
	size_t n = 0;

	while (n < SENT_MAX) {
		if (redisReaderGetReply(line->conn->reader, &reply) != REDIS_OK)
			break;
		if (reply != NULL)
			replies[n++] = reply;
		else if (n == 0 || hand_out(line, replies, n) == 0)
			return 0;
		else
			break;
	}
	/* Not the protocol, or more replies than questions. */
	while (n > 0)
		freeReplyObject(replies[--n]);
	return -1;
}

static int
receive(struct line *line)
{
	char bytes[RECEIVE_BYTES];
	ssize_t n = recv(line->conn->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	redisReaderFeed(line->conn->reader, bytes, (size_t)n);
	return take_replies(line);
}

/* Sleeps until there are replies, or the bell rings. */
static int
await(struct line *line)
{
	struct epoll_event events[2];
	int n = epoll_wait(line->epoll, events, 2, -1);

	atomic_store(&line->is_awake, true);
	for (int i = 0; i < n; i++)
		if (events[i].data.fd == line->conn->fd)
			return receive(line);
	return 0;
}

/* Nobody gets a reply any more. */
static void
fail_all(struct line *line)
{
	struct waiter *waiter;

	pthread_mutex_lock(&line->lock);
	line->is_broken = true;
	for (; line->n_sent > 0; line->n_sent--) {
		waiter = line->sent[line->head];
		line->head = (line->head + 1) % SENT_MAX;
		if (waiter == NULL)
			continue;
		atomic_store(&waiter->state, WAITER_DONE);
		sem_post(&waiter->wake);
	}
	while ((waiter = line->first) != NULL) {
		line->first = waiter->next;
		atomic_store(&waiter->state, WAITER_DONE);
		sem_post(&waiter->wake);
	}
	pthread_mutex_unlock(&line->lock);
}

static void *
run_line(void *arg)
{
	struct line *line = arg;
	struct redis_failure failure;
	int rc = 0;

	while (rc == 0) {
		/* It waits where the socket is full, which is no rule: 200
		 * questions have room in it. */
		if (take_queue(line))
			rc = redis_conn_send(line->conn,
			    clock_steady_us() + CLIENT_TIMEOUT_US, &failure);
		else if (atomic_load(&line->is_ending))
			break;
		else
			rc = await(line);
	}
	if (rc == -1)
		fprintf(stderr, "iothread: the connection broke\n");
	fail_all(line);
	return NULL;
}

/* --- opening and closing -------------------------------------------------- */

static void
watch(struct line *line, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(line->epoll, EPOLL_CTL_ADD, fd, &event) == -1)
		abort();
}

static int
open_line(struct line *line, struct redis *redis)
{
	if ((line->conn = client_connect(redis)) == NULL)
		return -1;
	pthread_mutex_init(&line->lock, NULL);
	line->end = &line->first;
	line->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	line->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (line->bell == -1 || line->epoll == -1)
		abort();
	watch(line, line->bell, EPOLLIN | EPOLLET);
	watch(line, line->conn->fd, EPOLLIN);
	atomic_store(&line->is_awake, true);
	if (pthread_create(&line->thread, NULL, run_line, line) != 0)
		abort();
	return 0;
}

static void
close_line(struct line *line)
{
	atomic_store(&line->is_ending, true);
	ring(line);
	pthread_join(line->thread, NULL);
	close(line->bell);
	close(line->epoll);
	pthread_mutex_destroy(&line->lock);
	redis_conn_close(line->conn);
}

static void
iothread_close(void *self)
{
	struct iothread *iothread = self;

	for (size_t i = 0; i < iothread->n_lines; i++)
		close_line(&iothread->lines[i]);
	for (size_t i = 0; i < ASKERS_MAX; i++)
		sem_destroy(&iothread->waiters[i].wake);
	free(iothread);
}

static void *
iothread_open(struct redis *redis, unsigned n_connections)
{
	struct iothread *iothread = xcalloc(1, sizeof(*iothread));

	for (size_t i = 0; i < ASKERS_MAX; i++)
		sem_init(&iothread->waiters[i].wake, 0, 0);
	while (iothread->n_lines < n_connections) {
		if (open_line(&iothread->lines[iothread->n_lines], redis) ==
		    -1) {
			iothread_close(iothread);
			return NULL;
		}
		iothread->n_lines++;
	}
	return iothread;
}

const struct client client_iothread = {
	.name = "iothread",
	.open = iothread_open,
	.ask = iothread_ask,
	.close = iothread_close,
};
