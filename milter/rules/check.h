/*
 * check: is what was parsed possible? Names, types, stages, codes, dates.
 *
 * Fills in what program.h marks [check]. Errors and warnings go to diags; one
 * error does not hide the next.
 */
#ifndef SLUICE_RULES_CHECK_H
#define SLUICE_RULES_CHECK_H

#include "rules/program.h"
#include "rules/ruleset.h"

struct checker {
	struct program *program;
	struct diags *diags;
	const struct rules_options *options;
	struct needs *needs;      /* filled in on the way */
	enum on_outage on_outage; /* the default */
};

void check_program(struct checker *checker);

/* Between the checker's files. Where a fact stands: */
struct check_place {
	enum stage stage;  /* what is known there may be used */
	enum stage *raise; /* not NULL: raise it instead of complaining */
	const struct limit *limit; /* not NULL: in its `if`: no over */
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
void check_words(struct checker *checker, const struct condition *cond);

/* needs.c: notes that the fact is read. -1: too many macros. */
int needs_add(struct needs *needs, const struct fact_ref *ref);
/* The word is compared with mime.damage: what must be read to know? */
void needs_add_damage(struct needs *needs, struct str word);
/* What every session wants for its log lines and identities. */
void needs_init(struct needs *needs);

/* plan.c: fills in what program.h marks [plan], and the rest of needs. */
void plan_program(struct program *program, struct needs *needs);

#endif
