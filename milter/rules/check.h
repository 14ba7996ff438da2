/*
 * check: is what was parsed possible? Names, types, stages, codes, dates.
 *
 * Fills in what program.h marks [check]. Errors and warnings go to diags; one
 * error does not hide the next.
 */
#ifndef SLUICE_RULES_CHECK_H
#define SLUICE_RULES_CHECK_H

#include "mime/damage.h"
#include "rules/program.h"
#include "rules/ruleset.h"

#define CHECK_LACKS 3 /* facts that some builds cannot fill in */

struct check_lack {
	struct pos pos; /* where it is read first; no source: nowhere */
	const struct rule **rules; /* that read it */
	size_t n_rules;
};

struct checker {
	struct program *program;
	struct diags *diags;
	const struct rules_options *options;
	struct needs *needs;      /* filled in on the way */
	enum on_outage on_outage; /* the default */
	struct check_lack lacks[CHECK_LACKS];
};

void check_program(struct checker *checker);

/* Between the checker's files. Where a fact stands: */
struct check_place {
	enum stage stage;        /* what is known there may be used */
	enum stage *raise;       /* not NULL: raise it instead of complaining */
	const struct rule *rule; /* whose condition or text; or NULL */
	const struct limit *limit; /* not NULL: in its `if`: no over */
	bool is_with; /* inside of `attachment with (…)`: no over either */
	bool knows_words; /* of mime.damage only some words matter, and what
			     they need is noted */
};

/* check_cond.c */
void check_condition(struct checker *checker, const struct check_place *place,
    struct condition *cond);
/* Not in a text, where there are more facts. */
void check_condition_ref(struct checker *checker,
    const struct check_place *place, const struct fact_ref *ref);
void check_ref(struct checker *checker, const struct check_place *place,
    const struct fact_ref *ref);
/* cond, block_cond: of the rule (may be NULL): do they match, do they say
 * over? */
void check_text(struct checker *checker, const struct check_place *place,
    struct text *text, const struct condition *cond,
    const struct condition *block_cond);

/* check_with.c */
void check_with(struct checker *checker, const struct check_place *place,
    struct condition *cond);

/* check_lacks.c */
void check_lacks_note(struct checker *checker, const struct check_place *place,
    const struct fact_ref *ref);
void check_lacks_warn(struct checker *checker);

/* check_address.c: what the texts of add-recipient and the like say. */
void check_address(struct checker *checker, const struct check_place *place,
    const struct action *action);

/* check_limit.c */
void check_limit(struct checker *checker, struct limit *limit);
/* over, near and used */
void check_asked(struct checker *checker, const struct check_place *place,
    struct condition *cond);

/* check_table.c: fill in what program.h has of tables. */
void check_in_table(struct checker *checker, const struct check_place *place,
    struct condition *cond);
void check_override(struct checker *checker, struct limit *limit);
void check_remembered(struct checker *checker, const struct check_place *place,
    struct action *action);
/* value(NAME, ref): its table, or NULL. */
struct table *check_value(struct checker *checker,
    const struct check_place *place, struct str name, struct pos pos,
    const struct fact_ref *ref);
/* Was it told already what is wrong with the statement of that name? */
bool name_is_broken(const struct program *program, struct str name);

/* check_words.c: facts that know a few words only are compared with these. */
void check_words(struct checker *checker, const struct check_place *place,
    const struct condition *cond);
/* Does the condition ask of mime.damage nothing but whether some words are
 * among its values? */
bool words_are_all(const struct condition *cond);

/* needs.c: notes that the fact is read. -1: too many macros. */
int needs_add(struct needs *needs, const struct fact_ref *ref);
/* What must be read to know whether mime.damage has this word; DAMAGE_N: any
 * word at all. */
void needs_add_damage(struct needs *needs, enum damage damage);
/* From which stage on may mime.damage have this word? */
enum stage damage_stage(enum damage damage);
/* What every session wants for its log lines and identities. */
void needs_init(struct needs *needs);

/* plan.c: fills in what program.h marks [plan], and the rest of needs. */
void plan_program(struct program *program, struct needs *needs);
/* plan_scan.c: of these, what is about scans. */
void plan_scans(struct program *program);

#endif
