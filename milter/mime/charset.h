/*
 * charset: bytes of a named charset as UTF-8.
 *
 * Only charsets that mail really uses are known (a list in charset.c); iconv
 * is never asked for others, because each is a decoder run on hostile bytes.
 * Any thread. Output is appended to out and is always valid UTF-8, never more
 * than three bytes for each byte of input (four for UTF-7 and UTF-16). UTF-16 and
 * UTF-32 without a mark, and without an order in their name, are read in the
 * order that the zeros in them tell.
 */
#ifndef SLUICE_MIME_CHARSET_H
#define SLUICE_MIME_CHARSET_H

#include "base/buf.h"

/*
 * name: as in mail, in any case. False: the charset is unknown, or some bytes
 * are not of it; such bytes are read as by charset_read (in UTF-16 and
 * UTF-32 they become U+FFFD), so that one wrong byte does not hide the rest.
 */
bool charset_decode(struct buf *out, struct str name, struct str bytes);

/*
 * Bytes of no known charset: what is UTF-8 stays, every other byte is read as
 * windows-1252. False if there was one of those.
 */
bool charset_read(struct buf *out, struct str bytes);

/*
 * The same for long texts: they stop behind max_bytes of output, and at most
 * 2 KiB more. What was not read then is left in *bytes.
 */
bool charset_decode_some(
    struct buf *out, struct str name, struct str *bytes, size_t max_bytes);
bool charset_read_some(struct buf *out, struct str *bytes, size_t max_bytes);

#endif
