/*
 * byteset: the bytes that one character of a regular expression may be, for a
 * superset of it that knows no characters.
 *
 * Of text (valid UTF-8) only ASCII is told apart: what is not is "wide", any
 * bytes from 0x80 on. Where a class is negated, what it surely has counts, not
 * what it may have: so both are kept.
 */
#ifndef SLUICE_RULES_BYTESET_H
#define SLUICE_RULES_BYTESET_H

#include "base/buf.h"

struct byteset {
	uint64_t may[4];  /* at least what it has */
	uint64_t must[4]; /* at most what it has */
	bool is_wide;     /* of text: it may have characters over 0x7f */
};

struct byteset_kind {
	bool is_text; /* UTF-8; else bytes */
	bool ignores_case;
};

void byteset_add_range(
    struct byteset *set, struct byteset_kind kind, uint32_t from, uint32_t to);
/* Anything at all, perhaps. */
void byteset_add_all(struct byteset *set, struct byteset_kind kind);
/* d, w, s, h, v as behind a backslash, and in upper case what they are not.
 * False: there is no such letter. */
bool byteset_add_letter(
    struct byteset *set, struct byteset_kind kind, char letter);
/* "alpha", "digit", … as in [[:alpha:]]. False: there is none. */
bool byteset_add_posix(
    struct byteset *set, struct byteset_kind kind, struct str name);
/* What is not in it, at least. */
void byteset_negate(struct byteset *set, struct byteset_kind kind);

/* Only letters, digits and "_", of ASCII. */
bool byteset_is_word(const struct byteset *set);
bool byteset_is_empty(const struct byteset *set);
/* As a class, "[\x41\x61-\x7a]". */
void byteset_print(const struct byteset *set, struct buf *out);

#endif
