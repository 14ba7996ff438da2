/* What Prometheus is told: counters that lose nothing however many threads
 * count, text that it can read whatever stands in it, and short answers to
 * whoever asks in a wrong way. */
#include "daemon/metrics/metrics.h"

#include "session_kit.h"

#include "base/xalloc.h"
#include "daemon/metrics/counts.h"
#include "daemon/metrics/exposition.h"
#include "daemon/keeper/keeper.h"
#include "mime/damage.h"
#include "store/latency.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define ROUNDS  20000
#define NAMES   50

static struct buf text;

static int
empty_text(void **state)
{
	(void)state;
	buf_init(&text);
	return 0;
}

static int
free_text(void **state)
{
	(void)state;
	buf_done(&text);
	return 0;
}

/* --- counters by name ----------------------------------------------------- */

/* "name word n;" of each. */
static void
note_count(void *context, struct count_of of, uint64_t n)
{
	(void)context;
	buf_printf(&text, "%.*s %s%s %llu;", STR_ARG(of.name), of.word,
	    of.is_observed ? " observed" : "", (unsigned long long)n);
}

static struct count_of
named(const char *name, const char *word)
{
	return (struct count_of){ str_of(name), word, false };
}

static bool
has_text(const char *part)
{
	return strstr(text.p, part) != NULL;
}

static void
test_each_name_and_word_is_counted_apart(void **state)
{
	struct counts *counts = counts_new(10);
	struct count_of observed = named("a", "reject");
	char gone[] = "a";

	(void)state;
	observed.is_observed = true;
	counts_add(counts, named(gone, "reject"), 1);
	gone[0] = 'z'; /* the name was copied */
	counts_add(counts, named("a", "reject"), 2);
	counts_add(counts, named("a", "tempfail"), 5);
	counts_add(counts, named("b", "reject"), 7);
	counts_add(counts, observed, 9);
	counts_each(counts, note_count, NULL);
	assert_true(has_text("a reject 3;"));
	assert_true(has_text("a tempfail 5;"));
	assert_true(has_text("b reject 7;"));
	assert_true(has_text("a reject observed 9;"));
	assert_false(has_text(COUNTS_OTHER));
	counts_free(counts);
}

static void
test_what_finds_no_place_is_counted_without_its_name(void **state)
{
	struct counts *counts = counts_new(2);

	(void)state;
	counts_add(counts, named("a", ""), 1);
	counts_add(counts, named("b", ""), 1);
	counts_add(counts, named("c", ""), 10);
	counts_add(counts, named("d", ""), 10);
	counts_add(counts, named("b", ""), 1);
	counts_each(counts, note_count, NULL);
	assert_true(has_text("a  1;"));
	assert_true(has_text("b  2;"));
	assert_true(has_text(COUNTS_OTHER "  20;"));
	assert_false(has_text("c "));
	counts_free(counts);
}

static void *
count_all_names(void *shared)
{
	char name[16];

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "rule-%d", i % NAMES);
		counts_add(shared, named(name, "reject"), 1);
	}
	return NULL;
}

static void
test_threads_lose_no_count(void **state)
{
	struct counts *counts = counts_new(NAMES);
	pthread_t threads[THREADS];
	char want[48];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, count_all_names, counts),
		    0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	counts_each(counts, note_count, NULL);
	for (int i = 0; i < NAMES; i++) {
		snprintf(want, sizeof(want), "rule-%d reject %d;", i,
		    THREADS * ROUNDS / NAMES);
		assert_true(has_text(want));
	}
	assert_false(has_text(COUNTS_OTHER));
	counts_free(counts);
}

static void
test_a_latency_stands_in_one_bucket(void **state)
{
	struct latency latency = { 0 };
	struct latency_counts counts;

	(void)state;
	latency_note(&latency, -5); /* a clock that made no sense */
	latency_note(&latency, latency_bounds_us[0]);
	latency_note(&latency, latency_bounds_us[0] + 1);
	latency_note(&latency, 3600000000);
	latency_get(&latency, &counts);
	assert_int_equal(counts.n[0], 2);
	assert_int_equal(counts.n[1], 1);
	assert_int_equal(counts.n[LATENCY_BOUNDS], 1);
	assert_int_equal(
	    counts.sum_us, 2 * latency_bounds_us[0] + 1 + 3600000000);
}

/* --- text ----------------------------------------------------------------- */

static void
test_labels_are_escaped(void **state)
{
	struct sample sample = sample_begin(&text, "x_total");

	(void)state;
	sample_label(&sample, "a", STR("\"q\" b\\c\nd"));
	sample_label(&sample, "b", STR("\xc3\xa4 \xff\xc3"));
	sample_end(&sample, UINT64_MAX);
	assert_string_equal(text.p,
	    "x_total{a=\"\\\"q\\\" b\\\\c\\nd\",b=\"\xc3\xa4 ??\"} "
	    "18446744073709551615\n");
}

/* --- HTTP ----------------------------------------------------------------- */

#define HOST "Host: localhost\r\n"

static const struct asked {
	const char *request;
	const char *status;
} askeds[] = {
	{ "GET /metrics HTTP/1.1\r\n" HOST "\r\n", "200 OK" },
	{ "GET /metrics HTTP/1.0\r\n\r\n", "200 OK" },
	{ "GET /metrics HTTP/1.0\n\n", "200 OK" },
	{ "\r\nGET /metrics HTTP/1.0\r\n\r\n", "200 OK" },
	{ "HEAD /metrics HTTP/1.1\r\nhOST:\r\n\r\n", "200 OK" },
	{ "GET /metrics?name[]=x HTTP/1.0\r\n\r\n", "200 OK" },
	{ "GET http://localhost:1/metrics HTTP/1.1\r\n" HOST "\r\n", "200 OK" },
	{ "GET /metrics/ HTTP/1.0\r\n\r\n", "404 Not Found" },
	{ "GET / HTTP/1.0\r\n\r\n", "404 Not Found" },
	{ "HEAD /x HTTP/1.0\r\n\r\n", "404 Not Found" },
	{ "GET http://localhost HTTP/1.0\r\n\r\n", "404 Not Found" },
	{ "GET /../metrics HTTP/1.0\r\n\r\n", "404 Not Found" },
	{ "POST /metrics HTTP/1.0\r\nContent-Length: 1\r\n\r\nx",
	    "405 Method Not Allowed" },
	{ "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "405 Method Not Allowed" },
	{ "GET /metrics HTTP/1.1\r\n\r\n", "400 Bad Request" },
	{ "GET /metrics HTTP/1.1\r\n" HOST "no field\r\n\r\n",
	    "400 Bad Request" },
	{ "GET /metrics HTTP/2.0\r\n\r\n", "400 Bad Request" },
	{ "GET /metrics HTTP/1.x\r\n\r\n", "400 Bad Request" },
	{ "GET /metrics\r\n\r\n", "400 Bad Request" },
	{ "GET metrics HTTP/1.0\r\n\r\n", "400 Bad Request" },
	{ "GET  /metrics HTTP/1.0\r\n\r\n", "400 Bad Request" },
	{ "get /metrics HTTP/1.0\r\n\r\n", "400 Bad Request" },
	{ "GET\r\n\r\n", "400 Bad Request" },
	{ "\x16\x03\x01\r\n\r\n", "400 Bad Request" }, /* TLS */
};

enum { N_ASKEDS = sizeof(askeds) / sizeof(*askeds) };

static void
test_each_request_has_its_answer(void **state)
{
	char status[64];

	(void)state;
	for (size_t i = 0; i < N_ASKEDS; i++) {
		struct str request = str_of(askeds[i].request);

		buf_clear(&text);
		metrics_kind.answer(request, false, &text);
		snprintf(status, sizeof(status), "HTTP/1.1 %s\r\n",
		    askeds[i].status);
		if (!str_starts(buf_str(&text), str_of(status)))
			fail_msg("%s\n got %s", askeds[i].request, text.p);
	}
}

/* The end is where it is, however the bytes come. */
static void
test_a_request_is_whole_at_its_end_only(void **state)
{
	struct str request = str_of(askeds[0].request);

	(void)state;
	for (size_t i = 0; i < request.len; i++)
		assert_false(metrics_kind.is_whole(str_sub(request, 0, i)));
	assert_true(metrics_kind.is_whole(request));
	assert_false(metrics_kind.is_whole(STR("\r\n\r\n\r\n")));
}

static void
test_what_is_cut_is_no_request(void **state)
{
	(void)state;
	metrics_kind.answer(str_of(askeds[0].request), true, &text);
	assert_true(str_starts(buf_str(&text), STR("HTTP/1.1 400 ")));
}

/* Whatever one byte becomes: there is one answer, and nothing of the request
 * is in it. */
static void
test_a_damaged_request_is_answered(void **state)
{
	static const char bytes[] = " \n\r:/?\t\xff";
	const char *request = "GET /metrics HTTP/1.1\r\nHost: me\r\n\r\n";
	char *copy;

	(void)state;
	for (size_t i = 0; i < strlen(request); i++)
		for (size_t k = 0; k < sizeof(bytes); k++) {
			copy = xstrdup(request);
			copy[i] = bytes[k];
			buf_clear(&text);
			metrics_kind.answer(
			    (struct str){ copy, strlen(request) }, false,
			    &text);
			assert_true(
			    str_starts(buf_str(&text), STR("HTTP/1.1 ")));
			assert_false(has_text("Host"));
			free(copy);
		}
}

static size_t
length_of_body(void)
{
	return strlen(strstr(text.p, "\r\n\r\n") + 4);
}

static void
test_a_head_has_the_length_and_no_body(void **state)
{
	const char *length;

	(void)state;
	metrics_kind.answer(str_of(askeds[0].request), false, &text);
	length = strstr(text.p, "Content-Length: ");
	assert_int_equal(atoi(length + 16), length_of_body());
	assert_true(has_text("text/plain; version=0.0.4"));
	buf_clear(&text);
	metrics_kind.answer(
	    STR("HEAD /metrics HTTP/1.0\r\n\r\n"), false, &text);
	assert_true(atoi(strstr(text.p, "Content-Length: ") + 16) > 1000);
	assert_int_equal(length_of_body(), 0);
}

/* --- what is told --------------------------------------------------------- */

static void
expect_line(const char *line)
{
	struct buf whole = { 0 };

	buf_printf(&whole, "\n%s\n", line);
	if (strstr(text.p, whole.p) == NULL)
		fail_msg("no line %s in %s", line, text.p);
	buf_done(&whole);
}

static void
test_a_message_is_counted_at_each_step(void **state)
{
	struct session *session = kit_connect(
	    "limit pace 1/1h recipients by mail.from\n"
	    "on mail { mark: tag \"x\" }\n"
	    "on rcpt {\n"
	    "  watch: observe reject \"x\" if rcpt.to == \"bob@example.net\"\n"
	    "  pace:  tempfail \"x\" if over pace\n"
	    "}",
	    true);

	(void)state;
	kit_mail(session, "<anna@example.org>", NULL);
	kit_rcpt(session, "<bob@example.net>");
	kit_rcpt(session, "<carol@example.net>");
	session_data(session);
	session_end_of_headers(session);
	session_end(session);
	metrics_damage(DAMAGE_BIT(DAMAGE_CHARSET) | DAMAGE_BIT(DAMAGE_N - 1));
	session_free(session);
	metrics_print(&text);
	expect_line("sluice_stages_total{stage=\"connect\","
		    "reply=\"continue\"} 1");
	expect_line("sluice_stages_total{stage=\"rcpt\",reply=\"continue\"} 1");
	expect_line("sluice_stages_total{stage=\"rcpt\",reply=\"tempfail\"} 1");
	expect_line("sluice_verdicts_total{rule=\"watch\",action=\"reject\","
		    "observed=\"yes\"} 1");
	expect_line("sluice_verdicts_total{rule=\"pace\",action=\"tempfail\","
		    "observed=\"no\"} 1");
	expect_line("sluice_verdicts_total{rule=\"(none)\",action=\"accept\","
		    "observed=\"no\"} 1");
	expect_line("sluice_rule_hits_total{rule=\"mark\",action=\"tag\"} 1");
	expect_line("sluice_limit_crossings_total{limit=\"pace\","
		    "crossing=\"near\"} 1");
	expect_line("sluice_limit_crossings_total{limit=\"pace\","
		    "crossing=\"over\"} 1");
	expect_line("sluice_mime_damage_total{word=\"charset\"} 1");
	expect_line("sluice_mime_damage_total{word=\"scan-budget\"} 1");
	expect_line("sluice_mime_damage_total{word=\"base64\"} 0");
	expect_line("sluice_store_up 1");
	expect_line("sluice_store_call_seconds_count{result=\"answered\"} 2");
}

static void
test_a_failed_load_leaves_what_was_told_of_the_good_one(void **state)
{
	(void)state;
	metrics_reload(true, "0123456789ab", 1500);
	metrics_reload(false, NULL, 2500);
	metrics_print(&text);
	expect_line("sluice_rules_info{hash=\"0123456789ab\"} 1");
	expect_line("sluice_loads_total{result=\"good\"} 1");
	expect_line("sluice_loads_total{result=\"failed\"} 1");
	expect_line("sluice_load_last_good 0");
	expect_line("sluice_load_last_good_timestamp_seconds 1.5");
}

static void
test_the_process_says_what_it_takes(void **state)
{
	const char *line;

	(void)state;
	metrics_print(&text);
	line = strstr(text.p, "\nprocess_resident_memory_bytes ");
	assert_true(atof(strchr(line + 1, ' ')) > 100000);
	line = strstr(text.p, "\nprocess_open_fds ");
	assert_in_range(atoi(strchr(line + 1, ' ')), 3, 1000);
	line = strstr(text.p, "\nprocess_threads ");
	assert_in_range(atoi(strchr(line + 1, ' ')), 1, 100);
}

/* --- CPU time ------------------------------------------------------------- */

#define LONG_BODY 3000 /* so long that each match is timed */

static void
send_long(struct session *session, const char *subject)
{
	char body[LONG_BODY];

	memset(body, 'a', sizeof(body));
	kit_mail(session, "<anna@example.org>", NULL);
	kit_rcpt(session, "<bob@example.net>");
	session_data(session);
	session_header(session, STR("Subject"), str_of(subject));
	session_end_of_headers(session);
	session_body(session, (struct str){ body, sizeof(body) });
	session_end(session);
}

static const char costly_rules[] =
    "on message {\n"
    "  before: tag \"1\" if body.raw =~ /xyzzy/\n"
    "  slow:   tag \"2\" if body.raw =~ /(?:a|b)*[cd]/\n"
    "  behind: tag \"3\" if body.raw =~ /plugh/\n"
    "  never:  tag \"4\" if subject =~ /^(a+a+)+[yz]$/\n"
    "}\n";

static void
test_what_rules_cost_is_told(void **state)
{
	struct session *session = kit_connect(costly_rules, true);
	const char *line;

	(void)state;
	send_long(session, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	session_free(session);
	metrics_print(&text);
	line = strstr(text.p, "\nsluice_rule_cpu_seconds_total{rule=\"slow\"}");
	assert_non_null(line);
	assert_true(atof(strchr(line + 1, ' ')) > 0);
	expect_line("sluice_rule_unanswered_total{rule=\"never\","
		    "reason=\"regex-limit\"} 1");
}

static uint64_t slow_us, other_us;

static void
note_cpu(void *context, struct str rule, uint64_t us)
{
	(void)context;
	*(str_is(rule, "slow") ? &slow_us : &other_us) += us;
}

/* Three are timed, but what takes the time is one of them. */
static void
test_the_rule_that_takes_the_time_is_named(void **state)
{
	struct session *session = kit_connect(costly_rules, true);

	(void)state;
	kit_engine.on_cpu = note_cpu;
	for (int i = 0; i < 5; i++)
		send_long(session, "short");
	assert_true(slow_us > 2 * other_us);
	session_free(session);
}

/* Metrics are of the process: they count on from test to test. */
static int
set_up(void **state)
{
	static const struct keeper_options options = { .engine = &kit_engine,
		.host = { "mx", 2 },
		.timezone = { "UTC", 3 } };

	kit_engine_begin(state);
	keeper_init(&options);
	return 0;
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, empty_text, free_text)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_name_and_word_is_counted_apart),
		TEST(test_what_finds_no_place_is_counted_without_its_name),
		TEST(test_threads_lose_no_count),
		TEST(test_a_latency_stands_in_one_bucket),
		TEST(test_labels_are_escaped),
		TEST(test_each_request_has_its_answer),
		TEST(test_a_request_is_whole_at_its_end_only),
		TEST(test_what_is_cut_is_no_request),
		TEST(test_a_damaged_request_is_answered),
		TEST(test_a_head_has_the_length_and_no_body),
		TEST(test_a_message_is_counted_at_each_step),
		TEST(test_a_failed_load_leaves_what_was_told_of_the_good_one),
		TEST(test_the_process_says_what_it_takes),
		TEST(test_what_rules_cost_is_told),
		TEST(test_the_rule_that_takes_the_time_is_named),
	};

	return cmocka_run_group_tests(tests, set_up, kit_engine_end);
}
