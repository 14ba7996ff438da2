/*
 * The table is made by make_fold.py, as ranges of characters that become the
 * same, one after the other, or capital and small letter in turn. Search is by
 * halves in the ranges of 256 characters, so that scripts in which nothing is
 * folded (ideographs, most of Asia) cost next to nothing.
 */
#include "mime/fold_own.h"

#include <stddef.h>

enum range_kind { DROP, MARK, SAME, SHIFT, TURN, TEXT };

struct fold_range {
	uint32_t first;
	uint16_t n;
	uint8_t kind; /* enum range_kind */
	uint16_t to;  /* a character, or where in fold_texts */
};

#include "mime/fold_table.h"

#define N_RANGES     (sizeof(fold_ranges) / sizeof(fold_ranges[0]))
#define PAGED_CODES  UINT32_C(0x20000)
#define SMALL_LETTER 0x20 /* so much behind the capital one */

/* The last range that begins at or before code; NULL: none. */
static const struct fold_range *
find_range(uint32_t code)
{
	size_t low, high;

	if (code >= PAGED_CODES) {
		low = high = N_RANGES;
	} else {
		low = fold_pages[code >> 8];
		high = fold_pages[(code >> 8) + 1];
	}
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (fold_ranges[middle].first <= code)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NULL : &fold_ranges[low - 1];
}

struct fold_to
fold_find(uint32_t code)
{
	const struct fold_range *range = find_range(code);
	struct fold_to to = { .kind = FOLD_STAYS };
	uint32_t at;

	if (range == NULL || code - range->first >= range->n)
		return to;
	at = code - range->first;
	to.kind = FOLD_CODE;
	to.code = range->to;
	switch ((enum range_kind)range->kind) {
	case DROP:
		to.kind = FOLD_DROP;
		break;
	case MARK:
		to.kind = FOLD_MARK;
		break;
	case SAME:
		break;
	case SHIFT:
		to.code += at;
		break;
	case TURN:
		to.code += at % 2 * SMALL_LETTER;
		break;
	case TEXT:
		to.kind = FOLD_TEXT;
		to.text.p = (const char *)&fold_texts[range->to + 1];
		to.text.len = fold_texts[range->to];
		break;
	}
	return to;
}
