/*
 * delay_proxy: passes bytes between clients and a server, the replies later
 * than they came: what a store on the network costs, to a tenth of a
 * millisecond. Kernels of test machines often have no netem.
 *
 *	delay_proxy LISTEN TARGET MICROSECONDS
 *
 * LISTEN and TARGET are paths of unix sockets, or ports of 127.0.0.1. SIGUSR1:
 * nothing passes any more, but connections stay open; SIGUSR2: it passes again.
 * Ends by SIGTERM, or with its parent.
 *
 * One thread; each connection is a pair of pipes, and a pipe is a ring of
 * chunks with the moment at which they are due.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAIRS_MAX   512
#define CHUNKS_MAX  64
#define CHUNK_BYTES 16384

struct chunk {
	int64_t due_ns;
	size_t at;
	size_t len;
	char bytes[CHUNK_BYTES];
};

struct pipe {
	struct chunk *chunks; /* CHUNKS_MAX, a ring */
	size_t head;
	size_t n;
	int64_t delay_ns;
	bool has_ended;
};

struct pair {
	int client;
	int server;
	struct pipe up;   /* to the server */
	struct pipe down; /* to the client */
};

static struct pair *pairs[PAIRS_MAX];
static size_t n_pairs;
static volatile sig_atomic_t is_frozen;

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static void
on_signal(int number)
{
	is_frozen = number == SIGUSR1;
}

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static socklen_t
address_of(const char *text, struct sockaddr_storage *address)
{
	struct sockaddr_un *path = (void *)address;
	struct sockaddr_in *port = (void *)address;

	memset(address, 0, sizeof(*address));
	if (strchr(text, '/') != NULL) {
		path->sun_family = AF_UNIX;
		snprintf(path->sun_path, sizeof(path->sun_path), "%s", text);
		return sizeof(*path);
	}
	port->sin_family = AF_INET;
	port->sin_port = htons((uint16_t)atoi(text));
	port->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(*port);
}

static int
open_socket(const struct sockaddr_storage *address)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd == -1)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int
listen_on(const char *text)
{
	struct sockaddr_storage address;
	socklen_t len = address_of(text, &address);
	int fd = open_socket(&address);

	if (address.ss_family == AF_UNIX)
		unlink(text);
	if (bind(fd, (struct sockaddr *)&address, len) == -1 ||
	    listen(fd, 128) == -1)
		fail(text);
	return fd;
}

static void
pipe_init(struct pipe *pipe, int64_t delay_ns)
{
	pipe->chunks = calloc(CHUNKS_MAX, sizeof(*pipe->chunks));
	if (pipe->chunks == NULL)
		fail("calloc");
	pipe->delay_ns = delay_ns;
}

static void
accept_pair(int listener, const char *target, int64_t delay_ns)
{
	struct sockaddr_storage address;
	socklen_t len = address_of(target, &address);
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC), on = 1;
	int server;
	struct pair *pair;

	if (client == -1)
		return;
	server = open_socket(&address);
	if (n_pairs == PAIRS_MAX ||
	    connect(server, (struct sockaddr *)&address, len) == -1) {
		close(client);
		close(server);
		return;
	}
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if ((pair = calloc(1, sizeof(*pair))) == NULL)
		fail("calloc");
	pair->client = client;
	pair->server = server;
	pipe_init(&pair->up, 0);
	pipe_init(&pair->down, delay_ns);
	pairs[n_pairs++] = pair;
}

static void
close_pair(size_t i)
{
	struct pair *pair = pairs[i];

	close(pair->client);
	close(pair->server);
	free(pair->up.chunks);
	free(pair->down.chunks);
	free(pair);
	pairs[i] = pairs[--n_pairs];
}

static void
take_in(struct pipe *pipe, int from)
{
	struct chunk *chunk;
	ssize_t n;

	if (pipe->n == CHUNKS_MAX || pipe->has_ended)
		return;
	chunk = &pipe->chunks[(pipe->head + pipe->n) % CHUNKS_MAX];
	n = recv(from, chunk->bytes, sizeof(chunk->bytes), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		pipe->has_ended = true;
		return;
	}
	chunk->at = 0;
	chunk->len = (size_t)n;
	chunk->due_ns = now_ns() + pipe->delay_ns;
	pipe->n++;
}

/* False: the other side is gone. */
static bool
let_out(struct pipe *pipe, int to)
{
	while (pipe->n > 0 && pipe->chunks[pipe->head].due_ns <= now_ns()) {
		struct chunk *chunk = &pipe->chunks[pipe->head];
		ssize_t n = send(to, chunk->bytes + chunk->at,
		    chunk->len - chunk->at, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n == -1)
			return errno == EAGAIN || errno == EINTR;
		chunk->at += (size_t)n;
		if (chunk->at < chunk->len)
			return true;
		pipe->head = (pipe->head + 1) % CHUNKS_MAX;
		pipe->n--;
	}
	return !pipe->has_ended || pipe->n > 0;
}

static void
serve(size_t i, const struct pollfd *fds)
{
	struct pair *pair = pairs[i];

	if (fds[0].revents != 0)
		take_in(&pair->up, pair->client);
	if (fds[1].revents != 0)
		take_in(&pair->down, pair->server);
	if (!let_out(&pair->up, pair->server) ||
	    !let_out(&pair->down, pair->client))
		close_pair(i);
}

/* When the next chunk is due; a second from now where none is. */
static int64_t
next_due(void)
{
	int64_t due_ns = now_ns() + INT64_C(1000000000);

	for (size_t i = 0; i < n_pairs; i++) {
		const struct pipe *pipes[] = { &pairs[i]->up, &pairs[i]->down };

		for (size_t j = 0; j < 2; j++)
			if (pipes[j]->n > 0 &&
			    pipes[j]->chunks[pipes[j]->head].due_ns < due_ns)
				due_ns =
				    pipes[j]->chunks[pipes[j]->head].due_ns;
	}
	return due_ns;
}

static void
wait_for_something(struct pollfd *fds, int listener)
{
	int64_t left_ns = next_due() - now_ns();
	struct timespec left = { 0, 0 };

	if (left_ns > 0) {
		left.tv_sec = left_ns / 1000000000;
		left.tv_nsec = left_ns % 1000000000;
	}
	fds[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	for (size_t i = 0; i < n_pairs; i++) {
		fds[1 + 2 * i] = (struct pollfd){ .fd = pairs[i]->client,
			.events = pairs[i]->up.has_ended ? 0 : POLLIN };
		fds[2 + 2 * i] = (struct pollfd){ .fd = pairs[i]->server,
			.events = pairs[i]->down.has_ended ? 0 : POLLIN };
	}
	if (ppoll(fds, 1 + 2 * n_pairs, &left, NULL) == -1)
		memset(fds, 0, (1 + 2 * n_pairs) * sizeof(*fds));
}

int
main(int argc, char **argv)
{
	static struct pollfd fds[1 + 2 * PAIRS_MAX];
	struct sigaction action = { .sa_handler = on_signal };
	int listener;

	if (argc != 4) {
		fprintf(stderr, "usage: delay_proxy LISTEN TARGET US\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_TIMERSLACK, 1UL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	listener = listen_on(argv[1]);
	for (;;) {
		size_t n = n_pairs;

		if (is_frozen) {
			nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
			continue;
		}
		wait_for_something(fds, listener);
		/* Backwards: closing moves the last into the gap. */
		while (n-- > 0)
			serve(n, &fds[1 + 2 * n]);
		if (fds[0].revents != 0)
			accept_pair(listener, argv[2], atol(argv[3]) * 1000);
	}
}
