/*
 * The static point of charging: which rules of a stage are decided before the
 * store is asked, and what the one call of the stage carries. It depends on
 * the text of the rules only, never on values.
 *
 * Look-ups are shared: a condition and a text that want to know the same of
 * the same table get the same number, and Redis is asked once.
 */
#include "rules/check.h"

/* One stage under way. */
struct planner {
	struct arena *arena;
	struct stage_plan *plan;
	enum stage stage;
};

static bool
same_ref(const struct fact_ref *a, const struct fact_ref *b)
{
	return a->fact == b->fact && str_eq(a->argument, b->argument);
}

static bool
same_part(const struct text_part *a, const struct text_part *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case PART_LITERAL:
		return str_eq(a->literal, b->literal);
	case PART_FACT:
		return same_ref(&a->ref, &b->ref);
	case PART_GROUP:
		return a->group == b->group;
	case PART_VALUE:
		return a->table == b->table && same_ref(&a->ref, &b->ref);
	}
	return false;
}

static bool
same_lookup(const struct stage_lookup *a, const struct stage_lookup *b)
{
	if (a->table != b->table || a->is_text != b->is_text)
		return false;
	if (!a->is_text)
		return same_ref(a->ref, b->ref);
	if (a->text->n != b->text->n)
		return false;
	for (size_t i = 0; i < a->text->n; i++)
		if (!same_part(&a->text->parts[i], &b->text->parts[i]))
			return false;
	return true;
}

/* The number of this look-up among those of the stage. */
static size_t
add_lookup(struct planner *planner, struct stage_lookup lookup)
{
	struct stage_plan *plan = planner->plan;
	size_t i = 0;

	if (!lookup.table->is_redis)
		return NO_LOOKUP;
	while (i < plan->n_lookups && !same_lookup(&plan->lookups[i], &lookup))
		i++;
	if (i < plan->n_lookups)
		return i;
	plan->lookups = arena_grow(planner->arena, plan->lookups,
	    plan->n_lookups, sizeof(*plan->lookups));
	plan->lookups[plan->n_lookups++] = lookup;
	return i;
}

/* What its ${value(…)} want to know. True: something of it. */
static bool
plan_text(struct planner *planner, struct text *text)
{
	bool reads = false;

	for (size_t i = 0; i < text->n; i++) {
		struct text_part *part = &text->parts[i];

		if (part->kind != PART_VALUE)
			continue;
		part->lookup = add_lookup(
		    planner, (struct stage_lookup){
				 .table = part->table, .ref = &part->ref });
		reads = reads || part->lookup != NO_LOOKUP;
	}
	return reads;
}

/* The look-ups of one test. True: there are some. */
static bool
plan_lookups(struct planner *planner, struct condition *cond)
{
	bool reads = plan_text(planner, &cond->text);

	if (plan_text(planner, &cond->right.text))
		reads = true;
	for (size_t i = 0; i < cond->n_list; i++)
		if (plan_text(planner, &cond->list[i].text))
			reads = true;
	if (cond->table != NULL)
		cond->lookup = add_lookup(
		    planner, (struct stage_lookup){ .table = cond->table,
				 .is_text = cond->has_text,
				 .text = &cond->text,
				 .ref = &cond->ref });
	if (cond->value_table != NULL)
		cond->value_lookup = add_lookup(
		    planner, (struct stage_lookup){ .table = cond->value_table,
				 .ref = &cond->ref });
	return reads || cond->lookup != NO_LOOKUP ||
	       cond->value_lookup != NO_LOOKUP;
}

/* Does it read what the call says? */
static bool
plan_condition(struct planner *planner, struct condition *cond)
{
	if (cond == NULL)
		return false;
	cond->reads_store = plan_lookups(planner, cond);
	if (condition_asks(cond) && cond->limit->stage >= planner->stage)
		cond->reads_store = true;
	for (size_t i = 0; i < cond->n_terms; i++)
		if (plan_condition(planner, cond->terms[i]))
			cond->reads_store = true;
	return cond->reads_store;
}

static bool
plan_actions(struct planner *planner, struct rule *rule)
{
	bool reads = false;

	for (size_t i = 0; i < rule->n_actions; i++)
		if (plan_text(planner, &rule->actions[i].text))
			reads = true;
	return reads;
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
	struct planner planner = { program->arena, plan, stage };
	bool reads = plan_condition(&planner, rule->block->cond);

	if (plan_condition(&planner, rule->cond))
		reads = true;
	if (plan_actions(&planner, rule))
		reads = true;
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

		plan->waits =
		    plan->waits || plan->n_peeked > 0 || plan->n_lookups > 0;
		needs->answers[stage] =
		    plan->n_rules > 0 || plan->n_charged > 0;
	}
	plan_scans(program);
	needs->helo = needs->helo || needs->answers[STAGE_HELO];
	needs->refused_rcpt = program->n_on_unknown > 0;
}
