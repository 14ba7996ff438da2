/*
 * text_set: many short texts, found by hash: about 15 bytes each beside the
 * text itself.
 *
 * Texts are added, then text_set_finish is called once, then it only changes
 * hands. Of texts that are the same the first counts.
 */
#ifndef SLUICE_RULES_TEXT_SET_H
#define SLUICE_RULES_TEXT_SET_H

#include "base/buf.h"

#define TEXT_SET_MAX_BYTES 65535 /* of one text */

struct text_set {
	struct buf records; /* length in two bytes, then the text */
	size_t n_added;
	size_t n;          /* without those that were there already */
	uint32_t *slots;   /* a power of two: where a record is, plus 1 */
	uint32_t *slot_at; /* NULL: nobody asks which was found */
	size_t n_slots;
};

/* -1: they are too many (4 GB). */
int text_set_add(struct text_set *set, struct str text);
void text_set_finish(struct text_set *set, bool ignore_case, bool tells_which);
void text_set_done(struct text_set *set);

/* at_out: the how manieth it was when it was added (0 unless it is told). */
bool text_set_find(const struct text_set *set, struct str text,
    bool ignore_case, size_t *at_out);

#endif
