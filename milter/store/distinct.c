/*
 * A sorted array: sets are as small as the number of the limit, and what is
 * asked most is how many values are younger than something.
 *
 * The trap is that a value may be seen twice in one millisecond, by two
 * messages of which one is then given back: seeing it again always makes its
 * time later than it was, so that the token of the first does not fit any more.
 */
#include "store/distinct.h"

#include "base/calendar.h"
#include "base/xalloc.h"
#include "store/charge.h"

#include <stdlib.h>
#include <string.h>

static struct str
value_text(const struct distinct_value *value)
{
	return (struct str){ value->bytes, value->len };
}

void
distinct_done(struct distinct *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->values[i].bytes);
	free(set->values);
	*set = (struct distinct){ .n = 0 };
}

static struct distinct_value *
find(const struct distinct *set, struct str text)
{
	uint64_t hash = str_hash(text);

	for (size_t i = 0; i < set->n; i++)
		if (set->values[i].hash == hash &&
		    str_eq(value_text(&set->values[i]), text))
			return &set->values[i];
	return NULL;
}

/* The first value that was seen after from_ms. */
static size_t
first_after(const struct distinct *set, int64_t from_ms)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->values[middle].seen_ms > from_ms)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool
comes_before(const struct distinct_value *a, const struct distinct_value *b)
{
	if (a->seen_ms != b->seen_ms)
		return a->seen_ms < b->seen_ms;
	return str_cmp(value_text(a), value_text(b)) < 0;
}

/* Takes it out of the array, but does not free its bytes. */
static struct distinct_value
lift(struct distinct *set, struct distinct_value *value)
{
	struct distinct_value lifted = *value;
	size_t at = (size_t)(value - set->values);

	set->n--;
	memmove(value, value + 1, (set->n - at) * sizeof(*value));
	return lifted;
}

static void
insert(struct distinct *set, struct distinct_value value)
{
	size_t at = set->n;

	if (set->n == set->room) {
		set->room = set->room == 0 ? 4 : 2 * set->room;
		set->values = xrealloc(set->values, set->room * sizeof(value));
	}
	while (at > 0 && comes_before(&value, &set->values[at - 1])) {
		set->values[at] = set->values[at - 1];
		at--;
	}
	set->values[at] = value;
	set->n++;
}

static void
insert_text(struct distinct *set, struct str text, int64_t seen_ms)
{
	struct distinct_value value = { .seen_ms = seen_ms,
		.hash = str_hash(text),
		.len = text.len,
		.bytes = xmalloc(text.len + 1) };

	if (text.len > 0)
		memcpy(value.bytes, text.p, text.len);
	insert(set, value);
}

static void
drop(struct distinct *set, struct distinct_value *value)
{
	free(lift(set, value).bytes);
}

/* The oldest ones, so many. */
static void
drop_first(struct distinct *set, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(set->values[i].bytes);
	set->n -= n;
	memmove(set->values, set->values + n, set->n * sizeof(*set->values));
}

int64_t
distinct_from_ms(const struct store_rate *rate, int64_t now_ms)
{
	if (rate->period == STORE_ROLLING)
		return now_ms - (int64_t)rate->window_sec * 1000;
	return calendar_at(charge_unit(rate), now_ms).begins_ms - 1;
}

size_t
distinct_used(const struct distinct *set, int64_t from_ms)
{
	return set->n - first_after(set, from_ms);
}

static int64_t
lowest_from(const struct distinct_rates *by)
{
	int64_t lowest = by->now_ms;

	for (size_t i = 0; i < by->n; i++) {
		int64_t from_ms = distinct_from_ms(&by->rates[i], by->now_ms);

		if (from_ms < lowest)
			lowest = from_ms;
	}
	return lowest;
}

static void
put_right(struct distinct *set, int64_t lowest, int64_t now_ms)
{
	while (set->n > 0 &&
	       set->values[set->n - 1].seen_ms > 2 * now_ms - lowest) {
		struct distinct_value value =
		    lift(set, &set->values[set->n - 1]);

		value.seen_ms = now_ms;
		insert(set, value);
	}
}

static bool
is_member(const struct call_use *use, const struct distinct_value *value)
{
	for (size_t i = 0; i < use->n_members; i++)
		if (str_eq(use->members[i], value_text(value)))
			return true;
	return false;
}

/* Until n of the others that count now do so no more. */
static int64_t
wait_others(const struct distinct *set, const struct call_use *use,
    const struct store_rate *rate, uint64_t n, int64_t now_ms)
{
	size_t at = first_after(set, distinct_from_ms(rate, now_ms));

	if (rate->period != STORE_ROLLING)
		return calendar_at(charge_unit(rate), now_ms).ends_ms - now_ms;
	for (; at < set->n; at++)
		if (!is_member(use, &set->values[at]) && --n == 0)
			return set->values[at].seen_ms +
			       (int64_t)rate->window_sec * 1000 - now_ms;
	return 0;
}

/* How many there would be with the members. */
static uint64_t
count_all(const struct distinct *set, const struct call_use *use,
    int64_t from_ms, uint64_t used)
{
	uint64_t all = used + use->n_members;

	for (size_t i = 0; i < use->n_members; i++) {
		const struct distinct_value *value = find(set, use->members[i]);

		if (value != NULL && value->seen_ms > from_ms)
			all--;
	}
	return all;
}

int
distinct_weigh(struct distinct *set, const struct call_use *use,
    const struct distinct_rates *by, struct store_level *levels_out,
    uint64_t *all_out)
{
	int64_t now_ms = by->now_ms;
	int worst = -1;

	put_right(set, lowest_from(by), now_ms);
	for (size_t i = 0; i < by->n; i++) {
		const struct store_rate *rate = &by->rates[i];
		int64_t from_ms = distinct_from_ms(rate, now_ms);
		uint64_t used = distinct_used(set, from_ms);
		uint64_t all = count_all(set, use, from_ms, used);

		levels_out[i].used = used;
		levels_out[i].retry_ms = 0;
		if (i == 0)
			*all_out = all;
		if (all <= rate->max)
			continue;
		if (worst < 0) {
			worst = (int)i;
			*all_out = all;
		}
		levels_out[i].retry_ms =
		    use->n_members > rate->max
			? -1
			: wait_others(set, use, rate, all - rate->max, now_ms);
	}
	return worst;
}

/* Sees it now; true: it was not there. */
static bool
see(struct distinct *set, struct str text, int64_t lowest, int64_t now_ms)
{
	struct distinct_value *there = find(set, text);
	struct distinct_value value;

	if (there == NULL || there->seen_ms <= lowest) {
		if (there != NULL)
			drop(set, there);
		insert_text(set, text, now_ms);
		return true;
	}
	value = lift(set, there);
	value.seen_ms = value.seen_ms + 1 > now_ms ? value.seen_ms + 1 : now_ms;
	insert(set, value);
	return false;
}

/* Until when a value that is seen now counts. */
static int64_t
ends_ms(const struct store_rate *rate, int64_t now_ms)
{
	if (rate->period == STORE_ROLLING)
		return now_ms + (int64_t)rate->window_sec * 1000;
	return calendar_at(charge_unit(rate), now_ms).ends_ms;
}

int64_t
distinct_add(struct distinct *set, const struct call_use *use,
    const struct distinct_rates *by, struct store_level *levels,
    bool *is_new_out)
{
	int64_t lowest = lowest_from(by), latest = by->now_ms;
	uint64_t cap = 0;

	for (size_t i = 0; i < use->n_members; i++)
		is_new_out[i] = see(set, use->members[i], lowest, by->now_ms);
	drop_first(set, first_after(set, lowest));
	for (size_t i = 0; i < by->n; i++)
		if (by->rates[i].max > cap)
			cap = by->rates[i].max;
	/* Only by attempts: one more than fits keeps the next one out, too. */
	if (set->n > cap + 1)
		drop_first(set, (size_t)(set->n - cap - 1));
	for (size_t i = 0; i < by->n; i++) {
		const struct store_rate *rate = &by->rates[i];

		levels[i].used =
		    distinct_used(set, distinct_from_ms(rate, by->now_ms));
		if (ends_ms(rate, by->now_ms) > latest)
			latest = ends_ms(rate, by->now_ms);
	}
	return latest;
}

void
distinct_take(struct distinct *set, struct str value, int64_t seen_ms)
{
	struct distinct_value *there = find(set, value);

	if (there != NULL && there->seen_ms == seen_ms)
		drop(set, there);
}

void
distinct_put(struct distinct *set, struct str value, int64_t seen_ms)
{
	struct distinct_value *there = find(set, value), moved;

	if (there == NULL) {
		insert_text(set, value, seen_ms);
		return;
	}
	if (there->seen_ms >= seen_ms)
		return;
	moved = lift(set, there);
	moved.seen_ms = seen_ms;
	insert(set, moved);
}
