/* A client who is over costs no call, and yet gets the answer that a call would
 * have brought: counted by what the store was asked. */
#include "session_kit.h"

#define ANNA "<anna@example.org>"
#define BOB  "<bob@example.org>"

struct calls {
	uint64_t waited;
	uint64_t sent;
};

static struct calls
calls_so_far(void)
{
	struct store_stats stats;

	store_stats_get(kit_store, &stats);
	return (struct calls){ stats.calls_waited, stats.calls_sent };
}

/* What has been asked since, waited for and not. */
static void
assert_calls(struct calls before, uint64_t n_waited, uint64_t n_sent)
{
	struct calls now = calls_so_far();

	assert_int_equal(now.waited - before.waited, n_waited);
	assert_int_equal(now.sent - before.sent, n_sent);
}

static struct session *
begin(const char *rules)
{
	return kit_connect(rules, false);
}

static void
what_was_denied_a_moment_ago_is_denied_without_a_call(void **state)
{
	struct session *session =
	    begin("limit pace 1/1h recipients by mail.from\n"
		  "on rcpt { pace: tempfail \"${limit.used}/${limit.max}\" "
		  "if over pace }");
	struct calls before;
	struct reply reply;

	(void)state;
	kit_mail(session, ANNA, NULL);
	assert_int_equal(kit_rcpt(session, BOB), REPLY_CONTINUE);
	before = calls_so_far();
	assert_int_equal(kit_rcpt(session, BOB), REPLY_TEMPFAIL);
	assert_calls(before, 1, 0);
	for (int i = 0; i < 10; i++) {
		reply = session_rcpt(session, STR(BOB), NULL, 0);
		assert_int_equal(reply.kind, REPLY_TEMPFAIL);
		assert_memory_equal(reply.text.p, "1/1 (ref ", 9);
	}
	assert_calls(before, 1, 0);
	session_free(session);
}

static void
another_key_is_asked_for(void **state)
{
	struct session *session =
	    begin("limit pace 1/1h messages by mail.from\n"
		  "on mail { pace: tempfail \"x\" if over pace }");
	struct calls before;

	(void)state;
	kit_mail(session, ANNA, NULL);
	kit_rcpt(session, BOB);
	session_end(session);
	assert_int_equal(kit_mail(session, ANNA, NULL), REPLY_TEMPFAIL);
	before = calls_so_far();
	assert_int_equal(kit_mail(session, BOB, NULL), REPLY_CONTINUE);
	assert_calls(before, 1, 0);
	session_free(session);
}

static void
attempts_are_counted_all_the_same(void **state)
{
	struct session *session =
	    begin("limit tries 99/1h recipients by mail.from counts attempts\n"
		  "limit pace 1/1h recipients by mail.from\n"
		  "on rcpt { pace: tempfail \"x\" if over pace\n"
		  "  tries: tempfail \"y\" if over tries }");
	struct calls before;

	(void)state;
	kit_mail(session, ANNA, NULL);
	kit_rcpt(session, BOB);
	kit_rcpt(session, BOB);
	before = calls_so_far();
	assert_int_equal(kit_rcpt(session, BOB), REPLY_TEMPFAIL);
	assert_calls(before, 0, 1);
	session_free(session);
}

/* What is damaged was found once, while a rule was only tried. */
static void
damage_that_was_found_while_trying_is_kept(void **state)
{
	struct session *session =
	    begin("limit big 1/1h bytes by client.ip\n"
		  "limit other 9k/1h bytes by mail.from\n"
		  "on message { a: reject \"a\" if over big and "
		  "header[\"X\"] =~ /zzz/\n"
		  "  b: tag \"b\" if over other\n"
		  "  c: reject \"c\" if mime.damage == \"raw-8bit\" }");

	(void)state;
	for (int i = 0; i < 2; i++) {
		kit_mail(session, ANNA, NULL);
		kit_rcpt(session, BOB);
		session_data(session);
		session_header(session, STR("X"),
		    i == 0 ? STR("fine") : STR("not fine \xff"));
		assert_int_equal(session_end(session).kind,
		    i == 0 ? REPLY_CONTINUE : REPLY_REJECT);
	}
	session_free(session);
}

/* Each text has a rule before the one that denies, or one that is no refusal
 * which holds: the call must be made. */
static void
a_rule_that_might_decide_otherwise_needs_the_call(void **state)
{
	static const char *const rules[] = {
		/* an accept that may be reached first */
		"limit pace 1/1h recipients by mail.from\n"
		"limit other 9/1h recipients by mail.from\n"
		"on rcpt { ok: tag \"x\" if over other\n"
		"  pace: tempfail \"x\" if over pace }",
		/* observed: others run behind it */
		"limit pace 1/1h recipients by mail.from\n"
		"on rcpt { seen: observe reject \"x\" if over pace\n"
		"  pace: tempfail \"x\" if over pace }",
		/* no refusal */
		"limit pace 1/1h recipients by mail.from\n"
		"on rcpt { tag: tag \"x\" if over pace\n"
		"  pace: tempfail \"x\" if over pace }",
		/* both must be known */
		"limit pace 1/1h recipients by mail.from\n"
		"limit other 9/1h recipients by mail.from\n"
		"on rcpt { pace: tempfail \"x\" if over pace and not over "
		"other }",
		/* a table in the store */
		"table friends string redis\n"
		"limit pace 1/1h recipients by mail.from\n"
		"on rcpt { ok: accept if mail.from.local in friends\n"
		"  pace: tempfail \"x\" if over pace }",
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rules); i++) {
		char sender[32];
		struct session *session = begin(rules[i]);
		struct calls before;

		snprintf(sender, sizeof(sender), "<anna%zu@example.org>", i);
		kit_mail(session, sender, NULL);
		kit_rcpt(session, BOB);
		assert_int_equal(kit_rcpt(session, BOB), REPLY_TEMPFAIL);
		before = calls_so_far();
		assert_int_equal(kit_rcpt(session, BOB), REPLY_TEMPFAIL);
		assert_int_equal(calls_so_far().waited - before.waited, 1);
		session_free(session);
	}
}

static void
rules_that_are_false_all_the_same_do_not_matter(void **state)
{
	struct session *session =
	    begin("limit pace 1/1h recipients by mail.from\n"
		  "limit other 9/1h recipients by mail.from\n"
		  "on rcpt if mail.from == \"carol@example.org\" {\n"
		  "  no: tempfail \"x\" if over other }\n"
		  "on rcpt { first: accept if over other and bounce\n"
		  "  pace: tempfail \"x\" if over other or over pace }");
	struct calls before;

	(void)state;
	kit_mail(session, ANNA, NULL);
	kit_rcpt(session, BOB);
	kit_rcpt(session, BOB);
	before = calls_so_far();
	assert_int_equal(kit_rcpt(session, BOB), REPLY_TEMPFAIL);
	assert_calls(before, 0, 0);
	session_free(session);
}

static void
what_is_smaller_than_the_denied_is_asked_for(void **state)
{
	struct session *session =
	    begin("limit size 1k/1h bytes by mail.from\n"
		  "on mail { size: tempfail \"x\" if over size }");
	struct calls before;

	(void)state;
	assert_int_equal(kit_mail(session, ANNA, "SIZE=2000"), REPLY_TEMPFAIL);
	before = calls_so_far();
	assert_int_equal(kit_mail(session, ANNA, "SIZE=3000"), REPLY_TEMPFAIL);
	assert_calls(before, 0, 0);
	assert_int_equal(kit_mail(session, ANNA, "SIZE=500"), REPLY_CONTINUE);
	assert_calls(before, 1, 0);
	session_free(session);
}

/* A connection stays counted when one of its messages is refused. */
static void
what_a_refusal_does_not_give_back_is_charged(void **state)
{
	static const char rules[] =
	    "limit pace 1/1h messages by client.ip\n"
	    "limit users 9/1h connections by mail.from\n"
	    "on mail { pace: tempfail \"x\" if over pace\n"
	    "  users: tempfail \"y\" if over users }";
	struct session *session = begin(rules);
	struct calls before;

	(void)state;
	kit_mail(session, ANNA, NULL);
	kit_rcpt(session, BOB);
	session_end(session);
	assert_int_equal(kit_mail(session, ANNA, NULL), REPLY_TEMPFAIL);
	session_free(session);
	session = begin(rules);
	before = calls_so_far();
	assert_int_equal(kit_mail(session, ANNA, NULL), REPLY_TEMPFAIL);
	assert_calls(before, 0, 1);
	session_free(session);
}

/* Some charge of the message did not fit: later stages still know. */
static void
behind_its_stage_a_denied_limit_is_over(void **state)
{
	struct session *session =
	    begin("limit pace 1/1h recipients by mail.from\n"
		  "on rcpt { pace: tempfail \"x\" if over pace }\n"
		  "on data { some: tag \"some\" if over pace }");

	(void)state;
	kit_mail(session, ANNA, NULL);
	kit_rcpt(session, BOB);
	session_end(session);
	kit_mail(session, ANNA, NULL);
	assert_int_equal(kit_rcpt(session, BOB), REPLY_TEMPFAIL);
	kit_mail(session, ANNA, NULL);
	assert_int_equal(kit_rcpt(session, BOB), REPLY_TEMPFAIL);
	session_data(session);
	assert_true(session_has_tag(session, STR("some")));
	session_free(session);
}

static bool
say_observed(void *context, struct str rule)
{
	(void)rule;
	return *(const bool *)context;
}

static void
a_rule_that_is_observed_from_now_on_needs_the_call(void **state)
{
	static bool is_observed;
	struct session *session =
	    begin("limit pace 1/1h recipients by mail.from\n"
		  "on rcpt { pace: tempfail \"x\" if over pace }");
	struct calls before;

	(void)state;
	kit_mail(session, ANNA, NULL);
	kit_rcpt(session, BOB);
	assert_int_equal(kit_rcpt(session, BOB), REPLY_TEMPFAIL);
	before = calls_so_far();
	is_observed = true;
	kit_engine.context = &is_observed;
	kit_engine.is_observed = say_observed;
	assert_int_equal(kit_rcpt(session, BOB), REPLY_CONTINUE);
	assert_calls(before, 1, 0);
	session_free(session);
}

static void
stories_have_a_time_of_their_own(void **state)
{
	struct session *session =
	    kit_connect("limit pace 1/1h recipients by mail.from\n"
			"on rcpt { pace: tempfail \"x\" if over pace }",
		true);
	struct calls before;

	(void)state;
	kit_mail(session, ANNA, NULL);
	kit_rcpt(session, BOB);
	kit_rcpt(session, BOB);
	before = calls_so_far();
	assert_int_equal(kit_rcpt(session, BOB), REPLY_TEMPFAIL);
	assert_calls(before, 1, 0);
	session_free(session);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, kit_engine_begin, kit_engine_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_denied_a_moment_ago_is_denied_without_a_call),
		TEST(another_key_is_asked_for),
		TEST(attempts_are_counted_all_the_same),
		TEST(damage_that_was_found_while_trying_is_kept),
		TEST(a_rule_that_might_decide_otherwise_needs_the_call),
		TEST(rules_that_are_false_all_the_same_do_not_matter),
		TEST(what_is_smaller_than_the_denied_is_asked_for),
		TEST(what_a_refusal_does_not_give_back_is_charged),
		TEST(behind_its_stage_a_denied_limit_is_over),
		TEST(a_rule_that_is_observed_from_now_on_needs_the_call),
		TEST(stories_have_a_time_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
