/*
 * shown: text that came from mail, for a person at a terminal. Whatever would
 * steer the terminal, end the line, or be there without being seen is written
 * out: \n, \t, \\, \x9b (a control, or a byte that is no UTF-8), \u{202e} (a
 * bidi or zero-width character). Pure.
 */
#ifndef SLUICE_TOOL_SHOW_SHOWN_H
#define SLUICE_TOOL_SHOW_SHOWN_H

#include "base/buf.h"

#define SHOWN_ALL ((size_t)-1)

/* Of text as much as fits in width columns; returns how many bytes of it. */
size_t shown_add(struct buf *out, struct str text, size_t width);
/* The same in quotes, of at least 20 columns; "… (1234 bytes)" if cut. */
void shown_quoted(struct buf *out, struct str text, size_t width);
void shown_blanks(struct buf *out, size_t n);
/* Columns that it takes. */
size_t shown_width(struct str text);

/* Where a byte of a text stands, both from 1; columns are characters. */
void shown_place(
    struct str text, size_t offset, size_t *line_out, size_t *column_out);

/*
 * Two lines, each behind indent blanks and ended by a newline: the line of text
 * in which [from, to) begins, cut on both sides to width columns with indent,
 * and below it a mark under what is of these bytes.
 */
void shown_mark(struct buf *out, struct str text, size_t from, size_t to,
    size_t indent, size_t width);

#endif
