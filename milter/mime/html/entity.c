/*
 * Names are found by halves in a table made by make_entities.py. A name that
 * needs no ";" may be the beginning of a longer word ("&ampx"), so prefixes
 * are tried, too; these are at most six letters, which bounds the work.
 */
#include "mime/html/entity.h"

#include "base/utf8.h"

#include <string.h>

#define NAME_MAX_BYTES 24 /* of any in the table */
#define BARE_MAX_BYTES 6  /* of those that need no ";" */
#define CODE_MAX       0x10ffff

struct entity {
	const char *name;
	uint32_t code;
	uint8_t second; /* behind it, or 0 */
	uint8_t is_bare;
};

#include "mime/html/entity_table.h"

#define N_ENTITIES (sizeof(entities) / sizeof(entities[0]))

/* "&#128;" means what windows-1252 has there; all browsers agree. */
static const uint16_t windows_1252[32] = { 0x20ac, 0x81, 0x201a, 0x0192, 0x201e,
	0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,
	0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
	0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178 };

static int
compare_name(struct str name, const char *with)
{
	int order = strncmp(name.p, with, name.len);

	return order == 0 && with[name.len] != '\0' ? -1 : order;
}

static const struct entity *
find_name(struct str name)
{
	size_t low = 0, high = N_ENTITIES;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare_name(name, entities[middle].name);

		if (order == 0)
			return &entities[middle];
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const struct entity *
find_bare(struct str name)
{
	const struct entity *entity;

	if (name.len > BARE_MAX_BYTES)
		name.len = BARE_MAX_BYTES;
	for (; name.len >= 2; name.len--)
		if ((entity = find_name(name)) != NULL && entity->is_bare)
			return entity;
	return NULL;
}

static size_t
read_name(struct str s, enum html_place place, uint32_t codes_out[2])
{
	const struct entity *entity = NULL;
	struct str name = { s.p + 1, 0 };
	size_t len;
	char next;

	while (1 + name.len < s.len && name.len <= NAME_MAX_BYTES &&
	       ascii_is_alnum(name.p[name.len]))
		name.len++;
	if (name.len < 2 || name.len > NAME_MAX_BYTES)
		name.len = name.len < 2 ? 0 : BARE_MAX_BYTES;
	len = 1 + name.len;
	if (len < s.len && s.p[len] == ';')
		entity = find_name(name);
	if (entity != NULL) {
		len++;
	} else {
		if ((entity = find_bare(name)) == NULL)
			return 0;
		len = 1 + strlen(entity->name);
		next = len < s.len ? s.p[len] : ' ';
		if (place == HTML_ATTRIBUTE &&
		    (next == '=' || ascii_is_alnum(next)))
			return 0;
	}
	codes_out[0] = entity->code;
	codes_out[1] = entity->second;
	return len;
}

static int
digit_of(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static uint32_t
allowed_code(uint32_t code)
{
	if (code >= 0x80 && code < 0xa0)
		return windows_1252[code - 0x80];
	if (code == 0 || code > CODE_MAX || (code >= 0xd800 && code < 0xe000))
		return UTF8_REPLACEMENT;
	return code;
}

static size_t
read_number(struct str s, uint32_t codes_out[2])
{
	bool is_hex = s.len > 2 && ascii_lower(s.p[2]) == 'x';
	int base = is_hex ? 16 : 10;
	size_t from = is_hex ? 3 : 2, at = from;
	uint32_t code = 0;

	for (; at < s.len && digit_of(s.p[at]) < base; at++)
		if (code <= CODE_MAX) /* so it cannot overflow */
			code =
			    code * (uint32_t)base + (uint32_t)digit_of(s.p[at]);
	if (at == from)
		return 0;
	if (at < s.len && s.p[at] == ';')
		at++;
	codes_out[0] = allowed_code(code);
	codes_out[1] = 0;
	return at;
}

size_t
html_entity(struct str s, enum html_place place, uint32_t codes_out[2])
{
	if (s.len < 2)
		return 0;
	if (s.p[1] == '#')
		return read_number(s, codes_out);
	return read_name(s, place, codes_out);
}

void
html_decode(struct buf *out, struct str value)
{
	ptrdiff_t found;

	while ((found = str_find(value, '&')) >= 0) {
		uint32_t codes[2] = { '&', 0 };
		char bytes[4] = { 0 };
		size_t len;

		buf_add(out, str_sub(value, 0, (size_t)found));
		value = str_from(value, (size_t)found);
		len = html_entity(value, HTML_ATTRIBUTE, codes);
		for (int i = 0; i < 2 && (i == 0 || codes[i] != 0); i++)
			buf_add(out,
			    (struct str){ bytes, utf8_write(codes[i], bytes) });
		value = str_from(value, len > 0 ? len : 1);
	}
	buf_add(out, value);
}
