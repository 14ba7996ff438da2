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
};

/* What came of the last event; copies in an arena that ends with it. */
struct trace_event {
	struct arena *arena;
	struct reply reply;
	struct trace_verdict *verdicts;
	size_t n_verdicts;
	struct change *changes;
	size_t n_changes;
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
 * Runs one test against rules. 0 if it passed; else -1, and what was expected
 * and what came are in the two buffers, *step_out is where (NULL: at its end).
 */
int trace_run_test(const struct trace_options *options, struct ruleset *rules,
    const struct trace_test *test, struct buf *expected_out,
    struct buf *came_out, const struct trace_step **step_out);

/* The end of local mail was refused: by the rule that wanted to. */
void trace_take_deferred(struct trace_run *run);
/* Notes why a step failed; returns -1 for its caller to return. */
int trace_fail(struct trace_run *run, const char *expected, const char *came);

/* "reject 550 5.7.1 "no" by rule pace, observed spam" */
void trace_describe_event(const struct trace_run *run, struct buf *out);
enum trace_outcome trace_outcome_of(enum reply_kind kind);

/* What Postfix's cleanup(8) says before the mail of a local program. */
void trace_connect_non_smtp(struct trace_run *run);
/* Ends the connection, as if the client had gone away. */
void trace_drop(struct trace_run *run);
/* Until all that was sent or given back has been counted. */
void trace_flush(struct trace_run *run);

#endif
