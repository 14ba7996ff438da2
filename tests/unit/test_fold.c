/*
 * Text as it looks: what is dropped, what becomes plain, what stays.
 */
#include "base/buf.h"
#include "mime/fold.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))
#define PLENTY      100000
#define CODE_END    0x110000
#define GROWTH_MAX  6 /* of one character */

struct fold_case {
	const char *what;
	const char *text;
	const char *want; /* NULL: stays */
};

static const struct fold_case cases[] = {
	{ "ASCII", "Cheap <pills>, 100% & more~\n\t\r", NULL },
	{ "nothing", "", NULL },
	{ "Chinese", "便宜的药", NULL },
	{ "Hindi", "सस्ती दवा", NULL },
	{ "Arabic", "رخيص", NULL },
	{ "Hebrew with points", "שָׁלוֹם", NULL },
	{ "Thai", "ถูก", NULL },
	{ "Hangul", "싼 약", NULL },
	/* not seen */
	{ "zero width",
	    "v\u200bi\u200ca\u200dg\u2060r\ufeff"
	    "a",
	    "viagra" },
	{ "soft hyphens", "v\u00adiagra", "viagra" },
	{ "bidi, turned", "a\u202ed\u0435\u00e4b\u202c\u202ex\n\u202e",
	    "abaedx\n" },
	{ "bidi", "\u202dv\u2066iagra\u2069\u200f\u061c", "viagra" },
	{ "joiners and fillers",
	    "v\u034fi\u115f"
	    "a\u3164g\uffa0ra\u180e",
	    "viagra" },
	{ "variation selectors", "v\ufe0fi\U000e0100agra", "viagra" },
	{ "tags", "v\U000e0041iagra", "viagra" },
	{ "controls",
	    "v\x01ia\x1bgr\x7f"
	    "a",
	    "viagra" },
	{ "blanks", "a\u00a0b\u2003c\u3000d\u2028e\u202ff\u1680g\x0bh",
	    "a b c d e f g h" },
	/* compatibility forms */
	{ "full width", "Ｖｉａｇｒａ，１００％", "Viagra,100%" },
	{ "half width kana", "ｶﾞ", "カ\u3099" },
	{ "mathematical", "𝐯𝑖𝒂𝓰𝔯𝕒 𝟏𝟐𝟘 𝘝𝙸", "viagra 120 VI" },
	{ "letterlike", "ℂ𝔥ℯ𝒶ℙ ℡ №", "CheaP TEL No" },
	{ "circled", "ⓥⓘⓐⓖⓡⓐ Ⓥ ① ⑳ ㊿", "viagra V 1 20 50" },
	{ "in parentheses", "⒱⑵", "(v)(2)" },
	{ "white on black", "🅥🅸🅰", "VIA" },
	{ "flags", "🇩🇪", "DE" },
	{ "super and subscripts", "x² ᵛⁱᵃᵍʳᵃ H₂O", "x2 viagra H2O" },
	{ "ligatures", "ﬁne oﬃce ﬅ", "fine office st" },
	{ "roman numerals", "Ⅷ ⅳ ⅼ", "VIII iv l" },
	{ "fractions", "½", "1/2" },
	{ "dots", "and so on…", "and so on..." },
	{ "squared", "㎏ ㏂", "kg a.m." },
	/* marks */
	{ "accents", "é ü ñ ç ő Ț ắ", "e u n c o T a" },
	{ "accents apart", "e\u0301 a\u0302\u0300", "e a" },
	{ "much of it", "v\u0336i\u0337\u0301a\u0488g\u20ddra", "viagra" },
	{ "at the beginning", "\u0301x", "x" },
	{ "on a digit", "1\ufe0f\u20e3", "1" },
	{ "on others stay", "か\u0301", NULL },
	{ "Greek", "Ά", "A" },
	{ "Cyrillic", "й", "и" },
	/* look-alikes */
	{ "Cyrillic", "сһеар рауραl", "cheap paypal" },
	{ "Greek", "ΡαγΡαΙ", "PayPaI" },
	{ "Armenian", "օոսհ", "onuh" },
	{ "Cherokee", "ᏴᎪΝᏦ", "BANK" },
	{ "Lisu", "ꓐꓮꓠꓗ", "BANK" },
	{ "Latin", "łøđıŋ ɑɡ ᴀ", "lodin ag a" },
	{ "small letters", "æ œ ß", "ae oe ss" },
	{ "quotes", "“don’t” ‹x›", "\"don't\" <x>" },
	{ "dashes", "a‐b–c—d−e", "a-b-c-d-e" },
	{ "case stays", "СОРЕ соре", "COPE cope" },
	/* mixed */
	{ "fast runs between", "0123456789abcdefé0123456789abcdef\u200b",
	    "0123456789abcdefe0123456789abcdef" },
};

static void
text_is_folded_to_what_it_looks_like(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		bool is_changed;

		buf_clear(&out);
		buf_add_cstr(&out, ">");
		is_changed = fold(str_of(cases[i].text), PLENTY, &out);
		if (is_changed != (cases[i].want != NULL) ||
		    !str_is(str_from(buf_str(&out), 1),
			is_changed ? cases[i].want : ""))
			fail_msg("%s: '%s' became '%.*s'", cases[i].what,
			    cases[i].text, STR_ARG(buf_str(&out)));
	}
	buf_done(&out);
}

/* Each character: valid, bounded, and what comes out stays so. */
static void
each_character_folds_to_what_stays(void **state)
{
	struct buf out = { 0 }, again = { 0 };

	(void)state;
	for (uint32_t code = 0; code < CODE_END; code++) {
		char bytes[5];
		struct str text = { bytes, 0 };

		if (code >= 0xd800 && code < 0xe000)
			continue;
		bytes[0] = 'x'; /* so that marks have something to stand on */
		text.len = 1 + utf8_write(code, bytes + 1);
		buf_clear(&out);
		buf_clear(&again);
		if (!fold(text, PLENTY, &out))
			continue;
		if (utf8_bad(buf_str(&out)) >= 0 ||
		    out.len > text.len * GROWTH_MAX ||
		    fold(buf_str(&out), PLENTY, &again))
			fail_msg("U+%04X becomes '%.*s', then '%.*s'",
			    (unsigned)code, STR_ARG(buf_str(&out)),
			    STR_ARG(buf_str(&again)));
	}
	buf_done(&out);
	buf_done(&again);
}

static void
no_more_than_the_cap_is_written(void **state)
{
	static const char text[] = "aé€ﬃ\u200b𝐯b⒱";
	struct buf all = { 0 }, out = { 0 };

	(void)state;
	assert_true(fold(STR(text), PLENTY, &all));
	for (size_t max = 0; max <= all.len + 1; max++) {
		buf_clear(&out);
		assert_true(fold(STR(text), max, &out));
		assert_true(out.len <= max &&
			    out.len + 4 > (max < all.len ? max : all.len));
		assert_true(str_starts(buf_str(&all), buf_str(&out)));
		assert_int_equal(utf8_bad(buf_str(&out)), -1);
	}
	assert_true(str_eq(buf_str(&all), buf_str(&out)));
	buf_done(&all);
	buf_done(&out);
}

/* What is plain is found eight bytes at a time: at each place and length. */
static void
each_byte_is_looked_at(void **state)
{
	char text[40];
	struct buf out = { 0 };

	(void)state;
	for (size_t len = 1; len < sizeof(text); len++) {
		for (size_t at = 0; at < len; at++) {
			memset(text, '~', sizeof(text));
			text[at] = '\x01';
			buf_clear(&out);
			assert_true(
			    fold((struct str){ text, len }, PLENTY, &out));
			assert_int_equal(out.len, len - 1);
			text[at] = '\n';
			assert_false(
			    fold((struct str){ text, len }, PLENTY, &out));
		}
	}
	buf_done(&out);
}

struct unseen_case {
	uint32_t code;
	bool is_unseen;
};

static void
what_is_unseen_is_known(void **state)
{
	static const struct unseen_case unseen[] = { { 'a', false },
		{ '.', false }, { ' ', true }, { '\n', true }, { 0xa0, true },
		{ 0xad, true }, { 0x200b, true }, { 0x2007, true },
		{ 0x301, true }, { 0xe9, false }, { 0x4f60, false },
		{ 0xfb01, false }, { 0xe0041, true }, { 0x10ffff, false } };

	(void)state;
	for (size_t i = 0; i < N_OF(unseen); i++)
		if (fold_is_unseen(unseen[i].code) != unseen[i].is_unseen)
			fail_msg("U+%04X", (unsigned)unseen[i].code);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_folded_to_what_it_looks_like),
		cmocka_unit_test(each_character_folds_to_what_stays),
		cmocka_unit_test(no_more_than_the_cap_is_written),
		cmocka_unit_test(each_byte_is_looked_at),
		cmocka_unit_test(what_is_unseen_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
