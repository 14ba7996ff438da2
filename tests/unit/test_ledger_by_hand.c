/*
 * What people find in Redis beside what Sluice wrote: texts that somebody broke
 * by hand, keys of another type, entries of an index whose grant is gone, sets
 * in place of tables. It must hide nothing else, and be told by its name.
 */
#include "ledger_kit.h"
#include "redis_kit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY_MS       INT64_C(86400000)

/* --- grants ----------------------------------------------------------------- */

static bool
put_grant(void *context, const struct store_grant *grant)
{
	struct kit_lines *lines = context;

	buf_printf(&lines->text, "%.*s %.*s\n", STR_ARG(grant->limit),
	    STR_ARG(grant->identity));
	return kit_goes_on(lines);
}

static void
grants_are(const char *want)
{
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 };

	kit_fine(
	    store_grants(store, STORE_NOW, put_grant, &lines, &error), &error);
	assert_string_equal(kit_text(&lines), want);
	buf_done(&lines.text);
}

static int
grant(const char *identity, int64_t until_ms, struct buf *error)
{
	const struct store_grant one = { .limit = STR("pace"),
		.identity = str_of(identity),
		.raise = { .kind = RAISE_UNLIMITED },
		.hold = { until_ms, STR("why"), STR("bob") } };

	return store_grant_set(store, &one, error);
}

static void
test_a_grant_ends_within_ten_years(void **state)
{
	struct buf error = { 0 };
	int64_t now_ms = clock_wall_ms();

	(void)state;
	kit_failed(grant("anna", now_ms - 5000, &error), &error, "past");
	kit_failed(
	    grant("anna", now_ms + 3654 * DAY_MS, &error), &error, "ten years");
	grants_are("");
	assert_int_equal(kit_redis(&server, "EXISTS test:grants"), 0);
}

static void
test_grants_and_their_index_end_by_themselves(void **state)
{
	struct buf error = { 0 };
	int64_t now_ms = clock_wall_ms();

	(void)state;
	kit_fine(grant("anna", now_ms + 60000, &error), &error);
	kit_fine(grant("bert", now_ms + 600000, &error), &error);
	assert_in_range(
	    kit_redis(&server, "PTTL test:grant:pace:{anna}"), 50000, 61000);
	assert_in_range(kit_redis(&server, "PTTL test:grants"), 590000, 601000);
	kit_redis(&server, "ZADD test:grants 5 pace:{old}");
	kit_fine(grant("anna", now_ms + 30000, &error), &error);
	assert_int_equal(kit_redis(&server, "ZCARD test:grants"), 2);
}

/* As after a crash between index and grant, or a DEL by redis-cli. */
static void
test_an_entry_without_a_grant_is_left_out(void **state)
{
	struct buf error = { 0 };

	(void)state;
	kit_fine(grant("anna", clock_wall_ms() + 60000, &error), &error);
	kit_redis(&server, "ZADD test:grants %lld pace:{gone}",
	    (long long)clock_wall_ms() / 1000 + 30);
	kit_redis(&server, "ZADD test:grants %lld nonsense",
	    (long long)clock_wall_ms() / 1000 + 30);
	grants_are("pace anna\n");
}

static void
test_a_broken_grant_hides_no_other(void **state)
{
	struct buf error = { 0 };

	(void)state;
	kit_fine(grant("anna", clock_wall_ms() + 60000, &error), &error);
	kit_fine(grant("bert", clock_wall_ms() + 60000, &error), &error);
	kit_redis(&server, "SET test:grant:pace:{anna} %s", "much too long");
	grants_are("pace bert\n");
}

/* --- accounts, with data that a call cannot make ---------------------------- */

static int
ask_account(bool is_distinct, struct kit_asked *seen, struct buf *error)
{
	static const struct store_rate nets[] = { { 2, 86400, STORE_ROLLING },
		{ 3, 0, STORE_DAILY }, { 0, 3600, STORE_ROLLING } };
	const struct store_asked asked = { STR("nets"), STR("anna"),
		is_distinct, nets, is_distinct ? 3 : 0 };
	const struct store_asking asking = { &asked, 1, T0 };

	return store_accounts(store, &asking, kit_put_account, seen, error);
}

static void
test_a_distinct_account_asks_for_each_window(void **state)
{
	struct kit_asked seen = { .now_ms = T0 };
	struct buf error = { 0 };

	(void)state;
	for (int hours = 30; hours > 0; hours -= 10)
		kit_redis(&server, "ZADD test:distinct:nets:{anna} %lld h%d",
		    (long long)T0 - hours * 3600000LL, hours);
	kit_redis(
	    &server, "ZADD test:distinct:nets:{anna} %lld now", (long long)T0);
	kit_fine(ask_account(true, &seen, &error), &error);
	/* Of 20 h, 10 h and 0 h ago two must leave before there is room. */
	assert_string_equal(kit_text(&seen.lines),
	    "0:\nnets anna distinct 86400 0 3/2 50400000\n"
	    "nets anna distinct 0 1 1/3 0\n"
	    "nets anna distinct 3600 0 1/0 -1\n");
	buf_done(&seen.lines.text);
}

static void
test_fields_of_others_are_left_out(void **state)
{
	struct kit_asked seen = { .now_ms = T0 };
	struct buf error = { 0 };

	(void)state;
	kit_redis(&server, "HSET test:limit:nets:{anna} %s %s", "x.daily",
	    "3/5 2026-01-01");
	kit_redis(&server, "HSET test:limit:nets:{anna} %s %s", "x.monthly",
	    "9/9 2026-01");
	kit_redis(
	    &server, "HSET test:limit:nets:{anna} %s %s", "y.daily", "many");
	kit_redis(&server, "HSET test:limit:nets:{anna} %s %s", "z.1h", "many");
	kit_redis(&server, "HSET test:limit:nets:{anna} %s %s", "note", "1/1");
	kit_fine(ask_account(false, &seen, &error), &error);
	assert_string_equal(kit_text(&seen.lines),
	    "0:\nnets anna x 0 1 3/5 0\n"
	    "nets anna x 0 2 9/9 2678400000\n");
	buf_done(&seen.lines.text);
}

static void
test_a_lock_that_is_over_or_broken_is_none(void **state)
{
	struct kit_asked seen = { .now_ms = T0 };
	struct buf error = { 0 };

	(void)state;
	kit_redis(&server, "SET test:lock:nets:{anna} %s",
	    "until=1767225601 reason=\"r\" by=mx1");
	kit_fine(ask_account(false, &seen, &error), &error);
	kit_redis(&server, "SET test:lock:nets:{anna} %s",
	    "until=1767225600 reason=\"r\" by=mx1");
	kit_fine(ask_account(false, &seen, &error), &error);
	kit_redis(&server, "SET test:lock:nets:{anna} locked");
	kit_fine(ask_account(false, &seen, &error), &error);
	assert_string_equal(kit_text(&seen.lines),
	    "0:\nlocked until 1767225601 \"r\" by mx1\n0:\n0:\n");
	buf_done(&seen.lines.text);
}

/* --- keys of another type ---------------------------------------------------- */

static void
test_a_key_of_another_type_is_named(void **state)
{
	static const char *const keys[] = { "limit:nets:{anna}", "table:vip",
		"events", "hot:pace", "observe", "hosts", "rules", "grants" };
	const struct store_entry entry = { STR("a"), STR("b"), 0 };
	struct kit_lines lines = { .max = 0 };
	struct kit_asked seen = { .now_ms = T0 };
	struct buf error = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		kit_redis(&server, "SET test:%s mine", keys[i]);
	kit_failed(ask_account(false, &seen, &error), &error,
	    "key \"test:limit:nets:{anna}\": WRONGTYPE");
	kit_failed(store_table_add(store, STR("vip"), &entry, &error), &error,
	    "key \"test:table:vip\": WRONGTYPE");
	kit_failed(store_table_list(
		       store, STR("vip"), STORE_NOW, NULL, &lines, &error),
	    &error, "then delete it");
	kit_failed(store_events_back(store, NULL, &lines, &error), &error,
	    "key \"test:events\"");
	kit_failed(store_hot(store, STR("pace"), NULL, &lines, &error), &error,
	    "key \"test:hot:pace\"");
	kit_failed(store_switches(store, STORE_NOW, NULL, &lines, &error),
	    &error, "key \"test:observe\"");
	kit_failed(store_hosts(store, NULL, &lines, &error), &error,
	    "key \"test:hosts\"");
	kit_failed(store_hits(store, STR(""), NULL, &lines, &error), &error,
	    "key \"test:rules\"");
	kit_failed(store_grants(store, STORE_NOW, put_grant, &lines, &error),
	    &error, "key \"test:grants\"");
	assert_int_equal(lines.n, 0);
}

static void
test_a_lock_of_another_type_counts_as_none(void **state)
{
	struct buf error = { 0 };
	struct kit_asked seen = { .now_ms = T0 };

	(void)state;
	kit_redis(&server, "HSET test:lock:nets:{anna} a b");
	kit_fine(ask_account(false, &seen, &error), &error);
	assert_int_equal(seen.lines.n, 1);
	buf_done(&seen.lines.text);
}

/* --- tables ------------------------------------------------------------------ */

static bool
put_entry(void *context, const struct store_entry *entry)
{
	struct kit_lines *lines = context;

	buf_printf(&lines->text, "%.*s=%.*s\n", STR_ARG(entry->entry),
	    STR_ARG(entry->value));
	return kit_goes_on(lines);
}

static void
table_is(const char *want)
{
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 };

	kit_fine(store_table_list(
		     store, STR("vip"), STORE_NOW, put_entry, &lines, &error),
	    &error);
	assert_string_equal(kit_text(&lines), want);
	buf_done(&lines.text);
}

static void
test_a_set_made_by_hand_becomes_a_hash(void **state)
{
	const struct store_entry entry = { STR("carl"), STR("v"), 0 };
	struct buf error = { 0 };
	bool was_there;

	(void)state;
	kit_redis(&server, "SADD test:table:vip anna bert dora");
	table_is("anna=\nbert=\ndora=\n");
	kit_fine(store_table_remove(
		     store, STR("vip"), STR("dora"), &was_there, &error),
	    &error);
	assert_true(was_there);
	kit_fine(store_table_add(store, STR("vip"), &entry, &error), &error);
	table_is("anna=\nbert=\ncarl=v\n");
	assert_int_equal(kit_redis(&server, "HLEN test:table:vip"), 3);
}

static void
test_a_huge_set_is_not_made_a_hash(void **state)
{
	const struct store_entry entry = { STR("carl"), STR("v"), 0 };
	struct buf error = { 0 };

	(void)state;
	kit_redis(&server, "EVAL %s 1 test:table:vip",
	    "for i = 1, 100001 do redis.call('SADD', KEYS[1], i) end");
	kit_failed(store_table_add(store, STR("vip"), &entry, &error), &error,
	    "100000 members");
	assert_int_equal(kit_redis(&server, "SCARD test:table:vip"), 100001);
}

static void
test_entries_that_are_over_make_room(void **state)
{
	const struct store_entry entry = { STR("new"), STR(""), 0 };
	struct buf error = { 0 };

	(void)state;
	kit_redis(&server, "EVAL %s 1 test:table:vip",
	    "for i = 1, 1000 do redis.call('HSET', KEYS[1], i, '5 ') end");
	for (int i = 0; i < 20; i++)
		kit_fine(
		    store_table_add(store, STR("vip"), &entry, &error), &error);
	assert_in_range(kit_redis(&server, "HLEN test:table:vip"), 1, 850);
	table_is("new=\n");
}

static void
test_an_entry_ends_in_the_future(void **state)
{
	const struct store_entry entry = { STR("a"), STR(""), 5000 };
	struct buf error = { 0 };

	(void)state;
	kit_failed(
	    store_table_add(store, STR("vip"), &entry, &error), &error, "past");
	table_is("");
}

#define CASE(function) cmocka_unit_test_setup(function, wipe)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_grant_ends_within_ten_years),
		CASE(test_grants_and_their_index_end_by_themselves),
		CASE(test_an_entry_without_a_grant_is_left_out),
		CASE(test_a_broken_grant_hides_no_other),
		CASE(test_a_distinct_account_asks_for_each_window),
		CASE(test_fields_of_others_are_left_out),
		CASE(test_a_lock_that_is_over_or_broken_is_none),
		CASE(test_a_key_of_another_type_is_named),
		CASE(test_a_lock_of_another_type_counts_as_none),
		CASE(test_a_set_made_by_hand_becomes_a_hash),
		CASE(test_a_huge_set_is_not_made_a_hash),
		CASE(test_entries_that_are_over_make_room),
		CASE(test_an_entry_ends_in_the_future),
	};

	return cmocka_run_group_tests_name(
	    "ledger by hand", tests, start_restricted, stop);
}
