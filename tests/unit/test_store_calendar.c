/*
 * Daily and monthly rates, asked of both stores: from midnight to midnight in
 * Berlin, where days have 23, 24 or 25 hours.
 */
#include "store_pair.h"

#define HOUR_MS INT64_C(3600000)

static const struct store_rate daily[] = { { 10, 0, STORE_DAILY } };
static const struct store_rate monthly[] = { { 10, 0, STORE_MONTHLY } };
static const struct store_rate mixed[] = { { 4, 60, STORE_ROLLING },
	{ 6, 0, STORE_DAILY }, { 10, 0, STORE_MONTHLY } };

/* Of a moment in Berlin. */
static int64_t
berlin_ms(int year, int month, int day, int hour)
{
	struct tm tm = { .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_isdst = -1 };

	return (int64_t)mktime(&tm) * 1000;
}

static struct store_use
use_of(enum store_op op, uint64_t amount, const struct store_rate *rates,
    size_t n_rates)
{
	return (struct store_use){
		.limit = STR("day"),
		.unit = STR("messages"),
		.identity = STR("anna"),
		.rates = rates,
		.n_rates = n_rates,
		.op = op,
		.amount = amount,
	};
}

static void
test_a_day_begins_and_ends_at_midnight(void **state)
{
	static const struct {
		const char *name;
		int month, day, hours;
	} cases[] = {
		{ "of 23 hours", 3, 29, 23 },
		{ "of 25 hours", 10, 25, 25 },
		{ "of 24 hours", 11, 23, 24 },
	};
	struct store_use all = use_of(STORE_CHARGE, 10, daily, 1);
	struct store_use one = use_of(STORE_CHARGE, 1, daily, 1);

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t begins =
		    berlin_ms(2026, cases[i].month, cases[i].day, 0);
		struct store_answer answer;

		assert_true(pair_ask(*state, &all, begins).fits);
		answer = pair_ask(*state, &one, begins + 1);
		assert_false(answer.fits);
		assert_int_equal(answer.levels[0].period, STORE_DAILY);
		if (answer.levels[0].retry_ms != cases[i].hours * HOUR_MS - 1)
			fail_msg("a day %s ends in %lld ms", cases[i].name,
			    (long long)answer.levels[0].retry_ms);
		assert_false(pair_ask(
		    *state, &one, begins + cases[i].hours * HOUR_MS - 1)
				 .fits);
		answer =
		    pair_ask(*state, &one, begins + cases[i].hours * HOUR_MS);
		assert_true(answer.fits);
		assert_int_equal(answer.levels[0].used, 1);
		assert_int_equal(answer.levels[0].slot,
		    20260000 + cases[i].month * 100 + cases[i].day + 1);
	}
}

static void
test_a_month_begins_with_its_first(void **state)
{
	struct store_use all = use_of(STORE_CHARGE, 10, monthly, 1);
	struct store_use one = use_of(STORE_CHARGE, 1, monthly, 1);
	int64_t october = berlin_ms(2026, 10, 1, 0);
	int64_t november = berlin_ms(2026, 11, 1, 0);
	struct store_answer answer = pair_ask(*state, &all, october);

	assert_int_equal(answer.levels[0].slot, 202610);
	answer = pair_ask(*state, &one, october + 5);
	assert_int_equal(answer.levels[0].retry_ms, november - october - 5);
	/* October has an hour more in Berlin. */
	assert_int_equal(november - october, (31 * 24 + 1) * HOUR_MS);
	assert_false(pair_ask(*state, &one, november - 1).fits);
	assert_true(pair_ask(*state, &one, november).fits);
}

static void
test_rates_of_all_kinds_are_charged_or_none(void **state)
{
	struct store_use three = use_of(STORE_CHARGE, 3, mixed, 3);
	struct store_answer answer;
	int64_t noon = berlin_ms(2026, 11, 23, 12);

	assert_true(pair_ask(*state, &three, noon).fits);
	assert_false(pair_ask(*state, &three, noon).fits);
	assert_true(pair_ask(*state, &three, noon + HOUR_MS).fits);
	answer = pair_ask(*state, &three, noon + 2 * HOUR_MS);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].retry_ms, 0);
	assert_int_equal(answer.levels[1].used, 6);
	assert_int_equal(answer.levels[1].retry_ms, 10 * HOUR_MS);
	assert_int_equal(answer.levels[2].used, 6);
	assert_true(pair_ask(*state, &three, noon + 12 * HOUR_MS).fits);
	answer = pair_ask(*state, &three, noon + 13 * HOUR_MS);
	assert_int_equal(answer.levels[1].retry_ms, 0);
	assert_int_equal(answer.levels[2].used, 9);
	assert_true(answer.levels[2].retry_ms > 6 * 24 * HOUR_MS);
}

static void
test_amounts_that_never_fit_a_day_are_told(void **state)
{
	struct store_use much = use_of(STORE_CHARGE, 11, daily, 1);

	assert_int_equal(pair_ask(*state, &much, T0).levels[0].retry_ms, -1);
}

static void
test_attempts_count_in_days_too(void **state)
{
	struct store_use attempt = use_of(STORE_ATTEMPT, 8, daily, 1);

	pair_ask(*state, &attempt, T0);
	assert_int_equal(pair_ask(*state, &attempt, T0).levels[0].used, 16);
}

static void
test_what_was_charged_today_is_given_back_today(void **state)
{
	struct store_use three = use_of(STORE_CHARGE, 3, mixed, 3);
	struct store_use peek = use_of(STORE_PEEK, 1, mixed, 3);
	int64_t noon = berlin_ms(2026, 11, 23, 12);
	struct store_call *call = pair_call(*state, &three, noon);
	struct store_answer answer;

	pair_give_back(*state, call, noon);
	answer = pair_ask(*state, &peek, noon);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(answer.levels[i].used, 0);
	/* Of yesterday there is nothing left, but of the month. */
	call = pair_call(*state, &three, noon);
	pair_ask(*state, &three, noon + 24 * HOUR_MS);
	pair_give_back(*state, call, noon + 24 * HOUR_MS);
	answer = pair_ask(*state, &peek, noon + 24 * HOUR_MS);
	assert_int_equal(answer.levels[0].used, 3);
	assert_int_equal(answer.levels[1].used, 3);
	assert_int_equal(answer.levels[2].used, 3);
}

static void
test_a_clock_set_back_over_midnight_goes_on_in_the_new_day(void **state)
{
	struct store_use five = use_of(STORE_CHARGE, 5, daily, 1);
	int64_t midnight = berlin_ms(2026, 11, 24, 0);
	struct kit_listing listing;
	struct store_answer answer = pair_ask(*state, &five, midnight);

	assert_int_equal(answer.levels[0].slot, 20261124);
	answer = pair_ask(*state, &five, midnight - 1000);
	assert_int_equal(answer.levels[0].used, 10);
	assert_int_equal(answer.levels[0].slot, 20261124);
	answer = pair_ask(*state, &five, midnight - 1000);
	assert_false(answer.fits);
	/* The end of that day, not of the one the clock is in. */
	assert_int_equal(answer.levels[0].retry_ms, 24 * HOUR_MS + 1000);
	listing = kit_list(*state, "day", "anna", midnight - 1000);
	assert_int_equal(listing.used, 10);
	assert_int_equal(listing.free_at_ms, midnight + 24 * HOUR_MS);
}

static void
test_counts_of_a_day_far_ahead_are_kept_as_todays(void **state)
{
	struct store_use five = use_of(STORE_CHARGE, 5, daily, 1);
	int64_t noon = berlin_ms(2026, 11, 23, 12);
	struct store_answer answer;

	pair_ask(*state, &five, noon + 365 * 24 * HOUR_MS);
	answer = pair_ask(*state, &five, noon);
	assert_int_equal(answer.levels[0].used, 10);
	assert_int_equal(answer.levels[0].slot, 20261123);
	answer = pair_ask(*state, &five, noon);
	assert_int_equal(answer.levels[0].retry_ms, 12 * HOUR_MS);
	assert_true(pair_ask(*state, &five, noon + 12 * HOUR_MS).fits);
}

static void
test_a_clock_that_jumps_days_ahead_begins_anew(void **state)
{
	struct store_use five = use_of(STORE_CHARGE, 5, daily, 1);
	int64_t noon = berlin_ms(2026, 11, 23, 12);
	struct store_answer answer;

	pair_ask(*state, &five, noon);
	answer = pair_ask(*state, &five, noon + 3 * 24 * HOUR_MS);
	assert_int_equal(answer.levels[0].used, 5);
	assert_int_equal(answer.levels[0].slot, 20261126);
}

static void
test_a_changed_list_of_rates_leaves_the_others(void **state)
{
	struct store_use all = use_of(STORE_CHARGE, 4, mixed, 3);
	struct store_use day = use_of(STORE_CHARGE, 4, daily, 1);
	struct store_use peek = use_of(STORE_PEEK, 1, mixed, 3);
	struct store_answer answer;

	pair_ask(*state, &all, T0);
	answer = pair_ask(*state, &day, T0);
	/* The number was raised from 6 to 10, and history stays. */
	assert_int_equal(answer.levels[0].used, 8);
	answer = pair_ask(*state, &peek, T0);
	assert_int_equal(answer.levels[0].used, 4);
	assert_int_equal(answer.levels[1].used, 8);
	assert_int_equal(answer.levels[2].used, 4);
}

static void
test_a_changed_unit_begins_at_nothing(void **state)
{
	struct store_use day = use_of(STORE_CHARGE, 4, daily, 1);

	pair_ask(*state, &day, T0);
	day.unit = STR("bytes");
	assert_int_equal(pair_ask(*state, &day, T0).levels[0].used, 4);
	day.unit = STR("messages");
	assert_int_equal(pair_ask(*state, &day, T0).levels[0].used, 8);
}

static void
test_the_present_day_is_that_of_the_stores_clock(void **state)
{
	struct store_use day = use_of(STORE_CHARGE, 1, daily, 1);
	int64_t before =
	    calendar_at(CALENDAR_DAY, (int64_t)time(NULL) * 1000).label;
	struct store_answer answer = pair_ask(*state, &day, STORE_NOW);

	assert_in_range(answer.levels[0].slot, before,
	    calendar_at(CALENDAR_DAY, (int64_t)time(NULL) * 1000 + 1000).label);
}

static void
test_a_listing_shows_days_and_months(void **state)
{
	struct store_use three = use_of(STORE_CHARGE, 3, mixed, 3);
	int64_t noon = berlin_ms(2026, 11, 23, 12);
	struct kit_listing listing;

	pair_ask(*state, &three, noon);
	listing = kit_list(*state, "day", "anna", noon);
	assert_int_equal(listing.n, 3);
	assert_int_equal(listing.used, 9);
	/* Of the next day only the month is left. */
	listing = kit_list(*state, "day", "anna", noon + 24 * HOUR_MS);
	assert_int_equal(listing.used, 3);
}

static const struct pair_case cases[] = {
	CASE(test_a_day_begins_and_ends_at_midnight),
	CASE(test_a_month_begins_with_its_first),
	CASE(test_rates_of_all_kinds_are_charged_or_none),
	CASE(test_amounts_that_never_fit_a_day_are_told),
	CASE(test_attempts_count_in_days_too),
	CASE(test_what_was_charged_today_is_given_back_today),
	CASE(test_a_clock_set_back_over_midnight_goes_on_in_the_new_day),
	CASE(test_counts_of_a_day_far_ahead_are_kept_as_todays),
	CASE(test_a_clock_that_jumps_days_ahead_begins_anew),
	CASE(test_a_changed_list_of_rates_leaves_the_others),
	CASE(test_a_changed_unit_begins_at_nothing),
	CASE(test_the_present_day_is_that_of_the_stores_clock),
	CASE(test_a_listing_shows_days_and_months),
};

int
main(void)
{
	return pair_run("store calendar", cases, COUNT(cases));
}
