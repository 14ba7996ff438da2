/*
 * The words of one line of a test. A word is bare (up to the next blank) or
 * quoted; a quoted one may hold any byte by \n \t \r \" \\ and \xNN, so that
 * a test can say what hostile mail looks like and still be a text file.
 *
 * The trap: a "#" begins a comment only where a word could begin, because
 * "a#b@example.org" is an address.
 */
#include "engine/trace_story.h"

#include <string.h>

struct reader {
	struct arena *arena;
	const struct source *source;
	struct diags *diags;
	uint32_t at;
	bool is_wrong;
};

static char
peek(const struct reader *reader)
{
	struct str text = reader->source->text;

	return reader->at < text.len ? text.p[reader->at] : '\n';
}

static struct pos
pos_since(const struct reader *reader, uint32_t start)
{
	return (struct pos){ reader->source, start, reader->at - start };
}

static void
report_escape(struct reader *reader, uint32_t start)
{
	diag_add(reader->diags, DIAG_ERROR, pos_since(reader, start),
	    "this escape is not known; known are \\n \\t \\r \\\" \\\\ and "
	    "\\xNN with two hexadecimal digits");
	reader->is_wrong = true;
}

/* Behind the backslash, which stands at start. */
static char
read_escape(struct reader *reader, uint32_t start)
{
	static const char names[] = "ntr\"\\";
	static const char values[] = "\n\t\r\"\\";
	struct str text = reader->source->text;
	char c = peek(reader);
	const char *name;
	int high, low;

	if (c == '\n') { /* the quote is not closed: said by read_quoted */
		reader->is_wrong = true;
		return '\\';
	}
	reader->at++;
	if ((name = strchr(names, c)) != NULL)
		return values[name - names];
	high = c == 'x' ? ascii_hex(peek(reader)) : -1;
	if (high == -1 || reader->at + 1 >= text.len ||
	    (low = ascii_hex(text.p[reader->at + 1])) == -1) {
		report_escape(reader, start);
		return '?';
	}
	reader->at += 2;
	return (char)(high * 16 + low);
}

/* At the opening quote. */
static struct str
read_quoted(struct reader *reader)
{
	uint32_t start = reader->at++;
	struct str value;
	struct buf buf;
	char c;

	buf_init(&buf);
	while ((c = peek(reader)) != '"' && c != '\n') {
		uint32_t at = reader->at++;

		buf_byte(&buf, c == '\\' ? read_escape(reader, at) : c);
	}
	if (c == '"') {
		reader->at++;
	} else {
		diag_add(reader->diags, DIAG_ERROR, pos_since(reader, start),
		    "the quotation mark is not closed on this line");
		reader->is_wrong = true;
	}
	value = arena_str(reader->arena, buf_str(&buf));
	buf_done(&buf);
	return value;
}

static struct str
read_bare(struct reader *reader)
{
	uint32_t start = reader->at;

	while (!ascii_is_space(peek(reader)))
		reader->at++;
	return arena_str(
	    reader->arena, str_sub(reader->source->text, start, reader->at));
}

static void
read_word(struct reader *reader, struct trace_word *word)
{
	uint32_t start = reader->at;

	word->is_quoted = peek(reader) == '"';
	word->text = word->is_quoted ? read_quoted(reader) : read_bare(reader);
	word->pos = pos_since(reader, start);
}

static void
skip_blanks(struct reader *reader)
{
	while (peek(reader) != '\n' && ascii_is_space(peek(reader)))
		reader->at++;
	if (peek(reader) != '#')
		return;
	while (peek(reader) != '\n')
		reader->at++;
}

static size_t
read_words(struct reader *reader, struct trace_word words[TRACE_WORDS_MAX])
{
	size_t n = 0;

	for (skip_blanks(reader); peek(reader) != '\n'; skip_blanks(reader)) {
		if (n == TRACE_WORDS_MAX) {
			diag_add(reader->diags, DIAG_ERROR,
			    pos_since(reader, reader->at),
			    "more than %d words in one line", TRACE_WORDS_MAX);
			return 0;
		}
		read_word(reader, &words[n++]);
		if (!ascii_is_space(peek(reader))) {
			diag_add(reader->diags, DIAG_ERROR,
			    pos_since(reader, reader->at),
			    "a blank is missing behind the quotation mark");
			return 0;
		}
	}
	return reader->is_wrong ? 0 : n;
}

size_t
trace_words_read(struct arena *arena, const struct source *source, uint32_t *at,
    struct diags *diags, struct trace_word words[TRACE_WORDS_MAX])
{
	struct reader reader = {
		.arena = arena, .source = source, .diags = diags, .at = *at
	};
	size_t n;

	n = read_words(&reader, words);
	while (peek(&reader) != '\n')
		reader.at++;
	*at = reader.at + 1;
	return n;
}
