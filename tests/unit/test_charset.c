/* charset: names that mail uses, and bytes that are not of their charset. */
#include "base/utf8.h"
#include "mime/charset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* STR is no constant initializer. */
#define T(text)                                                                \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

static const struct {
	const char *name;
	struct str bytes;
	const char *want;
	bool is_ok;
} cases[] = {
	{ "UTF-8", T("\xc3\xa9"), "é", true },
	{ "utf-8", T("\xe9"), "é", false },
	{ "us-ascii", T("a"), "a", true },
	{ "us-ascii", T("\xe9"), "é", false },
	{ "iso-8859-1", T("\xe9\x80"), "é€", true },
	{ "iso-8859-9", T("\xfd\x93"), "ı“", true },
	{ "iso8859-15", T("\xa4"), "€", true },
	{ "ISO_8859-2", T("\xb9"), "š", true },
	{ "iso_8859-1", T("\x80"), "€", true },
	{ "iso", T("a"), "a", false },
	{ "eucgb2312_cn", T("\xbb\xe1"), "会", true },
	{ "big5_tw", T("\xb7\x7c"), "會", true },
	{ "iso-8859-15", T("\xa4"), "€", true },
	{ "windows-1250", T("\x9a"), "š", true },
	{ "windows-1251", T("\xcf\xf0\xe8"), "При", true },
	{ "windows-1253", T("\xc1\xe2"), "Αβ", true },
	{ "windows-1254", T("\xfd\xfe"), "ış", true },
	{ "windows-1255", T("\xf9\xec"), "של", true },
	{ "windows-1256", T("\xe3\xd1"), "مر", true },
	{ "windows-1257", T("\xf0"), "š", true },
	{ "windows-1258", T("\xd0"), "Đ", true },
	{ "koi8-r", T("\xf0\xd2\xc9"), "При", true },
	{ "koi8-u", T("\xa4"), "є", true },
	{ "cp866", T("\x8f\xe0\xa8"), "При", true },
	{ "x-mac-cyrillic", T("\x8f\xf0\xe8"), "При", true },
	{ "tis-620", T("\xa1\xd2"), "กา", true },
	{ "gb18030", T("\xc4\xe3\xba\xc3"), "你好", true },
	{ "gb2312", T("\xc4\xe3\xba\xc3"), "你好", true },
	{ "hz-gb-2312", T("a~{Dc:C~}~~b"), "a你好~b", true },
	{ "hz-gb-2312", T("~{Dc\n:C"), "你\n:C", true },
	{ "big5", T("\xa7\x41\xa6\x6e"), "你好", true },
	{ "euc-tw", T("\xc4\xe3"), "中", true },
	{ "shift_jis", T("\x82\xb1\x82\xf1"), "こん", true },
	{ "x-sjis", T("\x82\xb1\x82\xf1"), "こん", true },
	{ "euc-jp", T("\xa4\xb3\xa4\xf3"), "こん", true },
	{ "iso-2022-jp", T("\x1b$B$3$s\x1b(B!"), "こん!", true },
	{ "iso-2022-jp-2", T("\x1b$B$3$s\x1b(B!"), "こん!", true },
	{ "iso-2022-kr", T("\x1b$)C\x0e\x3e\x48\x0f"), "안", true },
	{ "iso-2022-cn", T("\x1b$)A\x0e\x44\x63\x0f"), "你", true },
	{ "euc-kr", T("\xbe\xc8"), "안", true },
	{ "ks_c_5601-1987", T("\xbe\xc8"), "안", true },
	{ "utf-7", T("a+AOk-b"), "aéb", true },
	{ "utf-16", T("\xfe\xff\0a\0b"), "ab", true },
	{ "utf-16",
	    T("\xff\xfe"
	      "a\0b\0"),
	    "ab", true },
	{ "utf-16", T("\0a\0b"), "ab", true },
	{ "utf-16", T("a\0b\0"), "ab", true },
	{ "utf-16le", T("a\0b\0"), "ab", true },
	{ "utf-16be", T("\x4f\x60"), "你", true },
	{ "utf-16", T("\0a\xd8\0\0b"),
	    "a\xef\xbf\xbd"
	    "b",
	    false },
	{ "utf-32", T("\0\0\xfe\xff\0\0\0a"), "a", true },
	{ "utf-32", T("\xff\xfe\0\0a\0\0\0"), "a", true },
	{ "utf-32", T("a\0\0\0b\0\0\0"), "ab", true },
	{ "utf-32be", T("\0\0\0a"), "a", true },
	{ "utf-32be", T("\0\x7f\0\0\0\0\0a"),
	    "\xef\xbf\xbd"
	    "a",
	    false },
	{ "koi8-r-from-mars", T("caf\xe9"), "café", false },
	{ "", T("caf\xe9"), "café", false },
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static void
test_charsets_become_utf8(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		struct buf out = { 0 };
		bool is_ok =
		    charset_decode(&out, str_of(cases[i].name), cases[i].bytes);

		if (is_ok != cases[i].is_ok ||
		    !str_is(buf_str(&out), cases[i].want))
			fail_msg("case %zu, %s: \"%.*s\", %d", i, cases[i].name,
			    STR_ARG(buf_str(&out)), is_ok);
		buf_done(&out);
	}
}

/* Whatever the bytes are: text, and not too much of it. */
static void
test_any_bytes_become_utf8_in_bounds(void **state)
{
	char bytes[256 * 3];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 167 + i / 256 * 13);
	for (size_t i = 0; i < N_CASES; i++) {
		for (size_t n = 0; n < sizeof(bytes); n += 7) {
			struct buf out = { 0 };

			charset_decode(&out, str_of(cases[i].name),
			    (struct str){ bytes, n });
			assert_true(utf8_bad(buf_str(&out)) < 0);
			assert_true(out.len <= 4 * n);
			buf_done(&out);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_charsets_become_utf8),
		cmocka_unit_test(test_any_bytes_become_utf8_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
