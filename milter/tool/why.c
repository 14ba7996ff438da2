/*
 * why: what became of a mail, by the reference in its refusal or by its queue
 * id: stage, rule with its text, the facts that it read, counters before and
 * after, reply.
 *
 * The events are read back from the newest; those of one mail are near each
 * other, so the search ends an hour before what was found.
 */
#include "tool/desk/desk.h"

#include "base/quantity.h"
#include "tool/desk/event.h"
#include "tool/show/grid.h"
#include "tool/show/json.h"
#include "tool/show/when.h"

#include <stdarg.h>
#include <stdio.h>

#define SPREAD_MS      INT64_C(3600000) /* between events of one mail */
#define FOUND_MAX      200
#define RULE_LINES     12 /* of one rule that are shown */
#define LINE_MAX_BYTES 1500

struct search {
	struct arena *arena;
	struct str wanted;
	struct str heard; /* the same as a reference */
	bool by_queue_nocase;
	const struct store_event *found[FOUND_MAX]; /* newest first */
	size_t n;
};

/* Queue ids of Postfix may differ in nothing but case, references never. */
static bool
is_wanted(const struct search *search, const struct store_event *event)
{
	struct str queue = event_get(event, "queue");

	if (event_has_ref(event, search->heard))
		return true;
	return search->by_queue_nocase ? str_eq_nocase(queue, search->wanted)
				       : str_eq(queue, search->wanted);
}

static bool
look_at(void *context, const struct store_event *event)
{
	struct search *search = context;

	if (search->n > 0 && event->at_ms < search->found[0]->at_ms - SPREAD_MS)
		return false;
	if (is_wanted(search, event))
		search->found[search->n++] = event_copy(search->arena, event);
	return search->n < FOUND_MAX;
}

/* "(ref 4F2A-3)", "ref=4f2a-3", "4Xk2p0:": as they are copied from a mail. */
static struct str
bare(struct str text)
{
	const struct str heads[] = { STR("("), STR("ref="), STR("ref "),
		STR("queue=") };

	text = str_trim(text);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (str_starts(text, heads[i]))
			text = str_from(text, heads[i].len);
	while (text.len > 0 && str_find(STR("):.,"), text.p[text.len - 1]) >= 0)
		text.len--;
	return text;
}

/* References have the digits 0 and 1, and no letters that look like them. */
static struct str
as_reference(struct arena *arena, struct str text)
{
	char *copy = arena_cstr(arena, text);

	for (size_t i = 0; i < text.len; i++) {
		char c = ascii_lower(copy[i]);

		if (c == 'o')
			copy[i] = '0';
		else if (c == 'l' || c == 'i')
			copy[i] = '1';
	}
	return (struct str){ copy, text.len };
}

/* --- one event, for people ----------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void
add_line(struct buf *out, const char *label, const char *format, ...)
{
	char text[LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_printf(out, "  %-9s ", label);
	text_line(out, str_of(text), sizeof(text));
	buf_byte(out, '\n');
}

static void
add_plain(struct buf *out, const char *label, const struct store_event *event,
    const char *name)
{
	struct str value = event_get(event, name);

	if (value.len > 0)
		add_line(out, label, "%.*s", STR_ARG(value));
}

/* "pace: …": the begin of a rule? Its label is all that is needed of the
 * language: what follows it belongs to the rule until the next one. */
static bool
begins_rule(struct str line, struct str *name_out)
{
	ptrdiff_t colon = str_find(line, ':');

	if (colon <= 0)
		return false;
	for (ptrdiff_t i = 0; i < colon; i++)
		if (!ascii_is_alnum(line.p[i]) && line.p[i] != '-')
			return false;
	*name_out = str_sub(line, 0, (size_t)colon);
	return true;
}

/* The lines of the rule from there on, if it is there. */
static bool
add_source(
    struct str text, unsigned line_number, struct str rule, struct buf *out)
{
	struct str line = { 0 }, name = { 0 };

	for (unsigned i = 0; i < line_number; i++) {
		if (text.len == 0)
			return false;
		line = str_take(&text, '\n');
	}
	for (int i = 0; i < RULE_LINES; i++) {
		struct str trimmed = str_trim(line);
		bool begins = begins_rule(trimmed, &name);

		if (i == 0 && (!begins || !str_eq(name, rule)))
			return false;
		if (i > 0 && (begins || trimmed.len == 0 ||
				 trimmed.p[0] == '}' || trimmed.p[0] == '#'))
			break;
		add_line(
		    out, "", "%s%.*s", i == 0 ? "" : "    ", STR_ARG(trimmed));
		line = str_take(&text, '\n');
	}
	return true;
}

/* "rules/site.rules:14" */
static bool
split_place(struct str at, struct str *path, unsigned *line)
{
	ptrdiff_t colon = str_find_last(at, ':');
	uint64_t number;

	if (colon <= 0 || number_parse(str_from(at, (size_t)colon + 1),
			      UINT32_MAX, &number) == -1)
		return false;
	*path = str_sub(at, 0, (size_t)colon);
	*line = (unsigned)number;
	return number > 0;
}

/* The text of a file of rules, which may be named as a daemon of another
 * folder sees it; the last part of its name is then looked for. */
static struct str
rules_text(struct desk *desk, struct str path)
{
	const struct program *program =
	    desk->rules != NULL ? ruleset_program(desk->rules) : NULL;
	ptrdiff_t slash = str_find_last(path, '/');
	struct str name = str_from(path, (size_t)(slash + 1));

	for (size_t i = 0; program != NULL && i < program->n_rules; i++) {
		const struct source *source = program->rules[i]->pos.source;
		struct str other = str_of(source->path);

		slash = str_find_last(other, '/');
		if (str_eq(str_from(other, (size_t)(slash + 1)), name))
			return source->text;
	}
	return STR("");
}

static void
add_rule(struct desk *desk, const struct store_event *event, struct buf *out)
{
	struct str rule = event_get(event, "rule"), path;
	struct str at = event_get(event, "at");
	const struct rule *now;
	unsigned line;

	if (rule.len == 0)
		return;
	add_line(out, "rule", "%.*s%s%.*s%s", STR_ARG(rule),
	    at.len > 0 ? " (" : "", STR_ARG(at), at.len > 0 ? ")" : "");
	/* The line is shown only if it still begins this very rule. */
	if (desk->rules == NULL ||
	    (split_place(at, &path, &line) &&
		add_source(rules_text(desk, path), line, rule, out)))
		return;
	now = program_rule(ruleset_program(desk->rules), rule);
	if (now == NULL)
		add_line(out, "", "(the rules have no such rule any more)");
	else
		add_line(out, "",
		    "(the rules were changed since: it is at "
		    "%.*s now)",
		    STR_ARG(names_place(desk->arena, now->pos)));
}

/* What the daemon saw then, not what is counted now. */
static void
add_limit(const struct store_event *event, struct buf *out)
{
	struct str before = event_get(event, "before");
	struct str retry = event_get(event, "retry");
	char until[WHEN_MAX] = "never again";

	if (event_get(event, "limit").len == 0)
		return;
	add_line(out, "limit", "%.*s for %.*s",
	    STR_ARG(event_get(event, "limit")),
	    STR_ARG(event_get(event, "key")));
	add_line(out, "", "%s%.*s%s%.*s of %.*s in %.*s",
	    before.len > 0 ? "before " : "", STR_ARG(before),
	    before.len > 0 ? ", then " : "", STR_ARG(event_get(event, "used")),
	    STR_ARG(event_get(event, "max")),
	    STR_ARG(event_get(event, "window")));
	if (retry.len == 0 || str_is(retry, "0"))
		return;
	if (!str_is(retry, "never"))
		when_both(
		    event->at_ms + (int64_t)event_number(event, "retry") * 1000,
		    event->at_ms, until);
	add_line(out, "", "room again %s", until);
}

static void
add_facts(const struct store_event *event, struct buf *out)
{
	const struct str head = STR("fact.");
	const char *label = "facts";

	for (size_t i = 0; i < event->n_fields; i++) {
		if (!str_starts(event->fields[i].name, head))
			continue;
		add_line(out, label, "%.*s = \"%.*s\"",
		    STR_ARG(str_from(event->fields[i].name, head.len)),
		    STR_ARG(event->fields[i].value));
		label = "";
	}
}

static void
add_found(const struct store_event *event, struct buf *out)
{
	struct str found = event_get(event, "found");
	struct str part = event_get(event, "part");

	if (found.len == 0)
		return;
	add_line(out, "found", "\"%.*s\" in %.*s%s%.*s", STR_ARG(found),
	    STR_ARG(event_get(event, "in")), part.len > 0 ? ", part " : "",
	    STR_ARG(part));
}

static void
add_observed(struct desk *desk, const struct switches *switches,
    const struct store_event *event, struct buf *out)
{
	const struct store_switch *one =
	    switches_find(switches, event_get(event, "rule"));

	if (event_is_observed(event))
		add_line(out, "observed",
		    "nothing was done: the rule was "
		    "only observed");
	if (one != NULL)
		add_line(out, "now", "the rule is %.*s",
		    STR_ARG(switch_text(desk->arena, one, desk->now_ms)));
}

static void
add_repeats(const struct store_event *event, struct str wanted, struct buf *out)
{
	struct str refs = event_get(event, "refs");

	if (event_number(event, "repeats") < 2)
		return;
	add_line(out, "repeated",
	    "%llu times in a short while; references "
	    "%.*s",
	    (unsigned long long)event_number(event, "repeats"), STR_ARG(refs));
	if (!str_eq_nocase(event_get(event, "ref"), wanted) &&
	    event_has_ref(event, wanted))
		add_line(out, "",
		    "%.*s is one of these: what is told here is "
		    "of the first of them",
		    STR_ARG(wanted));
}

static void
add_event(struct desk *desk, const struct switches *switches,
    const struct store_event *event, struct str wanted)
{
	struct buf out = { 0 };
	char at[WHEN_MAX];

	buf_printf(&out, "%s  ", when_date(event->at_ms, at).p);
	event_headline(event, &out);
	buf_byte(&out, '\n');
	add_plain(&out, "reference", event, "ref");
	add_plain(&out, "queue id", event, "queue");
	add_plain(&out, "host", event, "host");
	add_rule(desk, event, &out);
	add_observed(desk, switches, event, &out);
	add_plain(&out, "reply", event, "text");
	add_limit(event, &out);
	add_plain(&out, "client", event, "client");
	add_plain(&out, "user", event, "user");
	add_plain(&out, "from", event, "from");
	add_plain(&out, "rcpt", event, "rcpt");
	add_found(event, &out);
	add_facts(event, &out);
	add_repeats(event, wanted, &out);
	tool_out(buf_str(&out));
	buf_done(&out);
}

/* --- the search ----------------------------------------------------------- */

/* Exactly first: only if there is no such mail the case may be a slip. */
static int
find(struct desk *desk, struct search *search, struct buf *error)
{
	if (store_events_back(desk->store, look_at, search, error) == -1)
		return -1;
	if (search->n > 0)
		return 0;
	search->by_queue_nocase = true;
	return store_events_back(desk->store, look_at, search, error);
}

static void
say_json(const struct search *search)
{
	struct buf out = { 0 };

	json_open(&out, NULL, '[');
	for (size_t i = search->n; i > 0; i--) {
		json_newline(&out);
		event_json(search->found[i - 1], &out);
	}
	buf_add_cstr(&out, search->n > 0 ? "\n]\n" : "]\n");
	tool_out(buf_str(&out));
	buf_done(&out);
}

static void
say_found(struct desk *desk, const struct search *search)
{
	struct switches switches;
	struct buf error = { 0 };

	switches_read(desk->store, desk->arena, &switches, &error);
	buf_done(&error);
	for (size_t i = search->n; i > 0; i--) {
		if (i < search->n)
			tool_out(STR("\n"));
		add_event(desk, &switches, search->found[i - 1], search->heard);
	}
}

static int
why(struct desk *desk, const char *asked, bool as_json)
{
	struct search search = { .arena = desk->arena,
		.wanted = bare(str_of(asked)) };
	struct buf error = { 0 };

	search.heard = as_reference(desk->arena, search.wanted);
	if (search.wanted.len == 0)
		return tool_usage(
		    desk->tool, "'why' needs a reference or a queue id");
	if (find(desk, &search, &error) == -1)
		return desk_no_store(desk, &error);
	if (as_json)
		say_json(&search);
	if (search.n == 0) {
		tool_error("nothing is known of '%.*s': refusals are kept for "
			   "7 days, and what was accepted is only in the log",
		    STR_ARG(search.wanted));
		return TOOL_FINDING;
	}
	if (!as_json)
		say_found(desk, &search);
	return TOOL_FINE;
}

int
why_run(struct tool *tool, int argc, char **argv)
{
	bool as_json = false;
	const struct tool_option options[] = {
		{ "--json", &as_json, NULL },
		{ 0 },
	};
	struct desk desk;
	int rc;

	if (tool_arguments(tool, argc, argv, 1, 1, options) == -1)
		return TOOL_USAGE;
	if (desk_open(&desk, tool, DESK_RULES_IF_FINE) == -1)
		return TOOL_FINDING;
	rc = why(&desk, argv[0], as_json);
	desk_close(&desk);
	return rc;
}
