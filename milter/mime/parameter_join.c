/*
 * RFC 2231: "name*0*=utf-8''a%20; name*1=b" is one parameter. Sections may
 * come in any order and some may lack; what is there is joined by number. The
 * charset is applied to the whole, since a character may be split over two.
 *
 * List and sections are capped by mime_limits.parameters, so that the search
 * for the next section, once for each, stays cheap.
 */
#include "mime/parameter_item.h"

#include "mime/charset.h"
#include "mime/header.h"

void
parameter_item_name(
    struct parameter_item *item, struct str name, uint64_t *damage)
{
	ptrdiff_t star = str_find(name, '*');
	struct str rest;
	int section = 0;

	item->name = star < 0 ? name : str_sub(name, 0, (size_t)star);
	if (star < 0)
		return;
	rest = str_from(name, (size_t)star + 1);
	while (rest.len > 0 && rest.p[0] >= '0' && rest.p[0] <= '9' &&
	       section <= PARAMETER_SECTION_MAX) {
		section = section * 10 + (rest.p[0] - '0');
		item->section = section;
		rest = str_from(rest, 1);
	}
	item->is_extended =
	    str_is(rest, "*") || (rest.len == 0 && item->section < 0);
	if (item->section > PARAMETER_SECTION_MAX ||
	    (rest.len > 0 && !(str_is(rest, "*") && item->section >= 0))) {
		item->section = -1;
		*damage |= DAMAGE_BIT(DAMAGE_PARAMETER);
	}
}

static void
add_percent_decoded(struct buf *out, struct str s, uint64_t *damage)
{
	int high, low;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] != '%') {
			buf_byte(out, s.p[i]);
			continue;
		}
		high = i + 2 < s.len ? ascii_hex(s.p[i + 1]) : -1;
		low = i + 2 < s.len ? ascii_hex(s.p[i + 2]) : -1;
		if (high >= 0 && low >= 0) {
			buf_byte(out, (char)(high << 4 | low));
			i += 2;
			continue;
		}
		buf_byte(out, '%');
		*damage |= DAMAGE_BIT(DAMAGE_PARAMETER);
	}
}

/* Takes "charset'language'" off the front of the value. */
static struct str
take_charset(struct str *value, uint64_t *damage)
{
	ptrdiff_t first = str_find(*value, '\''), second;
	struct str charset;

	if (first >= 0 &&
	    (second = str_find(str_from(*value, (size_t)first + 1), '\'')) >=
		0) {
		charset = str_sub(*value, 0, (size_t)first);
		*value = str_from(*value, (size_t)(first + second) + 2);
		return charset;
	}
	*damage |= DAMAGE_BIT(DAMAGE_PARAMETER);
	return STR("");
}

/* One parameter of any number of sections. */
struct joint {
	struct buf raw;
	struct buf bytes; /* percent coding undone */
	struct str charset;
	bool is_extended;
	bool has_begun;
};

static void
add_section(
    struct joint *joint, const struct parameter_item *item, uint64_t *damage)
{
	struct str value = item->value;

	buf_add(&joint->raw, value);
	if (item->is_extended && !joint->has_begun)
		joint->charset = take_charset(&value, damage);
	if (item->is_extended)
		add_percent_decoded(&joint->bytes, value, damage);
	else
		buf_add(&joint->bytes, value);
	joint->is_extended = joint->is_extended || item->is_extended;
	joint->has_begun = true;
}

static struct parameter
finish_joint(
    struct joint *joint, struct arena *arena, struct str name, uint64_t *damage)
{
	struct parameter parameter = { .name = name };
	struct buf text = { 0 };

	parameter.raw = arena_str(arena, buf_str(&joint->raw));
	if (!joint->is_extended) {
		parameter.decoded = header_decode(arena, parameter.raw, damage);
	} else {
		if (joint->charset.len == 0)
			charset_read(&text, buf_str(&joint->bytes));
		else if (!charset_decode(
			     &text, joint->charset, buf_str(&joint->bytes)))
			*damage |= DAMAGE_BIT(DAMAGE_CHARSET);
		parameter.decoded = arena_str(arena, buf_str(&text));
	}
	buf_done(&text);
	buf_done(&joint->raw);
	buf_done(&joint->bytes);
	return parameter;
}

static bool
is_section_of(const struct parameter_item *item, struct str name)
{
	return item->section >= 0 && !item->is_again &&
	       str_eq(item->name, name);
}

/* The section of the lowest number that is not joined yet; NULL: none. */
static struct parameter_item *
next_section(struct parameter_item *items, size_t n, struct str name)
{
	struct parameter_item *next = NULL;

	for (size_t i = 0; i < n; i++)
		if (is_section_of(&items[i], name) && !items[i].is_joined &&
		    (next == NULL || items[i].section < next->section))
			next = &items[i];
	return next;
}

static struct parameter
join_sections(struct arena *arena, struct parameter_item *items, size_t n,
    struct str name, uint64_t *damage)
{
	struct parameter_item *next;
	struct joint joint = { 0 };
	int section = -1;

	while ((next = next_section(items, n, name)) != NULL) {
		next->is_joined = true;
		/* Twice the same number: it was noted, the first one counts. */
		if (next->section == section)
			continue;
		if (next->section != section + 1)
			*damage |= DAMAGE_BIT(DAMAGE_PARAMETER);
		section = next->section;
		add_section(&joint, next, damage);
	}
	return finish_joint(&joint, arena, name, damage);
}

/* Two of one name and form, neither of which is a mere second reading. */
static void
note_ambiguity(const struct parameter_item *items, size_t n, uint64_t *damage)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n && !items[i].is_again; k++)
			if (!items[k].is_again &&
			    items[i].section == items[k].section &&
			    items[i].is_extended == items[k].is_extended &&
			    str_eq(items[i].name, items[k].name) &&
			    !str_eq(items[i].value, items[k].value))
				*damage |= DAMAGE_BIT(DAMAGE_AMBIGUOUS);
}

void
parameter_join(struct arena *arena, struct parameter_item *items, size_t n,
    struct parameters *out, uint64_t *damage)
{
	struct joint joint;

	note_ambiguity(items, n, damage);
	out->list = arena_alloc(arena, (n + 1) * sizeof(*out->list));
	for (size_t i = 0; i < n; i++) {
		if (items[i].is_joined)
			continue;
		if (is_section_of(&items[i], items[i].name)) {
			out->list[out->n++] = join_sections(
			    arena, items, n, items[i].name, damage);
			continue;
		}
		joint = (struct joint){ 0 };
		add_section(&joint, &items[i], damage);
		out->list[out->n++] =
		    finish_joint(&joint, arena, items[i].name, damage);
	}
}
