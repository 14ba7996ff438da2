#include "base/utf8.h"

#include <string.h>

size_t
utf8_sequence(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */
	size_t len;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0; /* overlong below */
	else if (p[0] == 0xed)
		high = 0x9f; /* surrogates above */
	else if (p[0] == 0xf0)
		low = 0x90; /* overlong below */
	else if (p[0] == 0xf4)
		high = 0x8f; /* over U+10FFFF above */
	if (s.len < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* Most text is ASCII: eight bytes of it at a time. */
static bool
is_ascii_word(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool
utf8_is_ascii(struct str s)
{
	size_t at = 0;

	for (; s.len - at >= 8; at += 8)
		if (!is_ascii_word(s.p + at))
			return false;
	for (; at < s.len; at++)
		if ((unsigned char)s.p[at] >= 0x80)
			return false;
	return true;
}

ptrdiff_t
utf8_bad(struct str s)
{
	size_t at = 0, len;

	while (at < s.len) {
		if (s.len - at >= 8 && is_ascii_word(s.p + at)) {
			at += 8;
			continue;
		}
		if ((len = utf8_sequence(str_from(s, at))) == 0)
			return (ptrdiff_t)at;
		at += len;
	}
	return -1;
}

uint32_t
utf8_read(const char *p, size_t *len_out)
{
	const unsigned char *b = (const unsigned char *)p;

	if (b[0] < 0x80) {
		*len_out = 1;
		return b[0];
	}
	if (b[0] < 0xe0) {
		*len_out = 2;
		return (b[0] & 0x1fu) << 6 | (b[1] & 0x3fu);
	}
	if (b[0] < 0xf0) {
		*len_out = 3;
		return (b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 |
		       (b[2] & 0x3fu);
	}
	*len_out = 4;
	return (b[0] & 0x07u) << 18 | (b[1] & 0x3fu) << 12 |
	       (b[2] & 0x3fu) << 6 | (b[3] & 0x3fu);
}

size_t
utf8_write(uint32_t code, char bytes[4])
{
	if (code < 0x80) {
		bytes[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		bytes[0] = (char)(0xc0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		bytes[0] = (char)(0xe0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	bytes[0] = (char)(0xf0 | code >> 18);
	bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
	bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
	bytes[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

bool
utf8_is_inner(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t
utf8_back(struct str s, size_t at)
{
	size_t least = at > 3 ? at - 3 : 0;

	while (at > least && at < s.len && utf8_is_inner(s.p[at]))
		at--;
	return at;
}

size_t
utf8_length(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += !utf8_is_inner(s.p[i]);
	return n;
}

struct str
utf8_whole(struct str s)
{
	size_t end = s.len;

	for (int i = 0; i < 3 && s.len > 0 && utf8_is_inner(s.p[0]); i++)
		s = str_from(s, 1);
	end = s.len;
	for (int i = 0; i < 3 && end > 0 && utf8_is_inner(s.p[end - 1]); i++)
		end--;
	if (end > 0 && (unsigned char)s.p[end - 1] >= 0xc0 &&
	    utf8_sequence(str_from(s, end - 1)) == 0)
		s.len = end - 1;
	return s;
}
