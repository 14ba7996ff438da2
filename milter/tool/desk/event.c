/*
 * The names in an event are ours, but the stream stands where others can write
 * to it as well: what is no number is text, and every text is escaped.
 */
#include "tool/desk/event.h"

#include "base/log.h"
#include "base/quantity.h"
#include "tool/show/grid.h"
#include "tool/show/json.h"
#include "tool/show/when.h"

#define LINE_VALUE_MAX 200 /* bytes of one value in a line */

struct store_event *
event_copy(struct arena *arena, const struct store_event *event)
{
	struct store_event *copy = arena_alloc(arena, sizeof(*copy));
	struct store_field *fields =
	    arena_alloc(arena, (event->n_fields + 1) * sizeof(*fields));

	for (size_t i = 0; i < event->n_fields; i++)
		fields[i] = (struct store_field){
			arena_str(arena, event->fields[i].name),
			arena_str(arena, event->fields[i].value),
		};
	*copy = *event;
	copy->id = arena_cstr(arena, str_of(event->id));
	copy->fields = fields;
	return copy;
}

struct str
event_get(const struct store_event *event, const char *name)
{
	return store_event_value(event, name);
}

static bool
is_number(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	/* A number with a zero before it is none in JSON. */
	return text.len > 0 && text.len <= 18 &&
	       (text.len == 1 || text.p[0] != '0');
}

uint64_t
event_number(const struct store_event *event, const char *name)
{
	uint64_t number;

	return number_parse(event_get(event, name), UINT64_MAX, &number) == 0
		   ? number
		   : 0;
}

bool
event_is(const struct store_event *event, const char *name, const char *value)
{
	return str_is(event_get(event, name), value);
}

bool
event_is_observed(const struct store_event *event)
{
	return event_get(event, "observed").len > 0;
}

bool
event_has_ref(const struct store_event *event, struct str ref)
{
	struct str refs = event_get(event, "refs");

	if (ref.len == 0)
		return false;
	if (str_eq_nocase(event_get(event, "ref"), ref))
		return true;
	while (refs.len > 0)
		if (str_eq_nocase(str_take(&refs, ' '), ref))
			return true;
	return false;
}

/* Bare would it be two values, or be taken for a quoted one. */
static bool
is_quoted(struct str value)
{
	return str_find(value, ' ') >= 0 || str_find(value, '"') >= 0;
}

/* Adds name= and the value, if there is one. */
static void
add_pair(struct buf *out, const struct store_event *event, const char *name)
{
	struct str value = event_get(event, name);

	if (value.len == 0)
		return;
	buf_printf(out, " %s=", name);
	if (is_quoted(value)) {
		buf_byte(out, '"');
		log_escape(out, value, LINE_VALUE_MAX);
		buf_byte(out, '"');
	} else {
		text_line(out, value, LINE_VALUE_MAX);
	}
}

/* Adds before, the value and after, if there is one. */
static void
add_value(struct buf *out, const struct store_event *event, const char *name,
    const char *before, const char *after)
{
	struct str value = event_get(event, name);

	if (value.len == 0)
		return;
	buf_add_cstr(out, before);
	text_line(out, value, LINE_VALUE_MAX);
	buf_add_cstr(out, after);
}

/* Action and code are of the rule, so an observed one "would" only. */
static void
verdict_headline(const struct store_event *event, struct buf *out)
{
	add_value(
	    out, event, "action", event_is_observed(event) ? "would " : "", "");
	add_value(out, event, "code", " ", "");
	add_value(out, event, "stage", " at ", "");
}

static void
crossing_headline(const struct store_event *event, struct buf *out)
{
	add_value(out, event, "key", "", "");
	add_value(out, event, "crossing", " is ", " ");
	if (event_is(event, "crossing", "locked"))
		buf_add_cstr(out, "by ");
	add_value(out, event, "limit", "", "");
}

/* "anna@mx1: grant user-pace for bob x5" */
static void
operator_headline(const struct store_event *event, struct buf *out)
{
	add_value(out, event, "by", "", ": ");
	add_value(out, event, "did", "", "");
	add_value(out, event, "limit", " ", "");
	add_value(out, event, "rule", " ", "");
	add_value(out, event, "table", " ", "");
	add_value(out, event, "entry", " ", "");
	add_value(out, event, "key", " for ", "");
	add_value(out, event, "raise", ", ", "");
}

void
event_headline(const struct store_event *event, struct buf *out)
{
	if (event_is(event, "event", "verdict"))
		verdict_headline(event, out);
	else if (event_is(event, "event", "crossing"))
		crossing_headline(event, out);
	else if (event_is(event, "event", "operator"))
		operator_headline(event, out);
	else
		add_value(out, event, "event", "", "");
}

static void
add_until(const struct store_event *event, int64_t now_ms, struct buf *out)
{
	int64_t until_ms = (int64_t)event_number(event, "until") * 1000;
	char until[WHEN_MAX];

	if (until_ms > 0)
		buf_printf(
		    out, " until %s", when_text(until_ms, now_ms, until).p);
}

/* What the headline has not said already. */
static void
add_rest(const struct store_event *event, struct buf *out)
{
	if (!event_is(event, "event", "operator"))
		add_pair(out, event, "rule");
	if (event_is(event, "event", "verdict")) {
		add_pair(out, event, "limit");
		add_pair(out, event, "key");
	}
	if (event_get(event, "max").len > 0) {
		add_pair(out, event, "used");
		add_value(out, event, "max", "/", "");
		add_value(out, event, "window", " in ", "");
	}
	add_pair(out, event, "client");
	add_pair(out, event, "user");
	add_pair(out, event, "from");
	add_pair(out, event, "rcpt");
	add_pair(out, event, "queue");
	add_pair(out, event, "ref");
	add_value(out, event, "repeats", " (", " times)");
	add_value(out, event, "reason", ": ", "");
}

void
event_line(const struct store_event *event, int64_t now_ms, struct buf *out)
{
	char at[WHEN_MAX];

	buf_add(out, when_text(event->at_ms, now_ms, at));
	add_value(out, event, "host", " ", "");
	buf_byte(out, ' ');
	event_headline(event, out);
	if (event_is(event, "event", "operator"))
		add_until(event, now_ms, out);
	add_rest(event, out);
	if (event_is_observed(event))
		buf_add_cstr(out, " (only observed)");
}

/* Fields that are numbers for programs; others stay texts, even where they
 * look like numbers: a queue id may. */
static bool
is_counted(struct str name)
{
	static const char *const names[] = { "code", "used", "max", "before",
		"repeats", "until", "retry", "locked", "part" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_is(name, names[i]))
			return true;
	return false;
}

static void
add_field(const struct store_field *field, struct buf *out)
{
	if (str_is(field->name, "observed")) {
		json_bool(out, "observed", field->value.len > 0);
		return;
	}
	if (!is_counted(field->name) || !is_number(field->value)) {
		json_field(out, field->name, field->value);
		return;
	}
	/* A name from the list above and digits need no escaping. */
	buf_printf(
	    out, ",\"%.*s\":%.*s", STR_ARG(field->name), STR_ARG(field->value));
}

void
event_json(const struct store_event *event, struct buf *out)
{
	const struct str fact = STR("fact.");
	bool has_facts = false;

	json_open(out, NULL, '{');
	json_text(out, "id", str_of(event->id));
	json_time(out, "time", event->at_ms);
	for (size_t i = 0; i < event->n_fields; i++) {
		if (str_starts(event->fields[i].name, fact))
			has_facts = true;
		else
			add_field(&event->fields[i], out);
	}
	if (has_facts) {
		json_open(out, "facts", '{');
		for (size_t i = 0; i < event->n_fields; i++)
			if (str_starts(event->fields[i].name, fact))
				json_field(out,
				    str_from(event->fields[i].name, fact.len),
				    event->fields[i].value);
		json_close(out, '}');
	}
	json_close(out, '}');
}
