/*
 * A table of names leads to iconv. Labels are read as mail programs read them
 * rather than by the letter: gb2312 is gb18030, iso-8859-1 windows-1252 and
 * ks_c_5601-1987 cp949, supersets under which such mail is really written.
 *
 * The trap is the cost of iconv_open. The C library unloads a converter soon
 * after its last use, so words of alternating charsets made it load modules
 * from disk for each word: 60 us each, 0.3 s for a header of 64 KiB. One
 * descriptor of each charset seen stays open for the life of the process and
 * is never used; it keeps the module loaded, and then iconv_open costs 0.3 us.
 */
#include "mime/charset.h"

#include "base/utf8.h"

#include <errno.h>
#include <iconv.h>
#include <stdatomic.h>
#include <string.h>

#define WINDOW_BYTES 1024
#define REPLACEMENT  0xfffd

enum reading {
	READ_ASCII,
	READ_UTF8,
	READ_UTF16,
	READ_UTF32,
	READ_HZ,
	READ_ICONV
};

struct charset {
	const char *name;
	const char *iconv_name;
	enum reading reading;
};

static const struct charset charsets[] = {
	{ "utf-8", NULL, READ_UTF8 },
	{ "utf8", NULL, READ_UTF8 },
	{ "us-ascii", NULL, READ_ASCII },
	{ "ascii", NULL, READ_ASCII },
	{ "ansi_x3.4-1968", NULL, READ_ASCII },
	{ "iso-8859-1", "CP1252", READ_ICONV },
	{ "latin1", "CP1252", READ_ICONV },
	{ "iso-8859-2", "ISO-8859-2", READ_ICONV },
	{ "iso-8859-3", "ISO-8859-3", READ_ICONV },
	{ "iso-8859-4", "ISO-8859-4", READ_ICONV },
	{ "iso-8859-5", "ISO-8859-5", READ_ICONV },
	{ "iso-8859-6", "ISO-8859-6", READ_ICONV },
	{ "iso-8859-7", "ISO-8859-7", READ_ICONV },
	{ "iso-8859-8", "ISO-8859-8", READ_ICONV },
	{ "iso-8859-8-i", "ISO-8859-8", READ_ICONV },
	{ "iso-8859-9", "CP1254", READ_ICONV },
	{ "iso-8859-10", "ISO-8859-10", READ_ICONV },
	{ "iso-8859-11", "ISO-8859-11", READ_ICONV },
	{ "iso-8859-13", "ISO-8859-13", READ_ICONV },
	{ "iso-8859-14", "ISO-8859-14", READ_ICONV },
	{ "iso-8859-15", "ISO-8859-15", READ_ICONV },
	{ "iso-8859-16", "ISO-8859-16", READ_ICONV },
	{ "windows-1250", "CP1250", READ_ICONV },
	{ "windows-1251", "CP1251", READ_ICONV },
	{ "windows-1252", "CP1252", READ_ICONV },
	{ "windows-1253", "CP1253", READ_ICONV },
	{ "windows-1254", "CP1254", READ_ICONV },
	{ "windows-1255", "CP1255", READ_ICONV },
	{ "windows-1256", "CP1256", READ_ICONV },
	{ "windows-1257", "CP1257", READ_ICONV },
	{ "windows-1258", "CP1258", READ_ICONV },
	{ "cp1250", "CP1250", READ_ICONV },
	{ "cp1251", "CP1251", READ_ICONV },
	{ "cp1252", "CP1252", READ_ICONV },
	{ "koi8-r", "KOI8-R", READ_ICONV },
	{ "koi8-u", "KOI8-U", READ_ICONV },
	{ "iso-2022-jp", "ISO-2022-JP", READ_ICONV },
	{ "iso-2022-kr", "ISO-2022-KR", READ_ICONV },
	{ "gb2312", "GB18030", READ_ICONV },
	{ "gbk", "GB18030", READ_ICONV },
	{ "gb18030", "GB18030", READ_ICONV },
	{ "big5", "BIG5", READ_ICONV },
	/* So Python's email package calls these two in headers. */
	{ "big5_tw", "BIG5", READ_ICONV },
	{ "eucgb2312_cn", "GB18030", READ_ICONV },
	{ "shift_jis", "CP932", READ_ICONV },
	{ "shift-jis", "CP932", READ_ICONV },
	{ "windows-31j", "CP932", READ_ICONV },
	{ "cp932", "CP932", READ_ICONV },
	{ "euc-jp", "EUC-JP", READ_ICONV },
	{ "euc-kr", "CP949", READ_ICONV },
	{ "ks_c_5601-1987", "CP949", READ_ICONV },
	{ "cp949", "CP949", READ_ICONV },
	{ "iso-2022-jp-1", "ISO-2022-JP-2", READ_ICONV },
	{ "iso-2022-jp-2", "ISO-2022-JP-2", READ_ICONV },
	{ "iso-2022-jp-3", "ISO-2022-JP-3", READ_ICONV },
	{ "iso-2022-cn", "ISO-2022-CN", READ_ICONV },
	{ "iso-2022-cn-ext", "ISO-2022-CN-EXT", READ_ICONV },
	{ "gb_2312-80", "GB18030", READ_ICONV },
	{ "x-gbk", "GB18030", READ_ICONV },
	{ "cp936", "GB18030", READ_ICONV },
	{ "euc-cn", "GB18030", READ_ICONV },
	{ "big5-hkscs", "BIG5-HKSCS", READ_ICONV },
	{ "x-big5", "BIG5", READ_ICONV },
	{ "cp950", "CP950", READ_ICONV },
	{ "euc-tw", "EUC-TW", READ_ICONV },
	{ "sjis", "CP932", READ_ICONV },
	{ "x-sjis", "CP932", READ_ICONV },
	{ "windows-949", "CP949", READ_ICONV },
	{ "johab", "JOHAB", READ_ICONV },
	{ "windows-874", "CP874", READ_ICONV },
	{ "tis-620", "CP874", READ_ICONV },
	{ "koi8-t", "KOI8-T", READ_ICONV },
	{ "koi8", "KOI8-R", READ_ICONV },
	{ "cp866", "CP866", READ_ICONV },
	{ "ibm866", "CP866", READ_ICONV },
	{ "cp437", "CP437", READ_ICONV },
	{ "ibm437", "CP437", READ_ICONV },
	{ "cp850", "CP850", READ_ICONV },
	{ "ibm850", "CP850", READ_ICONV },
	{ "cp852", "CP852", READ_ICONV },
	{ "ibm852", "CP852", READ_ICONV },
	{ "macintosh", "MACINTOSH", READ_ICONV },
	{ "x-mac-roman", "MACINTOSH", READ_ICONV },
	{ "x-mac-cyrillic", "MAC-CYRILLIC", READ_ICONV },
	{ "viscii", "VISCII", READ_ICONV },
	{ "iso-8859-6-i", "ISO-8859-6", READ_ICONV },
	{ "l1", "CP1252", READ_ICONV },
	{ "cp1253", "CP1253", READ_ICONV },
	{ "cp1254", "CP1254", READ_ICONV },
	{ "cp1255", "CP1255", READ_ICONV },
	{ "cp1256", "CP1256", READ_ICONV },
	{ "cp1257", "CP1257", READ_ICONV },
	{ "cp1258", "CP1258", READ_ICONV },
	{ "hz-gb-2312", "GB18030", READ_HZ },
	{ "hz", "GB18030", READ_HZ },
	{ "utf-32", NULL, READ_UTF32 },
	{ "utf-32be", "UTF-32BE", READ_UTF32 },
	{ "utf-32le", "UTF-32LE", READ_UTF32 },
	{ "utf-16", NULL, READ_UTF16 },
	{ "utf-16be", "UTF-16BE", READ_UTF16 },
	{ "utf-16le", "UTF-16LE", READ_UTF16 },
	{ "utf-7", "UTF-7", READ_ICONV },
	{ "unicode-1-1-utf-7", "UTF-7", READ_ICONV },
	{ "x-unicode-2-0-utf-7", "UTF-7", READ_ICONV },
	{ "csunicode11utf7", "UTF-7", READ_ICONV },
	{ "utf7", "UTF-7", READ_ICONV },
};

#define N_CHARSETS (sizeof(charsets) / sizeof(charsets[0]))

/* The descriptors that keep modules loaded; see above. */
static _Atomic(iconv_t) pins[N_CHARSETS];

/* What windows-1252 has at 0x80 to 0x9f; 0 where it has nothing. */
static const uint16_t windows_1252[32] = {
	0x20ac,
	0,
	0x201a,
	0x0192,
	0x201e,
	0x2026,
	0x2020,
	0x2021,
	0x02c6,
	0x2030,
	0x0160,
	0x2039,
	0x0152,
	0,
	0x017d,
	0,
	0,
	0x2018,
	0x2019,
	0x201c,
	0x201d,
	0x2022,
	0x2013,
	0x2014,
	0x02dc,
	0x2122,
	0x0161,
	0x203a,
	0x0153,
	0,
	0x017e,
	0x0178,
};

static void
add_code_point(struct buf *out, unsigned c)
{
	char bytes[4];
	size_t len = utf8_write(c, bytes);

	buf_add(out, (struct str){ bytes, len });
}

static void
add_windows_1252(struct buf *out, unsigned char byte)
{
	unsigned c = byte;

	if (c >= 0x80 && c < 0xa0)
		c = windows_1252[c - 0x80];
	add_code_point(out, c == 0 && byte != 0 ? REPLACEMENT : c);
}

/* How long out may become. */
static size_t
out_end(const struct buf *out, size_t max_bytes)
{
	return max_bytes < SIZE_MAX - out->len ? out->len + max_bytes
					       : SIZE_MAX;
}

/* The first n bytes, which are UTF-8, as far as there is room for them. */
static void
pass_utf8(struct buf *out, struct str *bytes, size_t n, size_t end)
{
	if (n > end - out->len) {
		n = end - out->len;
		while (n > 0 && ((unsigned char)bytes->p[n] & 0xc0) == 0x80)
			n--;
	}
	buf_add(out, str_sub(*bytes, 0, n));
	*bytes = str_from(*bytes, n);
}

bool
charset_read_some(struct buf *out, struct str *bytes, size_t max_bytes)
{
	size_t end = out_end(out, max_bytes);
	bool is_utf8 = true;

	while (bytes->len > 0 && out->len < end) {
		ptrdiff_t bad = utf8_bad(*bytes);
		size_t n = bad < 0 ? bytes->len : (size_t)bad;
		size_t left = bytes->len - n;

		pass_utf8(out, bytes, n, end);
		if (bytes->len > left || bytes->len == 0)
			break;
		is_utf8 = false;
		add_windows_1252(out, (unsigned char)bytes->p[0]);
		*bytes = str_from(*bytes, 1);
	}
	return is_utf8;
}

bool
charset_read(struct buf *out, struct str bytes)
{
	return charset_read_some(out, &bytes, SIZE_MAX);
}

static const struct charset *
find_row(struct str name)
{
	for (size_t i = 0; i < N_CHARSETS; i++)
		if (str_eq_nocase(str_of(charsets[i].name), name))
			return &charsets[i];
	return NULL;
}

/* "iso8859-15" and "iso_8859-15" are written, too. */
static const struct charset *
find_charset(struct str name)
{
	const struct charset *charset = find_row(name);
	struct str number = str_from(name, name.len < 3 ? name.len : 3);
	char room[16] = "iso-";

	if (charset != NULL || !str_starts_nocase(name, STR("iso")))
		return charset;
	if (number.len > 0 && number.p[0] == '_')
		number = str_from(number, 1);
	if (number.len == 0 || number.len > sizeof(room) - 4)
		return NULL;
	memcpy(room + 4, number.p, number.len);
	return find_row((struct str){ room, 4 + number.len });
}

static void
pin_module(const struct charset *charset, const char *iconv_name)
{
	_Atomic(iconv_t) *pin = &pins[charset - charsets];
	iconv_t fresh, other;

	if (atomic_load(pin) != NULL)
		return;
	if ((fresh = iconv_open("UTF-8", iconv_name)) == (iconv_t)-1)
		return;
	other = atomic_exchange(pin, fresh);
	if (other != NULL)
		iconv_close(other); /* two threads came at once */
}

/* The first bytes, which the converter refused, are passed in another way. */
static struct str
skip_wrong(struct buf *out, struct str bytes, enum reading reading)
{
	size_t unit = reading == READ_UTF16 ? 2 : reading == READ_UTF32 ? 4 : 1;

	if (unit > 1) {
		add_code_point(out, REPLACEMENT);
		return str_from(bytes, unit);
	}
	add_windows_1252(out, (unsigned char)bytes.p[0]);
	return str_from(bytes, 1);
}

static bool
convert(struct buf *out, iconv_t cd, struct str *bytes, enum reading reading,
    size_t end)
{
	char window[WINDOW_BYTES];
	bool is_ok = true, is_flushing = false;

	while (out->len < end) {
		/* iconv's prototype is not const, its behaviour is. */
		char *in = (char *)(uintptr_t)bytes->p, *to = window;
		size_t to_len = sizeof(window), rc;

		rc = iconv(
		    cd, is_flushing ? NULL : &in, &bytes->len, &to, &to_len);
		if (!is_flushing)
			bytes->p = in;
		buf_add(out, (struct str){ window, sizeof(window) - to_len });
		if (rc == (size_t)-1 && errno == E2BIG)
			continue;
		if (is_flushing)
			return is_ok;
		if (rc == (size_t)-1 && bytes->len > 0) {
			is_ok = false;
			*bytes = skip_wrong(out, *bytes, reading);
		}
		is_flushing = bytes->len == 0;
	}
	return is_ok;
}

static bool
decode_by_iconv(struct buf *out, const struct charset *charset,
    const char *iconv_name, struct str *bytes, size_t max_bytes)
{
	size_t end = out_end(out, max_bytes);
	iconv_t cd;
	bool is_ok;

	pin_module(charset, iconv_name);
	if ((cd = iconv_open("UTF-8", iconv_name)) == (iconv_t)-1) {
		charset_read_some(out, bytes, max_bytes);
		return false;
	}
	is_ok = convert(out, cd, bytes, charset->reading, end);
	iconv_close(cd);
	return is_ok;
}

/*
 * Without a mark UTF-16 is big-endian (RFC 2781 section 4.3), and iconv would
 * take the order of the host. But many programs forget the mark of the other
 * order, too, so zeros tell: in text they are the upper halves.
 */
static bool
is_little_endian(struct str bytes, size_t unit)
{
	size_t n_first = 0, n_last = 0;

	for (size_t i = 0; i + unit <= bytes.len && i < 256; i += unit) {
		n_first += bytes.p[i] == '\0';
		n_last += bytes.p[i + unit - 1] == '\0';
	}
	return n_last > n_first;
}

static const char *
utf16_name(struct str *bytes)
{
	if (str_starts(*bytes, STR("\xff\xfe")) ||
	    str_starts(*bytes, STR("\xfe\xff"))) {
		bool is_little = (unsigned char)bytes->p[0] == 0xff;

		*bytes = str_from(*bytes, 2);
		return is_little ? "UTF-16LE" : "UTF-16BE";
	}
	return is_little_endian(*bytes, 2) ? "UTF-16LE" : "UTF-16BE";
}

static const char *
utf32_name(struct str *bytes)
{
	if (str_starts(*bytes, STR("\xff\xfe\0\0")) ||
	    str_starts(*bytes, STR("\0\0\xfe\xff"))) {
		bool is_little = (unsigned char)bytes->p[0] == 0xff;

		*bytes = str_from(*bytes, 4);
		return is_little ? "UTF-32LE" : "UTF-32BE";
	}
	return is_little_endian(*bytes, 4) ? "UTF-32LE" : "UTF-32BE";
}

/* Between ~{ and ~} stand the two bytes of GB 2312 without their high bits
 * (RFC 1843): with them it is GB 18030. */
static bool
decode_hz(struct buf *out, const struct charset *charset, struct str *bytes,
    size_t max_bytes)
{
	struct buf plain = { 0 };
	struct str rest;
	bool is_gb = false, is_ok;

	for (size_t i = 0; i < bytes->len; i++) {
		char c = bytes->p[i];
		char next = i + 1 < bytes->len ? bytes->p[i + 1] : '\0';

		if (c == '~' && (next == '{' || next == '}')) {
			is_gb = next == '{';
			i++;
		} else if (c == '~' && (next == '~' || next == '\n')) {
			if (next == '~')
				buf_byte(&plain, '~');
			i++;
		} else {
			is_gb = is_gb && c != '\n';
			buf_byte(&plain, is_gb && c > ' ' && c < '\x7f'
					     ? (char)(c | 0x80)
					     : c);
		}
	}
	rest = buf_str(&plain);
	is_ok = decode_by_iconv(
	    out, charset, charset->iconv_name, &rest, max_bytes);
	/* About there: shifts are bytes, too. */
	*bytes = str_from(*bytes, bytes->len - rest.len);
	buf_done(&plain);
	return is_ok;
}

bool
charset_decode_some(
    struct buf *out, struct str name, struct str *bytes, size_t max_bytes)
{
	const struct charset *charset = find_charset(name);
	const char *iconv_name = NULL;
	bool is_right;

	if (charset == NULL) {
		charset_read_some(out, bytes, max_bytes);
		return false;
	}
	switch (charset->reading) {
	case READ_ASCII:
		is_right = utf8_is_ascii(*bytes);
		charset_read_some(out, bytes, max_bytes);
		return is_right;
	case READ_UTF8:
		return charset_read_some(out, bytes, max_bytes);
	case READ_HZ:
		return decode_hz(out, charset, bytes, max_bytes);
	case READ_UTF16:
		if ((iconv_name = charset->iconv_name) == NULL)
			iconv_name = utf16_name(bytes);
		break;
	case READ_UTF32:
		if ((iconv_name = charset->iconv_name) == NULL)
			iconv_name = utf32_name(bytes);
		break;
	case READ_ICONV:
		iconv_name = charset->iconv_name;
		break;
	}
	return decode_by_iconv(out, charset, iconv_name, bytes, max_bytes);
}

bool
charset_decode(struct buf *out, struct str name, struct str bytes)
{
	return charset_decode_some(out, name, &bytes, SIZE_MAX);
}
