#include "base/str.h"

#include <string.h>

struct str
str_of(const char *text)
{
	return (struct str){ text == NULL ? "" : text,
		text == NULL ? 0 : strlen(text) };
}

bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool
str_is(struct str a, const char *b)
{
	return str_eq(a, str_of(b));
}

char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
ascii_is_alnum(char c)
{
	c = ascii_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
ascii_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

bool
str_starts(struct str s, struct str head)
{
	return s.len >= head.len && str_eq(str_sub(s, 0, head.len), head);
}

bool
str_starts_nocase(struct str s, struct str head)
{
	return str_eq_nocase(str_sub(s, 0, head.len), head);
}

bool
str_ends_nocase(struct str s, struct str tail)
{
	return s.len >= tail.len &&
	       str_eq_nocase(str_from(s, s.len - tail.len), tail);
}

bool
str_has(struct str s, struct str what)
{
	/* What is empty is everywhere, also in a pointer that is NULL. */
	return what.len == 0 ||
	       (s.len > 0 && memmem(s.p, s.len, what.p, what.len) != NULL);
}

int
str_cmp(struct str a, struct str b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter > 0 ? memcmp(a.p, b.p, shorter) : 0;

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

ptrdiff_t
str_find(struct str s, char c)
{
	const char *found = s.len > 0 ? memchr(s.p, c, s.len) : NULL;

	return found == NULL ? -1 : found - s.p;
}

ptrdiff_t
str_find_last(struct str s, char c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.p[i - 1] == c)
			return (ptrdiff_t)i - 1;
	return -1;
}

struct str
str_sub(struct str s, size_t from, size_t to)
{
	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	/* Nothing may be added to NULL, not even 0. */
	return (struct str){ from > 0 ? s.p + from : s.p, to - from };
}

struct str
str_from(struct str s, size_t from)
{
	return str_sub(s, from, s.len);
}

struct str
str_take(struct str *rest, char c)
{
	ptrdiff_t at = str_find(*rest, c);
	size_t len = at < 0 ? rest->len : (size_t)at;
	struct str head = str_sub(*rest, 0, len);

	*rest = str_from(*rest, at < 0 ? len : len + 1);
	return head;
}

struct str
str_trim(struct str s)
{
	while (s.len > 0 && ascii_is_space(s.p[0]))
		s = str_from(s, 1);
	while (s.len > 0 && ascii_is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

static uint64_t
hash_byte(uint64_t hash, char c)
{
	return (hash ^ (unsigned char)c) * UINT64_C(0x100000001b3);
}

uint64_t
str_hash(struct str s)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.len; i++)
		hash = hash_byte(hash, s.p[i]);
	return hash;
}

uint64_t
str_hash_nocase(struct str s)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.len; i++)
		hash = hash_byte(hash, ascii_lower(s.p[i]));
	return hash;
}
