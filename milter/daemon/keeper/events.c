/*
 * Gathers stand in shards, each with a lock of its own that is held for the
 * time of a look-up and a copy, never while something is written. A report
 * whose shard is full goes to the last one, of gathers without a "who"; when
 * that is full, too, it is only counted and the log says how many.
 *
 * A gather begins empty with the first of its kind, which was written at once.
 * What comes is written after a second, so that somebody who reads out his
 * second reference is not told that nobody knows it; what still comes after
 * two more, after four, and then every ten. A gather into which nothing came
 * for 10 s is gone.
 */
#include "daemon/keeper/events.h"

#include "base/log.h"
#include "base/xalloc.h"
#include "daemon/keeper/event_draft.h"
#include "daemon/keeper/recent.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SHARDS       16 /* and one more for those without a "who" */
#define SHARD_PLACES 256

struct gather {
	char *kind; /* rule, action and key; NULL: the place is free */
	size_t kind_len;
	int64_t since_ms;          /* that it was begun or written */
	int64_t pause_ms;          /* after which it is written (again) */
	uint64_t n;                /* that came since then */
	struct event_draft *draft; /* of the first of them */
	int64_t drafted_ms;
	struct buf refs;
	size_t n_refs;
	size_t last_ref; /* where in refs it begins */
};

struct shard {
	pthread_mutex_t lock;
	uint64_t hashes[SHARD_PLACES]; /* of kinds; 0: the place is free */
	struct gather gathers[SHARD_PLACES];
};

struct events {
	struct events_sink sink;
	char *host;
	struct recent crossings;
	struct recent hot;
	_Atomic uint64_t n_lost;      /* no place even without a "who" */
	_Atomic uint64_t n_lost_ever; /* the same, since the start */
	struct shard shards[SHARDS + 1];
};

/* What became of a report in a shard. */
enum gathering { GATHER_FIRST, GATHER_REPEAT, GATHER_FULL };

struct events *
events_new(const struct events_sink *sink, struct str host)
{
	struct events *events = xcalloc(1, sizeof(*events));
	struct buf name = { 0 };

	buf_add(&name, host);
	events->sink = *sink;
	events->host = xstrdup(buf_str(&name).p);
	recent_init(&events->crossings, EVENTS_AGAIN_MS);
	recent_init(&events->hot, EVENTS_AGAIN_MS);
	for (size_t i = 0; i <= SHARDS; i++)
		pthread_mutex_init(&events->shards[i].lock, NULL);
	buf_done(&name);
	return events;
}

static void
empty_gather(struct gather *gather)
{
	draft_free(gather->draft);
	buf_done(&gather->refs);
	free(gather->kind);
	memset(gather, 0, sizeof(*gather));
}

void
events_free(struct events *events)
{
	for (size_t i = 0; i <= SHARDS; i++) {
		for (size_t k = 0; k < SHARD_PLACES; k++)
			empty_gather(&events->shards[i].gathers[k]);
		pthread_mutex_destroy(&events->shards[i].lock);
	}
	recent_done(&events->crossings);
	recent_done(&events->hot);
	free(events->host);
	free(events);
}

static void
write_draft(struct events *events, struct event_draft *draft)
{
	struct store_event event = { .fields = draft->fields,
		.n_fields = draft->n };

	events->sink.write(events->sink.context, &event);
}

/* The lock is held. The place of a kind, or a free one, or -1. */
static ptrdiff_t
find_place(const struct shard *shard, uint64_t hash, struct str kind)
{
	ptrdiff_t place = -1;

	for (size_t i = 0; i < SHARD_PLACES; i++) {
		const struct gather *gather = &shard->gathers[i];

		if (shard->hashes[i] == hash &&
		    str_eq(
			(struct str){ gather->kind, gather->kind_len }, kind))
			return (ptrdiff_t)i;
		if (shard->hashes[i] == 0 && place == -1)
			place = (ptrdiff_t)i;
	}
	return place;
}

static void
begin_gather(struct gather *gather, struct str kind, int64_t now_ms)
{
	gather->kind = xmalloc(kind.len + 1);
	memcpy(gather->kind, kind.p, kind.len);
	gather->kind_len = kind.len;
	gather->since_ms = now_ms;
	gather->pause_ms = EVENTS_SOON_MS;
}

/* The recipients of one message have one reference. */
static void
add_repeat(struct gather *gather, struct str ref)
{
	gather->n++;
	if (gather->n_refs == EVENTS_REFS_MAX || ref.len == 0 ||
	    str_eq(str_from(buf_str(&gather->refs), gather->last_ref), ref))
		return;
	if (gather->n_refs++ > 0)
		buf_byte(&gather->refs, ' ');
	gather->last_ref = gather->refs.len;
	buf_add(&gather->refs, ref);
}

/* Drafts of first repeats are made under the lock: it is but copying. */
static enum gathering
gather_report(struct events *events, struct shard *shard, struct str kind,
    const struct verdict_report *report, int64_t now_ms)
{
	bool has_who = shard != &events->shards[SHARDS];
	uint64_t hash = str_hash(kind) | 1;
	enum gathering result = GATHER_FULL;
	struct gather *gather;
	ptrdiff_t place;

	pthread_mutex_lock(&shard->lock);
	place = find_place(shard, hash, kind);
	if (place == -1)
		goto out;
	gather = &shard->gathers[place];
	result = shard->hashes[place] == 0 ? GATHER_FIRST : GATHER_REPEAT;
	if (result == GATHER_FIRST) {
		shard->hashes[place] = hash;
		begin_gather(gather, kind, now_ms);
		goto out;
	}
	if (gather->draft == NULL) {
		gather->draft =
		    draft_verdict(report, str_of(events->host), has_who);
		gather->drafted_ms = now_ms;
	}
	add_repeat(gather, report->ref);
out:
	pthread_mutex_unlock(&shard->lock);
	return result;
}

/* Refusals, done or only observed, and what is kept from delivery. */
static bool
is_event(const struct verdict_report *report)
{
	static const char *const actions[] = { "reject", "tempfail", "discard",
		"quarantine" };

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (strcmp(report->action, actions[i]) == 0)
			return true;
	return false;
}

static void
add_part(struct buf *kind, struct str part)
{
	buf_add(kind, part);
	buf_byte(kind, '\0');
}

/* Rule and action; then of whom, from *n_rule_out on. */
static void
make_kind(
    const struct verdict_report *report, struct buf *kind, size_t *n_rule_out)
{
	add_part(kind, report->rule);
	add_part(kind, str_of(report->action));
	add_part(kind, report->is_observed ? STR("observed") : STR(""));
	*n_rule_out = kind->len;
	if (report->limit == NULL) {
		add_part(kind, report->client);
		return;
	}
	add_part(kind, report->limit->name);
	add_part(kind, report->limit->identity);
}

void
events_verdict(
    struct events *events, const struct verdict_report *report, int64_t now_ms)
{
	struct shard *rest = &events->shards[SHARDS];
	struct event_draft *draft;
	struct buf kind = { 0 };
	enum gathering result;
	struct str whole;
	size_t n_rule;

	if (!is_event(report))
		return;
	make_kind(report, &kind, &n_rule);
	whole = buf_str(&kind);
	result = gather_report(events,
	    &events->shards[(str_hash(whole) >> 32) % SHARDS], whole, report,
	    now_ms);
	if (result == GATHER_FULL)
		result = gather_report(
		    events, rest, str_sub(whole, 0, n_rule), report, now_ms);
	if (result == GATHER_FULL) {
		atomic_fetch_add(&events->n_lost, 1);
		atomic_fetch_add(&events->n_lost_ever, 1);
	}
	buf_done(&kind);
	if (result != GATHER_FIRST)
		return;
	draft = draft_verdict(report, str_of(events->host), true);
	write_draft(events, draft);
	draft_free(draft);
}

/* What was gathered in a place becomes *ready_out, or the place is free. Only
 * under the lock; ready_out is written and freed without it. */
static void
take_gather(
    struct shard *shard, size_t place, int64_t now_ms, struct gather *ready_out)
{
	struct gather *gather = &shard->gathers[place];

	if (gather->n == 0) {
		empty_gather(gather);
		shard->hashes[place] = 0;
		return;
	}
	*ready_out = *gather;
	ready_out->kind = NULL;
	draft_delay(ready_out->draft, now_ms - gather->drafted_ms);
	gather->since_ms = now_ms;
	gather->pause_ms = 2 * gather->pause_ms < EVENTS_GATHER_MS
			       ? 2 * gather->pause_ms
			       : EVENTS_GATHER_MS;
	gather->n = 0;
	gather->draft = NULL;
	gather->refs = (struct buf){ 0 };
	gather->n_refs = gather->last_ref = 0;
}

static void
write_gather(struct events *events, struct gather *ready)
{
	if (ready->n == 0)
		return;
	if (ready->n > 1)
		draft_repeats(ready->draft, ready->n, buf_str(&ready->refs));
	write_draft(events, ready->draft);
	empty_gather(ready);
}

static bool
is_due(const struct gather *gather, int64_t now_ms)
{
	int64_t pause_ms = gather->n > 0 ? gather->pause_ms : EVENTS_GATHER_MS;

	return now_ms - gather->since_ms >= pause_ms;
}

/* is_end: whatever there is. */
static void
tick_shard(
    struct events *events, struct shard *shard, int64_t now_ms, bool is_end)
{
	for (size_t i = 0; i < SHARD_PLACES; i++) {
		struct gather ready = { 0 };

		pthread_mutex_lock(&shard->lock);
		if (shard->hashes[i] != 0 &&
		    (is_end || is_due(&shard->gathers[i], now_ms)))
			take_gather(shard, i, now_ms, &ready);
		pthread_mutex_unlock(&shard->lock);
		write_gather(events, &ready);
	}
}

static void
tell_lost(struct events *events)
{
	uint64_t n = atomic_exchange(&events->n_lost, 0);

	if (n > 0)
		log_warning("%llu refusals of very many kinds were not written "
			    "as events: their lines in this log are all there "
			    "is",
		    (unsigned long long)n);
}

void
events_tick(struct events *events, int64_t now_ms)
{
	for (size_t i = 0; i <= SHARDS; i++)
		tick_shard(events, &events->shards[i], now_ms, false);
	tell_lost(events);
}

void
events_flush(struct events *events)
{
	for (size_t i = 0; i <= SHARDS; i++)
		tick_shard(events, &events->shards[i], 0, true);
	tell_lost(events);
}

uint64_t
events_n_lost(const struct events *events)
{
	return atomic_load(&events->n_lost_ever);
}

void
events_crossing(
    struct events *events, const struct crossing_report *report, int64_t now_ms)
{
	struct str limit = report->limit.name;
	struct str identity = report->limit.identity;
	struct event_draft *draft;
	struct buf what = { 0 };
	uint64_t who_hash, hash;

	add_part(&what, limit);
	add_part(&what, identity);
	who_hash = str_hash(buf_str(&what));
	buf_byte(&what, (char)report->kind);
	hash = str_hash(buf_str(&what));
	buf_done(&what);
	if (recent_may_say(&events->hot, who_hash, now_ms))
		events->sink.hot(events->sink.context, limit, identity);
	if (!recent_may_say(&events->crossings, hash, now_ms))
		return;
	draft = draft_crossing(report, str_of(events->host));
	write_draft(events, draft);
	draft_free(draft);
}
