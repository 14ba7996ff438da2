/*
 * The pages of explain that are about the envelope, the rules and the verdict.
 */
#include "tool/explain.h"

#include "tool/desk/names.h"
#include "tool/show/grid.h"
#include "tool/show/shown.h"

#define NAME_MAX_COLUMNS 24
#define INDENT           4
#define FACT_COLUMNS     120 /* of what a rule read, at most */

static struct str
client_text(const struct explain *explain)
{
	const struct session_client *client = &explain->envelope.client;
	char text[IP_TEXT_MAX];

	if (client->name.len == 0)
		return arena_str(explain->arena, ip_text(&client->ip, text));
	return arena_printf(explain->arena, "%s %.*s",
	    ip_text(&client->ip, text).p, STR_ARG(client->name));
}

static void
add_row(const struct explain *explain, struct grid *grid, const char *what,
    struct str text, const char *origin)
{
	grid_add(
	    grid, (struct str[]){ arena_printf(explain->arena, "  %s", what),
		      explain_shown(explain, text, explain->width / 2),
		      arena_printf(explain->arena, "(%s)", origin) });
}

void
explain_print_envelope(const struct explain *explain, struct buf *out)
{
	static const struct grid_column columns[] = {
		{ "Envelope", false },
		{ "", false },
		{ "", false },
	};
	const struct envelope *envelope = &explain->envelope;
	struct grid grid;

	grid_init(&grid, explain->arena, columns, 3);
	add_row(explain, &grid, "client", client_text(explain),
	    envelope->client_origin);
	add_row(
	    explain, &grid, "helo", envelope->helo.text, envelope->helo.origin);
	if (envelope->user.text.len > 0)
		add_row(explain, &grid, "user", envelope->user.text,
		    envelope->user.origin);
	add_row(explain, &grid, "from",
	    envelope->from.text.len > 0 ? envelope->from.text : STR("<>"),
	    envelope->from.origin);
	for (size_t i = 0; i < envelope->n_rcpts; i++)
		add_row(explain, &grid, "rcpt", envelope->rcpts[i].text,
		    envelope->rcpts[i].origin);
	add_row(explain, &grid, "daemon", envelope->daemon.text,
	    envelope->daemon.origin);
	grid_print(&grid, out);
}

/* "body, value 2, line 3, column 5, byte 123, in part 2 (text/html)"; the part
 * in a line of its own if that is too wide. */
static void
add_match_place(const struct explain *explain,
    const struct explain_match *match, size_t indent, struct buf *out)
{
	struct buf place = { 0 }, part = { 0 };

	buf_printf(&place, "%.*s", STR_ARG(match->fact));
	if (match->n_values > 1)
		buf_printf(&place, ", value %zu", match->value + 1);
	if (match->line > 0)
		buf_printf(&place, ", line %zu, column %zu", match->line,
		    match->column);
	buf_printf(&place, ", byte %zu", match->offset);
	shown_blanks(out, indent);
	buf_add(out, buf_str(&place));
	if (match->part > 0) {
		buf_printf(&part, "in part %u (", match->part);
		shown_add(&part, match->type, FACT_COLUMNS);
		buf_add_cstr(&part, ")");
		if (indent + place.len + 2 + part.len > explain->width) {
			buf_add_cstr(out, ",\n");
			shown_blanks(out, indent);
		} else {
			buf_add_cstr(out, ", ");
		}
		buf_add(out, buf_str(&part));
	}
	buf_byte(out, '\n');
	buf_done(&place);
	buf_done(&part);
}

static void
add_match(const struct explain *explain, const struct explain_match *match,
    size_t indent, struct buf *out)
{
	add_match_place(explain, match, indent, out);
	if (match->whole.p != NULL) {
		shown_mark(out, match->whole, match->offset,
		    match->offset + match->text.len, indent + 2,
		    explain->width);
		return;
	}
	shown_blanks(out, indent + 2);
	shown_quoted(out, match->text,
	    explain->is_full ? SHOWN_ALL : explain->width - indent - 2);
	buf_byte(out, '\n');
}

static void
add_facts(const struct explain *explain, const struct explain_rule *told,
    size_t indent, struct buf *out)
{
	for (size_t i = 0; i < told->n_facts; i++) {
		struct str name = told->facts[i].name;
		size_t used = indent + name.len + 3;

		shown_blanks(out, indent);
		buf_printf(out, "%.*s = ", STR_ARG(name));
		shown_quoted(out, told->facts[i].value,
		    explain->is_full || explain->width < used
			? SHOWN_ALL
			: explain->width - used);
		buf_byte(out, '\n');
	}
}

static void
add_not_reached(
    const struct explain *explain, const struct rule *rule, struct buf *out)
{
	const struct explain_rule *cause = explain_cause(explain, rule);

	buf_add_cstr(out, "not reached");
	if (cause != NULL && cause->rule != rule)
		buf_printf(out, ": %.*s ended the %s",
		    STR_ARG(cause->rule->name),
		    cause->rule->block->stage == rule->block->stage
			? "stage"
			: "conversation");
}

static void
add_state(const struct explain *explain, const struct explain_rule *told,
    struct buf *out)
{
	struct str action = explain_action(explain->arena, told->rule);

	switch (told->state) {
	case EXPLAIN_NOT_REACHED:
		add_not_reached(explain, told->rule, out);
		break;
	case EXPLAIN_FALSE:
		buf_byte(out, '-');
		break;
	case EXPLAIN_UNKNOWN:
		buf_add_cstr(out, "unknown");
		break;
	case EXPLAIN_OBSERVED:
		buf_printf(out, "OBSERVED  would %.*s", STR_ARG(action));
		break;
	case EXPLAIN_FIRED:
		buf_printf(out, "FIRED     %.*s", STR_ARG(action));
		break;
	case EXPLAIN_STATE_N:
		break;
	}
	if (told->n_true > 0 && told->n_looked > 1)
		buf_printf(out, ", for %u of %u recipients", told->n_true,
		    told->n_looked);
	if (told->spent.len > 0)
		buf_printf(out, " (no answer: %.*s)", STR_ARG(told->spent));
	buf_byte(out, '\n');
}

static void
add_rule(const struct explain *explain, const struct explain_rule *told,
    size_t name_width, struct buf *out)
{
	struct str name = told->rule->name;
	size_t indent = INDENT + name_width + 2;

	shown_blanks(out, INDENT);
	buf_add(out, name);
	shown_blanks(out, name.len < name_width ? name_width - name.len : 0);
	buf_add_cstr(out, "  ");
	add_state(explain, told, out);
	if (told->state < EXPLAIN_OBSERVED)
		return;
	if (told->has_match)
		add_match(explain, &told->match, indent, out);
	else
		add_facts(explain, told, indent, out);
}

void
explain_print_rules(const struct explain *explain, struct buf *out)
{
	const struct program *program = explain->program;
	size_t width = 0;

	for (size_t i = 0; i < program->n_rules; i++)
		if (program->rules[i]->name.len > width)
			width = program->rules[i]->name.len;
	if (width > NAME_MAX_COLUMNS)
		width = NAME_MAX_COLUMNS;
	buf_add_cstr(out,
	    program->n_rules > 0 ? "\nRules\n" : "\nThere are no rules.\n");
	for (int stage = 0; stage < STAGE_N; stage++) {
		const struct stage_plan *plan = &program->stages[stage];

		if (plan->n_rules > 0)
			buf_printf(
			    out, "  %s\n", stage_name((enum stage)stage));
		for (size_t i = 0; i < plan->n_rules; i++)
			add_rule(explain,
			    &explain->rules[plan->rules[i]->index], width, out);
	}
}

static const char *
change_word(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_ADD_HEADER:
		return "adds header";
	case CHANGE_SET_HEADER:
		return "sets header";
	case CHANGE_REMOVE_HEADER:
		return "removes header";
	case CHANGE_QUARANTINE:
		return "quarantines:";
	case CHANGE_ADD_RECIPIENT:
		return "adds recipient";
	case CHANGE_REMOVE_RECIPIENT:
		return "removes recipient";
	case CHANGE_SET_SENDER:
		return "sets sender";
	}
	return "";
}

static void
add_changes(const struct explain *explain, struct buf *out)
{
	const struct change *changes;
	size_t n;

	changes = session_changes(rehearsal_session(explain->judged), &n);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "  %s", change_word(changes[i].kind));
		if (changes[i].name.len > 0)
			buf_printf(out, " %.*s", STR_ARG(changes[i].name));
		if (changes[i].value.len > 0) {
			buf_byte(out, ' ');
			shown_quoted(out, changes[i].value,
			    explain->is_full ? SHOWN_ALL : explain->width / 2);
		}
		buf_byte(out, '\n');
	}
}

void
explain_print_verdict(const struct explain *explain, struct buf *out)
{
	const struct rehearsal_verdict *verdict = &explain->verdict;
	const struct rule *rule = verdict->rule;

	buf_printf(out, "\nVerdict: %s", rehearsal_end_name(verdict->end));
	if (rule != NULL)
		buf_printf(out, " by %.*s at %s (%.*s)", STR_ARG(rule->name),
		    stage_name(rule->block->stage),
		    STR_ARG(names_place(explain->arena, rule->pos)));
	buf_byte(out, '\n');
	if (verdict->end == REHEARSAL_REJECT ||
	    verdict->end == REHEARSAL_TEMPFAIL) {
		buf_printf(out, "  %u %.*s ", verdict->reply.code,
		    STR_ARG(verdict->reply.xcode));
		shown_add(out, verdict->reply.text, SHOWN_ALL);
		buf_byte(out, '\n');
	} else if (verdict->stage == STAGE_MESSAGE) {
		add_changes(explain, out);
	}
}
