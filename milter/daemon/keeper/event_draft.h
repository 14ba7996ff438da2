/*
 * event_draft: one event under construction. sluice-redis(7) has the list of
 * fields.
 */
#ifndef SLUICE_DAEMON_KEEPER_EVENT_DRAFT_H
#define SLUICE_DAEMON_KEEPER_EVENT_DRAFT_H

#include "engine/session.h"
#include "store/ledger.h"

struct event_draft {
	struct arena *arena;
	size_t n;
	int64_t retry_ms;          /* as of when it was drafted */
	struct store_field *retry; /* the field that says it, or NULL */
	struct store_field fields[STORE_EVENT_FIELDS_MAX];
};

/* Copies, each value at most 512 bytes of it, all together at most 4 KiB. The
 * result is freed by draft_free. has_who: with those that it is about. */
struct event_draft *draft_verdict(
    const struct verdict_report *report, struct str host, bool has_who);
struct event_draft *draft_crossing(
    const struct crossing_report *report, struct str host);
/* It is written so much later: what is told as a time from now on is less. */
void draft_delay(struct event_draft *draft, int64_t delay_ms);
/* It stands for n of its like: these are their references. */
void draft_repeats(struct event_draft *draft, uint64_t n, struct str refs);
void draft_free(struct event_draft *draft); /* NULL is fine */

#endif
