/*
 * A character of text is up to four bytes, so a class that may have some over
 * 0x7f is repeated up to four times as often. Bounds that grow large are given
 * up: libhs would count them out.
 */
#include "rules/superset_item.h"

#include "base/utf8.h"

#include <limits.h>
#include <string.h>

#define REPEAT_MAX 32  /* more is any number */
#define COST_MAX   600 /* positions of the whole */
#define ITEM_MAX   200 /* positions of a repetition, counted out */
#define NO_END     UINT_MAX

struct repeat {
	unsigned least;
	unsigned most; /* or NO_END */
};

/* Digits that are few: up to 65535 is what PCRE2 takes. */
static bool
read_number(struct reader *reader, unsigned *number_out)
{
	unsigned number = 0, n = 0;

	for (; n < 5 && ascii_is_digit(reader_peek(reader, 0));
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

int
item_end(struct reader *reader, const struct item *item)
{
	struct repeat repeat;
	unsigned times;

	read_repeat(reader, &repeat);
	if (repeat.most == 0) { /* as if it were not there */
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
	reader->has_no_end = reader->has_no_end || repeat.most == NO_END;
	reader->ends_word =
	    item->is_word && (repeat.least > 0 || reader->ends_word);
	times = repeat.most == NO_END ? repeat.least : repeat.most;
	reader->cost += item->cost * (times > 0 ? times : 1);
	return reader->cost > COST_MAX
		   ? reader_give_up(reader, "it is too large")
		   : 0;
}

static struct item
begin_item(const struct reader *reader, size_t cost)
{
	return (struct item){
		.at = reader->out->len, .cost = cost, .least = 1, .most = 1
	};
}

int
item_add_set(struct reader *reader, const struct byteset *set)
{
	struct item item = begin_item(reader, 1);

	if (byteset_is_empty(set))
		return reader_give_up(reader, "a class that never matches");
	byteset_print(set, reader->out);
	item.most = set->is_wide ? 4 : 1;
	item.is_word = byteset_is_word(set);
	return item_end(reader, &item);
}

static void
write_utf8(struct buf *out, uint32_t code)
{
	char bytes[4];
	size_t n = utf8_write(code, bytes);

	for (size_t i = 0; i < n; i++)
		buf_printf(out, "\\x%02x", (unsigned)(unsigned char)bytes[i]);
}

/* A character over 0x7f of text, and its other cases; where they are not known
 * any that is over 0x7f. */
static int
add_wide_character(struct reader *reader, uint32_t code)
{
	struct item item = begin_item(reader, 4);
	uint32_t all[CASES_MAX] = { code };
	size_t n = 1;

	if (code == 0x17f || code == 0x212a)
		return reader_give_up(reader, "U+017F or U+212A");
	if ((reader->flags & FLAG_I) != 0)
		n = cases_of(reader->cases, code, all);
	if (n == 0) {
		buf_add_cstr(reader->out, "[\\x80-\\xff]");
		item.least = 2;
		item.most = 4;
	}
	for (size_t i = 0; i < n; i++) {
		buf_add_cstr(reader->out, i == 0 ? "(?:" : "|");
		write_utf8(reader->out, all[i]);
	}
	buf_add_cstr(reader->out, n > 0 ? ")" : "");
	return item_end(reader, &item);
}

bool
item_is_word_byte(uint32_t code)
{
	return code < 0x80 && (code == '_' || ascii_is_alnum((char)code));
}

int
item_add_character(struct reader *reader, uint32_t code)
{
	struct item item = begin_item(reader, 1);
	struct byteset set = { 0 };

	if (reader->is_text && code > 0x7f)
		return add_wide_character(reader, code);
	item.is_word = item_is_word_byte(code);
	if ((reader->flags & FLAG_I) != 0 && code < 0x80 &&
	    ascii_is_alnum((char)code)) {
		byteset_add_range(&set, reader_kind(reader), code, code);
		byteset_print(&set, reader->out);
	} else {
		buf_printf(reader->out, "\\x%02x", code & 0xff);
	}
	return item_end(reader, &item);
}

int
item_add_dot(struct reader *reader, bool has_newline)
{
	struct byteset set = { 0 };

	byteset_add_all(&set, reader_kind(reader));
	if (!has_newline)
		set.may[0] &= ~(UINT64_C(1) << '\n');
	return item_add_set(reader, &set);
}

int
item_add_anything(struct reader *reader)
{
	struct item item = begin_item(reader, 1);

	buf_add_cstr(reader->out, "(?:[\\x00-\\xff]*)");
	reader->has_no_end = true;
	return item_end(reader, &item);
}

/* \R: CR LF, one of LF, VT, FF, CR, U+0085, U+2028 or U+2029. */
int
item_add_newline(struct reader *reader)
{
	struct item item = begin_item(reader, 3);

	buf_add_cstr(reader->out, "(?:[\\x0a-\\x0d\\x80-\\xff]{1,3})");
	return item_end(reader, &item);
}
