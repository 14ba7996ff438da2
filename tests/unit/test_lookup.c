/* What one call cannot carry: thousands of values in tables of the store, and
 * in limits that count different ones. */
#include "session_kit.h"

#include "store/ledger.h"

static void
add_entry(const char *table, const char *entry)
{
	const struct store_entry one = { .entry = str_of(entry) };
	struct buf error = { 0 };

	assert_int_equal(
	    store_table_add(kit_store, str_of(table), &one, &error), 0);
}

#define DOMAIN "a.b.c.d.e.f.g.example.net"

static void
accept_recipients(struct session *session, int n)
{
	char path[64];

	kit_mail(session, "<anna@example.org>", NULL);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "<u%d@" DOMAIN ">", i);
		assert_int_equal(kit_rcpt(session, path), REPLY_CONTINUE);
	}
	session_data(session);
}

/* Each domain has nine entries that would match: 4444 fit into a call. */
static void
values_that_were_not_asked_for_are_unknown(void **state)
{
	struct session *session = kit_connect(
	    "table ours domain redis on-outage pass\n"
	    "on data { some: tag \"some\" if rcpt.to.domain in ours\n"
	    "  none: tag \"none\" if not rcpt.to.domain in ours\n"
	    "  all: tag \"every\" if every rcpt.to.domain in ours }",
	    true);

	(void)state;
	accept_recipients(session, 4000);
	assert_true(session_has_tag(session, STR("none")));
	accept_recipients(session, 5000);
	assert_false(session_has_tag(session, STR("none")));
	assert_false(session_has_tag(session, STR("some")));
	add_entry("ours", ".example.net");
	accept_recipients(session, 5000);
	assert_true(session_has_tag(session, STR("some")));
	assert_false(session_has_tag(session, STR("every")));
	accept_recipients(session, 4000);
	assert_true(session_has_tag(session, STR("every")));
	session_free(session);
}

static void
two_questions_about_one_table_are_one(void **state)
{
	struct session *session = kit_connect(
	    "table names string redis\n"
	    "on mail { a: tag \"local\" if mail.from.local in names\n"
	    "  b: tag \"helo\" if helo.name in names\n"
	    "  c: tag \"text\" if \"${mail.from.local}/x\" in names\n"
	    "  d: tag \"not\" if not mail.from.domain in names }",
	    true);
	struct store_stats before, after;

	(void)state;
	add_entry("names", "anna");
	add_entry("names", "anna/x");
	session_helo(session, STR("host.example"));
	store_stats_get(kit_store, &before);
	kit_mail(session, "<Anna@example.org>", NULL);
	store_stats_get(kit_store, &after);
	assert_int_equal(after.calls_waited - before.calls_waited, 1);
	assert_true(session_has_tag(session, STR("local")));
	assert_true(session_has_tag(session, STR("text")));
	assert_true(session_has_tag(session, STR("not")));
	assert_false(session_has_tag(session, STR("helo")));
	session_free(session);
}

static void
more_values_than_a_call_carries_are_over(void **state)
{
	struct session *session =
	    kit_connect("limit people 900k/1d distinct rcpt.to by mail.from\n"
			"on rcpt { p: tempfail \"${limit.retry}\" if over "
			"people }",
		true);

	(void)state;
	kit_mail(session, "<anna@example.org>", NULL);
	for (int i = 0; i < 1000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "<v%d@example.net>", i);
		assert_int_equal(kit_rcpt(session, path), REPLY_CONTINUE);
	}
	assert_int_equal(kit_rcpt(session, "<w@example.net>"), REPLY_TEMPFAIL);
	assert_int_equal(kit_rcpt(session, "<v1@EXAMPLE.net>"), REPLY_CONTINUE);
	session_free(session);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, kit_engine_begin, kit_engine_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_that_were_not_asked_for_are_unknown),
		TEST(two_questions_about_one_table_are_one),
		TEST(more_values_than_a_call_carries_are_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
