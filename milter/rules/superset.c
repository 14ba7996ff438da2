/*
 * A reader of PCRE2's syntax that knows what it knows: at anything else it
 * gives up, and the pattern is asked of PCRE2 always. It goes once over the
 * text; groups that are open are on a stack. What is written behind a group's
 * start is cut off again when the group turns out to look around.
 *
 * The trap is that leaving something out of a negation makes it match less. No
 * negation survives: a negative look-ahead goes as a whole, and a negated class
 * is the complement of what it surely has (byteset.h).
 */
#include "rules/superset.h"

#include "rules/superset_reader.h"

#include <limits.h>
#include <string.h>

#define REPEAT_MAX 32  /* more is any number */
#define COST_MAX   600 /* positions of the whole */
#define ITEM_MAX   200 /* positions of a repetition, counted out */
#define NO_END     UINT_MAX

/* What was just written, and may be repeated. */
struct item {
	size_t at; /* in out */
	size_t cost;
	unsigned least; /* bytes of a class that stands for one character */
	unsigned most;
};

struct repeat {
	unsigned least;
	unsigned most; /* or NO_END */
};

/* Digits that are few: up to 65535 is what PCRE2 takes. */
static bool
read_number(struct reader *reader, unsigned *number_out)
{
	unsigned number = 0, n = 0;

	for (; n < 5 && reader_is_digit(reader_peek(reader, 0));
	     n++, reader->at++)
		number = number * 10 + (unsigned)(reader_peek(reader, 0) - '0');
	*number_out = number;
	return n > 0;
}

/* {2}, {2,}, {2,5}; at stays where it is if it is none of these. */
static bool
read_braces(struct reader *reader, struct repeat *repeat)
{
	size_t at = reader->at;

	if (reader_skip(reader, "{") && read_number(reader, &repeat->least)) {
		repeat->most = repeat->least;
		if (reader_skip(reader, ",") &&
		    !read_number(reader, &repeat->most))
			repeat->most = NO_END;
		if (reader_skip(reader, "}"))
			return true;
	}
	reader->at = at;
	return false;
}

static bool
read_repeat(struct reader *reader, struct repeat *repeat)
{
	*repeat = (struct repeat){ 1, 1 };
	if (reader_skip(reader, "*"))
		*repeat = (struct repeat){ 0, NO_END };
	else if (reader_skip(reader, "+"))
		*repeat = (struct repeat){ 1, NO_END };
	else if (reader_skip(reader, "?"))
		*repeat = (struct repeat){ 0, 1 };
	else if (!read_braces(reader, repeat))
		return false;
	/* Lazy and possessive ones match the same, or less. */
	if (!reader_skip(reader, "?"))
		reader_skip(reader, "+");
	return true;
}

/* What counts too far is any number. */
static void
loosen(struct repeat *repeat, size_t cost)
{
	if (repeat->most != NO_END &&
	    (repeat->most > 4 * REPEAT_MAX || repeat->most * cost > ITEM_MAX))
		repeat->most = NO_END;
	if (repeat->least > 4 * REPEAT_MAX || repeat->least * cost > ITEM_MAX)
		repeat->least = 1;
}

static void
write_repeat(struct reader *reader, struct repeat repeat)
{
	if (repeat.least == 1 && repeat.most == 1)
		return;
	if (repeat.most == NO_END && repeat.least <= 1)
		buf_byte(reader->out, repeat.least == 0 ? '*' : '+');
	else if (repeat.most == NO_END)
		buf_printf(reader->out, "{%u,}", repeat.least);
	else if (repeat.least == repeat.most)
		buf_printf(reader->out, "{%u}", repeat.least);
	else
		buf_printf(reader->out, "{%u,%u}", repeat.least, repeat.most);
}

/* Behind what may be repeated. */
static int
end_item(struct reader *reader, const struct item *item)
{
	struct repeat repeat;
	unsigned times;

	read_repeat(reader, &repeat);
	if (repeat.most == 0) {
		reader->out->p[reader->out->len = item->at] = '\0';
		return 0;
	}
	if (repeat.least > REPEAT_MAX)
		repeat.least = REPEAT_MAX;
	if (repeat.most != NO_END && repeat.most > REPEAT_MAX)
		repeat.most = NO_END;
	repeat.least *= item->least;
	if (repeat.most != NO_END)
		repeat.most *= item->most;
	loosen(&repeat, item->cost);
	write_repeat(reader, repeat);
	times = repeat.most == NO_END ? repeat.least : repeat.most;
	reader->cost += item->cost * (times > 0 ? times : 1);
	return reader->cost > COST_MAX
		   ? reader_give_up(reader, "it is too large")
		   : 0;
}

/* One character of a set: of text up to four bytes. */
static int
add_set(struct reader *reader, const struct byteset *set)
{
	struct item item = { reader->out->len, 1, 1, set->is_wide ? 4 : 1 };

	if (byteset_is_empty(set))
		return reader_give_up(reader, "a class that never matches");
	byteset_print(set, reader->out);
	return end_item(reader, &item);
}

static void
write_utf8(struct buf *out, uint32_t code)
{
	unsigned n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	buf_printf(out, "\\x%02x",
	    (0xf00u >> n & 0xff) | (code >> 6 * (n - 1) & 0x3f));
	for (unsigned i = n - 1; i > 0; i--)
		buf_printf(out, "\\x%02x", 0x80 | (code >> 6 * (i - 1) & 0x3f));
}

/* A character over 0x7f of text. Its other cases are not looked for. */
static int
add_wide_character(struct reader *reader, uint32_t code)
{
	struct item item = { reader->out->len, 1, 1, 1 };

	if (code == 0x17f || code == 0x212a)
		return reader_give_up(reader, "U+017F or U+212A");
	if ((reader->flags & FLAG_I) != 0) {
		buf_add_cstr(reader->out, "[\\x80-\\xff]");
		item.least = 2;
		item.most = 4;
	} else {
		buf_add_cstr(reader->out, "(?:");
		write_utf8(reader->out, code);
		buf_byte(reader->out, ')');
		item.cost = 3;
	}
	return end_item(reader, &item);
}

static int
add_character(struct reader *reader, uint32_t code)
{
	struct item item = { reader->out->len, 1, 1, 1 };
	struct byteset set = { 0 };

	if (reader->is_text && code > 0x7f)
		return add_wide_character(reader, code);
	if ((reader->flags & FLAG_I) != 0 && code < 0x80 &&
	    ascii_is_alnum((char)code)) {
		byteset_add_range(&set, reader_kind(reader), code, code);
		byteset_print(&set, reader->out);
	} else {
		buf_printf(reader->out, "\\x%02x", code & 0xff);
	}
	return end_item(reader, &item);
}

/* ".", and \N, which is the same but for the flag s. */
static int
add_dot(struct reader *reader, bool has_newline)
{
	struct byteset set = { 0 };

	byteset_add_all(&set, reader_kind(reader));
	if (!has_newline)
		set.may[0] &= ~(UINT64_C(1) << '\n');
	return add_set(reader, &set);
}

/* Something of any length, or nothing. */
static int
add_anything(struct reader *reader)
{
	struct item item = { reader->out->len, 1, 1, 1 };

	buf_add_cstr(reader->out, "(?:[\\x00-\\xff]*)");
	return end_item(reader, &item);
}

/* \R: CR LF, one of LF, VT, FF, CR, U+0085, U+2028 or U+2029. */
static int
add_newline(struct reader *reader)
{
	struct item item = { reader->out->len, 3, 1, 1 };

	buf_add_cstr(reader->out, "(?:[\\x0a-\\x0d\\x80-\\xff]{1,3})");
	return end_item(reader, &item);
}

/* \g{name}, \k<name>, \k'name', \k{name}; \1 to \9. */
static int
read_reference(struct reader *reader)
{
	static const char ends[][3] = { "g{}", "k{}", "k<>", "k''" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (reader_peek(reader, 0) != ends[i][0] ||
		    reader_peek(reader, 1) != ends[i][1])
			continue;
		reader->at += 2;
		if (!reader_skip_behind(reader, ends[i][2]))
			return reader_give_up(
			    reader, "a reference without its end");
		return add_anything(reader);
	}
	if (!reader_is_digit(reader_peek(reader, 0)) ||
	    reader_peek(reader, 0) == '0' ||
	    reader_is_digit(reader_peek(reader, 1)))
		return reader_give_up(reader, "a reference that is not read");
	reader->at++;
	return add_anything(reader);
}

/* "^" of the text, not of its lines. */
static int
add_start(struct reader *reader)
{
	buf_byte(reader->out, '^');
	return 0;
}

/* Behind a backslash, not in a class. */
static int
read_escape(struct reader *reader)
{
	struct byteset set = { 0 };
	uint32_t code;
	char c = reader_peek(reader, 0);
	int is_set;

	if (c == '\0' && reader_is_at_end(reader))
		return reader_give_up(reader, "a backslash at the end");
	if (reader_skip(reader, "A"))
		return add_start(reader);
	if (reader_skip(reader, "R"))
		return add_newline(reader);
	if (c == 'N' && reader_peek(reader, 1) != '{' &&
	    reader_skip(reader, "N"))
		return add_dot(reader, false);
	if (c != '\0' && strchr("bBzZGK", c) != NULL) {
		reader->at++;
		return 0;
	}
	if (c == 'g' || c == 'k' || reader_is_digit(c))
		return read_reference(reader);
	if ((is_set = reader_escaped_set(reader, &set)) != 0)
		return is_set == -1 ? -1 : add_set(reader, &set);
	if (reader_escaped_character(reader, &code) == -1)
		return -1;
	return add_character(reader, code);
}

static int
open_group(struct reader *reader, unsigned flags, bool looks_around)
{
	if (reader->depth == DEPTH_MAX)
		return reader_give_up(reader, "groups nested too deep");
	reader->levels[reader->depth++] = (struct level){ reader->out->len,
		reader->cost, reader->flags, looks_around };
	reader->flags = flags;
	buf_add_cstr(reader->out, "(?:");
	return 0;
}

/* Behind "(?": letters, and ")" or ":". */
static int
read_flags(struct reader *reader)
{
	static const char letters[] = "imsx";
	unsigned flags = reader->flags;
	bool is_off = false;

	for (char last = 0, c; (c = reader_peek(reader, 0)) != 0; last = c) {
		const char *letter = strchr(letters, c);

		reader->at++;
		if (c == ')') {
			reader->flags = flags;
			return 0;
		}
		if (c == ':')
			return open_group(reader, flags, false);
		if (c == '-' && !is_off) {
			is_off = true;
			continue;
		}
		if (letter == NULL || c == last)
			break;
		if (is_off)
			flags &= ~(1u << (letter - letters));
		else
			flags |= 1u << (letter - letters);
	}
	return reader_give_up(reader, "a kind of group that is not read");
}

/* Behind "(". */
static int
read_group(struct reader *reader)
{
	static const struct {
		const char *head;
		bool looks_around;
		char end; /* of a name */
	} rows[] = {
		{ "?:", false, 0 },
		{ "?|", false, 0 },
		{ "?>", false, 0 },
		{ "?=", true, 0 },
		{ "?!", true, 0 },
		{ "?<=", true, 0 },
		{ "?<!", true, 0 },
		{ "?<", false, '>' },
		{ "?P<", false, '>' },
		{ "?'", false, '\'' },
	};

	if (reader_skip(reader, "?#"))
		return reader_skip_behind(reader, ')')
			   ? 0
			   : reader_give_up(
				 reader, "a comment without its end");
	if (reader_peek(reader, 0) == '*' ||
	    str_starts(str_from(reader->text, reader->at), STR("?<*")))
		return reader_give_up(reader, "a verb");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!reader_skip(reader, rows[i].head))
			continue;
		if (rows[i].end != 0 &&
		    !reader_skip_behind(reader, rows[i].end))
			return reader_give_up(reader, "a name without its end");
		return open_group(reader, reader->flags, rows[i].looks_around);
	}
	if (reader_skip(reader, "?"))
		return read_flags(reader);
	return open_group(reader, reader->flags, false);
}

static int
close_group(struct reader *reader)
{
	struct level *level;
	struct item item = { .least = 1, .most = 1 };

	if (reader->depth == 0)
		return reader_give_up(reader, "a group that was not opened");
	level = &reader->levels[--reader->depth];
	reader->flags = level->flags;
	item.at = level->at;
	item.cost = reader->cost - level->cost;
	reader->cost = level->cost;
	if (level->looks_around) {
		reader->out->p[reader->out->len = level->at] = '\0';
		return 0;
	}
	buf_byte(reader->out, ')');
	return end_item(reader, &item);
}

/* Blanks and comments of the flag x. */
static void
skip_blanks(struct reader *reader)
{
	while ((reader->flags & FLAG_X) != 0 && !reader_is_at_end(reader)) {
		if (ascii_is_space(reader_peek(reader, 0)))
			reader->at++;
		else if (reader_peek(reader, 0) != '#')
			break;
		else if (!reader_skip_behind(reader, '\n'))
			reader->at = reader->text.len;
	}
}

static int
read_class_as_item(struct reader *reader)
{
	struct byteset set = { 0 };

	reader->at++;
	if (reader_class(reader, &set) == -1)
		return -1;
	return add_set(reader, &set);
}

/* Whatever is no repetition: that would repeat something left out. */
static int
read_plain(struct reader *reader)
{
	char c = reader_peek(reader, 0), next = reader_peek(reader, 1);

	if (c == '*' || c == '+' || c == '?' ||
	    (c == '{' && (reader_is_digit(next) || next == ',' || next == ' ' ||
			     next == '\t')))
		return reader_give_up(reader, "a repetition that is not read");
	if ((reader->flags & FLAG_X) != 0 && (unsigned char)c > 0x7f)
		return reader_give_up(
		    reader, "a byte over 0x7f under the flag x");
	return add_character(reader, reader_character(reader));
}

static int
read_next(struct reader *reader)
{
	switch (reader_peek(reader, 0)) {
	case '\\':
		reader->at++;
		return read_escape(reader);
	case '[':
		return read_class_as_item(reader);
	case '(':
		reader->at++;
		return read_group(reader);
	case ')':
		reader->at++;
		return close_group(reader);
	case '|':
		reader->at++;
		buf_byte(reader->out, '|');
		return 0;
	case '.':
		reader->at++;
		return add_dot(reader, (reader->flags & FLAG_S) != 0);
	case '^':
		reader->at++;
		return (reader->flags & FLAG_M) != 0 ? 0 : add_start(reader);
	case '$':
		reader->at++;
		return 0;
	default:
		return read_plain(reader);
	}
}

static unsigned
flags_of(struct str letters)
{
	unsigned flags = 0;

	for (size_t i = 0; i < letters.len; i++)
		flags |= letters.p[i] == 'i'   ? FLAG_I
			 : letters.p[i] == 'm' ? FLAG_M
			 : letters.p[i] == 's' ? FLAG_S
					       : FLAG_X;
	return flags;
}

int
superset_of(const struct pattern *pattern, struct buf *out, struct buf *reason)
{
	struct reader reader = { .text = pattern_text(pattern),
		.is_text = pattern_is_utf8(pattern),
		.flags = flags_of(pattern_flags(pattern)),
		.out = out,
		.reason = reason };

	if (!pattern_newline_is_lf())
		return reader_give_up(
		    &reader, "PCRE2 was built for other line ends");
	buf_add_cstr(out, "(?:"); /* so that out is a text, be it empty */
	for (;;) {
		skip_blanks(&reader);
		if (reader_is_at_end(&reader))
			break;
		if (read_next(&reader) == -1)
			return -1;
	}
	if (reader.depth > 0)
		return reader_give_up(&reader, "a group without its end");
	buf_byte(out, ')');
	return 0;
}

/* Replaces each `from` in text; false: there is none. */
static bool
replace(struct str text, struct str from, char to, struct buf *out)
{
	size_t at = 0, begin = out->len;
	const char *found;

	while ((found = memmem(text.p + at, text.len - at, from.p, from.len)) !=
	       NULL) {
		buf_add(out, str_sub(text, at, (size_t)(found - text.p)));
		buf_byte(out, to);
		at = (size_t)(found - text.p) + from.len;
	}
	if (out->len == begin)
		return false;
	buf_add(out, str_from(text, at));
	return true;
}

bool
superset_fold(struct str text, struct buf *out)
{
	struct buf half = { 0 };
	bool has_k, has_s;

	if (text.len == 0)
		return false;
	has_k = replace(text, STR("\xe2\x84\xaa"), 'k', &half);
	has_s =
	    replace(has_k ? buf_str(&half) : text, STR("\xc5\xbf"), 's', out);
	if (has_k && !has_s)
		buf_add(out, buf_str(&half));
	buf_done(&half);
	return has_k || has_s;
}
