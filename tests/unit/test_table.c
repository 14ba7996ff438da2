/*
 * Tables: what each type finds, files with their mistakes, renewal while
 * look-ups go on, and 100,000 entries.
 */
#include "rules/program.h"
#include "rules/table.h"
#include "rules_kit.h"

#include "base/clock.h"
#include "base/log.h"

#include <malloc.h>
#include <pthread.h>
#include <time.h>

#define N_ENTRIES   100000
#define LOAD_MAX_US (500000 * TIMES_SLOWER) /* of the processor's time */
#define ENTRY_BYTES 100

static const struct table *
first_table(const struct ruleset *rules)
{
	return ruleset_program(rules)->tables[0];
}

/* A ruleset whose table t has this type and these entries. */
static struct ruleset *
load_entries(const char *type, const char *entries)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct buf text = { 0 }, said = { 0 };
	struct ruleset *rules;

	buf_printf(&text, "table t %s { %s }", type, entries);
	rules = kit_load(&io, buf_str(&text), &said);
	if (rules == NULL)
		fail_msg("%s", said.p);
	buf_done(&text);
	buf_done(&said);
	return rules;
}

static const struct {
	const char *type, *entries, *text;
	bool ignore_case, want;
} text_cases[] = {
	{ "string", "\"Abc\"", "Abc", false, true },
	{ "string", "\"Abc\"", "abc", false, false },
	{ "string", "\"Abc\"", "aBC", true, true },
	{ "string", "\"Abc\", \"abc\"", "abc", false, true },
	{ "string", "\"Abc\", \"abc\"", "ABC", false, false },
	{ "string", "\"two words\"", "two words", false, true },
	{ "string", "\"abc\"", "abcd", false, false },
	{ "string", "\"abc\"", "", false, false },
	{ "string", "\"Ü\"", "ü", true, false }, /* ASCII only */
	{ "string", "", "abc", false, false },
	{ "address", "\"anna@example.org\"", "Anna@EXAMPLE.org", false, true },
	{ "address", "\"Anna@Example.org\"", "anna@example.org", false, true },
	{ "address", "\"anna@example.org\"", "anna@mail.example.org", false,
	    false },
	{ "address", "\"anna@example.org\"", "anna@example.org.", false, true },
	{ "address", "\"postmaster@\"", "Postmaster@example.net", false, true },
	{ "address", "\"postmaster@\"", "postmaster", false, false },
	{ "address", "\"postmaster@\"", "apostmaster@example.net", false,
	    false },
	{ "address", "\"@example.org\"", "x@Example.org", false, true },
	{ "address", "\"@example.org\"", "x@sub.example.org", false, false },
	{ "address", "\"@example.org\"", "example.org", false, false },
	{ "address", "\"@example.org\"", "a@b@example.org", false, true },
	{ "address", "\"@example.org\"", "", false, false },
	{ "address", "\"anna@grüße.example\"", "anna@xn--gre-6ka8l.example",
	    false, true },
	{ "address", "\"@xn--gre-6ka8l.example\"", "x@GRÜßE.example", false,
	    true },
	{ "domain", "\"example.org\"", "Example.ORG", false, true },
	{ "domain", "\"example.org\"", "example.org.", false, true },
	{ "domain", "\"example.org\"", "sub.example.org", false, false },
	{ "domain", "\".example.org\"", "sub.example.org", false, true },
	{ "domain", "\".example.org\"", "a.b.Example.org.", false, true },
	{ "domain", "\".example.org\"", "example.org", false, false },
	{ "domain", "\".example.org\"", "badexample.org", false, false },
	{ "domain", "\".org\"", "example.org", false, true },
	{ "domain", "\"example.org\"", "", false, false },
	{ "domain", "\"example.org\"", ".", false, false },
	{ "domain", "\"grüße.example\"", "xn--gre-6ka8l.example", false, true },
	{ "domain", "\".xn--gre-6ka8l.example\"", "mail.Grüße.example", false,
	    true },
	{ "domain", "\"xn--gre-6ka8l.example\"", "grüße。example", false,
	    true },
};

static void
test_texts_are_found_by_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(text_cases); i++) {
		struct ruleset *rules =
		    load_entries(text_cases[i].type, text_cases[i].entries);

		if (table_has_text(first_table(rules),
			str_of(text_cases[i].text),
			text_cases[i].ignore_case) != text_cases[i].want)
			fail_msg("case %zu: \"%s\" in %s { %s }", i,
			    text_cases[i].text, text_cases[i].type,
			    text_cases[i].entries);
		ruleset_put(rules);
	}
}

static void
test_hostile_texts_are_in_no_table(void **state)
{
	struct ruleset *rules =
	    load_entries("address", "\"anna@example.org\", \"@example.net\"");
	const struct table *table = first_table(rules);
	char text[5000];

	(void)state;
	memset(text, '@', sizeof(text));
	assert_false(table_has_text(table, (struct str){ text, 5000 }, true));
	assert_false(table_has_text(table, STR("anna\0x@example.org"), true));
	assert_false(table_has_text(table, STR("anna@example.org\0x"), true));
	assert_false(table_has_text(table, STR("x@example.net\0"), true));
	assert_false(table_has_text(table, STR("\xff\xfe@\xff"), true));
	assert_true(table_has_text(table, STR("\xff@example.net"), true));
	ruleset_put(rules);
}

static void
test_ips_are_found_by_any_prefix(void **state)
{
	static const struct {
		const char *entries, *ip;
		bool want;
	} cases[] = {
		{ "\"192.0.2.0/24\"", "192.0.2.255", true },
		{ "\"192.0.2.0/24\"", "192.0.3.0", false },
		{ "\"192.0.2.7\"", "192.0.2.7", true },
		{ "\"192.0.2.7\"", "192.0.2.8", false },
		{ "\"192.0.2.7/32\", \"10.0.0.0/8\"", "10.255.0.1", true },
		{ "\"0.0.0.0/0\"", "203.0.113.1", true },
		{ "\"0.0.0.0/0\"", "2001:db8::1", false },
		{ "\"::/0\"", "2001:db8::1", true },
		{ "\"::/0\"", "192.0.2.1", false },
		{ "\"2001:db8::/32\"", "2001:db8:ffff::1", true },
		{ "\"2001:db8::/32\"", "2001:db9::1", false },
		{ "\"2001:db8::1\"", "2001:db8::1", true },
		{ "\"192.0.2.0/24\"", "::ffff:192.0.2.9", true },
		{ "\"::ffff:192.0.2.9\"", "192.0.2.9", true },
		{ "\"128.0.0.0/1\"", "192.0.2.1", true },
		{ "\"128.0.0.0/1\"", "127.0.0.1", false },
		{ "", "192.0.2.1", false },
	};
	struct ip none = { .family = IP_NONE };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct ruleset *rules = load_entries("cidr", cases[i].entries);
		struct ip ip;

		assert_int_equal(ip_parse(str_of(cases[i].ip), &ip), 0);
		if (table_has_ip(first_table(rules), &ip) != cases[i].want)
			fail_msg("%s in { %s }", cases[i].ip, cases[i].entries);
		assert_false(table_has_ip(first_table(rules), &none));
		ruleset_put(rules);
	}
}

static void
test_entries_are_counted_once(void **state)
{
	static const struct {
		const char *type, *entries;
		size_t want;
	} cases[] = {
		{ "string", "\"a\", \"a\", \"A\"", 2 },
		{ "address", "\"a@b\", \"A@B\", \"a@b.\"", 1 },
		{ "domain", "\"ab\", \"AB.\", \".ab\"", 2 },
		{ "cidr", "\"::1\", \"::1/128\", \"::/0\"", 2 },
		{ "string", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct ruleset *rules =
		    load_entries(cases[i].type, cases[i].entries);

		if (table_size(first_table(rules)) != cases[i].want)
			fail_msg("%s { %s }: %zu", cases[i].type,
			    cases[i].entries, table_size(first_table(rules)));
		ruleset_put(rules);
	}
}

static const char file_rules[] =
    "table t address file \"t.txt\"\n"
    "on mail { a: reject \"x\" if mail.from in t }\n";

static void
test_lines_of_a_file_are_entries(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *rules;

	(void)state;
	kit_write(&files, "t.txt",
	    STR("# people\r\n\r\n  anna@example.org \t\r\n"
		"bob@example.org # since May\n#x@example.org\n"
		"c#d@example.org\nlast@example.org"));
	rules = kit_load_fine(&io, file_rules);
	assert_int_equal(table_size(first_table(rules)), 4);
	assert_true(
	    table_has_text(first_table(rules), STR("c#d@example.org"), true));
	assert_true(
	    table_has_text(first_table(rules), STR("last@example.org"), true));
	assert_false(
	    table_has_text(first_table(rules), STR("x@example.org"), true));
	ruleset_put(rules);
}

static void
test_a_changed_file_is_read_again(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *rules;
	const struct table *table;
	unsigned n_reads;

	(void)state;
	kit_write(&files, "t.txt", STR("a@example.org\n"));
	rules = kit_load_fine(&io, file_rules);
	table = first_table(rules);
	n_reads = files.n_reads;
	ruleset_refresh_tables(rules);
	assert_int_equal(files.n_reads, n_reads); /* nothing has changed */
	kit_write(&files, "t.txt", STR("b@example.org\nc@example.org\n"));
	ruleset_refresh_tables(rules);
	assert_int_equal(table_size(table), 2);
	assert_false(table_has_text(table, STR("a@example.org"), true));
	assert_true(table_has_text(table, STR("b@example.org"), true));
	ruleset_put(rules);
}

/* Missing, broken, too short: one read for each change, the old content. */
static void
test_a_bad_file_keeps_the_old_content(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *rules;
	const struct table *table;
	unsigned n_reads;

	(void)state;
	kit_write(&files, "t.txt", STR("a@example.org\nb@example.org\n"));
	rules = kit_load_fine(&io,
	    "table t address file \"t.txt\" at-least 2\n"
	    "on mail { a: reject \"x\" if mail.from in t }\n");
	table = first_table(rules);
	kit_write(&files, "t.txt", STR("a@example.org\nnonsense\n"));
	ruleset_refresh_tables(rules);
	kit_write(&files, "t.txt", STR("a@example.org\n"));
	ruleset_refresh_tables(rules);
	kit_write(&files, "t.txt", STR("a@example.org\n\xff@example.org\n"));
	ruleset_refresh_tables(rules);
	kit_write(&files, "t.txt", (struct str){ NULL, 0 });
	ruleset_refresh_tables(rules);
	n_reads = files.n_reads;
	ruleset_refresh_tables(rules); /* still gone: said already */
	assert_int_equal(files.n_reads, n_reads);
	assert_int_equal(table_size(table), 2);
	assert_true(table_has_text(table, STR("b@example.org"), true));
	kit_write(&files, "t.txt", STR("c@example.org\nd@example.org\n"));
	ruleset_refresh_tables(rules);
	assert_true(table_has_text(table, STR("c@example.org"), true));
	ruleset_put(rules);
}

static void
test_rulesets_share_the_content_of_a_file(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *old, *new;

	(void)state;
	kit_write(&files, "t.txt", STR("a@example.org\n"));
	old = kit_load_fine(&io, file_rules);
	kit_write(&files, "t.txt", STR("b@example.org\n"));
	new = kit_load_fine(&io, file_rules);
	assert_true(
	    table_has_text(first_table(old), STR("b@example.org"), true));
	kit_write(&files, "t.txt", STR("c@example.org\n"));
	ruleset_refresh_tables(new);
	assert_true(
	    table_has_text(first_table(old), STR("c@example.org"), true));
	ruleset_put(new);
	assert_true(
	    table_has_text(first_table(old), STR("c@example.org"), true));
	ruleset_put(old);
	old = kit_load_fine(&io, file_rules); /* from nothing again */
	assert_int_equal(table_size(first_table(old)), 1);
	ruleset_put(old);
}

static void
test_a_file_of_two_types_is_two_tables(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *rules;
	const struct program *program;

	(void)state;
	kit_write(&files, "t.txt", STR("Anna@example.org\n"));
	rules = kit_load_fine(&io,
	    "table a address file \"t.txt\"\ntable s string file \"t.txt\"\n"
	    "on mail { a: reject \"x\" if mail.from in a or mail.from in s }");
	program = ruleset_program(rules);
	assert_true(
	    table_has_text(program->tables[0], STR("anna@example.org"), false));
	assert_false(
	    table_has_text(program->tables[1], STR("anna@example.org"), false));
	ruleset_put(rules);
}

static void
test_a_reload_with_a_bad_file_warns_and_keeps_it(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *old, *new;
	struct buf said = { 0 };

	(void)state;
	kit_write(&files, "t.txt", STR("a@example.org\n"));
	old = kit_load_fine(&io, file_rules);
	kit_write(&files, "t.txt", (struct str){ NULL, 0 });
	new = kit_load(&io, str_of(file_rules), &said);
	assert_non_null(new);
	assert_string_equal(said.p,
	    "a.rules:1:22: warning: the file of table 't' cannot be used: No "
	    "such file or directory; its old content stays\n"
	    "    1 | table t address file \"t.txt\"\n"
	    "      |                      ^~~~~~~\n"
	    "1 warning\n");
	assert_true(
	    table_has_text(first_table(new), STR("a@example.org"), true));
	ruleset_put(old);
	ruleset_put(new);
	buf_done(&said);
}

static void
add_big_line(struct buf *lines, const char *type, unsigned n)
{
	if (strcmp(type, "address") == 0)
		buf_printf(lines, "user%u@example%u.org\n", n, n % 256);
	else if (strcmp(type, "cidr") == 0)
		buf_printf(
		    lines, "10.%u.%u.%u/32\n", n >> 16, n >> 8 & 255, n & 255);
	else
		buf_printf(lines, "%shost%u.example.org\n",
		    n % 2 == 0 && strcmp(type, "domain") == 0 ? "." : "", n);
}

static int64_t
used_us(void)
{
	return (int64_t)clock() * 1000000 / CLOCKS_PER_SEC;
}

/* Sanitizers have an allocator of their own, which mallinfo2 does not see. */
static void
expect_small(const char *type, size_t bytes)
{
	if (!IS_SANITIZED && (bytes == 0 || bytes > ENTRY_BYTES * N_ENTRIES))
		fail_msg("%s: %zu bytes an entry", type, bytes / N_ENTRIES);
}

static void
load_many(const char *type, struct rules_io *io)
{
	struct buf text = { 0 }, said = { 0 };
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	struct ruleset *rules;
	int64_t began_us = used_us();

	buf_printf(&text, "table t %s file \"big.txt\"", type);
	rules = kit_load(io, buf_str(&text), &said);
	assert_non_null(rules);
	if (used_us() - began_us > LOAD_MAX_US)
		fail_msg(
		    "%s: %lld us", type, (long long)(used_us() - began_us));
	assert_int_equal(table_size(first_table(rules)), N_ENTRIES);
	expect_small(type, mallinfo2().uordblks + mallinfo2().hblkhd - before);
	ruleset_put(rules);
	buf_done(&text);
	buf_done(&said);
}

static void
test_a_hundred_thousand_entries_are_small_and_soon_there(void **state)
{
	static const char *const types[] = { "string", "address", "domain",
		"cidr" };
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);

	(void)state;
	for (size_t i = 0; i < N_OF(types); i++) {
		struct buf lines = { 0 };

		for (unsigned n = 0; n < N_ENTRIES; n++)
			add_big_line(&lines, types[i], n);
		kit_write(&files, "big.txt", buf_str(&lines));
		load_many(types[i], &io);
		buf_done(&lines);
	}
}

struct lookups {
	const struct table *table;
	atomic_bool is_over;
	size_t n_wrong;
};

static void *
look_up(void *shared)
{
	struct lookups *lookups = shared;

	while (!atomic_load(&lookups->is_over)) {
		/* In every version, and in none. */
		if (!table_has_text(
			lookups->table, STR("always@example.org"), true) ||
		    table_has_text(
			lookups->table, STR("never@example.org"), true))
			lookups->n_wrong++;
	}
	return NULL;
}

static void
test_lookups_go_on_while_a_file_is_renewed(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct lookups lookups = { 0 };
	struct ruleset *rules;
	pthread_t threads[3];

	(void)state;
	kit_write(&files, "t.txt", STR("always@example.org\n"));
	rules = kit_load_fine(&io, file_rules);
	lookups.table = first_table(rules);
	for (size_t i = 0; i < N_OF(threads); i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, look_up, &lookups), 0);
	for (unsigned i = 0; i < 200; i++) {
		kit_write(&files, "t.txt",
		    i % 2 == 0 ? STR("always@example.org\nx@example.org\n")
			       : STR("y@example.org\nalways@example.org\n"));
		ruleset_refresh_tables(rules);
	}
	atomic_store(&lookups.is_over, true);
	for (size_t i = 0; i < N_OF(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(lookups.n_wrong, 0);
	ruleset_put(rules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_are_found_by_type),
		cmocka_unit_test(test_hostile_texts_are_in_no_table),
		cmocka_unit_test(test_ips_are_found_by_any_prefix),
		cmocka_unit_test(test_entries_are_counted_once),
		cmocka_unit_test(test_lines_of_a_file_are_entries),
		cmocka_unit_test(test_a_changed_file_is_read_again),
		cmocka_unit_test(test_a_bad_file_keeps_the_old_content),
		cmocka_unit_test(test_rulesets_share_the_content_of_a_file),
		cmocka_unit_test(test_a_file_of_two_types_is_two_tables),
		cmocka_unit_test(
		    test_a_reload_with_a_bad_file_warns_and_keeps_it),
		cmocka_unit_test(
		    test_a_hundred_thousand_entries_are_small_and_soon_there),
		cmocka_unit_test(test_lookups_go_on_while_a_file_is_renewed),
	};

	log_setup(
	    "test_table", LOG_SINK_NONE, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
