/*
 * utf8: is a text UTF-8 (RFC 3629: no surrogates, nothing over U+10FFFF, no
 * overlong forms)? One character of it, both ways, and cuts between them.
 */
#ifndef SLUICE_BASE_UTF8_H
#define SLUICE_BASE_UTF8_H

#include "base/str.h"

#define UTF8_REPLACEMENT 0xfffd

bool utf8_is_ascii(struct str s);
/* The offset of the first wrong byte, or -1. */
ptrdiff_t utf8_bad(struct str s);
/* Length 1-4 of the valid sequence at the start of s, 0 if there is none. */
size_t utf8_sequence(struct str s);

/* The character at p (of valid UTF-8, at least one byte); *len_out: of it. */
uint32_t utf8_read(const char *p, size_t *len_out);
/* Writes code (no surrogate, at most U+10FFFF) and returns its length. */
size_t utf8_write(uint32_t code, char bytes[4]);
/* Is c a byte of a character, but not its first? */
bool utf8_is_inner(char c);
/* at (which may be the end of s), or where the character begins inside of which
 * it is. In what is no UTF-8 it goes back three bytes at most. */
size_t utf8_back(struct str s, size_t at);
/* How many characters s has. */
size_t utf8_length(struct str s);
/* s without the bytes of a character that is cut off at its end, and without
 * those at its beginning. */
struct str utf8_whole(struct str s);

#endif
