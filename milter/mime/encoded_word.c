/*
 * More is taken for an encoded word than RFC 2047 section 2 allows, because
 * mail programs show more: blanks and "?" in the text, any length, no charset.
 *
 * The trap is the search for "?=". A header full of "=?a?q?" without an end
 * must not be searched to its end from each of them. The search gives up at
 * the next "=?", which no text contains, so no byte is looked at twice.
 */
#include "mime/encoded_word.h"

#define CHARSET_NAME_MAX 64

static bool
is_charset_char(char c)
{
	return c > ' ' && c < 0x7f && c != '=' && c != '?';
}

/* The text ends at "?=" and never contains "=?". False: there is no end. */
static bool
find_text_end(struct str s, size_t from, size_t *end_out)
{
	for (size_t i = from; i + 1 < s.len; i++) {
		if (s.p[i] != '?')
			continue;
		if (s.p[i + 1] == '=') {
			*end_out = i;
			return true;
		}
		if (i > from && s.p[i - 1] == '=')
			return false;
	}
	return false;
}

enum encoded_word_answer
encoded_word_at(struct str s, struct encoded_word *word_out)
{
	size_t at = 2, end;
	struct str charset;
	ptrdiff_t star;
	char encoding;

	if (!str_starts(s, STR("=?")))
		return ENCODED_WORD_NONE;
	while (
	    at < s.len && at < 2 + CHARSET_NAME_MAX && is_charset_char(s.p[at]))
		at++;
	if (at + 2 >= s.len || s.p[at] != '?' || s.p[at + 2] != '?')
		return ENCODED_WORD_NONE;
	charset = str_sub(s, 2, at);
	if ((star = str_find(charset, '*')) >= 0)
		charset = str_sub(charset, 0, (size_t)star);
	encoding = ascii_lower(s.p[at + 1]);
	if ((encoding != 'b' && encoding != 'q') ||
	    !find_text_end(s, at + 3, &end))
		return ENCODED_WORD_BROKEN;
	*word_out = (struct encoded_word){ .charset = charset,
		.is_base64 = encoding == 'b',
		.text = str_sub(s, at + 3, end),
		.len = end + 2 };
	return ENCODED_WORD_WHOLE;
}

static bool
add_q(struct str text, struct buf *out)
{
	bool is_clean = true;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];
		int high = -1, low = -1;

		if (c == '=' && i + 2 < text.len) {
			high = ascii_hex(text.p[i + 1]);
			low = ascii_hex(text.p[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '=') {
			is_clean = false;
		} else if (c == '_') {
			c = ' '; /* RFC 2047 section 4.2 (2) */
		}
		buf_byte(out, c);
	}
	return is_clean;
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool
add_base64(struct str text, struct buf *out)
{
	bool is_clean = true;
	unsigned bits = 0, n_bits = 0;

	for (size_t i = 0; i < text.len; i++) {
		int value = base64_value(text.p[i]);

		if (value >= 0) {
			bits = (bits << 6 | (unsigned)value) & 0xffff;
			n_bits += 6;
		} else if (text.p[i] == '=') {
			n_bits = 0; /* more may follow padding, and is read */
		} else if (!ascii_is_space(text.p[i])) {
			is_clean = false;
		}
		if (n_bits >= 8) {
			n_bits -= 8;
			buf_byte(out, (char)(bits >> n_bits));
		}
	}
	return is_clean && n_bits < 6;
}

bool
encoded_word_bytes(const struct encoded_word *word, struct buf *out)
{
	return word->is_base64 ? add_base64(word->text, out)
			       : add_q(word->text, out);
}
