/*
 * Loading: bytes that no rule file may have, files and includes, dates, what
 * is printed, the hash, and large files.
 */
#include "rules/program.h"
#include "rules_kit.h"

#include "base/clock.h"

#define N_RULES     1000
/* Of the processor's time; most of it is libhs's, where that is there. */
#define LOAD_MAX_US (1000000 * TIMES_SLOWER)

static void
check_said(struct str text, const char *want)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct buf said = { 0 };
	struct ruleset *rules = kit_load(&io, text, &said);

	if (!str_is(buf_str(&said), want))
		fail_msg("\"%.*s\" says:\n%s\nand not:\n%s", STR_ARG(text),
		    said.len > 0 ? said.p : "", want);
	assert_int_equal(rules == NULL, strstr(want, "error") != NULL);
	ruleset_put(rules);
	buf_done(&said);
}

static void
test_files_are_text_in_utf8(void **state)
{
	(void)state;
	check_said(STR("# x\n# a\0b\n"),
	    "a.rules:2:4: error: a NUL byte: this is no text file\n"
	    "    2 | # a?b\n"
	    "      |    ^\n"
	    "1 error\n");
	check_said(STR("# gr\xfc\xdf"
		       "e\n"),
	    "a.rules:1:5: error: the byte 0xfc is not UTF-8\n"
	    "    1 | # gr??e\n"
	    "      |     ^\n"
	    "1 error\n");
	check_said(STR("\xff\xfeo\0n\0"),
	    "a.rules:1:1: error: the byte 0xff is not UTF-8\n"
	    "    1 | ??o?n?\n"
	    "      | ^\n"
	    "1 error\n");
	check_said(STR("# \xed\xa0\x80\n"),
	    "a.rules:1:3: error: the byte 0xed is not UTF-8\n"
	    "    1 | # ???\n"
	    "      |   ^\n"
	    "1 error\n");
	check_said(STR("\xef\xbb\xbf# fine\n"), "");
	check_said(STR(""), "");
}

static void
test_rules_expire_with_the_end_of_their_day(void **state)
{
	static const struct {
		const char *date, *want;
	} cases[] = {
		{ "2025-12-31", "has expired: it does nothing any more" },
		{ "2020-02-29", "has expired: it does nothing any more" },
		{ "2026-01-01", "expires within 14 days" },
		{ "2026-01-14", "expires within 14 days" },
		{ "2026-01-15", NULL },
		{ "2099-12-31", NULL },
		{ "2027-02-29", "there is no such day" },
		{ "2027-13-01", "there is no such day" },
		{ "2027-00-10", "there is no such day" },
		{ "2027-01-00", "there is no such day" },
		{ "2027-06-31", "there is no such day" },
		{ "2100-02-29", "there is no such day" },
		{ "2027.03.01", "there is no such day" },
		{ "2027-3-001", "there is no such day" },
		{ "2027-03-1x", "there is no such day" },
		{ "2027-03-01x", "expected a date" },
		{ "27-03-01", "expected a date" },
	};

	(void)state;
	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct kit_files files = { 0 };
		struct rules_io io = kit_io(&files);
		struct buf text = { 0 }, said = { 0 };

		buf_printf(&text,
		    "on mail { a: reject \"x\" if bounce expires %s }",
		    cases[i].date);
		ruleset_put(kit_load(&io, buf_str(&text), &said));
		if (cases[i].want == NULL ? said.len > 0
					  : strstr(said.len > 0 ? said.p : "",
						cases[i].want) == NULL)
			fail_msg("%s: %s", cases[i].date,
			    said.len > 0 ? said.p : "nothing");
		buf_done(&text);
		buf_done(&said);
	}
}

static void
test_a_soon_expiring_rule_is_pointed_at(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	check_said(
	    STR("on mail { a: reject \"x\" if bounce expires 2026-01-02 }\n"),
	    "a.rules:1:43: warning: rule 'a' expires within 14 days\n"
	    "    1 | on mail { a: reject \"x\" if bounce expires 2026-01-02 "
	    "}\n"
	    "      |                                           ^~~~~~~~~~\n"
	    "1 warning\n");
}

/* Loads what matches pattern; what is said goes to said. */
static struct ruleset *
load_files(struct kit_files *files, const char *pattern, struct buf *said)
{
	static struct rules_io io;
	struct rules_options options;
	struct diags *diags = diags_new();
	struct ruleset *rules;

	io = kit_io(files);
	kit_options(&options);
	rules = ruleset_load(&io, &pattern, 1, &options, diags);
	diags_render(diags, said);
	diags_free(diags);
	return rules;
}

static void
test_all_matching_files_are_one_ruleset(void **state)
{
	struct kit_files files = { 0 };
	struct buf said = { 0 }, printed = { 0 };
	struct ruleset *rules;

	(void)state;
	kit_write(&files, "b.rules", STR("table t string { \"x\" }"));
	kit_write(&files, "c.rules",
	    STR("on mail { c: reject \"x\" if mail.from in t }"));
	rules = load_files(&files, "*", &said);
	assert_non_null(rules);
	assert_int_equal(said.len, 0);
	assert_int_equal(ruleset_n_rules(rules), 1);
	assert_int_equal(ruleset_n_tables(rules), 1);
	assert_int_equal(ruleset_n_limits(rules), 0);
	ruleset_print(rules, &printed);
	assert_string_equal(printed.p,
	    "table t string { \"x\" }\n\non mail {\n    c: reject 550 5.7.1 "
	    "\"x\"\n        if mail.from in t\n}\n");
	ruleset_put(rules);
	buf_done(&said);
	buf_done(&printed);
}

static void
test_an_include_stands_where_it_is_written(void **state)
{
	struct kit_files files = { 0 };
	struct buf said = { 0 }, printed = { 0 };
	struct ruleset *rules;

	(void)state;
	kit_write(&files, "main",
	    STR("on mail { a: tag \"a\" }\ninclude \"part\"\n"
		"on mail { c: tag \"c\" }"));
	kit_write(&files, "part", STR("on mail { b: tag \"b\" }"));
	rules = load_files(&files, "main", &said);
	assert_non_null(rules);
	ruleset_print(rules, &printed);
	assert_string_equal(printed.p,
	    "on mail {\n    a: tag \"a\"\n}\n\non mail {\n    b: tag "
	    "\"b\"\n}\n\non mail {\n    c: tag \"c\"\n}\n");
	ruleset_put(rules);
	buf_done(&said);
	buf_done(&printed);
}

static void
test_includes_are_joined_to_the_folder_of_their_file(void **state)
{
	struct kit_files files = { 0 };
	struct buf said = { 0 };
	struct ruleset *rules;

	(void)state;
	kit_write(&files, "/etc/main", STR("include \"sub/a\""));
	kit_write(&files, "/etc/sub/a", STR("include \"b\" include \"/abs\""));
	kit_write(&files, "/etc/sub/b",
	    STR("table t string file \"words\"\n"
		"on mail { r: reject \"x\" if mail.from in t }"));
	kit_write(&files, "/etc/sub/words", STR("x\n"));
	kit_write(&files, "/abs", STR("on mail { s: tag \"x\" }"));
	rules = load_files(&files, "/etc/main", &said);
	if (rules == NULL)
		fail_msg("%s", said.p);
	assert_int_equal(ruleset_n_rules(rules), 2);
	ruleset_put(rules);
	buf_done(&said);
}

static void
test_what_cannot_be_read_is_an_error(void **state)
{
	struct kit_files files = { 0 };
	struct buf said = { 0 };
	char *large = xcalloc(1, RULES_FILE_MAX_BYTES + 1);

	(void)state;
	memset(large, '\n', RULES_FILE_MAX_BYTES + 1);
	assert_null(load_files(&files, "none", &said));
	assert_string_equal(said.p, "error: no file matches none\n1 error\n");
	buf_clear(&said);
	kit_write(
	    &files, "large", (struct str){ large, RULES_FILE_MAX_BYTES + 1 });
	assert_null(load_files(&files, "large", &said));
	assert_string_equal(said.p,
	    "error: cannot read large: larger than 1000000 bytes\n1 error\n");
	buf_clear(&said);
	kit_write(&files, "large", (struct str){ large, RULES_FILE_MAX_BYTES });
	ruleset_put(load_files(&files, "large", &said));
	assert_int_equal(said.len, 0);
	files.cannot_glob = true;
	assert_null(load_files(&files, "x", &said));
	assert_string_equal(
	    said.p, "error: cannot look for x: Input/output error\n1 error\n");
	buf_done(&said);
	free(large);
}

static void
test_files_that_include_all_come_to_an_end(void **state)
{
	struct kit_files files = { 0 };
	struct buf said = { 0 };

	(void)state;
	kit_write(&files, "a", STR("include \"*\""));
	kit_write(&files, "b", STR("include \"*\""));
	kit_write(&files, "c", STR("include \"*\""));
	assert_null(load_files(&files, "a", &said));
	assert_non_null(strstr(said.p, "a would include itself"));
	assert_true(files.n_reads < 100);
	buf_done(&said);
}

/* Under another name each time, as "./" before "./" gives. */
static int
glob_anything(void *context, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context,
    struct buf *error)
{
	char path[64];
	size_t *n = context;

	(void)pattern;
	(void)error;
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "file%zu", ++*n);
		each(each_context, path);
	}
	return 0;
}

static int
read_include(void *context, const char *path, size_t max_bytes, struct buf *out,
    struct buf *error)
{
	(void)context;
	(void)path;
	(void)max_bytes;
	(void)error;
	buf_add_cstr(out, "include \"x\"\n");
	return 0;
}

static void
test_there_are_at_most_a_thousand_files(void **state)
{
	size_t n = 0;
	struct rules_io io = { &n, read_include, glob_anything, kit_stamp };
	struct buf said = { 0 };

	(void)state;
	assert_null(kit_load(&io, STR("include \"x\""), &said));
	assert_non_null(
	    strstr(said.p, "more than 16 files include each other"));
	assert_true(n < 10000);
	buf_done(&said);
}

/* Loads, prints, loads again: the same text, and the same hash. */
static void
check_round_trip(const char *text)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct buf once = { 0 }, twice = { 0 };
	struct ruleset *rules = kit_load_fine(&io, text), *again;

	ruleset_print(rules, &once);
	again = kit_load_fine(&io, once.len > 0 ? once.p : "");
	ruleset_print(again, &twice);
	assert_true(str_eq(buf_str(&once), buf_str(&twice)));
	assert_string_equal(ruleset_hash(rules), ruleset_hash(again));
	ruleset_put(rules);
	ruleset_put(again);
	buf_done(&once);
	buf_done(&twice);
}

static void
test_what_is_printed_loads_to_the_same(void **state)
{
	static const char *const texts[] = {
		"",
		"on mail { }",
		"on mail{a:reject\"\\\"\\\\$$$${x}\"if bounce}",
		"on headers { a: reject \"${header[\"X\\\"\"]}\" if subject }",
		"on mail { a: reject \"x\" if macro[\"{x}\"] == \"${macro["
		"\"{y}\"]}\" }",
		"limit a 1000/60s messages by client.ip(24) if not (bounce) "
		"on mail { a: tag \"\" if over a }",
		"table a cidr { } on mail { a: tag \"x\" if client.ip in a }",
		"on mail { a: score -0.50, score +007 if score >= -1.50 }",
		"on headers { a: log \"${1}\" if subject =~ /(\\/[\\]\"#])/xi "
		"}",
	};

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++)
		check_round_trip(texts[i]);
}

static void
test_the_hash_tells_which_rules_these_are(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *a = kit_load_fine(
	    &io, "# one\non mail { a: reject 550 5.7.1 \"x\" if (bounce) }");
	struct ruleset *b =
	    kit_load_fine(&io, "on mail{a:reject \"x\" if bounce}");
	struct ruleset *c =
	    kit_load_fine(&io, "on mail{a:reject \"y\" if bounce}");

	(void)state;
	assert_int_equal(strlen(ruleset_hash(a)), 12);
	/* A value that must not change from one version to the next. */
	assert_string_equal(ruleset_hash(a), "b010a26a82c6");
	assert_string_equal(ruleset_hash(a), ruleset_hash(b));
	assert_string_not_equal(ruleset_hash(a), ruleset_hash(c));
	ruleset_put(a);
	ruleset_put(b);
	ruleset_put(c);
}

static void
test_references_keep_a_ruleset(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *rules = kit_load_fine(&io, "on mail { a: tag \"x\" }");

	(void)state;
	assert_ptr_equal(ruleset_get(rules), rules);
	ruleset_put(rules);
	assert_int_equal(ruleset_n_rules(rules), 1);
	ruleset_put(rules);
	ruleset_put(NULL);
}

static void
test_options_are_copied(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	char domain[] = "example.org", zone[] = "UTC", outage[] = "pass";
	struct rules_options options;
	struct diags *diags = diags_new();
	struct ruleset *rules;

	(void)state;
	kit_options(&options);
	options.sasl_domain = domain;
	options.timezone = zone;
	options.on_outage = outage;
	rules = ruleset_load_text(&io, "a",
	    STR("limit a 1/1h messages by mail.from\n"
		"limit b 1/1h messages by mail.from on-outage tempfail\n"),
	    &options, diags);
	memset(domain, 'x', sizeof(domain) - 1);
	memset(zone, 'x', sizeof(zone) - 1);
	memset(outage, 'x', sizeof(outage) - 1);
	assert_string_equal(ruleset_options(rules)->sasl_domain, "example.org");
	assert_string_equal(ruleset_options(rules)->timezone, "UTC");
	assert_string_equal(ruleset_options(rules)->on_outage, "pass");
	assert_int_equal(
	    ruleset_program(rules)->limits[0]->on_outage, OUTAGE_PASS);
	assert_int_equal(
	    ruleset_program(rules)->limits[1]->on_outage, OUTAGE_TEMPFAIL);
	ruleset_put(rules);
	diags_free(diags);
}

/* A name is found twice without comparing each with each. */
static void
test_a_thousand_rules_load_quickly(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct buf text = { 0 }, said = { 0 };
	struct ruleset *rules;
	int64_t began_ns, took_us;

	(void)state;
	for (unsigned i = 0; i < N_RULES; i++)
		buf_printf(&text,
		    "table t%u address { \"a%u@example.org\" }\n"
		    "on headers { r%u: reject 550 5.7.1 \"${subject} %u\" if "
		    "subject =~ /lottery %u (a|b)+/i and (mail.from in t%u or "
		    "mail.size > %u) }\n",
		    i, i, i, i, i, i, i);
	began_ns = clock_cpu_ns();
	rules = kit_load(&io, buf_str(&text), &said);
	took_us = (clock_cpu_ns() - began_ns) / 1000;
	assert_int_equal(said.len, 0);
	assert_int_equal(ruleset_n_rules(rules), N_RULES);
	if (took_us > LOAD_MAX_US)
		fail_msg("%lld us", (long long)took_us);
	ruleset_put(rules);
	buf_done(&text);
	buf_done(&said);
}

/* As much as a file can hold, each wrong in the same way. */
static void
test_a_megabyte_of_twins_is_told_in_time(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct buf text = { 0 }, said = { 0 };
	int64_t began_ns, took_us;

	(void)state;
	buf_add_cstr(&text, "on mail {\n");
	while (text.len < RULES_FILE_MAX_BYTES - 10)
		buf_add_cstr(&text, "a:accept ");
	buf_byte(&text, '}');
	began_ns = clock_cpu_ns();
	assert_null(kit_load(&io, buf_str(&text), &said));
	took_us = (clock_cpu_ns() - began_ns) / 1000;
	assert_non_null(strstr(said.p, "there are two rules called 'a'"));
	assert_true(said.len < 20000);
	if (took_us > 3 * LOAD_MAX_US)
		fail_msg("%lld us", (long long)took_us);
	buf_done(&text);
	buf_done(&said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_are_text_in_utf8),
		cmocka_unit_test(test_rules_expire_with_the_end_of_their_day),
		cmocka_unit_test(test_a_soon_expiring_rule_is_pointed_at),
		cmocka_unit_test(test_all_matching_files_are_one_ruleset),
		cmocka_unit_test(test_an_include_stands_where_it_is_written),
		cmocka_unit_test(
		    test_includes_are_joined_to_the_folder_of_their_file),
		cmocka_unit_test(test_what_cannot_be_read_is_an_error),
		cmocka_unit_test(test_files_that_include_all_come_to_an_end),
		cmocka_unit_test(test_there_are_at_most_a_thousand_files),
		cmocka_unit_test(test_what_is_printed_loads_to_the_same),
		cmocka_unit_test(test_the_hash_tells_which_rules_these_are),
		cmocka_unit_test(test_references_keep_a_ruleset),
		cmocka_unit_test(test_options_are_copied),
		cmocka_unit_test(test_a_thousand_rules_load_quickly),
		cmocka_unit_test(test_a_megabyte_of_twins_is_told_in_time),
	};

	return cmocka_run_group_tests_name("ruleset", tests, NULL, NULL);
}
