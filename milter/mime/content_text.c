/*
 * Which charset: the one that is declared, what a byte order mark says, what
 * HTML says of itself, or UTF-8 if it is that. Most texts are UTF-8 or ASCII
 * and stay where they are.
 */
#include "mime/content_own.h"

#include "base/utf8.h"
#include "mime/charset.h"
#include "mime/line.h"

#define META_BYTES  2048 /* of HTML, in which <meta charset> may stand */
#define NAME_BYTES  40
#define UTF8_MARK   "\xef\xbb\xbf"
#define BIG_MARK    "\xfe\xff"
#define LITTLE_MARK "\xff\xfe"

/* In these ASCII is ASCII. In others it may be anything (utf-7, iso-2022). */
static bool
has_ascii(struct str charset)
{
	static const char *const heads[] = { "us-ascii", "utf-8", "iso-8859-",
		"windows-125", "koi8-", "latin1", "cp125" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (str_starts_nocase(charset, str_of(heads[i])))
			return true;
	return charset.len == 0;
}

static bool
is_utf8(struct str charset)
{
	return charset.len == 0 || str_eq_nocase(charset, STR("utf-8")) ||
	       str_eq_nocase(charset, STR("utf8"));
}

/* The value behind "charset" and "=", if there is one. */
static struct str
read_name(struct str s)
{
	size_t len = 0;

	s = str_trim(s);
	if (s.len == 0 || s.p[0] != '=')
		return (struct str){ "", 0 };
	s = str_trim(str_from(s, 1));
	if (s.len > 0 && (s.p[0] == '"' || s.p[0] == '\''))
		s = str_from(s, 1);
	while (len < s.len && len < NAME_BYTES &&
	       (ascii_is_alnum(s.p[len]) || s.p[len] == '-' ||
		   s.p[len] == '_' || s.p[len] == ':' || s.p[len] == '.'))
		len++;
	return str_sub(s, 0, len);
}

/* <meta charset=x>, or <meta http-equiv=… content="text/html; charset=x">. Who
 * says UTF-16 in ASCII does not mean it. */
static struct str
find_meta_charset(struct str html)
{
	html = str_sub(html, 0, META_BYTES);
	for (ptrdiff_t at; (at = str_find(html, '<')) >= 0;) {
		struct str tag = str_from(html, (size_t)at);
		ptrdiff_t end = str_find(tag, '>');

		html = str_from(tag, 1);
		if (end < 0 || !str_starts_nocase(tag, STR("<meta")))
			continue;
		tag = str_sub(tag, 0, (size_t)end);
		for (size_t i = 5; i < tag.len; i++) {
			struct str name;

			if (!str_starts_nocase(
				str_from(tag, i), STR("charset")))
				continue;
			name = read_name(str_from(tag, i + 7));
			if (name.len > 0 &&
			    !str_starts_nocase(name, STR("utf-16")))
				return name;
		}
	}
	return (struct str){ "", 0 };
}

/* Every second byte of Western text is NUL. */
static bool
is_like_utf16(struct str bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes.len; i++)
		n += bytes.p[i] == '\0';
	return n >= bytes.len / 3;
}

/* A charset in which NUL bytes have no place. */
static bool
has_label_of_bytes(struct str charset)
{
	return !str_starts_nocase(charset, STR("utf-16")) &&
	       !str_starts_nocase(charset, STR("utf-32"));
}

static struct str
find_charset(const struct mime_part *part, struct str bytes)
{
	bool has_mark = str_starts(bytes, STR(BIG_MARK)) ||
			str_starts(bytes, STR(LITTLE_MARK));

	/* Browsers believe the mark rather than the header; it must not make
	 * ASCII behind it unreadable. */
	if (part->charset.len > 0 &&
	    !(has_mark && has_label_of_bytes(part->charset) &&
		is_like_utf16(bytes)))
		return part->charset;
	if (has_mark)
		return STR("utf-16");
	if (part->kind == MIME_HTML)
		return find_meta_charset(part->content);
	return (struct str){ "", 0 };
}

bool
content_is_wide(const struct mime_part *part, struct str bytes)
{
	struct str charset = find_charset(part, bytes);

	return str_starts_nocase(charset, STR("utf-16")) ||
	       str_starts_nocase(charset, STR("utf-32"));
}

static struct str
without_mark(struct str text)
{
	if (str_starts(text, STR(UTF8_MARK)))
		return str_from(text, 3);
	return text;
}

/* The tail of a part may begin amid a character, the head end so: that is no
 * damage, and looks like none. */
static struct str
without_cut_ends(const struct mime_part *part, struct str bytes)
{
	if (!part->is_cut || utf8_bad(bytes) < 0)
		return bytes;
	return utf8_whole(bytes);
}

/* The mark was believed, and not the label. */
static bool
is_label_wrong(const struct mime_part *part, struct str charset)
{
	return part->charset.len > 0 && !str_eq(part->charset, charset);
}

struct str
content_decode(const struct mime_part *part, struct str *bytes,
    size_t max_bytes, struct buf *made, uint64_t *damage)
{
	struct str charset = find_charset(part, *bytes), text = *bytes;
	bool is_right;

	if (is_utf8(charset))
		text = without_cut_ends(part, text);
	*bytes = (struct str){ "", 0 };
	if ((has_ascii(charset) && utf8_is_ascii(text)) ||
	    (is_utf8(charset) && utf8_bad(text) < 0))
		return without_mark(text);
	if (charset.len == 0)
		is_right = charset_read_some(made, &text, max_bytes);
	else
		is_right = charset_decode_some(made, charset, &text, max_bytes);
	*bytes = text;
	if (!is_right || is_label_wrong(part, charset))
		*damage |= DAMAGE_BIT(DAMAGE_CHARSET);
	made->len = line_unify(made->p, made->len);
	return without_mark(buf_str(made));
}
