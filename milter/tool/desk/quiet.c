/*
 * An open hash table by the hash of kind, limit and key: of two that share a
 * hash one is taken for the other, which 64 bits make a matter of theory. What
 * has been quiet for its window is as good as forgotten, so its place is taken
 * over; with all places taken the one that was heard last the longest ago is.
 */
#include "tool/desk/quiet.h"

#include "base/quantity.h"
#include "base/xalloc.h"
#include "tool/desk/event.h"

#include <stdlib.h>

#define PROBES 64
#define HOUR   INT64_C(3600000)

struct quiet {
	struct {
		uint64_t hash; /* 0: empty */
		int64_t heard_ms;
		int64_t window_ms;
	} places[QUIET_MAX];
};

struct quiet *
quiet_new(void)
{
	return xcalloc(1, sizeof(struct quiet));
}

void
quiet_free(struct quiet *quiet)
{
	free(quiet);
}

static int64_t
window_of(const struct store_event *crossing)
{
	struct str text = event_get(crossing, "window");
	uint32_t seconds;

	if (str_is(text, "daily"))
		return 24 * HOUR;
	if (str_is(text, "monthly"))
		return 31 * 24 * HOUR;
	return duration_parse(text, &seconds) == 0 ? (int64_t)seconds * 1000
						   : HOUR;
}

static uint64_t
hash_of(const struct store_event *crossing)
{
	uint64_t hash = str_hash(event_get(crossing, "crossing"));

	hash = hash * 31 + str_hash(event_get(crossing, "limit"));
	hash = hash * 31 + str_hash(event_get(crossing, "key"));
	return hash | 1;
}

bool
quiet_is_first(struct quiet *quiet, const struct store_event *crossing)
{
	uint64_t hash = hash_of(crossing);
	size_t oldest = hash % QUIET_MAX, at = oldest;
	bool is_first = true;

	for (size_t i = 0; i < PROBES; i++) {
		size_t place = (hash + i) % QUIET_MAX;

		if (quiet->places[place].hash == hash) {
			at = place;
			is_first =
			    crossing->at_ms - quiet->places[place].heard_ms >
			    quiet->places[place].window_ms;
			break;
		}
		if (quiet->places[place].heard_ms <
		    quiet->places[oldest].heard_ms)
			oldest = place;
		at = oldest;
	}
	quiet->places[at].hash = hash;
	quiet->places[at].heard_ms = crossing->at_ms;
	quiet->places[at].window_ms = window_of(crossing);
	return is_first;
}
