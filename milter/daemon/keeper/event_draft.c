/*
 * The values come from mail, so their lengths are an attacker's: what is over
 * a cap is cut, and the facts, which come last, go first.
 */
#include "daemon/keeper/event_draft.h"

#include "base/xalloc.h"
#include "mime/mime.h"

#include <stdio.h>
#include <stdlib.h>

#define VALUE_MAX   ((size_t)512)
#define FOUND_MAX   200
#define TOTAL_MAX   ((size_t)4096)
#define FIRST_BYTES ((size_t)1024)

static struct event_draft *
draft_new(const char *event, struct str host)
{
	struct event_draft *draft = xmalloc(sizeof(*draft));

	draft->arena = arena_new(FIRST_BYTES);
	draft->n = 2;
	draft->retry = NULL;
	draft->fields[0] = (struct store_field){ STR("event"), str_of(event) };
	draft->fields[1] =
	    (struct store_field){ STR("host"), arena_str(draft->arena, host) };
	return draft;
}

void
draft_free(struct event_draft *draft)
{
	if (draft == NULL)
		return;
	arena_free(draft->arena);
	free(draft);
}

/* name: a literal, or it lives in the draft's arena. */
static void
put(struct event_draft *draft, struct str name, struct str value)
{
	if (value.len == 0 || draft->n == STORE_EVENT_FIELDS_MAX)
		return;
	if (value.len > VALUE_MAX)
		value = str_sub(value, 0, VALUE_MAX);
	draft->fields[draft->n++] =
	    (struct store_field){ name, arena_str(draft->arena, value) };
}

static void
put_number(struct event_draft *draft, struct str name, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	put(draft, name, str_of(text));
}

/* Seconds, rounded up: who waits so long finds room. */
static void
put_seconds(struct event_draft *draft, struct str name, int64_t ms)
{
	if (ms < 0)
		put(draft, name, STR("never"));
	else
		put_number(draft, name, (uint64_t)(ms + 999) / 1000);
}

static void
put_limit(struct event_draft *draft, const struct verdict_limit *limit)
{
	char window[32];

	put(draft, STR("limit"), limit->name);
	put(draft, STR("key"), limit->identity);
	put_number(draft, STR("used"), limit->used);
	put_number(draft, STR("max"), limit->max);
	put(draft, STR("window"), rate_window_text(&limit->rate, window));
}

static void
put_place(struct event_draft *draft, const struct verdict_report *report)
{
	if (report->path != NULL)
		put(draft, STR("at"),
		    arena_printf(
			draft->arena, "%s:%u", report->path, report->line));
}

static void
put_who(struct event_draft *draft, const struct verdict_report *report)
{
	put(draft, STR("client"), report->client);
	put(draft, STR("user"), report->user);
	put(draft, STR("from"), report->from);
	put(draft, STR("rcpt"), report->rcpt);
	if (report->limit != NULL) {
		put_limit(draft, report->limit);
		put_number(draft, STR("before"), report->limit->used_before);
		draft->retry_ms = report->limit->retry_ms;
		if (draft->n < STORE_EVENT_FIELDS_MAX)
			draft->retry = &draft->fields[draft->n];
		put_seconds(draft, STR("retry"), draft->retry_ms);
	}
}

/* A fact in an event may end before the place where the rule found it. */
static void
put_match(struct event_draft *draft, const struct verdict_match *match)
{
	if (match == NULL)
		return;
	put(draft, STR("found"), str_sub(match->text, 0, FOUND_MAX));
	put(draft, STR("in"), match->fact);
	if (match->part != NULL)
		put_number(draft, STR("part"), match->part->number);
}

/* repeats and refs still find room behind them. */
static void
put_facts(struct event_draft *draft, const struct verdict_report *report)
{
	for (size_t i = 0; i < report->n_facts; i++) {
		const struct verdict_fact *fact = &report->facts[i];

		if (draft->n >= STORE_EVENT_FIELDS_MAX - 2 ||
		    arena_used(draft->arena) + fact->value.len > TOTAL_MAX)
			return;
		put(draft, arena_join(draft->arena, STR("fact."), fact->name),
		    fact->value);
	}
}

struct event_draft *
draft_verdict(
    const struct verdict_report *report, struct str host, bool has_who)
{
	struct event_draft *draft = draft_new("verdict", host);

	put(draft, STR("ref"), report->ref);
	put(draft, STR("queue"), report->queue);
	put(draft, STR("stage"), str_of(stage_name(report->stage)));
	put(draft, STR("action"), str_of(report->action));
	if (report->is_observed)
		put(draft, STR("observed"), STR("yes"));
	if (report->code > 0)
		put_number(draft, STR("code"), report->code);
	put(draft, STR("rule"), report->rule);
	put_place(draft, report);
	put(draft, STR("text"), report->text);
	if (has_who) {
		put_who(draft, report);
		put_match(draft, report->match);
		put_facts(draft, report);
	}
	return draft;
}

static const char *
crossing_name(enum crossing_kind kind)
{
	switch (kind) {
	case CROSSING_NEAR:
		return "near";
	case CROSSING_OVER:
		return "over";
	case CROSSING_LOCKED:
		return "locked";
	}
	return "";
}

struct event_draft *
draft_crossing(const struct crossing_report *report, struct str host)
{
	struct event_draft *draft = draft_new("crossing", host);

	put(draft, STR("crossing"), str_of(crossing_name(report->kind)));
	put_limit(draft, &report->limit);
	if (report->kind == CROSSING_LOCKED)
		put_seconds(draft, STR("locked"), report->locked_ms);
	put(draft, STR("ref"), report->ref);
	return draft;
}

void
draft_delay(struct event_draft *draft, int64_t delay_ms)
{
	int64_t left_ms = draft->retry_ms - delay_ms;
	size_t n = draft->n;

	if (draft->retry == NULL || draft->retry_ms < 0 || delay_ms <= 0)
		return;
	draft->n = (size_t)(draft->retry - draft->fields);
	put_seconds(draft, STR("retry"), left_ms > 0 ? left_ms : 0);
	draft->n = n;
}

void
draft_repeats(struct event_draft *draft, uint64_t n, struct str refs)
{
	put_number(draft, STR("repeats"), n);
	if (draft->n == STORE_EVENT_FIELDS_MAX)
		return;
	/* Not cut: their number is bounded, and half a reference is none. */
	draft->fields[draft->n++] =
	    (struct store_field){ STR("refs"), arena_str(draft->arena, refs) };
}
