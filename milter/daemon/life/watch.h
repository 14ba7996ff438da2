/*
 * watch: is the daemon really serving? What the service manager hears of
 * it: READY=1 once our own socket answered, and WATCHDOG=1 only as long as
 *
 *   - the main thread runs, since it is who says so;
 *   - no callback has been running for WATCH_CALLBACK_MS. All that a callback
 *     may wait for or compute is over within 13 s, with the largest settings;
 *   - the keeper began a round within WATCH_KEEPER_MS. One in which the store
 *     stops answering takes some 25 s at the most;
 *   - mail makes progress: since the last look some callback has ended, or our
 *     own socket answers. WATCH_SILENT_MAX looks in a row must have seen
 *     neither, so that a moment of overload is no reason for a restart, which
 *     would only add to it.
 *
 * A store that is away, rules that were refused, and a machine without
 * descriptors are no reasons: a restart mends none of them.
 */
#ifndef SLUICE_DAEMON_LIFE_WATCH_H
#define SLUICE_DAEMON_LIFE_WATCH_H

#include "conf/endpoint.h"

#define WATCH_CALLBACK_MS 60000
#define WATCH_KEEPER_MS   60000
#define WATCH_SILENT_MAX  2

enum watch_probe {
	WATCH_ANSWERED,
	WATCH_SILENT,
	WATCH_UNKNOWN, /* it could not be asked */
};

/* What is seen at one look; times by the steady clock. */
struct watch_facts {
	int64_t now_us;
	int64_t oldest_callback_us; /* since when; 0: none runs */
	int64_t keeper_us;          /* when its latest round began */
	uint64_t n_callbacks;       /* that have ended until now */
	enum watch_probe probe;
};

enum watch_finding {
	WATCH_FINE,
	WATCH_CALLBACK,
	WATCH_KEEPER,
	WATCH_NO_PROGRESS,
};

/* { 0 } at the start. */
struct watch_past {
	uint64_t n_callbacks;
	unsigned n_silent;
};

/* Pure: what the facts mean, after those of the looks before. */
enum watch_finding watch_judge(
    struct watch_past *past, const struct watch_facts *facts);

/* Connects to where we listen and says good-bye; answered when that is heard. */
enum watch_probe watch_probe(const struct endpoint *at, int wait_ms);

/* Main: does what is due - READY=1, WATCHDOG=1 - and returns for how many ms
 * there is nothing to do (-1: for ever). at: where we listen; kept. */
int watch_tick(const struct endpoint *at);

#endif
