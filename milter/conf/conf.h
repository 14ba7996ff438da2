/*
 * conf: sluice.conf, which both programs read.
 *
 * `name = value`, one a line; `#` at the start of a line or after a blank
 * begins a comment; a value with blanks or `#` stands in "double quotes", in
 * which \" and \\ mean themselves. All names, defaults and bounds are in one
 * table (conf_options).
 */
#ifndef SLUICE_CONF_CONF_H
#define SLUICE_CONF_CONF_H

#include "base/log.h"
#include "conf/endpoint.h"
#include "rules/diag.h"

#ifndef CONF_DEFAULT_PATH /* the build may say otherwise: SYSCONFDIR */
#define CONF_DEFAULT_PATH "/etc/sluice/sluice.conf"
#endif
#define CONF_DEFAULT_CONTROL "/run/sluice/control.sock"
#define CONF_FILE_MAX_BYTES  ((size_t)100000)
#define CONF_PATTERNS_MAX    32
#define CONF_OPTIONS_MAX     32
#define CONF_HOST_MAX        64

enum conf_mode { CONF_MODE_ENFORCE, CONF_MODE_OBSERVE };

struct conf_patterns {
	const char *items[CONF_PATTERNS_MAX]; /* joined to the folder */
	size_t n;
};

/* Read-only once it was loaded. Strings live as long as it. */
struct conf {
	struct arena *arena;
	struct source source; /* path "" if there is no file */
	const char *folder;   /* of the file; "." if there is none */
	/* By option: where the value stands, and what was written there. */
	struct pos positions[CONF_OPTIONS_MAX];
	const char *written[CONF_OPTIONS_MAX]; /* NULL: the default */

	struct endpoint listen;
	uint32_t socket_mode;
	const char *socket_group; /* NULL: as it comes */
	const char *store;
	uint32_t store_timeout_ms;
	uint32_t store_connections;
	const char *store_prefix;
	const char *store_password_file; /* NULL: none */
	struct conf_patterns rules;
	int mode;                /* enum conf_mode */
	const char *on_outage;   /* as rules_options wants it */
	const char *timezone;    /* NULL: the system's */
	const char *sasl_domain; /* NULL: none */
	int log;                 /* enum log_sink, or -1: depends on -f */
	int log_format;          /* enum log_format */
	int log_level;           /* enum log_level */
	bool test_on_load;
	uint64_t scan_limit;
	uint32_t scan_budget_ms;
	uint32_t regex_match_limit;
	uint32_t inspect_timeout_ms;
	uint32_t inspect_helpers;
	uint32_t max_connections;
	const char *pid_file;    /* NULL: none */
	struct endpoint control; /* text NULL: off */
	const char *host;        /* NULL: the system's, see conf_host */
	struct endpoint metrics; /* text NULL: off */
};

/*
 * path NULL: CONF_DEFAULT_PATH, or all defaults if there is no such file.
 * Returns NULL if there was an error; diagnostics has errors and warnings as
 * text for people. Any thread.
 */
struct conf *conf_load(const char *path, struct buf *diagnostics);
/* The same for text that is in memory (tests, fuzzing). */
struct conf *conf_load_text(
    const char *path, struct str text, struct buf *diagnostics);
void conf_free(struct conf *conf); /* NULL is fine */

/* Does an option stand in the file? (Else its default holds.) */
bool conf_says(const struct conf *conf, const char *option);

/* Adds "FILE:LINE:COL: error: TEXT" (no position: the default was wrong). */
void conf_complain(const struct conf *conf, const char *option,
    const char *text, struct buf *diagnostics);

/*
 * For manuals and their checks: the table. Returns the row's name, or NULL
 * behind the last; default_out is as one would write it.
 */
const char *conf_option(
    size_t i, const char **default_out, const char **help_out);

/*
 * Calls each() with the name of every option that differs between two
 * configurations and only counts at start.
 */
void conf_each_restart(const struct conf *running, const struct conf *loaded,
    void (*each)(const char *name));

#endif
