/*
 * What stands for one character in PCRE2's syntax. Forms that are rare, or that
 * versions of PCRE2 read differently, are not read at all.
 */
#include "rules/superset_reader.h"

#include "base/utf8.h"

#include <string.h>

int
reader_give_up(struct reader *reader, const char *what)
{
	buf_printf(reader->reason, "%s, at byte %zu", what, reader->at);
	return -1;
}

bool
reader_is_at_end(const struct reader *reader)
{
	return reader->at >= reader->text.len;
}

char
reader_peek(const struct reader *reader, size_t ahead)
{
	size_t at = reader->at + ahead;

	return at < reader->text.len ? reader->text.p[at] : '\0';
}

bool
reader_skip(struct reader *reader, const char *word)
{
	if (!str_starts(str_from(reader->text, reader->at), str_of(word)))
		return false;
	reader->at += strlen(word);
	return true;
}

bool
reader_skip_behind(struct reader *reader, char end)
{
	ptrdiff_t at = str_find(str_from(reader->text, reader->at), end);

	if (at < 0)
		return false;
	reader->at += (size_t)at + 1;
	return true;
}

struct byteset_kind
reader_kind(const struct reader *reader)
{
	return (struct byteset_kind){ reader->is_text,
		(reader->flags & FLAG_I) != 0 };
}

uint32_t
reader_character(struct reader *reader)
{
	uint32_t code = (unsigned char)reader->text.p[reader->at];
	size_t len = 1;

	if (reader->is_text)
		code = utf8_read(reader->text.p + reader->at, &len);
	reader->at += len;
	return code;
}

/* Behind "\x": two digits, or any in braces. */
static int
read_hex(struct reader *reader, uint32_t *code_out)
{
	bool has_braces = reader_skip(reader, "{");
	uint32_t code = 0;
	unsigned n = 0;

	for (; n < (has_braces ? 6 : 2); n++, reader->at++) {
		if (ascii_hex(reader_peek(reader, 0)) < 0)
			break;
		code = code << 4 | (unsigned)ascii_hex(reader_peek(reader, 0));
	}
	if (has_braces ? n == 0 || !reader_skip(reader, "}") : n != 2)
		return reader_give_up(reader, "\\x in a form that is not read");
	*code_out = code;
	return 0;
}

int
reader_escaped_character(struct reader *reader, uint32_t *code_out)
{
	static const char letters[] = "aefnrt";
	static const char codes[] = "\a\x1b\f\n\r\t";
	char c = reader_peek(reader, 0);
	const char *letter;

	if (reader_is_at_end(reader))
		return reader_give_up(reader, "a backslash at the end");
	if (!ascii_is_alnum(c)) {
		*code_out = reader_character(reader);
		return 0;
	}
	if (reader_skip(reader, "x"))
		return read_hex(reader, code_out);
	if ((letter = strchr(letters, c)) == NULL)
		return reader_give_up(reader, "an escape that is not read");
	reader->at++;
	*code_out = (unsigned char)codes[letter - letters];
	return 0;
}

/* \pL or \p{Greek}: of text anything. */
static int
read_property(struct reader *reader, struct byteset *set)
{
	reader->at++;
	if (reader_peek(reader, 0) == '{') {
		if (!reader_skip_behind(reader, '}'))
			return reader_give_up(
			    reader, "a property without its end");
	} else {
		reader->at++;
	}
	byteset_add_all(set, reader_kind(reader));
	return 0;
}

int
reader_escaped_set(struct reader *reader, struct byteset *set)
{
	char c = reader_peek(reader, 0);

	if (c == 'p' || c == 'P')
		return read_property(reader, set) == -1 ? -1 : 1;
	if (!byteset_add_letter(set, reader_kind(reader), c))
		return 0;
	reader->at++;
	return 1;
}

/* [:alpha:] inside of a class. */
static int
read_posix(struct reader *reader, struct byteset *set)
{
	bool is_negated;
	struct str name;
	ptrdiff_t end;

	reader->at += 2;
	is_negated = reader_skip(reader, "^");
	end = str_find(str_from(reader->text, reader->at), ':');
	if (end < 0)
		return reader_give_up(reader, "a class that is not read");
	name = str_sub(reader->text, reader->at, reader->at + (size_t)end);
	reader->at += (size_t)end + 1;
	if (!reader_skip(reader, "]") ||
	    (reader_peek(reader, 0) == '-' && reader_peek(reader, 1) != ']'))
		return reader_give_up(reader, "a class that is not read");
	if (is_negated)
		byteset_add_all(set, reader_kind(reader));
	else if (!byteset_add_posix(set, reader_kind(reader), name))
		return reader_give_up(reader, "a class that is not read");
	return 0;
}

/* One end of a range. */
static int
read_class_character(struct reader *reader, uint32_t *code_out)
{
	if (reader_is_at_end(reader))
		return reader_give_up(reader, "a class without its end");
	if (!reader_skip(reader, "\\")) {
		*code_out = reader_character(reader);
		return 0;
	}
	if (reader_skip(reader, "b")) {
		*code_out = '\b';
		return 0;
	}
	return reader_escaped_character(reader, code_out);
}

static bool
begins_set(const struct reader *reader)
{
	return reader_peek(reader, 0) == '\\' && reader_peek(reader, 1) != 0 &&
	       strchr("pPdDwWsShHvV", reader_peek(reader, 1)) != NULL;
}

/* A character or a range. */
static int
read_range(struct reader *reader, struct byteset *set)
{
	uint32_t from, to;

	if (read_class_character(reader, &from) == -1)
		return -1;
	to = from;
	if (reader_peek(reader, 0) == '-' && reader_peek(reader, 1) != ']') {
		reader->at++;
		if (begins_set(reader) || reader_peek(reader, 0) == '[')
			return reader_give_up(
			    reader, "a range that is not read");
		if (read_class_character(reader, &to) == -1)
			return -1;
	}
	byteset_add_range(set, reader_kind(reader), from, to);
	return 0;
}

/* A set in a class; a "-" behind it might begin a range. */
static int
read_set_in_class(struct reader *reader, struct byteset *set)
{
	reader->at++;
	if (reader_escaped_set(reader, set) == -1)
		return -1;
	if (reader_peek(reader, 0) == '-' && reader_peek(reader, 1) != ']')
		return reader_give_up(reader, "a range that is not read");
	return 0;
}

static int
read_class_item(struct reader *reader, struct byteset *set)
{
	char next = reader_peek(reader, 1);

	if (reader_peek(reader, 0) == '[' && next == ':')
		return read_posix(reader, set);
	if (reader_peek(reader, 0) == '[' && (next == '.' || next == '='))
		return reader_give_up(reader, "a class that is not read");
	return begins_set(reader) ? read_set_in_class(reader, set)
				  : read_range(reader, set);
}

int
reader_class(struct reader *reader, struct byteset *set)
{
	bool is_negated = reader_skip(reader, "^");
	bool is_first = true;

	while (is_first || reader_peek(reader, 0) != ']') {
		if (reader_is_at_end(reader))
			return reader_give_up(
			    reader, "a class without its end");
		if (read_class_item(reader, set) == -1)
			return -1;
		is_first = false;
	}
	reader->at++;
	if (is_negated)
		byteset_negate(set, reader_kind(reader));
	return 0;
}
