/*
 * life: what the daemon knows of its own life - since when it runs, with which
 * rules, what became of the last reload, how the store is - and the lines of
 * the log that tell it: start, reload, stop.
 *
 * Any thread, except where it says "main".
 */
#ifndef SLUICE_DAEMON_LIFE_LIFE_H
#define SLUICE_DAEMON_LIFE_LIFE_H

#include "daemon/policy.h"
#include "engine/session.h"

#define LIFE_HASH_SIZE 16
#define LIFE_WHY_MAX   300

/* Which rules. */
struct life_rules {
	char hash[LIFE_HASH_SIZE];
	size_t n_rules;
	size_t n_limits;
	size_t n_tables;
	size_t n_observed; /* rules that are written so */
	bool is_observing; /* mode = observe: all of them */
};

struct life_reload {
	int64_t at_ms; /* 0: there was none */
	bool is_good;
	uint32_t took_ms;
	char why[LIFE_WHY_MAX]; /* the first thing that was wrong */
};

struct life_view {
	/* Since the start. */
	const struct engine *engine;
	const char *conf_path; /* "" if there was no file */
	const char *listen;
	const char *host;
	const char *inspectors; /* libraries that look into attachments */
	int64_t started_ms;     /* wall */
	int64_t uptime_ms;
	uint64_t n_messages; /* that came to their end */
	uint64_t n_refusals; /* reject and tempfail, at any stage */
	/* What changes. */
	struct life_rules rules;
	int64_t rules_since_ms; /* loaded */
	struct life_reload reload;
	bool is_store_up;
	int64_t store_since_ms;  /* so */
	int64_t store_answer_us; /* of the last question; 0: not known */
};

/* Main, before there are threads: who we are. Strings of conf are copied. */
void life_begin(const struct conf *conf, const struct engine *engine);
/* Main: all is ready. One line in the log. */
void life_started(const struct policy *policy);

/*
 * A reload ended, one line in the log. policy: the new one, or NULL: it was
 * refused, for what diagnostics say first.
 */
void life_reloaded(
    const struct policy *policy, struct str diagnostics, uint32_t took_ms);

/* Main: the end, one line in the log. reason: "SIGTERM". */
void life_stopped(const char *reason, size_t n_cut_off, uint32_t took_ms);

/* The keeper, each second: does the store answer, and how long did that take
 * (if it does not: of no meaning)? */
void life_store(bool is_up, int64_t answer_us);
/* For each verdict. */
void life_verdict(const struct verdict_report *report);

void life_view(struct life_view *view_out);
/* The same and more (connections, troubles, the build) as lines "NAME VALUE",
 * values escaped as in the log: what the control socket answers. */
void life_print(struct buf *out);

#endif
