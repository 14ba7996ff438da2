/*
 * header: the value of a header field, made readable.
 *
 * Input is what came over the wire: any bytes. Work is linear in its length
 * (the caller caps that), never recursive. Output lives in the arena.
 */
#ifndef SLUICE_MIME_HEADER_H
#define SLUICE_MIME_HEADER_H

#include "base/arena.h"
#include "mime/damage.h"

/* RFC 5322 section 2.2.3: line breaks before blanks are removed, the blanks
 * stay; other line breaks and NUL bytes become one blank each. */
struct str header_unfold(struct arena *arena, struct str raw);

/* Sets DAMAGE_RAW_8BIT and DAMAGE_CONTROL (a line break that no blank follows
 * counts) if raw deserves them. header_decode and address_list do it, too. */
void header_note_damage(struct str raw, uint64_t *damage);

/*
 * Unfolded, encoded words decoded (RFC 2047, with the language of RFC 2231
 * section 5), always valid UTF-8. Lenient as mail programs are: words inside
 * quotes and glued to text are decoded, white space between two words is
 * dropped, a character split over two words of the same charset and encoding
 * is joined; lower-case q and b; missing base64 padding. What cannot be
 * decoded stays as it stands; bytes that are no UTF-8 are read as
 * windows-1252. Sets bits of *damage.
 */
struct str header_decode(struct arena *arena, struct str raw, uint64_t *damage);

/*
 * The other way: text (UTF-8) as a value that is safe to give to an MTA. CR,
 * LF, NUL and other control bytes become blanks, blanks at both ends are
 * dropped; what is not ASCII becomes encoded words, and so does what would be
 * read as one. Folded with "\n" and a blank: no line is over 78 columns unless
 * a single ASCII word is, none over 998, none is blank. name_len: length of
 * the field's name, at most 500.
 */
struct str header_encode(struct arena *arena, struct str text, size_t name_len);

#endif
