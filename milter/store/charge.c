/*
 * One window is nine numbers; time moves them to the left. The trap is the
 * clock: it may be set back, and then what is stored is newer than now. A
 * little ahead (up to eight slots) stays where it is and is charged further;
 * far ahead would lock a key for years, so its counts get today's number.
 */
#include "store/charge.h"

#include <string.h>

static int64_t
charge_slot_ms(uint32_t window_sec)
{
	return (int64_t)window_sec * (1000 / (CHARGE_SLOTS - 1));
}

int64_t
charge_slot(int64_t now_ms, uint32_t window_sec)
{
	return now_ms / charge_slot_ms(window_sec);
}

static void
charge_begin(struct charge_slots *slots, int64_t slot)
{
	memset(slots, 0, sizeof(*slots));
	slots->newest = slot;
}

void
charge_advance(struct charge_slots *slots, int64_t slot)
{
	int64_t shift = slot - slots->newest;
	size_t n_kept;

	if (shift <= 0 && shift > -CHARGE_SLOTS)
		return;
	slots->newest = slot;
	if (shift < 0)
		return;
	n_kept = shift < CHARGE_SLOTS ? CHARGE_SLOTS - (size_t)shift : 0;
	memmove(slots->n, slots->n + CHARGE_SLOTS - n_kept,
	    n_kept * sizeof(slots->n[0]));
	memset(slots->n + n_kept, 0,
	    (CHARGE_SLOTS - n_kept) * sizeof(slots->n[0]));
}

uint64_t
charge_used(const struct charge_slots *slots)
{
	uint64_t used = 0;

	for (size_t i = 0; i < CHARGE_SLOTS; i++)
		used += slots->n[i];
	return used;
}

bool
charge_fits(uint64_t used, uint64_t amount, uint64_t max)
{
	return used <= max && amount <= max - used;
}

void
charge_add(struct charge_slots *slots, uint64_t amount)
{
	uint64_t room = CHARGE_MAX - charge_used(slots);

	slots->n[CHARGE_SLOTS - 1] += amount < room ? amount : room;
}

void
charge_take(struct charge_slots *slots, int64_t slot, uint64_t amount)
{
	int64_t i = slot - slots->newest + CHARGE_SLOTS - 1;
	uint64_t *n;

	if (i < 0 || i >= CHARGE_SLOTS)
		return;
	n = &slots->n[i];
	*n -= amount < *n ? amount : *n;
}

int64_t
charge_retry_ms(const struct charge_slots *slots, uint64_t amount, uint64_t max,
    uint32_t window_sec, int64_t now_ms)
{
	uint64_t left = charge_used(slots);
	int64_t slot = slots->newest;

	if (amount > max)
		return -1;
	if (charge_fits(left, amount, max))
		return 0;
	/* All nine gone, anything up to max fits: the loop ends in time. */
	for (size_t i = 0; !charge_fits(left, amount, max); i++, slot++)
		left -= slots->n[i];
	return slot * charge_slot_ms(window_sec) - now_ms;
}

/* Milliseconds from now_ms until none of these slots counts any more. */
static int64_t
charge_lives_ms(
    const struct charge_slots *slots, uint32_t window_sec, int64_t now_ms)
{
	return (slots->newest + CHARGE_SLOTS) * charge_slot_ms(window_sec) -
	       now_ms;
}

enum calendar_unit
charge_unit(const struct store_rate *rate)
{
	return rate->period == STORE_DAILY ? CALENDAR_DAY : CALENDAR_MONTH;
}

static void
begin_span(struct charge_span *span, enum calendar_unit unit, int64_t now_ms)
{
	struct calendar_span present = calendar_at(unit, now_ms);

	span->label = present.label;
	span->ends_ms = present.ends_ms;
	span->used = 0;
}

/* The clock may be set back here, too: a little is the next label. */
static void
advance_span(struct charge_span *span, enum calendar_unit unit, int64_t now_ms)
{
	struct calendar_span present = calendar_at(unit, now_ms);
	struct calendar_span next;
	uint64_t used = span->used;

	if (span->label == present.label) {
		span->ends_ms = present.ends_ms;
		return;
	}
	if (span->label > present.label) {
		next = calendar_at(unit, present.ends_ms);
		if (span->label == next.label) {
			span->ends_ms = next.ends_ms;
			return;
		}
	} else {
		used = 0;
	}
	begin_span(span, unit, now_ms);
	span->used = used;
}

void
charge_count_begin(
    struct charge_count *count, const struct store_rate *rate, int64_t now_ms)
{
	if (rate->period == STORE_ROLLING)
		charge_begin(
		    &count->slots, charge_slot(now_ms, rate->window_sec));
	else
		begin_span(&count->span, charge_unit(rate), now_ms);
}

void
charge_count_advance(
    struct charge_count *count, const struct store_rate *rate, int64_t now_ms)
{
	if (rate->period == STORE_ROLLING)
		charge_advance(
		    &count->slots, charge_slot(now_ms, rate->window_sec));
	else
		advance_span(&count->span, charge_unit(rate), now_ms);
}

uint64_t
charge_count_used(
    const struct charge_count *count, const struct store_rate *rate)
{
	return rate->period == STORE_ROLLING ? charge_used(&count->slots)
					     : count->span.used;
}

void
charge_count_add(
    struct charge_count *count, const struct store_rate *rate, uint64_t amount)
{
	uint64_t room;

	if (rate->period == STORE_ROLLING) {
		charge_add(&count->slots, amount);
		return;
	}
	room = CHARGE_MAX - count->span.used;
	count->span.used += amount < room ? amount : room;
}

int64_t
charge_count_slot(
    const struct charge_count *count, const struct store_rate *rate)
{
	return rate->period == STORE_ROLLING ? count->slots.newest
					     : count->span.label;
}

void
charge_count_take(struct charge_count *count, const struct store_rate *rate,
    int64_t slot, uint64_t amount)
{
	struct charge_span *span = &count->span;

	if (rate->period == STORE_ROLLING)
		charge_take(&count->slots, slot, amount);
	else if (span->label == slot)
		span->used -= amount < span->used ? amount : span->used;
}

int64_t
charge_count_retry_ms(const struct charge_count *count,
    const struct store_rate *rate, uint64_t amount, int64_t now_ms)
{
	if (rate->period == STORE_ROLLING)
		return charge_retry_ms(
		    &count->slots, amount, rate->max, rate->window_sec, now_ms);
	if (amount > rate->max)
		return -1;
	return charge_fits(count->span.used, amount, rate->max)
		   ? 0
		   : count->span.ends_ms - now_ms;
}

int64_t
charge_count_lives_ms(const struct charge_count *count,
    const struct store_rate *rate, int64_t now_ms)
{
	return rate->period == STORE_ROLLING
		   ? charge_lives_ms(&count->slots, rate->window_sec, now_ms)
		   : count->span.ends_ms - now_ms;
}

static void
merge_slots(struct charge_slots *slots, const struct charge_slots *other)
{
	uint64_t room;

	/* Time only moves on here: neither of them is the present. */
	if (other->newest - slots->newest >= CHARGE_SLOTS)
		charge_begin(slots, other->newest);
	else if (other->newest > slots->newest)
		charge_advance(slots, other->newest);
	room = CHARGE_MAX - charge_used(slots);
	for (int64_t i = 0; i < CHARGE_SLOTS; i++) {
		int64_t at = i + other->newest - slots->newest;
		uint64_t n = other->n[i] < room ? other->n[i] : room;

		if (at < 0 || at >= CHARGE_SLOTS)
			continue;
		slots->n[at] += n;
		room -= n;
	}
}

void
charge_count_merge(struct charge_count *count, const struct charge_count *other,
    const struct store_rate *rate)
{
	if (rate->period == STORE_ROLLING)
		merge_slots(&count->slots, &other->slots);
	else if (other->span.label > count->span.label)
		count->span = other->span;
	else if (other->span.label == count->span.label)
		charge_count_add(count, rate, other->span.used);
}

void
charge_count_subtract(struct charge_count *count,
    const struct charge_count *other, const struct store_rate *rate)
{
	if (rate->period != STORE_ROLLING) {
		charge_count_take(
		    count, rate, other->span.label, other->span.used);
		return;
	}
	for (int64_t i = 0; i < CHARGE_SLOTS; i++)
		charge_take(&count->slots,
		    other->slots.newest - (CHARGE_SLOTS - 1) + i,
		    other->slots.n[i]);
}

void
charge_count_put(struct buf *out, const struct charge_count *count,
    const struct store_rate *rate)
{
	char label[CALENDAR_TEXT_MAX];

	buf_printf(out, "%llu/%llu",
	    (unsigned long long)charge_count_used(count, rate),
	    (unsigned long long)rate->max);
	if (rate->period != STORE_ROLLING) {
		calendar_text(charge_unit(rate), count->span.label, label);
		buf_printf(out, " %s", label);
		return;
	}
	buf_printf(out, " %lld", (long long)count->slots.newest);
	for (size_t i = 0; i < CHARGE_SLOTS; i++)
		buf_printf(out, " %llu", (unsigned long long)count->slots.n[i]);
}

/* Digits up to 2^53 - 1 and the byte behind them. */
static bool
take_number(struct str *text, char end, uint64_t *n_out)
{
	uint64_t n = 0;
	size_t at = 0;

	for (; at < text->len && text->p[at] >= '0' && text->p[at] <= '9';
	     at++) {
		n = n * 10 + (uint64_t)(text->p[at] - '0');
		if (n > CHARGE_MAX)
			return false;
	}
	if (at == 0 || (end == '\0' ? at != text->len
				    : at == text->len || text->p[at] != end))
		return false;
	*text = str_from(*text, end == '\0' ? at : at + 1);
	*n_out = n;
	return true;
}

int
charge_parse(struct str text, struct charge_slots *slots_out, uint64_t *max_out)
{
	struct charge_slots slots;
	uint64_t total, max, newest;

	if (!take_number(&text, '/', &total) ||
	    !take_number(&text, ' ', &max) || !take_number(&text, ' ', &newest))
		return -1;
	for (size_t i = 0; i < CHARGE_SLOTS; i++)
		if (!take_number(
			&text, i + 1 < CHARGE_SLOTS ? ' ' : '\0', &slots.n[i]))
			return -1;
	if (charge_used(&slots) > CHARGE_MAX)
		return -1;
	slots.newest = (int64_t)newest;
	*slots_out = slots;
	*max_out = max;
	return 0;
}
