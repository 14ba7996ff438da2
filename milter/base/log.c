/*
 * The line is built in memory and given away by one write, so lines of
 * different threads never mix. Nothing here takes a lock.
 *
 * The trap is the log that nobody takes: a full disk, a reader that hangs. A
 * line is then lost and counted, mail goes on, and the first line that gets
 * through is the one that says how many are missing, and why.
 */
#include "base/log.h"

#include "base/glyph.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#define LOG_VALUE_MAX    256
#define LOG_SENTENCE_MAX 4096
#define LOG_HEAD_MAX     64
#define LOG_LINE_USUAL   512
#define LOG_LAST_MAX     256
#define LOG_WAIT_MS      100 /* for a reader that is slow, once */

static const char *log_program = "sluice";
static enum log_sink log_to = LOG_SINK_STDERR;
static enum log_format log_as = LOG_FORMAT_TEXT;
static bool is_journal; /* standard error leads there */
static atomic_int log_max_level = LOG_LEVEL_INFO;
static void (*log_watcher)(enum log_level level, struct str text);

/* Lines that nobody took: all of them, and those not yet told of. */
static atomic_uint_fast64_t n_lost;
static atomic_uint_fast64_t n_untold;
static atomic_int lost_errno;  /* why, the last time */
static atomic_bool is_cut_off; /* half a line stands there without its end */

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

/* systemd names the stream that it made, so that a redirection is noticed. */
static bool
leads_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(own, stream) == 0;
}

void
log_setup(const char *program, enum log_sink sink, enum log_format format,
    enum log_level level)
{
	log_program = program;
	log_to = sink;
	log_as = format;
	is_journal = sink == LOG_SINK_STDERR && leads_to_journal();
	log_set_level(level);
	if (sink == LOG_SINK_SYSLOG)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void
log_set_level(enum log_level level)
{
	atomic_store(&log_max_level, (int)level);
}

void
log_set_watcher(void (*see)(enum log_level level, struct str text))
{
	log_watcher = see;
}

bool
log_wants(enum log_level level)
{
	return log_to != LOG_SINK_NONE &&
	       (int)level <= atomic_load(&log_max_level);
}

/* Will a write go on at once? A reader that hangs is waited for only once: as
 * long as lines are lost the next ones wait no more. */
static bool
is_writable(void)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };
	int n;

	do
		n = poll(&fd, 1, atomic_load(&n_untold) > 0 ? 0 : LOG_WAIT_MS);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		errno = EAGAIN;
	return n > 0;
}

/* What a pipe did not take at once. */
static int
write_rest(struct str line, size_t n_written)
{
	line = str_from(line, n_written);
	while (line.len > 0) {
		ssize_t n;

		if (!is_writable())
			return -1;
		n = write(STDERR_FILENO, line.p, line.len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		line = str_from(line, (size_t)n);
	}
	return 0;
}

/* All of it at once as a rule. 0, or -1 with errno: something is missing. */
static int
write_parts(const struct str parts[3])
{
	struct iovec vector[3];
	size_t written;
	ssize_t n;

	for (size_t i = 0; i < 3; i++)
		vector[i] = (struct iovec){ (char *)(uintptr_t)parts[i].p,
			parts[i].len };
	if (!is_writable())
		return -1;
	do
		n = writev(STDERR_FILENO, vector, 3);
	while (n == -1 && errno == EINTR);
	if (n < 0)
		return -1;
	written = (size_t)n;
	for (size_t i = 0; i < 3; i++) {
		size_t here = written < parts[i].len ? written : parts[i].len;

		written -= here;
		if (write_rest(parts[i], here) == 0)
			continue;
		atomic_store(&is_cut_off, n > 0);
		return -1;
	}
	return 0;
}

/* Head, line and newline in one write, so that lines never mix. The journal
 * knows the program, and takes "<4>" for a warning (sd-daemon(3)). */
static int
write_stderr(enum log_level level, struct str line)
{
	char head[LOG_HEAD_MAX] = "";
	/* What was left of a line that was cut off gets its end first. */
	const char *start = atomic_exchange(&is_cut_off, false) ? "\n" : "";

	if (is_journal)
		snprintf(head, sizeof(head), "%s<%d>", start,
		    level_priorities[level]);
	else if (log_as == LOG_FORMAT_TEXT)
		snprintf(head, sizeof(head), "%s%s[%d]: ", start, log_program,
		    (int)getpid());
	else
		snprintf(head, sizeof(head), "%s", start);
	return write_parts(
	    (const struct str[]){ str_of(head), line, STR("\n") });
}

/* As soon as it can be said. */
static void
tell_lost(void)
{
	uint_fast64_t n = atomic_exchange(&n_untold, 0);
	int error = atomic_load(&lost_errno);
	const char *why =
	    error == EAGAIN ? "nobody reads them" : strerror(error);
	char text[LOG_LAST_MAX];

	if (n == 0)
		return;
	snprintf(text, sizeof(text),
	    log_as == LOG_FORMAT_JSON
		? "{\"event\":\"message\",\"level\":\"error\","
		  "\"text\":\"%llu lines of this log were lost: %s\"}"
		: "error: %llu lines of this log were lost: %s",
	    (unsigned long long)n, why);
	if (write_stderr(LOG_LEVEL_ERROR, str_of(text)) == -1)
		atomic_fetch_add(&n_untold, n);
}

static void
give_to_stderr(enum log_level level, struct str line)
{
	if (atomic_load(&n_untold) > 0)
		tell_lost();
	/* A gap comes before its explanation, never behind. */
	if (atomic_load(&n_untold) == 0 && write_stderr(level, line) == 0)
		return;
	if (atomic_load(&n_untold) == 0)
		atomic_store(&lost_errno, errno);
	atomic_fetch_add(&n_lost, 1);
	atomic_fetch_add(&n_untold, 1);
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
		give_to_stderr(level, line);
		return;
	}
}

uint64_t
log_n_lost(void)
{
	return atomic_load(&n_lost);
}

/* From what stands on the stack only. (glibc's syslog has a way of its own to
 * be out of memory.) */
void
log_last_words(const char *text)
{
	char line[LOG_LAST_MAX];

	snprintf(line, sizeof(line),
	    log_as == LOG_FORMAT_JSON
		? "{\"event\":\"message\",\"level\":\"error\",\"text\":\"%s\"}"
		: "error: %s",
	    text);
	write_line(LOG_LEVEL_ERROR, str_of(line));
}

void
log_escape(struct buf *out, struct str s, size_t max)
{
	size_t at = 0;

	while (at < s.len && at < max) {
		struct str rest = str_from(s, at);
		struct glyph glyph = glyph_at(rest);

		if (glyph.code == '"' || glyph.code == '\\')
			buf_byte(out, '\\');
		glyph_add(out, rest, glyph);
		at += glyph.len;
	}
	if (at < s.len)
		buf_add_cstr(out, "...");
}

void
log_escape_json(struct buf *out, struct str s, size_t max)
{
	size_t at = 0;

	while (at < s.len && at < max) {
		struct str rest = str_from(s, at);
		struct glyph glyph = glyph_at(rest);

		glyph_add_json(out, rest, glyph);
		at += glyph.len;
	}
	if (at < s.len)
		buf_add_cstr(out, "...");
}

/* Sentences have quotes of their own, and values that were escaped already. */
static void
add_sentence(struct buf *line, struct str text)
{
	while (text.len > 0) {
		struct glyph glyph = glyph_at(text);

		glyph_add(line, text, glyph);
		text = str_from(text, glyph.len);
	}
}

__attribute__((format(printf, 2, 0))) static void
write_sentence(enum log_level level, const char *format, va_list args)
{
	char sentence[LOG_SENTENCE_MAX];
	bool is_watched = log_watcher != NULL && level <= LOG_LEVEL_WARNING;
	struct buf line;
	struct str text;

	if (!is_watched && !log_wants(level))
		return;
	vsnprintf(sentence, sizeof(sentence), format, args);
	text = str_of(sentence);
	if (is_watched)
		log_watcher(level, text);
	if (!log_wants(level))
		return;
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
