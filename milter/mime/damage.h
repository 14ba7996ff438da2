/*
 * damage: what was malformed, or over a cap, in the bytes of a message.
 *
 * Nothing in this layer fails: what cannot be understood is passed on as it
 * is, and a word is noted here. The words are the values of the fact
 * `mime.damage` and stand in the manual.
 */
#ifndef SLUICE_MIME_DAMAGE_H
#define SLUICE_MIME_DAMAGE_H

#include "base/str.h"

enum damage {
	DAMAGE_ENCODED_WORD, /* RFC 2047 word that cannot be decoded */
	DAMAGE_CHARSET,      /* unknown charset, or bytes not of it */
	DAMAGE_RAW_8BIT, /* bytes over 0x7f in a header that are not UTF-8 */
	DAMAGE_CONTROL,  /* NUL or another control byte in a header */
	DAMAGE_ADDRESS,  /* address list that RFC 5322 does not allow */
	DAMAGE_ADDRESS_COUNT,    /* more addresses than ADDRESSES_MAX */
	DAMAGE_HEADER_SIZE,      /* header field longer than the cap; cut */
	DAMAGE_HEADER_COUNT,     /* more header fields than the cap; dropped */
	DAMAGE_DUPLICATE_HEADER, /* a field that RFC 5322 allows once */
	DAMAGE_BODY_CUT,    /* body longer than scan_limit; rest not seen */
	DAMAGE_REGEX_LIMIT, /* a pattern ran into regex_match_limit */
	DAMAGE_SCAN_BUDGET, /* scan_budget was used up */
	DAMAGE_N
};

/* Sets of them are uint32_t. */

#define DAMAGE_BIT(damage) (UINT32_C(1) << (damage))

/* "encoded-word", "charset", … */
const char *damage_word(enum damage damage);

#endif
