/*
 * What a program means, for people who want to be sure: where each limit is
 * charged, and what each accept goes around.
 */
#include "rules/print.h"
#include "rules/ruleset.h"

static const char *
charge_text(const struct limit *limit)
{
	switch (limit->unit) {
	case UNIT_CONNECTIONS:
		return "once for the connection";
	case UNIT_MESSAGES:
		return limit->stage == STAGE_RCPT
			   ? "once for each message and key"
			   : "once for each message";
	case UNIT_RECIPIENTS:
		return limit->stage == STAGE_RCPT
			   ? "once for each recipient"
			   : "for all recipients at once";
	}
	return "";
}

static void
explain_limit(const struct limit *limit, struct buf *out)
{
	buf_printf(out, "limit %.*s: ", STR_ARG(limit->name));
	print_rates(limit, out);
	buf_printf(out, " %s, charged at stage %s, %s, by ",
	    unit_name(limit->unit), stage_name(limit->stage),
	    charge_text(limit));
	for (size_t i = 0; i < limit->n_keys; i++) {
		buf_add_cstr(out, i > 0 ? ", " : "");
		print_ref(&limit->keys[i], out);
	}
	if (limit->cond != NULL) {
		buf_add_cstr(out, ", if ");
		print_condition(limit->cond, out);
	}
	buf_printf(out, "; %son outage: %s\n",
	    limit->counts_attempts ? "counts attempts; " : "",
	    on_outage_name(limit->on_outage));
	if (!limit->is_asked)
		buf_printf(out, "  no rule asks whether it is over\n");
}

static size_t
n_rules_of(const struct program *program, enum stage from, enum stage to)
{
	size_t n = 0;

	for (int stage = (int)from; stage <= (int)to; stage++)
		n += program->stages[stage].n_rules;
	return n;
}

static size_t
n_rules_behind(const struct stage_plan *plan, const struct rule *rule)
{
	for (size_t i = 0; i < plan->n_rules; i++)
		if (plan->rules[i] == rule)
			return plan->n_rules - i - 1;
	return 0;
}

static void
explain_accept(
    const struct program *program, const struct rule *rule, struct buf *out)
{
	enum stage stage = rule->block->stage;
	size_t here = n_rules_behind(&program->stages[stage], rule);
	size_t later = stage == STAGE_MESSAGE
			   ? 0
			   : n_rules_of(program, stage + 1, STAGE_MESSAGE);
	unsigned line, column;

	pos_line_column(rule->pos, &line, &column);
	buf_printf(out, "accept %.*s (%s:%u): ", STR_ARG(rule->name),
	    rule->pos.source->path, line);
	if (stage == STAGE_RCPT)
		buf_printf(out,
		    "this recipient goes around %zu later rule%s of stage "
		    "rcpt; a message all of whose recipients do so goes "
		    "around %zu of later stages\n",
		    here, here == 1 ? "" : "s", later);
	else
		buf_printf(out,
		    "this %s goes around %zu later rule%s; limits go on "
		    "counting\n",
		    stage < STAGE_MAIL ? "connection" : "message", here + later,
		    here + later == 1 ? "" : "s");
}

static bool
accepts(const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_actions; i++)
		if (rule->actions[i].kind == ACTION_ACCEPT)
			return !rule->is_observed;
	return false;
}

void
ruleset_explain(const struct ruleset *rules, struct buf *out)
{
	const struct program *program = ruleset_program(rules);

	for (size_t i = 0; i < program->n_limits; i++)
		explain_limit(program->limits[i], out);
	for (size_t i = 0; i < program->n_rules; i++)
		if (accepts(program->rules[i]))
			explain_accept(program, program->rules[i], out);
}
