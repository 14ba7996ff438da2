/*
 * Only rules that say `over` count: by `near` or `used` people score and log, and
 * where these refuse, `over` most often refuses a moment later. What stands in a
 * block's `on … if` is asked for as well as the rule's own condition.
 */
#include "tool/desk/effect.h"

#include "base/clock.h"
#include "tool/show/when.h"

static bool
keep_switch(void *context, const struct store_switch *one)
{
	struct switches *switches = context;
	struct store_switch *copy;

	switches->items = arena_grow(switches->arena, switches->items,
	    switches->n, sizeof(*switches->items));
	copy = &switches->items[switches->n++];
	copy->rule = arena_str(switches->arena, one->rule);
	copy->hold.until_ms = one->hold.until_ms;
	copy->hold.reason = arena_str(switches->arena, one->hold.reason);
	copy->hold.by = arena_str(switches->arena, one->hold.by);
	return true;
}

int
switches_read(struct store *store, struct arena *arena,
    struct switches *switches_out, struct buf *error)
{
	*switches_out = (struct switches){ .arena = arena };
	if (store_switches(
		store, clock_wall_ms(), keep_switch, switches_out, error) == 0)
		return 0;
	switches_out->n = 0;
	return -1;
}

const struct store_switch *
switches_find(const struct switches *switches, struct str rule)
{
	for (size_t i = 0; i < switches->n; i++)
		if (str_eq(switches->items[i].rule, rule))
			return &switches->items[i];
	return NULL;
}

struct str
switch_text(struct arena *arena, const struct store_switch *one, int64_t now_ms)
{
	char until[WHEN_MAX];

	return arena_printf(arena, "observed until %s by %.*s: %.*s",
	    when_both(one->hold.until_ms, now_ms, until).p,
	    STR_ARG(one->hold.by), STR_ARG(one->hold.reason));
}

/* Does it say `over` of this limit? What is behind a `not` says the contrary. */
static bool
asks_over(const struct condition *cond, const struct limit *limit)
{
	if (cond == NULL)
		return false;
	if (cond->kind == COND_OVER)
		return cond->limit == limit;
	if (cond->kind != COND_AND && cond->kind != COND_OR)
		return false;
	for (size_t i = 0; i < cond->n_terms; i++)
		if (asks_over(cond->terms[i], limit))
			return true;
	return false;
}

/* To discard is to refuse as well, for whoever waits for the mail. */
bool
rule_refuses(const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_actions; i++)
		if (rule->actions[i].kind == ACTION_REJECT ||
		    rule->actions[i].kind == ACTION_TEMPFAIL ||
		    rule->actions[i].kind == ACTION_DISCARD)
			return true;
	return false;
}

bool
rule_is_observed(const struct ruleset *rules, const struct rule *rule)
{
	return rule->is_observed || ruleset_options(rules)->observe_all;
}

enum account_effect
effect_of(const struct ruleset *rules, const struct limit *limit,
    const struct switches *switches)
{
	const struct program *program = ruleset_program(rules);
	enum account_effect effect = EFFECT_NONE;

	for (size_t i = 0; i < program->n_rules; i++) {
		const struct rule *rule = program->rules[i];

		if (!rule_refuses(rule) || rule->expires_ms <= clock_wall_ms())
			continue;
		if (!asks_over(rule->cond, limit) &&
		    !asks_over(rule->block->cond, limit))
			continue;
		if (!rule_is_observed(rules, rule) &&
		    switches_find(switches, rule->name) == NULL)
			return EFFECT_REFUSES;
		effect = EFFECT_OBSERVED;
	}
	return effect;
}
