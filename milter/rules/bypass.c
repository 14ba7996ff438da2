/*
 * What an accept goes around: the refusals that are not reached any more, and
 * the limits that go on counting but refuse nothing then.
 *
 * Rules that never meet are left out: what holds for daemon.name == "mx" alone
 * says nothing of submission. Only the plain case is seen, `==` of the same
 * fact with two texts, in what must be true as a whole; so the list may have a
 * rule too many, but misses none.
 */
#include "rules/print.h"
#include "rules/ruleset.h"

#define NAME_COLUMN 24

/* One accept, and what is told of it. */
struct bypass {
	const struct program *program;
	const struct rule *accept;
	struct buf *out;
};

/* --- what must be true together ------------------------------------------- */

static bool
is_equality(const struct condition *cond, struct str *text_out)
{
	return cond->kind == COND_COMPARE && cond->cmp == CMP_EQ &&
	       !cond->is_value && cond->right.kind == OPERAND_TEXT &&
	       !fact_is_many(cond->ref.fact, STAGE_MESSAGE) &&
	       text_is_literal(&cond->right.text, text_out);
}

static bool
contradicts_leaf(const struct condition *a, const struct condition *b)
{
	struct str text_a, text_b;

	return is_equality(a, &text_a) && is_equality(b, &text_b) &&
	       a->ref.fact == b->ref.fact &&
	       str_eq(a->ref.argument, b->ref.argument) &&
	       !str_eq_nocase(text_a, text_b);
}

/* Is there something in cond, one leaf or an `and` of several (CONDITION_DEPTH
 * bounds them), that the leaf rules out? */
static bool
contradicts(const struct condition *cond, const struct condition *leaf)
{
	if (cond == NULL)
		return false;
	if (cond->kind != COND_AND)
		return contradicts_leaf(cond, leaf);
	for (size_t i = 0; i < cond->n_terms; i++)
		if (contradicts(cond->terms[i], leaf))
			return true;
	return false;
}

static bool
excludes(const struct condition *cond, const struct rule *rule)
{
	if (cond == NULL)
		return false;
	if (cond->kind != COND_AND)
		return contradicts(rule->cond, cond) ||
		       contradicts(rule->block->cond, cond);
	for (size_t i = 0; i < cond->n_terms; i++)
		if (excludes(cond->terms[i], rule))
			return true;
	return false;
}

static bool
may_meet(const struct rule *a, const struct rule *b)
{
	return !excludes(a->cond, b) && !excludes(a->block->cond, b);
}

/* --- whom it may be brought about by -------------------------------------- */

/* Does it take something that the MTA has found out, and the client cannot
 * choose? What an operator or a limit said is no choice of a client, either. */
static bool
is_verified(const struct condition *cond)
{
	bool is_all = cond->n_terms > 0, is_any = false;

	switch (cond->kind) {
	case COND_OR:
	case COND_AND:
		for (size_t i = 0; i < cond->n_terms; i++) {
			bool is = is_verified(cond->terms[i]);

			is_all = is_all && is;
			is_any = is_any || is;
		}
		return cond->kind == COND_OR ? is_all : is_any;
	case COND_NOT: /* to be none of them is easy */
	case COND_WITH:
		return false;
	case COND_FACT:
	case COND_COMPARE:
		return cond->cmp != CMP_NE &&
		       (cond->ref.fact->flags & FACT_VERIFIED) != 0;
	case COND_MATCH:
		return !cond->is_negated &&
		       (cond->ref.fact->flags & FACT_VERIFIED) != 0;
	case COND_IN:
		return cond->has_text ||
		       (cond->ref.fact->flags & FACT_VERIFIED) != 0;
	case COND_OVER:
	case COND_NEAR:
	case COND_USED:
		return true;
	}
	return false;
}

static bool
anybody_can(const struct rule *rule)
{
	return (rule->cond == NULL || !is_verified(rule->cond)) &&
	       (rule->block->cond == NULL || !is_verified(rule->block->cond));
}

/* --- what is gone around -------------------------------------------------- */

/* NULL: it decides nothing, but marks, logs or changes. */
static const struct action *
deciding(const struct rule *rule)
{
	const struct action *action = rule_main_action(rule);

	return action_type(action->kind)->is_terminal ? action : NULL;
}

static bool
refuses(const struct rule *rule)
{
	const struct action *action = deciding(rule);

	return action != NULL && action->kind != ACTION_ACCEPT;
}

static bool
asks(const struct condition *cond, const struct limit *limit)
{
	if (cond == NULL)
		return false;
	for (size_t i = 0; i < cond->n_terms; i++)
		if (asks(cond->terms[i], limit))
			return true;
	return condition_asks(cond) && cond->limit == limit;
}

static bool
rule_asks(const struct rule *rule, const struct limit *limit)
{
	return asks(rule->cond, limit) || asks(rule->block->cond, limit);
}

/* Is the rule behind the accept, at its stage (is_later: at a later one)? */
static bool
is_behind(const struct bypass *bypass, const struct rule *rule, bool is_later)
{
	enum stage from = bypass->accept->block->stage;

	if (is_later ? rule->block->stage <= from : rule->block->stage != from)
		return false;
	return (is_later || rule->index > bypass->accept->index) &&
	       refuses(rule) && may_meet(bypass->accept, rule);
}

static void
add_place(struct buf *out, struct pos pos)
{
	unsigned line, column;

	pos_line_column(pos, &line, &column);
	buf_printf(out, "(%s:%u)", pos.source->path, line);
}

static void
add_refusal(struct bypass *bypass, const struct rule *rule)
{
	const struct action *action = deciding(rule);
	const struct program *program = bypass->program;

	buf_printf(bypass->out, "    %-*.*s", NAME_COLUMN, STR_ARG(rule->name));
	if (action != NULL)
		buf_printf(bypass->out, " %s", action_type(action->kind)->name);
	if (action != NULL && action->code != 0)
		buf_printf(bypass->out, " %u", action->code);
	buf_printf(bypass->out, " at %s%s", stage_name(rule->block->stage),
	    rule->is_observed ? ", observed" : "");
	for (size_t i = 0; i < program->n_limits; i++)
		if (rule_asks(rule, program->limits[i]))
			buf_printf(bypass->out, ", limit %.*s",
			    STR_ARG(program->limits[i]->name));
	buf_byte(bypass->out, ' ');
	add_place(bypass->out, rule->pos);
	buf_byte(bypass->out, '\n');
}

static size_t
add_refusals(struct bypass *bypass, bool is_later, const char *heading)
{
	const struct program *program = bypass->program;
	size_t n = 0;

	for (size_t i = 0; i < program->n_rules; i++) {
		if (!is_behind(bypass, program->rules[i], is_later))
			continue;
		if (n++ == 0)
			buf_add_cstr(bypass->out, heading);
		add_refusal(bypass, program->rules[i]);
	}
	return n;
}

/* Does a rule that the accept leaves as it is refuse by this limit? */
static const struct rule *
still_refuses(const struct bypass *bypass, const struct limit *limit)
{
	const struct program *program = bypass->program;

	for (size_t i = 0; i < program->n_rules; i++) {
		const struct rule *rule = program->rules[i];

		if (refuses(rule) && !rule->is_observed &&
		    rule_asks(rule, limit) && may_meet(bypass->accept, rule) &&
		    !is_behind(bypass, rule, false) &&
		    !is_behind(bypass, rule, true))
			return rule;
	}
	return NULL;
}

static bool
is_gone_around(const struct bypass *bypass, const struct limit *limit)
{
	const struct program *program = bypass->program;

	for (size_t i = 0; i < program->n_rules; i++) {
		const struct rule *rule = program->rules[i];

		if (rule_asks(rule, limit) &&
		    (is_behind(bypass, rule, false) ||
			is_behind(bypass, rule, true)))
			return true;
	}
	return false;
}

static void
add_limits(struct bypass *bypass)
{
	const struct program *program = bypass->program;

	for (size_t i = 0; i < program->n_limits; i++) {
		const struct limit *limit = program->limits[i];
		const struct rule *other;

		if (!is_gone_around(bypass, limit))
			continue;
		other = still_refuses(bypass, limit);
		buf_printf(bypass->out, "  limit %.*s goes on counting%s",
		    STR_ARG(limit->name),
		    other == NULL ? ", but refuses nothing then" : "; it ");
		if (other != NULL)
			buf_printf(bypass->out, "refuses before, by %.*s",
			    STR_ARG(other->name));
		buf_byte(bypass->out, '\n');
	}
}

static void
add_condition(struct bypass *bypass)
{
	const struct rule *rule = bypass->accept;
	const char *before = "  if ";

	if (rule->block->cond != NULL) {
		buf_add_cstr(bypass->out, before);
		print_condition(rule->block->cond, bypass->out);
		buf_byte(bypass->out, '\n');
		before = "  and if ";
	}
	if (rule->cond != NULL) {
		buf_add_cstr(bypass->out, before);
		print_condition(rule->cond, bypass->out);
		buf_byte(bypass->out, '\n');
	}
	if (anybody_can(rule))
		buf_add_cstr(bypass->out,
		    "  anybody can bring that about: nothing in it is "
		    "verified, as client.ip, client.name and sasl.user are\n");
}

static const char *
about(enum stage stage)
{
	if (stage == STAGE_RCPT)
		return "this recipient";
	return stage < STAGE_MAIL ? "the connection" : "the message";
}

static void
explain(struct bypass *bypass)
{
	enum stage stage = bypass->accept->block->stage;
	size_t n;

	buf_printf(bypass->out, "accept %.*s ", STR_ARG(bypass->accept->name));
	add_place(bypass->out, bypass->accept->pos);
	buf_printf(bypass->out, " at %s: %s%s\n", stage_name(stage),
	    about(stage),
	    bypass->accept->is_observed ? " (observed: it accepts nothing)"
					: "");
	add_condition(bypass);
	n = add_refusals(bypass, false, "  goes around\n");
	if (stage == STAGE_RCPT)
		n += add_refusals(bypass, true,
		    "  and around, if it goes so with every recipient of the "
		    "message\n");
	else
		n += add_refusals(bypass, true, n > 0 ? "" : "  goes around\n");
	if (n == 0)
		buf_add_cstr(
		    bypass->out, "  goes around nothing that refuses\n");
	add_limits(bypass);
}

void
ruleset_explain_bypass(const struct ruleset *rules, struct buf *out)
{
	struct bypass bypass = { ruleset_program(rules), NULL, out };
	size_t n = 0;

	for (size_t i = 0; i < bypass.program->n_rules; i++) {
		const struct action *action;

		bypass.accept = bypass.program->rules[i];
		action = deciding(bypass.accept);
		if (action == NULL || action->kind != ACTION_ACCEPT)
			continue;
		buf_add_cstr(out, n++ > 0 ? "\n" : "");
		explain(&bypass);
	}
	if (n == 0)
		buf_add_cstr(out, "no rule accepts: nothing is gone around\n");
}
