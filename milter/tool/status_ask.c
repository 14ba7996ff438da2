/*
 * A connection, a line, lines until the end. Who asks is a person whose daemon
 * may be in trouble, so when nobody answers the message says what to look at.
 */
#include "tool/status.h"

#include "base/clock.h"
#include "base/quantity.h"
#include "conf/endpoint_socket.h"
#include "daemon/life/control.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define ARENA_FIRST_BYTES ((size_t)16384)
#define ANSWER_MAX        ((size_t)1000000)
#define READ_BYTES        ((size_t)4096)

/* A descriptor, or -1 with errno. */
static int
reach(const struct endpoint *at)
{
	const struct timeval patience = { .tv_sec = STATUS_ROOM_MS / 1000 };
	struct endpoint_address address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int saved;

	if (fd == -1)
		return -1;
	endpoint_address(at, &address); /* it is a path: that cannot fail */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, &address.any, address.len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void
say_nobody(const struct conf *conf, int error)
{
	tool_error("no sluiced answers on %s: %s", conf->control.path,
	    error == EAGAIN ? "it takes too long" : strerror(error));
	if (error == EACCES)
		tool_error("only root, the daemon's user and its socket_group "
			   "may ask it");
	else
		tool_error("is it running (systemctl status sluice), and does "
			   "it read %s, too? If it could not open this "
			   "socket, its log says why",
		    conf->source.path);
}

/* 0, or -1 with errno. */
static int
exchange(int fd, const char *question, struct buf *answer)
{
	char bytes[READ_BYTES];
	ssize_t n;

	buf_printf(answer, "%s\n", question);
	n = send(fd, answer->p, answer->len, MSG_NOSIGNAL);
	if (n != (ssize_t)answer->len)
		return -1;
	buf_clear(answer);
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0 &&
	       answer->len < ANSWER_MAX)
		buf_add(answer, (struct str){ bytes, (size_t)n });
	return n == -1 ? -1 : 0;
}

/* As log_escape wrote it; what steers terminals stays \xNN. */
static struct str
unescaped(struct arena *arena, struct str text)
{
	char *copy = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char next = i + 1 < text.len ? text.p[i + 1] : '\0';

		if (text.p[i] == '\\' && (next == '"' || next == '\\'))
			i++;
		copy[len++] = text.p[i];
	}
	copy[len] = '\0';
	return (struct str){ copy, len };
}

static void
add_line(struct status_reply *reply, struct str line)
{
	struct str name = str_take(&line, ' ');

	reply->lines = arena_grow(
	    reply->arena, reply->lines, reply->n, sizeof(*reply->lines));
	reply->lines[reply->n++] = (struct status_line){
		.name = arena_str(reply->arena, name),
		.value = unescaped(reply->arena, line),
	};
}

static void
split(struct status_reply *reply, struct str text)
{
	while (text.len > 0)
		add_line(reply, str_take(&text, '\n'));
}

/* Is it all of an answer, in words that we know? */
static int
check_reply(const struct conf *conf, const struct status_reply *reply)
{
	size_t at = 0;
	const struct status_line *error = status_next(reply, "error", &at);

	if (reply->n < 2 || !str_is(reply->lines[0].name, "sluice") ||
	    !str_is(reply->lines[reply->n - 1].name, CONTROL_END)) {
		tool_error("what answers on %s is no sluiced, or one of "
			   "another version",
		    conf->control.path);
		return -1;
	}
	if (error == NULL)
		return 0;
	tool_error("sluiced says: %.*s", STR_ARG(error->value));
	return -1;
}

int
status_ask(struct tool *tool, const char *question, struct status_reply *reply)
{
	const struct conf *conf = tool_conf(tool);
	struct buf answer;
	int fd, rc = -1;

	*reply = (struct status_reply){ .arena = arena_new(ARENA_FIRST_BYTES) };
	if (conf == NULL)
		return -1;
	if (conf->control.text == NULL) {
		tool_error("%s says 'control = off': sluiced cannot be asked",
		    conf->source.path);
		return -1;
	}
	if ((fd = reach(&conf->control)) == -1) {
		say_nobody(conf, errno);
		return -1;
	}
	buf_init(&answer);
	if (exchange(fd, question, &answer) == -1) {
		say_nobody(conf, errno);
	} else {
		split(reply, buf_str(&answer));
		rc = check_reply(conf, reply);
	}
	buf_done(&answer);
	close(fd);
	return rc;
}

void
status_done(struct status_reply *reply)
{
	arena_free(reply->arena);
	*reply = (struct status_reply){ .arena = NULL };
}

const struct status_line *
status_next(const struct status_reply *reply, const char *name, size_t *at)
{
	while (*at < reply->n) {
		const struct status_line *line = &reply->lines[(*at)++];

		if (str_is(line->name, name))
			return line;
	}
	return NULL;
}

struct str
status_text(const struct status_reply *reply, const char *name)
{
	size_t at = 0;
	const struct status_line *line = status_next(reply, name, &at);

	return line != NULL ? line->value : STR("");
}

uint64_t
status_take_number(struct str *rest)
{
	struct str word = str_take(rest, ' ');
	uint64_t number = 0;

	if (number_parse(word, INT64_MAX, &number) == -1)
		return 0;
	return number;
}

uint64_t
status_number(const struct status_reply *reply, const char *name)
{
	struct str text = status_text(reply, name);

	return status_take_number(&text);
}
