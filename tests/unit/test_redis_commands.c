/*
 * Commands that nobody waits for: carried out in the order of the calls around
 * them, an error is one line a minute and harms nothing else, and what there
 * is no room or no Redis for is counted.
 */
#include "redis_kit.h"

#include "store/redis/redis.h"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct redis *redis;

static const struct store_rate pace[] = { { .max = 100000,
    .window_sec = 3600 } };

static int
start_inside(void **state)
{
	start(state);
	redis = store->self;
	return 0;
}

static void
command(const char *name, const char *key, const char *value)
{
	const struct str args[] = { str_of(name), str_of(key), str_of(value) };

	redis_behind_command(redis, str_of(key), args, COUNT(args));
}

static const char *
get(const char *key)
{
	const char *const words[4] = { "GET", key };
	static char text[256];

	server_ask(&server, words, text, sizeof(text));
	return text;
}

static uint64_t
failures(void)
{
	struct store_stats stats;

	store_stats_get(store, &stats);
	return stats.failures;
}

static void
test_commands_are_carried_out_in_order(void **state)
{
	char text[16];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%d,", i % 10);
		command("APPEND", "test:list", text);
	}
	assert_int_equal(store_flush(store, 5000), 0);
	assert_int_equal(strlen(get("test:list")), 255);
	for (size_t i = 0; i < 120; i++)
		assert_int_equal(get("test:list")[2 * i], '0' + i % 10);
	assert_int_equal(failures(), 0);
}

/* A charge, its key's end, a charge: only the order leaves 1 in it. */
static void
test_commands_keep_their_place_among_calls(void **state)
{
	const struct kit_use charge = { "anna", STORE_CHARGE, 7, pace, 1 };
	const struct kit_use peek = { "anna", STORE_PEEK, 1, pace, 1 };
	const struct str drop[] = { STR("DEL"), STR("test:limit:pace:{anna}") };

	(void)state;
	for (int i = 0; i < 50; i++) {
		struct store_call *call = store_call_new(store);

		redis_behind_command(redis, drop[1], drop, COUNT(drop));
		kit_add(call, &charge, 1);
		store_call_send(call, T0);
		store_call_put(call);
	}
	assert_int_equal(store_flush(store, 5000), 0);
	assert_int_equal(kit_ask(store, &peek, T0).levels[0].used, 7);
}

static void
test_an_error_is_counted_and_harms_nothing_else(void **state)
{
	(void)state;
	command("SET", "test:a", "1");
	command("LPUSH", "test:a", "2");
	command("NONSENSE", "test:a", "2");
	command("SET", "test:b", "3");
	assert_int_equal(store_flush(store, 5000), 0);
	assert_string_equal(get("test:a"), "1");
	assert_string_equal(get("test:b"), "3");
	assert_int_equal(failures(), 2);
	assert_true(store_is_up(store));
}

static void
test_binary_arguments_arrive_as_they_are(void **state)
{
	const struct str args[] = { STR("SET"), STR("test:\r\n"),
		STR("\0\r\n$1\xff") };
	const char *const words[4] = { "STRLEN", "test:\r\n" };
	char text[16];

	(void)state;
	redis_behind_command(redis, args[1], args, COUNT(args));
	assert_int_equal(store_flush(store, 5000), 0);
	server_ask(&server, words, text, sizeof(text));
	assert_string_equal(text, "6");
}

/* Half a megabyte each: the queue is full of bytes long before of jobs. */
static void
test_commands_take_no_more_memory_than_their_share(void **state)
{
	const size_t len = 512 * 1024;
	char *value = malloc(len);
	const struct str args[] = { STR("SET"), STR("test:big"),
		{ value, len } };

	(void)state;
	assert_non_null(value);
	memset(value, 'x', len);
	command("SET", "test:a", "1");
	assert_int_equal(store_flush(store, 5000), 0);
	kill(server.pid, SIGSTOP);
	for (int i = 0; i < 200; i++)
		redis_behind_command(redis, args[1], args, COUNT(args));
	/* Up to 64 may have been taken before the queue filled. */
	assert_in_range(failures(), 200 - 64 - 32, 200 - 31);
	kill(server.pid, SIGCONT);
	assert_int_equal(store_flush(store, 10000), 0);
	free(value);
}

static void
test_without_redis_a_command_is_counted_at_once(void **state)
{
	const struct kit_use charge = { "anna", STORE_CHARGE, 1, pace, 1 };
	struct store_call *call = store_call_new(store);

	(void)state;
	server_kill(&server);
	kit_add(call, &charge, 1);
	assert_int_equal(store_call_wait(call, T0), -1);
	store_call_put(call);
	assert_false(store_is_up(store));
	for (int i = 0; i < 10; i++)
		command("SET", "test:a", "1");
	assert_int_equal(failures(), 11);
	assert_int_equal(store_flush(store, 5000), 0);
}

#define CASE(function)                                                         \
	cmocka_unit_test_setup_teardown(function, start_inside, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_commands_are_carried_out_in_order),
		CASE(test_commands_keep_their_place_among_calls),
		CASE(test_an_error_is_counted_and_harms_nothing_else),
		CASE(test_binary_arguments_arrive_as_they_are),
		CASE(test_commands_take_no_more_memory_than_their_share),
		CASE(test_without_redis_a_command_is_counted_at_once),
	};

	return cmocka_run_group_tests_name("redis commands", tests, NULL, NULL);
}
