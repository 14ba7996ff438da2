/* What a grant or an override may say, and what becomes of the rates. */
#include "store/raise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
test_what_is_read_is_written_in_normal_form(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "x5", "x5" },
		{ " x5 ", "x5" },
		{ "x1.5", "x1.5" },
		{ "x1.50", "x1.5" },
		{ "x0.125", "x0.125" },
		{ "x10.005", "x10.005" },
		{ "x1000000", "x1000000" },
		{ "unlimited", "unlimited" },
		{ "40/1m, 400/1h, 2000 daily", "40/1m,400/1h,2000/daily" },
		{ "40/1m,400/1h,2000/daily", "40/1m,400/1h,2000/daily" },
		{ "20k/60s", "20000/1m" },
		{ "0/1m", "0/1m" },
		{ "5/monthly", "5/monthly" },
		{ "1G/10s", "1000000000/10s" },
		{ "1/1s,2/2s,3/3s,4/4s,5/5s,6/6s,7/7s,8/8s",
		    "1/1s,2/2s,3/3s,4/4s,5/5s,6/6s,7/7s,8/8s" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf error = { 0 }, text = { 0 };
		struct store_raise raise;

		if (raise_parse(str_of(cases[i].text), &raise, &error) == -1)
			fail_msg("%s: %s", cases[i].text, error.p);
		raise_text(&raise, &text);
		if (!str_is(buf_str(&text), cases[i].want))
			fail_msg("%s: %s", cases[i].text, text.p);
		buf_done(&error);
		buf_done(&text);
	}
}

static void
test_what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *text, *want; /* a part of the message */
	} cases[] = {
		{ "", "expected x5, unlimited or rates" },
		{ "5", "expected x5, unlimited or rates" },
		{ "forever", "expected x5, unlimited or rates" },
		{ "40/1m,", "expected x5, unlimited or rates" },
		{ "40/1m 50/1h", "expected x5, unlimited or rates" },
		{ "-1/1m", "expected x5, unlimited or rates" },
		{ "9007199254740992/10s", "expected x5, unlimited or rates" },
		{ "x0", "a factor is x0.001 to x1000000" },
		{ "x", "a factor is" },
		{ "x.5", "a factor is" },
		{ "x1.", "a factor is" },
		{ "x1.2345", "a factor is" },
		{ "x1000000.001", "a factor is" },
		{ "x99999999999999999999", "a factor is" },
		{ "x-5", "a factor is" },
		{ "40/1m,50/60s", "the same window" },
		{ "40/daily,50 daily", "the same window" },
		{ "1/1s,2/2s,3/3s,4/4s,5/5s,6/6s,7/7s,8/8s,9/9s",
		    "at most 8 rates" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct store_raise raise = { .n_rates = 77 };
		struct buf error = { 0 };

		if (raise_parse(str_of(cases[i].text), &raise, &error) == 0)
			fail_msg("\"%s\" was taken", cases[i].text);
		if (strstr(error.p, cases[i].want) == NULL)
			fail_msg("\"%s\": %s", cases[i].text, error.p);
		assert_int_equal(raise.n_rates, 77);
		buf_done(&error);
	}
}

static uint64_t
multiplied(uint64_t max, const char *factor)
{
	const struct store_rate own = { max, 60, STORE_ROLLING };
	struct store_rate rates[STORE_RATES_MAX];
	struct store_raise raise;
	struct buf error = { 0 };

	assert_int_equal(raise_parse(str_of(factor), &raise, &error), 0);
	assert_int_equal(raise_apply(&raise, &own, 1, rates), 1);
	assert_int_equal(rates[0].window_sec, 60);
	buf_done(&error);
	return rates[0].max;
}

static void
test_products_are_rounded_down_and_stay_in_range(void **state)
{
	const uint64_t most = (UINT64_C(1) << 53) - 1;

	(void)state;
	assert_int_equal(multiplied(20, "x5"), 100);
	assert_int_equal(multiplied(3, "x1.5"), 4);
	assert_int_equal(multiplied(1, "x0.999"), 0);
	assert_int_equal(multiplied(0, "x1000000"), 0);
	assert_int_equal(multiplied(1001, "x1.001"), 1002);
	assert_true(multiplied(most, "x1") == most);
	assert_true(multiplied(most, "x2") == most);
	assert_true(multiplied(most, "x1000000") == most);
	assert_true(multiplied(most, "x0.5") == most / 2);
	/* All digits of a product that a double could not hold. */
	assert_true(multiplied(9007199254740, "x999.999") == 9007190247540745);
}

static void
test_rates_of_its_own_take_the_place_of_all(void **state)
{
	const struct store_rate own[] = { { 20, 60, STORE_ROLLING },
		{ 200, 3600, STORE_ROLLING } };
	struct store_rate rates[STORE_RATES_MAX];
	struct store_raise raise;
	struct buf error = { 0 };

	(void)state;
	assert_int_equal(
	    raise_parse(STR("7 daily, 50/monthly"), &raise, &error), 0);
	assert_int_equal(raise_apply(&raise, own, 2, rates), 2);
	assert_int_equal(rates[0].max, 7);
	assert_int_equal(rates[0].window_sec, 0);
	assert_int_equal(rates[0].period, STORE_DAILY);
	assert_int_equal(rates[1].period, STORE_MONTHLY);
	assert_int_equal(raise_parse(STR("unlimited"), &raise, &error), 0);
	assert_int_equal(raise_apply(&raise, own, 2, rates), 2);
	assert_int_equal(rates[1].max, 200);
	buf_done(&error);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_read_is_written_in_normal_form),
		cmocka_unit_test(test_what_is_wrong_is_told),
		cmocka_unit_test(
		    test_products_are_rounded_down_and_stay_in_range),
		cmocka_unit_test(test_rates_of_its_own_take_the_place_of_all),
	};

	return cmocka_run_group_tests_name("raise", tests, NULL, NULL);
}
