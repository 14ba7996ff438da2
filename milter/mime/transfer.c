/*
 * Each decoder is a small machine that can stop behind any byte. What makes
 * them fast is that whole runs (groups of four base64 digits, plain text up to
 * the next "=" or line end) pass by without it; the machine sees the rest.
 *
 * The trap is what has to be held back: blanks before a line end are dropped
 * (RFC 2045 section 6.7, rule 3), and a hostile line may hold nothing else. So
 * at most BLANKS_MAX of them wait; when one more comes they are let go.
 */
#include "mime/transfer.h"

#include <string.h>

#define BLANKS_MAX  1024 /* no line that may be sent is longer */
#define UU_LINE_MAX 256  /* 1 + 84 are the most that mean something */

static const struct {
	const char *name;
	enum transfer_encoding encoding;
} names[] = {
	{ "7bit", TRANSFER_IDENTITY },
	{ "8bit", TRANSFER_IDENTITY },
	{ "binary", TRANSFER_IDENTITY },
	{ "quoted-printable", TRANSFER_QUOTED_PRINTABLE },
	{ "base64", TRANSFER_BASE64 },
	{ "x-uuencode", TRANSFER_UUENCODE },
	{ "x-uue", TRANSFER_UUENCODE },
	{ "uuencode", TRANSFER_UUENCODE },
	{ "uue", TRANSFER_UUENCODE },
};

/* Without comments; of nested ones the outermost counts. */
static struct str
without_comments(struct str name, char room[64])
{
	unsigned depth = 0;
	size_t n = 0;

	for (size_t i = 0; i < name.len && n < 64; i++) {
		char c = name.p[i];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (depth == 0)
			room[n++] = c;
	}
	return str_trim((struct str){ room, n });
}

static bool
find_name(struct str word, enum transfer_encoding *encoding_out)
{
	*encoding_out = TRANSFER_IDENTITY;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!str_eq_nocase(word, str_of(names[i].name)))
			continue;
		*encoding_out = names[i].encoding;
		return true;
	}
	return false;
}

/* The first word without quotes: what most programs look at. */
static struct str
first_word(struct str s)
{
	size_t len = 0;

	while (s.len > 0 && (s.p[0] == '"' || s.p[0] == '\''))
		s = str_from(s, 1);
	while (len < s.len && (ascii_is_alnum(s.p[len]) || s.p[len] == '-'))
		len++;
	return str_sub(s, 0, len);
}

bool
transfer_encoding_parse(struct str name, enum transfer_encoding *encoding_out)
{
	char room[64];
	struct str word = without_comments(name, room);

	if (word.len > 0 && word.p[word.len - 1] == ';')
		word = str_trim(str_sub(word, 0, word.len - 1));
	if (find_name(word, encoding_out))
		return true;
	find_name(first_word(word), encoding_out);
	return false;
}

const char *
transfer_encoding_name(enum transfer_encoding encoding)
{
	switch (encoding) {
	case TRANSFER_IDENTITY:
		return "identity";
	case TRANSFER_QUOTED_PRINTABLE:
		return "quoted-printable";
	case TRANSFER_BASE64:
		return "base64";
	case TRANSFER_UUENCODE:
		return "uuencode";
	}
	return "";
}

/* The value of a base64 digit, or one of these. */
enum { PAD = 64, BLANK = 65, JUNK = 66 };

#define J4  JUNK, JUNK, JUNK, JUNK
#define J16 J4, J4, J4, J4

/* clang-format off */
static const uint8_t digits[256] = {
	J4, J4, JUNK, BLANK, BLANK, JUNK, JUNK, BLANK, JUNK, JUNK,
	J16,
	BLANK, JUNK, JUNK, JUNK, J4, JUNK, JUNK, JUNK, 62, JUNK, JUNK, JUNK, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, JUNK, JUNK, JUNK, PAD, JUNK, JUNK,
	JUNK, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, JUNK, JUNK, JUNK, JUNK, JUNK,
	JUNK, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, JUNK, JUNK, JUNK, JUNK, JUNK,
	J16, J16, J16, J16, J16, J16, J16, J16
};
/* clang-format on */

/* Groups of four digits from the start of bytes; how many bytes those were. */
static size_t
decode_groups(struct str bytes, struct buf *out)
{
	const uint8_t *in = (const uint8_t *)bytes.p;
	char *to = out->p + out->len;
	size_t i = 0;

	for (; i + 4 <= bytes.len; i += 4) {
		uint32_t a = digits[in[i]], b = digits[in[i + 1]];
		uint32_t c = digits[in[i + 2]], d = digits[in[i + 3]];
		uint32_t bits = a << 18 | b << 12 | c << 6 | d;

		if (((a | b | c | d) & 64) != 0)
			break;
		to[0] = (char)(bits >> 16);
		to[1] = (char)(bits >> 8);
		to[2] = (char)bits;
		to += 3;
	}
	out->len = (size_t)(to - out->p);
	return i;
}

/* The whole bytes of a group that ends early. */
static void
flush_group(struct transfer *transfer, struct buf *out)
{
	if (transfer->n_bits == 12)
		buf_byte(out, (char)(transfer->bits >> 4));
	if (transfer->n_bits == 18) {
		buf_byte(out, (char)(transfer->bits >> 10));
		buf_byte(out, (char)(transfer->bits >> 2));
	}
	transfer->bits = 0;
	transfer->n_bits = 0;
}

static void
base64_digit(struct transfer *transfer, uint32_t digit, struct buf *out)
{
	transfer->bits = transfer->bits << 6 | digit;
	transfer->n_bits += 6;
	if (transfer->n_bits < 24)
		return;
	buf_byte(out, (char)(transfer->bits >> 16));
	buf_byte(out, (char)(transfer->bits >> 8));
	buf_byte(out, (char)transfer->bits);
	transfer->bits = 0;
	transfer->n_bits = 0;
}

static void
base64_byte(
    struct transfer *transfer, char byte, struct buf *out, uint64_t *damage)
{
	uint8_t digit = digits[(uint8_t)byte];

	if (digit == BLANK)
		return;
	if (digit == JUNK) {
		*damage |= DAMAGE_BIT(DAMAGE_BASE64);
		return;
	}
	if (digit == PAD) {
		/* Of "==" the second finds nothing left to end. */
		if (transfer->n_bits == 6 ||
		    (transfer->n_bits == 0 && !transfer->is_padded))
			*damage |= DAMAGE_BIT(DAMAGE_BASE64);
		flush_group(transfer, out);
		transfer->is_padded = true;
		return;
	}
	/* Something behind the padding: two texts glued together. */
	if (transfer->is_padded)
		*damage |= DAMAGE_BIT(DAMAGE_BASE64);
	transfer->is_padded = false;
	base64_digit(transfer, digit, out);
}

static void
push_base64(struct transfer *transfer, struct str bytes, struct buf *out,
    uint64_t *damage)
{
	size_t i = 0;

	buf_reserve(out, bytes.len / 4 * 3 + 6);
	while (i < bytes.len) {
		if (transfer->n_bits == 0 && !transfer->is_padded)
			i += decode_groups(str_from(bytes, i), out);
		if (i < bytes.len)
			base64_byte(transfer, bytes.p[i++], out, damage);
	}
	out->p[out->len] = '\0';
}

static void
end_base64(struct transfer *transfer, struct buf *out, uint64_t *damage)
{
	if (transfer->n_bits > 0)
		*damage |= DAMAGE_BIT(DAMAGE_BASE64);
	flush_group(transfer, out);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

static void
let_blanks_go(struct transfer *transfer, struct buf *out)
{
	if (transfer->line.len == 0)
		return;
	buf_add(out, buf_str(&transfer->line));
	buf_clear(&transfer->line);
}

/* "=" and what was held behind it were no code. */
static void
let_equals_go(struct transfer *transfer, struct buf *out, uint64_t *damage)
{
	buf_add(out, (struct str){ transfer->held, transfer->n_held });
	transfer->n_held = 0;
	let_blanks_go(transfer, out);
	*damage |= DAMAGE_BIT(DAMAGE_QUOTED_PRINTABLE);
}

/* A byte behind "=". False: it is to be looked at again, by itself. */
static bool
qp_behind_equals(struct transfer *transfer, char c, struct buf *out)
{
	bool is_alone = transfer->n_held == 1;

	if (is_line_end(c) && is_alone) {
		/* A soft break; of CR LF the LF is still to come. */
		buf_clear(&transfer->line);
		transfer->held[0] = '\r';
		transfer->n_held = c == '\r';
		return true;
	}
	if (is_blank(c) && is_alone && transfer->line.len < BLANKS_MAX) {
		buf_byte(&transfer->line, c);
		return true;
	}
	if (ascii_hex(c) < 0 || transfer->line.len > 0)
		return false;
	if (is_alone) {
		transfer->held[transfer->n_held++] = c;
		return true;
	}
	buf_byte(out, (char)(ascii_hex(transfer->held[1]) << 4 | ascii_hex(c)));
	transfer->n_held = 0;
	return true;
}

static void
qp_byte(struct transfer *transfer, char c, struct buf *out, uint64_t *damage)
{
	if (transfer->n_held > 0 && transfer->held[0] == '\r') {
		transfer->n_held = 0;
		if (c == '\n')
			return;
	} else if (transfer->n_held > 0) {
		if (qp_behind_equals(transfer, c, out))
			return;
		let_equals_go(transfer, out, damage);
	}
	if (is_blank(c)) {
		if (transfer->line.len == BLANKS_MAX)
			let_blanks_go(transfer, out);
		buf_byte(&transfer->line, c);
		return;
	}
	if (is_line_end(c))
		buf_clear(&transfer->line);
	else
		let_blanks_go(transfer, out);
	if (c == '=')
		transfer->held[transfer->n_held++] = c;
	else
		buf_byte(out, c);
}

/* How many bytes from the start mean themselves, whatever follows. */
static size_t
plain_run(struct str bytes)
{
	size_t n = 0;

	while (n < bytes.len && bytes.p[n] != '=' && !is_line_end(bytes.p[n]))
		n++;
	while (n > 0 && is_blank(bytes.p[n - 1]))
		n--;
	return n;
}

static void
push_qp(struct transfer *transfer, struct str bytes, struct buf *out,
    uint64_t *damage)
{
	size_t i = 0;

	buf_reserve(
	    out, bytes.len + transfer->line.len + sizeof(transfer->held));
	while (i < bytes.len) {
		if (transfer->n_held == 0 && transfer->line.len == 0) {
			struct str run = str_from(bytes, i);

			run.len = plain_run(run);
			buf_add(out, run);
			i += run.len;
		}
		if (i < bytes.len)
			qp_byte(transfer, bytes.p[i++], out, damage);
	}
}

/* A soft break at the very end joins nothing. */
static void
end_qp(struct transfer *transfer, struct buf *out, uint64_t *damage)
{
	if (transfer->n_held > 1)
		let_equals_go(transfer, out, damage);
}

bool
transfer_uu_begins(struct str line, struct str *name_out)
{
	size_t at = sizeof("begin ") - 1, mode;

	if (!str_starts(line, STR("begin ")))
		return false;
	for (mode = at;
	     mode < line.len && line.p[mode] >= '0' && line.p[mode] <= '7';
	     mode++)
		;
	if (mode - at < 3 || mode - at > 4 || mode == line.len ||
	    line.p[mode] != ' ')
		return false;
	*name_out = str_trim(str_from(line, mode));
	return name_out->len > 0;
}

/* The six bits of a digit; what is missing at a line's end were blanks. */
static uint32_t
uu_digit(struct str line, size_t at)
{
	return at < line.len ? (uint32_t)(line.p[at] - ' ') & 63 : 0;
}

/* The first digit says how many bytes the line has; of a line that is cut off
 * only those that are there, else a short input would become a long output. */
static void
decode_uu_line(struct str line, struct buf *out, uint64_t *damage)
{
	size_t n = uu_digit(line, 0), need = 1 + (n + 2) / 3 * 4;

	/* Some programs add a check sum, others cut blanks at the end. */
	if (line.len > need + 1 || line.len + 3 < need)
		*damage |= DAMAGE_BIT(DAMAGE_UUENCODE);
	if (n > (line.len - 1) / 4 * 3 + (line.len - 1) % 4)
		n = (line.len - 1) / 4 * 3 + (line.len - 1) % 4;
	for (size_t i = 1; n > 0; i += 4) {
		uint32_t bits =
		    uu_digit(line, i) << 18 | uu_digit(line, i + 1) << 12 |
		    uu_digit(line, i + 2) << 6 | uu_digit(line, i + 3);
		char bytes[] = { (char)(bits >> 16), (char)(bits >> 8),
			(char)bits };
		size_t n_here = n < sizeof(bytes) ? n : sizeof(bytes);

		buf_add(out, (struct str){ bytes, n_here });
		n -= n_here;
	}
}

static void
uu_line(struct transfer *transfer, struct str line, struct buf *out,
    uint64_t *damage)
{
	struct str name;

	if (transfer_uu_begins(line, &name)) {
		transfer->has_begun = true;
		transfer->has_ended = false;
		return;
	}
	if (!transfer->has_begun || transfer->has_ended)
		return;
	if (str_eq(str_trim(line), STR("end"))) {
		transfer->has_ended = true;
		return;
	}
	for (size_t i = 0; i < line.len; i++) {
		if (line.p[i] < ' ' || line.p[i] > '`') {
			*damage |= DAMAGE_BIT(DAMAGE_UUENCODE);
			return;
		}
	}
	if (line.len > 0)
		decode_uu_line(line, out, damage);
}

/* A piece of a line, which ends with it or not. Too long a line is none; it is
 * skipped to its end. */
static void
uu_piece(struct transfer *transfer, struct str piece, bool is_end,
    struct buf *out, uint64_t *damage)
{
	if (transfer->line.len + piece.len > UU_LINE_MAX) {
		transfer->is_line_over = true;
		*damage |= DAMAGE_BIT(DAMAGE_UUENCODE);
	}
	if (!is_end && !transfer->is_line_over)
		buf_add(&transfer->line, piece);
	if (!is_end)
		return;
	if (!transfer->is_line_over && transfer->line.len > 0) {
		buf_add(&transfer->line, piece);
		piece = buf_str(&transfer->line);
	}
	if (!transfer->is_line_over)
		uu_line(transfer, piece, out, damage);
	transfer->is_line_over = false;
	buf_clear(&transfer->line);
}

static void
push_uu(struct transfer *transfer, struct str bytes, struct buf *out,
    uint64_t *damage)
{
	while (bytes.len > 0) {
		size_t n = 0;

		while (n < bytes.len && !is_line_end(bytes.p[n]))
			n++;
		uu_piece(
		    transfer, str_sub(bytes, 0, n), n < bytes.len, out, damage);
		bytes = str_from(bytes, n < bytes.len ? n + 1 : n);
	}
}

static void
end_uu(struct transfer *transfer, struct buf *out, uint64_t *damage)
{
	push_uu(transfer, STR("\n"), out, damage);
	if (!transfer->has_begun || !transfer->has_ended)
		*damage |= DAMAGE_BIT(DAMAGE_UUENCODE);
}

void
transfer_push(struct transfer *transfer, struct str bytes, struct buf *out,
    uint64_t *damage)
{
	if (bytes.len == 0)
		return;
	switch (transfer->encoding) {
	case TRANSFER_IDENTITY:
		buf_add(out, bytes);
		break;
	case TRANSFER_QUOTED_PRINTABLE:
		push_qp(transfer, bytes, out, damage);
		break;
	case TRANSFER_BASE64:
		push_base64(transfer, bytes, out, damage);
		break;
	case TRANSFER_UUENCODE:
		push_uu(transfer, bytes, out, damage);
		break;
	}
}

void
transfer_end(struct transfer *transfer, struct buf *out, uint64_t *damage)
{
	enum transfer_encoding encoding = transfer->encoding;

	switch (encoding) {
	case TRANSFER_IDENTITY:
		break;
	case TRANSFER_QUOTED_PRINTABLE:
		end_qp(transfer, out, damage);
		break;
	case TRANSFER_BASE64:
		end_base64(transfer, out, damage);
		break;
	case TRANSFER_UUENCODE:
		end_uu(transfer, out, damage);
		break;
	}
	buf_done(&transfer->line);
	*transfer = (struct transfer){ .encoding = encoding };
}
