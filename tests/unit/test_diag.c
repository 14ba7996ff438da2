/* Diagnostics as people see them: order, carets, columns, and their count. */
#include "base/utf8.h"
#include "rules/diag.h"
#include "rules_kit.h"

static const struct source source = { "a.rules",
	{ "first line\n\tsecond line\nthird\r\n", 32 } };

static void
check_rendered(const struct diags *diags, const char *want)
{
	struct buf got = { 0 };

	diags_render(diags, &got);
	if (!str_is(buf_str(&got), want))
		fail_msg("got:\n%s\nwant:\n%s", got.len > 0 ? got.p : "", want);
	buf_done(&got);
}

static struct pos
at(uint32_t offset, uint32_t len)
{
	return (struct pos){ &source, offset, len };
}

static void
test_nothing_is_said_of_nothing(void **state)
{
	struct diags *diags = diags_new();

	(void)state;
	check_rendered(diags, "");
	diags_free(diags);
	diags_free(NULL);
}

static void
test_a_caret_stands_below_what_it_means(void **state)
{
	struct diags *diags = diags_new();

	(void)state;
	diag_add(diags, DIAG_ERROR, at(0, 5), "one %d", 1);
	diag_add(diags, DIAG_WARNING, at(12, 6), "two");
	diag_add(diags, DIAG_ERROR, at(24, 0), "three");
	check_rendered(diags, "a.rules:1:1: error: one 1\n"
			      "    1 | first line\n"
			      "      | ^~~~~\n"
			      "a.rules:2:2: warning: two\n"
			      "    2 | \tsecond line\n"
			      "      | \t^~~~~~\n"
			      "a.rules:3:1: error: three\n"
			      "    3 | third\n"
			      "      | ^\n"
			      "2 errors, 1 warning\n");
	assert_int_equal(diags_n_errors(diags), 2);
	assert_int_equal(diags_n_warnings(diags), 1);
	diags_free(diags);
}

static void
test_they_come_in_the_order_of_the_file_with_their_notes(void **state)
{
	struct diags *diags = diags_new();

	(void)state;
	diag_add(diags, DIAG_ERROR, at(24, 5), "late");
	diag_add(diags, DIAG_NOTE, at(24, 5), "same place");
	diag_add(diags, DIAG_NOTE, at(0, 5), "elsewhere");
	diag_add(diags, DIAG_ERROR, at(0, 5), "early");
	diag_add(diags, DIAG_ERROR, at(0, 5), "early, too");
	check_rendered(diags, "a.rules:1:1: error: early\n"
			      "    1 | first line\n"
			      "      | ^~~~~\n"
			      "a.rules:1:1: error: early, too\n"
			      "    1 | first line\n"
			      "      | ^~~~~\n"
			      "a.rules:3:1: error: late\n"
			      "    3 | third\n"
			      "      | ^~~~~\n"
			      "a.rules:3:1: note: same place\n"
			      "a.rules:1:1: note: elsewhere\n"
			      "    1 | first line\n"
			      "      | ^~~~~\n"
			      "3 errors\n");
	diags_free(diags);
}

static void
test_one_without_a_place_stands_alone(void **state)
{
	static const struct pos nowhere;
	struct diags *diags = diags_new();

	(void)state;
	diag_add(diags, DIAG_ERROR, nowhere, "no file matches x");
	check_rendered(diags, "error: no file matches x\n1 error\n");
	diags_free(diags);
}

static void
test_columns_count_characters(void **state)
{
	static const struct {
		const char *text;
		uint32_t at, len;
		const char *want;
	} cases[] = {
		{ "aü€😀b", 1, 2,
		    "x:1:2: error: y\n    1 | aü€😀b\n      |  ^\n1 error\n" },
		{ "aü€😀b", 10, 1,
		    "x:1:5: error: y\n    1 | aü€😀b\n      |     ^\n"
		    "1 error\n" },
		{ "ü€", 0, 5,
		    "x:1:1: error: y\n    1 | ü€\n      | ^~\n1 error\n" },
		{ "\xff\x80"
		  "a",
		    2, 1,
		    "x:1:3: error: y\n    1 | ??a\n      |   ^\n1 error\n" },
		{ "\x1b[2J\x7f\xc2\x9b"
		  "a",
		    7, 1,
		    "x:1:7: error: y\n    1 | ?[2J??a\n      |       ^\n"
		    "1 error\n" },
		{ "a\n\n", 3, 0,
		    "x:3:1: error: y\n    3 | \n      | ^\n1 error\n" },
		{ "abc", 1, 99,
		    "x:1:2: error: y\n    1 | abc\n      |  ^~\n1 error\n" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct source one = { "x", str_of(cases[i].text) };
		struct pos pos = { &one, cases[i].at, cases[i].len };
		struct diags *diags = diags_new();

		diag_add(diags, DIAG_ERROR, pos, "y");
		check_rendered(diags, cases[i].want);
		diags_free(diags);
	}
}

static void
test_long_lines_are_shown_around_the_caret(void **state)
{
	char text[3001];
	struct source one = { "x", { text, 3000 } };
	struct pos pos = { &one, 1500, 1000 };
	struct diags *diags = diags_new();
	struct buf got = { 0 };

	(void)state;
	memset(text, '-', sizeof(text));
	text[1500] = 'X';
	diag_add(diags, DIAG_ERROR, pos, "y");
	diags_render(diags, &got);
	assert_true(got.len < 600);
	assert_non_null(strstr(got.p, "x:1:1501: error"));
	/* The X and the caret are in the same column. */
	assert_int_equal(strchr(got.p, 'X') - strstr(got.p, "    1 | "),
	    strchr(got.p, '^') - strstr(got.p, "      | "));
	buf_done(&got);
	diags_free(diags);
}

static void
test_messages_are_clean_text(void **state)
{
	struct diags *diags = diags_new();
	struct buf got = { 0 };
	char text[3000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	diag_add(diags, DIAG_ERROR, at(0, 1), "\x1b[1m\n\xff%s", "x");
	diag_add(diags, DIAG_ERROR, at(0, 1), "%s", text);
	memset(text, 0xc3, sizeof(text) - 1);
	diag_add(diags, DIAG_ERROR, at(0, 1), "%s", text);
	diags_render(diags, &got);
	assert_non_null(strstr(got.p, "error: ?[1m??x\n"));
	assert_true(utf8_bad(buf_str(&got)) < 0);
	assert_true(got.len < 3000);
	buf_done(&got);
	diags_free(diags);
}

static void
test_after_twenty_there_is_only_a_count(void **state)
{
	struct diags *diags = diags_new();
	struct buf got = { 0 };
	size_t n_lines = 0;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		diag_add(diags, DIAG_ERROR, at(i % 10, 1), "error %u", i);
		diag_add(diags, DIAG_NOTE, at(i % 10, 1), "note %u", i);
	}
	assert_int_equal(diags_n_errors(diags), 5000);
	diags_render(diags, &got);
	for (size_t i = 0; i < got.len; i++)
		n_lines += got.p[i] == '\n';
	assert_int_equal(n_lines, 20 * 4 + 2);
	assert_non_null(strstr(got.p, "\n… and 4980 more\n5000 errors\n"));
	buf_done(&got);
	diags_free(diags);
}

static void
note_freed(void *object)
{
	*(bool *)object = true;
}

static void
test_what_is_kept_lives_as_long(void **state)
{
	struct diags *diags = diags_new();
	bool is_freed[2] = { false, false };

	(void)state;
	diags_keep(diags, &is_freed[0], note_freed);
	diags_keep(diags, &is_freed[1], note_freed);
	check_rendered(diags, "");
	assert_false(is_freed[0] || is_freed[1]);
	diags_free(diags);
	assert_true(is_freed[0] && is_freed[1]);
}

static void
check_first(const char *text, const char *want)
{
	struct str line = diags_first_error(str_of(text));

	assert_true(str_is(line, want));
}

static void
test_the_first_error_is_found_behind_warnings(void **state)
{
	(void)state;
	check_first(
	    "a:1:1: warning: w\n  1 | x\nb:2:1: error: e\nc: error: f\n",
	    "b:2:1: error: e");
	check_first("two\n1 of 2 tests failed\n", "1 of 2 tests failed");
	check_first("no word\nof it\n", "no word");
	check_first("no end: error: e", "no end: error: e");
	check_first("", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_said_of_nothing),
		cmocka_unit_test(test_a_caret_stands_below_what_it_means),
		cmocka_unit_test(
		    test_they_come_in_the_order_of_the_file_with_their_notes),
		cmocka_unit_test(test_one_without_a_place_stands_alone),
		cmocka_unit_test(test_columns_count_characters),
		cmocka_unit_test(test_long_lines_are_shown_around_the_caret),
		cmocka_unit_test(test_messages_are_clean_text),
		cmocka_unit_test(test_after_twenty_there_is_only_a_count),
		cmocka_unit_test(test_what_is_kept_lives_as_long),
		cmocka_unit_test(test_the_first_error_is_found_behind_warnings),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
