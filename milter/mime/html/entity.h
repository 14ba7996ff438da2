/*
 * html_entity: character references of HTML, with and without ";", as browsers
 * read them.
 */
#ifndef SLUICE_MIME_HTML_ENTITY_H
#define SLUICE_MIME_HTML_ENTITY_H

#include "base/buf.h"

/* No reference in attributes: "&copy=1" and "&copya", which in text are. */
enum html_place { HTML_TEXT, HTML_ATTRIBUTE };

/*
 * s begins with "&". Returns how many bytes the reference has, 0: it is none.
 * codes_out: what it stands for; the second is 0 as a rule. Never a surrogate,
 * 0 or over U+10FFFF. In UTF-8 it is no longer than the reference.
 */
size_t html_entity(struct str s, enum html_place place, uint32_t codes_out[2]);

/* Appends an attribute's value, decoded. */
void html_decode(struct buf *out, struct str value);

#endif
