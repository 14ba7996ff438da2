/*
 * explain: one mail through the rules, and all that was seen on the way.
 *
 * Nothing that a session tells lives longer than the event, so it is copied as
 * it comes. Where a match stands is worked out at the end, when every fact has
 * its value.
 */
#include "tool/explain.h"

#include "base/clock.h"
#include "conf/load.h"
#include "mime/mime.h"
#include "tool/corpus/corpus.h"
#include "tool/show/screen.h"
#include "tool/show/shown.h"
#include "tool/tool.h"

#include <unistd.h>

#define ARENA_BYTES ((size_t)16 * 1024)

static struct explain_rule *
rule_of(struct explain *explain, const struct rule *rule)
{
	return &explain->rules[rule->index];
}

static void
raise_state(struct explain_rule *told, enum explain_state state)
{
	if (told->state < state)
		told->state = state;
}

static void
keep_match(struct explain *explain, struct explain_rule *told,
    const struct verdict_match *match)
{
	struct arena *arena = explain->arena;

	if (match == NULL || told->has_match)
		return;
	told->has_match = true;
	told->match =
	    (struct explain_match){ .fact = arena_str(arena, match->fact),
		    .value = match->value,
		    .offset = match->offset,
		    .text = arena_str(arena, match->text) };
	if (match->part == NULL)
		return;
	told->match.part = match->part->number;
	told->match.type = arena_str(arena, match->part->type);
}

static void
note_rule(void *context, const struct rule_report *report)
{
	struct explain *explain = context;
	struct explain_rule *told = rule_of(explain, report->rule);

	told->n_looked++;
	if (report->value == TRI_FALSE) {
		raise_state(told, EXPLAIN_FALSE);
		return;
	}
	if (report->value == TRI_UNKNOWN) {
		raise_state(told, EXPLAIN_UNKNOWN);
		return;
	}
	told->n_true++;
	raise_state(told, EXPLAIN_OBSERVED); /* or more: see below */
	keep_match(explain, told, report->match);
}

static void
keep_facts(struct explain *explain, struct explain_rule *told,
    const struct verdict_report *report)
{
	struct arena *arena = explain->arena;
	struct verdict_fact *facts;

	if (told->facts != NULL || report->n_facts == 0)
		return;
	facts = arena_alloc(arena, report->n_facts * sizeof(*facts));
	for (size_t i = 0; i < report->n_facts; i++)
		facts[i] = (struct verdict_fact){ arena_str(arena,
						      report->facts[i].name),
			arena_str(arena, report->facts[i].value) };
	told->facts = facts;
	told->n_facts = report->n_facts;
}

static void
note_verdict(
    void *context, const struct rule *rule, const struct verdict_report *report)
{
	struct explain *explain = context;
	struct explain_rule *told;

	if (rule == NULL)
		return;
	told = rule_of(explain, rule);
	keep_facts(explain, told, report);
	if (report->is_observed)
		return;
	raise_state(told, EXPLAIN_FIRED);
	if (explain->ended_by[report->stage] == NULL)
		explain->ended_by[report->stage] = told;
}

static void
note_hit(void *context, const struct rule *rule, const char *action)
{
	(void)action;
	raise_state(rule_of(context, rule), EXPLAIN_FIRED);
}

static void
note_spent(void *context, struct str name, const char *action)
{
	struct explain *explain = context;
	const struct rule *rule = program_rule(explain->program, name);

	if (rule != NULL)
		rule_of(explain, rule)->spent = str_of(action);
}

/* What is over the stage of a rule ended a stage before, or this one. */
const struct explain_rule *
explain_cause(const struct explain *explain, const struct rule *rule)
{
	for (int i = (int)rule->block->stage; i >= 0; i--)
		if (explain->ended_by[i] != NULL)
			return explain->ended_by[i];
	return NULL;
}

const char *
explain_state_name(enum explain_state state)
{
	static const char *const names[] = {
		[EXPLAIN_NOT_REACHED] = "not-reached",
		[EXPLAIN_FALSE] = "no",
		[EXPLAIN_UNKNOWN] = "unknown",
		[EXPLAIN_OBSERVED] = "observed",
		[EXPLAIN_FIRED] = "fired",
	};

	return names[state];
}

/* "reject 550 5.7.1", "add-header and 2 more" */
struct str
explain_action(struct arena *arena, const struct rule *rule)
{
	const struct action *action = &rule->actions[0];

	for (size_t i = 0; i < rule->n_actions; i++)
		if (action_type(rule->actions[i].kind)->is_terminal)
			action = &rule->actions[i];
	if (action->code > 0)
		return arena_printf(arena, "%s %u %.*s",
		    action_type(action->kind)->name, action->code,
		    STR_ARG(action->xcode));
	if (rule->n_actions > 1)
		return arena_printf(arena, "%s and %zu more",
		    action_type(action->kind)->name, rule->n_actions - 1);
	return str_of(action_type(action->kind)->name);
}

const char *
explain_role(const struct mime_part *part)
{
	switch (part->role) {
	case MIME_ROLE_PART:
		return NULL;
	case MIME_ROLE_PREAMBLE:
		return "text before the first part";
	case MIME_ROLE_EPILOGUE:
		return "text behind the last part";
	case MIME_ROLE_UUENCODE:
		return "a file inside the text";
	case MIME_ROLE_AGAIN:
		return "the same bytes, read the other way";
	}
	return NULL;
}

struct str
explain_shown(const struct explain *explain, struct str text, size_t width)
{
	struct buf line = { 0 };
	struct str copy;

	if (explain->is_full)
		width = SHOWN_ALL;
	if (shown_add(&line, text, width) < text.len)
		buf_add_cstr(&line, "...");
	copy = arena_str(explain->arena, buf_str(&line));
	buf_done(&line);
	return copy;
}

bool
explain_is_content(const struct fact *fact)
{
	const unsigned content =
	    FACT_HEADERS | FACT_BODY_BYTES | FACT_MIME | FACT_INSPECT;

	if ((fact->flags & (FACT_TEXT_ONLY | FACT_ARGUMENT)) != 0)
		return false;
	return (fact->flags & content) != 0 || fact->id == FACT_MIME_DAMAGE ||
	       fact->id == FACT_MESSAGE_SIZE || fact->id == FACT_SCORE ||
	       fact->id == FACT_TAG;
}

static int
print_all(const struct explain *explain, bool as_json)
{
	struct buf out = { 0 };

	if (as_json) {
		explain_json(explain, &out);
	} else {
		explain_print_envelope(explain, &out);
		explain_print_parts(explain, &out);
		explain_print_facts(explain, &out);
		explain_print_rules(explain, &out);
		explain_print_verdict(explain, &out);
	}
	tool_out(buf_str(&out));
	buf_done(&out);
	return TOOL_FINE;
}

/* Rules that say nothing, so that all of the mail is seen. */
static struct ruleset *
no_rules(struct tool *tool)
{
	struct rules_options options;
	struct diags *diags = diags_new();
	static const struct rules_io no_files;
	struct ruleset *rules;

	conf_rules_options(tool->conf, &options);
	rules = ruleset_load_text(&no_files, "none", STR(""), &options, diags);
	diags_free(diags);
	return rules;
}

static int
run_mail(struct tool *tool, struct explain *explain, struct ruleset *rules,
    bool as_json)
{
	const struct rehearsal_listener deaf = { 0 };
	const struct rehearsal_listener listener = { .context = explain,
		.on_rule = note_rule,
		.on_verdict = note_verdict,
		.on_hit = note_hit,
		.on_spent = note_spent };
	struct inspector *inspector = conf_inspector(tool->conf);
	int64_t now_ms = clock_wall_ms();
	struct rehearsal *reader = NULL;
	int rc;

	explain->judged = rehearsal_new(rules, inspector, &listener, now_ms);
	explain->verdict =
	    rehearsal_run(explain->judged, &explain->envelope, explain->mail);
	explain->content = rehearsal_session(explain->judged);
	if (explain->verdict.stage != STAGE_MESSAGE ||
	    session_mime(explain->content) == NULL) {
		struct ruleset *none = no_rules(tool);

		reader = rehearsal_new(none, inspector, &deaf, now_ms);
		ruleset_put(none);
		rehearsal_run(reader, &explain->envelope, explain->mail);
		explain->content = rehearsal_session(reader);
	}
	explain_find_matches(explain);
	rc = print_all(explain, as_json);
	rehearsal_free(reader);
	rehearsal_free(explain->judged);
	inspector_free(inspector);
	return rc;
}

static void
begin(struct explain *explain, const struct ruleset *rules,
    const struct envelope_options *options)
{
	explain->program = ruleset_program(rules);
	explain->rules = arena_calloc(explain->arena,
	    (explain->program->n_rules + 1) * sizeof(*explain->rules));
	for (size_t i = 0; i < explain->program->n_rules; i++)
		explain->rules[i].rule = explain->program->rules[i];
	envelope_of_mail(
	    options, explain->mail, explain->arena, &explain->envelope);
	explain->width = screen_width(STDOUT_FILENO);
}

static int
explain_mail(struct tool *tool, struct explain *explain,
    const struct envelope_options *options, bool as_json)
{
	struct ruleset *rules;
	struct buf text = { 0 }, why = { 0 };
	int rc = TOOL_FINDING;

	if ((rules = tool_load_rules(tool, 0, NULL)) == NULL)
		return TOOL_FINDING;
	conf_use_timezone(tool->conf);
	if (corpus_read_one(explain->path, &text, &why) == -1) {
		tool_error("%s: %s", explain->path, buf_str(&why).p);
	} else {
		explain->mail = buf_str(&text);
		explain->arena = arena_new(ARENA_BYTES);
		begin(explain, rules, options);
		rc = run_mail(tool, explain, rules, as_json);
		arena_free(explain->arena);
	}
	buf_done(&text);
	buf_done(&why);
	ruleset_put(rules);
	return rc;
}

int
explain_run(struct tool *tool, int argc, char **argv)
{
	struct explain explain = { 0 };
	struct envelope_options envelope = { 0 };
	bool as_json = false;
	struct tool_option options[2 + ENVELOPE_OPTIONS + 1] = {
		{ "--json", &as_json, NULL },
		{ "--full", &explain.is_full, NULL },
	};

	envelope_rows(&envelope, &options[2]);
	if (tool_arguments(tool, argc, argv, 1, 1, options) == -1 ||
	    envelope_check(tool, &envelope) == -1)
		return TOOL_USAGE;
	explain.path = argv[0];
	return explain_mail(tool, &explain, &envelope, as_json);
}
