/* The arithmetic of one window: moving on, adding, taking, waiting, parsing. */
#include "store/charge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void
test_slots_move_with_time(void **state)
{
	static const struct {
		const char *name;
		int64_t to;
		struct charge_slots want;
	} cases[] = {
		{ "the same slot changes nothing", 100,
		    { 100, { 1, 2, 3, 4, 5, 6, 7, 8, 9 } } },
		{ "one slot later the oldest is gone", 101,
		    { 101, { 2, 3, 4, 5, 6, 7, 8, 9, 0 } } },
		{ "eight slots later one is left", 108,
		    { 108, { 9, 0, 0, 0, 0, 0, 0, 0, 0 } } },
		{ "nine slots later nothing is left", 109, { 109, { 0 } } },
		{ "years later nothing is left", 1000000000,
		    { 1000000000, { 0 } } },
		{ "a clock a little behind stays in the newest slot", 92,
		    { 100, { 1, 2, 3, 4, 5, 6, 7, 8, 9 } } },
		{ "counts of a clock far ahead get today's number", 91,
		    { 91, { 1, 2, 3, 4, 5, 6, 7, 8, 9 } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct charge_slots slots = { 100,
			{ 1, 2, 3, 4, 5, 6, 7, 8, 9 } };

		charge_advance(&slots, cases[i].to);
		if (slots.newest != cases[i].want.newest)
			fail_msg("%s: wrong number", cases[i].name);
		for (size_t n = 0; n < CHARGE_SLOTS; n++)
			if (slots.n[n] != cases[i].want.n[n])
				fail_msg("%s: slot %zu", cases[i].name, n);
	}
}

static void
test_wait_is_until_enough_slots_are_gone(void **state)
{
	/* A window of 8 s has slots of one second; it is 100.5 s now. */
	static const struct {
		const char *name;
		struct charge_slots slots;
		uint64_t amount, max;
		int64_t want_ms;
	} cases[] = {
		{ "room is there", { 100, { 0, 0, 0, 0, 0, 0, 0, 0, 9 } }, 1,
		    10, 0 },
		{ "never", { 100, { 0 } }, 11, 10, -1 },
		{ "the oldest slot goes first",
		    { 100, { 1, 0, 0, 0, 0, 0, 0, 0, 9 } }, 1, 10, 500 },
		{ "two slots must go", { 100, { 1, 1, 0, 0, 0, 0, 0, 0, 8 } },
		    2, 10, 1500 },
		{ "all must go", { 100, { 1, 1, 1, 1, 1, 1, 1, 1, 2 } }, 10, 10,
		    8500 },
		{ "more was charged than the max is now",
		    { 100, { 50, 0, 0, 0, 0, 0, 0, 0, 10 } }, 1, 10, 8500 },
		{ "a clock that was set back waits longer",
		    { 103, { 10, 0, 0, 0, 0, 0, 0, 0, 0 } }, 1, 10, 3500 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = charge_retry_ms(
		    &cases[i].slots, cases[i].amount, cases[i].max, 8, 100500);

		if (ms != cases[i].want_ms)
			fail_msg("%s: %lld instead of %lld", cases[i].name,
			    (long long)ms, (long long)cases[i].want_ms);
	}
}

static void
test_taking_stops_at_zero_and_at_the_ends(void **state)
{
	struct charge_slots slots = { 100, { 4, 0, 0, 0, 0, 0, 0, 0, 7 } };

	(void)state;
	charge_take(&slots, 100, 3);
	assert_int_equal(slots.n[8], 4);
	charge_take(&slots, 100, 5);
	assert_int_equal(slots.n[8], 0);
	charge_take(&slots, 92, 1);
	assert_int_equal(slots.n[0], 3);
	charge_take(&slots, 91, 1);
	charge_take(&slots, 101, 1);
	charge_take(&slots, INT64_MIN / 2, 1);
	assert_int_equal(charge_used(&slots), 3);
}

static void
test_nothing_gets_over_what_lua_can_count(void **state)
{
	struct charge_slots slots = { 100, { CHARGE_MAX - 5 } };

	(void)state;
	charge_add(&slots, CHARGE_MAX);
	assert_int_equal(slots.n[8], 5);
	assert_true(charge_used(&slots) == CHARGE_MAX);
	assert_false(charge_fits(CHARGE_MAX, 1, CHARGE_MAX));
	assert_false(charge_fits(1, CHARGE_MAX, CHARGE_MAX));
	assert_true(charge_fits(0, CHARGE_MAX, CHARGE_MAX));
}

static void
test_only_whole_values_are_read(void **state)
{
	static const struct {
		const char *text;
		bool is_good;
	} cases[] = {
		{ "42/200 3924721 0 0 5 12 25 0 0 0 0", true },
		{ "0/0 0 0 0 0 0 0 0 0 0 0", true },
		{ "1/1 9 9007199254740991 0 0 0 0 0 0 0 0", true },
		{ "1/1 9 9007199254740992 0 0 0 0 0 0 0 0", false },
		{ "1/1 9 9007199254740991 1 0 0 0 0 0 0 0", false },
		{ "1/1 9 99999999999999999999999 0 0 0 0 0 0 0 0", false },
		{ "42/200 3924721 0 0 5 12 25 0 0 0", false },
		{ "42/200 3924721 0 0 5 12 25 0 0 0 0 0", false },
		{ "42/200 3924721 0 0 5 12 25 0 0 0 0 ", false },
		{ "42/200 3924721 0 0 5 12 -25 0 0 0 0", false },
		{ "42/200  3924721 0 0 5 12 25 0 0 0 0", false },
		{ "42 200 3924721 0 0 5 12 25 0 0 0 0", false },
		{ "42/200 3.5 0 0 5 12 25 0 0 0 0", false },
		{ "", false },
		{ "17", false },
	};
	struct charge_slots slots;
	uint64_t max;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if ((charge_parse(str_of(cases[i].text), &slots, &max) == 0) !=
		    cases[i].is_good)
			fail_msg("\"%s\"", cases[i].text);
	assert_int_equal(charge_parse(str_of(cases[0].text), &slots, &max), 0);
	assert_int_equal(max, 200);
	assert_int_equal(slots.newest, 3924721);
	assert_int_equal(slots.n[4], 25);
	assert_int_equal(charge_used(&slots), 42);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots_move_with_time),
		cmocka_unit_test(test_wait_is_until_enough_slots_are_gone),
		cmocka_unit_test(test_taking_stops_at_zero_and_at_the_ends),
		cmocka_unit_test(test_nothing_gets_over_what_lua_can_count),
		cmocka_unit_test(test_only_whole_values_are_read),
	};

	return cmocka_run_group_tests_name("charge", tests, NULL, NULL);
}
