/*
 * The plan of each stage: what is charged, asked and looked up in its one
 * call, and which rules are decided before it.
 */
#include "rules/program.h"
#include "rules_kit.h"

#define LIMITS                                                                 \
	"limit ip 60/1m connections by client.ip\n"                            \
	"limit bytes 1M/1d bytes by sasl.user\n"                               \
	"limit nets 6/1d distinct client.ip(24) by sasl.user\n"                \
	"limit bad 20/1h rejects by client.ip\n"                               \
	"limit guess 20/1h unknown-recipients by client.ip\n"

static struct ruleset *
load(const char *text)
{
	static struct kit_files files;
	static struct rules_io io;

	io = kit_io(&files);
	return kit_load_fine(&io, text);
}

static const struct stage_plan *
plan_of(const struct ruleset *rules, enum stage stage)
{
	return &ruleset_program(rules)->stages[stage];
}

static void
names_of(struct limit *const *limits, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(
		    out, "%s%.*s", i > 0 ? " " : "", STR_ARG(limits[i]->name));
}

static void
expect_names(struct limit *const *limits, size_t n, const char *want)
{
	struct buf got = { 0 };

	names_of(limits, n, &got);
	assert_string_equal(got.len > 0 ? got.p : "", want);
	buf_done(&got);
}

static void
test_each_unit_is_charged_in_its_place(void **state)
{
	struct ruleset *rules = load(LIMITS);
	const struct program *program = ruleset_program(rules);
	const struct stage_plan *connect = plan_of(rules, STAGE_CONNECT);
	const struct stage_plan *message = plan_of(rules, STAGE_MESSAGE);

	(void)state;
	expect_names(connect->charged, connect->n_charged, "ip");
	expect_names(message->charged, message->n_charged, "bytes nets");
	expect_names(program->on_rejects, program->n_on_rejects, "bad");
	expect_names(program->on_unknown, program->n_on_unknown, "guess");
	assert_true(ruleset_needs(rules)->refused_rcpt);
	assert_true(ruleset_needs(rules)->whole_body);
	assert_true(ruleset_needs(rules)->answers[STAGE_MESSAGE]);
	assert_false(ruleset_needs(rules)->answers[STAGE_MAIL]);
	assert_false(message->waits); /* nobody asks */
	ruleset_put(rules);
}

static void
test_without_such_limits_nothing_more_is_needed(void **state)
{
	struct ruleset *rules =
	    load("limit ip 60/1m connections by client.ip\n");

	(void)state;
	assert_false(ruleset_needs(rules)->refused_rcpt);
	assert_false(ruleset_needs(rules)->whole_body);
	assert_false(ruleset_needs(rules)->body);
	ruleset_put(rules);
}

static void
test_what_is_charged_later_is_peeked(void **state)
{
	struct ruleset *rules = load(
	    LIMITS "on mail { a: tag \"1\" if near bytes or used bad > 5%\n"
		   "b: tag \"2\" if over nets or not over bytes or over ip }"
		   "on message { c: tag \"3\" if over bytes or over guess }");
	const struct stage_plan *mail = plan_of(rules, STAGE_MAIL);
	const struct stage_plan *message = plan_of(rules, STAGE_MESSAGE);

	(void)state;
	expect_names(mail->peeked, mail->n_peeked, "bytes bad nets");
	expect_names(message->peeked, message->n_peeked, "guess");
	assert_true(mail->waits);
	assert_true(message->waits);
	ruleset_put(rules);
}

/* Rules before the first that needs the store are decided without it. */
static void
test_rules_wait_from_the_first_that_needs_the_store(void **state)
{
	static const struct {
		const char *rules;
		size_t n_before;
	} cases[] = {
		{ "a: tag \"1\"\nb: tag \"2\" if bounce", 2 },
		{ "a: tag \"1\"\nb: tag \"2\" if near bytes", 1 },
		{ "a: tag \"1\" if over ip", 1 }, /* known since connect */
		{ "a: tag \"1\" if used bytes < 5%\nb: tag \"2\"", 0 },
		{ "a: tag \"1\" if sasl.user in r\nb: tag \"2\"", 0 },
		{ "a: tag \"1\" if sasl.user in t", 1 },
		{ "a: tag \"1\"\nb: tag \"${value(r, sasl.user)}\"", 1 },
		{ "a: tag \"${value(t, sasl.user)}\"", 1 },
		{ "a: tag \"1\" if bounce or value(r, sasl.user) == \"x\"", 0 },
		{ "a: tag \"1\" if helo.name == \"${value(r, sasl.user)}\"",
		    0 },
		{ "a: tag \"1\" if helo.name in {\"x\", "
		  "\"${value(r, sasl.user)}\"}",
		    0 },
		{ "a: remember sasl.user in r for 1d\nb: tag \"1\"", 2 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct buf text = { 0 };
		struct ruleset *rules;

		buf_printf(&text,
		    LIMITS "table r string redis\n"
			   "table t string { \"a 1\" }\n"
			   "on mail { %s\n"
			   "last: tag \"${value(r, sasl.user)}\"\n"
			   "none: log \"${value(t, sasl.user)}\" }",
		    cases[i].rules);
		rules = load(text.p);
		if (plan_of(rules, STAGE_MAIL)->n_before != cases[i].n_before)
			fail_msg("%s: %zu", cases[i].rules,
			    plan_of(rules, STAGE_MAIL)->n_before);
		ruleset_put(rules);
		buf_done(&text);
	}
}

static void
test_a_block_that_asks_makes_all_its_rules_wait(void **state)
{
	struct ruleset *rules = load("table r string redis\n"
				     "on mail { a: tag \"1\" }\n"
				     "on mail if sasl.user in r {\n"
				     "b: tag \"2\"\nc: tag \"3\" }\n");
	const struct stage_plan *mail = plan_of(rules, STAGE_MAIL);

	(void)state;
	assert_int_equal(mail->n_before, 1);
	assert_int_equal(mail->n_lookups, 1);
	assert_true(mail->waits);
	ruleset_put(rules);
}

static void
test_equal_lookups_are_one(void **state)
{
	struct ruleset *rules =
	    load("table r string redis\ntable s address redis\n"
		 "table t address { \"a@b\" }\n"
		 "on mail {\n"
		 "a: tag \"${value(r, sasl.user)}\" if sasl.user in r\n"
		 "b: tag \"1\" if not sasl.user in r or mail.from in r\n"
		 "c: tag \"2\" if value(r, sasl.user) == \"x\"\n"
		 "d: tag \"3\" if sasl.user in s or sasl.user in t\n"
		 "e: tag \"4\" if \"${sasl.user} x\" in r\n"
		 "f: tag \"5\" if \"${sasl.user} x\" in r\n"
		 "g: tag \"6\" if \"${sasl.user} y\" in r\n"
		 "}\n"
		 "on rcpt { h: tag \"7\" if sasl.user in r }\n");
	const struct stage_plan *mail = plan_of(rules, STAGE_MAIL);
	const struct rule *a = mail->rules[0], *c = mail->rules[2];
	const struct rule *d = mail->rules[3], *f = mail->rules[5];

	(void)state;
	/* user in r, from in r, user in s, two texts in r */
	assert_int_equal(mail->n_lookups, 5);
	assert_int_equal(a->cond->lookup, 0);
	assert_int_equal(a->actions[0].text.parts[0].lookup, 0);
	assert_int_equal(c->cond->value_lookup, 0);
	assert_int_equal(c->cond->lookup, NO_LOOKUP);
	assert_int_equal(d->cond->terms[0]->lookup, 2);
	assert_int_equal(d->cond->terms[1]->lookup, NO_LOOKUP);
	assert_true(mail->lookups[f->cond->lookup].is_text);
	assert_int_equal(plan_of(rules, STAGE_RCPT)->n_lookups, 1);
	ruleset_put(rules);
}

static void
test_names_are_found(void **state)
{
	struct ruleset *rules = load("table vip address { \"a@b\" }\n"
				     "limit user-pace 1/1h messages "
				     "by sasl.user if not sasl.user in vip\n"
				     "on mail { locked: tag \"1\" }\n");

	(void)state;
	assert_non_null(
	    program_limit(ruleset_program(rules), STR("user-pace")));
	assert_null(program_limit(ruleset_program(rules), STR("user-pase")));
	assert_non_null(program_rule(ruleset_program(rules), STR("locked")));
	assert_non_null(program_table(ruleset_program(rules), STR("vip")));
	assert_null(program_rule(ruleset_program(rules), STR("vip")));
	ruleset_put(rules);
}

static void
test_check_tells_where_everything_happens(void **state)
{
	static const char *const wanted[] = {
		"bytes, charged at stage message, by the size of the message, "
		"asked before at mail, by sasl.user; on outage",
		"rejects, charged whenever a rule rejects, asked at connect, "
		"mail, by client.ip",
		"charged whenever the MTA refuses a recipient with 5.1.x, by "
		"client.ip",
		"charged whenever a rule rejects from stage mail on, by",
		"; once over, locked for 4h; other rates by table t; on outage",
		"10 daily, 20 monthly distinct rcpt.to, charged at stage "
		"message, once for each value, by",
		"table r: string, in Redis, looked up at mail, rcpt; on "
		"outage: tempfail\n",
		"redirect c (a.rules:12): \"a@b.org\" gets the message in "
		"place of this recipient\n",
		"redirect d (a.rules:13): \"a@b.org\" gets the message in "
		"place of all its recipients\n",
		"set-sender d (a.rules:13): \"\" is the envelope sender",
	};
	struct ruleset *rules = load(LIMITS
	    "table r string redis on-outage tempfail\n"
	    "table t address { \"a@b x5\" }\n"
	    "limit u 1/1h rejects by mail.from locks 4h override t\n"
	    "limit v 10 daily, 20 monthly distinct rcpt.to by sasl.user\n"
	    "on connect { a: tag \"1\" if over bad }\n"
	    "on mail { b: tag \"1\" if over bad or near bytes or sasl.user in "
	    "r }\n"
	    "on rcpt { c: tag \"${value(r, sasl.user)}\", redirect "
	    "\"a@b.org\" }\n"
	    "on data { d: redirect \"a@b.org\", set-sender \"\" e: observe "
	    "add-recipient \"a@b.org\" }");
	struct buf out = { 0 };

	(void)state;
	ruleset_explain(rules, &out);
	for (size_t i = 0; i < N_OF(wanted); i++)
		if (strstr(out.p, wanted[i]) == NULL)
			fail_msg("no \"%s\" in:\n%s", wanted[i], out.p);
	assert_null(strstr(out.p, "table t:"));
	assert_null(strstr(out.p, "add-recipient")); /* only observed */
	buf_done(&out);
	ruleset_put(rules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_unit_is_charged_in_its_place),
		cmocka_unit_test(
		    test_without_such_limits_nothing_more_is_needed),
		cmocka_unit_test(test_what_is_charged_later_is_peeked),
		cmocka_unit_test(
		    test_rules_wait_from_the_first_that_needs_the_store),
		cmocka_unit_test(
		    test_a_block_that_asks_makes_all_its_rules_wait),
		cmocka_unit_test(test_equal_lookups_are_one),
		cmocka_unit_test(test_names_are_found),
		cmocka_unit_test(test_check_tells_where_everything_happens),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
