/*
 * explain: what was found out about one mail, for the pages that print it.
 * Private to explain*.c.
 */
#ifndef SLUICE_TOOL_EXPLAIN_H
#define SLUICE_TOOL_EXPLAIN_H

#include "tool/corpus/rehearsal.h"

struct mime_part;

enum explain_state {
	EXPLAIN_NOT_REACHED,
	EXPLAIN_FALSE,
	EXPLAIN_UNKNOWN, /* something could not be asked */
	EXPLAIN_OBSERVED,
	EXPLAIN_FIRED,
	EXPLAIN_STATE_N
};

/* Where a regular expression matched. */
struct explain_match {
	struct str fact; /* as the rule names it */
	size_t value;    /* which of its values, from 0 */
	size_t n_values;
	size_t offset;   /* in that value */
	struct str text; /* what matched */
	unsigned part;   /* its number; 0: none */
	struct str type; /* of that part */
	/* All of the value; p NULL: it cannot be had any more. */
	struct str whole;
	size_t line, column; /* in it, from 1 */
};

struct explain_rule {
	const struct rule *rule;
	enum explain_state state;
	unsigned n_looked; /* times: at rcpt once for each recipient */
	unsigned n_true;
	bool has_match;
	struct explain_match match;       /* of the first time it was true */
	const struct verdict_fact *facts; /* that a deciding rule read */
	size_t n_facts;
	struct str spent; /* "regex-limit", "scan-budget"; or empty */
};

struct explain {
	struct arena *arena;
	const char *path;
	struct str mail;
	const struct program *program;
	struct envelope envelope;
	struct rehearsal *judged; /* by the rules */
	/* What the content is read from: the same, or, if the mail was refused
	 * before it was all there, another session without rules. */
	struct session *content;
	struct rehearsal_verdict verdict;
	struct explain_rule *rules; /* by index */
	/* The first rule that ended a stage, by its stage; NULL: none did. */
	const struct explain_rule *ended_by[STAGE_N];
	bool is_full; /* nothing is shortened */
	size_t width; /* of a line */
};

/* The rule because of which this one was not reached; NULL: none. */
const struct explain_rule *explain_cause(
    const struct explain *explain, const struct rule *rule);
/* "FIRED" and the like, and as programs write it: "not-reached". */
const char *explain_state_name(enum explain_state state);
/* The one action by which a rule is known. */
struct str explain_action(struct arena *arena, const struct rule *rule);
/* Why a part is there; NULL: as the mail says. */
const char *explain_role(const struct mime_part *part);
/* For one line, in at most width columns unless all is to be seen. */
struct str explain_shown(
    const struct explain *explain, struct str text, size_t width);
/* Is this fact one of the content, to be listed? */
bool explain_is_content(const struct fact *fact);

/* explain_match.c: what is known once the message is over. */
void explain_find_matches(struct explain *explain);

/* One page for people each. */
void explain_print_envelope(const struct explain *explain, struct buf *out);
void explain_print_parts(const struct explain *explain, struct buf *out);
void explain_print_facts(const struct explain *explain, struct buf *out);
void explain_print_rules(const struct explain *explain, struct buf *out);
void explain_print_verdict(const struct explain *explain, struct buf *out);
/* All of them for programs. */
void explain_json(const struct explain *explain, struct buf *out);

#endif
