/*
 * Which patterns are asked of the same fact, so that one scan can tell which of
 * them are worth asking.
 *
 * A scan knows patterns, not how they were written. So the condition that was
 * first with each is kept beside it while the plan is made: who says the same
 * gets the same place.
 */
#include "rules/check.h"

/* The conditions that brought the patterns of one scan, in their order. */
struct bringers {
	const struct condition **conds;
};

struct scan_planner {
	struct program *program;
	struct bringers *bringers; /* as program->scans */
	const struct rule *rule;   /* of the present condition; NULL: none */
};

/* A value of a table is no fact, and what is said of one attachment differs
 * from the next. */
static bool
can_be_scanned(const struct condition *cond)
{
	return cond->kind == COND_MATCH && !cond->is_value &&
	       !cond->ref.of_one && (cond->ref.fact->flags & FACT_FIXED) != 0;
}

/* Names of header fields have no case. */
static size_t
find_scan(struct scan_planner *planner, const struct fact_ref *ref)
{
	struct program *program = planner->program;
	struct scan scan = { .ref = *ref };

	for (size_t i = 0; i < program->n_scans; i++) {
		const struct fact_ref *other = &program->scans[i].ref;

		if (other->fact == ref->fact &&
		    str_eq_nocase(other->argument, ref->argument))
			return i;
	}
	program->scans = arena_grow(program->arena, program->scans,
	    program->n_scans, sizeof(*program->scans));
	planner->bringers = arena_grow(program->arena, planner->bringers,
	    program->n_scans, sizeof(*planner->bringers));
	planner->bringers[program->n_scans] = (struct bringers){ 0 };
	program->scans[program->n_scans] = scan;
	return program->n_scans++;
}

static void
add_pattern(struct scan_planner *planner, struct condition *cond)
{
	struct arena *arena = planner->program->arena;
	struct scan *scan;
	struct bringers *bringers;

	cond->scan = find_scan(planner, &cond->ref);
	scan = &planner->program->scans[cond->scan];
	bringers = &planner->bringers[cond->scan];
	for (size_t i = 0; i < scan->n; i++) {
		cond->scan_at = i;
		if (str_eq(bringers->conds[i]->regex, cond->regex) &&
		    str_eq(bringers->conds[i]->regex_flags, cond->regex_flags))
			return;
	}
	scan->patterns = arena_grow(
	    arena, scan->patterns, scan->n, sizeof(struct pattern *));
	scan->rules =
	    arena_grow(arena, scan->rules, scan->n, sizeof(struct rule *));
	bringers->conds = arena_grow(
	    arena, bringers->conds, scan->n, sizeof(struct condition *));
	scan->patterns[scan->n] = cond->pattern;
	scan->rules[scan->n] = planner->rule;
	bringers->conds[scan->n] = cond;
	cond->scan_at = scan->n++;
}

static void
add_condition(struct scan_planner *planner, struct condition *cond)
{
	if (cond == NULL)
		return;
	for (size_t i = 0; i < cond->n_terms; i++)
		add_condition(planner, cond->terms[i]);
	if (can_be_scanned(cond))
		add_pattern(planner, cond);
}

void
plan_scans(struct program *program)
{
	struct scan_planner planner = { .program = program };

	for (size_t i = 0; i < program->n_limits; i++)
		add_condition(&planner, program->limits[i]->cond);
	for (size_t i = 0; i < program->n_blocks; i++)
		add_condition(&planner, program->blocks[i]->cond);
	for (size_t i = 0; i < program->n_rules; i++) {
		planner.rule = program->rules[i];
		add_condition(&planner, program->rules[i]->cond);
	}
}
