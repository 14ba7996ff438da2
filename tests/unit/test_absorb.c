/* Two tokens as one: giving back the sum is giving back each, and what would
 * not be the same is left alone. */
#include "store_kit.h"

static struct redis_server server;
static struct store *redis, *memory;

static int
open_both(void **state)
{
	(void)state;
	server_init(&server);
	server_start(&server);
	memory = kit_open("memory", 0);
	redis = kit_open(server.url, 5000);
	return 0;
}

static int
close_both(void **state)
{
	(void)state;
	store_close(memory);
	store_close(redis);
	server_done(&server);
	return 0;
}

static int
wipe(void **state)
{
	struct buf error = { 0 };

	(void)state;
	assert_int_equal(store_wipe(redis, &error), 0);
	assert_int_equal(store_wipe(memory, &error), 0);
	buf_done(&error);
	return 0;
}

static struct store_call *
charge(
    struct store *store, const char *identity, uint64_t amount, int64_t now_ms)
{
	const struct kit_use use = { identity, STORE_CHARGE, amount, kit_pace,
		1 };
	struct store_call *call = kit_call(store, &use, now_ms);

	store_call_shrink(call);
	return call;
}

static void
what_was_charged_alike_is_given_back_at_once(void **state)
{
	struct store_call *call = charge(redis, "anna", 1, T0);
	struct store_stats before, after;

	(void)state;
	for (uint64_t i = 2; i <= 4; i++)
		assert_true(store_call_absorb(
		    call, charge(redis, "anna", i, T0 + 7499)));
	kit_fill(redis, 5, T0);
	assert_int_equal(kit_used(redis, T0 + 7499), 15);
	store_stats_get(redis, &before);
	kit_give_back(redis, call, T0 + 7499);
	store_stats_get(redis, &after);
	assert_int_equal(after.calls_sent - before.calls_sent, 1);
	assert_int_equal(kit_used(redis, T0 + 7499), 5);
}

static void
another_slot_key_or_store_is_another_token(void **state)
{
	struct store_call *call = charge(redis, "anna", 1, T0);
	struct store_call *others[] = {
		charge(redis, "anna", 1, T0 + 7500),
		charge(redis, "bob", 1, T0),
		charge(memory, "anna", 1, T0),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_false(store_call_absorb(call, others[i]));
		store_call_put(others[i]);
	}
	kit_give_back(redis, call, T0 + 7500);
	assert_int_equal(kit_used(redis, T0 + 7500), 1);
}

/* What was over was not charged, so there is nothing that could be lost. */
static void
a_charge_that_did_not_fit_is_absorbed_by_any(void **state)
{
	struct store_call *call = charge(redis, "anna", 15, T0);

	(void)state;
	assert_true(
	    store_call_absorb(call, charge(redis, "anna", 6, T0 + 100)));
	kit_give_back(redis, call, T0 + 100);
	assert_int_equal(kit_used(redis, T0 + 100), 0);
}

static void
what_is_being_given_back_absorbs_nothing(void **state)
{
	struct store_call *call = charge(redis, "anna", 1, T0);
	struct store_call *other = charge(redis, "anna", 1, T0);

	(void)state;
	store_call_give_back(call, 1, T0);
	assert_false(store_call_absorb(call, other));
	store_call_put(call);
	kit_give_back(redis, other, T0);
	assert_int_equal(kit_used(redis, T0), 0);
}

/* A value is given back by its name. */
static void
different_values_are_not_added_up(void **state)
{
	const struct str values[] = { STR("a"), STR("b") };
	struct store_use use = { .limit = STR("nets"),
		.unit = STR("distinct"),
		.identity = STR("anna"),
		.rates = kit_pace,
		.n_rates = 1,
		.op = STORE_CHARGE,
		.n_members = 1,
		.tag = 1 };
	struct store_call *calls[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		use.members = &values[i];
		calls[i] = store_call_new(redis);
		store_call_add(calls[i], &use);
		assert_int_equal(store_call_wait(calls[i], T0), 0);
	}
	assert_false(store_call_absorb(calls[0], calls[1]));
	store_call_put(calls[0]);
	store_call_put(calls[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    what_was_charged_alike_is_given_back_at_once, wipe),
		cmocka_unit_test_setup(
		    another_slot_key_or_store_is_another_token, wipe),
		cmocka_unit_test_setup(
		    a_charge_that_did_not_fit_is_absorbed_by_any, wipe),
		cmocka_unit_test_setup(
		    what_is_being_given_back_absorbs_nothing, wipe),
		cmocka_unit_test_setup(different_values_are_not_added_up, wipe),
	};

	return cmocka_run_group_tests(tests, open_both, close_both);
}
