/*
 * Sockets are ours, the parser is that of hiredis: so each wait ends by the
 * deadline, writing never raises SIGPIPE, and nothing depends on how a version
 * of hiredis connects.
 *
 * An answer that may take the whole time-out is waited for in recv itself (the
 * socket has that time-out): it is the common case, and one system call less
 * than poll and recv. All other waits are a poll with what is left.
 *
 * The trap is an answer that comes too late: the next question on the same
 * connection would get it. So nothing here is ever retried or drained; a
 * connection that failed once is only good for closing.
 */
#include "store/redis/conn.h"

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/redis/greet.h"
#include "store/redis/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define RECEIVE_BYTES   4096
#define SLACK_US        1000 /* of a deadline */
#define REPLY_BYTES_MAX ((size_t)64 * 1024 * 1024)

void
redis_fail(struct redis_failure *failure, enum redis_failure_kind kind,
    const char *format, ...)
{
	va_list args;

	failure->kind = kind;
	va_start(args, format);
	vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
}

/* 0 when fd is ready, -1 and *failure when the deadline is over. */
static int
wait_for(
    int fd, short events, int64_t deadline_us, struct redis_failure *failure)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	for (;;) {
		int64_t left_us = deadline_us - clock_steady_us();
		struct timespec left;
		int rc;

		if (left_us <= 0) {
			redis_fail(
			    failure, REDIS_FAILURE_LATE, "no answer in time");
			return -1;
		}
		left.tv_sec = left_us / 1000000;
		left.tv_nsec = left_us % 1000000 * 1000;
		rc = ppoll(&pollfd, 1, &left, NULL);
		if (rc > 0)
			return 0;
		if (rc == -1 && errno != EINTR) {
			redis_fail(failure, REDIS_FAILURE_LOST, "poll: %s",
			    strerror(errno));
			return -1;
		}
	}
}

static int
unix_address(
    const struct redis_target *target, struct redis_addresses *addresses_out)
{
	struct sockaddr_un *address = (void *)&addresses_out->items[0];

	if (strlen(target->host) >= sizeof(address->sun_path))
		return -1;
	memset(addresses_out, 0, sizeof(*addresses_out));
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, target->host);
	addresses_out->lens[0] = sizeof(*address);
	addresses_out->n = 1;
	return 0;
}

static int
ask_addresses(const struct redis_target *target, int flags,
    struct redis_addresses *addresses_out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = flags | AI_NUMERICSERV };
	struct redis_addresses found = { .n = 0 };
	struct addrinfo *list, *info;
	char port[16];

	if (target->is_unix)
		return unix_address(target, addresses_out);
	snprintf(port, sizeof(port), "%u", target->port);
	if (getaddrinfo(target->host, port, &hints, &list) != 0)
		return -1;
	for (info = list; info != NULL; info = info->ai_next) {
		if (found.n == REDIS_ADDRESSES_MAX)
			break;
		memcpy(&found.items[found.n], info->ai_addr, info->ai_addrlen);
		found.lens[found.n++] = info->ai_addrlen;
	}
	freeaddrinfo(list);
	if (found.n == 0)
		return -1;
	*addresses_out = found;
	return 0;
}

int
redis_addresses_of(
    const struct redis_target *target, struct redis_addresses *addresses_out)
{
	return ask_addresses(target, AI_NUMERICHOST, addresses_out);
}

int
redis_addresses_look_up(
    const struct redis_target *target, struct redis_addresses *addresses_out)
{
	return ask_addresses(target, 0, addresses_out);
}

bool
redis_addresses_eq(
    const struct redis_addresses *a, const struct redis_addresses *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->lens[i] != b->lens[i] ||
		    memcmp(&a->items[i], &b->items[i], a->lens[i]) != 0)
			return false;
	return true;
}

/* Only TCP knows these; a unix socket refuses them, and that is fine. */
static void
set_tcp_options(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

/* From now on recv waits, but not for longer than this. */
static int
set_blocking(int fd, int64_t timeout_us)
{
	struct timeval timeout = { .tv_sec = timeout_us / 1000000,
		.tv_usec = timeout_us % 1000000 };
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == -1)
		return -1;
	return setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
}

/* A connected socket or -1. */
static int
connect_to(const struct sockaddr_storage *address, socklen_t len,
    int64_t deadline_us, struct redis_failure *failure)
{
	int fd, error = 0;
	socklen_t error_len = sizeof(error);

	fd = socket(
	    address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		redis_fail(
		    failure, REDIS_FAILURE_LOST, "socket: %s", strerror(errno));
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)address, len) == -1)
		error = errno;
	if (error == EINPROGRESS) {
		if (wait_for(fd, POLLOUT, deadline_us, failure) == -1)
			goto failed;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
	}
	if (error != 0) {
		/* A full queue of a unix socket: there, but not answering. */
		redis_fail(failure,
		    error == EAGAIN ? REDIS_FAILURE_LATE
				    : REDIS_FAILURE_CONNECT,
		    "%s", strerror(error));
		goto failed;
	}
	set_tcp_options(fd);
	return fd;
failed:
	close(fd);
	return -1;
}

/* A command has dozens of these, and printf takes its time. */
static struct str
decimal(int64_t number, char text[24])
{
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	size_t at = 24;

	do {
		text[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		text[--at] = '-';
	return (struct str){ text + at, 24 - at };
}

static void
put_length(struct buf *out, char kind, size_t n)
{
	char text[24];

	buf_byte(out, kind);
	buf_add(out, decimal((int64_t)n, text));
	buf_add(out, STR("\r\n"));
}

void
redis_put_begin(struct buf *out, size_t n)
{
	put_length(out, '*', n);
}

void
redis_put_arg(struct buf *out, struct str arg)
{
	put_length(out, '$', arg.len);
	buf_add(out, arg);
	buf_add(out, STR("\r\n"));
}

void
redis_put_number(struct buf *out, int64_t number)
{
	char text[24];

	redis_put_arg(out, decimal(number, text));
}

int
redis_conn_send(
    struct redis_conn *conn, int64_t deadline_us, struct redis_failure *failure)
{
	struct str rest = buf_str(&conn->out);

	if (conn->tls != NULL) {
		if (redis_tls_send(conn->tls, rest, deadline_us, failure) == -1)
			return -1;
		rest.len = 0;
	}
	while (rest.len > 0) {
		ssize_t n = send(
		    conn->fd, rest.p, rest.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			rest = str_from(rest, (size_t)n);
		} else if (errno == EAGAIN) {
			if (wait_for(conn->fd, POLLOUT, deadline_us, failure))
				return -1;
		} else if (errno != EINTR) {
			redis_fail(
			    failure, REDIS_FAILURE_LOST, "%s", strerror(errno));
			return -1;
		}
	}
	buf_clear(&conn->out);
	return 0;
}

/* May recv wait by itself? It must not end (much) later than the deadline. */
static bool
has_whole_timeout(const struct redis_conn *conn, int64_t deadline_us)
{
	return conn->timeout_us > 0 &&
	       clock_steady_us() + conn->timeout_us <= deadline_us + SLACK_US;
}

/* Reads once what is there, after waiting for it. */
static int
receive_some(
    struct redis_conn *conn, int64_t deadline_us, struct redis_failure *failure)
{
	char bytes[RECEIVE_BYTES];
	ssize_t n;

	if (conn->tls != NULL)
		return redis_tls_receive(conn->tls, deadline_us, failure);
	do {
		int flags = MSG_DONTWAIT;

		if (has_whole_timeout(conn, deadline_us))
			flags = 0;
		else if (wait_for(conn->fd, POLLIN, deadline_us, failure) == -1)
			return -1;
		n = recv(conn->fd, bytes, sizeof(bytes), flags);
	} while (n == -1 && (errno == EAGAIN || errno == EINTR));
	if (n == -1) {
		redis_fail(failure, REDIS_FAILURE_LOST, "%s", strerror(errno));
		return -1;
	}
	if (n == 0) {
		redis_fail(
		    failure, REDIS_FAILURE_LOST, "connection was closed");
		return -1;
	}
	redisReaderFeed(conn->reader, bytes, (size_t)n);
	return 0;
}

struct redisReply *
redis_conn_receive(
    struct redis_conn *conn, int64_t deadline_us, struct redis_failure *failure)
{
	void *reply = NULL;

	for (;;) {
		if (redisReaderGetReply(conn->reader, &reply) != REDIS_OK ||
		    conn->reader->len > REPLY_BYTES_MAX) {
			redis_fail(failure, REDIS_FAILURE_GARBAGE,
			    "answer is not the Redis protocol");
			return NULL;
		}
		if (reply != NULL)
			return reply;
		if (receive_some(conn, deadline_us, failure) == -1)
			return NULL;
	}
}

bool
redis_conn_is_empty(const struct redis_conn *conn)
{
	return conn->reader->pos == conn->reader->len;
}

bool
redis_conn_is_quiet(const struct redis_conn *conn)
{
	char byte;

	return recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 &&
	       errno == EAGAIN;
}

/* The bytes go by themselves, or through TLS. 0, or -1 and *failure. */
static int
begin_stream(struct redis_conn *conn, int fd, const struct redis_target *target,
    int64_t deadline_us, struct redis_failure *failure)
{
	conn->fd = fd;
	if (target->tls == NULL) {
		if ((conn->reader = redisReaderCreate()) == NULL)
			abort();
		return 0;
	}
	conn->tls =
	    redis_tls_open(target->tls, fd, target->host, deadline_us, failure);
	if (conn->tls == NULL)
		return -1;
	conn->reader = redis_tls_reader(conn->tls);
	return 0;
}

struct redis_conn *
redis_conn_open(const struct redis_target *target,
    const struct redis_addresses *addresses, int64_t deadline_us,
    struct redis_failure *failure)
{
	struct redis_conn *conn;
	int fd = -1;

	redis_fail(
	    failure, REDIS_FAILURE_CONNECT, "%s is not known", target->host);
	for (size_t i = 0; i < addresses->n && fd == -1; i++)
		fd = connect_to(&addresses->items[i], addresses->lens[i],
		    deadline_us, failure);
	if (fd == -1)
		return NULL;
	conn = xcalloc(1, sizeof(*conn));
	if (begin_stream(conn, fd, target, deadline_us, failure) == -1) {
		free(conn);
		return NULL;
	}
	if (redis_greet(conn, target, deadline_us, failure) == -1) {
		redis_conn_close(conn);
		return NULL;
	}
	if (conn->tls == NULL && set_blocking(fd, target->timeout_us) == 0)
		conn->timeout_us = target->timeout_us;
	return conn;
}

void
redis_conn_close(struct redis_conn *conn)
{
	if (conn == NULL)
		return;
	if (conn->tls != NULL) {
		redis_tls_close(conn->tls);
	} else {
		close(conn->fd);
		redisReaderFree(conn->reader);
	}
	buf_done(&conn->out);
	free(conn->batch);
	free(conn);
}
