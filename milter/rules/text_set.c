/*
 * All texts stand in one block, and an open hash table has their places in it.
 * It is hashed without case, so that both ways of comparing find them.
 */
#include "rules/text_set.h"

#include "base/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES  2
#define FIRST_SLOTS 16

int
text_set_add(struct text_set *set, struct str text)
{
	assert(text.len <= TEXT_SET_MAX_BYTES);
	if (set->records.len + HEAD_BYTES + text.len >= UINT32_MAX)
		return -1;
	buf_byte(&set->records, (char)(unsigned char)(text.len & 0xff));
	buf_byte(&set->records, (char)(unsigned char)(text.len >> 8));
	buf_add(&set->records, text);
	set->n_added++;
	return 0;
}

static struct str
text_at(const struct text_set *set, size_t at)
{
	const unsigned char *head = (const unsigned char *)set->records.p + at;

	return (struct str){ set->records.p + at + HEAD_BYTES,
		(size_t)head[0] | (size_t)head[1] << 8 };
}

/* The slot where text stands, or the empty one where it would. */
static size_t
find_slot(const struct text_set *set, struct str text, bool ignore_case)
{
	size_t mask = set->n_slots - 1;
	size_t slot = (size_t)str_hash_nocase(text) & mask;

	while (set->slots[slot] != 0) {
		struct str one = text_at(set, set->slots[slot] - 1);

		if (ignore_case ? str_eq_nocase(one, text) : str_eq(one, text))
			break;
		slot = (slot + 1) & mask;
	}
	return slot;
}

/* Between half and three quarters full at most. */
static size_t
slots_for(size_t n)
{
	size_t n_slots = FIRST_SLOTS;

	while (n_slots / 4 * 3 < n)
		n_slots *= 2;
	return n_slots;
}

void
text_set_finish(struct text_set *set, bool ignore_case, bool tells_which)
{
	size_t at = 0;

	/* It grew by doubling. */
	if (set->records.len > 0) {
		set->records.p = xrealloc(set->records.p, set->records.len + 1);
		set->records.size = set->records.len + 1;
	}
	set->n_slots = slots_for(set->n_added);
	set->slots = xcalloc(set->n_slots, sizeof(*set->slots));
	if (tells_which)
		set->slot_at = xcalloc(set->n_slots, sizeof(*set->slot_at));
	for (size_t i = 0; i < set->n_added; i++) {
		struct str text = text_at(set, at);
		size_t slot = find_slot(set, text, ignore_case);

		if (set->slots[slot] == 0) {
			set->n++;
			set->slots[slot] = (uint32_t)at + 1;
			if (tells_which)
				set->slot_at[slot] = (uint32_t)i;
		}
		at += HEAD_BYTES + text.len;
	}
}

void
text_set_done(struct text_set *set)
{
	buf_done(&set->records);
	free(set->slots);
	free(set->slot_at);
}

bool
text_set_find(const struct text_set *set, struct str text, bool ignore_case,
    size_t *at_out)
{
	size_t slot;

	if (text.len == 0 || set->n == 0)
		return false;
	slot = find_slot(set, text, ignore_case);
	if (set->slots[slot] == 0)
		return false;
	*at_out = set->slot_at == NULL ? 0 : set->slot_at[slot];
	return true;
}
