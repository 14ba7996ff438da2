/*
 * store_pair: cases that run on the memory store and on a real Redis, and must
 * not be able to tell them apart. A case gets a wiped store as its state.
 */
#ifndef SLUICE_TESTS_STORE_PAIR_H
#define SLUICE_TESTS_STORE_PAIR_H

#include "store_kit.h"

#include "base/calendar.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct pair_case {
	const char *name;
	void (*function)(void **state);
};

#define CASE(function)                                                         \
	{                                                                      \
#function, function                                            \
	}

static struct redis_server pair_server;
static struct store *pair_stores[2];
static const char *const pair_names[2] = { "memory", "redis" };

static int
pair_open(void **state)
{
	(void)state;
	setenv("TZ", "Europe/Berlin", 1);
	calendar_zone_changed();
	server_init(&pair_server);
	server_start(&pair_server);
	pair_stores[0] = kit_open("memory", 0);
	pair_stores[1] = kit_open(pair_server.url, 5000);
	return 0;
}

static int
pair_close(void **state)
{
	(void)state;
	store_close(pair_stores[0]);
	store_close(pair_stores[1]);
	server_done(&pair_server);
	return 0;
}

/* The stores are not open yet when cases are made: which one, is found here. */
static int
pair_wipe(void **state)
{
	struct buf error = { 0 };

	*state =
	    pair_stores[*(const char *const *)*state == pair_names[1] ? 1 : 0];
	assert_int_equal(store_wipe(*state, &error), 0);
	buf_done(&error);
	return 0;
}

static inline bool
pair_is_redis(const struct store *store)
{
	return store == pair_stores[1];
}

/* Runs each case on both; returns how many failed. */
static int
pair_run(const char *name, const struct pair_case *cases, size_t n)
{
	struct CMUnitTest *tests = calloc(2 * n, sizeof(*tests));
	char(*names)[128] = calloc(2 * n, sizeof(*names));
	int failed;

	for (size_t i = 0; i < 2 * n; i++) {
		const char *title = cases[i / 2].name + strlen("test_");

		snprintf(names[i], sizeof(names[i]), "%s: %s",
		    pair_names[i % 2], title);
		for (char *p = names[i]; *p != '\0'; p++)
			if (*p == '_')
				*p = ' ';
		tests[i].name = names[i];
		tests[i].test_func = cases[i / 2].function;
		tests[i].setup_func = pair_wipe;
		tests[i].initial_state = (void *)(uintptr_t)&pair_names[i % 2];
	}
	failed =
	    _cmocka_run_group_tests(name, tests, 2 * n, pair_open, pair_close);
	free(names);
	free(tests);
	return failed;
}

/* A question of one use, and its answer. */
static inline struct store_answer
pair_ask(struct store *store, const struct store_use *use, int64_t now_ms)
{
	struct store_call *call = store_call_new(store);
	struct store_answer answer;

	store_call_add(call, use);
	assert_int_equal(store_call_wait(call, now_ms), 0);
	answer = *store_call_answer(call, 0);
	store_call_put(call);
	return answer;
}

/* The same, but the call is the caller's: to be given back, and put. */
static inline struct store_call *
pair_call(struct store *store, const struct store_use *use, int64_t now_ms)
{
	struct store_call *call = store_call_new(store);

	store_call_add(call, use);
	assert_int_equal(store_call_wait(call, now_ms), 0);
	return call;
}

static inline void
pair_give_back(struct store *store, struct store_call *call, int64_t now_ms)
{
	store_call_give_back(call, 0, now_ms);
	store_call_put(call);
	assert_int_equal(store_flush(store, 5000), 0);
}

#endif
