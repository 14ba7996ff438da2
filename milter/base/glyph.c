/*
 * The table is of characters, not of bytes: a terminal takes U+009B, two bytes
 * of good UTF-8, for the start of a sequence, and a file named
 * "invoice U+202E fdp.exe" is read as "invoice exe.pdf" by whoever opens the
 * log.
 *
 * The trap is the joiner in good text (an emoji of two people, Persian): it is
 * written out as well, since here it matters more that two texts that look
 * alike are alike.
 */
#include "base/glyph.h"

#include "base/utf8.h"

#include <stdint.h>

struct range {
	uint32_t first, last;
};

/* In ascending order. */
static const struct range unseen[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x00a0 },
	{ 0x00ad, 0x00ad },                     /* soft hyphen */
	{ 0x034f, 0x034f }, { 0x061c, 0x061c }, /* Arabic letter mark */
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
	{ 0x2000, 0x200f }, /* blanks, zero width, marks of direction */
	{ 0x2028, 0x202f }, /* ends of lines, embeddings and overrides */
	{ 0x205f, 0x206f }, /* isolates */
	{ 0x2800, 0x2800 }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff }, /* tags */
};

static bool
is_unseen(uint32_t code)
{
	size_t n = sizeof(unseen) / sizeof(unseen[0]);

	for (size_t i = 0; i < n && code >= unseen[i].first; i++)
		if (code <= unseen[i].last)
			return true;
	return false;
}

struct glyph
glyph_at(struct str text)
{
	struct glyph glyph = { .len = utf8_sequence(text) };

	if (glyph.len == 0) {
		glyph.len = 1;
		glyph.code = (unsigned char)text.p[0];
		return glyph;
	}
	glyph.code = utf8_read(text.p, &glyph.len);
	glyph.is_utf8 = true;
	glyph.is_seen = !is_unseen(glyph.code);
	return glyph;
}

void
glyph_add(struct buf *out, struct str text, struct glyph glyph)
{
	if (glyph.is_seen)
		buf_add(out, str_sub(text, 0, glyph.len));
	else if (glyph.len == 1)
		buf_printf(out, "\\x%02x", (unsigned)glyph.code);
	else
		buf_printf(out, "\\u{%x}", (unsigned)glyph.code);
}

void
glyph_add_lines(struct buf *out, struct str text)
{
	while (text.len > 0) {
		struct glyph glyph = glyph_at(text);

		if (glyph.code == '\n' || glyph.code == '\t')
			buf_byte(out, text.p[0]);
		else
			glyph_add(out, text, glyph);
		text = str_from(text, glyph.len);
	}
}

void
glyph_add_json(struct buf *out, struct str text, struct glyph glyph)
{
	uint32_t above = glyph.code - 0x10000;

	if (!glyph.is_utf8) {
		buf_add_cstr(out, "\xef\xbf\xbd");
	} else if (glyph.is_seen) {
		if (glyph.code == '"' || glyph.code == '\\')
			buf_byte(out, '\\');
		buf_add(out, str_sub(text, 0, glyph.len));
	} else if (glyph.code < 0x10000) {
		buf_printf(out, "\\u%04x", (unsigned)glyph.code);
	} else {
		buf_printf(out, "\\u%04x\\u%04x",
		    (unsigned)(0xd800 + (above >> 10)),
		    (unsigned)(0xdc00 + (above & 0x3ff)));
	}
}
