/*
 * Redis gone, slow, dying in the middle, empty after a restart, unwilling, or
 * not Redis at all: no wait is longer than its time-out, no answer goes to the
 * wrong question, each change of state is one line, and it comes back alone.
 */
#include "fake_redis.h"
#include "log_kit.h"
#include "slower.h"
#include "store_kit.h"

#include "base/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Sanitizers are slow, more so beside other tests. */
#define TIMEOUT_MS   (IS_SANITIZED ? 400 : 100)
/* Busy hosts: what is waited beyond the time-out. */
#define SLACK_MS     (TIMEOUT_MS * 3 / 2)

static struct redis_server server;
static struct store *store;

static int
start(void **state)
{
	(void)state;
	server_init(&server);
	server_start(&server);
	log_kit_catch(server.dir);
	store = kit_open(server.url, TIMEOUT_MS);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	store_close(store);
	log_kit_release();
	server_done(&server);
	return 0;
}

static int
try(const char *identity, uint64_t *used_out)
{
	return kit_try(store, identity, used_out);
}

static uint64_t
must(const char *identity)
{
	uint64_t used = 0;

	assert_int_equal(try(identity, &used), 0);
	return used;
}

static int64_t
ms_of_failing_try(void)
{
	int64_t start_us = clock_steady_us();
	uint64_t used;

	assert_int_equal(try("anna", &used), -1);
	return (clock_steady_us() - start_us) / 1000;
}

static void
test_a_store_that_is_gone_fails_at_once_and_comes_back(void **state)
{
	int64_t start_us;

	(void)state;
	assert_int_equal(must("anna"), 1);
	server_kill(&server);
	assert_true(ms_of_failing_try() < SLACK_MS);
	assert_false(store_is_up(store));
	start_us = clock_steady_us();
	for (int i = 0; i < 1000; i++)
		ms_of_failing_try();
	assert_true(clock_steady_us() - start_us < 500000);
	nap_ms(300);
	assert_int_equal(log_kit_count("is away"), 1);
	assert_int_equal(log_kit_count("limits follow their on-outage"), 1);
	server_start(&server);
	kit_await(store);
	assert_int_equal(log_kit_count("is back after"), 1);
	assert_int_equal(must("anna"), 1);
}

static void
test_a_restart_between_two_calls_is_not_noticed(void **state)
{
	(void)state;
	must("anna");
	server_kill(&server);
	server_start(&server);
	assert_int_equal(must("anna"), 1);
	assert_int_equal(log_kit_count("is away"), 0);
}

static void
test_a_hanging_store_is_waited_for_until_the_timeout(void **state)
{
	(void)state;
	must("anna");
	kill(server.pid, SIGSTOP);
	for (int i = 0; i < 2; i++)
		assert_in_range(
		    ms_of_failing_try(), TIMEOUT_MS, TIMEOUT_MS + SLACK_MS);
	assert_false(store_is_up(store));
	assert_true(ms_of_failing_try() < TIMEOUT_MS / 2);
	assert_int_equal(log_kit_count("is away (no answer in time)"), 1);
	kill(server.pid, SIGCONT);
	kit_await(store);
	assert_int_equal(log_kit_count("is back after"), 1);
	/* The two that timed out were charged when it woke up, or not. */
	assert_in_range(must("anna"), 2, 4);
}

struct crowd {
	atomic_bool is_ending;
	atomic_uint next;
	atomic_uint n_answers;
	atomic_uint n_mixed_up;
	atomic_uint n_slow;
};

/* Peeks at a key whose count only this thread knows. */
static void *
ask_own_key(void *arg)
{
	struct crowd *crowd = arg;
	unsigned mine = atomic_fetch_add(&crowd->next, 1) + 1;
	char identity[16];
	const struct kit_use fill = { identity, STORE_CHARGE, mine, kit_plenty,
		1 };
	const struct kit_use peek = { identity, STORE_PEEK, 1, kit_plenty, 1 };

	snprintf(identity, sizeof(identity), "own%u", mine);
	kit_ask(store, &fill, T0);
	while (!atomic_load(&crowd->is_ending)) {
		struct store_call *call = store_call_new(store);
		int64_t start_us = clock_steady_us();

		kit_add(call, &peek, 1);
		if (store_call_wait(call, T0) == 0) {
			atomic_fetch_add(&crowd->n_answers, 1);
			if (store_call_answer(call, 0)->levels[0].used != mine)
				atomic_fetch_add(&crowd->n_mixed_up, 1);
		} else {
			nap_ms(1);
		}
		if (clock_steady_us() - start_us >
		    (TIMEOUT_MS + SLACK_MS) * 1000)
			atomic_fetch_add(&crowd->n_slow, 1);
		store_call_put(call);
	}
	return NULL;
}

static void
test_late_answers_never_meet_another_question(void **state)
{
	struct crowd crowd = { .next = 0 };
	pthread_t threads[8];

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, ask_own_key, &crowd);
	nap_ms(100);
	for (int i = 0; i < 5; i++) {
		kill(server.pid, SIGSTOP);
		nap_ms(60 + i * 30);
		kill(server.pid, SIGCONT);
		nap_ms(200);
	}
	atomic_store(&crowd.is_ending, true);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crowd.n_mixed_up, 0);
	assert_int_equal(crowd.n_slow, 0);
	assert_true(crowd.n_answers > 100);
}

static void
test_what_was_charged_before_data_were_lost_is_not_given_back(void **state)
{
	const struct kit_use use = { "anna", STORE_CHARGE, 5, kit_plenty, 1 };
	struct store_call *call = kit_call(store, &use, T0);

	(void)state;
	server_kill(&server);
	server_start(&server);
	kit_ask(store, &use, T0);
	kit_give_back(store, call, T0);
	assert_int_equal(must("anna"), 6);
	/* What is charged in the new data can be given back there. */
	kit_give_back(store, kit_call(store, &use, T0), T0);
	assert_int_equal(must("anna"), 7);
}

static void
test_script_flush_under_way_loses_nothing(void **state)
{
	const char *const flush[4] = { "SCRIPT", "FLUSH" };
	char text[64];

	(void)state;
	for (uint64_t i = 1; i <= 50; i++) {
		assert_int_equal(must("anna"), i);
		if (i % 5 == 0)
			server_ask(&server, flush, text, sizeof(text));
	}
}

static void
test_a_full_queue_drops_and_says_so_once(void **state)
{
	const struct kit_use use = { "anna", STORE_CHARGE, 1, kit_plenty, 1 };
	struct store_stats stats;

	(void)state;
	store_close(store);
	store = kit_open(server.url, 10000);
	must("anna");
	kill(server.pid, SIGSTOP);
	for (int i = 0; i < 40000; i++) {
		struct store_call *call = store_call_new(store);

		kit_add(call, &use, 1);
		store_call_send(call, T0);
		store_call_put(call);
	}
	assert_int_equal(log_kit_count("were dropped"), 1);
	assert_int_equal(store_flush(store, 1), -1);
	kill(server.pid, SIGCONT);
	assert_int_equal(store_flush(store, 10000), 0);
	store_stats_get(store, &stats);
	assert_int_equal(stats.calls_sent, 40000);
	assert_in_range(stats.failures, 20000, 40000 - 16384);
	assert_true(store_is_up(store));
}

static void
test_a_wrong_password_is_said_with_its_code(void **state)
{
	char url[160];
	uint64_t used;

	(void)state;
	store_close(store);
	snprintf(url, sizeof(url), "redis+unix://nobody:wrong@%s", server.path);
	store = kit_open(url, TIMEOUT_MS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(try("anna", &used), -1);
	assert_false(store_is_up(store));
	nap_ms(500);
	assert_int_equal(log_kit_count("is away (WRONGPASS"), 1);
	assert_int_equal(log_kit_count("wrong@"), 0);
}

static void
test_the_right_password_and_database_are_used(void **state)
{
	const char *const config[4] = { "CONFIG", "SET", "requirepass",
		"pa ss@w%rd" };
	char url[160], text[64];

	(void)state;
	server_ask(&server, config, text, sizeof(text));
	assert_string_equal(text, "OK");
	store_close(store);
	snprintf(url, sizeof(url),
	    "redis+unix://default:pa%%20ss%%40w%%25rd@%s?db=3", server.path);
	store = kit_open(url, TIMEOUT_MS);
	assert_int_equal(must("anna"), 1);
	assert_non_null(strstr(store_name(store), "/3"));
	assert_null(strstr(store_name(store), "ss@w"));
}

static void
test_nobody_listening_is_known_at_once(void **state)
{
	(void)state;
	store_close(store);
	store = kit_open("redis://127.0.0.1:1/0", 2000);
	assert_true(ms_of_failing_try() < 1000);
	/* Who found it out may still be writing the line. */
	for (int i = 0; i < 100 && log_kit_count("is away") == 0; i++)
		nap_ms(10);
	assert_int_equal(log_kit_count("redis 127.0.0.1:1/0 is away "
				       "(Connection refused)"),
	    1);
	store_close(store);
	store = kit_open("redis://name.invalid/0", 2000);
	assert_true(ms_of_failing_try() <= 2000 + SLACK_MS);
}

/* What a server may say instead of an answer, and what the line must name. */
static void
test_strange_answers_are_failures(void **state)
{
	static const struct {
		const char *name, *greeting, *answer, *line;
	} cases[] = {
		{ "loading", "-LOADING Redis is loading\r\n", "+OK\r\n",
		    "is away (LOADING" },
		{ "out of memory", NULL, "-OOM command not allowed\r\n",
		    "is away (OOM" },
		{ "a replica", NULL, "-READONLY You can't write\r\n",
		    "is away (READONLY" },
		{ "busy", NULL, "-BUSY Redis is busy\r\n", "is away (BUSY" },
		{ "no script for ever", NULL, "-NOSCRIPT No script\r\n",
		    "is away (NOSCRIPT" },
		{ "not Redis", NULL, "HTTP/1.1 400 Bad Request\r\n\r\n",
		    "is away (answer is not the Redis protocol" },
		{ "another type", NULL, "+OK\r\n",
		    "is away (answer does not belong" },
		{ "too short", NULL, "*1\r\n:1\r\n",
		    "is away (answer does not belong" },
		{ "too long", NULL, "*5\r\n:1\r\n:1\r\n:1\r\n:0\r\n:9\r\n",
		    "is away (answer does not belong" },
		{ "texts", NULL, "*4\r\n:1\r\n$1\r\n1\r\n:1\r\n:0\r\n",
		    "is away (answer does not belong" },
		{ "two answers", NULL, "*4\r\n:1\r\n:1\r\n:1\r\n:0\r\n+OK\r\n",
		    "is away (more answers than questions" },
		{ "half an answer", NULL, "*4\r\n:1\r\n:1",
		    "is away (no answer in time" },
		{ "silence", NULL, NULL, "is away (no answer in time" },
		{ "closes", NULL, "", "is away (connection was closed" },
		{ "escapes", NULL, "-ERR \x1b[31m\r\n", "\\x1b[31m" },
	};
	struct fake_redis fake;
	char path[128], url[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/fake", server.dir);
	snprintf(url, sizeof(url), "redis+unix://%s", path);
	for (size_t i = 0; i < COUNT(cases); i++) {
		store_close(store);
		assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
		memset(&fake, 0, sizeof(fake));
		fake.greeting = cases[i].greeting;
		fake.answer = cases[i].answer;
		fake_start(&fake, path);
		store = kit_open(url, TIMEOUT_MS);
		for (int n = 0; n < 2; n++)
			if (ms_of_failing_try() > TIMEOUT_MS + SLACK_MS)
				fail_msg("%s: slow", cases[i].name);
		if (log_kit_count(cases[i].line) == 0)
			fail_msg("%s: not said", cases[i].name);
		store_close(store);
		store = NULL;
		fake_stop(&fake);
	}
}

/* Servers that do not know AUTH say what they were asked instead. */
static void
test_a_server_that_repeats_the_password_is_not_quoted(void **state)
{
	static const char *const greetings[] = {
		("-ERR unknown command 'AUTH', with args beginning with: "
		 "'hunter22' \r\n"),
		"-ERR what is hunter22?\r\n",
		"-hunter22\r\n",
	};
	struct fake_redis fake;
	char path[128], url[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/fake", server.dir);
	snprintf(url, sizeof(url), "redis+unix://:hunter22@%s", path);
	for (size_t i = 0; i < COUNT(greetings); i++) {
		store_close(store);
		assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
		memset(&fake, 0, sizeof(fake));
		fake.greeting = greetings[i];
		fake_start(&fake, path);
		store = kit_open(url, TIMEOUT_MS);
		for (int n = 0; n < 2; n++)
			ms_of_failing_try();
		assert_int_equal(log_kit_count("is away ("), 1);
		assert_int_equal(log_kit_count("hunter22"), 0);
		store_close(store);
		store = NULL;
		fake_stop(&fake);
	}
}

static void
test_closing_does_not_wait_for_a_hanging_store(void **state)
{
	const struct kit_use use = { "anna", STORE_CHARGE, 1, kit_plenty, 1 };
	struct store_call *call = store_call_new(store);
	int64_t start_us;

	(void)state;
	must("anna");
	kit_add(call, &use, 1);
	kill(server.pid, SIGSTOP);
	store_call_send(call, T0);
	start_us = clock_steady_us();
	store_close(store);
	assert_true(clock_steady_us() - start_us < 1500000);
	store_call_put(call);
	store = NULL;
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_store_that_is_gone_fails_at_once_and_comes_back),
		CASE(test_a_restart_between_two_calls_is_not_noticed),
		CASE(test_a_hanging_store_is_waited_for_until_the_timeout),
		CASE(test_late_answers_never_meet_another_question),
		CASE(
		    test_what_was_charged_before_data_were_lost_is_not_given_back),
		CASE(test_script_flush_under_way_loses_nothing),
		CASE(test_a_full_queue_drops_and_says_so_once),
		CASE(test_a_wrong_password_is_said_with_its_code),
		CASE(test_the_right_password_and_database_are_used),
		CASE(test_nobody_listening_is_known_at_once),
		CASE(test_strange_answers_are_failures),
		CASE(test_a_server_that_repeats_the_password_is_not_quoted),
		CASE(test_closing_does_not_wait_for_a_hanging_store),
	};

	return cmocka_run_group_tests_name("store failure", tests, NULL, NULL);
}
