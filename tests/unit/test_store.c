/*
 * What a limit means, asked of both stores through store.h: each case runs on
 * memory and on a real Redis, and must not be able to tell them apart.
 */
#include "store/ledger.h"
#include "store_kit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct redis_server server;
static struct store *stores[2];
static const char *const store_names[2] = { "memory", "redis" };

/* Slots of 7.5 s and of 450 s. */
static const struct store_rate pace[] = { { 20, 60, STORE_ROLLING } };
static const struct store_rate both[] = { { 20, 60, STORE_ROLLING },
	{ 30, 3600, STORE_ROLLING } };

static const struct kit_use charge_1 = { "anna", STORE_CHARGE, 1, pace, 1 };
static const struct kit_use peek_1 = { "anna", STORE_PEEK, 1, pace, 1 };

static int
open_both(void **state)
{
	(void)state;
	server_init(&server);
	server_start(&server);
	stores[0] = kit_open("memory", 0);
	stores[1] = kit_open(server.url, 5000);
	return 0;
}

static int
close_both(void **state)
{
	(void)state;
	store_close(stores[0]);
	store_close(stores[1]);
	server_done(&server);
	return 0;
}

static int
wipe(void **state)
{
	struct buf error = { 0 };

	assert_int_equal(store_wipe(*state, &error), 0);
	buf_done(&error);
	return 0;
}

static void
test_20_of_20_pass_and_the_21st_is_over(void **state)
{
	struct store_answer answer;

	for (uint64_t i = 1; i <= 20; i++) {
		answer = kit_ask(*state, &charge_1, T0 + 1000);
		assert_true(answer.fits);
		assert_int_equal(answer.levels[0].used, i);
		assert_int_equal(answer.levels[0].slot, T0 / 7500);
		assert_int_equal(answer.levels[0].retry_ms, 0);
	}
	answer = kit_ask(*state, &charge_1, T0 + 1000);
	assert_false(answer.fits);
	assert_false(answer.failed);
	assert_int_equal(answer.levels[0].used, 20);
	assert_true(answer.levels[0].slot == STORE_NO_SLOT);
	/* The slot of the charges leaves the window when nine have passed. */
	assert_int_equal(answer.levels[0].retry_ms, 9 * 7500 - 1000);
	assert_false(kit_ask(*state, &charge_1, T0 + 9 * 7500 - 1).fits);
	assert_true(kit_ask(*state, &charge_1, T0 + 9 * 7500).fits);
}

static void
test_all_rates_are_charged_or_none(void **state)
{
	const struct kit_use use = { "anna", STORE_CHARGE, 15, both, 2 };
	struct store_answer answer;
	const int64_t later = T0 + 90000;

	assert_true(kit_ask(*state, &use, T0).fits);
	answer = kit_ask(*state, &use, T0);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].used, 15);
	assert_int_equal(answer.levels[0].retry_ms, 9 * 7500);
	assert_int_equal(answer.levels[1].used, 15);
	assert_int_equal(answer.levels[1].retry_ms, 0);

	assert_true(kit_ask(*state, &use, later).fits);
	answer = kit_ask(*state, &use, later + 90000);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].used, 0);
	assert_int_equal(answer.levels[0].retry_ms, 0);
	assert_int_equal(answer.levels[1].used, 30);
	assert_int_equal(
	    answer.levels[1].retry_ms, T0 + 9 * 450000 - later - 90000);
}

static void
test_uses_of_one_call_are_independent(void **state)
{
	const struct kit_use uses[] = {
		{ "anna", STORE_CHARGE, 20, pace, 1 },
		{ "bert", STORE_CHARGE, 21, pace, 1 },
		{ "carl", STORE_PEEK, 20, pace, 1 },
		{ "dora", STORE_ATTEMPT, 25, both, 2 },
		{ "emil", STORE_CHARGE, 1, both, 2 },
	};
	static const bool fits[] = { true, false, true, false, true };
	struct store_call *call = store_call_new(*state);

	for (size_t i = 0; i < COUNT(uses); i++)
		kit_add(call, &uses[i], 0);
	assert_int_equal(store_call_n_uses(call), COUNT(uses));
	assert_int_equal(store_call_wait(call, T0), 0);
	for (size_t i = 0; i < COUNT(uses); i++)
		assert_int_equal(store_call_answer(call, i)->fits, fits[i]);
	assert_int_equal(store_call_answer(call, 1)->levels[0].retry_ms, -1);
	assert_int_equal(store_call_answer(call, 3)->levels[1].used, 25);
	assert_int_equal(store_call_answer(call, 4)->levels[1].used, 1);
	store_call_put(call);
	assert_int_equal(kit_list(*state, "", "", T0).n, 1 + 2 + 2);
}

static void
test_a_call_may_carry_256_uses(void **state)
{
	struct store_call *call = store_call_new(*state);
	char names[STORE_USES_MAX][8];

	for (size_t i = 0; i < STORE_USES_MAX; i++) {
		struct kit_use use = { names[i], STORE_CHARGE, i % 25, both,
			2 };

		snprintf(names[i], sizeof(names[i]), "u%zu", i);
		kit_add(call, &use, 0);
	}
	assert_int_equal(store_call_wait(call, T0), 0);
	for (size_t i = 0; i < STORE_USES_MAX; i++)
		assert_int_equal(
		    store_call_answer(call, i)->fits, i % 25 <= 20);
	store_call_put(call);
}

static void
test_an_empty_call_is_answered(void **state)
{
	struct store_call *call = store_call_new(*state);

	assert_int_equal(store_call_wait(call, STORE_NOW), 0);
	store_call_give_back(call, 0, STORE_NOW);
	store_call_put(call);
	store_call_put(NULL);
}

static void
test_a_peek_changes_and_creates_nothing(void **state)
{
	assert_true(kit_ask(*state, &peek_1, T0).fits);
	assert_int_equal(kit_list(*state, "", "", T0).n, 0);
	kit_fill(*state, 20, T0);
	for (int i = 0; i < 3; i++) {
		struct store_answer answer = kit_ask(*state, &peek_1, T0);

		assert_false(answer.fits);
		assert_int_equal(answer.levels[0].used, 20);
		assert_true(answer.levels[0].slot == STORE_NO_SLOT);
	}
}

static void
test_an_attempt_is_charged_over_or_not(void **state)
{
	const struct kit_use attempt = { "anna", STORE_ATTEMPT, 15, pace, 1 };
	struct store_answer answer;

	assert_true(kit_ask(*state, &attempt, T0).fits);
	answer = kit_ask(*state, &attempt, T0 + 7500);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].used, 30);
	assert_int_equal(answer.levels[0].slot, T0 / 7500 + 1);
	/* The attempt itself must have gone before another 15 fit. */
	assert_int_equal(answer.levels[0].retry_ms, 9 * 7500);
	assert_false(kit_ask(*state, &peek_1, T0 + 9 * 7500 - 1).fits);
	assert_true(kit_ask(*state, &peek_1, T0 + 9 * 7500).fits);
}

static void
test_an_amount_over_the_maximum_never_fits(void **state)
{
	const struct kit_use use = { "anna", STORE_CHARGE, 21, pace, 1 };
	const struct kit_use huge = { "anna", STORE_ATTEMPT, UINT64_MAX, pace,
		1 };
	struct store_answer answer = kit_ask(*state, &use, T0);

	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].retry_ms, -1);
	assert_int_equal(kit_list(*state, "", "", T0).n, 0);
	answer = kit_ask(*state, &huge, T0);
	answer = kit_ask(*state, &huge, T0);
	assert_int_equal(answer.levels[0].retry_ms, -1);
	assert_true(answer.levels[0].used == (UINT64_C(1) << 53) - 1);
}

static void
test_what_is_given_back_fits_again(void **state)
{
	const struct kit_use use = { "anna", STORE_CHARGE, 5, both, 2 };
	struct store_call *call = kit_call(*state, &use, T0);

	kit_fill(*state, 15, T0);
	assert_false(kit_ask(*state, &peek_1, T0).fits);
	kit_give_back(*state, call, T0 + 10000);
	assert_int_equal(kit_used(*state, T0 + 10000), 15);
	assert_int_equal(kit_list(*state, "pace", "anna", T0 + 10000).used, 15);
}

static void
test_nothing_is_given_back_twice(void **state)
{
	struct store_call *call = kit_call(*state, &charge_1, T0);

	kit_fill(*state, 5, T0);
	store_call_give_back(call, 1, T0);
	store_call_give_back(call, 1, T0);
	assert_int_equal(store_flush(*state, 5000), 0);
	kit_give_back(*state, call, T0);
	assert_int_equal(kit_used(*state, T0), 5);
}

static void
test_the_tag_selects_what_is_given_back(void **state)
{
	const struct kit_use uses[] = {
		{ "anna", STORE_CHARGE, 5, pace, 1 },
		{ "bert", STORE_CHARGE, 5, pace, 1 },
		{ "carl", STORE_ATTEMPT, 5, pace, 1 },
		{ "dora", STORE_CHARGE, 21, pace, 1 },
	};
	static const unsigned tags[] = { 1, 2, 1, 1 };
	struct store_call *call = store_call_new(*state);

	for (size_t i = 0; i < COUNT(uses); i++)
		kit_add(call, &uses[i], tags[i]);
	assert_int_equal(store_call_wait(call, T0), 0);
	kit_give_back(*state, call, T0);
	assert_int_equal(kit_list(*state, "pace", "anna", T0).used, 0);
	assert_int_equal(kit_list(*state, "pace", "bert", T0).used, 5);
	assert_int_equal(kit_list(*state, "pace", "carl", T0).used, 5);
	assert_int_equal(kit_list(*state, "pace", "dora", T0).n, 0);
}

static void
test_a_refund_after_its_window_is_lost(void **state)
{
	const int64_t later = T0 + 9 * 7500;
	struct store_call *call = kit_call(*state, &charge_1, T0);

	kit_fill(*state, 7, later);
	kit_give_back(*state, call, later);
	assert_int_equal(kit_used(*state, later), 7);
}

static void
test_a_refund_never_goes_below_zero_and_creates_nothing(void **state)
{
	const struct kit_use use = { "anna", STORE_CHARGE, 9, pace, 1 };
	struct store_call *first = kit_call(*state, &use, T0);
	struct store_call *second = kit_call(*state, &use, T0);
	struct buf error = { 0 };
	size_t n = 0;

	assert_int_equal(
	    store_reset(*state, STR("pace"), STR("anna"), &n, &error), 0);
	assert_int_equal(n, 1);
	kit_give_back(*state, first, T0);
	assert_int_equal(kit_list(*state, "", "", T0).n, 0);
	kit_fill(*state, 3, T0);
	kit_give_back(*state, second, T0);
	assert_int_equal(kit_used(*state, T0), 0);
	assert_int_equal(
	    store_reset(*state, STR("pace"), STR("none"), &n, &error), 0);
	assert_int_equal(n, 0);
	buf_done(&error);
}

static void
test_what_was_sent_counts_and_can_be_given_back(void **state)
{
	const struct kit_use use = { "anna", STORE_CHARGE, 5, pace, 1 };
	struct store_call *kept = store_call_new(*state);
	struct store_call *dropped = store_call_new(*state);

	kit_add(kept, &use, 1);
	kit_add(dropped, &use, 1);
	store_call_send(kept, T0);
	store_call_send(dropped, T0);
	store_call_give_back(dropped, 1, T0);
	store_call_put(kept);
	store_call_put(dropped);
	assert_int_equal(store_flush(*state, 5000), 0);
	assert_int_equal(kit_used(*state, T0), 5);
}

static void
test_many_sent_at_once_all_count(void **state)
{
	const struct store_rate rate[] = { { 100000, 60, STORE_ROLLING } };
	const struct kit_use use = { "anna", STORE_CHARGE, 1, rate, 1 };

	for (int i = 0; i < 3000; i++) {
		struct store_call *call = store_call_new(*state);

		kit_add(call, &use, 1);
		store_call_send(call, T0 + i % 3 * 7500);
		if (i % 3 == 0)
			store_call_give_back(call, 1, T0);
		store_call_put(call);
	}
	assert_int_equal(store_flush(*state, 10000), 0);
	assert_int_equal(kit_used(*state, T0 + 15000), 2000);
}

static void
test_a_clock_set_back_a_little_charges_the_newest_slot(void **state)
{
	struct store_answer answer;

	kit_fill(*state, 10, T0 + 8 * 7500);
	answer = kit_ask(*state, &charge_1, T0);
	assert_int_equal(answer.levels[0].used, 11);
	assert_int_equal(answer.levels[0].slot, T0 / 7500 + 8);
	/* Everything leaves with that slot, as seen from the true time. */
	kit_fill(*state, 9, T0);
	answer = kit_ask(*state, &peek_1, T0);
	assert_int_equal(answer.levels[0].retry_ms, 17 * 7500);
}

static void
test_counts_of_a_clock_far_ahead_are_kept_under_todays_number(void **state)
{
	const int64_t year = INT64_C(365) * 86400000;
	struct store_answer answer;

	kit_fill(*state, 20, T0 + year);
	answer = kit_ask(*state, &peek_1, T0);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].used, 20);
	assert_int_equal(answer.levels[0].retry_ms, 9 * 7500);
	answer = kit_ask(
	    *state, &(struct kit_use){ "anna", STORE_ATTEMPT, 1, pace, 1 }, T0);
	assert_int_equal(answer.levels[0].slot, T0 / 7500);
	assert_true(kit_ask(*state, &charge_1, T0 + 9 * 7500).fits);
}

static void
test_time_before_the_epoch_counts_as_the_epoch(void **state)
{
	struct store_answer answer = kit_ask(*state, &charge_1, -5);

	assert_true(answer.fits);
	assert_int_equal(answer.levels[0].slot, 0);
}

static void
test_a_raised_number_helps_at_once_and_history_stays(void **state)
{
	const struct store_rate more[] = { { 50, 60, STORE_ROLLING } };
	const struct kit_use use = { "anna", STORE_CHARGE, 1, more, 1 };
	struct store_answer answer;

	kit_fill(*state, 20, T0);
	assert_false(kit_ask(*state, &charge_1, T0).fits);
	answer = kit_ask(*state, &use, T0);
	assert_true(answer.fits);
	assert_int_equal(answer.levels[0].used, 21);
	assert_int_equal(kit_list(*state, "pace", "anna", T0).max, 50);
	/* Lowered again it is over, and says when not: all must go. */
	answer = kit_ask(*state, &charge_1, T0);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].retry_ms, 9 * 7500);
}

static void
test_a_new_window_starts_empty_beside_the_old_one(void **state)
{
	kit_fill(*state, 15, T0);
	assert_true(kit_ask(
	    *state, &(struct kit_use){ "anna", STORE_CHARGE, 5, both, 2 }, T0)
			.fits);
	assert_int_equal(kit_list(*state, "pace", "anna", T0).used, 20 + 5);
}

static void
test_the_wall_clock_is_the_stores_own(void **state)
{
	struct store_answer answer = kit_ask(*state, &charge_1, STORE_NOW);
	int64_t now = (int64_t)time(NULL) * 1000 / 7500;

	assert_in_range(answer.levels[0].slot, now - 1, now + 1);
}

static void
test_a_listing_shows_what_was_asked_for(void **state)
{
	static const struct {
		const char *limit, *identity;
		size_t n;
	} cases[] = {
		{ "", "", 3 },
		{ "pace", "", 3 },
		{ "pac", "", 0 },
		{ "", "anna", 1 },
		{ "pace", "a*a", 1 },
		{ "", "a*a", 1 },
		{ "", "*", 0 },
		{ "pa?e", "", 0 },
		{ "pace", "b[1]", 1 },
		{ "", "b[1]", 1 },
		{ "other", "anna", 0 },
	};
	struct kit_listing listing;

	kit_fill(*state, 20, T0);
	kit_ask(
	    *state, &(struct kit_use){ "a*a", STORE_CHARGE, 1, pace, 1 }, T0);
	kit_ask(
	    *state, &(struct kit_use){ "b[1]", STORE_CHARGE, 1, pace, 1 }, T0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		listing =
		    kit_list(*state, cases[i].limit, cases[i].identity, T0);
		if (listing.n != cases[i].n)
			fail_msg("%s of %s: %zu", cases[i].limit,
			    cases[i].identity, listing.n);
	}
	listing = kit_list(*state, "pace", "anna", T0 + 7500);
	assert_string_equal(listing.text, "pace anna recipients 60");
	assert_int_equal(listing.used, 20);
	assert_int_equal(listing.max, 20);
	assert_int_equal(listing.free_at_ms, T0 + 9 * 7500);
	assert_int_equal(
	    kit_list(*state, "pace", "anna", T0 + 9 * 7500).free_at_ms, 0);
}

static bool
stop_at_once(void *context, const struct store_counter *counter)
{
	(void)counter;
	++*(int *)context;
	return false;
}

static void
test_a_listing_stops_when_told_to(void **state)
{
	struct buf error = { 0 };
	int n = 0;

	kit_ask(
	    *state, &(struct kit_use){ "anna", STORE_CHARGE, 1, both, 2 }, T0);
	kit_ask(
	    *state, &(struct kit_use){ "bert", STORE_CHARGE, 1, both, 2 }, T0);
	assert_int_equal(
	    store_counters(*state, &(struct store_query){ .now_ms = T0 },
		stop_at_once, &n, &error),
	    0);
	assert_int_equal(n, 1);
	buf_done(&error);
}

static uint64_t
n_timed(const struct latency_counts *counts)
{
	uint64_t n = 0;

	for (int i = 0; i <= LATENCY_BOUNDS; i++)
		n += counts->n[i];
	return n;
}

static void
test_a_store_told_to_be_down_fails_at_once(void **state)
{
	struct store_call *charged = kit_call(*state, &charge_1, T0);
	struct store_call *call = store_call_new(*state);
	struct store_stats before, after;
	struct buf error = { 0 };
	size_t n;

	store_stats_get(*state, &before);
	store_set_down(*state, true);
	assert_false(store_is_up(*state));
	kit_add(call, &charge_1, 1);
	assert_int_equal(store_call_wait(call, T0), -1);
	store_call_give_back(call, 1, T0);
	store_call_put(call);
	store_call_give_back(charged, 1, T0);
	store_call_put(charged);
	assert_int_equal(
	    store_reset(*state, STR("pace"), STR("anna"), &n, &error), -1);
	assert_true(error.len > 0);
	buf_done(&error);
	store_set_down(*state, false);
	assert_true(store_is_up(*state));
	assert_int_equal(kit_used(*state, T0), 1);
	store_stats_get(*state, &after);
	assert_int_equal(after.failures - before.failures, 2);
	assert_int_equal(after.calls_waited - before.calls_waited, 2);
	assert_int_equal(n_timed(&after.failed) - n_timed(&before.failed), 1);
	assert_int_equal(
	    n_timed(&after.answered) - n_timed(&before.answered), 1);
}

#define CASE(function)                                                         \
	{                                                                      \
#function, function                                            \
	}

static const struct {
	const char *name;
	void (*function)(void **state);
} on_both[] = {
	CASE(test_20_of_20_pass_and_the_21st_is_over),
	CASE(test_all_rates_are_charged_or_none),
	CASE(test_uses_of_one_call_are_independent),
	CASE(test_a_call_may_carry_256_uses),
	CASE(test_an_empty_call_is_answered),
	CASE(test_a_peek_changes_and_creates_nothing),
	CASE(test_an_attempt_is_charged_over_or_not),
	CASE(test_an_amount_over_the_maximum_never_fits),
	CASE(test_what_is_given_back_fits_again),
	CASE(test_nothing_is_given_back_twice),
	CASE(test_the_tag_selects_what_is_given_back),
	CASE(test_a_refund_after_its_window_is_lost),
	CASE(test_a_refund_never_goes_below_zero_and_creates_nothing),
	CASE(test_what_was_sent_counts_and_can_be_given_back),
	CASE(test_many_sent_at_once_all_count),
	CASE(test_a_clock_set_back_a_little_charges_the_newest_slot),
	CASE(test_counts_of_a_clock_far_ahead_are_kept_under_todays_number),
	CASE(test_time_before_the_epoch_counts_as_the_epoch),
	CASE(test_a_raised_number_helps_at_once_and_history_stays),
	CASE(test_a_new_window_starts_empty_beside_the_old_one),
	CASE(test_the_wall_clock_is_the_stores_own),
	CASE(test_a_listing_shows_what_was_asked_for),
	CASE(test_a_listing_stops_when_told_to),
	CASE(test_a_store_told_to_be_down_fails_at_once),
};

static struct CMUnitTest tests[2 * COUNT(on_both)];
static char test_names[COUNT(tests)][128];
static size_t n_tests;

/* The stores are not open yet: which one is for wipe_first to find out. */
static int
wipe_first(void **state)
{
	*state = stores[*(const char *const *)*state == store_names[1]];
	return wipe(state);
}

static void
add_test(const char *name, void (*function)(void **state), size_t store)
{
	snprintf(test_names[n_tests], sizeof(test_names[0]), "%s: %s",
	    store_names[store], name + strlen("test_"));
	for (char *p = test_names[n_tests]; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	tests[n_tests].name = test_names[n_tests];
	tests[n_tests].test_func = function;
	tests[n_tests].setup_func = wipe_first;
	tests[n_tests].initial_state = (void *)(uintptr_t)&store_names[store];
	n_tests++;
}

int
main(void)
{
	for (size_t i = 0; i < COUNT(on_both); i++)
		for (size_t store = 0; store < 2; store++)
			add_test(on_both[i].name, on_both[i].function, store);
	return cmocka_run_group_tests_name(
	    "store", tests, open_both, close_both);
}
