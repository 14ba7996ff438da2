/*
 * Locks and grants, and what is unlimited: what holds a key beside its rates,
 * asked of both stores.
 */
#include "store_pair.h"

#include "store/raise.h"

#define ANNA                                                                   \
	.limit = STR("pace"), .unit = STR("recipients"), .identity = STR("anna")

static const struct store_rate pace[] = { { 20, 60, STORE_ROLLING },
	{ 30, 3600, STORE_ROLLING } };

static struct store_use
use_of(enum store_op op, uint64_t amount)
{
	return (struct store_use){ ANNA, .rates = pace, .n_rates = 2, .op = op,
		.amount = amount };
}

static struct store_use
locking_use(enum store_op op, uint64_t amount)
{
	struct store_use use = use_of(op, amount);

	use.lock_sec = 600;
	return use;
}

static void
grant(struct store *store, const char *raise, int64_t until_ms)
{
	struct store_grant one = { .limit = STR("pace"),
		.identity = STR("anna"),
		.hold = { until_ms, STR("a \"fair\"\n"), STR("help desk") } };
	struct buf error = { 0 };

	assert_int_equal(raise_parse(str_of(raise), &one.raise, &error), 0);
	if (store_grant_set(store, &one, &error) == -1)
		fail_msg("%.*s", STR_ARG(buf_str(&error)));
	buf_done(&error);
}

/* Grants are checked against the wall clock: their tests live now. */
static int64_t
now_ms(void)
{
	return (int64_t)time(NULL) * 1000;
}

/* --- locks ----------------------------------------------------------------- */

static void
test_what_does_not_fit_locks_the_key(void **state)
{
	struct store_use one = locking_use(STORE_CHARGE, 1);
	struct store_use all = locking_use(STORE_CHARGE, 20);
	struct store_answer answer = pair_ask(*state, &all, T0);

	assert_true(answer.fits);
	assert_int_equal(answer.locked_ms, 0);
	answer = pair_ask(*state, &one, T0 + 500);
	assert_false(answer.fits);
	assert_true(answer.has_locked);
	/* Until a whole second, and never shorter than it was said to be. */
	assert_int_equal(answer.locked_ms, 600500);
	answer = pair_ask(*state, &one, T0 + 70000);
	assert_false(answer.fits);
	assert_false(answer.has_locked);
	assert_int_equal(answer.locked_ms, 600000 + 1000 - 70000);
	assert_int_equal(answer.levels[0].used, 0);
	assert_int_equal(answer.levels[0].retry_ms, 0);
	assert_true(answer.levels[0].slot == STORE_NO_SLOT);
}

static void
test_a_lock_is_not_prolonged_and_ends(void **state)
{
	struct store_use one = locking_use(STORE_CHARGE, 1);
	struct store_use much = locking_use(STORE_CHARGE, 21);

	assert_true(pair_ask(*state, &much, T0).has_locked);
	for (int64_t at = T0; at < T0 + 600000; at += 50000)
		assert_int_equal(
		    pair_ask(*state, &much, at).locked_ms, T0 + 600000 - at);
	assert_int_equal(pair_ask(*state, &one, T0 + 599999).locked_ms, 1);
	assert_true(pair_ask(*state, &one, T0 + 600000).fits);
	/* Only now it may lock once more. */
	assert_true(pair_ask(*state, &much, T0 + 600000).has_locked);
}

static void
test_a_peek_locks_too(void **state)
{
	struct store_use all = locking_use(STORE_CHARGE, 20);
	struct store_use peek = locking_use(STORE_PEEK, 1);

	pair_ask(*state, &all, T0);
	assert_true(pair_ask(*state, &peek, T0).has_locked);
	assert_false(pair_ask(*state, &peek, T0 + 80000).fits);
	assert_int_equal(
	    pair_ask(*state, &peek, T0 + 80000).levels[1].used, 20);
}

static void
test_attempts_are_charged_while_it_is_locked(void **state)
{
	struct store_use much = locking_use(STORE_CHARGE, 21);
	struct store_use attempt = locking_use(STORE_ATTEMPT, 3);
	struct store_answer answer;

	pair_ask(*state, &much, T0);
	answer = pair_ask(*state, &attempt, T0);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].used, 3);
	assert_int_equal(answer.levels[0].retry_ms, 0);
	assert_int_equal(answer.levels[0].slot, T0 / 7500);
}

static void
test_a_limit_without_lock_does_not_see_one(void **state)
{
	struct store_use much = locking_use(STORE_CHARGE, 21);
	struct store_use plain = use_of(STORE_CHARGE, 1);
	struct store_answer answer;

	pair_ask(*state, &much, T0);
	answer = pair_ask(*state, &plain, T0);
	assert_true(answer.fits);
	assert_int_equal(answer.locked_ms, 0);
}

static void
test_the_same_key_twice_in_a_row_locks_once(void **state)
{
	struct store_use much = locking_use(STORE_CHARGE, 21);
	struct store_use other = locking_use(STORE_CHARGE, 21);
	struct store_call *call = store_call_new(*state);

	other.unit = STR("messages");
	store_call_add(call, &much);
	store_call_add(call, &other);
	assert_int_equal(store_call_wait(call, T0), 0);
	assert_true(store_call_answer(call, 0)->has_locked);
	assert_false(store_call_answer(call, 1)->has_locked);
	assert_int_equal(store_call_answer(call, 1)->locked_ms, 600000);
	store_call_put(call);
}

static void
test_a_reset_ends_the_lock(void **state)
{
	struct store_use much = locking_use(STORE_CHARGE, 21);
	struct store_use one = locking_use(STORE_CHARGE, 1);
	struct buf error = { 0 };
	size_t n;

	pair_ask(*state, &one, T0);
	pair_ask(*state, &much, T0);
	assert_false(pair_ask(*state, &one, T0).fits);
	assert_int_equal(
	    store_reset(*state, STR("pace"), STR("anna"), &n, &error), 0);
	assert_int_equal(n, 2);
	assert_true(pair_ask(*state, &one, T0).fits);
	buf_done(&error);
}

/* What was taken in by a lock is told in the words that stand in Redis. */
static bool
note_lock(void *context, size_t i, const struct store_account *account)
{
	struct buf *text = context;

	(void)i;
	buf_add(text, account->standing.lock.reason);
	return true;
}

static void
test_the_reason_of_a_lock_is_the_first_rate_that_is_over(void **state)
{
	const struct store_rate rates[] = { { 20, 60, STORE_ROLLING },
		{ 10, 0, STORE_DAILY } };
	struct store_use much = locking_use(STORE_CHARGE, 11);
	const struct store_asked asked = { .limit = STR("pace"),
		.identity = STR("anna") };
	const struct store_asking asking = { &asked, 1, T0 };
	struct buf text = { 0 }, error = { 0 };

	much.rates = rates;
	pair_ask(*state, &much, T0);
	assert_int_equal(
	    store_accounts(*state, &asking, note_lock, &text, &error), 0);
	assert_string_equal(text.p, "11 of 10 recipients daily");
	buf_done(&text);
	buf_done(&error);
}

/* --- unlimited ------------------------------------------------------------- */

static void
test_what_is_unlimited_counts_and_is_never_over(void **state)
{
	struct store_use all = locking_use(STORE_CHARGE, 50);
	struct store_use peek = locking_use(STORE_PEEK, 1);
	struct store_answer answer;

	all.is_unlimited = true;
	answer = pair_ask(*state, &all, T0);
	assert_true(answer.fits);
	assert_true(answer.is_unlimited);
	assert_false(answer.is_granted);
	assert_int_equal(answer.levels[0].used, 50);
	assert_int_equal(answer.levels[0].max, 20);
	assert_int_equal(answer.levels[0].retry_ms, 0);
	assert_int_equal(answer.locked_ms, 0);
	assert_true(pair_ask(*state, &peek, T0).has_locked);
	/* Nor does a lock of before hold it. */
	assert_true(pair_ask(*state, &all, T0).fits);
	assert_int_equal(pair_ask(*state, &all, T0).levels[0].used, 150);
}

static void
test_what_is_unlimited_can_be_given_back(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 50);
	struct store_use peek = use_of(STORE_PEEK, 1);

	use.is_unlimited = true;
	pair_give_back(*state, pair_call(*state, &use, T0), T0);
	assert_int_equal(pair_ask(*state, &peek, T0).levels[1].used, 0);
}

/* --- grants ---------------------------------------------------------------- */

static void
test_a_factor_multiplies_all_numbers(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 100);
	struct store_answer answer;
	int64_t now = now_ms();

	assert_false(pair_ask(*state, &use, now).fits);
	grant(*state, "x5", now + 100000);
	answer = pair_ask(*state, &use, now);
	assert_true(answer.fits);
	assert_true(answer.is_granted);
	assert_false(answer.is_unlimited);
	assert_int_equal(answer.n_levels, 2);
	assert_int_equal(answer.levels[0].max, 100);
	assert_int_equal(answer.levels[0].window_sec, 60);
	assert_int_equal(answer.levels[1].max, 150);
	answer = pair_ask(*state, &use, now);
	assert_false(answer.fits);
	assert_true(answer.is_granted);
	assert_int_equal(answer.levels[0].used, 100);
}

static void
test_a_factor_below_one_lowers(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 3);
	int64_t now = now_ms();

	grant(*state, "x0.149", now + 100000);
	assert_int_equal(pair_ask(*state, &use, now).levels[0].max, 2);
	assert_false(pair_ask(*state, &use, now).fits);
}

static void
test_rates_of_a_grant_take_the_place_of_the_limits(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 40);
	struct store_answer answer;
	int64_t now = now_ms();

	grant(*state, "50/90s, 60 daily, 70 monthly, 80/2h", now + 100000);
	answer = pair_ask(*state, &use, now);
	assert_true(answer.fits);
	assert_int_equal(answer.n_levels, 4);
	assert_int_equal(answer.levels[0].window_sec, 90);
	assert_int_equal(answer.levels[0].max, 50);
	assert_int_equal(answer.levels[1].period, STORE_DAILY);
	assert_int_equal(answer.levels[1].window_sec, 0);
	assert_int_equal(answer.levels[1].max, 60);
	assert_int_equal(
	    answer.levels[1].slot, calendar_at(CALENDAR_DAY, now).label);
	assert_int_equal(answer.levels[2].period, STORE_MONTHLY);
	assert_int_equal(answer.levels[3].window_sec, 7200);
	assert_false(pair_ask(*state, &use, now).fits);
	/* The windows of the limit itself were not charged. */
	grant(*state, "x1", now + 100000);
	use.op = STORE_PEEK;
	assert_int_equal(pair_ask(*state, &use, now).levels[0].used, 0);
}

static void
test_what_a_grant_let_in_is_given_back_from_its_windows(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 40);
	struct store_call *call;
	int64_t now = now_ms();

	grant(*state, "50/90s, 60 daily", now + 100000);
	call = pair_call(*state, &use, now);
	assert_false(pair_ask(*state, &use, now).fits);
	pair_give_back(*state, call, now);
	use.op = STORE_PEEK;
	assert_int_equal(pair_ask(*state, &use, now).levels[0].used, 0);
	assert_int_equal(pair_ask(*state, &use, now).levels[1].used, 0);
}

static void
test_an_unlimited_grant_lets_all_in(void **state)
{
	struct store_use use = locking_use(STORE_CHARGE, 1000);
	struct store_answer answer;
	int64_t now = now_ms();

	pair_ask(*state, &use, now);
	grant(*state, "unlimited", now + 100000);
	answer = pair_ask(*state, &use, now);
	assert_true(answer.fits && answer.is_granted && answer.is_unlimited);
	assert_int_equal(answer.levels[0].used, 1000);
	assert_int_equal(answer.levels[0].max, 20);
	assert_int_equal(answer.locked_ms, 0);
}

static void
test_a_grant_ends_when_it_says_and_ends_the_lock(void **state)
{
	struct store_use much = locking_use(STORE_CHARGE, 25);
	int64_t now = now_ms();

	assert_true(pair_ask(*state, &much, now).has_locked);
	grant(*state, "x2", now + 100000);
	assert_true(pair_ask(*state, &much, now + 99999).fits);
	assert_false(pair_ask(*state, &much, now + 100000).is_granted);
}

static void
test_a_grant_is_for_one_limit_and_one_key(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 25);
	int64_t now = now_ms();

	grant(*state, "x5", now + 100000);
	use.identity = STR("bert");
	assert_false(pair_ask(*state, &use, now).is_granted);
	use.identity = STR("anna");
	use.limit = STR("pac");
	assert_false(pair_ask(*state, &use, now).is_granted);
}

static void
test_a_granted_key_that_is_over_locks(void **state)
{
	struct store_use much = locking_use(STORE_CHARGE, 41);
	struct store_answer answer;
	int64_t now = now_ms();

	grant(*state, "x2", now + 100000);
	answer = pair_ask(*state, &much, now);
	assert_true(answer.has_locked && answer.is_granted);
	assert_int_equal(answer.levels[0].retry_ms, -1);
}

static void
test_grants_and_plain_keys_go_together(void **state)
{
	struct store_call *call = store_call_new(*state);
	struct store_use use = use_of(STORE_CHARGE, 25);
	int64_t now = now_ms();

	grant(*state, "100/30s", now + 100000);
	use.limit = STR("other");
	store_call_add(call, &use);
	use.limit = STR("pace");
	store_call_add(call, &use);
	use.unit = STR("messages");
	use.lock_sec = 5;
	store_call_add(call, &use);
	use.limit = STR("third");
	store_call_add(call, &use);
	assert_int_equal(store_call_wait(call, now), 0);
	assert_false(store_call_answer(call, 0)->fits);
	assert_int_equal(store_call_answer(call, 0)->n_levels, 2);
	assert_true(store_call_answer(call, 1)->fits);
	assert_int_equal(store_call_answer(call, 1)->n_levels, 1);
	assert_true(store_call_answer(call, 2)->fits);
	assert_true(store_call_answer(call, 3)->has_locked);
	store_call_put(call);
}

static const struct pair_case cases[] = {
	CASE(test_what_does_not_fit_locks_the_key),
	CASE(test_a_lock_is_not_prolonged_and_ends),
	CASE(test_a_peek_locks_too),
	CASE(test_attempts_are_charged_while_it_is_locked),
	CASE(test_a_limit_without_lock_does_not_see_one),
	CASE(test_the_same_key_twice_in_a_row_locks_once),
	CASE(test_a_reset_ends_the_lock),
	CASE(test_the_reason_of_a_lock_is_the_first_rate_that_is_over),
	CASE(test_what_is_unlimited_counts_and_is_never_over),
	CASE(test_what_is_unlimited_can_be_given_back),
	CASE(test_a_factor_multiplies_all_numbers),
	CASE(test_a_factor_below_one_lowers),
	CASE(test_rates_of_a_grant_take_the_place_of_the_limits),
	CASE(test_what_a_grant_let_in_is_given_back_from_its_windows),
	CASE(test_an_unlimited_grant_lets_all_in),
	CASE(test_a_grant_ends_when_it_says_and_ends_the_lock),
	CASE(test_a_grant_is_for_one_limit_and_one_key),
	CASE(test_a_granted_key_that_is_over_locks),
	CASE(test_grants_and_plain_keys_go_together),
};

int
main(void)
{
	return pair_run("store holds", cases, COUNT(cases));
}
