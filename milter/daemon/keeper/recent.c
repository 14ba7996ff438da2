/*
 * One place for each remainder of a hash, and no chains: a collision costs a
 * line too many, never memory.
 */
#include "daemon/keeper/recent.h"

#include <string.h>

void
recent_init(struct recent *recent, uint32_t pause_ms)
{
	memset(recent, 0, sizeof(*recent));
	pthread_mutex_init(&recent->lock, NULL);
	recent->pause_ms = pause_ms;
}

void
recent_done(struct recent *recent)
{
	pthread_mutex_destroy(&recent->lock);
}

bool
recent_may_say(struct recent *recent, uint64_t hash, int64_t now_ms)
{
	size_t at = hash % RECENT_PLACES;
	bool is_new;

	pthread_mutex_lock(&recent->lock);
	is_new = recent->places[at].hash != hash ||
		 now_ms - recent->places[at].said_ms >= recent->pause_ms;
	if (is_new) {
		recent->places[at].hash = hash;
		recent->places[at].said_ms = now_ms;
	}
	pthread_mutex_unlock(&recent->lock);
	return is_new;
}
