/*
 * glyph: text that came from a stranger, one character at a time, for all who
 * show it to people or write it for programs. There is one answer to the
 * question what may be shown as it is; logs, replies, listings and JSON differ
 * only in what they put in place of the rest. Pure.
 */
#ifndef SLUICE_BASE_GLYPH_H
#define SLUICE_BASE_GLYPH_H

#include "base/buf.h"

struct glyph {
	size_t len;    /* bytes of the text: 1 for a byte that is no UTF-8 */
	uint32_t code; /* the character, or that byte */
	bool is_utf8;
	/*
	 * May be shown as it is. False for what is no UTF-8, for what steers a
	 * terminal (C0, DEL, C1) or ends a line, and for characters that nobody
	 * sees or that turn the order of others: marks of direction, joiners,
	 * blanks of other widths, variation selectors, tags.
	 */
	bool is_seen;
};

/* The first character of text, which is not empty. */
struct glyph glyph_at(struct str text);

/*
 * Appends it as it is if it may be seen, else written out: \x1b (a control byte
 * of ASCII, or a byte that is no UTF-8) or \u{202e}.
 */
void glyph_add(struct buf *out, struct str text, struct glyph glyph);
/* A text of ours that has several lines: line feeds and tabs stay, too. */
void glyph_add_lines(struct buf *out, struct str text);
/* One for the inside of a JSON string (RFC 8259 section 7): \u202e, a
 * surrogate pair above U+FFFF, U+FFFD for a byte that is no UTF-8; quotes and
 * backslashes are escaped as well. */
void glyph_add_json(struct buf *out, struct str text, struct glyph glyph);

#endif
