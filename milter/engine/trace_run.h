/*
 * trace_run: one test under way. Private to the trace_*.c files.
 */
#ifndef SLUICE_ENGINE_TRACE_RUN_H
#define SLUICE_ENGINE_TRACE_RUN_H

#include "engine/trace_story.h"

/* A verdict that was reported during the event; a copy. */
struct trace_verdict {
	const char *action;
	struct str rule;
	bool is_observed;
	struct str limit; /* that decided; empty: none did */
	struct str identity;
	uint64_t used;
	uint64_t max;
};

/* A crossing that was reported during the event; a copy. */
struct trace_crossing {
	enum crossing_kind kind;
	struct str limit;
	struct str identity;
};

/* A rule that is told to be observed. */
struct trace_switch {
	struct str rule;
	int64_t until_ms;
};

/* What came of the last event; copies in an arena that ends with it. */
struct trace_event {
	struct arena *arena;
	struct reply reply;
	struct trace_verdict *verdicts;
	size_t n_verdicts;
	struct trace_crossing *crossings;
	size_t n_crossings;
	struct change *changes;
	size_t n_changes;
};

/* Where tests run: rules, and the beginning of time. */
struct trace_place {
	struct ruleset *rules;
	int64_t start_ms;
};

struct trace_run {
	const struct trace_options *options;
	struct ruleset *rules;
	struct arena *arena; /* lives as long as the test */
	struct engine engine;
	struct store *store;
	struct store *local;
	bool is_store_down;
	bool was_store_down; /* at any time: failures of calls are expected */
	int64_t now_ms;
	struct trace_switch *switches;
	size_t n_switches;

	struct session *session; /* NULL: no connection and no macro yet */
	struct str daemon;       /* kept over connections: it is the port's */
	bool is_connected;
	bool is_non_smtp;
	bool has_data; /* was sent for this message, as was … */
	bool has_headers;
	/* Mail that did not come by SMTP is refused at its end for what a rule
	 * said before: that rule, if there was one for this message. */
	struct trace_verdict deferred;
	struct trace_verdict early; /* of connect or helo: for all messages */
	struct trace_event event;

	/* Empty: nothing failed. Then what was expected and what came, each
	 * one line. */
	struct buf expected;
	struct buf came;
};

/*
 * Runs one test. 0 if it passed; else -1, and what was expected
 * and what came are in the two buffers, *step_out is where (NULL: at its end).
 */
int trace_run_test(const struct trace_options *options,
    const struct trace_place *place, const struct trace_test *test,
    struct buf *expected_out, struct buf *came_out,
    const struct trace_step **step_out);

/* The end of local mail was refused: by the rule that wanted to. */
void trace_take_deferred(struct trace_run *run);
/* Notes why a step failed; returns -1 for its caller to return. */
int trace_fail(struct trace_run *run, const char *expected, const char *came);

/* "reject 550 5.7.1 "no" by rule pace, observed spam" */
void trace_describe_event(const struct trace_run *run, struct buf *out);
enum trace_outcome trace_outcome_of(enum reply_kind kind);

/* ", limit pace locked until 14:05 …": how the limits that decided stand. */
void trace_describe_standing(const struct trace_run *run, struct buf *out);

/* Rows of the table in trace_facts.c (trace_standing.c). */
bool trace_holds_counter(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came);
bool trace_holds_locked(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came);
bool trace_holds_not_locked(struct trace_run *run,
    const struct trace_word *words, size_t n_words, struct buf *came);
bool trace_holds_in_table(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came);
bool trace_holds_not_in_table(struct trace_run *run,
    const struct trace_word *words, size_t n_words, struct buf *came);
bool trace_holds_crossing(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came);
bool trace_holds_no_crossing(struct trace_run *run,
    const struct trace_word *words, size_t n_words, struct buf *came);
/* Are the words of `counter` or `crossing` well formed? */
bool trace_is_counter(const struct trace_word *words, size_t n_words);
bool trace_is_crossing(const struct trace_word *words);

/* DATA first, if it was not sent. False: it was refused. */
bool trace_send_header(
    struct trace_run *run, struct str name, struct str value);
/* In chunks as MTAs send them; DATA and the end of the header before it. */
void trace_send_body(struct trace_run *run, struct str body);

/* What Postfix's cleanup(8) says before the mail of a local program. */
void trace_connect_non_smtp(struct trace_run *run);
/* Ends the connection, as if the client had gone away. */
void trace_drop(struct trace_run *run);
/* Until all that was sent or given back has been counted. */
void trace_flush(struct trace_run *run);

#endif
