/*
 * Patterns: matching in segments as if there were none, captures, limits, and
 * many threads on one pattern.
 */
#include "rules/pattern.h"
#include "rules_kit.h"

#include <pthread.h>

#define N_THREADS 8
#define N_ROUNDS  2000

static struct pattern *
compile(const char *regex, const char *flags, bool is_utf8)
{
	struct buf error = { 0 };
	size_t offset;
	struct pattern *pattern =
	    pattern_new(str_of(regex), str_of(flags), is_utf8, &error, &offset);

	if (pattern == NULL)
		fail_msg("/%s/%s: %s", regex, flags, error.p);
	buf_done(&error);
	return pattern;
}

static enum pattern_result
match(const struct pattern *pattern, struct str subject,
    struct pattern_captures *captures)
{
	struct pattern_budget budget = { 10000, 10000000, 0, 0 };

	return pattern_match(pattern, subject, &budget, captures);
}

static void
test_flags_change_what_matches(void **state)
{
	static const struct {
		const char *regex, *flags, *subject;
		bool want, is_utf8;
	} cases[] = {
		{ "abc", "", "xabcx", true, true },
		{ "abc", "", "xABCx", false, true },
		{ "abc", "i", "xABCx", true, true },
		{ "ü", "i", "Ü", true, true },
		{ "ü", "i", "Ü", false, false }, /* bytes have no case */
		{ "ü", "", "ü", true, false },
		{ "^b", "", "a\nb", false, true },
		{ "^b", "m", "a\nb", true, true },
		{ "a$", "", "a\nb", false, true },
		{ "a$", "m", "a\nb", true, true },
		{ "a.b", "", "a\nb", false, true },
		{ "a.b", "s", "a\nb", true, true },
		{ "a b # c", "", "ab", false, true },
		{ "a b # c", "x", "ab", true, true },
		{ "a . B", "six", "A\nb", true, true },
		{ "^.$", "", "ü", true, true },
		{ "^.$", "", "ü", false, false },
		{ "^..$", "", "ü", true, false },
		{ "^\\w$", "", "ü", true, true },
		{ "", "", "", true, true },
		{ "", "", "x", true, true },
		{ "a", "", "", false, true },
		{ "^$", "", "", true, true },
		{ "\\xff\\xfe", "", "a\xff\xfe", true, false },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct pattern *pattern =
		    compile(cases[i].regex, cases[i].flags, cases[i].is_utf8);
		enum pattern_result got =
		    match(pattern, str_of(cases[i].subject), NULL);

		if (got != (cases[i].want ? PATTERN_YES : PATTERN_NO))
			fail_msg("case %zu: /%s/%s on \"%s\"", i,
			    cases[i].regex, cases[i].flags, cases[i].subject);
		pattern_free(pattern);
	}
}

static void
test_what_does_not_compile_has_a_reason_and_an_offset(void **state)
{
	static const struct {
		const char *regex, *flags, *error;
		bool is_utf8;
		size_t offset;
	} cases[] = {
		{ "a(b", "", "missing closing parenthesis", true, 3 },
		{ "*", "", "quantifier does not follow", true, 0 },
		{ "ab", "iq", "unknown flag 'q'", true, 2 + 1 + 1 },
		{ "ab", "I", "unknown flag 'I'", true, 2 + 1 },
		{ "\\C", "", "\\C is disabled", true, 2 },
		{ "(*UTF)a", "", "UTF is disabled", false, 6 },
		{ "ü)", "", "unmatched closing", true, 2 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct buf error = { 0 };
		size_t offset = 999;

		assert_null(pattern_new(str_of(cases[i].regex),
		    str_of(cases[i].flags), cases[i].is_utf8, &error, &offset));
		if (strstr(error.p, cases[i].error) == NULL ||
		    offset != cases[i].offset)
			fail_msg("/%s/%s: \"%s\" at %zu", cases[i].regex,
			    cases[i].flags, error.p, offset);
		buf_done(&error);
	}
}

static void
test_a_pattern_may_have_8192_bytes_and_100_parentheses(void **state)
{
	char text[PATTERN_MAX_BYTES + 2];
	struct buf error = { 0 };
	size_t offset;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[PATTERN_MAX_BYTES] = '\0';
	pattern_free(compile(text, "", true));
	text[PATTERN_MAX_BYTES] = 'a';
	text[PATTERN_MAX_BYTES + 1] = '\0';
	assert_null(pattern_new(str_of(text), STR(""), true, &error, &offset));
	assert_string_equal(error.p, "it is longer than 8192 bytes");
	assert_int_equal(offset, PATTERN_MAX_BYTES);
	buf_done(&error);
	memset(text, '(', 100);
	memset(text + 100, ')', 100);
	text[200] = '\0';
	pattern_free(compile(text, "", true));
	memset(text, '(', 101);
	memset(text + 101, ')', 101);
	text[202] = '\0';
	assert_null(pattern_new(str_of(text), STR(""), true, &error, &offset));
	buf_done(&error);
}

static void
test_captures_are_what_the_groups_matched(void **state)
{
	struct pattern *pattern = compile("(a)(x)?(?<n>b)(\\K)(c)", "", true);
	struct str subject = STR("zabcz");
	struct pattern_captures captures;

	(void)state;
	assert_int_equal(pattern_n_groups(pattern), 5);
	assert_int_equal(match(pattern, subject, &captures), PATTERN_YES);
	assert_true(str_is(captures.groups[0], "c")); /* behind \K */
	assert_true(str_is(captures.groups[1], "a"));
	assert_true(captures.groups[1].p == subject.p + 1);
	assert_int_equal(captures.groups[2].len, 0);
	assert_true(str_is(captures.groups[3], "b"));
	assert_true(str_is(captures.groups[5], "c"));
	for (size_t i = 6; i < PATTERN_CAPTURES_MAX; i++)
		assert_int_equal(captures.groups[i].len, 0);
	pattern_free(pattern);
}

static void
test_groups_over_nine_are_not_kept(void **state)
{
	struct pattern *pattern =
	    compile("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)", "", true);
	struct pattern_captures captures;

	(void)state;
	assert_int_equal(pattern_n_groups(pattern), 11);
	assert_int_equal(
	    match(pattern, STR("abcdefghijk"), &captures), PATTERN_YES);
	assert_true(str_is(captures.groups[0], "abcdefghijk"));
	assert_true(str_is(captures.groups[9], "i"));
	pattern_free(pattern);
}

/* A subject of len bytes of fill with text at `at`. */
static struct str
subject_with(size_t len, char fill, size_t at, const char *text)
{
	char *p = xmalloc(len);

	memset(p, fill, len);
	memcpy(p + at, text, strlen(text));
	return (struct str){ p, len };
}

/* Wherever a short match lies, segments make no difference. */
static void
test_a_match_is_found_at_every_place_around_a_border(void **state)
{
	static const struct {
		const char *regex, *text;
		bool want;
	} cases[] = {
		{ "needle", "needle", true },
		{ "n(e+)dle", "needle", true },
		{ "\\bneedle\\b", " needle ", true },
		{ "\\bneedle\\b", " needles", false },
		{ "needle\\b", " needles", false },
		{ "needle(?!s)", "needles", false },
		{ "needle(?=s)", "needles", true },
		{ "(?<=x)needle", "xneedle", true },
		{ "(?<!x)needle", "xneedle", false },
		{ "\\Bneedle", " needle", false },
		{ "needle$", "needle", false },
		{ "needle\\z", "needle", false },
		{ "needle\\Z", "needle", false },
		{ "(?m)needle$", "needle\n", true },
		{ "^needle", "needle", false },
		{ "\\Aneedle", "needle", false },
		{ "\\Gneedle", "needle", false },
		{ "(?m)^needle", "\nneedle", true },
		{ "needle[^-]", "needle", false },
	};
	size_t len = 3 * PATTERN_SEGMENT;

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct pattern *pattern = compile(cases[i].regex, "", true);

		for (size_t k = 0; k < 24; k++) {
			size_t at = PATTERN_SEGMENT - 12 + k;
			struct str subject =
			    subject_with(len, '-', at, cases[i].text);

			if (match(pattern, subject, NULL) !=
			    (cases[i].want ? PATTERN_YES : PATTERN_NO))
				fail_msg("/%s/ for \"%s\" at %zu",
				    cases[i].regex, cases[i].text, at);
			free((void *)(uintptr_t)subject.p);
		}
		pattern_free(pattern);
	}
}

static void
test_matches_up_to_the_overlap_are_found_whole(void **state)
{
	struct pattern *pattern = compile("<(x+)>", "", true);
	struct pattern_captures captures;
	size_t len = PATTERN_OVERLAP - 2;

	(void)state;
	for (size_t at = PATTERN_SEGMENT - PATTERN_OVERLAP;
	     at < PATTERN_SEGMENT + 10; at += 13) {
		struct str subject =
		    subject_with(3 * PATTERN_SEGMENT, '-', at, "<");
		char *p = (char *)(uintptr_t)subject.p;

		memset(p + at + 1, 'x', len);
		p[at + 1 + len] = '>';
		if (match(pattern, subject, &captures) != PATTERN_YES ||
		    captures.groups[1].len != len ||
		    captures.groups[0].p != p + at)
			fail_msg("at %zu", at);
		free(p);
	}
	pattern_free(pattern);
}

static void
test_anchors_mean_the_ends_of_the_whole_subject(void **state)
{
	static const struct {
		const char *regex;
		bool want;
	} cases[] = {
		{ "^a", true },
		{ "\\Aa", true },
		{ "^-", false },
		{ "\\A-", false },
		{ "z$", true },
		{ "z\\z", true },
		{ "-$", false },
		{ "-\\z", false },
		{ "^a(?s).*z$", false }, /* longer than a segment */
		{ "(?<![\\x00-\\xff])a", true },
		{ "(?<![\\x00-\\xff])-", false },
	};
	struct str subject = subject_with(200000, '-', 0, "a");

	(void)state;
	((char *)(uintptr_t)subject.p)[subject.len - 1] = 'z';
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct pattern *pattern = compile(cases[i].regex, "", false);

		if (match(pattern, subject, NULL) !=
		    (cases[i].want ? PATTERN_YES : PATTERN_NO))
			fail_msg("/%s/", cases[i].regex);
		pattern_free(pattern);
	}
	free((void *)(uintptr_t)subject.p);
}

/* 3 bytes a character, so borders fall inside of one. */
static void
test_segments_do_not_cut_characters(void **state)
{
	struct pattern *pattern = compile("^€*x€*$", "", true);
	struct pattern *last = compile("€y$", "", true);
	size_t n = PATTERN_SEGMENT;
	char *p = xmalloc(3 * n + 1);

	(void)state;
	for (size_t i = 0; i < n; i++)
		memcpy(p + 3 * i, "€", 3);
	p[3 * n] = 'y';
	for (size_t cut = 0; cut < 4; cut++) {
		struct str subject = { p + 3 * cut, 3 * (n - cut) + 1 };

		assert_int_equal(match(last, subject, NULL), PATTERN_YES);
		assert_int_equal(match(pattern, subject, NULL), PATTERN_NO);
	}
	pattern_free(pattern);
	pattern_free(last);
	free(p);
}

static void
test_the_leftmost_match_wins_across_segments(void **state)
{
	struct pattern *pattern = compile("a+|b+", "", true);
	struct str subject =
	    subject_with(200000, '-', PATTERN_SEGMENT - 5, "bb");
	struct pattern_captures captures;

	(void)state;
	memcpy((char *)(uintptr_t)subject.p + PATTERN_SEGMENT + 5, "aa", 2);
	assert_int_equal(match(pattern, subject, &captures), PATTERN_YES);
	assert_true(str_is(captures.groups[0], "bb"));
	free((void *)(uintptr_t)subject.p);
	pattern_free(pattern);
}

static void
test_too_many_steps_are_no_answer(void **state)
{
	struct pattern *pattern = compile("(a+)+$", "", true);
	struct pattern_budget budget = { 1000, 10000000, 0, 0 };

	(void)state;
	assert_int_equal(
	    pattern_match(pattern, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
		&budget, NULL),
	    PATTERN_OVER_LIMIT);
	assert_int_equal(
	    pattern_match(pattern, STR("aa"), &budget, NULL), PATTERN_YES);
	pattern_free(pattern);
}

/* A later segment may still say yes. */
static void
test_a_match_behind_a_hard_segment_is_found(void **state)
{
	struct pattern *pattern = compile("(?:a+)+b|needle", "", true);
	struct pattern_budget budget = { 1000, 60000000, 0, 0 };
	struct str subject = subject_with(200000, '-', 150000, "needle");

	(void)state;
	memset((char *)(uintptr_t)subject.p, 'a', 2000);
	assert_int_equal(
	    pattern_match(pattern, subject, &budget, NULL), PATTERN_YES);
	free((void *)(uintptr_t)subject.p);
	pattern_free(pattern);
}

static void
test_the_budget_goes_down_and_ends_it(void **state)
{
	struct pattern *pattern = compile("x[a-z]*y", "", true);
	struct str subject = subject_with(1000000, '-', 999990, "xaay");
	struct pattern_budget budget = { 10000, 10000000, 0, 0 };

	(void)state;
	assert_int_equal(
	    pattern_match(pattern, subject, &budget, NULL), PATTERN_YES);
	assert_true(budget.cpu_us < 10000000);
	budget.cpu_us = -1;
	assert_int_equal(pattern_match(pattern, subject, &budget, NULL),
	    PATTERN_OVER_BUDGET);
	assert_int_equal(pattern_match(pattern, STR("xy"), &budget, NULL),
	    PATTERN_OVER_BUDGET);
	budget.cpu_us = 0; /* spent by the first segment */
	assert_int_equal(pattern_match(pattern, subject, &budget, NULL),
	    PATTERN_OVER_BUDGET);
	free((void *)(uintptr_t)subject.p);
	pattern_free(pattern);
}

static void *
match_often(void *shared)
{
	const struct pattern *pattern = shared;
	char text[64];
	size_t n_wrong = 0;

	for (unsigned i = 0; i < N_ROUNDS; i++) {
		struct pattern_captures captures;
		int len = snprintf(text, sizeof(text), "<%u> %s", i,
		    i % 3 == 0 ? "none" : "key=value");
		struct str subject = { text, (size_t)len };
		bool is_yes = match(pattern, subject, &captures) == PATTERN_YES;

		n_wrong += is_yes != (i % 3 != 0);
		n_wrong += is_yes &&
			   (!str_is(captures.groups[1], "key") ||
			       captures.groups[2].p + 5 != text + subject.len);
	}
	return n_wrong == 0 ? NULL : shared;
}

static void
test_eight_threads_share_one_pattern(void **state)
{
	struct pattern *pattern = compile("(\\w+)=(\\w+)", "", true);
	pthread_t threads[N_THREADS];

	(void)state;
	for (size_t i = 0; i < N_THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, match_often, pattern), 0);
	for (size_t i = 0; i < N_THREADS; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	pattern_free(pattern);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags_change_what_matches),
		cmocka_unit_test(
		    test_what_does_not_compile_has_a_reason_and_an_offset),
		cmocka_unit_test(
		    test_a_pattern_may_have_8192_bytes_and_100_parentheses),
		cmocka_unit_test(test_captures_are_what_the_groups_matched),
		cmocka_unit_test(test_groups_over_nine_are_not_kept),
		cmocka_unit_test(
		    test_a_match_is_found_at_every_place_around_a_border),
		cmocka_unit_test(
		    test_matches_up_to_the_overlap_are_found_whole),
		cmocka_unit_test(
		    test_anchors_mean_the_ends_of_the_whole_subject),
		cmocka_unit_test(test_segments_do_not_cut_characters),
		cmocka_unit_test(test_the_leftmost_match_wins_across_segments),
		cmocka_unit_test(test_too_many_steps_are_no_answer),
		cmocka_unit_test(test_a_match_behind_a_hard_segment_is_found),
		cmocka_unit_test(test_the_budget_goes_down_and_ends_it),
		cmocka_unit_test(test_eight_threads_share_one_pattern),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
