/* "did you mean …?": what is near and what is not. */
#include "rules/facts.h"
#include "rules/suggest.h"
#include "rules_kit.h"

static void
test_near_is_a_third_of_the_longer_word(void **state)
{
	static const struct {
		const char *wrong, *candidate;
		bool is_near;
	} cases[] = {
		{ "mail.form", "mail.from", true }, /* neighbours swapped */
		{ "rejct", "reject", true },        /* left out */
		{ "rejeect", "reject", true },      /* too many */
		{ "rejekt", "reject", true },       /* another one */
		{ "REJECT", "reject", true },       /* case is no distance */
		{ "reject", "reject", true },
		{ "rjeetc", "reject", true }, /* two swaps */
		{ "cat", "car", true },       /* 1 of 3 */
		{ "cat", "cog", false },      /* 2 of 3 */
		{ "ab", "ac", false },        /* too short to tell */
		{ "a", "b", false },
		{ "A", "a", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "abcdef", "uvwxyz", false },
		{ "abcdefghijkl", "abcdefghixyz", true }, /* 3 of 12 */
		{ "abcdefghijkl", "abcdefghwxyz", false },
		{ "abcdefghijklmnopqr", "abcdefghijklmnwxyz", false },
		{ "client.adress", "client.ip", false },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct suggestion near = { .wrong = str_of(cases[i].wrong) };

		suggest(&near, str_of(cases[i].candidate));
		if ((near.best.len > 0) != cases[i].is_near)
			fail_msg("\"%s\" and \"%s\"", cases[i].wrong,
			    cases[i].candidate);
	}
}

static void
test_the_nearest_wins_and_the_first_of_equals(void **state)
{
	struct suggestion near = { .wrong = STR("tempfial") };

	(void)state;
	suggest(&near, STR("tempfoil"));
	suggest(&near, STR("tempfail"));
	assert_true(
	    str_is(near.best, "tempfoil") || str_is(near.best, "tempfail"));
	near = (struct suggestion){ .wrong = STR("table1") };
	suggest(&near, STR("table2"));
	suggest(&near, STR("table3"));
	assert_true(str_is(near.best, "table2"));
	suggest(&near, STR("Table1"));
	assert_true(str_is(near.best, "Table1"));
}

static void
test_words_over_64_bytes_are_near_to_nothing(void **state)
{
	char text[70];
	struct suggestion near = { .wrong = { text, 64 } };

	(void)state;
	memset(text, 'a', sizeof(text));
	suggest(&near, (struct str){ text, 65 });
	assert_int_equal(near.best.len, 0);
	suggest(&near, (struct str){ text, 64 });
	assert_int_equal(near.best.len, 64);
}

static void
test_facts_are_suggested_by_the_names_of_others(void **state)
{
	static const struct {
		const char *wrong, *want;
	} cases[] = {
		{ "mail.form", "mail.from" },
		{ "sender", "mail.from" },
		{ "Recipient", "rcpt.to" },
		{ "sasl_username", "sasl.user" },
		{ "client_address", "client.ip" },
		{ "NOT", "not" },
		{ "ovre", "over" },
		{ "limit.maxx", "" }, /* stands in texts only */
		{ "zzzzzz", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct str got = fact_suggest(str_of(cases[i].wrong));

		if (!str_is(got, cases[i].want))
			fail_msg(
			    "\"%s\": \"%.*s\"", cases[i].wrong, STR_ARG(got));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_near_is_a_third_of_the_longer_word),
		cmocka_unit_test(test_the_nearest_wins_and_the_first_of_equals),
		cmocka_unit_test(test_words_over_64_bytes_are_near_to_nothing),
		cmocka_unit_test(
		    test_facts_are_suggested_by_the_names_of_others),
	};

	return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
