/*
 * load: puts a filter under load, as an MTA with many connections would.
 *
 * One thread and epoll: filter and load share the machine, so what this
 * program spends is missing there. A reply costs it one recv and one send.
 * A connection that is over is followed by another at once, so there are
 * always as many as were asked for. Every first connection of a slot waits
 * after its farewell for the filter to close: a reply too many shows then.
 */
#include "dialogue.h"
#include "mail.h"
#include "options.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	REPLY_WAIT_SEC = 30, /* Postfix's milter_command_timeout */
	OPENING_MAX = 20,    /* connections that an idle run opens at a time */
	EVENTS_MAX = 64,
};

struct slot {
	struct dialogue dialogue;
	int fd;           /* -1: closed */
	bool has_blocked; /* epoll waits for room to write */
	bool was_checked; /* the first connection ended well */
	size_t n_sent;    /* of out */
	int64_t since_ns; /* of the last progress */
	size_t n_in;
	char in[WIRE_PACKET_MAX + 4];
};

struct load {
	struct options options;
	struct plan plan;
	struct sockaddr_storage address;
	socklen_t address_size;
	int epoll;
	struct slot **slots;
	unsigned n_slots;
	unsigned n_used; /* slots that were opened once */
	unsigned n_open;
	unsigned n_held;
	struct tally counted;
	struct tally ignored; /* before and after the time of measuring */
	double cpu_sec;       /* when measuring began; then: used meanwhile */
	int64_t start_ns;
	int64_t begin_ns;
	int64_t end_ns; /* when measuring ended; 0: it goes on */
};

static _Noreturn void __attribute__((format(printf, 1, 2)))
fail(const char *format, ...)
{
	va_list args;

	fputs("load: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static double
cpu_sec(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
set_unix_address(struct load *load, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(un.sun_path))
		fail("%s: too long for a unix socket", path);
	strcpy(un.sun_path, path);
	memcpy(&load->address, &un, sizeof(un));
	load->address_size = sizeof(un);
}

/* port_at_host: "8893@127.0.0.1" */
static void
set_inet_address(struct load *load, const char *port_at_host)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char *port = strdup(port_at_host);
	char *host = port == NULL ? NULL : strchr(port, '@');

	if (host == NULL)
		fail("%s: want PORT@HOST", port_at_host);
	*host++ = '\0';
	if (getaddrinfo(host, port, &hints, &found) != 0)
		fail("%s: no such host or port", port_at_host);
	memcpy(&load->address, found->ai_addr, found->ai_addrlen);
	load->address_size = found->ai_addrlen;
	freeaddrinfo(found);
	free(port);
}

static void
set_address(struct load *load, const char *name)
{
	if (strncmp(name, "unix:", 5) == 0)
		set_unix_address(load, name + 5);
	else if (strncmp(name, "inet:", 5) == 0)
		set_inet_address(load, name + 5);
	else if (strncmp(name, "inet6:", 6) == 0)
		set_inet_address(load, name + 6);
	else
		fail("%s: want unix:PATH or inet:PORT@HOST", name);
}

static int
connect_filter(const struct load *load)
{
	int family = load->address.ss_family;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr *address = (const void *)&load->address;
	int on = 1;

	if (fd == -1 || connect(fd, address, load->address_size) == -1)
		fail("%s: %s", load->options.socket, strerror(errno));
	if (family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void
watch(struct load *load, struct slot *slot, int how, bool has_blocked)
{
	struct epoll_event event = {
		.events = EPOLLIN | (has_blocked ? (uint32_t)EPOLLOUT : 0),
		.data.ptr = slot,
	};

	slot->has_blocked = has_blocked;
	if (epoll_ctl(load->epoll, how, slot->fd, &event) == -1)
		fail("epoll_ctl: %s", strerror(errno));
}

/* Sends what is due; the rest goes when there is room. */
static void
flush_slot(struct load *load, struct slot *slot)
{
	struct packets *out = &slot->dialogue.out;

	while (slot->n_sent < out->size) {
		size_t n_first = slot->dialogue.n_first;
		size_t end = slot->n_sent < n_first ? n_first : out->size;
		ssize_t n = send(slot->fd, out->bytes + slot->n_sent,
		    end - slot->n_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n == -1 && errno == EAGAIN)
			break;
		if (n == -1)
			fail("cannot send at %s: %s",
			    dialogue_step(&slot->dialogue), strerror(errno));
		slot->n_sent += (size_t)n;
	}
	if (slot->has_blocked != (slot->n_sent < out->size))
		watch(load, slot, EPOLL_CTL_MOD, !slot->has_blocked);
	if (slot->n_sent == out->size)
		slot->n_sent = slot->dialogue.n_first = out->size = 0;
}

static void
open_slot(struct load *load, struct slot *slot)
{
	int64_t now_ns = tally_now();

	slot->fd = connect_filter(load);
	slot->n_in = 0;
	slot->n_sent = 0;
	slot->since_ns = now_ns;
	load->n_open++;
	dialogue_begin(&slot->dialogue, now_ns);
	watch(load, slot, EPOLL_CTL_ADD, false);
	flush_slot(load, slot);
}

static void
open_next_slot(struct load *load)
{
	struct slot *slot;

	if (load->n_used == load->n_slots)
		return;
	slot = calloc(1, sizeof(*slot));
	if (slot == NULL)
		fail("out of memory");
	slot->dialogue.plan = &load->plan;
	load->slots[load->n_used++] = slot;
	open_slot(load, slot);
}

static bool
has_more_sessions(const struct load *load)
{
	unsigned n_sessions = load->options.n_sessions;

	return !load->plan.is_stopping && !load->plan.is_held &&
	       (n_sessions == 0 || load->plan.n_started < n_sessions);
}

static void
close_slot(struct load *load, struct slot *slot)
{
	close(slot->fd);
	slot->fd = -1;
	slot->was_checked = true;
	load->n_open--;
	if (has_more_sessions(load))
		open_slot(load, slot);
}

/* Closes when the dialogue is over and its last words are out. */
static void
settle_slot(struct load *load, struct slot *slot)
{
	bool has_unsent = slot->dialogue.out.size > 0;

	switch (slot->dialogue.state) {
	case DIALOGUE_WAITS:
	case DIALOGUE_HELD:
		return;
	case DIALOGUE_QUIT:
		if (slot->was_checked && !has_unsent)
			close_slot(load, slot);
		return;
	case DIALOGUE_CUT:
		close_slot(load, slot);
		return;
	}
}

static void
note_held(struct load *load)
{
	if (++load->n_held == load->n_slots) {
		printf("idle %u\n", load->n_held);
		fflush(stdout);
	}
	open_next_slot(load);
}

/* What came, packet by packet. */
static void
take_packets(struct load *load, struct slot *slot)
{
	struct dialogue *dialogue = &slot->dialogue;
	struct packet packet;
	size_t n_taken = 0;
	size_t n_used;
	enum wire_found found;

	while ((found = wire_find(slot->in + n_taken, slot->n_in - n_taken,
		    &packet, &n_used)) == WIRE_PACKET) {
		if (dialogue_take(dialogue, &packet) == -1)
			fail("%s at %s: %s ('%c', %zu bytes)",
			    load->options.socket, dialogue_step(dialogue),
			    dialogue->error, packet.kind, packet.size);
		n_taken += n_used;
	}
	if (found == WIRE_BROKEN)
		fail("%s at %s: an impossible length", load->options.socket,
		    dialogue_step(dialogue));
	slot->n_in -= n_taken;
	memmove(slot->in, slot->in + n_taken, slot->n_in);
}

static void
read_slot(struct load *load, struct slot *slot)
{
	struct dialogue *dialogue = &slot->dialogue;
	enum dialogue_state before = dialogue->state;
	ssize_t n = recv(slot->fd, slot->in + slot->n_in,
	    sizeof(slot->in) - slot->n_in, MSG_DONTWAIT);

	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0 && dialogue->state == DIALOGUE_QUIT && slot->n_in == 0) {
		close_slot(load, slot);
		return;
	}
	if (n <= 0)
		fail("%s closed the connection at %s", load->options.socket,
		    before == DIALOGUE_HELD ? "rest" : dialogue_step(dialogue));
	slot->n_in += (size_t)n;
	slot->since_ns = tally_now();
	take_packets(load, slot);
	flush_slot(load, slot);
	if (before == DIALOGUE_WAITS && dialogue->state == DIALOGUE_HELD)
		note_held(load);
	settle_slot(load, slot);
}

static void
stop(struct load *load)
{
	load->plan.is_stopping = true;
	for (unsigned i = 0; i < load->n_used; i++) {
		struct slot *slot = load->slots[i];

		if (slot->fd == -1 || slot->dialogue.state != DIALOGUE_HELD)
			continue;
		dialogue_quit(&slot->dialogue);
		slot->since_ns = tally_now();
		flush_slot(load, slot);
		settle_slot(load, slot);
	}
}

/* Its end ends an idle run. */
static void
read_stdin(struct load *load)
{
	char bytes[512];

	if (read(STDIN_FILENO, bytes, sizeof(bytes)) > 0)
		return;
	epoll_ctl(load->epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
	stop(load);
}

static void
end_measuring(struct load *load, int64_t now_ns)
{
	load->end_ns = now_ns;
	load->cpu_sec = cpu_sec() - load->cpu_sec;
	load->plan.tally = &load->ignored;
}

static void
begin_measuring(struct load *load, int64_t now_ns)
{
	load->begin_ns = now_ns;
	load->cpu_sec = cpu_sec();
	load->plan.tally = &load->counted;
}

static void
check_silence(const struct load *load, int64_t now_ns)
{
	const int64_t wait_ns = (int64_t)REPLY_WAIT_SEC * 1000000000;

	for (unsigned i = 0; i < load->n_used; i++) {
		const struct slot *slot = load->slots[i];

		if (slot->fd != -1 && slot->dialogue.state != DIALOGUE_HELD &&
		    now_ns - slot->since_ns > wait_ns)
			fail("%s: no reply in %d s at %s", load->options.socket,
			    REPLY_WAIT_SEC, dialogue_step(&slot->dialogue));
	}
}

/* Begins and ends what has its time. */
static void
look_at_clock(struct load *load)
{
	const struct options *options = &load->options;
	int64_t now_ns = tally_now();
	int64_t run_sec = (now_ns - load->start_ns) / 1000000000;
	bool has_end = options->n_sessions == 0 && options->n_idle == 0;

	if (run_sec > options->limit_sec)
		fail("the run took longer than %u s", options->limit_sec);
	if (load->begin_ns == 0 && run_sec >= options->warm_up_sec)
		begin_measuring(load, now_ns);
	if (load->begin_ns != 0 && load->end_ns == 0 && has_end &&
	    now_ns - load->begin_ns >= (int64_t)options->seconds * 1000000000) {
		end_measuring(load, now_ns);
		stop(load);
	}
	check_silence(load, now_ns);
}

static void
serve_events(struct load *load)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(load->epoll, events, EVENTS_MAX, 20);

	if (n == -1 && errno != EINTR)
		fail("epoll_wait: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		struct slot *slot = events[i].data.ptr;

		if (slot == NULL) {
			read_stdin(load);
			continue;
		}
		if ((events[i].events & EPOLLOUT) != 0) {
			flush_slot(load, slot);
			settle_slot(load, slot);
		}
		if (slot->fd != -1 &&
		    (events[i].events & ~(uint32_t)EPOLLOUT) != 0)
			read_slot(load, slot);
	}
}

static void
watch_stdin(struct load *load)
{
	struct epoll_event event = { .events = EPOLLIN };

	/* Files cannot be watched: the same as if it had been closed. */
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == -1)
		load->plan.is_stopping = true;
}

static void
run(struct load *load)
{
	unsigned n_first = load->n_slots;

	if (load->plan.is_held && n_first > OPENING_MAX)
		n_first = OPENING_MAX;
	load->start_ns = tally_now();
	if (load->plan.is_held)
		watch_stdin(load);
	for (unsigned i = 0; i < n_first; i++)
		open_next_slot(load);
	do {
		look_at_clock(load);
		serve_events(load);
	} while (load->n_open > 0);
	if (load->end_ns == 0)
		end_measuring(load, tally_now());
}

static void
set_plan(struct load *load)
{
	static const char line[] = "The quick brown fox jumps over the lazy "
				   "dog and writes home about it.\r\n";
	const struct options *options = &load->options;
	size_t size = sizeof(line) - 1;
	char *body = malloc(options->body_bytes + size);

	if (body == NULL)
		fail("out of memory");
	for (size_t i = 0; i < options->body_bytes; i += size)
		memcpy(body + i, line, size);
	load->plan = (struct plan){
		.n_messages = options->n_messages,
		.n_rcpts = options->n_rcpts,
		.n_headers = options->n_headers,
		.n_keys = options->n_keys,
		.n_body_bytes = options->body_bytes,
		.body = body,
		.daemon_name = options->daemon_name,
		.is_authenticated = options->is_authenticated,
		.is_held = options->n_idle > 0,
		.tally = &load->ignored,
	};
}

/* A mail of the user's in place of the one that is made up. */
static void
set_mail(struct load *load)
{
	const char *path = load->options.mail;
	struct mail mail;

	if (path == NULL)
		return;
	if (mail_read(path, &mail) == -1)
		fail("%s: %s", path,
		    errno != 0 ? strerror(errno) : "no empty line in it");
	load->plan.body = mail.body;
	load->plan.n_body_bytes = mail.n_body_bytes;
	load->plan.content_type = mail.content_type;
}

static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
main(int argc, char **argv)
{
	static struct load load;
	const struct options *options = &load.options;
	enum options_outcome outcome = options_read(argc, argv, &load.options);

	if (outcome != OPTIONS_FINE)
		return outcome == OPTIONS_HELP ? 0 : 2;
	raise_file_limit();
	set_address(&load, options->socket);
	set_plan(&load);
	set_mail(&load);
	load.n_slots =
	    options->n_idle > 0 ? options->n_idle : options->n_connections;
	load.slots = calloc(load.n_slots, sizeof(struct slot *));
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load.slots == NULL || load.epoll == -1)
		fail("cannot begin: %s", strerror(errno));
	run(&load);
	tally_report(&load.counted, (double)(load.end_ns - load.begin_ns) / 1e9,
	    load.cpu_sec, stdout);
	return EXIT_SUCCESS;
}
