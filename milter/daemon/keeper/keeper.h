/*
 * keeper: what the daemon does beside mail, on one thread of its own, so that
 * no callback ever waits for it: events and hits of rules go to the store,
 * rules that operators switched come from it, what was counted here during an
 * outage is added to it, and it is told that this host is alive.
 */
#ifndef SLUICE_DAEMON_KEEPER_KEEPER_H
#define SLUICE_DAEMON_KEEPER_KEEPER_H

#include "engine/session.h"

/* Strings are copied. */
struct keeper_options {
	struct engine *engine;
	struct str host;     /* the name of this one */
	struct str timezone; /* for people: which one is the process in? */
};

/* Hooks into the engine: before there are sessions. */
void keeper_init(const struct keeper_options *options);
/* Once there is a policy. 0, or -1 with errno. */
int keeper_start(void);
/* New rules are in force. Any thread. */
void keeper_use(const struct ruleset *rules);
/* What was not written to the store for want of room, since the start. */
struct keeper_lost {
	uint64_t n_events;
	uint64_t n_hits;
};
void keeper_n_lost(struct keeper_lost *lost_out);
/* When it began its latest round (steady clock), which is to be each second;
 * it may be late by the waiting for a store that has stopped answering. */
int64_t keeper_round_us(void);
/* Rules that are observed because somebody said so while we run; until_ms 0:
 * without an end. Any thread. */
void keeper_each_observed(
    void (*each)(void *context, struct str rule, int64_t until_ms),
    void *context);
/* The end: sends what was gathered, without waiting for it, nor for the
 * thread; from now on that does nothing more. */
void keeper_stop(void);

#endif
