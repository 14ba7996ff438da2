/* The daemon's own list of sessions: a place for each, none after the end. */
#include "store/ledger.h"
#include "daemon/sessions.h"

#include "base/clock.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char rules_text[] =
    "limit pace 100/1h recipients by client.ip\n"
    "on rcpt { slow: tempfail \"slow\" if over pace }\n";

static char rules_path[64];
static struct conf *conf;
static struct store *store;
static struct engine engine;

static int
set_up(void **state)
{
	const struct store_options memory = { .url = "memory" };
	struct buf text = { 0 }, error = { 0 };
	int fd;

	(void)state;
	log_setup("test", LOG_SINK_NONE, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	snprintf(rules_path, sizeof(rules_path), "/tmp/test_sessions.XXXXXX");
	fd = mkstemp(rules_path);
	if (fd == -1 || write(fd, rules_text, sizeof(rules_text) - 1) == -1)
		return -1;
	close(fd);
	buf_printf(&text, "rules = %s\nstore = memory\n", rules_path);
	conf = conf_load_text("", buf_str(&text), &error);
	store = store_open(&memory, &error);
	buf_done(&text);
	buf_done(&error);
	engine_init(&engine, store, store, 1);
	return conf == NULL || store == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	policy_publish(NULL);
	store_close(store);
	conf_free(conf);
	return unlink(rules_path);
}

static void
publish(void)
{
	struct buf diagnostics = { 0 };
	struct policy *policy = policy_load(conf, &diagnostics);

	if (policy == NULL)
		fail_msg("%s", diagnostics.p);
	policy_publish(policy);
	buf_done(&diagnostics);
}

static struct open_session *
open_one(void)
{
	return sessions_open(policy_current(), (struct steps){ 0, 0 });
}

static void
begin_message(struct open_session *open)
{
	struct session_client client = { .name = STR("a.example") };

	assert_int_equal(ip_parse(STR("192.0.2.7"), &client.ip), 0);
	assert_true(sessions_enter(open));
	session_now(open->session, clock_wall_ms(), false);
	session_connect(open->session, &client);
	session_mail(open->session, STR("<a@example.org>"), NULL, 0);
	session_rcpt(open->session, STR("<b@example.net>"), NULL, 0);
	sessions_leave(open);
}

static void
each_connection_takes_a_place_until_it_is_closed(void **state)
{
	struct open_session *first, *second, *third;

	(void)state;
	publish();
	sessions_set_max(2);
	first = open_one();
	second = open_one();
	third = open_one();
	assert_false(sessions_enter(first)); /* not connected yet */
	assert_true(sessions_connect(first, &engine));
	assert_true(sessions_connect(first, &engine)); /* takes no second */
	assert_true(sessions_connect(second, &engine));
	assert_false(sessions_connect(third, &engine));
	assert_false(sessions_enter(third));
	assert_int_equal(third->refusal->kind, REPLY_TEMPFAIL);
	assert_int_equal(third->refusal->code, 451);
	sessions_close(third); /* never had a place */
	third = open_one();
	assert_false(sessions_connect(third, &engine));
	sessions_close(first);
	assert_true(sessions_connect(third, &engine));
	sessions_close(second);
	sessions_close(third);
}

static void
a_connection_keeps_the_rules_it_began_with(void **state)
{
	struct open_session *open;
	struct policy *old, *now;

	(void)state;
	publish();
	open = open_one();
	assert_true(sessions_connect(open, &engine));
	old = open->policy;
	publish();
	now = policy_current();
	assert_ptr_equal(open->policy, old);
	assert_ptr_not_equal(now, old);
	assert_ptr_equal(session_rules(open->session), old->rules);
	policy_refresh_tables(); /* both are alive */
	policy_put(now);
	sessions_close(open);
}

static bool
add_used(void *context, const struct store_counter *counter)
{
	*(uint64_t *)context += counter->used;
	return true;
}

/* What the limit has counted for everybody. */
static uint64_t
total_used(void)
{
	const struct store_query query = { .limit = STR("pace"),
		.now_ms = clock_wall_ms() };
	struct buf error = { 0 };
	uint64_t used = 0;

	store_flush(store, 1000);
	assert_int_equal(
	    store_counters(store, &query, add_used, &used, &error), 0);
	buf_done(&error);
	return used;
}

/* The last one: there is no way back from it. */
static void
at_the_end_open_messages_are_waited_for_and_then_given_back(void **state)
{
	struct open_session *busy, *idle, *late;

	(void)state;
	publish();
	busy = open_one();
	idle = open_one();
	assert_true(sessions_connect(busy, &engine));
	assert_true(sessions_connect(idle, &engine));
	begin_message(busy);
	assert_null(sessions_refusal());

	assert_int_equal(sessions_drain(30), 1);
	assert_int_equal(sessions_refusal()->code, 451);
	late = open_one();
	assert_false(sessions_connect(late, &engine));
	assert_int_equal(late->refusal->code, 421);

	assert_int_equal(total_used(), 1);
	sessions_end_all(100);
	assert_int_equal(total_used(), 0);
	assert_false(sessions_enter(busy));
	assert_false(sessions_enter(idle));
	assert_int_equal(busy->refusal->code, 451);
	assert_int_equal(sessions_drain(0), 0);
	sessions_close(busy);
	sessions_close(idle);
	sessions_close(late);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_connection_takes_a_place_until_it_is_closed),
		cmocka_unit_test(a_connection_keeps_the_rules_it_began_with),
		cmocka_unit_test(
		    at_the_end_open_messages_are_waited_for_and_then_given_back),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
