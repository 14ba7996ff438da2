/*
 * program: what rule files say, as data.
 *
 * The parser makes it, the checker resolves names and fills in what is marked
 * [check], the planner what is marked [plan]; from then on it never changes.
 * Everything lives in the ruleset's arena.
 */
#ifndef SLUICE_RULES_PROGRAM_H
#define SLUICE_RULES_PROGRAM_H

#include "base/ip.h"
#include "rules/diag.h"
#include "rules/facts.h"
#include "rules/pattern.h"
#include "rules/stage.h"
#include "rules/table.h"
#include "store/store.h"

#include <stdatomic.h>

#define KEYS_MAX        4   /* facts of one compound key */
#define CONDITION_DEPTH 50  /* nested parentheses */
#define LIMITS_MAX      128 /* so that one call can carry them all twice */

struct limit;
struct rule;

/* A fact where it is used: client.ip(24, 64), header["Subject"]. */
struct fact_ref {
	const struct fact *fact;
	struct str argument; /* of header["…"] and the like */
	uint8_t bits_v4;     /* of an IP as key; 32 and 64 unless written */
	uint8_t bits_v6;
	bool has_bits;
	bool of_one; /* FACT_ATTACHMENT inside of `attachment with (…)`: of the
			attachment that is asked */
	struct pos pos;
};

/* A text with facts to be filled in. */
enum part_kind { PART_LITERAL, PART_FACT, PART_GROUP, PART_VALUE };

struct text_part {
	enum part_kind kind;
	struct str literal;
	struct fact_ref ref; /* FACT, and what VALUE looks up */
	unsigned group;      /* ${1} to ${9} */
	/* VALUE: ${value(TABLE, fact)} */
	struct str table_name;
	struct pos table_pos;
	struct table *table; /* [check] */
	size_t lookup;       /* [plan] as of a condition */
};

struct text {
	struct text_part *parts;
	size_t n;
	struct pos pos;
};

/* Is the text without facts? Then *literal_out is what it says. */
bool text_is_literal(const struct text *text, struct str *literal_out);

/* Is nothing in it compared with case? */
bool text_ignores_case(const struct text *text);

enum comparison { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE };

enum operand_kind { OPERAND_TEXT, OPERAND_NUMBER, OPERAND_FACT };

struct operand {
	enum operand_kind kind;
	struct pos pos;
	struct text text;
	double number;
	struct str written; /* a number as it was written */
	struct fact_ref ref;
	struct ip_net net; /* [check] text, where the left side is an IP */
};

enum in_kind { IN_TABLE, IN_LIST };

enum condition_kind {
	COND_OR,
	COND_AND,
	COND_NOT,
	COND_FACT,
	COND_COMPARE,
	COND_MATCH,
	COND_WITH,
	COND_IN,
	COND_OVER,
	COND_NEAR,
	COND_USED,
};

#define NEAR_PERCENT 80 /* unless `at` says otherwise */
#define NO_LOOKUP    ((size_t)-1)
#define NO_SCAN      ((size_t)-1)

struct condition {
	enum condition_kind kind;
	struct pos pos;
	bool reads_store; /* [plan] needs the answer of this stage's call */
	/* OR, AND: two or more; NOT and WITH (`attachment with (…)`): one */
	struct condition **terms;
	size_t n_terms;
	/* FACT, COMPARE, MATCH, IN: the left side */
	struct fact_ref ref;
	bool is_every; /* `every`: all values, and there is one */
	/* The left side is value(TABLE, ref), a text; compared with a number
	 * it is one, or no match. */
	bool is_value;
	struct str value_table_name;
	struct pos value_table_pos;
	struct table *value_table; /* [check] */
	size_t value_lookup;       /* [plan] as lookup */
	/* COMPARE */
	enum comparison cmp;
	struct operand right;
	/* MATCH */
	bool is_negated; /* !~ */
	struct str regex;
	struct str regex_flags;
	struct pos regex_pos;
	struct pattern *pattern; /* [check] owned; freed with the ruleset */
	size_t scan;             /* [plan] index in program.scans, or NO_SCAN */
	size_t scan_at;          /* [plan] which of its patterns */
	/* IN: the left side is a text where has_text */
	bool has_text;
	struct text text;
	enum in_kind in;
	struct str name; /* of the table, or of OVER's limit */
	struct pos name_pos;
	struct table *table; /* [check] */
	struct operand *list;
	size_t n_list;
	bool is_bare_network; /* in "192.0.2.0/24", without braces */
	size_t lookup; /* [plan] table in Redis: index in its stage's plan;
			  else NO_LOOKUP */
	/* OVER, NEAR, USED */
	struct limit *limit; /* [check] */
	double percent;      /* NEAR, and what USED is compared with by cmp */
	bool has_percent;    /* written, as right.written */
};

enum action_kind {
	ACTION_ACCEPT,
	ACTION_REJECT,
	ACTION_TEMPFAIL,
	ACTION_DISCARD,
	ACTION_QUARANTINE,
	ACTION_ADD_RECIPIENT,
	ACTION_REMOVE_RECIPIENT,
	ACTION_REDIRECT,
	ACTION_SET_SENDER,
	ACTION_ADD_HEADER,
	ACTION_SET_HEADER,
	ACTION_REMOVE_HEADER,
	ACTION_SCORE,
	ACTION_TAG,
	ACTION_LOG,
	ACTION_REMEMBER,
	ACTION_FORGET,
};

struct action {
	enum action_kind kind;
	struct pos pos;
	unsigned code;    /* refusals: 550 */
	struct str xcode; /* "5.7.1" */
	bool has_code;    /* written, not the default */
	bool has_xcode;
	struct pos code_pos;
	struct str name; /* of a header field */
	struct text text;
	bool has_ref; /* [check] the text names ${ref} itself */
	double score;
	struct str written; /* the score as it was written */
	/* REMEMBER and FORGET: a fact (of an IP: the network of its bits, 32
	 * and 128 unless written), or (is_text) what text says */
	bool is_text;
	struct fact_ref fact;
	struct str table_name;
	struct pos table_pos;
	struct table *table; /* [check] */
	uint32_t for_sec;
};

struct block {
	enum stage stage;
	struct condition *cond; /* may be NULL */
	struct pos pos;
	struct rule **rules;
	size_t n_rules;
	size_t index; /* of all blocks */
};

struct rule {
	struct str name;
	struct pos pos;
	const struct block *block;
	bool is_observed;
	struct action *actions;
	size_t n_actions;
	struct condition *cond; /* may be NULL */
	struct str expires;     /* "2027-03-01", or empty */
	struct pos expires_pos;
	int64_t expires_ms;   /* [check] end of that day; INT64_MAX: never */
	atomic_flag was_told; /* that it has expired: said once */
	size_t index;         /* of all rules */
};

enum limit_unit {
	UNIT_CONNECTIONS,
	UNIT_MESSAGES,
	UNIT_RECIPIENTS,
	UNIT_BYTES,
	UNIT_DISTINCT,
	UNIT_REJECTS,           /* charged when it happens, not at a stage */
	UNIT_UNKNOWN_RECIPIENTS /* the same */
};

#define UNIT_N (UNIT_UNKNOWN_RECIPIENTS + 1)

enum on_outage { OUTAGE_COUNT_LOCALLY, OUTAGE_PASS, OUTAGE_TEMPFAIL };

struct limit {
	struct str name;
	struct pos pos;
	struct store_rate rates[STORE_RATES_MAX];
	size_t n_rates;
	enum limit_unit unit;
	struct fact_ref distinct; /* what UNIT_DISTINCT counts */
	struct fact_ref keys[KEYS_MAX];
	size_t n_keys;
	bool counts_attempts;
	struct pos attempts_pos;
	uint32_t locks_sec;       /* 0: it does not lock */
	struct str override_name; /* of a table; empty: none */
	struct pos override_pos;
	struct table *override; /* [check] inline or file; its first key */
	bool has_on_outage;
	enum on_outage on_outage;
	struct condition *cond; /* may be NULL */
	enum stage known;       /* [check] from here on all that it reads is;
				   rcpt.mta-status does not count: who asks
				   before it happens does not know it */
	enum stage stage;       /* [check] where it is charged; STAGE_N: when
				   it happens, from `known` on */
	bool is_asked;          /* [check] some rule says over, near or used */
	size_t index;           /* of all limits */
};

enum statement_kind { STATEMENT_TABLE, STATEMENT_LIMIT, STATEMENT_BLOCK };

struct statement {
	enum statement_kind kind;
	struct table *table;
	struct limit *limit;
	struct block *block;
};

/*
 * A look-up in a table in Redis: what is asked for is known before the call.
 * Two conditions that ask for the same share one.
 */
struct stage_lookup {
	struct table *table;
	bool is_text; /* or a fact */
	const struct text *text;
	const struct fact_ref *ref;
};

/* How one stage runs. [plan] */
struct stage_plan {
	struct rule **rules; /* of all blocks, in file order */
	size_t n_rules;
	size_t n_before; /* of these, decided before the store is asked */
	struct limit **charged; /* limits that are charged here */
	size_t n_charged;
	struct limit **peeked; /* limits that are charged later, or when it
				  happens, asked here */
	size_t n_peeked;
	struct stage_lookup *lookups;
	size_t n_lookups;
	bool waits; /* a rule here or later needs what the call says */
};

/*
 * The patterns that conditions ask of one fact (FACT_FIXED, with the same
 * argument), scanned together.
 */
struct scan {
	struct fact_ref ref;
	const struct pattern **patterns;
	const struct rule **rules; /* to each pattern, whose it is first; NULL:
				      a limit's, or that of a block */
	size_t n;
	struct prefilter *prefilter; /* owned; NULL: one by one */
};

struct program {
	struct arena *arena;
	struct statement *statements;
	size_t n_statements;
	struct table **tables;
	size_t n_tables;
	struct limit **limits;
	size_t n_limits;
	struct block **blocks;
	size_t n_blocks;
	struct rule **rules;
	size_t n_rules;
	struct str *broken; /* names of tables and limits that are wrong */
	size_t n_broken;
	struct stage_plan stages[STAGE_N]; /* [plan] */
	struct scan *scans;                /* [plan] */
	size_t n_scans;
	struct limit **on_rejects; /* [plan] limits of UNIT_REJECTS */
	size_t n_on_rejects;
	struct limit **on_unknown; /* [plan] of UNIT_UNKNOWN_RECIPIENTS */
	size_t n_on_unknown;
};

/* By name; NULL: there is none. */
const struct limit *program_limit(
    const struct program *program, struct str name);
const struct rule *program_rule(const struct program *program, struct str name);
const struct table *program_table(
    const struct program *program, struct str name);

/* What the language says of a unit. */
struct unit_type {
	const char *name;
	enum stage stage;    /* charged from here on, be all that the limit
				reads known before; STAGE_N: when it happens */
	const char *counted; /* how often, for people; NULL: see STAGE_N */
	const char *counted_later; /* at a later stage; NULL: the same */
};

const struct unit_type *unit_type(enum limit_unit unit);
const char *unit_name(enum limit_unit unit);
const char *on_outage_name(enum on_outage on_outage);
/* Does the condition itself ask about a limit: over, near or used? */
bool condition_asks(const struct condition *cond);
/* "over", "near", "used" */
const char *asking_word(enum condition_kind kind);
int on_outage_parse(struct str name, enum on_outage *on_outage_out);

/* What the language says of an action. */
struct action_type {
	const char *name;
	bool is_terminal;       /* ends the stage */
	enum stage first_stage; /* where it may stand */
	unsigned code;          /* default of a refusal; 0: none */
	const char *xcode;
	bool changes_message;
};

/* Of header fields that are ours if some rule adds or sets them: then none may
 * come from outside (engine/changes.h). */
#define OWN_HEADERS "X-Sluice-"

const struct action_type *action_type(enum action_kind kind);
/* What a rule is reported by: the action that decides, or its first. */
const struct action *rule_main_action(const struct rule *rule);
/* Does it add or set a field whose name is ours? */
bool action_is_ours(const struct action *action);
int action_parse(struct str name, enum action_kind *kind_out);
struct suggestion;
void action_suggest(struct suggestion *suggestion);

/* What is inside of a ruleset (see ruleset.h), for the engine and print. */
struct ruleset;
struct rules_options;
const struct program *ruleset_program(const struct ruleset *rules);
const struct rules_options *ruleset_options(const struct ruleset *rules);

#endif
