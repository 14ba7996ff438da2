/*
 * One poll loop over the sockets and the questions that are open. A question
 * goes three steps: it is read, its answer is written, and one that was cut
 * short is then read to its end and thrown away, since to close a socket with
 * unread bytes would take the answer back on its way.
 *
 * The trap is a process without descriptors: accept fails at once while poll
 * goes on saying "ready", so the sockets are left alone for a moment then.
 */
#include "daemon/inquiry.h"

#include "base/clock.h"
#include "base/log.h"
#include "conf/endpoint_socket.h"
#include "daemon/listen.h"
#include "daemon/threads.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES      ((size_t)2048)
#define BACKLOG         64
#define QUESTIONS_MAX   (INQUIRY_SOCKETS_MAX * INQUIRY_OPEN_MAX)
#define NO_ROOM_WAIT_US INT64_C(500000)
#define MS_US           1000

struct place {
	struct listener listener; /* main's */
	const struct inquiry_kind *kind;
	int fd;
	size_t n_questions; /* the thread's: that are open */
};

enum step { STEP_READ, STEP_WRITE, STEP_LEAVE };

struct question {
	struct place *place;
	int fd;
	enum step step;
	bool is_cut;
	uid_t asker;
	int64_t end_us; /* steady; over by then, whatever its step */
	size_t n_written;
	struct buf request;
	struct buf answer;
};

/* Places are set before the thread begins; the rest is the thread's. */
static struct inquiry {
	struct place places[INQUIRY_SOCKETS_MAX];
	size_t n_places;
	struct question questions[QUESTIONS_MAX];
	size_t n_questions;
	int64_t no_room_until_us;
	uid_t asker;
} inquiry;

/* A bound socket, or -1 with errno. mode: of one that is a file. */
static int
bind_to(const struct endpoint *at, uint32_t mode)
{
	struct endpoint_address address;
	int fd = endpoint_socket(at, &address), on = 1, saved;
	mode_t old;

	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	old = umask(0777 & ~(mode_t)mode);
	if (bind(fd, &address.any, address.len) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		fd = -1;
	}
	umask(old);
	return fd;
}

static int
open_place(
    struct place *place, uint32_t mode, const char *group, struct buf *error)
{
	struct listener *listener = &place->listener;
	bool is_unix = listener->at.kind == ENDPOINT_UNIX;

	place->fd = bind_to(&listener->at, mode);
	if (place->fd == -1 ||
	    (is_unix && listen_secure(listener, mode, group, error) == -1)) {
		if (error->len == 0)
			buf_printf(error, "cannot listen on %s: %s",
			    listener->at.text, strerror(errno));
		return -1;
	}
	/* Only now: whoever is let in is let in by mode and group. */
	if (listen(place->fd, BACKLOG) == -1) {
		buf_printf(error, "cannot listen on %s: %s", listener->at.text,
		    strerror(errno));
		return -1;
	}
	return 0;
}

int
inquiry_listen(const struct endpoint *at, uint32_t mode, const char *group,
    const struct inquiry_kind *kind, struct buf *error)
{
	struct place *place = &inquiry.places[inquiry.n_places];

	assert(inquiry.n_places < INQUIRY_SOCKETS_MAX);
	if (listen_claim(&place->listener, at, error) == -1)
		return -1;
	place->kind = kind;
	if (open_place(place, mode, group, error) == -1) {
		if (place->fd != -1)
			close(place->fd);
		listen_leave(&place->listener);
		return -1;
	}
	inquiry.n_places++;
	return 0;
}

uid_t
inquiry_asker(void)
{
	return inquiry.asker;
}

/* (uid_t)-1 over TCP, where nobody can know. */
static uid_t
find_asker(int fd, const struct place *place)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (place->listener.at.kind != ENDPOINT_UNIX ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return (uid_t)-1;
	return peer.uid;
}

static void
accept_one(struct place *place, int64_t now_us)
{
	int fd = accept4(place->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct question *question;

	if (fd == -1) {
		/* All others mean: who came has gone again. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			inquiry.no_room_until_us = now_us + NO_ROOM_WAIT_US;
		return;
	}
	question = &inquiry.questions[inquiry.n_questions++];
	*question = (struct question){
		.place = place,
		.fd = fd,
		.asker = find_asker(fd, place),
		.end_us = now_us + INQUIRY_TIMEOUT_MS * MS_US,
	};
	place->n_questions++;
}

/* The last one takes its room. */
static void
end_question(size_t at)
{
	struct question *question = &inquiry.questions[at];

	question->place->n_questions--;
	close(question->fd);
	buf_done(&question->request);
	buf_done(&question->answer);
	*question = inquiry.questions[--inquiry.n_questions];
}

/* Each returns whether the question is to go on. */

static bool
write_answer(struct question *question)
{
	struct str rest =
	    str_from(buf_str(&question->answer), question->n_written);
	ssize_t n = send(question->fd, rest.p, rest.len, MSG_NOSIGNAL);

	if (n == -1)
		return errno == EAGAIN || errno == EINTR;
	question->n_written += (size_t)n;
	if (question->n_written < question->answer.len)
		return true;
	if (!question->is_cut)
		return false;
	question->step = STEP_LEAVE;
	return shutdown(question->fd, SHUT_WR) == 0;
}

static bool
give_answer(struct question *question, bool is_cut)
{
	question->is_cut = is_cut;
	inquiry.asker = question->asker;
	question->place->kind->answer(
	    buf_str(&question->request), is_cut, &question->answer);
	question->step = STEP_WRITE;
	return question->answer.len > 0 && write_answer(question);
}

static bool
read_question(struct question *question)
{
	const struct inquiry_kind *kind = question->place->kind;
	size_t room = kind->request_max - question->request.len;
	char bytes[READ_BYTES];
	ssize_t n =
	    recv(question->fd, bytes, room < READ_BYTES ? room : READ_BYTES, 0);

	if (n == -1)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0) /* who only looked whether we are there gets no answer */
		return question->request.len > 0 && give_answer(question, true);
	buf_add(&question->request, (struct str){ bytes, (size_t)n });
	if (kind->is_whole(buf_str(&question->request)))
		return give_answer(question, false);
	if (question->request.len < kind->request_max)
		return true;
	return give_answer(question, true);
}

static bool
leave(struct question *question)
{
	char bytes[READ_BYTES];
	ssize_t n = recv(question->fd, bytes, sizeof(bytes), 0);

	return n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR));
}

static bool
go_on(struct question *question)
{
	switch (question->step) {
	case STEP_READ:
		return read_question(question);
	case STEP_WRITE:
		return write_answer(question);
	case STEP_LEAVE:
		return leave(question);
	}
	return false;
}

static void
serve_questions(const struct pollfd *ready, int64_t now_us)
{
	/* Backwards, as one that ends is replaced by the last. */
	for (size_t i = inquiry.n_questions; i-- > 0;) {
		struct question *question = &inquiry.questions[i];

		if (now_us >= question->end_us) {
			log_debug("%s: a question took longer than %d ms",
			    question->place->kind->name, INQUIRY_TIMEOUT_MS);
			end_question(i);
		} else if (ready[i].revents != 0 && !go_on(question)) {
			end_question(i);
		}
	}
}

static void
serve_places(const struct pollfd *ready, int64_t now_us)
{
	for (size_t i = 0; i < inquiry.n_places; i++)
		if (ready[i].revents != 0)
			accept_one(&inquiry.places[i], now_us);
}

/* When there will be something to do without anybody's doing; 0: never. */
static int64_t
next_end_us(bool is_paused)
{
	int64_t end_us = is_paused ? inquiry.no_room_until_us : 0;

	for (size_t i = 0; i < inquiry.n_questions; i++)
		if (end_us == 0 || inquiry.questions[i].end_us < end_us)
			end_us = inquiry.questions[i].end_us;
	return end_us;
}

/* Those who ask too much on one socket take no room from another's. */
static bool
has_room(const struct place *place)
{
	return place->n_questions < INQUIRY_OPEN_MAX;
}

/* Questions first, then places. Returns how many. */
static size_t
gather(struct pollfd *ready, bool may_accept)
{
	size_t n = 0;

	for (size_t i = 0; i < inquiry.n_questions; i++) {
		const struct question *question = &inquiry.questions[i];

		ready[n++] = (struct pollfd){ .fd = question->fd,
			.events =
			    question->step == STEP_WRITE ? POLLOUT : POLLIN };
	}
	for (size_t i = 0; i < inquiry.n_places; i++) {
		const struct place *place = &inquiry.places[i];

		ready[n++] = (struct pollfd){
			.fd = may_accept && has_room(place) ? place->fd : -1,
			.events = POLLIN
		};
	}
	return n;
}

static void
serve_once(void)
{
	struct pollfd ready[QUESTIONS_MAX + INQUIRY_SOCKETS_MAX];
	int64_t now_us = clock_steady_us();
	bool is_paused = now_us < inquiry.no_room_until_us;
	size_t n_questions = inquiry.n_questions;
	int64_t end_us = next_end_us(is_paused), wait_ms = -1;
	size_t n = gather(ready, !is_paused);

	if (end_us != 0)
		wait_ms = end_us > now_us ? (end_us - now_us) / MS_US + 1 : 0;
	if (poll(ready, n, (int)wait_ms) == -1)
		return; /* EINTR: nothing was said about any of them */
	now_us = clock_steady_us();
	/* Whoever is accepted here is looked at in the next round. */
	serve_questions(ready, now_us);
	serve_places(ready + n_questions, now_us);
}

static void *
work(void *unused)
{
	for (;;)
		serve_once();
	return unused;
}

int
inquiry_start(void)
{
	if (inquiry.n_places == 0)
		return 0;
	return threads_start("inquiry", work, NULL);
}

void
inquiry_leave(void)
{
	for (size_t i = 0; i < inquiry.n_places; i++)
		listen_leave(&inquiry.places[i].listener);
}
