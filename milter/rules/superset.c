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

#include "rules/superset_item.h"

#include <string.h>

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
		return item_add_anything(reader);
	}
	if (!ascii_is_digit(reader_peek(reader, 0)) ||
	    reader_peek(reader, 0) == '0' ||
	    ascii_is_digit(reader_peek(reader, 1)))
		return reader_give_up(reader, "a reference that is not read");
	reader->at++;
	return item_add_anything(reader);
}

/* Is what precedes text repeated, perhaps zero times? */
static bool
may_be_absent(struct str text)
{
	return text.len > 0 && strchr("?*{", text.p[0]) != NULL;
}

static bool
begins_with_word(struct str text)
{
	return text.len > 0 && item_is_word_byte((unsigned char)text.p[0]) &&
	       !may_be_absent(str_from(text, 1));
}

/* From behind "(?:" or "(": begin all alternatives of this group with a word
 * byte, and is it there at least once? Groups with classes are not read. */
static bool
group_begins_word(struct str text)
{
	bool is_start = true;
	size_t depth = 1, at = 0;

	for (; at < text.len && depth > 0; at++) {
		char c = text.p[at];

		if (is_start && !begins_with_word(str_from(text, at)))
			return false;
		is_start = depth == 1 && c == '|';
		if (c == '[')
			return false;
		if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
		else if (c == '\\')
			at++;
	}
	return depth == 0 && !may_be_absent(str_from(text, at));
}

/* Does what follows surely begin with a letter, digit or "_" of ASCII? */
static bool
word_follows(const struct reader *reader)
{
	struct str rest = str_from(reader->text, reader->at);

	if ((reader->flags & FLAG_X) != 0)
		return false;
	if (str_starts(rest, STR("(?:")))
		return group_begins_word(str_from(rest, 3));
	if (str_starts(rest, STR("(")))
		return group_begins_word(str_from(rest, 1));
	return begins_with_word(rest);
}

/*
 * \b beside a word byte says that there is none on its other side. libhs calls
 * less a word than PCRE2 does (ASCII), so it sees no fewer boundaries there.
 *
 * At the end of a segment PCRE2 sees one that there is not; a match that gets
 * there counts if it is longer than the overlap.
 */
static int
add_boundary(struct reader *reader)
{
	if (word_follows(reader)) {
		buf_add_cstr(reader->out, "\\b");
	} else if (reader->ends_word && !reader->has_no_end) {
		buf_add_cstr(reader->out, "\\b");
		reader->n_boundaries++;
	}
	return 0;
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
		return item_add_newline(reader);
	if (c == 'N' && reader_peek(reader, 1) != '{' &&
	    reader_skip(reader, "N"))
		return item_add_dot(reader, false);
	if (reader_skip(reader, "b"))
		return add_boundary(reader);
	if (c != '\0' && strchr("BzZGK", c) != NULL) {
		reader->at++;
		return 0;
	}
	if (c == 'g' || c == 'k' || ascii_is_digit(c))
		return read_reference(reader);
	if ((is_set = reader_escaped_set(reader, &set)) != 0)
		return is_set == -1 ? -1 : item_add_set(reader, &set);
	if (reader_escaped_character(reader, &code) == -1)
		return -1;
	return item_add_character(reader, code);
}

static int
open_group(struct reader *reader, unsigned flags, bool looks_around)
{
	if (reader->depth == DEPTH_MAX)
		return reader_give_up(reader, "groups nested too deep");
	reader->levels[reader->depth++] =
	    (struct level){ .at = reader->out->len,
		    .cost = reader->cost,
		    .flags = reader->flags,
		    .looks_around = looks_around,
		    .was_word = reader->ends_word,
		    .all_end_word = true,
		    .n_boundaries = reader->n_boundaries };
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

/* A word's end that is repeated may be that of a segment after all. */
static int
end_group(
    struct reader *reader, const struct level *level, const struct item *item)
{
	bool had_no_end = reader->has_no_end;

	reader->has_no_end = false;
	if (item_end(reader, item) == -1)
		return -1;
	if (reader->has_no_end && reader->n_boundaries > level->n_boundaries)
		return reader_give_up(reader, "a repeated \\b");
	reader->has_no_end = reader->has_no_end || had_no_end;
	return 0;
}

/* "|": what is behind it follows what was before the group. */
static int
begin_alternative(struct reader *reader)
{
	struct level *level;

	buf_byte(reader->out, '|');
	if (reader->depth == 0) {
		reader->ends_word = false;
		return 0;
	}
	level = &reader->levels[reader->depth - 1];
	level->all_end_word = level->all_end_word && reader->ends_word;
	reader->ends_word = level->was_word;
	return 0;
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
	item.is_word = level->all_end_word && reader->ends_word;
	reader->ends_word = level->was_word;
	if (level->looks_around) {
		reader->out->p[reader->out->len = level->at] = '\0';
		return 0;
	}
	buf_byte(reader->out, ')');
	return end_group(reader, level, &item);
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
	return item_add_set(reader, &set);
}

/* Whatever is no repetition: that would repeat something left out. */
static int
read_plain(struct reader *reader)
{
	char c = reader_peek(reader, 0), next = reader_peek(reader, 1);

	if (c == '*' || c == '+' || c == '?' ||
	    (c == '{' && (ascii_is_digit(next) || next == ',' || next == ' ' ||
			     next == '\t')))
		return reader_give_up(reader, "a repetition that is not read");
	if ((reader->flags & FLAG_X) != 0 && (unsigned char)c > 0x7f)
		return reader_give_up(
		    reader, "a byte over 0x7f under the flag x");
	return item_add_character(reader, reader_character(reader));
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
		return begin_alternative(reader);
	case '.':
		reader->at++;
		return item_add_dot(reader, (reader->flags & FLAG_S) != 0);
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
superset_of(const struct pattern *pattern, struct cases *cases, struct buf *out,
    struct buf *reason)
{
	struct reader reader = { .text = pattern_text(pattern),
		.is_text = pattern_is_utf8(pattern),
		.flags = flags_of(pattern_flags(pattern)),
		.cases = cases,
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
