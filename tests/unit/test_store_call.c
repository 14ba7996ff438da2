/*
 * What a call costs while an accepted recipient keeps it, and what was denied
 * lately: parts that both kinds of store share.
 */
#include "store_kit.h"

#include <malloc.h>

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define CALLS          2000
#define KEPT_BYTES_MAX 800

static const struct store_rate rates[] = { { 2000000, 60, STORE_ROLLING },
	{ 2000000, 3600, STORE_ROLLING }, { 2000000, 0, STORE_DAILY } };
static const struct store_rate pace[] = { { 20, 60, STORE_ROLLING } };

static struct store *
open_store(void)
{
	return kit_open("memory", 0);
}

static struct store_use
use_of(enum store_op op, uint64_t amount)
{
	return (struct store_use){
		.limit = STR("user-pace"),
		.unit = STR("recipients"),
		.identity = STR("anna00001@example.org"),
		.rates = pace,
		.n_rates = 1,
		.op = op,
		.amount = amount,
	};
}

/* Bytes of the heap for one call of so many uses that is kept for a refund. */
static size_t
bytes_kept(struct store *store, size_t n_uses, size_t n_rates)
{
	static struct store_call *calls[CALLS];
	static const char *const limits[] = { "user-pace", "user-day" };
	struct store_use use = use_of(STORE_CHARGE, 1);
	size_t before, bytes;

	use.rates = rates;
	use.n_rates = n_rates;
	before = mallinfo2().uordblks;
	for (size_t i = 0; i < CALLS; i++) {
		calls[i] = store_call_new(store);
		for (size_t j = 0; j < n_uses; j++) {
			use.limit = str_of(limits[j]);
			store_call_add(calls[i], &use);
		}
		assert_int_equal(store_call_wait(calls[i], STORE_NOW), 0);
		assert_true(store_call_answer(calls[i], 0)->fits);
		store_call_shrink(calls[i]);
	}
	bytes = (mallinfo2().uordblks - before) / CALLS;
	for (size_t i = 0; i < CALLS; i++) {
		store_call_give_back(calls[i], 0, STORE_NOW);
		store_call_put(calls[i]);
	}
	return bytes;
}

static void
test_a_call_that_is_kept_is_small(void **state)
{
	struct store *store = open_store();
	static const struct {
		size_t n_uses, n_rates;
	} cases[] = { { 1, 1 }, { 1, 3 }, { 2, 1 }, { 2, 3 } };

	(void)state;
	bytes_kept(store, 1, 1); /* what is allocated only once */
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t bytes =
		    bytes_kept(store, cases[i].n_uses, cases[i].n_rates);

		print_message("%zu uses of %zu rates: %zu bytes\n",
		    cases[i].n_uses, cases[i].n_rates, bytes);
		if (bytes > KEPT_BYTES_MAX)
			fail_msg("%zu uses of %zu rates cost %zu bytes",
			    cases[i].n_uses, cases[i].n_rates, bytes);
	}
	store_close(store);
}

static void
test_a_shrunk_call_still_gives_back(void **state)
{
	struct store *store = open_store();
	struct store_use use = use_of(STORE_CHARGE, 20);
	struct store_call *call = store_call_new(store);

	(void)state;
	store_call_add(call, &use);
	assert_int_equal(store_call_wait(call, T0), 0);
	store_call_shrink(call);
	store_call_give_back(call, 0, T0);
	store_call_put(call);
	assert_int_equal(kit_list(store, "user-pace", "", T0).used, 0);
	store_close(store);
}

/* --- denied ------------------------------------------------------------------ */

static bool
ask(struct store *store, const struct store_use *use, int64_t now_ms)
{
	struct store_call *call = store_call_new(store);
	bool fits;

	store_call_add(call, use);
	assert_int_equal(store_call_wait(call, now_ms), 0);
	fits = store_call_answer(call, 0)->fits;
	store_call_put(call);
	return fits;
}

static bool
was_denied(struct store *store, const struct store_use *use)
{
	struct store_answer answer;

	return store_was_denied(store, use, &answer);
}

/* A store in which anna has used 15 of 20, and 10 more were denied. */
static struct store *
open_denied(void)
{
	struct store *store = open_store();
	struct store_use use = use_of(STORE_CHARGE, 15);

	assert_true(ask(store, &use, STORE_NOW));
	use.amount = 10;
	assert_false(ask(store, &use, STORE_NOW));
	return store;
}

static void
test_the_same_or_more_was_denied_and_less_was_not(void **state)
{
	struct store *store = open_denied();
	struct store_use use = use_of(STORE_CHARGE, 10);
	struct store_answer answer;

	(void)state;
	assert_true(store_was_denied(store, &use, &answer));
	assert_false(answer.fits);
	assert_int_equal(answer.n_levels, 1);
	assert_int_equal(answer.levels[0].used, 15);
	assert_int_equal(answer.levels[0].max, 20);
	assert_in_range(answer.levels[0].retry_ms, 58000, 67500);
	use.amount = 15;
	assert_true(was_denied(store, &use));
	use.amount = 21;
	assert_true(store_was_denied(store, &use, &answer));
	assert_int_equal(answer.levels[0].retry_ms, -1);
	use.amount = 9;
	assert_false(was_denied(store, &use));
	store_close(store);
}

static void
test_only_the_very_same_limit_was_denied(void **state)
{
	const struct store_rate more[] = { { 21, 60, STORE_ROLLING } };
	const struct str values[] = { STR("x") };
	struct store *store = open_denied();
	struct store_use use;

	(void)state;
	use = use_of(STORE_PEEK, 10);
	assert_true(was_denied(store, &use));
	use.rates = more;
	assert_false(was_denied(store, &use));
	use = use_of(STORE_ATTEMPT, 10);
	assert_false(was_denied(store, &use));
	use = use_of(STORE_CHARGE, 10);
	use.members = values;
	use.n_members = 1;
	assert_false(was_denied(store, &use));
	use = use_of(STORE_CHARGE, 10);
	use.is_unlimited = true;
	assert_false(was_denied(store, &use));
	use = use_of(STORE_CHARGE, 10);
	use.lock_sec = 60;
	assert_false(was_denied(store, &use));
	use = use_of(STORE_CHARGE, 10);
	use.identity = STR("anna00001@example.or");
	assert_false(was_denied(store, &use));
	use = use_of(STORE_CHARGE, 10);
	use.unit = STR("messages");
	assert_false(was_denied(store, &use));
	store_close(store);
}

static void
test_a_denial_is_forgotten_after_two_seconds(void **state)
{
	struct store *store = open_denied();
	struct store_use use = use_of(STORE_CHARGE, 10);
	struct store_answer answer;

	(void)state;
	nap_ms(700);
	assert_true(store_was_denied(store, &use, &answer));
	assert_in_range(answer.levels[0].retry_ms, 57000, 66800);
	nap_ms(1400);
	assert_false(was_denied(store, &use));
	store_close(store);
}

/* Room that comes back sooner ends it sooner. */
static void
test_a_denial_ends_when_room_comes_back(void **state)
{
	const struct store_rate quick[] = { { 1, 1, STORE_ROLLING } };
	struct store *store = open_store();
	struct store_use use = use_of(STORE_CHARGE, 1);

	(void)state;
	use.rates = quick;
	assert_true(ask(store, &use, STORE_NOW));
	assert_false(ask(store, &use, STORE_NOW));
	assert_true(was_denied(store, &use));
	nap_ms(1130);
	assert_false(was_denied(store, &use));
	assert_true(ask(store, &use, STORE_NOW));
	store_close(store);
}

static void
test_a_time_of_its_own_is_never_remembered(void **state)
{
	struct store *store = open_store();
	struct store_use use = use_of(STORE_CHARGE, 21);

	(void)state;
	assert_false(ask(store, &use, T0));
	assert_false(was_denied(store, &use));
	store_close(store);
}

static void
test_a_lock_was_denied_as_long_as_it_lasts(void **state)
{
	struct store *store = open_store();
	struct store_use use = use_of(STORE_CHARGE, 21);
	struct store_answer answer;

	(void)state;
	use.lock_sec = 600;
	assert_false(ask(store, &use, STORE_NOW));
	use.amount = 21;
	assert_true(store_was_denied(store, &use, &answer));
	assert_false(answer.has_locked);
	assert_in_range(answer.locked_ms, 599000, 601000);
	store_close(store);
}

/* However many are denied, the memory stays bounded and nobody is mistaken. */
static void
test_many_denials_push_out_each_other(void **state)
{
	struct store *store = open_store();
	struct store_use use = use_of(STORE_CHARGE, 21);
	size_t n_known = 0;
	char name[32];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		use.identity = str_of(name);
		assert_false(ask(store, &use, STORE_NOW));
		assert_true(was_denied(store, &use));
	}
	for (int i = 0; i < 20000; i++) {
		struct store_use plain = use_of(STORE_CHARGE, 21);

		snprintf(name, sizeof(name), "user%d", i);
		plain.identity = str_of(name);
		n_known += was_denied(store, &plain);
	}
	assert_in_range(n_known, 1, 4096);
	store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_that_is_kept_is_small),
		cmocka_unit_test(test_a_shrunk_call_still_gives_back),
		cmocka_unit_test(
		    test_the_same_or_more_was_denied_and_less_was_not),
		cmocka_unit_test(test_only_the_very_same_limit_was_denied),
		cmocka_unit_test(test_a_denial_is_forgotten_after_two_seconds),
		cmocka_unit_test(test_a_denial_ends_when_room_comes_back),
		cmocka_unit_test(test_a_time_of_its_own_is_never_remembered),
		cmocka_unit_test(test_a_lock_was_denied_as_long_as_it_lasts),
		cmocka_unit_test(test_many_denials_push_out_each_other),
	};

	return cmocka_run_group_tests_name("store call", tests, NULL, NULL);
}
