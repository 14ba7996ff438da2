/*
 * event: what happened, as it stands in the store's stream, for people and for
 * programs. sluice-redis(7) has the list of its fields. Pure.
 */
#ifndef SLUICE_TOOL_DESK_EVENT_H
#define SLUICE_TOOL_DESK_EVENT_H

#include "base/arena.h"
#include "store/ledger.h"

/* A copy that outlives the call that told of it. */
struct store_event *event_copy(
    struct arena *arena, const struct store_event *event);

/* The value of a field as one asks for it; a number, or 0. */
struct str event_get(const struct store_event *event, const char *name);
uint64_t event_number(const struct store_event *event, const char *name);
bool event_is(
    const struct store_event *event, const char *name, const char *value);
/* Was nothing done, because the rule was observed? */
bool event_is_observed(const struct store_event *event);

/* Has the event this reference, its own or that of a repeat? Any case. */
bool event_has_ref(const struct store_event *event, struct str ref);

/* "tempfail 450 at rcpt", "user-pace is near", "granted x5 of user-pace …". */
void event_headline(const struct store_event *event, struct buf *out);
/* All of it in one line, without a newline: "15:20:31 mx1 tempfail …". */
void event_line(
    const struct store_event *event, int64_t now_ms, struct buf *out);
/* One object: id, at, its fields; those of facts are an object in it. */
void event_json(const struct store_event *event, struct buf *out);

#endif
