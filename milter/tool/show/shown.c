/*
 * One function knows how a character is written, so that what is measured and
 * what is printed never differ. Wide characters (East Asian, emoji) count two
 * columns as terminals draw them.
 */
#include "tool/show/shown.h"

#include "base/glyph.h"
#include "base/utf8.h"

#include <stdint.h>

#define QUOTED_MIN   20
#define LEAD_PERCENT 40 /* of the width, before a mark */

struct range {
	uint32_t first, last;
};

static const struct range wide[] = {
	{ 0x1100, 0x115e },
	{ 0x2e80, 0x303e },
	{ 0x3041, 0x33ff },
	{ 0x3400, 0x4dbf },
	{ 0x4e00, 0x9fff },
	{ 0xa000, 0xa4cf },
	{ 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f },
	{ 0xff01, 0xff60 },
	{ 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff },
	{ 0x1f900, 0x1f9ff },
	{ 0x20000, 0x3fffd },
};

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

static bool
is_within(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* One character as it is shown. */
struct piece {
	size_t n_bytes; /* of the text, at least 1 */
	size_t columns;
	struct buf text;
};

static void
take_piece(struct piece *piece, struct str text)
{
	struct glyph glyph = glyph_at(text);
	struct buf *out = &piece->text;
	uint32_t c = glyph.code;

	buf_clear(out);
	piece->n_bytes = glyph.len;
	if (c == '\n')
		buf_add_cstr(out, "\\n");
	else if (c == '\r')
		buf_add_cstr(out, "\\r");
	else if (c == '\t')
		buf_add_cstr(out, "\\t");
	else if (c == '\\')
		buf_add_cstr(out, "\\\\");
	else
		glyph_add(out, text, glyph);
	piece->columns = out->p[0] == '\\' ? out->len : 1;
	if (glyph.is_seen && is_within(wide, N_OF(wide), c))
		piece->columns = 2;
}

size_t
shown_add(struct buf *out, struct str text, size_t width)
{
	struct piece piece = { 0 };
	size_t n = 0;

	while (n < text.len) {
		take_piece(&piece, str_from(text, n));
		if (piece.columns > width)
			break;
		width -= piece.columns;
		buf_add(out, buf_str(&piece.text));
		n += piece.n_bytes;
	}
	buf_done(&piece.text);
	return n;
}

size_t
shown_width(struct str text)
{
	struct piece piece = { 0 };
	size_t width = 0;

	for (size_t n = 0; n < text.len; n += piece.n_bytes) {
		take_piece(&piece, str_from(text, n));
		width += piece.columns;
	}
	buf_done(&piece.text);
	return width;
}

void
shown_quoted(struct buf *out, struct str text, size_t width)
{
	struct buf tail = { 0 };
	struct buf whole = { 0 };
	size_t room = width == SHOWN_ALL ? SHOWN_ALL : width - 2;

	if (width < QUOTED_MIN)
		room = QUOTED_MIN - 2;
	if (shown_add(&whole, text, room) < text.len) {
		buf_printf(&tail, "... (%zu bytes)", text.len);
		buf_clear(&whole);
		shown_add(&whole, text, room > tail.len ? room - tail.len : 1);
	}
	buf_byte(out, '"');
	buf_add(out, buf_str(&whole));
	buf_byte(out, '"');
	buf_add(out, buf_str(&tail));
	buf_done(&whole);
	buf_done(&tail);
}

static void
add_times(struct buf *out, char c, size_t n)
{
	while (n-- > 0)
		buf_byte(out, c);
}

void
shown_blanks(struct buf *out, size_t n)
{
	add_times(out, ' ', n);
}

/* Of the line that offset is in; without its end. */
static size_t
line_begin(struct str text, size_t offset)
{
	while (offset > 0 && text.p[offset - 1] != '\n')
		offset--;
	return offset;
}

static size_t
line_end(struct str text, size_t offset)
{
	while (offset < text.len && text.p[offset] != '\n')
		offset++;
	if (offset > 0 && offset < text.len && text.p[offset - 1] == '\r')
		offset--;
	return offset;
}

void
shown_place(
    struct str text, size_t offset, size_t *line_out, size_t *column_out)
{
	size_t line = 1, begin = 0;

	if (offset > text.len)
		offset = text.len;
	for (size_t i = 0; i < offset; i++) {
		if (text.p[i] != '\n')
			continue;
		line++;
		begin = i + 1;
	}
	*line_out = line;
	*column_out = 1 + utf8_length(str_sub(text, begin, offset));
}

/* The latest begin of a character from which [begin, to) takes width at most. */
static size_t
step_back(struct str text, size_t begin, size_t to, size_t width)
{
	struct piece piece = { 0 };
	size_t at = to;

	while (at > begin) {
		size_t before = utf8_back(text, at - 1);

		if (before < begin)
			before = begin;
		take_piece(&piece, str_from(text, before));
		if (piece.columns > width)
			break;
		width -= piece.columns;
		at = before;
	}
	buf_done(&piece.text);
	return at;
}

void
shown_mark(struct buf *out, struct str text, size_t from, size_t to,
    size_t indent, size_t width)
{
	size_t room = width > indent + QUOTED_MIN ? width - indent : QUOTED_MIN;
	size_t begin, end, at, lead, marked;
	struct buf shown = { 0 };

	if (from > text.len)
		from = text.len;
	begin = line_begin(text, from);
	end = line_end(text, from);
	if (end < from)
		end = from;
	to = to > end ? end : to < from ? from : to;
	at = step_back(text, begin, from, room * LEAD_PERCENT / 100);
	lead = shown_width(str_sub(text, at, from));
	shown_add(&shown, str_sub(text, at, end), room);
	marked = shown_width(str_sub(text, from, to));
	if (marked > room - lead)
		marked = room - lead;
	shown_blanks(out, indent);
	buf_add(out, buf_str(&shown));
	buf_byte(out, '\n');
	shown_blanks(out, indent + lead);
	add_times(out, '^', marked > 0 ? marked : 1);
	buf_byte(out, '\n');
	buf_done(&shown);
}
