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
	struct pos pos;
};

/* A text with facts to be filled in. */
enum part_kind { PART_LITERAL, PART_FACT, PART_GROUP };

struct text_part {
	enum part_kind kind;
	struct str literal;
	struct fact_ref ref;
	unsigned group; /* ${1} to ${9} */
};

struct text {
	struct text_part *parts;
	size_t n;
	struct pos pos;
};

/* Is the text without facts? Then *literal_out is what it says. */
bool text_is_literal(const struct text *text, struct str *literal_out);

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
	COND_IN,
	COND_OVER,
};

struct condition {
	enum condition_kind kind;
	struct pos pos;
	bool reads_store; /* [plan] needs the answer of this stage's call */
	/* OR, AND: two or more; NOT: one */
	struct condition **terms;
	size_t n_terms;
	/* FACT, COMPARE, MATCH, IN: the left side */
	struct fact_ref ref;
	/* COMPARE */
	enum comparison cmp;
	struct operand right;
	/* MATCH */
	bool is_negated; /* !~ */
	struct str regex;
	struct str regex_flags;
	struct pos regex_pos;
	struct pattern *pattern; /* [check] owned; freed with the ruleset */
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
	/* OVER */
	struct limit *limit; /* [check] */
};

enum action_kind {
	ACTION_ACCEPT,
	ACTION_REJECT,
	ACTION_TEMPFAIL,
	ACTION_DISCARD,
	ACTION_QUARANTINE,
	ACTION_ADD_HEADER,
	ACTION_SET_HEADER,
	ACTION_REMOVE_HEADER,
	ACTION_SCORE,
	ACTION_TAG,
	ACTION_LOG,
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

enum limit_unit { UNIT_CONNECTIONS, UNIT_MESSAGES, UNIT_RECIPIENTS };

enum on_outage { OUTAGE_COUNT_LOCALLY, OUTAGE_PASS, OUTAGE_TEMPFAIL };

struct limit {
	struct str name;
	struct pos pos;
	struct store_rate rates[STORE_RATES_MAX];
	size_t n_rates;
	enum limit_unit unit;
	struct fact_ref keys[KEYS_MAX];
	size_t n_keys;
	bool counts_attempts;
	bool has_on_outage;
	enum on_outage on_outage;
	struct condition *cond; /* may be NULL */
	enum stage known;       /* [check] from here on all that it reads is */
	enum stage stage;       /* [check] where it is charged */
	bool is_asked;          /* [plan] some rule says `over` it */
	size_t index;           /* of all limits */
};

enum statement_kind { STATEMENT_TABLE, STATEMENT_LIMIT, STATEMENT_BLOCK };

struct statement {
	enum statement_kind kind;
	struct table *table;
	struct limit *limit;
	struct block *block;
};

/* How one stage runs. [plan] */
struct stage_plan {
	struct rule **rules; /* of all blocks, in file order */
	size_t n_rules;
	size_t n_before; /* of these, decided before the store is asked */
	struct limit **charged; /* limits that are charged here */
	size_t n_charged;
	struct limit **peeked; /* limits that are charged later, asked here */
	size_t n_peeked;
	bool waits; /* a rule here or later needs what the call says */
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
};

const char *unit_name(enum limit_unit unit);
const char *on_outage_name(enum on_outage on_outage);
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

const struct action_type *action_type(enum action_kind kind);
int action_parse(struct str name, enum action_kind *kind_out);
struct suggestion;
void action_suggest(struct suggestion *suggestion);

/* What is inside of a ruleset (see ruleset.h), for the engine and print. */
struct ruleset;
struct rules_options;
const struct program *ruleset_program(const struct ruleset *rules);
const struct rules_options *ruleset_options(const struct ruleset *rules);

#endif
