/*
 * Text of mail on a terminal, the mark below a match, and the line that tells
 * how far a replay is.
 */
#include "tool/show/progress.h"
#include "tool/show/shown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

struct shown_case {
	struct str text;
	size_t width;
	const char *want;
};

#define CASE(text, width, want)                                                \
	{                                                                      \
		{ text, sizeof(text) - 1 }, width, want                        \
	}

static void
what_steers_or_hides_is_written_out(void **state)
{
	static const struct shown_case cases[] = {
		CASE("plain", SHOWN_ALL, "plain"),
		CASE("a\r\n\tb\\", SHOWN_ALL, "a\\r\\n\\tb\\\\"),
		CASE("\033[2J", SHOWN_ALL, "\\x1b[2J"),
		CASE("a\0b", SHOWN_ALL, "a\\x00b"),
		CASE("\302\233m", SHOWN_ALL, "\\u{9b}m"), /* a C1 control */
		CASE("\233m\377", SHOWN_ALL, "\\x9bm\\xff"),
		CASE("a\342\200\256b", SHOWN_ALL, "a\\u{202e}b"),
		CASE("v\342\200\213i", SHOWN_ALL, "v\\u{200b}i"),
		CASE("gr\303\274n", SHOWN_ALL, "gr\303\274n"),
		CASE("abcdef", 3, "abc"),
		CASE("ab\ncd", 3, "ab"), /* an escape is whole or not there */
		CASE("\346\227\245\346\227\245", 3, "\346\227\245"),
		CASE("", 5, ""),
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		buf_clear(&out);
		shown_add(&out, cases[i].text, cases[i].width);
		if (!str_is(buf_str(&out), cases[i].want))
			fail_msg("case %zu: \"%s\"", i, buf_str(&out).p);
	}
	buf_done(&out);
}

static void
what_is_cut_tells_how_long_it_was(void **state)
{
	struct buf out = { 0 };

	(void)state;
	shown_quoted(&out, STR("0123456789"), 40);
	assert_string_equal(out.p, "\"0123456789\"");
	buf_clear(&out);
	shown_quoted(&out, STR("0123456789012345678901234567890123456789"), 30);
	assert_string_equal(out.p, "\"01234567890123\"... (40 bytes)");
	assert_int_equal(out.len, 30);
	buf_done(&out);
}

static void
a_place_is_line_and_character(void **state)
{
	struct str text = STR("ab\n\303\274x\n");
	size_t line, column;

	(void)state;
	shown_place(text, 0, &line, &column);
	assert_true(line == 1 && column == 1);
	shown_place(text, 5, &line, &column);
	assert_true(line == 2 && column == 2);
	shown_place(text, 999, &line, &column);
	assert_true(line == 3 && column == 1);
}

struct mark_case {
	struct str text;
	size_t from, to, indent, width;
	const char *want;
};

static void
a_match_is_marked_in_its_line(void **state)
{
	static const struct mark_case cases[] = {
		{ { "one\ntwo three\nfour", 18 }, 8, 13, 2, 80,
		    "  two three\n      ^^^^^\n" },
		{ { "one\r\ntwo", 8 }, 0, 3, 0, 80, "one\n^^^\n" },
		/* over the end of the line */
		{ { "one\ntwo", 7 }, 2, 5, 0, 80, "one\n  ^\n" },
		/* nothing matched, at the end */
		{ { "one", 3 }, 3, 3, 0, 80, "one\n   ^\n" },
		/* cut on both sides */
		{ { "aaaaaaaaaaaaaaaaaaaaaaaabcccccccccccccccccccccccccc", 51 },
		    24, 25, 0, 20, "aaaaaaaabccccccccccc\n        ^\n" },
		/* an escape before, and in it */
		{ { "\tx\ty", 4 }, 1, 4, 0, 80, "\\tx\\ty\n  ^^^^\n" },
		/* two columns each */
		{ { "\346\227\245x", 4 }, 3, 4, 0, 80, "\346\227\245x\n  ^\n" },
		/* bytes of no character */
		{ { "\200\200\200\200\200x", 6 }, 5, 6, 0, 80,
		    "\\x80\\x80\\x80\\x80\\x80x\n                    ^\n" },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct mark_case *c = &cases[i];

		buf_clear(&out);
		shown_mark(&out, c->text, c->from, c->to, c->indent, c->width);
		if (!str_is(buf_str(&out), c->want))
			fail_msg("case %zu:\n%s", i, buf_str(&out).p);
	}
	buf_done(&out);
}

static void
progress_fits_every_width(void **state)
{
	const struct progress half = {
		.total = 1000, .bytes = 500, .n_mails = 123456
	};
	struct buf out = { 0 };

	(void)state;
	for (unsigned width = 0; width < 200; width++) {
		buf_clear(&out);
		progress_line(&half, 10 * 1000000, width, &out);
		assert_true(out.len <= width);
	}
	assert_non_null(strstr(out.p, " 50%  [####"));
	assert_non_null(strstr(out.p, "123456 mails  12346/s  10s left"));
	buf_done(&out);
}

static void
progress_promises_nothing_that_is_not_known(void **state)
{
	struct progress progress = { .n_mails = 7, .bytes = 10 };
	struct buf out = { 0 };

	(void)state;
	progress_line(&progress, 5 * 1000000, 80, &out);
	assert_string_equal(out.p, "7 mails  1/s");
	progress.total = 5; /* the file has grown */
	buf_clear(&out);
	progress_line(&progress, 5 * 1000000, 80, &out);
	assert_true(str_starts(buf_str(&out), STR("100%  [####")));
	buf_clear(&out);
	progress_line(&progress, 1000, 30, &out); /* no rate yet */
	assert_true(str_ends_nocase(buf_str(&out), STR("7 mails")));
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_steers_or_hides_is_written_out),
		cmocka_unit_test(what_is_cut_tells_how_long_it_was),
		cmocka_unit_test(a_place_is_line_and_character),
		cmocka_unit_test(a_match_is_marked_in_its_line),
		cmocka_unit_test(progress_fits_every_width),
		cmocka_unit_test(progress_promises_nothing_that_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
