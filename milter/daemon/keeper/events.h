/*
 * events: what refusals and crossings of limits become for people: names and
 * values, written to the store for `sluice tail`, `why` and `user`.
 *
 * A refusal is written at once, unless one of the same rule, action and key (of
 * its limit, else the client) came in the last 10 s: then it is gathered with
 * others into one event, after 1 to 10 s, that says how many they were and names
 * their references. Under an attack from everywhere there is no place for each, and
 * what is more is gathered by rule and action alone, without saying who.
 *
 * Memory is bounded, no call waits, any thread.
 */
#ifndef SLUICE_DAEMON_KEEPER_EVENTS_H
#define SLUICE_DAEMON_KEEPER_EVENTS_H

#include "engine/session.h"
#include "store/ledger.h"

#define EVENTS_SOON_MS   1000  /* the first repeats; then twice as long, … */
#define EVENTS_GATHER_MS 10000 /* … at most */
#define EVENTS_REFS_MAX  100   /* of one event */
#define EVENTS_AGAIN_MS  30000 /* the same crossing is told once in this time */

struct events;

/* Where they go. Called without a lock held; must not wait. */
struct events_sink {
	void *context;
	void (*write)(void *context, const struct store_event *event);
	void (*hot)(void *context, struct str limit, struct str identity);
};

/* host: the name of this one; both are copied. */
struct events *events_new(const struct events_sink *sink, struct str host);
void events_free(struct events *events); /* gathers that are left are lost */

/* Accepted mail is no event, and so is what only changes a message. now_ms: of
 * the steady clock, here and below. */
void events_verdict(
    struct events *events, const struct verdict_report *report, int64_t now_ms);
void events_crossing(struct events *events,
    const struct crossing_report *report, int64_t now_ms);
/* Writes what was gathered and is old enough: to be called each second. */
void events_tick(struct events *events, int64_t now_ms);
/* Reports that were not written for want of room, since the start. */
uint64_t events_n_lost(const struct events *events);
/* Writes all that was gathered. */
void events_flush(struct events *events);

#endif
