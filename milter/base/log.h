/*
 * log: one line for each thing that happened.
 *
 * Two kinds: sentences for people (log_info("…")) and events of keys and
 * values (log_event_*), written as key=value or as JSON. Every value that came
 * from outside is escaped: no byte of mail can end a line or begin a key.
 * Values are cut at 256 bytes. Any thread may log at any time; a line is one
 * write and never mixed with another. On standard error nobody waits for a log
 * that cannot be written: such lines are counted, and the log says so as soon
 * as it can.
 */
#ifndef SLUICE_BASE_LOG_H
#define SLUICE_BASE_LOG_H

#include "base/buf.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};
enum log_sink { LOG_SINK_STDERR, LOG_SINK_SYSLOG, LOG_SINK_NONE };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/*
 * Before threads start (until then: text on stderr, level info). program is
 * kept, not copied. Where standard error is systemd's journal, lines have a
 * priority before them in place of program and process. The level may be
 * changed later by log_set_level.
 */
void log_setup(const char *program, enum log_sink sink, enum log_format format,
    enum log_level level);
void log_set_level(enum log_level level);
/* Sees each sentence that is a warning or an error, whatever the level and the
 * sink are. Before threads start; it must not log. */
void log_set_watcher(void (*see)(enum log_level level, struct str text));
bool log_wants(enum log_level level);

/* Lines that were lost since the start. */
uint64_t log_n_lost(void);
/* Needs no memory: for a process that has none left. text: a literal, without
 * quotes. */
void log_last_words(const char *text);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * An event under construction; the owner calls log_event_write once, which
 * also frees it. Keys are literals of ours: [a-z_]+.
 */
struct log_event {
	struct buf line;
	enum log_format format;
};

void log_event_begin(struct log_event *event, const char *name);
/* word: printed bare when it is [A-Za-z0-9._:/+-]+, else as text is. */
void log_event_word(struct log_event *event, const char *key, struct str word);
/* text: always in quotes. */
void log_event_text(struct log_event *event, const char *key, struct str text);
void log_event_number(struct log_event *event, const char *key, int64_t number);
void log_event_decimal(struct log_event *event, const char *key, double number);
void log_event_write(struct log_event *event, enum log_level level);

/*
 * Appends s for terminals and text logs: what is no UTF-8, steers or cannot be
 * seen (glyph.h) is written as \xNN or \u{N}, quotes and backslashes have a
 * backslash before them. At most max bytes of s, then "..." if there was more.
 */
void log_escape(struct buf *out, struct str s, size_t max);
/* The same for the inside of a JSON string; wrong UTF-8 becomes U+FFFD. */
void log_escape_json(struct buf *out, struct str s, size_t max);

#endif
