/*
 * What a host counted by itself is added to the store that is back: slot by
 * slot, while charges and refunds go on, into both kinds of store.
 */
#include "store_pair.h"

#include "store/backend.h"
#include "store/charge.h"
#include "store/raise.h"

#include <pthread.h>
#include <stdatomic.h>

static const struct store_rate pace[] = { { 20, 60, STORE_ROLLING },
	{ 50, 0, STORE_DAILY } };
static const struct store_rate nets[] = { { 5, 3600, STORE_ROLLING } };

static struct store_use
use_of(enum store_op op, uint64_t amount)
{
	return (struct store_use){
		.limit = STR("pace"),
		.unit = STR("recipients"),
		.identity = STR("anna"),
		.rates = pace,
		.n_rates = 2,
		.op = op,
		.amount = amount,
	};
}

static struct store_answer
peek(struct store *store, int64_t now_ms)
{
	struct store_use use = use_of(STORE_PEEK, 1);

	return pair_ask(store, &use, now_ms);
}

static void
charge(struct store *store, uint64_t amount, int64_t now_ms)
{
	struct store_use use = use_of(STORE_CHARGE, amount);

	assert_true(pair_ask(store, &use, now_ms).fits);
}

static struct store *
open_local(void)
{
	return kit_open("memory", 0);
}

static void
test_slots_are_added_where_they_belong(void **state)
{
	struct store *local = open_local();
	struct store_answer answer;

	charge(*state, 3, T0);
	charge(*state, 4, T0 + 15000);
	charge(local, 5, T0 + 7500);
	charge(local, 6, T0 + 15000);
	assert_int_equal(store_merge(*state, local), 0);
	answer = peek(*state, T0 + 15000);
	assert_int_equal(answer.levels[0].used, 18);
	assert_int_equal(answer.levels[1].used, 18);
	assert_int_equal(peek(*state, T0 + 9 * 7500).levels[0].used, 15);
	assert_int_equal(peek(*state, T0 + 10 * 7500).levels[0].used, 10);
	assert_int_equal(peek(local, T0 + 15000).levels[0].used, 0);
	assert_int_equal(store_n_merged(local), 1);
	assert_int_equal(store_merge(*state, local), 0);
	assert_int_equal(store_n_merged(local), 1);
	assert_int_equal(peek(*state, T0 + 15000).levels[0].used, 18);
	store_close(local);
}

static void
test_what_does_not_fit_is_added_too(void **state)
{
	struct store *local = open_local();
	struct store_answer answer;

	charge(*state, 20, T0);
	charge(local, 20, T0);
	assert_int_equal(store_merge(*state, local), 0);
	answer = peek(*state, T0);
	assert_false(answer.fits);
	assert_int_equal(answer.levels[0].used, 40);
	store_close(local);
}

static void
test_an_empty_store_takes_all(void **state)
{
	struct store *local = open_local();

	charge(local, 7, T0);
	assert_int_equal(store_merge(*state, local), 0);
	assert_int_equal(peek(*state, T0).levels[0].used, 7);
	assert_int_equal(kit_list(*state, "pace", "anna", T0).n, 2);
	store_close(local);
}

static void
test_of_two_times_the_later_one_counts(void **state)
{
	static const struct {
		const char *name;
		int64_t there_ms, here_ms;
		uint64_t want, want_day;
	} cases[] = {
		{ "local is a day later", 0, 86400000, 6, 6 },
		{ "the store is a day later", 86400000, 0, 5, 5 },
		{ "nine slots later", 0, 9 * 7500, 6, 11 },
		{ "eight slots later", 0, 8 * 7500, 11, 11 },
		{ "eight slots before", 8 * 7500, 0, 11, 11 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct store *local = open_local();
		int64_t from = T0 + (int64_t)i * 10 * 86400000;
		int64_t there = from + cases[i].there_ms;
		int64_t here = from + cases[i].here_ms;
		struct store_answer answer;

		charge(*state, 5, there);
		charge(local, 6, here);
		assert_int_equal(store_merge(*state, local), 0);
		answer = peek(*state, there > here ? there : here);
		if (answer.levels[0].used != cases[i].want ||
		    answer.levels[1].used != cases[i].want_day)
			fail_msg("%s: %llu and %llu", cases[i].name,
			    (unsigned long long)answer.levels[0].used,
			    (unsigned long long)answer.levels[1].used);
		store_close(local);
	}
}

static void
test_values_are_as_of_when_they_were_last_seen(void **state)
{
	const struct str ab[] = { STR("a"), STR("b") };
	const struct str bc[] = { STR("b"), STR("c") };
	struct store_use use = { .limit = STR("nets"),
		.unit = STR("distinct"),
		.identity = STR("anna"),
		.rates = nets,
		.n_rates = 1,
		.op = STORE_CHARGE,
		.members = ab,
		.n_members = 2 };
	struct store *local = open_local();
	struct store_call *call;

	pair_ask(*state, &use, T0 + 5000);
	use.members = bc;
	call = pair_call(local, &use, T0);
	assert_int_equal(store_merge(*state, local), 0);
	use.op = STORE_PEEK;
	assert_int_equal(pair_ask(*state, &use, T0).levels[0].used, 3);
	/* b was seen later here, c was not: that one leaves first. */
	assert_int_equal(
	    pair_ask(*state, &use, T0 + 3600000).levels[0].used, 2);
	store_call_give_back(call, 0, T0);
	store_call_put(call);
	assert_int_equal(store_flush(*state, 5000), 0);
	assert_int_equal(pair_ask(*state, &use, T0).levels[0].used, 2);
	store_close(local);
}

static void
test_of_two_locks_the_later_one_counts(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 21);
	struct store *local = open_local();

	use.lock_sec = 100;
	pair_ask(*state, &use, T0);
	use.lock_sec = 300;
	pair_ask(local, &use, T0);
	assert_int_equal(store_merge(*state, local), 0);
	assert_int_equal(pair_ask(*state, &use, T0).locked_ms, 300000);
	store_close(local);
	local = open_local();
	use.lock_sec = 50;
	pair_ask(local, &use, T0);
	assert_int_equal(store_merge(*state, local), 0);
	assert_int_equal(pair_ask(*state, &use, T0).locked_ms, 300000);
	store_close(local);
}

static void
test_a_refund_follows_its_charge(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 5);
	struct store *local = open_local();
	struct store_call *moved = pair_call(local, &use, T0);
	struct store_call *stayed;

	charge(*state, 1, T0);
	assert_int_equal(store_merge(*state, local), 0);
	stayed = pair_call(local, &use, T0);
	pair_give_back(local, stayed, T0);
	assert_int_equal(peek(local, T0).levels[0].used, 0);
	assert_int_equal(peek(*state, T0).levels[0].used, 6);
	store_call_give_back(moved, 0, T0);
	store_call_give_back(moved, 0, T0);
	store_call_put(moved);
	assert_int_equal(store_flush(*state, 5000), 0);
	assert_int_equal(peek(*state, T0).levels[0].used, 1);
	assert_int_equal(peek(*state, T0).levels[1].used, 1);
	store_close(local);
}

static void
test_a_refund_before_the_merge_stays_here(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 5);
	struct store *local = open_local();
	struct store_call *call = pair_call(local, &use, T0);

	charge(local, 2, T0);
	pair_give_back(local, call, T0);
	assert_int_equal(store_merge(*state, local), 0);
	assert_int_equal(peek(*state, T0).levels[0].used, 2);
	store_close(local);
}

static void
test_what_was_lost_there_is_not_given_back(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 5);
	struct store *local = open_local();
	struct store_call *call = pair_call(local, &use, T0);
	struct buf error = { 0 };

	assert_int_equal(store_merge(*state, local), 0);
	assert_int_equal(store_wipe(*state, &error), 0);
	store_call_give_back(call, 0, T0);
	store_call_put(call);
	assert_int_equal(store_flush(*state, 5000), 0);
	assert_int_equal(kit_list(*state, "", "", T0).n, 0);
	buf_done(&error);
	store_close(local);
}

static void
test_what_cannot_be_moved_stays(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 5);
	struct store *local = open_local();
	struct store_call *call = pair_call(local, &use, T0);

	store_set_down(*state, true);
	assert_int_equal(store_merge(*state, local), -1);
	store_set_down(*state, false);
	assert_int_equal(peek(local, T0).levels[0].used, 5);
	pair_give_back(local, call, T0);
	assert_int_equal(peek(local, T0).levels[0].used, 0);
	store_close(local);
}

static void
test_a_second_outage_is_added_to_the_first(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 3);
	struct store *local = open_local();
	struct store_call *first = pair_call(local, &use, T0), *second;

	assert_int_equal(store_merge(*state, local), 0);
	second = pair_call(local, &use, T0);
	charge(local, 4, T0);
	assert_int_equal(store_merge(*state, local), 0);
	assert_int_equal(peek(*state, T0).levels[0].used, 10);
	store_call_give_back(first, 0, T0);
	store_call_give_back(second, 0, T0);
	store_call_put(first);
	store_call_put(second);
	assert_int_equal(store_flush(*state, 5000), 0);
	assert_int_equal(peek(*state, T0).levels[0].used, 4);
	store_close(local);
}

static void
test_thousands_of_keys_are_moved(void **state)
{
	struct store *local = open_local();
	struct store_use use = use_of(STORE_CHARGE, 1);
	char name[16];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		use.identity = str_of(name);
		pair_ask(local, &use, T0);
	}
	assert_int_equal(store_merge(*state, local), 0);
	assert_int_equal(kit_list(*state, "pace", "", T0).n, 6000);
	assert_int_equal(kit_list(*state, "pace", "", T0).used, 6000);
	assert_int_equal(kit_list(local, "pace", "", T0).used, 0);
	store_close(local);
}

/* A grant's rates are what it was charged by, and what is moved. */
static void
test_rates_of_a_grant_are_moved_and_given_back(void **state)
{
	int64_t now = (int64_t)time(NULL) * 1000;
	struct store_grant grant = { .limit = STR("pace"),
		.identity = STR("anna"),
		.hold = { now + 100000, STR(""), STR("x") } };
	struct store_use use = use_of(STORE_CHARGE, 30);
	struct store *local = open_local();
	struct buf error = { 0 };
	struct store_call *call;

	assert_int_equal(
	    raise_parse(STR("40/2h,100/monthly"), &grant.raise, &error), 0);
	assert_int_equal(store_grant_set(local, &grant, &error), 0);
	assert_int_equal(store_grant_set(*state, &grant, &error), 0);
	call = pair_call(local, &use, now);
	assert_int_equal(store_merge(*state, local), 0);
	assert_int_equal(peek(*state, now).levels[1].used, 30);
	store_call_give_back(call, 0, now);
	store_call_put(call);
	assert_int_equal(store_flush(*state, 5000), 0);
	assert_int_equal(peek(*state, now).levels[0].used, 0);
	assert_int_equal(peek(*state, now).levels[1].used, 0);
	buf_done(&error);
	store_close(local);
}

/* --- while others charge ---------------------------------------------------- */

#define CROWD  4
#define ROUNDS 400

struct crowd {
	struct store *local;
	struct store *store;
	atomic_int n_running;
	_Atomic uint64_t n_kept;
};

static void *
charge_and_refund(void *arg)
{
	const struct store_rate rate[] = { { 1000000, 3600, STORE_ROLLING } };
	struct crowd *crowd = arg;
	char name[16];

	for (int i = 0; i < ROUNDS; i++) {
		struct store_use use = use_of(STORE_CHARGE, 1);
		struct store_call *call;

		snprintf(name, sizeof(name), "user%d", i % 7);
		use.identity = str_of(name);
		use.rates = rate;
		use.n_rates = 1;
		call = store_call_new(crowd->local);
		store_call_add(call, &use);
		if (store_call_wait(call, T0) == 0) {
			if (i % 3 == 0)
				store_call_give_back(call, 0, T0);
			else
				atomic_fetch_add(&crowd->n_kept, 1);
		}
		store_call_put(call);
	}
	atomic_fetch_sub(&crowd->n_running, 1);
	return NULL;
}

static void
test_nothing_is_lost_or_doubled_while_others_charge(void **state)
{
	struct crowd crowd = {
		.local = open_local(), .store = *state, .n_running = CROWD
	};
	pthread_t threads[CROWD];

	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
				     charge_and_refund, &crowd),
		    0);
	while (atomic_load(&crowd.n_running) > 0)
		assert_int_equal(store_merge(*state, crowd.local), 0);
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(store_merge(*state, crowd.local), 0);
	assert_int_equal(store_flush(*state, 5000), 0);
	assert_int_equal(kit_list(*state, "pace", "", T0).used, crowd.n_kept);
	assert_int_equal(kit_list(crowd.local, "pace", "", T0).used, 0);
	store_close(crowd.local);
}

static const struct pair_case cases[] = {
	CASE(test_slots_are_added_where_they_belong),
	CASE(test_what_does_not_fit_is_added_too),
	CASE(test_an_empty_store_takes_all),
	CASE(test_of_two_times_the_later_one_counts),
	CASE(test_values_are_as_of_when_they_were_last_seen),
	CASE(test_of_two_locks_the_later_one_counts),
	CASE(test_a_refund_follows_its_charge),
	CASE(test_a_refund_before_the_merge_stays_here),
	CASE(test_what_was_lost_there_is_not_given_back),
	CASE(test_what_cannot_be_moved_stays),
	CASE(test_a_second_outage_is_added_to_the_first),
	CASE(test_thousands_of_keys_are_moved),
	CASE(test_rates_of_a_grant_are_moved_and_given_back),
	CASE(test_nothing_is_lost_or_doubled_while_others_charge),
};

int
main(void)
{
	return pair_run("store merge", cases, COUNT(cases));
}
