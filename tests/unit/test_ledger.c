/*
 * What both stores keep for people, asked of both: counters, accounts, grants
 * and tables. Each case runs on memory and on a real Redis, and must not be
 * able to tell them apart.
 */
#include "ledger_kit.h"
#include "store_pair.h"

static const struct store_rate pace[] = { { 20, 60, STORE_ROLLING } };
static const struct store_rate nets[] = { { 2, 86400, STORE_ROLLING } };
static const struct store_rate day[] = { { 20, 0, STORE_DAILY } };

/* --- asking --------------------------------------------------------------- */

static struct store_use
use_of(const char *limit, const char *identity, const struct store_rate *rate,
    uint64_t amount)
{
	return (struct store_use){
		.limit = str_of(limit),
		.unit = STR("recipients"),
		.identity = str_of(identity),
		.rates = rate,
		.n_rates = 1,
		.op = STORE_CHARGE,
		.amount = amount,
	};
}

static void
see(struct store *store, const char *value, int64_t now_ms)
{
	const struct str members[] = { str_of(value) };
	struct store_use use = use_of("nets", "anna", nets, 1);

	use.unit = STR("distinct");
	use.members = members;
	use.n_members = 1;
	assert_true(pair_ask(store, &use, now_ms).fits);
}

static void
accounts_are(struct store *store, const struct store_asked *asked, size_t n,
    int64_t now_ms, const char *want)
{
	struct kit_asked got = { .now_ms = now_ms };

	kit_accounts(store, asked, n, &got);
	assert_string_equal(kit_text(&got.lines), want);
	buf_done(&got.lines.text);
}

/* --- counters ------------------------------------------------------------- */

static bool
put_counter(void *context, const struct store_counter *counter)
{
	struct kit_asked *asked = context;

	kit_put_counter(&asked->lines.text, counter, asked->now_ms);
	return kit_goes_on(&asked->lines);
}

static void
counters_are(struct store *store, const char *limit, const char *identity,
    int64_t now_ms, const char *want)
{
	const struct store_query query = { str_of(limit), str_of(identity),
		now_ms };
	struct kit_asked got = { .now_ms = now_ms };
	struct buf error = { 0 };

	kit_fine(
	    store_counters(store, &query, put_counter, &got, &error), &error);
	assert_string_equal(kit_text(&got.lines), want);
	buf_done(&got.lines.text);
}

static void
test_a_counter_says_when_there_is_room(void **state)
{
	const struct store_use some = use_of("pace", "anna", pace, 5);
	const struct store_use rest = use_of("pace", "anna", pace, 15);

	assert_true(pair_ask(*state, &some, T0).fits);
	counters_are(*state, "pace", "anna", T0 + 1000,
	    "pace anna recipients 60 0 5/20 0\n");
	assert_true(pair_ask(*state, &rest, T0 + 8000).fits);
	counters_are(*state, "pace", "anna", T0 + 8000,
	    "pace anna recipients 60 0 20/20 59500\n");
	counters_are(*state, "", "anna", T0 + 67500,
	    "pace anna recipients 60 0 15/20 0\n");
}

static void
test_a_day_is_counted_until_midnight(void **state)
{
	const struct store_use all = use_of("pace", "anna", day, 20);

	assert_true(pair_ask(*state, &all, T0 + 3600000).fits);
	counters_are(*state, "pace", "anna", T0 + 7200000,
	    "pace anna recipients 0 1 20/20 75600000\n");
	counters_are(*state, "pace", "anna", T0 + 86400000,
	    "pace anna recipients 0 1 0/20 0\n");
}

static void
test_a_distinct_limit_is_one_counter(void **state)
{
	see(*state, "192.0.2.0/24", T0);
	see(*state, "198.51.100.0/24", T0 + 1000);
	counters_are(
	    *state, "", "", T0 + 2000, "nets anna distinct 0 0 2/0 0\n");
	counters_are(*state, "nets", "anna", T0 + 2000,
	    "nets anna distinct 0 0 2/0 0\n");
	counters_are(*state, "pace", "anna", T0 + 2000, "");
}

static void
test_a_reset_takes_counters_values_and_lock(void **state)
{
	const struct store_asked asked[] = {
		{ .limit = STR("pace"), .identity = STR("anna") },
		{ STR("nets"), STR("anna"), true, nets, 1 },
	};
	struct store_use use = use_of("pace", "anna", pace, 21);
	struct buf error = { 0 };
	size_t n;

	use.lock_sec = 3600;
	assert_true(pair_ask(*state, &use, T0).has_locked);
	use.amount = 1;
	use.lock_sec = 0;
	pair_ask(*state, &use, T0);
	see(*state, "192.0.2.0/24", T0);
	kit_fine(
	    store_reset(*state, STR("pace"), STR("anna"), &n, &error), &error);
	assert_int_equal(n, 2);
	kit_fine(
	    store_reset(*state, STR("nets"), STR("anna"), &n, &error), &error);
	assert_int_equal(n, 1);
	accounts_are(*state, asked, 2, T0,
	    "0:\n"
	    "1:\nnets anna distinct 86400 0 0/2 0\n");
	assert_true(pair_ask(*state, &use, T0).fits);
}

/* --- accounts ------------------------------------------------------------- */

static void
test_an_account_has_counters_lock_and_grant(void **state)
{
	const struct store_asked asked[] = {
		{ .limit = STR("guess"), .identity = STR("anna") },
		{ .limit = STR("pace"), .identity = STR("anna") },
		{ .limit = STR("pace"), .identity = STR("none") },
	};
	/* Real time, because grants end by it. */
	int64_t now_ms = clock_wall_ms() / 60000 * 60000;
	struct store_grant grant = { .limit = STR("pace"),
		.identity = STR("anna"),
		.raise = { .kind = RAISE_FACTOR, .factor_milli = 5000 },
		.hold = { now_ms + 3600000, STR("a \"fair\""), STR("bob") } };
	struct store_use use = use_of("guess", "anna", pace, 21);
	struct buf error = { 0 }, want = { 0 };
	char host[256];

	assert_int_equal(gethostname(host, sizeof(host)), 0);
	use.lock_sec = 60;
	pair_ask(*state, &use, now_ms);
	use = use_of("pace", "anna", pace, 20);
	pair_ask(*state, &use, now_ms);
	kit_fine(store_grant_set(*state, &grant, &error), &error);
	buf_printf(&want,
	    "0:\n"
	    "locked until %lld \"21 of 20 recipients in 1m\" by %s\n"
	    "1:\npace anna recipients 60 0 20/20 67500\n"
	    "x5 granted until %lld \"a \"fair\"\" by bob\n"
	    "2:\n",
	    (long long)now_ms / 1000 + 60, host,
	    (long long)now_ms / 1000 + 3600);
	accounts_are(*state, asked, COUNT(asked), now_ms, want.p);
	buf_done(&want);
}

static void
test_a_distinct_account_counts_within_its_window(void **state)
{
	const struct store_asked asked = { STR("nets"), STR("anna"), true, nets,
		1 };

	see(*state, "192.0.2.0/24", T0);
	see(*state, "198.51.100.0/24", T0 + 3600000);
	accounts_are(*state, &asked, 1, T0 + 7200000,
	    "0:\nnets anna distinct 86400 0 2/2 79200000\n");
	accounts_are(*state, &asked, 1, T0 + 86400000,
	    "0:\nnets anna distinct 86400 0 1/2 0\n");
}

static void
test_a_distinct_account_has_the_rates_of_its_grant(void **state)
{
	const struct store_asked asked = { STR("nets"), STR("anna"), true, nets,
		1 };
	int64_t now_ms = clock_wall_ms();
	struct store_grant grant = { .limit = STR("nets"),
		.identity = STR("anna"),
		.raise = { .kind = RAISE_RATES,
		    .rates = { { 3, 3600, STORE_ROLLING },
			{ 9, 0, STORE_DAILY } },
		    .n_rates = 2 },
		.hold = { now_ms + 60000, STR(""), STR("bob") } };
	struct kit_asked got = { .now_ms = now_ms };
	struct buf error = { 0 };

	see(*state, "192.0.2.0/24", now_ms);
	kit_fine(store_grant_set(*state, &grant, &error), &error);
	kit_accounts(*state, &asked, 1, &got);
	assert_memory_equal(kit_text(&got.lines),
	    "0:\nnets anna distinct 3600 0 1/3 0\n"
	    "nets anna distinct 0 1 1/9 0\n3/1h,9/daily granted until ",
	    strlen(
		"0:\nnets anna distinct 3600 0 1/3 0\n"
		"nets anna distinct 0 1 1/9 0\n3/1h,9/daily granted until "));
	buf_done(&got.lines.text);
}

static void
test_many_accounts_come_in_order(void **state)
{
	static char names[5000][8];
	static struct store_asked asked[5000];
	struct kit_asked got = { .now_ms = T0, .lines = { .max = 4500 } };
	struct buf want = { 0 };
	struct store_use use;

	for (size_t i = 0; i < COUNT(asked); i++) {
		snprintf(names[i], sizeof(names[i]), "u%zu", i);
		asked[i].limit = STR("pace");
		asked[i].identity = str_of(names[i]);
	}
	use = use_of("pace", "u4000", pace, 7);
	pair_ask(*state, &use, T0);
	kit_accounts(*state, asked, COUNT(asked), &got);
	for (size_t i = 0; i < 4500; i++) {
		buf_printf(&want, "%zu:\n", i);
		if (i == 4000)
			buf_add_cstr(
			    &want, "pace u4000 recipients 60 0 7/20 0\n");
	}
	assert_string_equal(kit_text(&got.lines), want.p);
	buf_done(&got.lines.text);
	buf_done(&want);
}

/* --- grants --------------------------------------------------------------- */

static bool
put_grant(void *context, const struct store_grant *grant)
{
	struct kit_lines *lines = context;
	struct buf raise = { 0 };

	raise_text(&grant->raise, &raise);
	buf_printf(&lines->text, "%.*s %.*s %s \"%.*s\" by %.*s\n",
	    STR_ARG(grant->limit), STR_ARG(grant->identity), raise.p,
	    STR_ARG(grant->hold.reason), STR_ARG(grant->hold.by));
	buf_done(&raise);
	return kit_goes_on(lines);
}

static void
grants_are(struct store *store, int64_t now_ms, size_t max, const char *want)
{
	struct kit_lines lines = { .max = max };
	struct buf error = { 0 };

	kit_fine(
	    store_grants(store, now_ms, put_grant, &lines, &error), &error);
	assert_string_equal(kit_text(&lines), want);
	buf_done(&lines.text);
}

static void
grant(struct store *store, const char *identity, const char *raise,
    int64_t until_ms)
{
	struct store_grant one = { .limit = STR("pace"),
		.identity = str_of(identity),
		.hold = { until_ms, STR("why"), STR("bob") } };
	struct buf error = { 0 };

	assert_int_equal(raise_parse(str_of(raise), &one.raise, &error), 0);
	kit_fine(store_grant_set(store, &one, &error), &error);
}

static void
test_grants_are_listed_by_their_end(void **state)
{
	int64_t now_ms = clock_wall_ms();

	grant(*state, "zoe", "x2", now_ms + 60000);
	grant(*state, "anna", "unlimited", now_ms + 180000);
	grant(*state, "bert", "40/1m", now_ms + 120000);
	grants_are(*state, now_ms, 0,
	    "pace zoe x2 \"why\" by bob\n"
	    "pace bert 40/1m \"why\" by bob\n"
	    "pace anna unlimited \"why\" by bob\n");
	grants_are(*state, now_ms, 1, "pace zoe x2 \"why\" by bob\n");
	grants_are(
	    *state, now_ms + 130000, 0, "pace anna unlimited \"why\" by bob\n");
	/* A new one takes the place of the old, and of its end. */
	grant(*state, "anna", "x3", now_ms + 30000);
	grants_are(*state, now_ms, 1, "pace anna x3 \"why\" by bob\n");
}

static void
test_a_dropped_grant_is_gone(void **state)
{
	int64_t now_ms = clock_wall_ms();
	struct buf error = { 0 };
	bool was_there;

	grant(*state, "anna", "x2", now_ms + 60000);
	kit_fine(store_grant_drop(
		     *state, STR("pace"), STR("anna"), &was_there, &error),
	    &error);
	assert_true(was_there);
	grants_are(*state, now_ms, 0, "");
	kit_fine(store_grant_drop(
		     *state, STR("pace"), STR("anna"), &was_there, &error),
	    &error);
	assert_false(was_there);
}

static void
test_a_grant_ends_the_lock(void **state)
{
	int64_t now_ms = clock_wall_ms();
	struct store_use use = use_of("pace", "anna", pace, 21);

	use.lock_sec = 3600;
	assert_true(pair_ask(*state, &use, now_ms).has_locked);
	use.amount = 1;
	assert_false(pair_ask(*state, &use, now_ms).fits);
	grant(*state, "anna", "x2", now_ms + 60000);
	assert_true(pair_ask(*state, &use, now_ms).fits);
	assert_true(pair_ask(*state, &use, now_ms).is_granted);
}

/* --- tables --------------------------------------------------------------- */

static bool
put_entry(void *context, const struct store_entry *entry)
{
	struct kit_lines *lines = context;

	buf_printf(&lines->text, "%.*s=%.*s %s\n", STR_ARG(entry->entry),
	    STR_ARG(entry->value), entry->until_ms > 0 ? "ends" : "stays");
	return kit_goes_on(lines);
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In no order, says the contract: so the lines are sorted. */
static void
table_is(
    struct store *store, const char *table, int64_t now_ms, const char *want)
{
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 }, sorted = { 0 };
	char *items[16], *rest;
	size_t n = 0;

	kit_fine(store_table_list(
		     store, str_of(table), now_ms, put_entry, &lines, &error),
	    &error);
	assert_true(lines.n <= COUNT(items));
	if (lines.n > 0)
		for (char *line = strtok_r(lines.text.p, "\n", &rest);
		     line != NULL; line = strtok_r(NULL, "\n", &rest))
			items[n++] = line;
	qsort(items, n, sizeof(items[0]), compare_lines);
	for (size_t i = 0; i < n; i++)
		buf_printf(&sorted, "%s\n", items[i]);
	assert_string_equal(sorted.len > 0 ? sorted.p : "", want);
	buf_done(&lines.text);
	buf_done(&sorted);
}

static void
add(struct store *store, const char *entry, const char *value, int64_t until_ms)
{
	const struct store_entry one = { str_of(entry), str_of(value),
		until_ms };
	struct buf error = { 0 };

	kit_fine(store_table_add(store, STR("vip"), &one, &error), &error);
}

static void
test_a_table_lists_what_was_added(void **state)
{
	int64_t now_ms = clock_wall_ms();
	struct buf error = { 0 };
	bool was_there;

	table_is(*state, "vip", now_ms, "");
	add(*state, "anna", "gold card", 0);
	add(*state, "bert", "", now_ms + 60000);
	add(*state, "carl", "x", 0);
	add(*state, "carl", "y", 0);
	table_is(*state, "vip", now_ms,
	    "anna=gold card stays\nbert= ends\ncarl=y stays\n");
	table_is(*state, "vip", now_ms + 61000,
	    "anna=gold card stays\ncarl=y stays\n");
	kit_fine(store_table_remove(
		     *state, STR("vip"), STR("carl"), &was_there, &error),
	    &error);
	assert_true(was_there);
	kit_fine(store_table_remove(
		     *state, STR("vip"), STR("carl"), &was_there, &error),
	    &error);
	assert_false(was_there);
	table_is(*state, "vip", now_ms, "anna=gold card stays\nbert= ends\n");
	table_is(*state, "other", now_ms, "");
}

static void
test_what_is_remembered_is_listed_and_forgotten(void **state)
{
	int64_t now_ms = clock_wall_ms();

	store_remember(
	    *state, STR("vip"), STR("anna"), STR("v"), 60, STORE_NOW);
	store_remember(*state, STR("vip"), STR("bert"), STR(""), 0, STORE_NOW);
	store_remember(
	    *state, STR("vip"), STR("carl"), STR(""), 60, now_ms - 70000);
	store_forget(*state, STR("vip"), STR("nobody"));
	assert_int_equal(store_flush(*state, 5000), 0);
	table_is(*state, "vip", now_ms, "anna=v ends\nbert= stays\n");
	store_forget(*state, STR("vip"), STR("anna"));
	assert_int_equal(store_flush(*state, 5000), 0);
	table_is(*state, "vip", now_ms, "bert= stays\n");
}

static void
test_an_entry_has_a_size(void **state)
{
	static char text[STORE_ENTRY_BYTES_MAX + 2];
	struct store_entry entry = { STR(""), STR(""), 0 };
	struct buf error = { 0 };

	memset(text, 'x', sizeof(text) - 1);
	kit_failed(store_table_add(*state, STR("vip"), &entry, &error), &error,
	    "1000 bytes");
	entry.entry = str_of(text);
	kit_failed(store_table_add(*state, STR("vip"), &entry, &error), &error,
	    "1000 bytes");
	store_remember(*state, STR("vip"), entry.entry, STR(""), 60, STORE_NOW);
	store_remember(*state, STR("vip"), STR(""), STR(""), 60, STORE_NOW);
	assert_int_equal(store_flush(*state, 5000), 0);
	table_is(*state, "vip", STORE_NOW, "");
}

static void
test_a_listing_stops_when_asked_to(void **state)
{
	struct kit_lines lines = { .max = 1 };
	struct buf error = { 0 };

	add(*state, "anna", "", 0);
	add(*state, "bert", "", 0);
	kit_fine(store_table_list(
		     *state, STR("vip"), STORE_NOW, put_entry, &lines, &error),
	    &error);
	assert_int_equal(lines.n, 1);
	buf_done(&lines.text);
}

/* --- all ------------------------------------------------------------------ */

static void
test_a_store_that_is_away_says_so(void **state)
{
	const struct store_asking asking = { .now_ms = T0 };
	struct buf error = { 0 };

	store_set_down(*state, true);
	assert_int_equal(
	    store_accounts(*state, &asking, kit_put_account, NULL, &error), -1);
	assert_non_null(strstr(error.p, store_name(*state)));
	store_set_down(*state, false);
	buf_done(&error);
}

static const struct pair_case cases[] = {
	CASE(test_a_counter_says_when_there_is_room),
	CASE(test_a_day_is_counted_until_midnight),
	CASE(test_a_distinct_limit_is_one_counter),
	CASE(test_a_reset_takes_counters_values_and_lock),
	CASE(test_an_account_has_counters_lock_and_grant),
	CASE(test_a_distinct_account_counts_within_its_window),
	CASE(test_a_distinct_account_has_the_rates_of_its_grant),
	CASE(test_many_accounts_come_in_order),
	CASE(test_grants_are_listed_by_their_end),
	CASE(test_a_dropped_grant_is_gone),
	CASE(test_a_grant_ends_the_lock),
	CASE(test_a_table_lists_what_was_added),
	CASE(test_what_is_remembered_is_listed_and_forgotten),
	CASE(test_an_entry_has_a_size),
	CASE(test_a_listing_stops_when_asked_to),
	CASE(test_a_store_that_is_away_says_so),
};

int
main(void)
{
	return pair_run("ledger", cases, COUNT(cases));
}
