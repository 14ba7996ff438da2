/* What commands print: tables, JSON, times, and the words behind them. */
#include "rules_kit.h"
#include "tool/desk/clause.h"
#include "tool/show/grid.h"
#include "tool/show/json.h"
#include "tool/show/when.h"

#include <time.h>

#define NOW_MS (KIT_NOW_MS + INT64_C(15) * 3600 * 1000) /* 15:00 UTC */

static void
assert_text(struct str got, const char *want)
{
	if (!str_is(got, want))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

static void
test_columns_are_aligned_by_characters(void **state)
{
	static const struct grid_column columns[] = { { "KEY", false },
		{ "USED", true }, { "NOTE", false } };
	struct arena *arena = arena_new(1024);
	struct buf out = { 0 };
	struct grid grid;

	(void)state;
	grid_init(&grid, arena, columns, 3);
	grid_add(
	    &grid, (struct str[]){ STR("jörg"), STR("1/20"), STR("near") });
	grid_add(&grid, (struct str[]){ STR("anna.b"), STR("7"), STR("") });
	grid_print(&grid, &out);
	assert_text(buf_str(&out), "KEY     USED  NOTE\n"
				   "jörg    1/20  near\n"
				   "anna.b     7\n");
	buf_done(&out);
	arena_free(arena);
}

static void
test_a_cell_is_one_line_that_steers_no_terminal(void **state)
{
	static const struct grid_column columns[] = { { "K", false } };
	struct arena *arena = arena_new(1024);
	struct buf out = { 0 };
	struct grid grid;

	(void)state;
	grid_init(&grid, arena, columns, 1);
	grid_add(&grid, (struct str[]){ STR("a\nb\tc\033[2Jd\xc2\x9b\xff") });
	grid_print(&grid, &out);
	assert_text(buf_str(&out), "K\na\\x0ab\\x09c\\x1b[2Jd\\u{9b}\\xff\n");
	buf_done(&out);
	arena_free(arena);
}

static void
test_a_long_cell_is_cut_between_characters(void **state)
{
	struct buf out = { 0 };

	(void)state;
	text_line(&out, STR("aaaäb"), 4);
	assert_text(buf_str(&out), "aaa...");
	buf_clear(&out);
	text_line(&out, STR("aaaä"), 5);
	assert_text(buf_str(&out), "aaaä");
	buf_done(&out);
}

static void
test_json_has_its_commas_and_escapes(void **state)
{
	struct buf out = { 0 };

	(void)state;
	json_open(&out, NULL, '[');
	json_newline(&out);
	json_open(&out, NULL, '{');
	json_text(&out, "a", STR("\"{[:,"));
	json_text(&out, "b", STR(""));
	json_number(&out, "n", 18446744073709551615U);
	json_open(&out, "inner", '{');
	json_close(&out, '}');
	json_field(&out, STR("fact.\"x"), STR("\n\xff"));
	json_bool(&out, "yes", true);
	json_null(&out, "none");
	json_time(&out, "at", KIT_NOW_MS);
	json_time(&out, "never", 0);
	json_close(&out, '}');
	json_newline(&out);
	json_text(&out, NULL, STR("x"));
	buf_byte(&out, '\n');
	json_close(&out, ']');
	assert_text(buf_str(&out),
	    "[\n {\"a\":\"\\\"{[:,\",\"b\":\"\",\"n\":18446744073709551615,"
	    "\"inner\":{},\"fact.\\\"x\":\"\\u000a\xef\xbf\xbd\",\"yes\":true,"
	    "\"none\":null,\"at\":\"2026-01-01T00:00:00Z\",\"never\":null},"
	    "\n \"x\"\n]");
	buf_done(&out);
}

static void
test_spans_are_told_by_two_units(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} cases[] = {
		{ -5, "0s" },
		{ 0, "0s" },
		{ 1, "1s" },
		{ 1001, "2s" },
		{ 119000, "119s" },
		{ 119001, "2m" },
		{ 120001, "2m" },
		{ 150000, "3m" },
		{ 3600000, "1h" },
		{ 3599000, "1h" },
		{ 3660000, "1h 1m" },
		{ 86400000, "1d" },
		{ 86400001, "1d" },
		{ INT64_C(27) * 3600000, "1d 3h" },
		{ INT64_C(10) * 86400000, "10d" },
	};
	char text[WHEN_MAX];

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		assert_text(when_span(cases[i].ms, text), cases[i].want);
}

static void
test_times_name_the_day_unless_it_is_today(void **state)
{
	char text[WHEN_MAX];

	(void)state;
	assert_text(when_text(NOW_MS, NOW_MS, text), "15:00:00");
	assert_text(when_text(NOW_MS + 9 * 3600000, NOW_MS, text),
	    "2026-01-02 00:00:00");
	assert_text(
	    when_both(NOW_MS + 720000, NOW_MS, text), "15:12:00 (in 12m)");
	assert_text(
	    when_both(NOW_MS - 720000, NOW_MS, text), "14:48:00 (12m ago)");
	assert_text(when_utc(NOW_MS, text), "2026-01-01T15:00:00Z");
}

static void
test_what_is_read_aloud_is_never_too_early(void **state)
{
	char text[WHEN_MAX];

	(void)state;
	assert_text(
	    when_spoken(NOW_MS + 721000, NOW_MS, text), "15:13 (in 12 min)");
	assert_text(
	    when_spoken(NOW_MS + 45000, NOW_MS, text), "15:00:45 (in 45 s)");
	assert_text(
	    when_spoken(NOW_MS + 45001, NOW_MS, text), "15:00:46 (in 46 s)");
	assert_text(when_spoken(NOW_MS + INT64_C(33) * 3600000, NOW_MS, text),
	    "Sat 2026-01-03 00:00 (in 1 d 9 h)");
}

static void
check_clause(
    const char *line, const char *subject, uint32_t for_sec, const char *reason)
{
	struct arena *arena = arena_new(1024);
	struct buf error = { 0 };
	struct clause clause;
	char copy[512], *words[16], *rest = copy;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word; (word = strsep(&rest, "|")) != NULL;)
		words[n++] = word;
	if (clause_parse(arena, n, words, &clause, &error) == -1)
		fail_msg("\"%s\": %s", line, error.p);
	assert_text(clause.subject, subject);
	assert_int_equal(clause.for_sec, for_sec);
	assert_true(clause.has_for == (for_sec > 0));
	assert_text(clause.reason, reason);
	buf_done(&error);
	arena_free(arena);
}

static void
test_a_clause_ends_the_words(void **state)
{
	(void)state;
	check_clause("x5|for|4h|reason|a list", "x5", 4 * 3600, "a list");
	check_clause("40/1m,|400/1h|for|30m", "40/1m, 400/1h", 1800, "");
	check_clause("reason|two|words", "", 0, "two words");
	check_clause("a|reason|for|anna|reason", "a", 0, "for anna reason");
	check_clause("x5|for|1d|reason|a\nb\033c", "x5", 86400, "a b c");
}

static void
test_a_reason_is_cut_between_characters(void **state)
{
	char line[512] = "reason|";

	(void)state;
	memset(line + 7, 'a', 199);
	strcpy(line + 7 + 199, "äb");
	line[7 + 199 + 3] = '\0';
	struct arena *arena = arena_new(1024);
	struct buf error = { 0 };
	struct clause clause;
	char *words[] = { line, line + 7 };

	line[6] = '\0';
	assert_int_equal(clause_parse(arena, 2, words, &clause, &error), 0);
	assert_int_equal(clause.reason.len, 199);
	buf_done(&error);
	arena_free(arena);
}

static void
check_wrong(const char *a, const char *b, const char *c, const char *want)
{
	char copies[3][64], *words[3];
	const char *const given[3] = { a, b, c };
	struct arena *arena = arena_new(1024);
	struct buf error = { 0 };
	struct clause clause;
	int n = 0;

	for (; n < 3 && given[n] != NULL; n++) {
		snprintf(copies[n], sizeof(copies[n]), "%s", given[n]);
		words[n] = copies[n];
	}
	assert_int_equal(clause_parse(arena, n, words, &clause, &error), -1);
	if (strstr(error.p, want) == NULL)
		fail_msg("\"%s\" says nothing of %s", error.p, want);
	buf_done(&error);
	arena_free(arena);
}

static void
test_a_wrong_clause_says_what_was_expected(void **state)
{
	(void)state;
	check_wrong("x5", "for", NULL, "needs a duration");
	check_wrong("for", "ever", NULL, "not 'ever'");
	check_wrong("for", "1h", "becuase", "'becuase' was not expected");
	check_wrong("for", "1h", "reason", "needs a text");
	check_wrong("reason", " ", NULL, "needs a text");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_aligned_by_characters),
		cmocka_unit_test(
		    test_a_cell_is_one_line_that_steers_no_terminal),
		cmocka_unit_test(test_a_long_cell_is_cut_between_characters),
		cmocka_unit_test(test_json_has_its_commas_and_escapes),
		cmocka_unit_test(test_spans_are_told_by_two_units),
		cmocka_unit_test(test_times_name_the_day_unless_it_is_today),
		cmocka_unit_test(test_what_is_read_aloud_is_never_too_early),
		cmocka_unit_test(test_a_clause_ends_the_words),
		cmocka_unit_test(test_a_reason_is_cut_between_characters),
		cmocka_unit_test(test_a_wrong_clause_says_what_was_expected),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
