/*
 * What a ruleset can ever look at, so that no mail is asked for more.
 */
#include "rules/program.h"
#include "rules_kit.h"

/* What must be read, as letters: h(eaders) b(ody) m(ime) i(nspect). */
static void
expect_reads(const char *text, const char *want)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *rules = kit_load_fine(&io, text);
	const struct needs *needs = ruleset_needs(rules);
	char got[5] = "";
	size_t n = 0;

	if (needs->headers)
		got[n++] = 'h';
	if (needs->body)
		got[n++] = 'b';
	if (needs->mime)
		got[n++] = 'm';
	if (needs->inspect)
		got[n++] = 'i';
	got[n] = '\0';
	if (strcmp(got, want) != 0)
		fail_msg("%s: reads \"%s\", not \"%s\"", text, got, want);
	ruleset_put(rules);
}

static void
test_each_fact_wants_what_it_is_made_of(void **state)
{
	static const char *const cases[][2] = {
		{ "bounce", "" },
		{ "subject", "h" },
		{ "body.raw =~ /x/", "b" },
		{ "body =~ /x/", "hm" },
		{ "url.host == \"x.org\"", "hm" },
		{ "part.type == \"text/html\"", "hm" },
		{ "attachment.name =~ /x/", "hm" },
		{ "attachment.size > 3", "hm" },
		{ "attachment.count > 3", "hm" },
		{ "attachment.magic == \"x\"", "hmi" },
		{ "attachment.encrypted", "hmi" },
		{ "archive.name", "hmi" },
		{ "attachment with (name == \"x\")", "hm" },
		{ "attachment with (archive == \"x\")", "hmi" },
		{ "subject == \"${archive.name}\"", "hmi" },
		{ "body == body.raw", "hbm" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char text[160];

		snprintf(text, sizeof(text),
		    "on message { a: tag \"x\" if %s }", cases[i][0]);
		expect_reads(text, cases[i][1]);
	}
}

static void
test_a_damage_wants_what_can_have_it(void **state)
{
	static const char *const cases[][2] = {
		{ "== \"address\"", "h" },
		{ "== \"regex-limit\"", "h" },
		{ "== \"charset\"", "hm" },
		{ "!= \"unclosed\"", "hm" },
		{ "== \"body-cut\"", "hb" },
		{ "== \"archive\"", "hmi" },
		{ "in { \"address\", \"duplicate-header\" }", "h" },
		{ "in { \"address\", \"body-cut\", \"base64\" }", "hbm" },
		/* What is not named matters as well. */
		{ "", "hbmi" },
		{ "== \"\"", "hbmi" },
		{ "=~ /^a/", "hbmi" },
		{ "in words", "hbmi" },
		{ "== subject", "hbmi" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char text[160];

		snprintf(text, sizeof(text),
		    "%son message { a: tag \"x\" if mime.damage %s }",
		    strstr(cases[i][0], "words") != NULL
			? "table words string { \"a\" }\n"
			: "",
		    cases[i][0]);
		expect_reads(text, cases[i][1]);
	}
	expect_reads("on message { a: tag \"x\" if every mime.damage != "
		     "\"address\" }",
	    "hbmi");
	expect_reads("on message { a: tag \"${mime.damage}\" }", "hbmi");
	expect_reads("limit l 1/1h messages by mime.damage", "hbmi");
}

/* What comes later cannot be known there, so it need not be read for it. */
static void
test_before_the_body_damage_is_that_of_the_header(void **state)
{
	(void)state;
	expect_reads("on headers { a: tag \"${mime.damage}\" if mime.damage "
		     "== \"charset\" or mime.damage }",
	    "h");
}

static void
test_a_limit_waits_for_the_damage_that_it_asks_for(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *rules = kit_load_fine(&io,
	    "limit a 1/1h messages by client.ip if mime.damage == \"control\"\n"
	    "limit b 1/1h messages by client.ip if mime.damage == "
	    "\"unclosed\"\n"
	    "limit c 1/1h messages by client.ip if attachment with "
	    "(encrypted)\n"
	    "limit d 1/1h messages by url.host\n");
	const struct program *program = ruleset_program(rules);

	(void)state;
	assert_int_equal(program->limits[0]->stage, STAGE_HEADERS);
	assert_int_equal(program->limits[1]->stage, STAGE_MESSAGE);
	assert_int_equal(program->limits[2]->stage, STAGE_MESSAGE);
	assert_int_equal(program->limits[3]->stage, STAGE_MESSAGE);
	ruleset_put(rules);
}

/* Letters: c(hanges) r(ecipients) s(ender) h(eaders are read); a(dd) m(odify
 * fields), q(uarantine). */
static void
test_each_action_wants_what_it_changes(void **state)
{
	static const char *const cases[][2] = {
		{ "tag \"x\"", "" },
		{ "reject \"x\"", "" },
		{ "quarantine \"x\"", "cq" },
		{ "add-header \"A\" \"b\"", "ca" },
		{ "add-header \"X-Sluice-A\" \"b\"", "cham" },
		{ "remove-header \"A\"", "chm" },
		{ "set-header \"A\" \"b\"", "cham" },
		{ "add-recipient \"a@b.org\"", "cr" },
		{ "remove-recipient \"a@b.org\"", "cr" },
		{ "redirect \"a@b.org\"", "cr" },
		{ "set-sender \"\"", "cs" },
		{ "redirect \"a@b.org\", set-sender \"${mail.from}\"", "crs" },
	};
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char text[120], got[8] = "";
		struct ruleset *rules;
		const struct needs *needs;

		snprintf(text, sizeof(text), "on rcpt { a: %s }", cases[i][0]);
		rules = kit_load_fine(&io, text);
		needs = ruleset_needs(rules);
		snprintf(got, sizeof(got), "%s%s%s%s%s%s%s",
		    needs->changes ? "c" : "", needs->recipients ? "r" : "",
		    needs->sender ? "s" : "", needs->headers ? "h" : "",
		    needs->add_headers ? "a" : "",
		    needs->change_headers ? "m" : "",
		    needs->quarantine ? "q" : "");
		if (strcmp(got, cases[i][1]) != 0)
			fail_msg(
			    "%s: \"%s\", not \"%s\"", text, got, cases[i][1]);
		ruleset_put(rules);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_fact_wants_what_it_is_made_of),
		cmocka_unit_test(test_a_damage_wants_what_can_have_it),
		cmocka_unit_test(
		    test_before_the_body_damage_is_that_of_the_header),
		cmocka_unit_test(
		    test_a_limit_waits_for_the_damage_that_it_asks_for),
		cmocka_unit_test(test_each_action_wants_what_it_changes),
	};

	return cmocka_run_group_tests_name("needs", tests, NULL, NULL);
}
