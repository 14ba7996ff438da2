/* Rules that are switched while running, as a process reads them from Redis:
 * they begin, end, and hold while Redis is away. */
#include "daemon/keeper/switches.h"

#include "base/clock.h"
#include "base/log.h"
#include "redis_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct redis_server server;
static struct store *store;

static int
set_up(void **state)
{
	struct store_options options = { .timeout_ms = 1000 };
	struct buf error = { 0 };

	(void)state;
	server_init(&server);
	server_start(&server);
	options.url = server.url;
	store = store_open(&options, &error);
	buf_done(&error);
	return store == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	store_close(store);
	server_done(&server);
	return 0;
}

static void
set_switch(const char *rule, int64_t until_ms)
{
	const struct store_switch one = { .rule = str_of(rule),
		.hold = { .until_ms = until_ms,
		    .reason = STR("a \"test\""),
		    .by = STR("anna@mx1") } };
	struct buf error = { 0 };

	assert_int_equal(store_switch_set(store, &one, &error), 0);
	buf_done(&error);
}

static void
a_switch_begins_and_ends(void **state)
{
	struct switches *switches = switches_new();
	int64_t now_ms = clock_wall_ms() / 1000 * 1000;
	struct buf error = { 0 };
	bool was_there;

	(void)state;
	assert_false(switches_has(switches, STR("spam"), now_ms));
	set_switch("spam", now_ms + 60000);
	set_switch("pace", now_ms + 60000);
	assert_false(switches_has(switches, STR("spam"), now_ms));
	switches_poll(switches, store, now_ms);
	assert_true(switches_has(switches, STR("spam"), now_ms));
	assert_true(switches_has(switches, STR("pace"), now_ms));
	assert_false(switches_has(switches, STR("spa"), now_ms));
	assert_false(switches_has(switches, STR("spam-2"), now_ms));
	assert_int_equal(
	    store_switch_drop(store, STR("spam"), &was_there, &error), 0);
	assert_true(was_there);
	switches_poll(switches, store, now_ms);
	assert_false(switches_has(switches, STR("spam"), now_ms));
	assert_true(switches_has(switches, STR("pace"), now_ms));
	switches_free(switches);
	buf_done(&error);
}

static void
without_redis_switches_stay_until_their_end(void **state)
{
	struct switches *switches = switches_new();
	int64_t now_ms = clock_wall_ms() / 1000 * 1000;

	(void)state;
	set_switch("short", now_ms + 5000);
	set_switch("long", now_ms + 60000);
	switches_poll(switches, store, now_ms);
	server_kill(&server);
	switches_poll(switches, store, now_ms + 4999);
	assert_true(switches_has(switches, STR("short"), now_ms + 4999));
	assert_false(switches_has(switches, STR("short"), now_ms + 5000));
	switches_expire(switches, now_ms + 5000);
	assert_false(switches_has(switches, STR("short"), now_ms));
	assert_true(switches_has(switches, STR("long"), now_ms));
	switches_expire(switches, now_ms + 60000);
	assert_false(switches_has(switches, STR("long"), now_ms));
	switches_free(switches);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_switch_begins_and_ends),
		cmocka_unit_test(without_redis_switches_stay_until_their_end),
	};

	log_setup("test", LOG_SINK_NONE, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
