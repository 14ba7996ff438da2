/* What listeners are told of verdicts and crossings: why, with which numbers,
 * and neither twice nor without end. */
#include "session_kit.h"

#include "rules/program.h"

#define FACTS_MAX 16

/* "+name" of each rule that was true, "-name" false, "?name" unknown. */
static struct buf looked_at;

static void
note_rule(void *context, const struct rule_report *report)
{
	(void)context;
	buf_byte(&looked_at, "-+?"[report->value]);
	buf_add(&looked_at, report->rule->name);
	buf_byte(&looked_at, ' ');
}

/* The last verdict by a rule, copied; texts in an arena. */
static struct {
	struct arena *arena;
	struct verdict_report report;
	struct verdict_limit limit;
	struct verdict_fact facts[FACTS_MAX + 1];
	unsigned n;
	unsigned n_crossings[CROSSING_LOCKED + 1];
	struct crossing_report crossing;
} told;

static void
note_verdict(void *context, const struct verdict_report *report)
{
	(void)context;
	if (report->rule.len == 0)
		return;
	told.n++;
	told.report = *report;
	assert_true(report->n_facts <= FACTS_MAX);
	for (size_t i = 0; i < report->n_facts; i++) {
		told.facts[i].name =
		    arena_str(told.arena, report->facts[i].name);
		told.facts[i].value =
		    arena_str(told.arena, report->facts[i].value);
	}
	if (report->limit != NULL) {
		told.limit = *report->limit;
		told.limit.identity =
		    arena_str(told.arena, report->limit->identity);
	}
	told.report.client = arena_str(told.arena, report->client);
	told.report.user = arena_str(told.arena, report->user);
	told.report.from = arena_str(told.arena, report->from);
	told.report.rcpt = arena_str(told.arena, report->rcpt);
	told.report.queue = arena_str(told.arena, report->queue);
}

static void
note_crossing(void *context, const struct crossing_report *report)
{
	(void)context;
	told.n_crossings[report->kind]++;
	told.crossing = *report;
	told.crossing.limit.identity =
	    arena_str(told.arena, report->limit.identity);
}

static int
begin_listening(void **state)
{
	kit_engine_begin(state);
	memset(&told, 0, sizeof(told));
	told.arena = arena_new(1000);
	kit_engine.on_verdict = note_verdict;
	kit_engine.on_crossing = note_crossing;
	kit_engine.on_rule = note_rule;
	return 0;
}

static int
end_listening(void **state)
{
	arena_free(told.arena);
	buf_done(&looked_at);
	return kit_engine_end(state);
}

static void
assert_text(struct str text, const char *wanted)
{
	assert_int_equal(text.len, strlen(wanted));
	assert_memory_equal(text.p, wanted, text.len);
}

static void
assert_fact(size_t i, const char *name, const char *value)
{
	assert_true(i < told.report.n_facts);
	assert_text(told.facts[i].name, name);
	assert_text(told.facts[i].value, value);
}

static void
a_verdict_says_where_its_rule_stands_and_whom_it_is_about(void **state)
{
	struct session *session = kit_connect(
	    "on rcpt {\n  no: accept if bounce\n"
	    "  bad: reject \"no\" if rcpt.to == \"bob@example.net\"\n}",
	    true);

	(void)state;
	session_macro(session, "i", "4Xk2p0");
	session_macro(session, "{auth_authen}", "Anna");
	kit_mail(session, "<anna@example.org>", NULL);
	assert_int_equal(kit_rcpt(session, "<bob@example.net>"), REPLY_REJECT);
	assert_int_equal(told.n, 1);
	assert_string_equal(told.report.path, "a.rules");
	assert_int_equal(told.report.line, 3);
	assert_int_equal(told.report.stage, STAGE_RCPT);
	assert_text(told.report.rule, "bad");
	assert_text(told.report.client, "192.0.2.1");
	assert_text(told.report.user, "anna");
	assert_text(told.report.from, "anna@example.org");
	assert_text(told.report.rcpt, "bob@example.net");
	assert_text(told.report.queue, "4Xk2p0");
	assert_null(told.report.limit);
	session_free(session);
}

static void
facts_are_those_of_the_block_and_the_rule_each_once(void **state)
{
	struct session *session = kit_connect(
	    "table users string { \"anna\" }\n"
	    "limit pace 0/1h messages by client.ip\n"
	    "on headers if sasl.user in users and mail.from != \"\" {\n"
	    "  r: reject \"no\" if (header[\"X-A\"] =~ /1/ or bounce) and "
	    "mail.from == \"${sasl.user}@example.org\" and over pace\n}",
	    true);

	(void)state;
	session_macro(session, "{auth_authen}", "anna");
	kit_mail(session, "<anna@example.org>", NULL);
	kit_rcpt(session, "<bob@example.net>");
	session_header(session, STR("X-A"), STR("1"));
	session_header(session, STR("X-A"), STR("2"));
	assert_int_equal(session_end_of_headers(session).kind, REPLY_REJECT);
	assert_int_equal(told.report.n_facts, 5);
	assert_fact(0, "sasl.user", "anna");
	assert_fact(1, "mail.from", "anna@example.org");
	assert_fact(2, "header[\"X-A\"]", "1, 2");
	assert_fact(3, "bounce", "no");
	assert_fact(4, "client.ip", "192.0.2.1");
	session_free(session);
}

static void
long_values_are_cut_and_long_lists_end(void **state)
{
	struct buf rules = { 0 }, value = { 0 };
	struct session *session;

	(void)state;
	buf_add_cstr(&rules, "on headers { r: reject \"no\" if subject");
	for (int i = 0; i < 20; i++)
		buf_printf(&rules, " or header[\"X%d\"] == \"1\"", i);
	buf_add_cstr(&rules, " }");
	for (int i = 0; i < 200; i++)
		buf_add_cstr(&value, "\xc3\xa4");
	session = kit_connect(rules.p, true);
	kit_mail(session, "<anna@example.org>", NULL);
	kit_rcpt(session, "<bob@example.net>");
	session_header(session, STR("Subject"), str_of("x"));
	session_header(session, STR("Subject"), buf_str(&value));
	assert_int_equal(session_end_of_headers(session).kind, REPLY_REJECT);
	assert_int_equal(told.report.n_facts, FACTS_MAX);
	/* "x, " and 126 characters of two bytes: 256 would be half of one */
	assert_int_equal(told.facts[0].value.len, 255);
	session_free(session);
	buf_done(&rules);
	buf_done(&value);
}

static void
a_limit_is_told_with_its_key_before_and_after(void **state)
{
	struct session *session = kit_connect(
	    "limit pace 5/1m, 9/1h recipients by mail.from, client.ip\n"
	    "on rcpt { most: observe reject \"x\" if used pace >= 60%\n"
	    "  full: reject \"x\" if bounce }",
	    true);

	(void)state;
	kit_mail(session, "<Anna@Example.org>", NULL);
	for (int i = 0; i < 3; i++)
		kit_rcpt(session, "<bob@example.net>");
	assert_int_equal(told.n, 1);
	assert_true(told.report.is_observed);
	assert_text(told.limit.name, "pace");
	assert_text(told.limit.identity, "anna@example.org,192.0.2.1");
	assert_int_equal(told.limit.used_before, 2);
	assert_int_equal(told.limit.used, 3);
	assert_int_equal(told.limit.max, 5);
	assert_int_equal(told.limit.rate.window_sec, 60);
	session_free(session);
}

/* At message the recipient is a list; the one that was over is told. */
static void
a_key_of_an_earlier_stage_is_remembered(void **state)
{
	struct session *session =
	    kit_connect("limit pace 1/1h recipients by rcpt.to\n"
			"on data { full: reject \"x\" if over pace }",
		true);

	(void)state;
	kit_mail(session, "<anna@example.org>", NULL);
	kit_rcpt(session, "<a@example.net>");
	kit_rcpt(session, "<b@example.net>");
	kit_rcpt(session, "<b@example.net>");
	kit_rcpt(session, "<c@example.net>");
	assert_int_equal(session_data(session).kind, REPLY_REJECT);
	assert_text(told.limit.identity, "b@example.net");
	session_free(session);
}

static void
over_is_told_once_a_minute_for_each_key(void **state)
{
	struct session *session =
	    kit_connect("limit pace 0/1h messages by mail.from\n"
			"on mail { r: reject \"x\" if over pace }",
		true);

	(void)state;
	for (int i = 0; i < 5; i++)
		kit_mail(session, "<anna@example.org>", NULL);
	assert_int_equal(told.n, 5);
	assert_int_equal(told.n_crossings[CROSSING_OVER], 1);
	assert_text(told.crossing.limit.identity, "anna@example.org");
	kit_mail(session, "<bob@example.org>", NULL);
	assert_int_equal(told.n_crossings[CROSSING_OVER], 2);
	session_now(session, KIT_NOW_MS + 59999, true);
	kit_mail(session, "<anna@example.org>", NULL);
	assert_int_equal(told.n_crossings[CROSSING_OVER], 2);
	session_now(session, KIT_NOW_MS + 60000, true);
	kit_mail(session, "<anna@example.org>", NULL);
	assert_int_equal(told.n_crossings[CROSSING_OVER], 3);
	/* a clock that stepped back silences nobody */
	session_now(session, KIT_NOW_MS - 3600000, true);
	kit_mail(session, "<anna@example.org>", NULL);
	assert_int_equal(told.n_crossings[CROSSING_OVER], 4);
	session_free(session);
}

static void
of_many_keys_each_is_told(void **state)
{
	struct session *session =
	    kit_connect("limit pace 0/1h messages by mail.from\n"
			"on mail { r: reject \"x\" if over pace }",
		true);
	char path[64];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(path, sizeof(path), "<u%d@example.org>", i);
		kit_mail(session, path, NULL);
	}
	assert_int_equal(told.n_crossings[CROSSING_OVER], 20000);
	session_free(session);
}

static void
a_lock_is_told_by_the_use_that_began_it(void **state)
{
	struct session *session =
	    kit_connect("limit pace 1/1m messages by mail.from locks 1h\n"
			"on mail { r: reject \"x\" if over pace }",
		true);

	(void)state;
	for (int i = 0; i < 4; i++) {
		kit_mail(session, "<anna@example.org>", NULL);
		kit_rcpt(session, "<bob@example.net>");
		session_end(session);
	}
	assert_int_equal(told.n_crossings[CROSSING_NEAR], 1);
	assert_int_equal(told.n_crossings[CROSSING_OVER], 1);
	assert_int_equal(told.n_crossings[CROSSING_LOCKED], 1);
	assert_int_equal(told.crossing.locked_ms, 3600000);
	session_free(session);
}

static void
rules_are_told_in_order_until_one_decides(void **state)
{
	struct session *session =
	    kit_connect("table t string redis on-outage pass\n"
			"on mail { no: reject \"x\" if bounce\n"
			"seen: observe reject \"x\" if not bounce\n"
			"unasked: reject \"x\" if mail.from in t\n"
			"yes: reject \"x\" if not bounce\n"
			"never: reject \"x\" if not bounce }\n"
			"on rcpt { late: reject \"x\" }",
		true);

	(void)state;
	store_set_down(kit_store, true);
	kit_mail(session, "<anna@example.org>", NULL);
	assert_text(buf_str(&looked_at), "-no +seen ?unasked +yes ");
	kit_rcpt(session, "<bob@example.net>");
	assert_text(buf_str(&looked_at), "-no +seen ?unasked +yes ");
	session_free(session);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, begin_listening, end_listening)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_verdict_says_where_its_rule_stands_and_whom_it_is_about),
		TEST(facts_are_those_of_the_block_and_the_rule_each_once),
		TEST(long_values_are_cut_and_long_lists_end),
		TEST(a_limit_is_told_with_its_key_before_and_after),
		TEST(a_key_of_an_earlier_stage_is_remembered),
		TEST(over_is_told_once_a_minute_for_each_key),
		TEST(of_many_keys_each_is_told),
		TEST(a_lock_is_told_by_the_use_that_began_it),
		TEST(rules_are_told_in_order_until_one_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
