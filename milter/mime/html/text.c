/*
 * Text is copied in runs, as long as only single blanks stand between words.
 * A table of classes finds where a run ends, one look a byte.
 */
#include "mime/html/text.h"

#include "base/utf8.h"
#include "mime/fold.h"
#include "mime/html/entity.h"

#include <string.h>

#define NO_BREAK_SPACE 0xa0

enum byte_class {
	C_TEXT,
	C_BLANK,
	C_AND,
	C_LESS,
	C_NUL,
	C_LEAD /* of U+00A0, perhaps */
};

static const uint8_t classes[256] = {
	['\0'] = C_NUL,
	['\t'] = C_BLANK,
	['\n'] = C_BLANK,
	['\f'] = C_BLANK,
	['\r'] = C_BLANK,
	[' '] = C_BLANK,
	['&'] = C_AND,
	['<'] = C_LESS,
	[0xc2] = C_LEAD,
};

static enum byte_class
class_of(char c)
{
	return (enum byte_class)classes[(unsigned char)c];
}

void
html_text_init(struct html_text *text, struct html_reader *reader)
{
	*text = (struct html_text){
		.reader = reader,
		.visible = { reader->visible, reader->visible->len,
		    HTML_NO_GAP },
		.hidden = { reader->hidden, reader->hidden->len, HTML_NO_GAP },
		.left = reader->max_bytes,
	};
}

void
html_text_to(struct html_text *text, bool is_hidden)
{
	/* What stands apart in the page does not become one word. */
	if (is_hidden && !text->is_hidden)
		text->hidden.gap = HTML_LINE;
	text->is_hidden = is_hidden;
}

static void
add_gap(struct html_out *out, enum html_gap gap)
{
	if (out->gap < gap)
		out->gap = gap;
}

void
html_text_gap(struct html_text *text, enum html_gap gap, bool is_gone)
{
	add_gap(&text->hidden, gap);
	if (!is_gone)
		add_gap(&text->visible, gap);
}

static void
note_hidden(struct html_text *text, struct str run)
{
	size_t at = 0, len;

	while (at < run.len && !text->reader->has_hidden) {
		uint32_t code = utf8_read(run.p + at, &len);

		at += len;
		text->reader->has_hidden = code < 0x80
					       ? ascii_is_alnum((char)code)
					       : !fold_is_unseen(code);
	}
}

/* Appends, and keeps to max_bytes without cutting a character. */
static void
append(struct html_text *text, struct buf *buf, struct str run)
{
	if (run.len > text->left) {
		text->reader->is_cut = true;
		run = utf8_whole(str_sub(run, 0, text->left));
		text->left = run.len;
	}
	text->left -= run.len;
	if (buf->size - buf->len <= run.len)
		buf_reserve(buf, run.len);
	memcpy(buf->p + buf->len, run.p, run.len);
	buf->len += run.len;
	buf->p[buf->len] = '\0';
}

static void
put(struct html_text *text, const char *p, size_t len)
{
	struct html_out *out = text->is_hidden ? &text->hidden : &text->visible;

	if (len == 0)
		return;
	if (text->is_hidden && !text->is_outlook && !text->reader->has_hidden)
		note_hidden(text, (struct str){ p, len });
	if (out->gap != HTML_NO_GAP && out->buf->len > out->from)
		append(text, out->buf,
		    out->gap == HTML_LINE ? STR("\n") : STR(" "));
	out->gap = HTML_NO_GAP;
	append(text, out->buf, (struct str){ p, len });
}

static void
put_gap(struct html_text *text, enum html_gap gap)
{
	add_gap(text->is_hidden ? &text->hidden : &text->visible, gap);
}

/* A run of text with at most single blanks in it. */
static const char *
read_run(struct html_text *text, const char *p, const char *end)
{
	const char *from = p;

	for (;;) {
		while (p < end && class_of(*p) == C_TEXT)
			p++;
		if (end - p < 2 || *p != ' ' || class_of(p[1]) != C_TEXT)
			break;
		p++;
	}
	put(text, from, (size_t)(p - from));
	return p;
}

static const char *
read_blanks(struct html_text *text, const char *p, const char *end)
{
	enum html_gap gap = HTML_BLANK;

	for (; p < end && class_of(*p) == C_BLANK; p++)
		if (*p == '\n' && text->keeps_lines)
			gap = HTML_LINE;
	put_gap(text, gap);
	return p;
}

/* U+00A0 is a blank like others here: what a reader sees is the same. */
static const char *
read_lead(struct html_text *text, const char *p, const char *end)
{
	if (end - p < 2)
		return end; /* cannot be in valid UTF-8 */
	if ((unsigned char)p[1] == NO_BREAK_SPACE)
		put_gap(text, HTML_BLANK);
	else
		put(text, p, 2);
	return p + 2;
}

static const char *
read_entity(struct html_text *text, const char *p, const char *end)
{
	struct str s = { p, (size_t)(end - p) };
	uint32_t codes[2] = { '&', 0 };
	size_t len = html_entity(s, HTML_TEXT, codes);
	char bytes[4];

	for (int i = 0; i < 2 && (i == 0 || codes[i] != 0); i++) {
		if (codes[i] == NO_BREAK_SPACE ||
		    (codes[i] < 0x80 && class_of((char)codes[i]) == C_BLANK))
			put_gap(text, HTML_BLANK);
		else
			put(text, bytes, utf8_write(codes[i], bytes));
	}
	return p + (len > 0 ? len : 1);
}

const char *
html_text_read(
    struct html_text *text, const char *p, const char *end, bool stops)
{
	while (p < end) {
		switch (class_of(*p)) {
		case C_TEXT:
			p = read_run(text, p, end);
			break;
		case C_BLANK:
			p = read_blanks(text, p, end);
			break;
		case C_AND:
			p = read_entity(text, p, end);
			break;
		case C_LESS:
			if (stops)
				return p;
			put(text, p++, 1);
			break;
		case C_NUL:
			p++; /* as browsers do */
			break;
		case C_LEAD:
			p = read_lead(text, p, end);
			break;
		}
	}
	return p;
}
