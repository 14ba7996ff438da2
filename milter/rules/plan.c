/*
 * The static point of charging: which rules of a stage are decided before the
 * store is asked, and what the one call of the stage carries. It depends on
 * the text of the rules only, never on values.
 */
#include "rules/check.h"

static bool
mark_store_reads(struct condition *cond, enum stage stage)
{
	if (cond == NULL)
		return false;
	cond->reads_store = condition_asks(cond) && cond->limit->stage >= stage;
	for (size_t i = 0; i < cond->n_terms; i++)
		if (mark_store_reads(cond->terms[i], stage))
			cond->reads_store = true;
	return cond->reads_store;
}

static void
add_limit(
    struct arena *arena, struct limit ***list, size_t *n, struct limit *limit)
{
	for (size_t i = 0; i < *n; i++)
		if ((*list)[i] == limit)
			return;
	*list = arena_grow(arena, *list, *n, sizeof(struct limit *));
	(*list)[(*n)++] = limit;
}

/* Limits of a later stage that this condition asks for already. */
static void
add_peeks(struct arena *arena, struct stage_plan *plan,
    const struct condition *cond, enum stage stage)
{
	if (cond == NULL)
		return;
	for (size_t i = 0; i < cond->n_terms; i++)
		add_peeks(arena, plan, cond->terms[i], stage);
	if (condition_asks(cond) && cond->limit->stage > stage)
		add_limit(arena, &plan->peeked, &plan->n_peeked, cond->limit);
}

static void
plan_rule(struct program *program, struct stage_plan *plan, struct rule *rule)
{
	enum stage stage = rule->block->stage;
	bool reads_block = mark_store_reads(rule->block->cond, stage);
	bool reads = mark_store_reads(rule->cond, stage) || reads_block;

	/* n_before counts on while no rule has needed the store yet. */
	if (!reads && plan->n_before == plan->n_rules)
		plan->n_before++;
	add_peeks(program->arena, plan, rule->block->cond, stage);
	add_peeks(program->arena, plan, rule->cond, stage);
	plan->rules = arena_grow(
	    program->arena, plan->rules, plan->n_rules, sizeof(struct rule *));
	plan->rules[plan->n_rules++] = rule;
}

static void
plan_limit(struct program *program, struct limit *limit)
{
	struct stage_plan *plan = &program->stages[limit->stage];

	if (limit->unit == UNIT_REJECTS) {
		add_limit(program->arena, &program->on_rejects,
		    &program->n_on_rejects, limit);
		return;
	}
	if (limit->unit == UNIT_UNKNOWN_RECIPIENTS) {
		add_limit(program->arena, &program->on_unknown,
		    &program->n_on_unknown, limit);
		return;
	}
	add_limit(program->arena, &plan->charged, &plan->n_charged, limit);
	plan->waits = plan->waits || limit->is_asked;
}

void
plan_program(struct program *program, struct needs *needs)
{
	for (size_t i = 0; i < program->n_rules; i++) {
		struct rule *rule = program->rules[i];

		plan_rule(program, &program->stages[rule->block->stage], rule);
	}
	for (size_t i = 0; i < program->n_limits; i++)
		plan_limit(program, program->limits[i]);
	for (int stage = 0; stage < STAGE_N; stage++) {
		struct stage_plan *plan = &program->stages[stage];

		plan->waits = plan->waits || plan->n_peeked > 0;
		needs->answers[stage] =
		    plan->n_rules > 0 || plan->n_charged > 0;
	}
	needs->helo = needs->helo || needs->answers[STAGE_HELO];
	needs->refused_rcpt = program->n_on_unknown > 0;
}
