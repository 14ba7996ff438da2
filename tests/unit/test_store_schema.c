/*
 * What stands in Redis: names, fields, expiry. Operators read it by redis-cli,
 * so it is a public interface; and what others left there must do no harm.
 */
#include "redis_kit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct store_rate both[] = { { 20, 60, STORE_ROLLING },
	{ 30, 3600, STORE_ROLLING } };

static const struct kit_use charge_1 = { "anna", STORE_CHARGE, 1, kit_pace, 1 };

static void
ask_redis(const char *const words[4], char text[256])
{
	server_ask(&server, words, text, 256);
}

static void
test_the_field_reads_as_the_manual_says(void **state)
{
	const char *const get[4] = { "HGET", "test:limit:pace:{anna}",
		"recipients.1h" };
	const struct store_rate hour[] = { { 200, 3600, STORE_ROLLING } };
	static const uint64_t amounts[] = { 5, 12, 25 };
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(amounts); i++)
		kit_ask(store,
		    &(struct kit_use){
			"anna", STORE_CHARGE, amounts[i], hour, 1 },
		    INT64_C(3924715) * 450000 + (int64_t)i * 450000);
	kit_ask(store, &(struct kit_use){ "anna", STORE_CHARGE, 0, hour, 1 },
	    INT64_C(3924721) * 450000);
	ask_redis(get, text);
	assert_string_equal(text, "42/200 3924721 0 0 5 12 25 0 0 0 0");
}

static void
test_big_numbers_have_no_exponent(void **state)
{
	const char *const get[4] = { "HGET", "test:limit:pace:{anna}",
		"recipients.1s" };
	const struct store_rate rate[] = { { (UINT64_C(1) << 53) - 1, 1,
	    STORE_ROLLING } };
	char text[256];

	(void)state;
	kit_ask(store,
	    &(struct kit_use){
		"anna", STORE_CHARGE, (UINT64_C(1) << 53) - 1, rate, 1 },
	    T0);
	ask_redis(get, text);
	assert_string_equal(text,
	    "9007199254740991/9007199254740991 14137804800 "
	    "0 0 0 0 0 0 0 0 9007199254740991");
}

static void
test_the_expiry_is_set_and_never_shortened(void **state)
{
	const char *const ask[4] = { "PTTL", "test:limit:pace:{anna}" };
	const char *const persist[4] = { "PERSIST", "test:limit:pace:{anna}" };
	char text[256];

	(void)state;
	kit_fill(store, 1, T0);
	ask_redis(ask, text);
	assert_in_range(atol(text), 67500, 200000);
	kit_ask(
	    store, &(struct kit_use){ "anna", STORE_CHARGE, 1, both, 2 }, T0);
	ask_redis(ask, text);
	assert_in_range(atol(text), 9 * 450000, 5000000);
	kit_fill(store, 1, T0);
	ask_redis(ask, text);
	assert_in_range(atol(text), 9 * 450000, 5000000);
	/* What somebody made eternal gets its expiry with the next slot. */
	ask_redis(persist, text);
	kit_fill(store, 1, T0 + 7500);
	ask_redis(ask, text);
	assert_in_range(atol(text), 67500, 200000);
}

static void
test_a_damaged_field_counts_as_empty(void **state)
{
	const char *const set[4] = { "HSET", "test:limit:pace:{anna}",
		"recipients.1m", "20/20 235630080 0 0 0 0 0 0 0 0 20x" };
	char text[256];

	(void)state;
	ask_redis(set, text);
	assert_int_equal(kit_used(store, T0), 0);
	assert_int_equal(kit_list(store, "pace", "anna", T0).n, 0);
	kit_fill(store, 3, T0);
	assert_int_equal(kit_used(store, T0), 3);
}

static void
test_a_key_of_another_type_fails_alone(void **state)
{
	const char *const set[4] = { "SET", "test:limit:pace:{anna}", "mine" };
	const struct kit_use other = { "bert", STORE_CHARGE, 1, both, 2 };
	struct store_call *call = store_call_new(store);
	char text[256];

	(void)state;
	ask_redis(set, text);
	kit_add(call, &charge_1, 1);
	kit_add(call, &other, 1);
	assert_int_equal(store_call_wait(call, T0), 0);
	assert_true(store_call_answer(call, 0)->failed);
	assert_false(store_call_answer(call, 0)->fits);
	assert_true(store_call_answer(call, 1)->fits);
	assert_int_equal(store_call_answer(call, 1)->levels[1].used, 1);
	kit_give_back(store, call, T0);
	assert_int_equal(kit_list(store, "pace", "bert", T0).used, 0);
	assert_int_equal(kit_list(store, "", "", T0).n, 2);
}

static void
test_after_script_flush_the_body_is_sent(void **state)
{
	const char *const flush[4] = { "SCRIPT", "FLUSH" };
	struct store_stats stats;
	char text[256];

	(void)state;
	kit_fill(store, 1, T0);
	ask_redis(flush, text);
	kit_fill(store, 1, T0);
	assert_int_equal(kit_used(store, T0), 2);
	store_stats_get(store, &stats);
	assert_true(store_is_up(store));
}

static void
test_a_wipe_leaves_other_keys(void **state)
{
	const char *const set[4] = { "SET", "tes:t", "x" };
	const char *const get[4] = { "GET", "tes:t" };
	struct buf error = { 0 };
	char text[256];

	(void)state;
	ask_redis(set, text);
	kit_fill(store, 1, T0);
	assert_int_equal(store_wipe(store, &error), 0);
	ask_redis(get, text);
	assert_string_equal(text, "x");
	assert_int_equal(kit_list(store, "", "", T0).n, 0);
	buf_done(&error);
}

#define CASE(function) cmocka_unit_test_setup(function, wipe)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_the_field_reads_as_the_manual_says),
		CASE(test_big_numbers_have_no_exponent),
		CASE(test_the_expiry_is_set_and_never_shortened),
		CASE(test_a_damaged_field_counts_as_empty),
		CASE(test_a_key_of_another_type_fails_alone),
		CASE(test_after_script_flush_the_body_is_sent),
		CASE(test_a_wipe_leaves_other_keys),
	};

	return cmocka_run_group_tests_name("store schema", tests, start, stop);
}
