/*
 * Limits are checked before blocks: what a rule may ask of a limit depends on
 * the stage from which all that the limit reads is known.
 *
 * Warnings about the whole (rules that no mail can reach, tables that nothing
 * looks into) come only when there is no error: of half a program they would
 * not be true.
 */
#include "rules/check.h"

#include "base/xalloc.h"
#include "rules/parser.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPIRES_SOON_DAYS 14
#define DAY_MS            (INT64_C(86400) * 1000)

/* A name that was given, for finding those given twice. */
struct given {
	struct str name;
	struct pos pos;
	size_t index;
};

static int
compare_given(const void *a, const void *b)
{
	const struct given *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	if (order != 0)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void
complain_of_twins(
    struct checker *checker, const char *what, struct given *given, size_t n)
{
	size_t first = 0;

	qsort(given, n, sizeof(*given), compare_given);
	for (size_t i = 1; i < n; i++) {
		if (!str_eq(given[i].name, given[first].name)) {
			first = i;
			continue;
		}
		diag_add(checker->diags, DIAG_ERROR, given[i].pos,
		    "there are two %ss called '%.*s'", what,
		    STR_ARG(given[i].name));
		diag_add(checker->diags, DIAG_NOTE, given[first].pos,
		    "this is the first one");
	}
}

static void
check_names(struct checker *checker)
{
	struct program *program = checker->program;
	size_t most = program->n_tables + program->n_limits + program->n_rules;
	struct given *given = xcalloc(most + 1, sizeof(*given));

	for (size_t i = 0; i < program->n_tables; i++)
		given[i] = (struct given){ program->tables[i]->name,
			program->tables[i]->pos, i };
	complain_of_twins(checker, "table", given, program->n_tables);
	for (size_t i = 0; i < program->n_limits; i++)
		given[i] = (struct given){ program->limits[i]->name,
			program->limits[i]->pos, i };
	complain_of_twins(checker, "limit", given, program->n_limits);
	for (size_t i = 0; i < program->n_rules; i++)
		given[i] = (struct given){ program->rules[i]->name,
			program->rules[i]->pos, i };
	complain_of_twins(checker, "rule", given, program->n_rules);
	free(given);
}

static void
check_code(struct checker *checker, const struct action *action)
{
	unsigned class = action->kind == ACTION_REJECT ? 5 : 4;
	struct pos pos = action->has_code ? action->code_pos : action->pos;

	if (action->code / 100 != class)
		diag_add(checker->diags, DIAG_ERROR, pos,
		    "%u does not fit %s: expected a code from %u00 to %u99",
		    action->code, action_type(action->kind)->name, class,
		    class);
	else if (action->has_xcode && action->xcode.p[0] != (char)('0' + class))
		diag_add(checker->diags, DIAG_ERROR, pos,
		    "%.*s does not fit %u: expected %u.…",
		    STR_ARG(action->xcode), action->code, class);
}

/* A code without an enhanced one gets that of its class. */
static void
complete_xcode(struct action *action)
{
	if (action->has_code && !action->has_xcode)
		action->xcode =
		    action->kind == ACTION_REJECT ? STR("5.7.1") : STR("4.7.1");
}

static void
check_place_of_action(struct checker *checker, const struct rule *rule,
    const struct action *action)
{
	const struct action_type *type = action_type(action->kind);
	enum stage stage = rule->block->stage;

	if (stage < type->first_stage)
		diag_add(checker->diags, DIAG_ERROR, action->pos,
		    "%s is about a message: it may stand from stage %s on",
		    type->name, stage_name(type->first_stage));
	if (action->kind == ACTION_DISCARD && stage == STAGE_RCPT)
		diag_add(checker->diags, DIAG_ERROR, action->pos,
		    "discard is about the whole message, not one recipient: "
		    "it may stand at mail, data, headers and message");
}

static bool
names_ref(const struct text *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->parts[i].kind == PART_FACT &&
		    text->parts[i].ref.fact->id == FACT_REF)
			return true;
	return false;
}

static void
note_changes(struct checker *checker, const struct action *action)
{
	struct needs *needs = checker->needs;
	enum action_kind kind = action->kind;

	needs->changes = needs->changes || action_type(kind)->changes_message;
	needs->add_headers = needs->add_headers || kind == ACTION_ADD_HEADER ||
			     kind == ACTION_SET_HEADER;
	needs->change_headers =
	    needs->change_headers || kind == ACTION_SET_HEADER ||
	    kind == ACTION_REMOVE_HEADER || action_is_ours(action);
	needs->quarantine = needs->quarantine || kind == ACTION_QUARANTINE;
	needs->recipients = needs->recipients || kind == ACTION_ADD_RECIPIENT ||
			    kind == ACTION_REMOVE_RECIPIENT ||
			    kind == ACTION_REDIRECT;
	needs->sender = needs->sender || kind == ACTION_SET_SENDER;
	/* Setting and removing must know what is there. */
	needs->headers = needs->headers || kind == ACTION_SET_HEADER ||
			 kind == ACTION_REMOVE_HEADER || action_is_ours(action);
}

/* What only some kinds have. */
static void
check_kind(struct checker *checker, const struct check_place *place,
    struct action *action)
{
	switch (action->kind) {
	case ACTION_REJECT:
	case ACTION_TEMPFAIL:
		check_code(checker, action);
		complete_xcode(action);
		action->has_ref = names_ref(&action->text);
		break;
	case ACTION_ADD_RECIPIENT:
	case ACTION_REMOVE_RECIPIENT:
	case ACTION_REDIRECT:
	case ACTION_SET_SENDER:
		check_address(checker, place, action);
		break;
	case ACTION_REMEMBER:
	case ACTION_FORGET:
		check_remembered(checker, place, action);
		break;
	case ACTION_ACCEPT:
	case ACTION_DISCARD:
	case ACTION_QUARANTINE:
	case ACTION_ADD_HEADER:
	case ACTION_SET_HEADER:
	case ACTION_REMOVE_HEADER:
	case ACTION_SCORE:
	case ACTION_TAG:
	case ACTION_LOG:
		break;
	}
}

static void
check_actions(struct checker *checker, struct rule *rule)
{
	struct check_place place = { .stage = rule->block->stage,
		.rule = rule };
	const struct action *first = NULL;

	for (size_t i = 0; i < rule->n_actions; i++) {
		struct action *action = &rule->actions[i];
		const struct action_type *type = action_type(action->kind);

		check_place_of_action(checker, rule, action);
		check_text(checker, &place, &action->text, rule->cond,
		    rule->block->cond);
		check_kind(checker, &place, action);
		if (type->is_terminal && first != NULL)
			diag_add(checker->diags, DIAG_ERROR, action->pos,
			    "a rule decides once: it says %s already",
			    action_type(first->kind)->name);
		if (type->is_terminal)
			first = action;
		note_changes(checker, action);
	}
}

/* "2027-03-01" to the end of that day in the time zone of the process. */
static int
parse_date(struct str text, int64_t *end_ms)
{
	struct tm tm = { .tm_isdst = -1 };
	char copy[11];
	const char *end;
	int month, day;

	memcpy(copy, text.p, 10);
	copy[10] = '\0';
	end = strptime(copy, "%Y-%m-%d", &tm);
	if (end == NULL || *end != '\0' || copy[4] != '-' || copy[7] != '-')
		return -1;
	month = tm.tm_mon;
	day = tm.tm_mday;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	if (mktime(&tm) == -1 || tm.tm_mon != month || tm.tm_mday != day)
		return -1; /* the 30th of February */
	tm.tm_mday++;
	tm.tm_isdst = -1;
	*end_ms = (int64_t)mktime(&tm) * 1000;
	return 0;
}

static void
check_expires(struct checker *checker, struct rule *rule)
{
	int64_t left_ms;

	rule->expires_ms = INT64_MAX;
	if (rule->expires.len == 0)
		return;
	if (parse_date(rule->expires, &rule->expires_ms) == -1) {
		diag_add(checker->diags, DIAG_ERROR, rule->expires_pos,
		    "there is no such day: expected a date like 2027-03-01");
		return;
	}
	left_ms = rule->expires_ms - checker->options->now_ms;
	if (left_ms <= 0)
		diag_add(checker->diags, DIAG_WARNING, rule->expires_pos,
		    "rule '%.*s' has expired: it does nothing any more",
		    STR_ARG(rule->name));
	else if (left_ms <= EXPIRES_SOON_DAYS * DAY_MS)
		diag_add(checker->diags, DIAG_WARNING, rule->expires_pos,
		    "rule '%.*s' expires within %d days", STR_ARG(rule->name),
		    EXPIRES_SOON_DAYS);
}

static void
check_block(struct checker *checker, struct block *block)
{
	struct check_place place = { .stage = block->stage };

	if (block->cond != NULL)
		check_condition(checker, &place, block->cond);
	for (size_t i = 0; i < block->n_rules; i++) {
		struct rule *rule = block->rules[i];

		place.rule = rule;
		if (rule->cond != NULL)
			check_condition(checker, &place, rule->cond);
		check_actions(checker, rule);
		check_expires(checker, rule);
	}
}

/* Does this rule, once it is reached, always end the stage? */
static bool
always_ends(const struct rule *rule)
{
	if (rule->cond != NULL || rule->is_observed || rule->expires.len > 0)
		return false;
	for (size_t i = 0; i < rule->n_actions; i++)
		if (action_type(rule->actions[i].kind)->is_terminal)
			return true;
	return false;
}

static void
warn_of_unreachable(struct checker *checker, enum stage stage)
{
	const struct rule *end = NULL; /* of the stage, or of its block */

	for (size_t i = 0; i < checker->program->n_rules; i++) {
		const struct rule *rule = checker->program->rules[i];

		if (rule->block->stage != stage)
			continue;
		if (end != NULL && end->block->cond != NULL &&
		    end->block != rule->block)
			end = NULL;
		if (end != NULL) {
			diag_add(checker->diags, DIAG_WARNING, rule->pos,
			    "no mail can reach rule '%.*s'",
			    STR_ARG(rule->name));
			diag_add(checker->diags, DIAG_NOTE, end->pos,
			    "rule '%.*s' decides without a condition",
			    STR_ARG(end->name));
		} else if (always_ends(rule)) {
			end = rule;
		}
	}
}

static void
warn_of_unused(struct checker *checker)
{
	struct program *program = checker->program;

	for (size_t i = 0; i < program->n_tables; i++)
		if (!program->tables[i]->is_used)
			diag_add(checker->diags, DIAG_WARNING,
			    program->tables[i]->pos,
			    "nothing looks into table '%.*s'",
			    STR_ARG(program->tables[i]->name));
}

void
check_program(struct checker *checker)
{
	struct program *program = checker->program;

	check_names(checker);
	for (size_t i = 0; i < program->n_limits; i++)
		check_limit(checker, program->limits[i]);
	for (size_t i = 0; i < program->n_blocks; i++)
		check_block(checker, program->blocks[i]);
	if (diags_n_errors(checker->diags) > 0)
		return;
	for (int stage = 0; stage < STAGE_N; stage++)
		warn_of_unreachable(checker, (enum stage)stage);
	warn_of_unused(checker);
	check_lacks_warn(checker);
}
