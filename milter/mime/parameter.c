/*
 * RFC 2045 says where a value ends, and mail programs know better: they take
 * blanks, parentheses and what follows a closing quote into a file name, and
 * some forgive a missing ";". Where they differ both readings go to the list,
 * one behind the other, so that whoever looks for a name or a boundary sees
 * what each program would.
 *
 * The trap is a "(" or '"' without an end: it must neither swallow what stands
 * behind it for one program and not for the other, nor be searched for again
 * from each place of the value.
 */
#include "mime/parameter.h"

#include "mime/header.h"
#include "mime/parameter_item.h"

#include <string.h>

#define KEPT_SHARE 4 /* of the places, for what is asked for */

struct reader {
	struct arena *arena;
	struct str text; /* unfolded */
	size_t at;
	size_t semicolon;      /* the next one, if it is not before at */
	bool has_open_comment; /* then no "(" is a comment any more */
	struct parameter_item *items;
	size_t n_items;
	size_t items_max;
	size_t again_bytes_max;
	uint64_t *damage;
};

static void
note(struct reader *reader)
{
	*reader->damage |= DAMAGE_BIT(DAMAGE_PARAMETER);
}

/* The byte where the reader is; NUL at the end (and for a NUL). */
static char
peek(const struct reader *reader)
{
	return reader->at < reader->text.len ? reader->text.p[reader->at]
					     : '\0';
}

static bool
is_at_end(const struct reader *reader)
{
	return reader->at >= reader->text.len;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 2045 section 5.1: these must be quoted. */
static bool
is_special(char c)
{
	return c != '\0' && strchr("()<>@,;:\\\"/[]?=", c) != NULL;
}

/* Behind the comment that begins at from; 0: it has no end. */
static size_t
comment_end(struct str text, size_t from)
{
	size_t depth = 0;

	for (size_t i = from; i < text.len; i++) {
		if (text.p[i] == '\\')
			i++;
		else if (text.p[i] == '(')
			depth++;
		else if (text.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}

static bool
skip_comment(struct reader *reader)
{
	size_t end;

	if (peek(reader) != '(' || reader->has_open_comment)
		return false;
	if ((end = comment_end(reader->text, reader->at)) == 0) {
		reader->has_open_comment = true;
		note(reader);
		return false;
	}
	reader->at = end;
	return true;
}

static void
skip_blanks(struct reader *reader)
{
	while (is_blank(peek(reader)))
		reader->at++;
}

static void
skip_gap(struct reader *reader)
{
	do
		skip_blanks(reader);
	while (skip_comment(reader));
}

/*
 * In and around a value parentheses may be part of a file name: "a (1).pdf",
 * which is no comment for mail programs. So one only counts if the value, or
 * the blank before it, could be over there.
 */
static void
skip_gap_of_value(struct reader *reader)
{
	size_t before;

	for (;;) {
		skip_blanks(reader);
		before = reader->at;
		if (!skip_comment(reader))
			return;
		if (!is_at_end(reader) && !is_blank(peek(reader)) &&
		    peek(reader) != ';' && peek(reader) != '(') {
			reader->at = before;
			return;
		}
	}
}

static struct str
lower(struct arena *arena, struct str s)
{
	char *text = arena_cstr(arena, s);

	for (size_t i = 0; i < s.len; i++)
		text[i] = ascii_lower(text[i]);
	return (struct str){ text, s.len };
}

/* "text/html": comments and blanks around the slash are dropped. */
static struct str
read_main_value(struct reader *reader)
{
	char *out = arena_alloc(reader->arena, reader->text.len + 1);
	size_t len = 0, before;
	char c;

	for (;;) {
		before = reader->at;
		skip_gap(reader);
		c = peek(reader);
		if (is_at_end(reader) || c == ';')
			break;
		if (len > 0 && reader->at > before && out[len - 1] != '/' &&
		    c != '/') {
			note(reader); /* a ";" lacks; or junk */
			break;
		}
		if (c == ',' || c == '"')
			note(reader);
		else
			out[len++] = ascii_lower(c);
		reader->at++;
		if (c == ',')
			break;
	}
	out[len] = '\0';
	return (struct str){ out, len };
}

/* Does anybody ask for it? */
static bool
is_of_interest(struct str name)
{
	static const char *const list[] = { "boundary", "charset", "filename",
		"name", "number" };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (str_is(name, list[i]))
			return true;
	return false;
}

/*
 * The last places are for names that matter. Once the list is full its last
 * place is written over: who fills it hides neither what came first nor what
 * comes last.
 */
static void
add_item(struct reader *reader, struct parameter_item item)
{
	size_t kept = reader->items_max / KEPT_SHARE;

	if (reader->n_items + kept >= reader->items_max &&
	    !is_of_interest(item.name)) {
		note(reader);
		return;
	}
	if (reader->n_items < reader->items_max)
		reader->n_items++;
	else
		note(reader);
	reader->items[reader->n_items - 1] = item;
}

static void
add_again(struct reader *reader, struct parameter_item item, struct str value)
{
	if (str_eq(item.value, value))
		return;
	item.value = value;
	item.is_again = true;
	add_item(reader, item);
}

/* Is there "name=" (and no encoded word) from here on? */
static bool
is_parameter_next(const struct reader *reader)
{
	size_t at = reader->at;

	while (at < reader->text.len && !is_blank(reader->text.p[at]) &&
	       !is_special(reader->text.p[at]))
		at++;
	return at > reader->at && at + 1 < reader->text.len &&
	       reader->text.p[at] == '=' && reader->text.p[at + 1] != '=' &&
	       reader->text.p[at + 1] != '?' &&
	       !is_blank(reader->text.p[at + 1]);
}

/* Remembered, so that parameters without ";" do not make it quadratic. */
static size_t
find_semicolon(struct reader *reader, size_t from)
{
	ptrdiff_t found;

	if (reader->semicolon < from) {
		found = str_find(str_from(reader->text, from), ';');
		reader->semicolon =
		    found < 0 ? reader->text.len : from + (size_t)found;
	}
	return reader->semicolon;
}

/*
 * What is not quoted ends at the ";"; if there are blanks in it, some programs
 * end it there. A comment behind it is none of it.
 */
static void
read_bare(struct reader *reader, struct parameter_item item)
{
	size_t from = reader->at, end = find_semicolon(reader, from);
	struct str whole = str_trim(str_sub(reader->text, from, end));
	struct str word;

	while (reader->at < end && !is_blank(peek(reader))) {
		if (is_special(peek(reader)))
			note(reader);
		reader->at++;
	}
	word = str_sub(reader->text, from, reader->at);
	skip_gap_of_value(reader);
	/* A comment may have the ";" in it. */
	if (is_at_end(reader) || peek(reader) == ';') {
		item.value = word;
		add_item(reader, item);
		return;
	}
	note(reader);
	if (is_parameter_next(reader)) {
		item.value = word;
		add_item(reader, item);
		/* Each of many may be "whole"; a name's end says what it is. */
		if (whole.len > reader->again_bytes_max)
			whole = str_from(
			    whole, whole.len - reader->again_bytes_max);
		add_again(reader, item, whole);
		return;
	}
	item.value = whole;
	add_item(reader, item);
	add_again(reader, item, word);
	reader->at = find_semicolon(reader, reader->at);
}

/* Without the backslash before a quote or backslash; all: before any. */
static struct str
unescape(struct arena *arena, struct str s, bool all)
{
	char *out;
	size_t len = 0;

	if (str_find(s, '\\') < 0)
		return s;
	out = arena_alloc(arena, s.len + 1);
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\' && i + 1 < s.len &&
		    (all || s.p[i + 1] == '"' || s.p[i + 1] == '\\'))
			i++;
		out[len++] = s.p[i];
	}
	out[len] = '\0';
	return (struct str){ out, len };
}

/* Behind the closing quote; some programs take junk there as its end. */
static void
read_behind_quote(struct reader *reader, struct parameter_item item)
{
	size_t from = reader->at;
	struct str junk;

	skip_gap_of_value(reader);
	if (is_at_end(reader) || peek(reader) == ';')
		return;
	note(reader);
	if (reader->at > from)
		return; /* a ";" lacks: what follows is the next one */
	while (!is_at_end(reader) && peek(reader) != ';' &&
	       !is_blank(peek(reader)))
		reader->at++;
	junk = str_sub(reader->text, from, reader->at);
	add_again(reader, item, arena_join(reader->arena, item.value, junk));
}

static void
read_quoted(struct reader *reader, struct parameter_item item)
{
	size_t from = ++reader->at;
	bool is_closed;
	struct str raw;

	while (!is_at_end(reader) && peek(reader) != '"')
		reader->at += peek(reader) == '\\' ? 2 : 1;
	is_closed = !is_at_end(reader);
	if (!is_closed)
		reader->at = reader->text.len;
	raw = str_sub(reader->text, from, reader->at);
	if (!is_closed)
		raw = str_trim(raw);
	item.value = unescape(reader->arena, raw, false);
	add_item(reader, item);
	/* "C:\dir\name": many programs keep these backslashes. */
	add_again(reader, item, unescape(reader->arena, raw, true));
	if (is_closed) {
		reader->at++;
		read_behind_quote(reader, item);
		return;
	}
	note(reader);
	raw = str_sub(reader->text, from, find_semicolon(reader, from));
	add_again(reader, item, str_trim(raw));
	/* What stands behind the ";" is a parameter for those programs. */
	reader->at = find_semicolon(reader, from);
}

static void
read_parameter(struct reader *reader)
{
	struct parameter_item item = { .section = -1 };
	size_t from = reader->at;
	struct str name;

	while (!is_at_end(reader) && !is_blank(peek(reader)) &&
	       !is_special(peek(reader)))
		reader->at++;
	name = lower(reader->arena, str_sub(reader->text, from, reader->at));
	skip_gap(reader);
	if (name.len == 0 || peek(reader) != '=') {
		note(reader);
		if (reader->at == from)
			reader->at++;
		return;
	}
	reader->at++;
	parameter_item_name(&item, name, reader->damage);
	skip_gap_of_value(reader);
	if (peek(reader) == '"')
		read_quoted(reader, item);
	else
		read_bare(reader, item);
}

static void
read_list(struct reader *reader)
{
	for (;;) {
		skip_gap(reader);
		if (is_at_end(reader))
			break;
		if (peek(reader) == ';')
			reader->at++;
		else
			read_parameter(reader);
	}
}

/* "filename=x" where "attachment" should be is a parameter. */
static struct str
read_first(struct reader *reader)
{
	struct str value = read_main_value(reader);
	ptrdiff_t equals = str_find(value, '=');

	if (equals <= 0 ||
	    str_find(str_sub(value, 0, (size_t)equals), '/') >= 0)
		return value;
	note(reader);
	reader->at = 0;
	return STR("");
}

/* For a program in C a field ends with its first NUL. */
static void
read_up_to_nul(struct reader *reader, struct str raw)
{
	ptrdiff_t nul = str_find(raw, '\0');
	size_t before = reader->n_items;

	if (nul < 0)
		return;
	reader->text =
	    header_unfold(reader->arena, str_sub(raw, 0, (size_t)nul));
	reader->at = reader->semicolon = 0;
	reader->has_open_comment = false;
	read_first(reader);
	read_list(reader);
	for (size_t i = before; i < reader->n_items; i++)
		reader->items[i].is_again = true;
}

void
parameters_read(struct arena *arena, struct str raw,
    const struct mime_limits *limits, struct parameters *out, uint64_t *damage)
{
	struct reader reader = {
		.arena = arena,
		.again_bytes_max = limits->name_bytes,
		.items_max = limits->parameters > 0 ? limits->parameters : 1,
		.damage = damage,
	};

	if (raw.len > limits->header_bytes) {
		raw.len = limits->header_bytes;
		*damage |= DAMAGE_BIT(DAMAGE_HEADER_SIZE);
	}
	*out = (struct parameters){ 0 };
	reader.text = header_unfold(arena, raw);
	reader.items =
	    arena_calloc(arena, reader.items_max * sizeof(*reader.items));
	out->value = read_first(&reader);
	read_list(&reader);
	read_up_to_nul(&reader, raw);
	parameter_join(arena, reader.items, reader.n_items, out, damage);
}

const struct parameter *
parameters_next(
    const struct parameters *parameters, const char *name, size_t *at)
{
	while (*at < parameters->n) {
		const struct parameter *found = &parameters->list[(*at)++];

		if (str_is(found->name, name))
			return found;
	}
	return NULL;
}
