/*
 * What only Redis keeps for people: events, hits, hot keys, hosts, switches.
 */
#include "ledger_kit.h"
#include "redis_kit.h"

#include <pthread.h>

#define DAY_MS INT64_C(86400000)

static void
flush(void)
{
	assert_int_equal(store_flush(store, 5000), 0);
}

/* --- events --------------------------------------------------------------- */

static void
send_event(const char *ref, const char *text)
{
	const struct store_field fields[] = { { STR("event"), STR("verdict") },
		{ STR("ref"), str_of(ref) }, { STR("text"), str_of(text) } };
	const struct store_event event = { .fields = fields, .n_fields = 3 };

	store_event_send(store, &event);
}

static bool
put_event(void *context, const struct store_event *event)
{
	struct kit_lines *lines = context;
	int64_t ago_ms = clock_wall_ms() - event->at_ms;

	assert_true(ago_ms > -10000 && ago_ms < 60000);
	buf_printf(&lines->text, "%.*s %.*s %.*s (%zu)\n",
	    STR_ARG(store_event_value(event, "event")),
	    STR_ARG(store_event_value(event, "ref")),
	    STR_ARG(store_event_value(event, "text")), event->n_fields);
	assert_int_equal(store_event_value(event, "none").len, 0);
	return kit_goes_on(lines);
}

static void
back_is(size_t max, const char *want)
{
	struct kit_lines lines = { .max = max };
	struct buf error = { 0 };

	kit_fine(store_events_back(store, put_event, &lines, &error), &error);
	assert_string_equal(kit_text(&lines), want);
	buf_done(&lines.text);
}

static void
test_events_come_back_newest_first(void **state)
{
	(void)state;
	back_is(0, "");
	send_event("a-1", "one");
	send_event("a-2", "line\nend \"q\" \xff");
	send_event("a-3", "");
	flush();
	back_is(0, "verdict a-3  (3)\n"
		   "verdict a-2 line\nend \"q\" \xff (3)\n"
		   "verdict a-1 one (3)\n");
	back_is(1, "verdict a-3  (3)\n");
}

struct order {
	size_t n;
	bool is_back;
};

static bool
check_order(void *context, const struct store_event *event)
{
	struct order *order = context;
	char want[16];

	snprintf(want, sizeof(want), "%zu",
	    order->is_back ? 1699 - order->n : order->n);
	assert_true(str_is(store_event_value(event, "ref"), want));
	order->n++;
	return true;
}

static void
test_pages_miss_and_repeat_nothing(void **state)
{
	struct order back = { .is_back = true }, after = { .n = 0 };
	char id[STORE_EVENT_ID_MAX] = "0";
	struct buf error = { 0 };
	char ref[16];

	(void)state;
	for (int i = 0; i < 1700; i++) {
		snprintf(ref, sizeof(ref), "%d", i);
		send_event(ref, "");
		if (i % 500 == 0)
			flush();
	}
	flush();
	kit_fine(store_events_back(store, check_order, &back, &error), &error);
	assert_int_equal(back.n, 1700);
	kit_fine(store_events_after(store, id, 0, check_order, &after, &error),
	    &error);
	assert_int_equal(after.n, 1700);
	/* And from there on nothing. */
	kit_fine(store_events_after(store, id, 0, check_order, &after, &error),
	    &error);
	assert_int_equal(after.n, 1700);
}

static void
after_is(
    char id[STORE_EVENT_ID_MAX], uint32_t wait_ms, size_t max, const char *want)
{
	struct kit_lines lines = { .max = max };
	struct buf error = { 0 };

	kit_fine(
	    store_events_after(store, id, wait_ms, put_event, &lines, &error),
	    &error);
	assert_string_equal(kit_text(&lines), want);
	buf_done(&lines.text);
}

static void
test_following_begins_at_the_end_and_loses_nothing(void **state)
{
	char id[STORE_EVENT_ID_MAX] = "$";
	int64_t before_us;

	(void)state;
	send_event("old", "");
	flush();
	before_us = clock_steady_us();
	after_is(id, 150, 0, "");
	assert_true(clock_steady_us() - before_us >= 140000);
	/* Between two calls, too. */
	send_event("new-1", "");
	send_event("new-2", "");
	flush();
	after_is(id, 5000, 1, "verdict new-1  (3)\n");
	after_is(id, 0, 0, "verdict new-2  (3)\n");
	after_is(id, 0, 0, "");
}

static void
test_the_first_event_of_all_is_followed(void **state)
{
	char id[STORE_EVENT_ID_MAX] = "$";

	(void)state;
	after_is(id, 0, 0, "");
	send_event("first", "");
	flush();
	after_is(id, 5000, 0, "verdict first  (3)\n");
}

static void *
send_late(void *none)
{
	nap_ms(200);
	send_event("late", "");
	return none;
}

static void
test_who_waits_is_woken(void **state)
{
	char id[STORE_EVENT_ID_MAX] = "$";
	pthread_t thread;
	int64_t before_us = clock_steady_us();

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, send_late, NULL), 0);
	/* Longer than the patience of other questions. */
	after_is(id, 8000, 0, "verdict late  (3)\n");
	assert_true(clock_steady_us() - before_us < 4000000);
	pthread_join(thread, NULL);
}

static void
test_a_long_value_is_cut_between_characters(void **state)
{
	char text[3000];
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	text[998] = '\xe2'; /* three bytes from 998 to 1000 */
	text[999] = '\x82';
	text[1000] = '\xac';
	text[sizeof(text) - 1] = '\0';
	send_event("a", text);
	flush();
	kit_fine(store_events_back(store, put_event, &lines, &error), &error);
	assert_int_equal(
	    lines.text.len, strlen("verdict a ") + 998 + strlen(" (3)\n"));
	buf_done(&lines.text);
}

static void
test_old_events_are_thrown_away(void **state)
{
	(void)state;
	for (int i = 0; i < 500; i++)
		kit_redis(&server, "XADD test:events %d-1 event old", 1000 + i);
	for (int i = 0; i < 100; i++)
		send_event("new", "");
	flush();
	/* As Redis likes: whole nodes of at most 100. */
	assert_in_range(kit_redis(&server, "XLEN test:events"), 100, 200);
	assert_in_range(
	    kit_redis(&server, "PTTL test:events"), 6 * DAY_MS, 7 * DAY_MS);
}

/* --- hot keys --------------------------------------------------------------- */

static bool
put_name(void *context, struct str name)
{
	struct kit_lines *lines = context;

	buf_printf(&lines->text, "%.*s\n", STR_ARG(name));
	return kit_goes_on(lines);
}

static void
hot_is(const char *want)
{
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 };

	kit_fine(
	    store_hot(store, STR("pace"), put_name, &lines, &error), &error);
	assert_string_equal(kit_text(&lines), want);
	buf_done(&lines.text);
}

static void
test_hot_keys_are_few_and_fresh(void **state)
{
	const struct str cold[] = { STR("bert"), STR("none") };
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 };
	int64_t now_ms = clock_wall_ms();
	char name[16];

	(void)state;
	hot_is("");
	store_hot_send(store, STR("pace"), STR("old"), now_ms - 36 * DAY_MS);
	store_hot_send(store, STR("pace"), STR("anna"), now_ms - 2000);
	store_hot_send(store, STR("pace"), STR("bert"), now_ms - 1000);
	store_hot_send(store, STR("pace"), STR("anna"), STORE_NOW);
	flush();
	hot_is("anna\nbert\n");
	kit_fine(store_hot_drop(store, STR("pace"), cold, 2, &error), &error);
	hot_is("anna\n");
	for (int i = 0; i < STORE_HOT_MAX + 50; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		store_hot_send(store, STR("pace"), str_of(name), now_ms + i);
		if (i % 200 == 0)
			flush();
	}
	flush();
	kit_fine(
	    store_hot(store, STR("pace"), put_name, &lines, &error), &error);
	assert_int_equal(lines.n, STORE_HOT_MAX);
	assert_memory_equal(kit_text(&lines), "u1049\nu1048\n", 12);
	buf_done(&lines.text);
}

/* --- hits ------------------------------------------------------------------- */

static bool
put_hit(void *context, const struct store_hit *hit)
{
	struct kit_lines *lines = context;

	buf_printf(&lines->text, "%.*s %.*s %.*s%s %llu\n", STR_ARG(hit->rule),
	    STR_ARG(hit->day), STR_ARG(hit->action),
	    hit->is_observed ? " observed" : "", (unsigned long long)hit->n);
	return kit_goes_on(lines);
}

static void
hits_are(const char *rule, const char *want)
{
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 };

	kit_fine(
	    store_hits(store, str_of(rule), put_hit, &lines, &error), &error);
	assert_string_equal(kit_text(&lines), want);
	buf_done(&lines.text);
}

static void
test_hits_add_up_by_day_and_action(void **state)
{
	const struct store_hit hits[] = {
		{ STR("pace"), STR("2026-11-23"), STR("reject"), false, 2 },
		{ STR("lottery"), STR("2026-11-23"), STR("reject"), true, 1 },
		{ STR("pace"), STR("2026-11-23"), STR("reject"), true, 4 },
		{ STR("pace"), STR("2026-11-23"), STR("reject"), false, 3 },
	};
	const int64_t now_ms = T0 + 326 * DAY_MS; /* that very day */

	(void)state;
	store_hits_send(store, hits, 2, now_ms - 1);
	store_hits_send(store, hits + 2, 2, now_ms);
	flush();
	hits_are("pace", "pace 2026-11-23 reject 5\n"
			 "pace 2026-11-23 reject observed 4\n");
	hits_are("none", "");
	hits_are("", "pace 2026-11-23 reject 5\n"
		     "pace 2026-11-23 reject observed 4\n"
		     "lottery 2026-11-23 reject observed 1\n");
}

static void
test_hits_of_90_days_are_kept(void **state)
{
	struct store_hit hit = { STR("pace"), STR("2026-01-01"), STR("reject"),
		false, 1 };

	(void)state;
	store_hits_send(store, &hit, 1, T0);
	hit.day = STR("2026-01-02");
	store_hits_send(store, &hit, 1, T0 + DAY_MS);
	hit.day = STR("2026-04-01");
	store_hits_send(store, &hit, 1, T0 + 90 * DAY_MS);
	flush();
	hits_are("pace", "pace 2026-01-01 reject 1\n"
			 "pace 2026-01-02 reject 1\n"
			 "pace 2026-04-01 reject 1\n");
	hit.day = STR("2026-04-02");
	store_hits_send(store, &hit, 1, T0 + 91 * DAY_MS);
	flush();
	hits_are("pace", "pace 2026-01-02 reject 1\n"
			 "pace 2026-04-01 reject 1\n"
			 "pace 2026-04-02 reject 1\n");
	assert_in_range(kit_redis(&server, "PTTL test:rule:pace"), 89 * DAY_MS,
	    90 * DAY_MS);
	assert_in_range(
	    kit_redis(&server, "PTTL test:rules"), 89 * DAY_MS, 90 * DAY_MS);
}

/* --- hosts ------------------------------------------------------------------ */

static bool
put_host(void *context, struct str name, int64_t seen_ms,
    const struct store_field *fields, size_t n_fields)
{
	struct kit_lines *lines = context;

	buf_printf(&lines->text, "%.*s %lld", STR_ARG(name),
	    (long long)(seen_ms - T0));
	for (size_t i = 0; i < n_fields; i++)
		buf_printf(&lines->text, " %.*s=%.*s", STR_ARG(fields[i].name),
		    STR_ARG(fields[i].value));
	buf_byte(&lines->text, '\n');
	return kit_goes_on(lines);
}

static void
hosts_are(const char *want)
{
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 };

	kit_fine(store_hosts(store, put_host, &lines, &error), &error);
	assert_string_equal(kit_text(&lines), want);
	buf_done(&lines.text);
}

static void
test_a_host_says_the_whole_each_time(void **state)
{
	const struct store_field fields[] = { { STR("version"), STR("0.2") },
		{ STR("rules"), STR("4f2a") },
		{ STR("timezone"), STR("UTC") } };

	(void)state;
	hosts_are("");
	store_host_send(store, STR("mx1"), fields, 3, T0);
	store_host_send(store, STR("mx2"), fields, 1, T0 + 1);
	flush();
	hosts_are("mx2 1 version=0.2\n"
		  "mx1 0 version=0.2 rules=4f2a timezone=UTC\n");
	store_host_send(store, STR("mx1"), fields + 1, 1, T0 + 2);
	flush();
	hosts_are("mx1 2 rules=4f2a\nmx2 1 version=0.2\n");
	store_host_send(store, STR("mx3"), fields, 1, T0 + DAY_MS + 2);
	flush();
	hosts_are("mx3 86400002 version=0.2\nmx1 2 rules=4f2a\n");
}

/* --- switches --------------------------------------------------------------- */

static bool
put_switch(void *context, const struct store_switch *one)
{
	struct kit_lines *lines = context;

	buf_printf(&lines->text, "%.*s \"%.*s\" by %.*s\n", STR_ARG(one->rule),
	    STR_ARG(one->hold.reason), STR_ARG(one->hold.by));
	return kit_goes_on(lines);
}

static void
switches_are(int64_t now_ms, const char *want)
{
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 };

	kit_fine(
	    store_switches(store, now_ms, put_switch, &lines, &error), &error);
	assert_string_equal(kit_text(&lines), want);
	buf_done(&lines.text);
}

static void
observe(const char *rule, int64_t until_ms)
{
	const struct store_switch one = { str_of(rule),
		{ until_ms, STR("a \"b\""), STR("bob") } };
	struct buf error = { 0 };

	kit_fine(store_switch_set(store, &one, &error), &error);
}

static void
test_switches_are_in_force_until_their_end(void **state)
{
	int64_t now_ms = clock_wall_ms();
	struct buf error = { 0 };
	bool was_there;

	(void)state;
	switches_are(STORE_NOW, "");
	observe("pace", now_ms + 60000);
	observe("lottery", now_ms + 120000);
	switches_are(
	    STORE_NOW, "pace \"a \"b\"\" by bob\nlottery \"a \"b\"\" by bob\n");
	switches_are(now_ms + 61000, "lottery \"a \"b\"\" by bob\n");
	assert_in_range(
	    kit_redis(&server, "PTTL test:observe"), 110000, 121000);
	kit_fine(store_switch_drop(store, STR("lottery"), &was_there, &error),
	    &error);
	assert_true(was_there);
	kit_fine(store_switch_drop(store, STR("lottery"), &was_there, &error),
	    &error);
	assert_false(was_there);
	switches_are(STORE_NOW, "pace \"a \"b\"\" by bob\n");
}

static void
test_a_switch_keeps_the_hash_no_longer_than_needed(void **state)
{
	int64_t now_ms = clock_wall_ms();

	(void)state;
	kit_redis(&server, "HSET test:observe over %s", "until=5 by=x");
	observe("pace", now_ms + 600000);
	assert_int_equal(kit_redis(&server, "HEXISTS test:observe over"), 0);
	/* A shorter one in place of a longer. */
	observe("pace", now_ms + 60000);
	assert_in_range(kit_redis(&server, "PTTL test:observe"), 50000, 61000);
}

static void
test_a_switch_ends_in_the_future(void **state)
{
	const struct store_switch one = { STR("pace"),
		{ 1000, STR("late"), STR("bob") } };
	struct buf error = { 0 };

	(void)state;
	kit_failed(store_switch_set(store, &one, &error), &error, "past");
}

#define CASE(function) cmocka_unit_test_setup(function, wipe)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_events_come_back_newest_first),
		CASE(test_pages_miss_and_repeat_nothing),
		CASE(test_following_begins_at_the_end_and_loses_nothing),
		CASE(test_the_first_event_of_all_is_followed),
		CASE(test_who_waits_is_woken),
		CASE(test_a_long_value_is_cut_between_characters),
		CASE(test_old_events_are_thrown_away),
		CASE(test_hot_keys_are_few_and_fresh),
		CASE(test_hits_add_up_by_day_and_action),
		CASE(test_hits_of_90_days_are_kept),
		CASE(test_a_host_says_the_whole_each_time),
		CASE(test_switches_are_in_force_until_their_end),
		CASE(test_a_switch_keeps_the_hash_no_longer_than_needed),
		CASE(test_a_switch_ends_in_the_future),
	};

	return cmocka_run_group_tests_name(
	    "ledger redis", tests, start_restricted, stop);
}
