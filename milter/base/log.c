/*
 * The line is built in memory and given away by one write, so lines of
 * different threads never mix. Nothing here takes a lock.
 */
#include "base/log.h"

#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#define LOG_VALUE_MAX    256
#define LOG_SENTENCE_MAX 4096
#define LOG_HEAD_MAX     64
#define LOG_LINE_USUAL   512

static const char *log_program = "sluice";
static enum log_sink log_to = LOG_SINK_STDERR;
static enum log_format log_as = LOG_FORMAT_TEXT;
static atomic_int log_max_level = LOG_LEVEL_INFO;

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static const int level_priorities[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

void
log_setup(const char *program, enum log_sink sink, enum log_format format,
    enum log_level level)
{
	log_program = program;
	log_to = sink;
	log_as = format;
	log_set_level(level);
	if (sink == LOG_SINK_SYSLOG)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void
log_set_level(enum log_level level)
{
	atomic_store(&log_max_level, (int)level);
}

bool
log_wants(enum log_level level)
{
	return log_to != LOG_SINK_NONE &&
	       (int)level <= atomic_load(&log_max_level);
}

/* What a pipe did not take at once. */
static void
write_rest(struct str line, size_t n_written)
{
	line = str_from(line, n_written);
	while (line.len > 0) {
		ssize_t n = write(STDERR_FILENO, line.p, line.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody reads: mail goes on */
		line = str_from(line, (size_t)n);
	}
}

/* Head, line and newline in one write, so that lines never mix. */
static void
write_stderr(struct str line)
{
	char head[LOG_HEAD_MAX] = "";
	char newline[] = "\n";
	struct iovec parts[3] = { { head, 0 },
		{ (char *)(uintptr_t)line.p, line.len }, { newline, 1 } };
	size_t written;
	ssize_t n;

	if (log_as == LOG_FORMAT_TEXT)
		snprintf(
		    head, sizeof(head), "%s[%d]: ", log_program, (int)getpid());
	parts[0].iov_len = strlen(head);
	do
		n = writev(STDERR_FILENO, parts, 3);
	while (n == -1 && errno == EINTR);
	if (n < 0)
		return;
	written = (size_t)n;
	if (written < parts[0].iov_len) /* hardly ever: all of it is short */
		return;
	if (written < parts[0].iov_len + line.len)
		write_rest(line, written - parts[0].iov_len);
	if (written < parts[0].iov_len + line.len + 1)
		write_rest(STR("\n"), 0);
}

/* line: without head and newline. */
static void
write_line(enum log_level level, struct str line)
{
	switch (log_to) {
	case LOG_SINK_NONE:
		return;
	case LOG_SINK_SYSLOG:
		syslog(level_priorities[level], "%.*s", STR_ARG(line));
		return;
	case LOG_SINK_STDERR:
		write_stderr(line);
		return;
	}
}

void
log_escape(struct buf *out, struct str s, size_t max)
{
	size_t at = 0, len;

	while (at < s.len && at < max) {
		struct str rest = str_from(s, at);
		unsigned char c = (unsigned char)s.p[at];

		len = utf8_sequence(rest);
		/* C1 controls (U+0080 to U+009F) steer terminals, too. */
		if (len == 0 || c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)s.p[at + 1] < 0xa0)) {
			buf_printf(out, "\\x%02x", c);
			len = 1;
		} else {
			if (c == '"' || c == '\\')
				buf_byte(out, '\\');
			buf_add(out, str_sub(rest, 0, len));
		}
		at += len;
	}
	if (at < s.len)
		buf_add_cstr(out, "...");
}

void
log_escape_json(struct buf *out, struct str s, size_t max)
{
	size_t at = 0, len;

	while (at < s.len && at < max) {
		struct str rest = str_from(s, at);
		unsigned char c = (unsigned char)s.p[at];

		if ((len = utf8_sequence(rest)) == 0) {
			buf_add_cstr(out, "\xef\xbf\xbd");
			len = 1;
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(out, "\\u%04x", c);
		} else {
			if (c == '"' || c == '\\')
				buf_byte(out, '\\');
			buf_add(out, str_sub(rest, 0, len));
		}
		at += len;
	}
	if (at < s.len)
		buf_add_cstr(out, "...");
}

/* Sentences have quotes of their own, so only what ends a line is escaped. */
static void
add_sentence(struct buf *line, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c < 0x20 || c == 0x7f)
			buf_printf(line, "\\x%02x", c);
		else
			buf_byte(line, text.p[i]);
	}
}

__attribute__((format(printf, 2, 0))) static void
write_sentence(enum log_level level, const char *format, va_list args)
{
	char sentence[LOG_SENTENCE_MAX];
	struct buf line;
	struct str text;

	if (!log_wants(level))
		return;
	vsnprintf(sentence, sizeof(sentence), format, args);
	text = str_of(sentence);
	buf_init(&line);
	if (log_as == LOG_FORMAT_JSON) {
		buf_printf(&line,
		    "{\"event\":\"message\",\"level\":\"%s\","
		    "\"text\":\"",
		    level_names[level]);
		log_escape_json(&line, text, text.len);
		buf_add_cstr(&line, "\"}");
	} else {
		if (level == LOG_LEVEL_ERROR || level == LOG_LEVEL_WARNING)
			buf_printf(&line, "%s: ", level_names[level]);
		add_sentence(&line, text);
	}
	write_line(level, buf_str(&line));
	buf_done(&line);
}

#define DEFINE_SENTENCE(function, level)                                       \
	void function(const char *format, ...)                                 \
	{                                                                      \
		va_list args;                                                  \
                                                                               \
		va_start(args, format);                                        \
		write_sentence(level, format, args);                           \
		va_end(args);                                                  \
	}

DEFINE_SENTENCE(log_error, LOG_LEVEL_ERROR)
DEFINE_SENTENCE(log_warning, LOG_LEVEL_WARNING)
DEFINE_SENTENCE(log_info, LOG_LEVEL_INFO)
DEFINE_SENTENCE(log_debug, LOG_LEVEL_DEBUG)

void
log_event_begin(struct log_event *event, const char *name)
{
	buf_init(&event->line);
	buf_reserve(&event->line, LOG_LINE_USUAL);
	event->format = log_as;
	if (event->format == LOG_FORMAT_JSON)
		buf_printf(&event->line, "{\"event\":\"%s\"", name);
	else
		buf_add_cstr(&event->line, name);
}

static void
add_key(struct log_event *event, const char *key)
{
	if (event->format == LOG_FORMAT_JSON)
		buf_printf(&event->line, ",\"%s\":", key);
	else
		buf_printf(&event->line, " %s=", key);
}

static bool
is_word(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.p[i]) &&
		    str_find(STR("._:/+-"), s.p[i]) < 0)
			return false;
	return s.len > 0 && s.len <= LOG_VALUE_MAX;
}

void
log_event_word(struct log_event *event, const char *key, struct str word)
{
	if (event->format == LOG_FORMAT_JSON || !is_word(word)) {
		log_event_text(event, key, word);
		return;
	}
	add_key(event, key);
	buf_add(&event->line, word);
}

void
log_event_text(struct log_event *event, const char *key, struct str text)
{
	add_key(event, key);
	buf_byte(&event->line, '"');
	if (event->format == LOG_FORMAT_JSON)
		log_escape_json(&event->line, text, LOG_VALUE_MAX);
	else
		log_escape(&event->line, text, LOG_VALUE_MAX);
	buf_byte(&event->line, '"');
}

void
log_event_number(struct log_event *event, const char *key, int64_t number)
{
	add_key(event, key);
	buf_printf(&event->line, "%lld", (long long)number);
}

void
log_event_decimal(struct log_event *event, const char *key, double number)
{
	add_key(event, key);
	buf_printf(&event->line, "%.1f", number);
}

void
log_event_write(struct log_event *event, enum log_level level)
{
	if (event->format == LOG_FORMAT_JSON)
		buf_byte(&event->line, '}');
	if (log_wants(level))
		write_line(level, buf_str(&event->line));
	buf_done(&event->line);
}
