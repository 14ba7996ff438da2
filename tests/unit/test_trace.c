/* Stories: every slip of the pen is found before anything runs, and what came
 * out differently is said completely. */
#include "engine/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RULES                                                                  \
	"limit pace 2/1m recipients by sasl.user\n"                            \
	"on mail { bad: reject 553 5.1.7 \"no\" if mail.from == "              \
	"\"bad@example.org\" }\n"                                              \
	"on rcpt { slow: tempfail 450 \"slow down\" if over pace\n"            \
	"  odd: observe reject \"odd\" if rcpt.to == \"odd@example.org\" }\n"  \
	"on headers { won: reject 550 \"lottery\" if subject == \"won\" }\n"   \
	"on message { mark: add-header \"X-Seen\" \"yes\", score 2.5, tag "    \
	"\"seen\" }\n"

#define HEAD                                                                   \
	"test \"one\"\n"                                                       \
	"connect 192.0.2.7 mail.example.org\n"                                 \
	"auth anna\n"

/* There are no files in these tests. */
static int
read_nothing(void *context, const char *path, size_t max_bytes, struct buf *out,
    struct buf *error)
{
	(void)context;
	(void)path;
	(void)max_bytes;
	(void)out;
	buf_add_cstr(error, "No such file or directory");
	return -1;
}

static int
glob_nothing(void *context, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context,
    struct buf *error)
{
	(void)context;
	(void)pattern;
	(void)each;
	(void)each_context;
	(void)error;
	return 0;
}

static int
stamp_nothing(void *context, const char *path, uint64_t stamp_out[2])
{
	(void)context;
	(void)path;
	(void)stamp_out;
	return -1;
}

static const struct rules_io io = { NULL, read_nothing, glob_nothing,
	stamp_nothing };

static struct ruleset *
load_rules(void)
{
	struct rules_options options;
	struct diags *diags = diags_new();
	struct ruleset *rules;
	struct buf text = { 0 };

	rules_options_init(&options);
	options.timezone = "UTC";
	options.now_ms = TRACE_START_MS;
	rules =
	    ruleset_load_text(&io, "t.rules", str_of(RULES), &options, diags);
	diags_render(diags, &text);
	if (rules == NULL)
		print_error("%s", buf_str(&text).p);
	assert_non_null(rules);
	buf_done(&text);
	diags_free(diags);
	return rules;
}

static void
run(const char *text, bool as_tap, struct trace_result *result)
{
	struct trace_options options = { .io = &io, .as_tap = as_tap };

	*result = (struct trace_result){ 0 };
	options.rules = load_rules();
	trace_run(&options, "t.test", str_of(text), result);
	ruleset_put(options.rules);
}

static void
assert_report_has(const struct trace_result *result, const char *part)
{
	const char *report = buf_str(&result->report).p;

	if (strstr(report, part) == NULL)
		print_error("wanted: %s\nin:\n%s", part, report);
	assert_non_null(strstr(report, part));
}

static void
assert_all_pass(const char *text, unsigned n)
{
	struct trace_result result;

	run(text, false, &result);
	if (result.n_failed > 0)
		print_error("%s", buf_str(&result.report).p);
	assert_int_equal(result.n_failed, 0);
	assert_int_equal(result.n_passed, n);
	trace_result_done(&result);
}

static void
assert_fails(const char *text, const char *part)
{
	struct trace_result result;

	run(text, false, &result);
	assert_int_equal(result.n_failed, 1);
	assert_report_has(&result, part);
	trace_result_done(&result);
}

static const struct {
	const char *text;
	const char *wanted;
} slips[] = {
	{ "helo x\n", "t.test:1:1: error: expected 'rules" },
	{ "test\n", "t.test:1:1: error: expected one name" },
	{ HEAD "rules \"x.rules\"\n", "t.test:4:1: error: 'rules'" },
	{ HEAD "  recpt a@b\n",
	    "t.test:4:3: error: there is no such verb; did you mean "
	    "'rcpt'?\n    4 |   recpt a@b\n      |   ^~~~~\n" },
	{ "test \"x\"\nmail a@b\n",
	    "t.test:2:1: error: 'mail' needs a connection" },
	{ HEAD "drop\nmail a@b\n", "t.test:5:1: error: 'mail' needs" },
	{ "test \"x\"\nalso score 1\n",
	    "t.test:2:1: error: 'also' speaks of the event" },
	{ HEAD "wait soon\n", "t.test:4:6: error: expected a dur" },
	{ HEAD "wait\n", "too few words behind 'wait'" },
	{ HEAD "wait 1m 2m\n", "too many words behind 'wait'" },
	{ HEAD "wait 1m -> accept\n", "'wait' is never answered" },
	{ HEAD "at 2026-02-31\n", "t.test:4:4: error: expected a ti" },
	{ HEAD "at 25:00\n", "expected a time" },
	{ HEAD "store away\n", "expected 'down' or 'up'" },
	{ HEAD "helo x -> maybe\n", "t.test:4:11: error: expected acc" },
	{ HEAD "helo x ->\n", "expected accept, reject" },
	{ HEAD "helo x -> reject 450\n", "no code that 'reject' can" },
	{ HEAD "helo x -> accept 250\n", "no code that 'accept' can" },
	{ HEAD "helo x -> reject 550 a b\n", "nothing may follow" },
	{ HEAD "repeat 0 helo x\n", "expected: repeat N" },
	{ HEAD "repeat 2 also score 1\n", "cannot be repeated" },
	{ HEAD "macro name x\n", "expected a macro's name" },
	{ HEAD "connect host\n", "t.test:4:9: error: expected an IP" },
	{ HEAD "connect 192.0.2.1 a b\n", "the client's name, port" },
	{ HEAD "rcpt a@b refused-by-mta 200 x\n", "refused-by-mta CODE" },
	{ HEAD "body repeat x \"y\"\n", "body repeat N" },
	{ HEAD "body repeat 2 \"x\n", "not closed on this line" },
	{ HEAD "header X \"\\q\"\n", "t.test:4:11: error: this escape" },
	{ HEAD "header X \"\\x4\"\n", "this escape is not known" },
	{ HEAD "header X \"a\"b\n", "a blank is missing" },
	{ HEAD "header X \"a\\", "not closed on this line" },
	{ HEAD "also scroe 1\n", "did you mean 'score'?" },
	{ HEAD "also score much\n", "expected: also score NUMBER" },
	{ HEAD "also counter a b used\n", "expected: also counter" },
	{ HEAD "also text holds x\n", "expected: also text" },
	{ HEAD "also counter a b never used 1\n", "also counter" },
	{ HEAD "also crossing far a b\n", "also crossing near|over" },
	{ HEAD "grant pace anna\n", "too few words behind 'grant'" },
	{ HEAD "grant pace anna 5x\n", "t.test:4:17: error: " },
	{ HEAD "grant pace anna x5 for ever\n",
	    "t.test:4:24: error: expected a duration behind 'for'" },
	{ HEAD "grant pace anna x5 4h\n",
	    "expected: grant LIMIT KEY x5|unlimited" },
	{ HEAD "table-add vip anna for soon\n",
	    "expected a duration behind 'for'" },
	{ HEAD "table-add vip anna a b\n", "expected: table-add" },
	{ HEAD "observe slow 1h\n", "expected: observe RULE [for" },
	{ HEAD "time-zone Europe/Berlin\n",
	    "expected once, before the first test: time-zone NAME" },
	{ "time-zone\n" HEAD, "before the first test: time-zone" },
	{ "time-zone UTC\ntime-zone UTC\n" HEAD, "t.test:2:1: error" },
	{ HEAD "needs libarchive\n", "directly below 'test'" },
	{ "test \"x\"\nneeds\n", "needs libarchive libmagic" },
	{ "test \"x\"\nneeds libfoo\n",
	    "t.test:2:7: error: expected libarchive or libmagic" },
};

static void
every_slip_of_the_pen_is_pointed_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++)
		assert_fails(slips[i].text, slips[i].wanted);
}

static void
what_is_no_text_is_no_test(void **state)
{
	(void)state;
	assert_fails("test \"\xff\"\n", "t.test: error: this is no text");
}

static void
a_story_says_which_rules_it_is_about(void **state)
{
	struct trace_options options = { .io = &io };
	struct trace_result result = { 0 };

	(void)state;
	assert_int_equal(
	    trace_run(&options, "t.test", STR("test \"x\"\n"), &result), -1);
	assert_report_has(&result, "begin the file with: rules");
	trace_result_done(&result);
}

static void
expected_answers_pass(void **state)
{
	(void)state;
	assert_all_pass(HEAD
	    "mail anna@example.org SIZE=1000\n"
	    "repeat 2 rcpt bob@example.net -> accept\n"
	    "rcpt bob@example.net -> tempfail 450 4.7.1 slow\n"
	    "  also text \"slow down\"\n"
	    "  also text contains \"down\"\n"
	    "  also counter pace anna used 2\n"
	    "  also counter pace anna 1m used 2 # with its window\n"
	    "wait 70s\n"
	    "rcpt odd@example.org -> accept\n"
	    "  also observed odd\n"
	    "  also not-observed slow\n"
	    "header Subject \"a \\\"b\\\" \\x41\"\n"
	    "body repeat 3 \"line\\r\\n\"\n"
	    "end -> accept\n"
	    "  also add-header X-Seen yes\n"
	    "  also add-header x-seen\n"
	    "test \"fresh\"\n"
	    "connect 192.0.2.7\n"
	    "mail <> \n"
	    "rcpt bob@example.net -> accept\n"
	    "abort\n"
	    "  also no-changes\n"
	    "mail bad@example.org -> reject 553 bad\n",
	    2);
}

static void
what_a_story_leaves_out_is_sent(void **state)
{
	(void)state;
	assert_all_pass(HEAD "mail a@example.org\n"
			     "rcpt b@example.org\n"
			     "header Subject won\n"
			     "end -> reject 550 won\n",
	    1);
	assert_all_pass(HEAD "mail a@example.org\n"
			     "rcpt b@example.org\n"
			     "data\n"
			     "header Subject won\n"
			     "headers -> reject won\n",
	    1);
}

static void
local_mail_is_refused_at_its_end_by_the_rule_that_wanted_to(void **state)
{
	(void)state;
	assert_all_pass("test \"one\"\n"
			"non-smtp\n"
			"mail bad@example.org -> accept\n"
			"rcpt b@example.org\n"
			"end -> reject 553 bad\n"
			"mail <>\n"
			"rcpt b@example.org\n"
			"end -> accept\n"
			"drop\n"
			"connect 192.0.2.7\n"
			"mail bad@example.org -> reject bad\n",
	    1);
}

static void
clocks_go_forward(void **state)
{
	(void)state;
	assert_all_pass(HEAD "at 09:30\nat 2026-01-01 09:30:01\nat 09:30\n"
			     "at 2026-01-02 09:30\n",
	    1);
	assert_fails(
	    HEAD "at 2026-01-02\nat 2026-01-01\n", "came one that has passed");
}

static void
what_came_instead_is_said(void **state)
{
	static const struct {
		const char *text;
		const char *wanted;
	} cases[] = {
		{ HEAD "  mail bad@example.org\n",
		    "t.test:4:3: failed: one\n"
		    "    4 | mail bad@example.org\n"
		    "      | expected accept; came reject 553 5.1.7 \"no" },
		{ HEAD "mail bad@example.org\n", ", rule bad\n" },
		{ HEAD "mail a@example.org -> reject 550 bad\n",
		    "expected reject 550, rule bad; came accept\n" },
		{ HEAD "mail bad@example.org -> reject 553 good\n",
		    "expected reject 553, rule good; came reject 553" },
		{ HEAD "mail a@example.org\nrepeat 3 rcpt b@example.org\n",
		    "(number 3 of 3)" },
		{ HEAD "mail a@example.org\nalso score 2\n", "came score 0\n" },
		{ HEAD "mail a@example.org\nalso tag x\n", "tag is not set" },
		{ HEAD "mail a@example.org\nalso counter pace anna used 1\n",
		    "nothing has been counted" },
		{ HEAD "mail a@example.org\nrcpt b@example.org\n"
		       "also counter pace anna used 0\n",
		    "came recipients used 1 in 1m\n" },
		{ HEAD "mail a@example.org\nend\nalso no-changes\n",
		    "came add-header \"X-Seen\" \"yes\"\n" },
		{ HEAD "repeat 2 drop\n",
		    "expected an open connection; came one" },
		{ HEAD "grant nope anna x5\n", "came no such limit" },
		{ HEAD "reset nope anna\n", "came no such limit" },
		{ HEAD "observe nope\n", "came no such rule" },
		{ HEAD "table-add nope anna\n", "came no such table" },
		{ HEAD "table-remove nope anna\n", "came no such table" },
		{ HEAD "mail a@example.org\nrcpt a@b.example\n"
		       "also crossing over pace anna\n",
		    "came no crossing\n" },
		{ HEAD "mail a@example.org\nrepeat 2 rcpt a@b.example\n"
		       "also no-crossing\n",
		    "came near pace anna\n" },
		{ HEAD "mail a@example.org\nalso locked pace anna\n",
		    "came it is not locked\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_fails(cases[i].text, cases[i].wanted);
}

/* Why was it over? The limit, its lock and its grant. */
static void
how_the_limit_stands_is_said(void **state)
{
	(void)state;
	assert_fails(HEAD "mail a@example.org\nrepeat 3 rcpt b@example.org\n",
	    "rule slow, limit pace of anna at 2 of 2 (number 3 of 3)\n");
	assert_fails(HEAD "grant pace anna x2 for 1h\n"
			  "mail a@example.org\nrepeat 5 rcpt b@example.org\n",
	    ", limit pace of anna at 4 of 4, granted x2 until 2026-01-01 "
	    "01:00:00 (number 5 of 5)\n");
}

static void
a_time_zone_needs_a_process_of_one_thread(void **state)
{
	static const char text[] =
	    "time-zone Asia/Tokyo\n" HEAD "at 00:00:01\nwait 1s\n"
	    "at 2026-01-01 00:00:02\n";
	struct trace_options options = { .io = &io };
	struct trace_result result = { 0 };

	(void)state;
	options.rules = load_rules();
	setenv("TZ", "UTC", 1);
	assert_int_equal(
	    trace_run(&options, "t.test", str_of(text), &result), 0);
	assert_int_equal(result.n_passed, 0);
	options.may_set_zone = true;
	assert_int_equal(
	    trace_run(&options, "t.test", str_of(text), &result), 0);
	assert_int_equal(result.n_passed, 1);
	assert_string_equal(getenv("TZ"), "UTC");
	assert_int_equal(trace_run(&options, "t.test",
			     STR("time-zone Mars/Base\n" HEAD), &result),
	    -1);
	assert_report_has(&result, "there is no time zone 'Mars/Base'");
	ruleset_put(options.rules);
	trace_result_done(&result);
}

static void
a_failed_test_goes_on_to_the_next(void **state)
{
	struct trace_result result;

	(void)state;
	run(HEAD "mail bad@example.org\nmail bad@example.org\n" HEAD "helo x\n",
	    false, &result);
	assert_int_equal(result.n_failed, 1);
	assert_int_equal(result.n_passed, 1);
	assert_report_has(&result, "t.test: 1 passed, 1 failed\n");
	trace_result_done(&result);
}

static void
tap_has_comments_and_no_control_bytes(void **state)
{
	struct trace_options options = { .as_tap = true };
	struct trace_result result;

	(void)state;
	run("test \"a # b \\x1b[2J\"\nconnect 192.0.2.7\n"
	    "mail bad@example.org\n",
	    true, &result);
	trace_report_end(&options, &result);
	assert_report_has(&result, "not ok 1 - a \\# b \\x1b[2J\n# t.test:3:1");
	assert_report_has(&result, "\n# t.test: 0 passed, 1 failed\n1..1\n");
	assert_null(strchr(result.report.p, 0x1b));
	trace_result_done(&result);
}

static void
a_store_that_is_away_is_the_storys_affair(void **state)
{
	(void)state;
	assert_all_pass(HEAD "store down\n"
			     "mail a@example.org\n"
			     "repeat 2 rcpt b@example.org -> accept\n"
			     "rcpt b@example.org -> tempfail slow\n"
			     "  also counter pace anna used 2\n"
			     "store up\n"
			     "rcpt b@example.org -> accept\n",
	    1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_slip_of_the_pen_is_pointed_at),
		cmocka_unit_test(what_is_no_text_is_no_test),
		cmocka_unit_test(a_story_says_which_rules_it_is_about),
		cmocka_unit_test(expected_answers_pass),
		cmocka_unit_test(what_a_story_leaves_out_is_sent),
		cmocka_unit_test(
		    local_mail_is_refused_at_its_end_by_the_rule_that_wanted_to),
		cmocka_unit_test(clocks_go_forward),
		cmocka_unit_test(what_came_instead_is_said),
		cmocka_unit_test(how_the_limit_stands_is_said),
		cmocka_unit_test(a_time_zone_needs_a_process_of_one_thread),
		cmocka_unit_test(a_failed_test_goes_on_to_the_next),
		cmocka_unit_test(tap_has_comments_and_no_control_bytes),
		cmocka_unit_test(a_store_that_is_away_is_the_storys_affair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
