/*
 * recent: was this said a moment ago? So that what happens a thousand times a
 * second is told once in a while.
 *
 * Bounded: of two things that meet in one of its places the older is forgotten
 * and may be said again too early. Any thread.
 */
#ifndef SLUICE_DAEMON_KEEPER_RECENT_H
#define SLUICE_DAEMON_KEEPER_RECENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define RECENT_PLACES 4096

struct recent {
	pthread_mutex_t lock;
	uint32_t pause_ms;
	struct {
		uint64_t hash;
		int64_t said_ms;
	} places[RECENT_PLACES];
};

/* The same may be said again once pause_ms have passed. */
void recent_init(struct recent *recent, uint32_t pause_ms);
void recent_done(struct recent *recent);
/* True: say it, and it counts as said. hash: of what would be said; now_ms: of
 * the steady clock. */
bool recent_may_say(struct recent *recent, uint64_t hash, int64_t now_ms);

#endif
