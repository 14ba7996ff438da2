/*
 * Addresses in plain text, as mail programs make links of them. A scan for
 * "h", "f" and "w" finds where one may begin, then it goes on to what cannot be
 * in one; what ends a sentence is given back.
 *
 * What a target means is in url_normal.c.
 */
#include "mime/url.h"

#include "base/utf8.h"

/* How far an address in "<…>" goes on over line ends (RFC 3986 appendix C). */
#define ANGLE_BYTES_MAX 4096
#define USER_BYTES_MAX  512

/* Could c be part of a word that only looks like an address? */
static bool
is_word(struct str text, size_t at)
{
	return at > 0 && (ascii_is_alnum(text.p[at - 1]) ||
			     text.p[at - 1] == '@' || text.p[at - 1] == '.' ||
			     text.p[at - 1] == '_' || text.p[at - 1] == '-');
}

static bool
has_head(struct str text, size_t at, const char *head)
{
	struct str want = str_of(head);

	return str_eq_nocase(str_sub(text, at, at + want.len), want);
}

static bool
is_slash(struct str text, size_t at)
{
	return at < text.len && (text.p[at] == '/' || text.p[at] == '\\');
}

/* How long "https://", "ftp://", "www." at this place is; 0: none. */
static size_t
head_len(struct str text, size_t at)
{
	static const char *const schemes[] = { "http:", "https:", "ftp:" };

	if (has_head(text, at, "www.") && !is_word(text, at))
		return 4;
	for (size_t i = 0; i < 3; i++) {
		size_t len = str_of(schemes[i]).len;

		if (has_head(text, at, schemes[i]) && is_slash(text, at + len))
			return is_slash(text, at + len + 1) ? len + 2 : len + 1;
	}
	return 0;
}

/* Punctuation of other scripts, and blanks, that no address goes on behind. */
static bool
is_foreign_end(uint32_t code)
{
	static const uint16_t ends[] = { 0x85, 0xa0, 0xab, 0xbb, 0x1680, 0x2018,
		0x2019, 0x201c, 0x201d, 0x201e, 0x2026, 0x2028, 0x2029, 0x202f,
		0x205f, 0x2039, 0x203a, 0x3000, 0x3001, 0x3008, 0x3009, 0x300a,
		0x300b, 0x300c, 0x300d, 0x300e, 0x300f, 0x3010, 0x3011, 0x3014,
		0x3015, 0xff01, 0xff08, 0xff09, 0xff0c, 0xff1b, 0xff1f };

	if (code >= 0x2000 && code <= 0x200a)
		return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i] == code)
			return true;
	return false;
}

/* Full stops that browsers read as "."; they end a sentence unless a letter or
 * digit follows at once. */
static bool
is_foreign_stop(uint32_t code)
{
	return code == 0x3002 || code == 0xff0e || code == 0xff61;
}

/* How many bytes of the character at this place belong to an address. */
static size_t
part_len(struct str text, size_t at)
{
	unsigned char c = (unsigned char)text.p[at];
	uint32_t code;
	size_t len;

	if (c < 0x80)
		return c > ' ' && c != '<' && c != '>' && c != '"' &&
		       c != '`' && c != 0x7f;
	code = utf8_read(text.p + at, &len);
	if (is_foreign_end(code))
		return 0;
	if (is_foreign_stop(code) &&
	    (at + len >= text.len || !ascii_is_alnum(text.p[at + len])))
		return 0;
	return len;
}

static size_t
find_end(struct str text, size_t at)
{
	size_t len;

	while (at < text.len && (len = part_len(text, at)) > 0)
		at += len;
	return at;
}

/* "<http://…>" may have line ends in it. Where the ">" is, or end. */
static size_t
find_angle_end(struct str text, size_t end)
{
	size_t max = end + ANGLE_BYTES_MAX;

	if (max > text.len)
		max = text.len;
	for (size_t at = end; at < max;) {
		size_t len = part_len(text, at);

		if (text.p[at] == '>')
			return at;
		if (len == 0) {
			/* blanks only around the end of a line */
			if (text.p[at] != '\r' && text.p[at] != '\n')
				return end;
			while (at < max && ascii_is_space(text.p[at]))
				at++;
			continue;
		}
		at += len;
	}
	return end;
}

static size_t
n_of(struct str s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.p[i] == c;
	return n;
}

/* Without what ends a sentence, and brackets that were not opened in it. */
static struct str
trim_end(struct str url)
{
	static const char pairs[] = "()[]{}";
	size_t open[3], closed[3];

	for (size_t i = 0; i < 3; i++) {
		open[i] = n_of(url, pairs[2 * i]);
		closed[i] = n_of(url, pairs[2 * i + 1]);
	}
	for (; url.len > 0; url.len--) {
		char last = url.p[url.len - 1];
		ptrdiff_t pair = str_find(STR("()[]{}"), last);

		if (pair >= 0 && pair % 2 == 1) {
			if (closed[pair / 2]-- <= open[pair / 2])
				break;
		} else if (str_find(STR(".,;:!?'*_~|"), last) < 0) {
			break;
		}
	}
	return url;
}

/*
 * What cannot be in a name of a host ends the address there: "(see
 * http://host)or", "http://one,http://two". Before an "@" it is a user's,
 * which is not looked for beyond a few bytes. The end of text: there is none.
 */
static size_t
find_odd_host_end(struct str text, size_t from)
{
	size_t odd = text.len, end = from + USER_BYTES_MAX;

	for (size_t i = from, len; i < end && i < text.len; i += len) {
		char c = text.p[i];

		len = part_len(text, i);
		if (is_slash(text, i) || c == '?' || c == '#' || len == 0)
			break;
		if (c == '@')
			odd = text.len;
		else if (odd == text.len &&
			 str_find(STR("'(),;!|{}^&=+$*~"), c) >= 0)
			odd = i;
	}
	return odd;
}

/* The first letter of "http", "ftp" and "www" -> the second. */
static const char seconds[256] = {
	['f'] = 't',
	['F'] = 't',
	['h'] = 't',
	['H'] = 't',
	['w'] = 'w',
	['W'] = 'w',
};

/* Where an address may begin, from at on; or the end. */
static size_t
find_begin(struct str text, size_t at)
{
	for (; at + 1 < text.len; at++) {
		char second = seconds[(unsigned char)text.p[at]];

		if (second != '\0' && ascii_lower(text.p[at + 1]) == second)
			return at;
	}
	return text.len;
}

bool
url_next(struct str text, size_t *at, struct str *url_out)
{
	for (size_t i = find_begin(text, *at); i < text.len;
	     i = find_begin(text, i + 1)) {
		size_t head, end;
		struct str url;

		if ((head = head_len(text, i)) == 0)
			continue;
		end = find_odd_host_end(text, i + head);
		if (end == text.len)
			end = find_end(text, i + head);
		if (i > 0 && text.p[i - 1] == '<')
			end = find_angle_end(text, end);
		url = trim_end(str_sub(text, i, end));
		if (url.len <= head) {
			i += head - 1;
			continue;
		}
		*url_out = url;
		*at = end;
		return true;
	}
	*at = text.len;
	return false;
}
