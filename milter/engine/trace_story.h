/*
 * trace_story: a file of tests after parsing, before running. Private to the
 * trace_*.c files.
 *
 * A file is lines of words. A line that begins with `rules`, `time-zone` or
 * `test` opens the file or a test; every other line is one step of the test
 * above it, whose first word is a verb of the table in trace_verbs.c.
 */
#ifndef SLUICE_ENGINE_TRACE_STORY_H
#define SLUICE_ENGINE_TRACE_STORY_H

#include "engine/session.h"
#include "engine/trace.h"

#define TRACE_WORDS_MAX 64 /* in one line */

struct trace_run;
struct trace_step;

struct trace_word {
	struct str text; /* without quotes, escapes undone; NUL behind it */
	struct pos pos;
	bool is_quoted;
};

enum trace_outcome {
	TRACE_ACCEPT,
	TRACE_REJECT,
	TRACE_TEMPFAIL,
	TRACE_DISCARD
};

/* What stands behind "->"; accept, if nothing does. */
struct trace_expected {
	enum trace_outcome outcome;
	unsigned code;    /* 0: any */
	struct str xcode; /* empty: any */
	struct str rule;  /* empty: any, or none */
};

struct trace_verb {
	const char *name;
	const char *usage;
	unsigned min_words; /* behind the verb */
	unsigned max_words;
	unsigned flags;
	/* Looks at the words once, while parsing; NULL: any will do. */
	void (*check)(struct diags *diags, const struct trace_step *step);
	/* 0, or -1 if the step failed by itself: trace_fail was called. */
	int (*run)(struct trace_run *run, const struct trace_step *step);
};

#define TRACE_EVENT   0x01 /* asks the session: "->" may follow */
#define TRACE_OPENS   0x02 /* begins a connection */
#define TRACE_CLOSES  0x04 /* ends it */
#define TRACE_NEEDS   0x08 /* makes no sense outside a connection */
#define TRACE_ONCE    0x10 /* `repeat` would mean nothing */
#define TRACE_FOLLOWS 0x20 /* speaks of the event before it */

struct trace_step {
	const struct trace_verb *verb;
	const struct trace_word *words; /* behind the verb */
	size_t n_words;
	struct pos pos; /* the whole line without its indentation */
	unsigned n_times;
	struct trace_expected expected;
};

struct trace_test {
	struct str name;
	struct pos pos;
	const char *lacks; /* what it needs and this build has not; or NULL */
	struct trace_step *steps;
	size_t n_steps;
};

struct trace_story {
	const struct source *source;
	const char **patterns; /* of `rules`, joined to the file's folder */
	size_t n_patterns;
	struct str zone; /* of `time-zone`; empty: the process's */
	struct trace_test *tests;
	size_t n_tests;
};

/* What is wrong is in diags; the story is only good if nothing is. */
void trace_parse(struct arena *arena, const struct source *source,
    struct diags *diags, struct trace_story *story_out);

/*
 * Reads the words of the line that begins at *at and moves *at behind it.
 * Returns how many there are (0: an empty line, or one that was wrong).
 */
size_t trace_words_read(struct arena *arena, const struct source *source,
    uint32_t *at, struct diags *diags,
    struct trace_word words[TRACE_WORDS_MAX]);

/* NULL if there is none; best_out (not NULL then): the nearest name or "". */
const struct trace_verb *trace_verb_find(
    struct str name, struct str *nearest_out);

/* The words of `at`, in the time zone of the process, as ms since the epoch;
 * -1 if they are no time. A time of day alone is the next such time from
 * now_ms on. */
int64_t trace_time(const struct trace_step *step, int64_t now_ms);

/*
 * Sets the time zone of the process, and where the clock of a test begins
 * there. For a process of one thread. 0, or -1: there is no such zone.
 */
int trace_zone_set(struct str zone, int64_t *start_ms_out);
/* What it is now, on the heap (NULL: the system's), and back to it. */
char *trace_zone_get(void);
void trace_zone_restore(const char *zone);

/* trace_file.c: a mail that stands in a file. */
int trace_run_file_verb(struct trace_run *run, const struct trace_step *step);

/* trace_steer.c: what an operator does. */
void trace_check_grant(struct diags *diags, const struct trace_step *step);
int trace_run_grant(struct trace_run *run, const struct trace_step *step);
int trace_run_reset(struct trace_run *run, const struct trace_step *step);
void trace_check_table_add(struct diags *diags, const struct trace_step *step);
int trace_run_table_add(struct trace_run *run, const struct trace_step *step);
int trace_run_table_remove(
    struct trace_run *run, const struct trace_step *step);
void trace_check_observe(struct diags *diags, const struct trace_step *step);
int trace_run_observe(struct trace_run *run, const struct trace_step *step);
int trace_run_enforce(struct trace_run *run, const struct trace_step *step);

/* `also …` (trace_facts.c): the words behind it. */
void trace_fact_check(struct diags *diags, const struct trace_step *step);
int trace_fact_run(struct trace_run *run, const struct trace_step *step);

/* pattern, or it below the folder of path. */
char *trace_join_folder(
    struct arena *arena, const char *path, struct str pattern);

/* Plain digits from least to most; 0, or -1. */
int trace_number(
    struct str text, unsigned least, unsigned most, unsigned *number_out);

#endif
