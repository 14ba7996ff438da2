/*
 * transfer: content-transfer-encodings (RFC 2045 section 6, and uuencode),
 * undone piece by piece.
 *
 * A decoder takes any bytes in any pieces and gives the same for every cut.
 * Lenient, as mail programs are: junk is skipped, padding may lack or stand in
 * the middle (what follows is decoded, too), hex digits may be small, a soft
 * break may have blanks behind it. Blanks at a line's end are dropped, as RFC 2045
 * wants it (up to 1024 of them). What was forgiven is noted as damage, but for
 * small hex digits. Output is never longer than input and what was held back.
 */
#ifndef SLUICE_MIME_TRANSFER_H
#define SLUICE_MIME_TRANSFER_H

#include "base/buf.h"
#include "mime/damage.h"

enum transfer_encoding {
	TRANSFER_IDENTITY, /* 7bit, 8bit, binary, none */
	TRANSFER_QUOTED_PRINTABLE,
	TRANSFER_BASE64,
	TRANSFER_UUENCODE, /* x-uuencode, x-uue, uuencode */
};

/* As in Content-Transfer-Encoding, in any case, comments and blanks around it
 * ignored. False: it is none, though its first word may be; of any other
 * *encoding_out is TRANSFER_IDENTITY. */
bool transfer_encoding_parse(
    struct str name, enum transfer_encoding *encoding_out);
const char *transfer_encoding_name(enum transfer_encoding encoding);

/* Of the caller; all zero but for the encoding to begin with. */
struct transfer {
	enum transfer_encoding encoding;
	uint32_t bits; /* base64: of the group that is not whole yet */
	unsigned n_bits;
	bool is_padded; /* base64: "=" was seen since the last digit */
	char held[4];   /* quoted-printable: "=", "=4"; "\r" of a soft break */
	unsigned n_held;
	struct buf line;   /* uuencode; else blanks that may end a line */
	bool has_begun;    /* uuencode: behind "begin 644 name" */
	bool has_ended;    /* behind "end" */
	bool is_line_over; /* the line is over its cap, and skipped */
};

/* Appends what the bytes decode to. */
void transfer_push(struct transfer *transfer, struct str bytes, struct buf *out,
    uint64_t *damage);
/* Appends what was held back, frees what the decoder has and makes it ready for
 * another text of the same encoding. */
void transfer_end(struct transfer *transfer, struct buf *out, uint64_t *damage);

/* Is this line (without its end) the first of a uuencoded file: "begin 644
 * name"? The name, as it stands. */
bool transfer_uu_begins(struct str line, struct str *name_out);

#endif
