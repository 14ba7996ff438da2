/*
 * What a program means, for people who want to be sure: where each limit is
 * charged, and what each accept goes around.
 */
#include "base/quantity.h"
#include "rules/print.h"
#include "rules/ruleset.h"
#include "store/raise.h"

/* How often, where the stage alone does not tell. */
static const char *
charge_text(const struct limit *limit)
{
	const struct unit_type *type = unit_type(limit->unit);

	/* Its key is the recipient's: several of one message may be alike. */
	if (limit->unit == UNIT_MESSAGES && limit->stage == STAGE_RCPT)
		return "once for each message and key";
	return limit->stage != type->stage && type->counted_later != NULL
		   ? type->counted_later
		   : type->counted;
}

static void
explain_charge(const struct limit *limit, struct buf *out)
{
	if (limit->unit == UNIT_UNKNOWN_RECIPIENTS)
		buf_add_cstr(out,
		    "charged whenever the MTA refuses a recipient with 5.1.x");
	else if (limit->unit == UNIT_REJECTS && limit->known == STAGE_CONNECT)
		buf_add_cstr(out, "charged whenever a rule rejects");
	else if (limit->unit == UNIT_REJECTS)
		buf_printf(out,
		    "charged whenever a rule rejects from stage %s on",
		    stage_name(limit->known));
	else
		buf_printf(out, "charged at stage %s, %s",
		    stage_name(limit->stage), charge_text(limit));
}

static bool
is_peeked(const struct stage_plan *plan, const struct limit *limit)
{
	for (size_t i = 0; i < plan->n_peeked; i++)
		if (plan->peeked[i] == limit)
			return true;
	return false;
}

/* The stages at which it is asked without being charged. */
static void
explain_peeks(
    const struct program *program, const struct limit *limit, struct buf *out)
{
	const char *before =
	    limit->stage == STAGE_N ? ", asked at " : ", asked before at ";

	for (int stage = 0; stage < STAGE_N; stage++) {
		if (!is_peeked(&program->stages[stage], limit))
			continue;
		buf_printf(out, "%s%s", before, stage_name((enum stage)stage));
		before = ", ";
	}
}

static void
explain_options(const struct limit *limit, struct buf *out)
{
	char duration[QUANTITY_TEXT_MAX];

	buf_add_cstr(out, limit->counts_attempts ? "; counts attempts" : "");
	if (limit->locks_sec > 0)
		buf_printf(out, "; once over, locked for %.*s",
		    STR_ARG(duration_text(limit->locks_sec, duration)));
	if (limit->override_name.len > 0)
		buf_printf(out, "; other rates by table %.*s",
		    STR_ARG(limit->override_name));
	buf_printf(out, "; on outage: %s\n", on_outage_name(limit->on_outage));
}

static void
explain_limit(
    const struct program *program, const struct limit *limit, struct buf *out)
{
	buf_printf(out, "limit %.*s: ", STR_ARG(limit->name));
	rates_text(limit->rates, limit->n_rates, out);
	buf_byte(out, ' ');
	print_unit(limit, out);
	buf_add_cstr(out, ", ");
	explain_charge(limit, out);
	explain_peeks(program, limit, out);
	buf_add_cstr(out, ", by ");
	for (size_t i = 0; i < limit->n_keys; i++) {
		buf_add_cstr(out, i > 0 ? ", " : "");
		print_ref(&limit->keys[i], out);
	}
	if (limit->cond != NULL) {
		buf_add_cstr(out, ", if ");
		print_condition(limit->cond, out);
	}
	explain_options(limit, out);
	if (!limit->is_asked)
		buf_printf(out, "  no rule asks whether it is over\n");
}

/* Tables in Redis: where they are, and where they are asked. */
static void
explain_table(
    const struct program *program, const struct table *table, struct buf *out)
{
	const char *before = ", looked up at ";

	if (!table->is_redis)
		return;
	buf_printf(out, "table %.*s: %s, in Redis", STR_ARG(table->name),
	    table_type_name(table->type));
	for (int stage = 0; stage < STAGE_N; stage++) {
		const struct stage_plan *plan = &program->stages[stage];
		bool is_asked = false;

		for (size_t i = 0; i < plan->n_lookups; i++)
			is_asked = is_asked || plan->lookups[i].table == table;
		if (!is_asked)
			continue;
		buf_printf(out, "%s%s", before, stage_name((enum stage)stage));
		before = ", ";
	}
	buf_printf(
	    out, "; on outage: %s\n", table_outage_name(table->on_outage));
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

/* Whom the mail reaches then, and who sent it. NULL: it does not say. */
static const char *
delivery_text(const struct rule *rule, const struct action *action)
{
	bool is_of_one = rule->block->stage == STAGE_RCPT;

	switch (action->kind) {
	case ACTION_ADD_RECIPIENT:
		return "is one more recipient of the message";
	case ACTION_REMOVE_RECIPIENT:
		return "is no recipient of the message any more";
	case ACTION_REDIRECT:
		return is_of_one ? "gets the message in place of this recipient"
				 : "gets the message in place of all its "
				   "recipients";
	case ACTION_SET_SENDER:
		return "is the envelope sender then";
	case ACTION_ACCEPT:
	case ACTION_REJECT:
	case ACTION_TEMPFAIL:
	case ACTION_DISCARD:
	case ACTION_QUARANTINE:
	case ACTION_ADD_HEADER:
	case ACTION_SET_HEADER:
	case ACTION_REMOVE_HEADER:
	case ACTION_SCORE:
	case ACTION_TAG:
	case ACTION_LOG:
	case ACTION_REMEMBER:
	case ACTION_FORGET:
		break;
	}
	return NULL;
}

static void
explain_delivery(const struct rule *rule, struct buf *out)
{
	unsigned line, column;

	for (size_t i = 0; i < rule->n_actions && !rule->is_observed; i++) {
		const struct action *action = &rule->actions[i];
		const char *text = delivery_text(rule, action);

		if (text == NULL)
			continue;
		pos_line_column(action->pos, &line, &column);
		buf_printf(out,
		    "%s %.*s (%s:%u): ", action_type(action->kind)->name,
		    STR_ARG(rule->name), action->pos.source->path, line);
		print_text(&action->text, out);
		buf_printf(out, " %s\n", text);
	}
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

	for (size_t i = 0; i < program->n_tables; i++)
		explain_table(program, program->tables[i], out);
	for (size_t i = 0; i < program->n_limits; i++)
		explain_limit(program, program->limits[i], out);
	for (size_t i = 0; i < program->n_rules; i++)
		if (accepts(program->rules[i]))
			explain_accept(program, program->rules[i], out);
	for (size_t i = 0; i < program->n_rules; i++)
		explain_delivery(program->rules[i], out);
}
