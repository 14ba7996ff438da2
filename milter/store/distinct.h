/*
 * distinct: a set of values by the time each was last seen, as a distinct
 * limit counts them. Pure: no clock, no locks; charge.lua is the same in Redis.
 *
 * Ordered by time, then by bytes, as a sorted set in Redis.
 */
#ifndef SLUICE_STORE_DISTINCT_H
#define SLUICE_STORE_DISTINCT_H

#include "store/call.h"

struct distinct_value {
	int64_t seen_ms;
	uint64_t hash;
	size_t len;
	char *bytes; /* its own */
};

struct distinct {
	struct distinct_value *values;
	size_t n;
	size_t room;
};

void distinct_done(struct distinct *set);

/* By which rates, those of a grant perhaps, and when. */
struct distinct_rates {
	const struct store_rate *rates;
	size_t n;
	int64_t now_ms;
};

/*
 * Weighs the members of use: fills levels_out (used now, retry_ms; no slot) and
 * returns the first rate that they do not fit, or -1; *all_out is how many
 * there would be by that rate (by the first one if all fit). Puts right what a
 * clock far ahead has left.
 */
int distinct_weigh(struct distinct *set, const struct call_use *use,
    const struct distinct_rates *by, struct store_level *levels_out,
    uint64_t *all_out);
/*
 * Adds the members, forgets what no rate counts any more, and moves levels on;
 * is_new_out[i]: that member was not there. Returns until when (ms since the
 * epoch) the set is needed.
 */
int64_t distinct_add(struct distinct *set, const struct call_use *use,
    const struct distinct_rates *by, struct store_level *levels,
    bool *is_new_out);
/* Takes a value out again, unless it was seen at another time. */
void distinct_take(struct distinct *set, struct str value, int64_t seen_ms);
/* Adds what another set saw; the later time counts. */
void distinct_put(struct distinct *set, struct str value, int64_t seen_ms);
/* Those that were seen after from_ms. */
size_t distinct_used(const struct distinct *set, int64_t from_ms);
/* What counts for this rate was seen after that. */
int64_t distinct_from_ms(const struct store_rate *rate, int64_t now_ms);

#endif
