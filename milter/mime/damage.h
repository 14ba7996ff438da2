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
	/* Header fields */
	DAMAGE_ENCODED_WORD, /* RFC 2047 word that cannot be decoded */
	DAMAGE_CHARSET,      /* unknown charset, or bytes not of it */
	DAMAGE_RAW_8BIT, /* bytes over 0x7f in a header that are not UTF-8 */
	DAMAGE_CONTROL,  /* NUL or another control byte in a header */
	DAMAGE_ADDRESS,  /* address list that RFC 5322 does not allow */
	DAMAGE_ADDRESS_COUNT,    /* more addresses than ADDRESSES_MAX */
	DAMAGE_HEADER_SIZE,      /* header field longer than the cap; cut */
	DAMAGE_HEADER_COUNT,     /* more header fields than the cap; dropped */
	DAMAGE_DUPLICATE_HEADER, /* a field that RFC 5322 allows once */
	/* The tree of parts */
	DAMAGE_MIME_DEPTH,  /* nested deeper than the cap; read as text */
	DAMAGE_PART_COUNT,  /* more parts than the cap; read as text */
	DAMAGE_PART_HEADER, /* a line in a part's header that is no field */
	DAMAGE_BOUNDARY,    /* none, too long, or one that can be misread */
	DAMAGE_UNCLOSED,    /* a multipart without its closing delimiter */
	DAMAGE_PARAMETER,   /* Content-Type and the like against RFC 2045 */
	DAMAGE_AMBIGUOUS, /* two Content-Types, two boundaries, … that differ */
	DAMAGE_BARE_NEWLINE, /* CR without LF, or LF without CR */
	DAMAGE_PARTIAL,      /* message/partial or message/external-body */
	DAMAGE_FILE_NAME, /* over the cap, or with control or bidi characters */
	/* What is in the parts */
	DAMAGE_TRANSFER_ENCODING, /* unknown, or one where none may be */
	DAMAGE_BASE64,            /* bytes that are none, or padding amid */
	DAMAGE_QUOTED_PRINTABLE,  /* "=" without two hex digits */
	DAMAGE_UUENCODE,          /* lines of a wrong length, or no end */
	DAMAGE_PART_CUT,      /* decoded bytes over scan_limit were not kept */
	DAMAGE_HIDDEN_TEXT,   /* HTML that a reader does not see */
	DAMAGE_LINK_MISMATCH, /* the text of a link names another host */
	DAMAGE_URL_COUNT,     /* more addresses of web pages than the cap */
	DAMAGE_ARCHIVE,       /* broken or cut off; its list may be short */
	DAMAGE_ARCHIVE_LIMIT, /* more entries, bytes or nesting than the cap */
	DAMAGE_INSPECTION,    /* attachments could not be looked into */
	/* The message as a whole */
	DAMAGE_BODY_CUT,    /* body longer than scan_limit; rest not seen */
	DAMAGE_REGEX_LIMIT, /* a pattern ran into regex_match_limit */
	DAMAGE_SCAN_BUDGET, /* scan_budget was used up */
	DAMAGE_N
};

/* Sets of them are uint64_t. */

#define DAMAGE_BIT(damage) (UINT64_C(1) << (damage))

/* "encoded-word", "charset", … */
const char *damage_word(enum damage damage);

#endif
