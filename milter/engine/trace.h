/*
 * trace: SMTP stories with the reply that each step must get.
 *
 * The same text is a test of rules for the administrator (`sluice test`,
 * test_on_load) and a golden trace of ours. A story runs against a session
 * without any MTA, in virtual time, with a store of its own: what a test does
 * depends on nothing but its text and the rules.
 *
 * Stories are about rules, not about a configuration: whatever the options
 * say, rules that are loaded here are loaded as of TRACE_START_MS (so a test
 * of a rule that has expired since still holds), in UTC and enforced. A file
 * that names a `time-zone` runs there, from the first midnight of 2026 on.
 *
 * Limits: TRACE_FILE_MAX_BYTES a file, TRACE_REPEAT_MAX a step, TRACE_BODY_MAX
 * bytes of body a step.
 */
#ifndef SLUICE_ENGINE_TRACE_H
#define SLUICE_ENGINE_TRACE_H

#include "base/buf.h"
#include "inspect/inspect.h"
#include "rules/ruleset.h"

/* Where the clock of every test begins: 2026-01-01 00:00:00 UTC. */
#define TRACE_START_MS INT64_C(1767225600000)

#define TRACE_FILE_MAX_BYTES ((size_t)4000000)
#define TRACE_REPEAT_MAX     1000000
#define TRACE_BODY_MAX       ((size_t)256 * 1024 * 1024)

struct trace_options {
	const struct rules_io *io;                 /* must outlive the call */
	const struct rules_options *rules_options; /* NULL: the defaults */
	/* For files that do not name their own by `rules "GLOB"`; NULL: such a
	 * file is an error (trace_run), or rules are loaded from the patterns
	 * (trace_run_beside). */
	struct ruleset *rules;
	const char *rules_error;     /* why rules is NULL; NULL: nobody tried */
	struct inspector *inspector; /* NULL: attachments stay unknown */
	/* NULL: memory. Each test uses a random prefix of its own there and
	 * wipes it at its end, passed or not. */
	const char *store_url;
	const char *store_password; /* NULL: none */
	uint32_t store_timeout_ms;  /* 0: 2 s */
	bool may_set_zone; /* the process has one thread; else files with a
			      `time-zone` are left out, with a line in the log */
	bool as_tap;       /* the report is TAP instead of sentences */
};

/* Adds up over calls; begin with { 0 } and end with trace_result_done. */
struct trace_result {
	unsigned n_files;
	unsigned n_passed;
	unsigned n_failed;   /* a file that cannot be used is one, too */
	unsigned n_left_out; /* they need what this build does not have */
	/*
	 * For people: every failure in full and one line for each file. As TAP:
	 * "ok 1 - NAME" …, failures as comments; the plan is the caller's
	 * (trace_report_end). Holds no control bytes but line feeds.
	 */
	struct buf report;
};

void trace_result_done(struct trace_result *result);

/*
 * Runs the tests of one file. path: as shown to people, and what `rules`
 * lines are relative to. 0 if all passed, else -1.
 */
int trace_run(const struct trace_options *options, const char *path,
    struct str text, struct trace_result *result);

/* The same, and reads the file through options->io. */
int trace_run_file(const struct trace_options *options, const char *path,
    struct trace_result *result);

/*
 * Runs every *.test in the folders of the rule files that match the patterns
 * (the `rules` of sluice.conf). Leave options->rules NULL unless there is a
 * reason: the rules are then loaded from the patterns as described above. No
 * test file at all is no failure: n_files stays as it was. 0 if all passed,
 * else -1.
 */
int trace_run_beside(const struct trace_options *options,
    const char *const *patterns, size_t n_patterns,
    struct trace_result *result);

/* The verbs of stories, and what `also` can say, by number; NULL behind the
 * last. */
const char *trace_verb_word(size_t i);
const char *trace_also_word(size_t i);

/* Loads rules as tests want them; NULL if there was an error. Diagnostics,
 * if any, are added to report. */
struct ruleset *trace_load_rules(const struct trace_options *options,
    const char *const *patterns, size_t n_patterns, struct buf *report);

/* Adds the closing line: "12 passed, 1 failed", or the plan "1..13". */
void trace_report_end(
    const struct trace_options *options, struct trace_result *result);

#endif
