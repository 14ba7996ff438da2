/*
 * The ledger in a Cluster of three masters: each key is asked where it is, and
 * what is listed comes from all of them.
 */
#include "cluster_kit.h"
#include "ledger_kit.h"

#define IDENTITIES 300 /* about a hundred on each node */

static struct store *store;
static char names[IDENTITIES][16];

static int
start(void **state)
{
	char url[128];

	setenv("TZ", "UTC", 1);
	if (start_nodes(state) == -1)
		return -1;
	snprintf(
	    url, sizeof(url), "redis+cluster://127.0.0.1:%u", nodes[0].port);
	store = kit_open(url, 5000);
	for (unsigned i = 0; i < IDENTITIES; i++)
		snprintf(names[i], sizeof(names[i]), "u%u", i);
	return 0;
}

static int
stop(void **state)
{
	store_close(store);
	return stop_nodes(state);
}

static int
wipe(void **state)
{
	struct buf error = { 0 };

	(void)state;
	kit_fine(store_wipe(store, &error), &error);
	return 0;
}

static void
charge_all(void)
{
	for (unsigned i = 0; i < IDENTITIES; i++) {
		const struct kit_use use = { names[i], STORE_CHARGE, i % 20 + 1,
			kit_pace, 1 };

		assert_true(kit_ask(store, &use, T0).fits);
	}
}

static void
test_counters_of_all_nodes_are_listed(void **state)
{
	struct kit_listing listing;

	(void)state;
	charge_all();
	listing = kit_list(store, "", "", T0);
	assert_int_equal(listing.n, IDENTITIES);
	assert_int_equal(listing.used, IDENTITIES / 20 * 210);
	assert_int_equal(kit_list(store, "pace", "u7", T0).used, 8);
}

static void
test_accounts_of_all_nodes_come_in_order(void **state)
{
	static struct store_asked asked[IDENTITIES];
	struct kit_asked got = { .now_ms = T0 };
	struct buf want = { 0 };

	(void)state;
	charge_all();
	for (unsigned i = 0; i < IDENTITIES; i++) {
		asked[i] = (struct store_asked){ .limit = STR("pace"),
			.identity = str_of(names[i]) };
		buf_printf(&want, "%u:\npace u%u recipients 60 0 %u/20 %d\n", i,
		    i, i % 20 + 1, i % 20 == 19 ? 67500 : 0);
	}
	kit_accounts(store, asked, IDENTITIES, &got);
	assert_string_equal(kit_text(&got.lines), want.p);
	buf_done(&got.lines.text);
	buf_done(&want);
}

static bool
put_grant(void *context, const struct store_grant *grant)
{
	struct kit_lines *lines = context;

	buf_printf(&lines->text, "%.*s\n", STR_ARG(grant->identity));
	return kit_goes_on(lines);
}

static size_t
count_grants(void)
{
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 };

	kit_fine(
	    store_grants(store, STORE_NOW, put_grant, &lines, &error), &error);
	buf_done(&lines.text);
	return lines.n;
}

static void
test_grants_act_and_are_listed_wherever_they_are(void **state)
{
	int64_t now_ms = clock_wall_ms();
	struct store_grant grant = { .limit = STR("pace"),
		.raise = { .kind = RAISE_UNLIMITED },
		.hold = { now_ms + 60000, STR("why"), STR("bob") } };
	struct buf error = { 0 };
	bool was_there;
	size_t n;

	(void)state;
	for (unsigned i = 0; i < IDENTITIES; i += 10) {
		struct kit_use use = { names[i], STORE_CHARGE, 99, kit_pace,
			1 };

		grant.identity = str_of(names[i]);
		kit_fine(store_grant_set(store, &grant, &error), &error);
		assert_true(kit_ask(store, &use, STORE_NOW).is_granted);
		kit_fine(
		    store_reset(store, STR("pace"), grant.identity, &n, &error),
		    &error);
		assert_int_equal(n, 1);
	}
	assert_int_equal(count_grants(), IDENTITIES / 10);
	kit_fine(store_grant_drop(
		     store, STR("pace"), STR("u10"), &was_there, &error),
	    &error);
	assert_true(was_there);
	assert_int_equal(count_grants(), IDENTITIES / 10 - 1);
}

static bool
put_entry(void *context, const struct store_entry *entry)
{
	struct kit_lines *lines = context;

	buf_printf(&lines->text, "%.*s=%.*s\n", STR_ARG(entry->entry),
	    STR_ARG(entry->value));
	return kit_goes_on(lines);
}

static void
test_tables_are_on_any_node(void **state)
{
	const struct store_entry entry = { STR("anna"), STR("gold"), 0 };
	struct kit_lines lines = { .max = 0 };
	struct buf error = { 0 };

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		struct str table = str_of(names[i]);

		kit_fine(store_table_add(store, table, &entry, &error), &error);
		store_remember(
		    store, table, STR("bert"), STR(""), 60, STORE_NOW);
		assert_int_equal(store_flush(store, 5000), 0);
		kit_lines_clear(&lines);
		kit_fine(store_table_list(store, table, STORE_NOW, put_entry,
			     &lines, &error),
		    &error);
		assert_string_equal(kit_text(&lines), "anna=gold\nbert=\n");
	}
	buf_done(&lines.text);
}

/* --- reports ---------------------------------------------------------------- */

static bool
count_event(void *context, const struct store_event *event)
{
	assert_true(str_is(store_event_value(event, "event"), "verdict"));
	return kit_goes_on(context);
}

static bool
count_name(void *context, struct str name)
{
	assert_int_equal(name.p[0], 'u');
	return kit_goes_on(context);
}

static bool
count_hit(void *context, const struct store_hit *hit)
{
	assert_int_equal(hit->n, 3);
	return kit_goes_on(context);
}

static bool
count_host(void *context, struct str name, int64_t seen_ms,
    const struct store_field *fields, size_t n_fields)
{
	assert_int_equal(name.p[0], 'u');
	assert_int_equal(seen_ms, T0);
	assert_int_equal(n_fields, 1);
	assert_true(str_is(fields[0].name, "event"));
	return kit_goes_on(context);
}

static bool
count_switch(void *context, const struct store_switch *one)
{
	assert_true(str_is(one->hold.by, "bob"));
	return kit_goes_on(context);
}

static void
send_reports(void)
{
	const struct store_field fields[] = { { STR("event"),
	    STR("verdict") } };
	const struct store_event event = { .fields = fields, .n_fields = 1 };
	struct store_hit hit = { STR(""), STR("2026-01-01"), STR("reject"),
		false, 3 };

	for (unsigned i = 0; i < 30; i++) {
		struct str name = str_of(names[i]);

		hit.rule = name;
		store_event_send(store, &event);
		store_hot_send(store, name, name, T0);
		store_hits_send(store, &hit, 1, T0);
		store_host_send(store, name, fields, 1, T0);
	}
	assert_int_equal(store_flush(store, 5000), 0);
}

static void
test_reports_are_read_back_from_all_nodes(void **state)
{
	const struct store_switch one = { STR("pace"),
		{ clock_wall_ms() + 60000, STR("why"), STR("bob") } };
	struct kit_lines lines = { .max = 0 };
	char id[STORE_EVENT_ID_MAX] = "0";
	struct buf error = { 0 };

	(void)state;
	send_reports();
	kit_fine(store_events_back(store, count_event, &lines, &error), &error);
	assert_int_equal(lines.n, 30);
	kit_fine(
	    store_events_after(store, id, 100, count_event, &lines, &error),
	    &error);
	assert_int_equal(lines.n, 60);
	for (unsigned i = 0; i < 30; i++)
		kit_fine(store_hot(store, str_of(names[i]), count_name, &lines,
			     &error),
		    &error);
	assert_int_equal(lines.n, 90);
	kit_fine(store_hits(store, STR(""), count_hit, &lines, &error), &error);
	assert_int_equal(lines.n, 120);
	kit_fine(store_hosts(store, count_host, &lines, &error), &error);
	assert_int_equal(lines.n, 150);
	kit_fine(store_switch_set(store, &one, &error), &error);
	kit_fine(store_switches(store, STORE_NOW, count_switch, &lines, &error),
	    &error);
	assert_int_equal(lines.n, 151);
}

static void
test_a_wipe_empties_all_nodes(void **state)
{
	char text[256];

	charge_all();
	send_reports();
	wipe(state);
	for (unsigned i = 0; i < NODES; i++) {
		place_ask(&nodes[i], text, sizeof(text), "DBSIZE");
		/* Who connects again leaves the marker of its node. */
		assert_in_range(atoi(text), 0, 1);
	}
}

#define CASE(function) cmocka_unit_test_setup(function, wipe)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_counters_of_all_nodes_are_listed),
		CASE(test_accounts_of_all_nodes_come_in_order),
		CASE(test_grants_act_and_are_listed_wherever_they_are),
		CASE(test_tables_are_on_any_node),
		CASE(test_reports_are_read_back_from_all_nodes),
		CASE(test_a_wipe_empties_all_nodes),
	};

	return cmocka_run_group_tests_name(
	    "ledger in a Cluster", tests, start, stop);
}
