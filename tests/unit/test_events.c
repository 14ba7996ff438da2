/* What becomes of refusals and crossings: the first is told at once, what
 * repeats is gathered, and memory is bounded however many come. */
#include "daemon/keeper/events.h"
#include "daemon/keeper/recent.h"

#include "base/log.h"
#include "mime/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WRITTEN_MAX 20000

/* What was written: "name=value|…|" for each event. */
static char *written[WRITTEN_MAX];
static size_t n_written;
static size_t n_hot;

static void
keep_event(void *context, const struct store_event *event)
{
	struct buf line = { 0 };

	(void)context;
	for (size_t i = 0; i < event->n_fields; i++)
		buf_printf(&line, "%.*s=%.*s|", STR_ARG(event->fields[i].name),
		    STR_ARG(event->fields[i].value));
	assert_true(n_written < WRITTEN_MAX);
	written[n_written++] = line.p;
}

static void
keep_hot(void *context, struct str limit, struct str identity)
{
	(void)context;
	assert_true(limit.len > 0 && identity.len > 0);
	n_hot++;
}

static void
forget_written(void)
{
	while (n_written > 0)
		free(written[--n_written]);
	n_hot = 0;
}

static struct events *
make_events(void)
{
	const struct events_sink sink = { .write = keep_event,
		.hot = keep_hot };

	forget_written();
	return events_new(&sink, STR("mx1"));
}

static struct verdict_report
refusal(const char *rule, const char *client, const char *ref)
{
	return (struct verdict_report){ .stage = STAGE_RCPT,
		.action = "reject",
		.rule = str_of(rule),
		.path = "a.rules",
		.line = 7,
		.code = 550,
		.text = STR("no"),
		.ref = str_of(ref),
		.client = str_of(client),
		.rcpt = STR("b@example.net") };
}

static void
assert_has(size_t i, const char *text)
{
	assert_true(i < n_written);
	if (strstr(written[i], text) == NULL)
		fail_msg("no '%s' in %s", text, written[i]);
}

static void
assert_lacks(size_t i, const char *text)
{
	assert_true(i < n_written);
	if (strstr(written[i], text) != NULL)
		fail_msg("'%s' in %s", text, written[i]);
}

static void
a_refusal_says_all_that_is_known_of_it(void **state)
{
	const struct verdict_limit limit = { .name = STR("pace"),
		.identity = STR("anna"),
		.used_before = 20,
		.used = 20,
		.max = 20,
		.rate = { .max = 20, .window_sec = 3600 },
		.retry_ms = 61001 };
	const struct verdict_fact facts[] = {
		{ STR("sasl.user"), STR("anna") },
		{ STR("rcpt.count"), STR("3") },
	};
	struct verdict_report report = refusal("slow", "192.0.2.7", "abc-1");
	struct events *events = make_events();

	(void)state;
	report.is_observed = true;
	report.limit = &limit;
	report.facts = facts;
	report.n_facts = 2;
	report.queue = STR("4X");
	report.user = STR("anna");
	report.from = STR("anna@example.org");
	events_verdict(events, &report, 0);
	assert_int_equal(n_written, 1);
	assert_string_equal(written[0],
	    "event=verdict|host=mx1|ref=abc-1|queue=4X|stage=rcpt|"
	    "action=reject|observed=yes|code=550|rule=slow|at=a.rules:7|"
	    "text=no|client=192.0.2.7|user=anna|from=anna@example.org|"
	    "rcpt=b@example.net|limit=pace|key=anna|used=20|max=20|window=1h|"
	    "before=20|retry=62|fact.sasl.user=anna|fact.rcpt.count=3|");
	events_free(events);
}

static void
it_says_what_a_pattern_found_and_where(void **state)
{
	static char word[300];
	const struct mime_part part = { .number = 3 };
	struct verdict_match match = {
		.fact = STR("body"), .text = STR("you have won"), .part = &part
	};
	struct verdict_report report = refusal("won", "192.0.2.7", "abc-1");
	struct events *events = make_events();

	(void)state;
	report.match = &match;
	events_verdict(events, &report, 0);
	assert_int_equal(n_written, 1);
	assert_has(0, "|found=you have won|in=body|part=3|");
	match.part = NULL;
	match.text = (struct str){ memset(word, 'x', sizeof(word)), 300 };
	report.rule = STR("long");
	events_verdict(events, &report, 0);
	assert_int_equal(n_written, 2);
	assert_lacks(1, "part=");
	assert_non_null(strstr(written[1], "xx|in=body|"));
	assert_int_equal(strspn(strstr(written[1], "xx"), "x"), 200);
	events_free(events);
}

static void
what_is_accepted_or_only_changed_is_no_event(void **state)
{
	static const char *const actions[] = { "accept", "score", "tag",
		"add-header", "log" };
	struct events *events = make_events();

	(void)state;
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		struct verdict_report report = refusal("r", "c", "x");

		report.action = actions[i];
		events_verdict(events, &report, 0);
	}
	events_flush(events);
	assert_int_equal(n_written, 0);
	events_free(events);
}

static void
refuse_again(struct events *events, const char *ref, int64_t now_ms)
{
	struct verdict_report report = refusal("slow", "192.0.2.7", ref);

	events_verdict(events, &report, now_ms);
}

static void
repeats_are_gathered(void **state)
{
	struct events *events = make_events();

	(void)state;
	for (int i = 0; i < 4; i++) {
		char ref[16];

		snprintf(ref, sizeof(ref), "r%d", i);
		refuse_again(events, ref, 1000 + i);
	}
	events_tick(events, 1999);
	assert_int_equal(n_written, 1);
	assert_has(0, "|ref=r0|");
	assert_lacks(0, "repeats");
	events_tick(events, 2000);
	assert_int_equal(n_written, 2);
	assert_has(1, "|ref=r1|");
	assert_has(1, "|repeats=3|refs=r1 r2 r3|");

	/* It goes on, so it is gathered for longer. */
	refuse_again(events, "r4", 2001);
	events_tick(events, 3999);
	assert_int_equal(n_written, 2);
	events_tick(events, 4000);
	assert_int_equal(n_written, 3);
	assert_has(2, "|ref=r4|");
	assert_lacks(2, "repeats");

	/* It has paused, so the next is told at once. */
	events_tick(events, 4000 + EVENTS_GATHER_MS);
	assert_int_equal(n_written, 3);
	refuse_again(events, "r5", 40000);
	assert_int_equal(n_written, 4);
	events_free(events);
}

/* An hour of refusals each second: some 360 events, not 3600. */
static void
what_never_ends_is_told_every_ten_seconds(void **state)
{
	struct events *events = make_events();

	(void)state;
	for (int second = 0; second < 3600; second++) {
		refuse_again(events, "x", second * 1000);
		events_tick(events, second * 1000 + 500);
	}
	assert_in_range(n_written, 355, 370);
	events_free(events);
}

static void
other_rules_clients_and_actions_are_no_repeats(void **state)
{
	struct events *events = make_events();
	struct verdict_report reports[5];
	const struct verdict_limit anna = { .name = STR("pace"),
		.identity = STR("anna") };
	const struct verdict_limit bob = { .name = STR("pace"),
		.identity = STR("bob") };

	(void)state;
	reports[0] = refusal("slow", "192.0.2.7", "a");
	reports[1] = refusal("fast", "192.0.2.7", "b");
	reports[2] = refusal("slow", "192.0.2.8", "c");
	reports[3] = refusal("slow", "192.0.2.7", "d");
	reports[3].action = "tempfail";
	reports[4] = refusal("slow", "192.0.2.7", "e");
	reports[4].is_observed = true;
	for (size_t i = 0; i < 5; i++)
		events_verdict(events, &reports[i], 0);
	assert_int_equal(n_written, 5);

	/* By a limit it is the limit's key that counts, not the client. */
	reports[0].limit = &anna;
	events_verdict(events, &reports[0], 0);
	reports[2].limit = &anna;
	events_verdict(events, &reports[2], 0);
	assert_int_equal(n_written, 6);
	reports[0].limit = &bob;
	events_verdict(events, &reports[0], 0);
	assert_int_equal(n_written, 7);
	events_free(events);
}

static void
a_gather_names_a_hundred_references_and_counts_all(void **state)
{
	struct events *events = make_events();
	const char *refs;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 1001; i++) {
		char ref[16];
		struct verdict_report report;

		snprintf(ref, sizeof(ref), "abc-123%d", i % 2);
		report = refusal("slow", "c", ref);
		events_verdict(events, &report, 0);
	}
	events_flush(events);
	assert_int_equal(n_written, 2);
	assert_has(1, "|repeats=1000|");
	refs = strstr(written[1], "refs=");
	for (const char *p = refs; (p = strstr(p, "abc-123")) != NULL; p++)
		n++;
	assert_int_equal(n, EVENTS_REFS_MAX);
	events_free(events);
}

/* A flood from everywhere: each may have a place of its own only for a while.
 * Nothing is counted twice or lost, and the number of events is bounded. */
static void
a_flood_is_told_by_rule_alone(void **state)
{
	struct events *events = make_events();
	unsigned long n_told = 0;
	size_t n_at_once;
	char client[32];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct verdict_report report;

		snprintf(client, sizeof(client), "10.%d.%d.%d", i >> 16,
		    i >> 8 & 255, i & 255);
		report = refusal("flood", client, "x");
		events_verdict(events, &report, 0);
	}
	n_at_once = n_written;
	assert_true(n_at_once > 1000 && n_at_once < 5000);
	events_flush(events);
	assert_int_equal(n_written, n_at_once + 1);
	assert_lacks(n_at_once, "client=");
	assert_has(n_at_once, "rule=flood|");
	for (size_t i = 0; i < n_written; i++) {
		const char *repeats = strstr(written[i], "repeats=");

		n_told += repeats == NULL ? 1 : strtoul(repeats + 8, NULL, 10);
	}
	assert_int_equal(n_told, 100000);
	events_free(events);
}

static void
long_values_are_cut(void **state)
{
	static char text[100000];
	struct events *events = make_events();
	struct verdict_report report = refusal("r", "c", "x");
	struct verdict_fact facts[100];

	(void)state;
	memset(text, 'a', sizeof(text));
	report.from = (struct str){ text, sizeof(text) };
	for (size_t i = 0; i < 100; i++)
		facts[i] = (struct verdict_fact){ STR("subject"),
			(struct str){ text, 600 } };
	report.facts = facts;
	report.n_facts = 100;
	events_verdict(events, &report, 0);
	events_verdict(events, &report, 0);
	events_verdict(events, &report, 0);
	events_flush(events);
	assert_int_equal(n_written, 2);
	assert_true(strlen(written[0]) < 8000);
	assert_has(1, "repeats=2|");
	events_free(events);
}

static void
a_crossing_is_told_once_in_a_while(void **state)
{
	struct crossing_report report = { .kind = CROSSING_NEAR,
		.limit = { .name = STR("pace"),
		    .identity = STR("anna"),
		    .used = 16,
		    .max = 20,
		    .rate = { .max = 20, .period = STORE_DAILY } },
		.ref = STR("abc-1") };
	struct events *events = make_events();

	(void)state;
	events_crossing(events, &report, 0);
	events_crossing(events, &report, EVENTS_AGAIN_MS - 1);
	assert_int_equal(n_written, 1);
	assert_int_equal(n_hot, 1);
	assert_string_equal(written[0],
	    "event=crossing|host=mx1|crossing=near|limit=pace|key=anna|"
	    "used=16|max=20|window=daily|ref=abc-1|");
	report.kind = CROSSING_LOCKED;
	report.locked_ms = 3600000;
	events_crossing(events, &report, 1000);
	assert_int_equal(n_written, 2);
	assert_int_equal(n_hot, 1);
	assert_has(1, "|crossing=locked|");
	assert_has(1, "|locked=3600|");
	events_crossing(events, &report, 1000 + EVENTS_AGAIN_MS);
	assert_int_equal(n_written, 3);
	assert_int_equal(n_hot, 2);
	events_free(events);
}

static void
recent_forgets_the_older_of_two(void **state)
{
	static struct recent recent;

	(void)state;
	recent_init(&recent, 100);
	assert_true(recent_may_say(&recent, 5, 0));
	assert_false(recent_may_say(&recent, 5, 99));
	assert_true(recent_may_say(&recent, 6, 99));
	assert_true(recent_may_say(&recent, 5, 100));
	assert_true(recent_may_say(&recent, 5 + RECENT_PLACES, 101));
	assert_true(recent_may_say(&recent, 5, 102));
	recent_done(&recent);
}

static void
recipients_of_one_message_have_one_reference_and_the_wait_goes_on(void **state)
{
	const struct verdict_limit limit = { .name = STR("pace"),
		.identity = STR("anna"),
		.max = 20,
		.rate = { .max = 20, .window_sec = 3600 },
		.retry_ms = 60000 };
	struct verdict_report report = refusal("slow", "192.0.2.7", "abc-1");
	struct events *events = make_events();

	(void)state;
	report.limit = &limit;
	for (int i = 0; i < 4; i++)
		events_verdict(events, &report, 1000);
	report.ref = STR("abc-2");
	events_verdict(events, &report, 2000);
	events_tick(events, 12000);
	assert_int_equal(n_written, 2);
	assert_has(0, "|retry=60|");
	assert_has(1, "|retry=49|");
	assert_has(1, "|repeats=4|refs=abc-1 abc-2|");
	events_free(events);
	forget_written();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_says_all_that_is_known_of_it),
		cmocka_unit_test(it_says_what_a_pattern_found_and_where),
		cmocka_unit_test(what_is_accepted_or_only_changed_is_no_event),
		cmocka_unit_test(repeats_are_gathered),
		cmocka_unit_test(what_never_ends_is_told_every_ten_seconds),
		cmocka_unit_test(
		    other_rules_clients_and_actions_are_no_repeats),
		cmocka_unit_test(
		    a_gather_names_a_hundred_references_and_counts_all),
		cmocka_unit_test(a_flood_is_told_by_rule_alone),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(a_crossing_is_told_once_in_a_while),
		cmocka_unit_test(recent_forgets_the_older_of_two),
		cmocka_unit_test(
		    recipients_of_one_message_have_one_reference_and_the_wait_goes_on),
	};
	int rc;

	log_setup("test", LOG_SINK_NONE, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	forget_written();
	return rc;
}
