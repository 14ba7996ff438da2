/*
 * The stream of events: written without waiting, read back from the newest or
 * followed from a place on.
 *
 * The trap is "$", the end of the stream: asked twice, it leaves out what came
 * in between. So it becomes the id of the last event before anything is waited
 * for, and the reader goes on from ids only.
 */
#include "store/redis/ledger.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#define EVENTS_PAGE     "500"
#define EVENTS_PAGE_MAX 500
#define EVENTS_MS       INT64_C(604800000) /* kept for 7 days */
#define EVENTS_SEC      "604800"
#define EVENTS_SWEEP    100 /* old ones are looked for once in so many */

/* What is cut is cut between characters. */
static struct str
cut_value(struct str value)
{
	return str_sub(value, 0, utf8_back(value, STORE_EVENT_VALUE_MAX));
}

/* Those that are too old, and the stream when nothing is written any more. */
static void
sweep_events(struct redis *redis, struct arena *arena, struct str key)
{
	struct str oldest = ledger_number(arena, clock_wall_ms() - EVENTS_MS);

	LEDGER_SEND(
	    redis, key, STR("XTRIM"), key, STR("MINID"), STR("~"), oldest);
	LEDGER_SEND(redis, key, STR("EXPIRE"), key, STR(EVENTS_SEC));
}

void
redis_event_send(struct store *store, const struct store_event *event)
{
	struct redis *redis = store->self;
	struct arena *arena = arena_new(1024);
	struct str args[6 + 2 * STORE_EVENT_FIELDS_MAX];
	struct str key = ledger_key(arena, redis, "events");
	size_t n = 0;

	assert(
	    event->n_fields > 0 && event->n_fields <= STORE_EVENT_FIELDS_MAX);
	args[n++] = STR("XADD");
	args[n++] = key;
	args[n++] = STR("MAXLEN");
	args[n++] = STR("~");
	args[n++] = ledger_number(arena, STORE_EVENTS_MAX);
	args[n++] = STR("*");
	for (size_t i = 0; i < event->n_fields; i++) {
		args[n++] = event->fields[i].name;
		args[n++] = cut_value(event->fields[i].value);
	}
	redis_behind_command(redis, key, args, n);
	if (atomic_fetch_add(&redis->n_events, 1) % EVENTS_SWEEP == 0)
		sweep_events(redis, arena, key);
	arena_free(arena);
}

/* One reading, forward or back. */
struct events {
	struct ledger ledger;
	struct str key;
	bool (*each)(void *context, const struct store_event *event);
	void *context;
	char id[STORE_EVENT_ID_MAX]; /* of the last that was shown */
	size_t n;                    /* of the page */
};

static void
events_begin(struct events *events, struct store *store, struct buf *error)
{
	ledger_begin(&events->ledger, store, error);
	events->key =
	    ledger_key(events->ledger.arena, events->ledger.redis, "events");
}

/* [id, [name, value, …]]; 1, 0: no more wanted, or -1. */
static int
show_event(struct events *events, const redisReply *entry)
{
	struct store_field fields[STORE_EVENT_FIELDS_MAX];
	struct store_event event = { .id = events->id, .fields = fields };
	const redisReply *list;
	struct str id;
	ptrdiff_t dash;

	if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
	    entry->element[1]->type != REDIS_REPLY_ARRAY ||
	    (id = ledger_text(entry->element[0])).len >= STORE_EVENT_ID_MAX ||
	    (dash = str_find(id, '-')) < 0) {
		redis_session_tell(events->ledger.session, events->key, entry,
		    events->ledger.error);
		return -1;
	}
	memcpy(events->id, id.p, id.len);
	events->id[id.len] = '\0';
	event.at_ms = ledger_read_number(str_sub(id, 0, (size_t)dash));
	list = entry->element[1];
	for (size_t i = 0;
	     i + 1 < list->elements && event.n_fields < STORE_EVENT_FIELDS_MAX;
	     i += 2)
		fields[event.n_fields++] =
		    (struct store_field){ ledger_text(list->element[i]),
			    ledger_text(list->element[i + 1]) };
	return events->each(events->context, &event) ? 1 : 0;
}

/* A page; 1: there may be more, 0: the end, or no more wanted, or -1. */
static int
show_events(struct events *events, const redisReply *page)
{
	int rc = 1;

	for (size_t i = 0; rc == 1 && i < page->elements; i++)
		rc = show_event(events, page->element[i]);
	return rc == 1 && page->elements < EVENTS_PAGE_MAX ? 0 : rc;
}

/* --- back ----------------------------------------------------------------- */

int
redis_events_back(struct store *store,
    bool (*each)(void *context, const struct store_event *event), void *context,
    struct buf *error)
{
	struct events events = { .each = each, .context = context };
	struct str from = STR("+");
	redisReply *page;
	int rc = 1;

	events_begin(&events, store, error);
	while (rc == 1) {
		page = LEDGER_ASK(&events.ledger, REDIS_REPLY_ARRAY, events.key,
		    STR("XREVRANGE"), events.key, from, STR("-"), STR("COUNT"),
		    STR(EVENTS_PAGE));
		if (page == NULL) {
			rc = -1;
			break;
		}
		rc = show_events(&events, page);
		freeReplyObject(page);
		from = arena_printf(events.ledger.arena, "(%s", events.id);
	}
	return ledger_end(&events.ledger, rc);
}

/* --- after ---------------------------------------------------------------- */

/* The id of the newest event, so that "$" has one meaning all the while. */
static int
find_end(struct events *events)
{
	redisReply *page = LEDGER_ASK(&events->ledger, REDIS_REPLY_ARRAY,
	    events->key, STR("XREVRANGE"), events->key, STR("+"), STR("-"),
	    STR("COUNT"), STR("1"));
	struct str id = STR("0-0");

	if (page == NULL)
		return -1;
	if (page->elements == 1 &&
	    page->element[0]->type == REDIS_REPLY_ARRAY &&
	    page->element[0]->elements == 2)
		id = ledger_text(page->element[0]->element[0]);
	snprintf(events->id, sizeof(events->id), "%.*s", STR_ARG(id));
	freeReplyObject(page);
	return 0;
}

/* XREAD is the one that can wait: nil, or [[key, page]]. */
static redisReply *
wait_page(struct events *events, uint32_t wait_ms)
{
	struct ledger *ledger = &events->ledger;
	redisReply *reply;

	redis_session_patience(ledger->session, wait_ms);
	reply = LEDGER_ASK(ledger, REDIS_REPLY_ARRAY, events->key, STR("XREAD"),
	    STR("COUNT"), STR(EVENTS_PAGE), STR("BLOCK"),
	    ledger_number(ledger->arena, wait_ms), STR("STREAMS"), events->key,
	    str_of(events->id));
	redis_session_patience(ledger->session, 0);
	return reply;
}

static redisReply *
next_page(struct events *events)
{
	return LEDGER_ASK(&events->ledger, REDIS_REPLY_ARRAY, events->key,
	    STR("XREAD"), STR("COUNT"), STR(EVENTS_PAGE), STR("STREAMS"),
	    events->key, str_of(events->id));
}

/* 1: there may be more, 0: the end, or no more wanted, or -1. */
static int
show_read(struct events *events, const redisReply *reply)
{
	const redisReply *stream;

	if (reply->type == REDIS_REPLY_NIL)
		return 0;
	stream = reply->elements == 1 ? reply->element[0] : reply;
	if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2 ||
	    stream->element[1]->type != REDIS_REPLY_ARRAY) {
		redis_session_tell(events->ledger.session, events->key, reply,
		    events->ledger.error);
		return -1;
	}
	return show_events(events, stream->element[1]);
}

int
redis_events_after(struct store *store, char id[STORE_EVENT_ID_MAX],
    uint32_t wait_ms,
    bool (*each)(void *context, const struct store_event *event), void *context,
    struct buf *error)
{
	struct events events = { .each = each, .context = context };
	redisReply *reply;
	int rc = 1;

	events_begin(&events, store, error);
	snprintf(events.id, sizeof(events.id), "%s", id);
	if (strcmp(id, "$") == 0 && find_end(&events) == -1)
		rc = -1;
	for (bool is_first = true; rc == 1; is_first = false) {
		/* BLOCK 0 would wait for ever. */
		reply = is_first && wait_ms > 0 ? wait_page(&events, wait_ms)
						: next_page(&events);
		if (reply == NULL) {
			rc = -1;
			break;
		}
		rc = show_read(&events, reply);
		freeReplyObject(reply);
	}
	if (rc != -1)
		memcpy(id, events.id, sizeof(events.id));
	return ledger_end(&events.ledger, rc);
}
