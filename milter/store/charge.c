/*
 * One window is nine numbers; time moves them to the left. The trap is the
 * clock: it may be set back, and then what is stored is newer than now. A
 * little ahead (up to eight slots) stays where it is and is charged further;
 * far ahead would lock a key for years, so its counts get today's number.
 */
#include "store/charge.h"

#include <string.h>

int64_t
charge_slot_ms(uint32_t window_sec)
{
	return (int64_t)window_sec * (1000 / (CHARGE_SLOTS - 1));
}

int64_t
charge_slot(int64_t now_ms, uint32_t window_sec)
{
	return now_ms / charge_slot_ms(window_sec);
}

void
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

int64_t
charge_lives_ms(
    const struct charge_slots *slots, uint32_t window_sec, int64_t now_ms)
{
	return (slots->newest + CHARGE_SLOTS) * charge_slot_ms(window_sec) -
	       now_ms;
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
