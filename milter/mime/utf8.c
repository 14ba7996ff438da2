#include "mime/utf8.h"

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
