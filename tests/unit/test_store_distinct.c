/* Limits that count different values, asked of both stores. */
#include "store_pair.h"

#include "store/raise.h"

#define DAY_MS INT64_C(86400000)

static const struct store_rate three[] = { { 3, 3600, STORE_ROLLING } };
static const struct store_rate two_windows[] = { { 2, 60, STORE_ROLLING },
	{ 4, 3600, STORE_ROLLING } };
static const struct store_rate daily[] = { { 3, 0, STORE_DAILY } };

/* Of the letters in text each is a value. */
struct values {
	struct str items[32];
	size_t n;
};

static struct values
values_of(const char *text)
{
	struct values values = { .n = strlen(text) };

	for (size_t i = 0; i < values.n; i++)
		values.items[i] = (struct str){ text + i, 1 };
	return values;
}

static struct store_use
use_of(enum store_op op, const struct values *values,
    const struct store_rate *rates, size_t n_rates)
{
	return (struct store_use){
		.limit = STR("nets"),
		.unit = STR("distinct"),
		.identity = STR("anna"),
		.rates = rates,
		.n_rates = n_rates,
		.op = op,
		.amount = 1,
		.members = values->items,
		.n_members = values->n,
	};
}

static struct store_answer
see(struct store *store, enum store_op op, const char *text,
    const struct store_rate *rates, size_t n_rates, int64_t now_ms)
{
	struct values values = values_of(text);
	struct store_use use = use_of(op, &values, rates, n_rates);

	return pair_ask(store, &use, now_ms);
}

static struct store_answer
charge(struct store *store, const char *text, int64_t now_ms)
{
	return see(store, STORE_CHARGE, text, three, 1, now_ms);
}

static uint64_t
used(struct store *store, int64_t now_ms)
{
	return see(store, STORE_PEEK, "?", three, 1, now_ms).levels[0].used;
}

static struct store_call *
keep(struct store *store, const char *text, int64_t now_ms)
{
	struct values values = values_of(text);
	struct store_use use = use_of(STORE_CHARGE, &values, three, 1);

	return pair_call(store, &use, now_ms);
}

static void
test_the_fourth_value_of_three_is_over(void **state)
{
	struct store_answer answer;

	assert_int_equal(charge(*state, "a", T0).levels[0].used, 1);
	assert_int_equal(charge(*state, "b", T0 + 10).levels[0].used, 2);
	answer = charge(*state, "c", T0 + 20);
	assert_int_equal(answer.levels[0].used, 3);
	assert_int_equal(answer.levels[0].slot, T0 + 20);
	assert_int_equal(answer.levels[0].retry_ms, 0);
	answer = charge(*state, "d", T0 + 30);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].used, 3);
	assert_true(answer.levels[0].slot == STORE_NO_SLOT);
	/* A window here is exact: a leaves when it is an hour old. */
	assert_int_equal(answer.levels[0].retry_ms, 3600000 - 30);
	assert_false(charge(*state, "d", T0 + 3599999).fits);
	assert_true(charge(*state, "d", T0 + 3600000).fits);
}

static void
test_a_value_that_is_there_always_fits(void **state)
{
	charge(*state, "abc", T0);
	assert_true(charge(*state, "a", T0 + 1000).fits);
	assert_true(charge(*state, "cab", T0 + 1100).fits);
	assert_int_equal(used(*state, T0 + 1000), 3);
	/* Seen again, it stays longer. */
	charge(*state, "b", T0 + 3000000);
	assert_int_equal(used(*state, T0 + 3601100), 1);
}

static void
test_all_values_are_charged_or_none(void **state)
{
	struct store_answer answer;

	charge(*state, "ab", T0);
	answer = charge(*state, "bcd", T0 + 1);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].used, 2);
	assert_int_equal(answer.levels[0].retry_ms, 3600000 - 1);
	assert_true(charge(*state, "bc", T0 + 2).fits);
	assert_int_equal(charge(*state, "wxyz", T0).levels[0].retry_ms, -1);
}

static void
test_the_wait_is_for_others_to_go(void **state)
{
	struct store_answer answer;

	charge(*state, "a", T0);
	charge(*state, "b", T0 + 1000);
	charge(*state, "c", T0 + 2000);
	answer = see(*state, STORE_PEEK, "adx", three, 1, T0 + 3000);
	/* b and c must go: a is one of those that are asked for. */
	assert_int_equal(answer.levels[0].retry_ms, 3600000 + 2000 - 3000);
}

static void
test_each_window_counts_for_itself(void **state)
{
	struct store_answer answer;

	see(*state, STORE_CHARGE, "ab", two_windows, 2, T0);
	answer = see(*state, STORE_CHARGE, "c", two_windows, 2, T0 + 30000);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].retry_ms, 30000);
	assert_int_equal(answer.levels[1].retry_ms, 0);
	see(*state, STORE_CHARGE, "cd", two_windows, 2, T0 + 60000);
	answer = see(*state, STORE_CHARGE, "e", two_windows, 2, T0 + 120000);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].used, 0);
	assert_int_equal(answer.levels[0].retry_ms, 0);
	assert_int_equal(answer.levels[1].used, 4);
	assert_int_equal(answer.levels[1].retry_ms, 3600000 - 120000);
}

static void
test_a_peek_adds_nothing(void **state)
{
	assert_true(see(*state, STORE_PEEK, "a", three, 1, T0).fits);
	assert_int_equal(used(*state, T0), 0);
	assert_int_equal(kit_list(*state, "", "", T0).n, 0);
}

static void
test_attempts_keep_the_next_value_out(void **state)
{
	charge(*state, "abc", T0);
	assert_int_equal(
	    see(*state, STORE_ATTEMPT, "d", three, 1, T0 + 10).levels[0].used,
	    4);
	see(*state, STORE_ATTEMPT, "e", three, 1, T0 + 20);
	/* Not more than one above the number is kept. */
	assert_int_equal(used(*state, T0 + 20), 4);
	assert_false(see(*state, STORE_ATTEMPT, "e", three, 1, T0 + 30).fits);
	assert_false(charge(*state, "f", T0 + 40).fits);
}

static void
test_only_what_was_added_is_given_back(void **state)
{
	struct store_call *call;

	charge(*state, "a", T0);
	call = keep(*state, "abc", T0 + 10);
	pair_give_back(*state, call, T0 + 20);
	assert_int_equal(used(*state, T0 + 20), 1);
	/* But it stays renewed. */
	assert_int_equal(used(*state, T0 + 3600005), 1);
}

static void
test_what_somebody_saw_since_is_not_given_back(void **state)
{
	struct store_call *call = keep(*state, "ab", T0);

	charge(*state, "a", T0 + 10);
	pair_give_back(*state, call, T0 + 20);
	assert_int_equal(used(*state, T0 + 20), 1);
	/* Not even if it was in the same millisecond. */
	call = keep(*state, "c", T0 + 30);
	charge(*state, "c", T0 + 30);
	pair_give_back(*state, call, T0 + 30);
	assert_int_equal(used(*state, T0 + 30), 2);
}

static void
test_a_charge_that_added_nothing_gives_nothing_back(void **state)
{
	struct store_call *call;

	charge(*state, "ab", T0);
	call = keep(*state, "ba", T0 + 1);
	pair_give_back(*state, call, T0 + 1);
	assert_int_equal(used(*state, T0 + 2), 2);
}

static void
test_a_day_of_values_begins_at_midnight(void **state)
{
	struct calendar_span day = calendar_at(CALENDAR_DAY, T0);
	struct store_answer answer;

	see(*state, STORE_CHARGE, "abc", daily, 1, day.ends_ms - 1);
	answer = see(*state, STORE_CHARGE, "d", daily, 1, day.ends_ms - 1);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].retry_ms, 1);
	answer = see(*state, STORE_CHARGE, "d", daily, 1, day.ends_ms);
	assert_true(answer.fits);
	assert_int_equal(answer.levels[0].used, 1);
	assert_int_equal(answer.levels[0].slot, day.ends_ms);
}

static void
test_a_clock_set_back_a_little_changes_nothing(void **state)
{
	struct store_answer answer;

	charge(*state, "abc", T0 + 5000);
	answer = charge(*state, "d", T0);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].retry_ms, 3605000);
	assert_true(charge(*state, "a", T0).fits);
}

static void
test_what_a_clock_far_ahead_saw_is_as_of_now(void **state)
{
	struct store_answer answer;

	charge(*state, "abc", T0 + 365 * DAY_MS);
	answer = charge(*state, "d", T0);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].used, 3);
	assert_int_equal(answer.levels[0].retry_ms, 3600000);
	assert_true(charge(*state, "d", T0 + 3600000).fits);
}

static void
test_over_locks_and_says_of_how_many_values(void **state)
{
	struct values values = values_of("abcd");
	struct store_use use = use_of(STORE_CHARGE, &values, three, 1);
	struct store_answer answer;

	use.lock_sec = 60;
	answer = pair_ask(*state, &use, T0);
	assert_true(answer.has_locked);
	use.n_members = 1;
	answer = pair_ask(*state, &use, T0 + 1);
	assert_false(answer.fits);
	assert_int_equal(answer.locked_ms, 59999);
	assert_int_equal(answer.levels[0].used, 0);
	use.is_unlimited = true;
	use.n_members = 4;
	answer = pair_ask(*state, &use, T0 + 1);
	assert_true(answer.fits);
	assert_int_equal(answer.levels[0].used, 4);
}

static void
test_a_grant_raises_how_many(void **state)
{
	struct store_grant grant = { .limit = STR("nets"),
		.identity = STR("anna"),
		.raise = { .kind = RAISE_FACTOR, .factor_milli = 2000 } };
	struct buf error = { 0 };
	struct store_answer answer;
	int64_t now = (int64_t)time(NULL) * 1000;

	grant.hold.until_ms = now + 100000;
	assert_int_equal(store_grant_set(*state, &grant, &error), 0);
	answer = charge(*state, "abcdef", now);
	assert_true(answer.fits && answer.is_granted);
	assert_int_equal(answer.levels[0].max, 6);
	assert_false(charge(*state, "g", now).fits);
	buf_done(&error);
}

static void
test_values_may_be_any_bytes(void **state)
{
	const struct str items[] = { STR("a\0b"), STR("a\0c"), STR("\r\n") };
	struct store_use use =
	    use_of(STORE_CHARGE, &(struct values){ .n = 0 }, three, 1);
	struct store_call *call;

	use.members = items;
	use.n_members = 3;
	call = pair_call(*state, &use, T0);
	assert_int_equal(store_call_answer(call, 0)->levels[0].used, 3);
	use.n_members = 2;
	assert_true(pair_ask(*state, &use, T0 + 1).fits);
	pair_give_back(*state, call, T0 + 2);
	assert_int_equal(used(*state, T0 + 2), 2);
}

static void
test_a_thousand_values_are_one_use(void **state)
{
	static char texts[STORE_MEMBERS_MAX][8];
	static struct str items[STORE_MEMBERS_MAX];
	const struct store_rate rate[] = {
		{ STORE_MEMBERS_MAX, 3600, STORE_ROLLING },
	};
	struct store_use use =
	    use_of(STORE_CHARGE, &(struct values){ .n = 0 }, rate, 1);
	struct store_call *call;

	for (size_t i = 0; i < STORE_MEMBERS_MAX; i++) {
		snprintf(texts[i], sizeof(texts[i]), "v%zu", i);
		items[i] = str_of(texts[i]);
	}
	use.members = items;
	use.n_members = STORE_MEMBERS_MAX;
	call = pair_call(*state, &use, T0);
	assert_int_equal(
	    store_call_answer(call, 0)->levels[0].used, STORE_MEMBERS_MAX);
	pair_give_back(*state, call, T0);
	assert_int_equal(used(*state, T0), 0);
}

static const struct pair_case cases[] = {
	CASE(test_the_fourth_value_of_three_is_over),
	CASE(test_a_value_that_is_there_always_fits),
	CASE(test_all_values_are_charged_or_none),
	CASE(test_the_wait_is_for_others_to_go),
	CASE(test_each_window_counts_for_itself),
	CASE(test_a_peek_adds_nothing),
	CASE(test_attempts_keep_the_next_value_out),
	CASE(test_only_what_was_added_is_given_back),
	CASE(test_what_somebody_saw_since_is_not_given_back),
	CASE(test_a_charge_that_added_nothing_gives_nothing_back),
	CASE(test_a_day_of_values_begins_at_midnight),
	CASE(test_a_clock_set_back_a_little_changes_nothing),
	CASE(test_what_a_clock_far_ahead_saw_is_as_of_now),
	CASE(test_over_locks_and_says_of_how_many_values),
	CASE(test_a_grant_raises_how_many),
	CASE(test_values_may_be_any_bytes),
	CASE(test_a_thousand_values_are_one_use),
};

int
main(void)
{
	return pair_run("store distinct", cases, COUNT(cases));
}
