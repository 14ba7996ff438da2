/*
 * Values behind the entries of tables, and regex tables: what is told of the
 * entry that matches best, and what a message may spend on patterns.
 */
#include "rules/program.h"
#include "rules/set.h"
#include "rules_kit.h"

static struct set *
make_set(enum table_type type, bool has_values, const char *const *entries)
{
	struct set *set =
	    set_new(type, (struct set_form){ .has_values = has_values });
	struct buf error = { 0 };
	size_t offset;

	for (size_t i = 0; entries[i] != NULL; i++)
		if (set_add(set, str_of(entries[i]), &error, &offset) == -1)
			fail_msg("%s %s", entries[i], error.p);
	set_finish(set);
	return set;
}

static void
expect_found(const struct set *set, const char *text, const char *want)
{
	struct str value = STR("untouched");
	struct ip ip;
	bool found = ip_parse(str_of(text), &ip) == 0
			 ? set_find_ip(set, &ip, &value)
			 : set_find_text(set, str_of(text), true, &value);

	if (found != (want != NULL) ||
	    !str_is(value, want != NULL ? want : "untouched"))
		fail_msg("%s: %.*s", text, STR_ARG(value));
}

static void
test_the_value_is_that_of_the_best_match(void **state)
{
	static const char *const addresses[] = { "@example.org  domain",
		"anna@ local", "anna@example.org whole \t one", "bob@", NULL };
	static const char *const domains[] = { ".org far", ".example.org near",
		"example.org itself", NULL };
	static const char *const nets[] = { "0.0.0.0/0 any",
		"192.0.2.0/24 office", "192.0.2.7 printer", "10.0.0.0/8",
		NULL };
	struct set *set = make_set(TABLE_ADDRESS, false, addresses);

	(void)state;
	expect_found(set, "Anna@Example.org", "whole \t one");
	expect_found(set, "anna@example.net", "local");
	expect_found(set, "carol@example.org", "domain");
	expect_found(set, "bob@example.org", ""); /* it matches, without one */
	expect_found(set, "carol@example.net", NULL);
	set_put(set);
	set = make_set(TABLE_DOMAIN, false, domains);
	expect_found(set, "a.b.example.org", "near");
	expect_found(set, "example.org.", "itself");
	expect_found(set, "other.org", "far");
	expect_found(set, "org", NULL);
	set_put(set);
	set = make_set(TABLE_CIDR, false, nets);
	expect_found(set, "192.0.2.7", "printer");
	expect_found(set, "192.0.2.8", "office");
	expect_found(set, "198.51.100.1", "any");
	expect_found(set, "10.1.1.1", "");
	expect_found(set, "2001:db8::1", NULL);
	set_put(set);
}

static void
test_of_twins_the_first_counts(void **state)
{
	static const char *const texts[] = { "a 1", "b 2", "A 3", NULL };
	static const char *const nets[] = { "10.0.0.0/8 1", "192.0.2.7 2",
		"192.0.2.7/32 3", "10.0.0.0/8 4", NULL };
	struct set *set = make_set(TABLE_STRING, true, texts);
	struct str value;

	(void)state;
	expect_found(set, "b", "2");
	assert_int_equal(set_size(set), 3); /* a string has case */
	assert_true(set_find_text(set, STR("A"), false, &value));
	assert_true(str_is(value, "3"));
	set_put(set);
	set = make_set(TABLE_CIDR, false, nets);
	assert_int_equal(set_size(set), 2);
	expect_found(set, "192.0.2.7", "2");
	expect_found(set, "10.1.1.1", "1");
	set_put(set);
}

static void
test_blanks_belong_to_a_string_unless_values_are_read(void **state)
{
	static const char *const texts[] = { "two words", NULL };
	struct set *set = make_set(TABLE_STRING, false, texts);

	(void)state;
	expect_found(set, "two words", "");
	expect_found(set, "two", NULL);
	set_put(set);
	set = make_set(TABLE_STRING, true, texts);
	expect_found(set, "two words", NULL);
	expect_found(set, "two", "words");
	set_put(set);
}

static void
test_rates_are_checked_where_they_are_written(void **state)
{
	static const struct {
		const char *entry, *error; /* NULL: it is fine */
	} cases[] = {
		{ "anna@example.org x5", NULL },
		{ "anna@example.org unlimited", NULL },
		{ "anna@example.org 40/1m, 2000 daily", NULL },
		{ "anna@example.org", "has no value" },
		{ "anna@example.org fast", "gives no rates" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct set *set = set_new(
		    TABLE_ADDRESS, (struct set_form){ .has_values = true,
				       .has_raises = true });
		struct buf error = { 0 };
		size_t offset;
		int rc = set_add(set, str_of(cases[i].entry), &error, &offset);

		assert_int_equal(rc, cases[i].error == NULL ? 0 : -1);
		if (rc == -1)
			assert_non_null(strstr(error.p, cases[i].error));
		buf_done(&error);
		set_put(set);
	}
}

static struct pattern_budget
some_budget(void)
{
	return (
	    struct pattern_budget){ .match_limit = 10000, .cpu_us = 10000000 };
}

static void
expect_match(const struct set *set, struct str text, enum pattern_result want,
    const char *want_value)
{
	struct pattern_budget budget = some_budget();
	struct str value = STR("untouched");

	assert_int_equal(set_match(set, text, &budget, &value), want);
	if (!str_is(value, want_value))
		fail_msg("%.*s: %.*s", STR_ARG(text), STR_ARG(value));
}

static void
test_any_pattern_may_match_and_the_first_tells(void **state)
{
	static const char *const patterns[] = { "/^free/i  spam",
		"m{https?://win} link", "/./ other", "/^$/", NULL };
	struct set *set = make_set(TABLE_REGEX, false, patterns);

	(void)state;
	assert_int_equal(set_size(set), 4);
	expect_match(set, STR("FREE http://win"), PATTERN_YES, "spam");
	expect_match(set, STR("see http://win"), PATTERN_YES, "link");
	expect_match(set, STR("x"), PATTERN_YES, "other");
	expect_match(set, STR(""), PATTERN_YES, "");
	expect_match(set, STR("\n\n"), PATTERN_NO, "untouched");
	set_put(set);
}

/* The same table is for decoded text and for raw bytes. */
static void
test_patterns_see_characters_in_text_and_bytes_in_bytes(void **state)
{
	static const char *const one[] = { "/^.$/", NULL };
	static const char *const umlaut[] = { "/^ü/i", NULL };
	struct set *set = make_set(TABLE_REGEX, false, one);

	(void)state;
	expect_match(set, STR("ü"), PATTERN_YES, "");
	expect_match(set, STR("\xfc"), PATTERN_YES, "");
	expect_match(set, STR("\xfc\xfc"), PATTERN_NO, "untouched");
	set_put(set);
	set = make_set(TABLE_REGEX, false, umlaut);
	expect_match(set, STR("Übung"), PATTERN_YES, "");
	set_put(set);
}

static void
test_what_the_budget_does_not_allow_is_no_answer(void **state)
{
	static const char *const patterns[] = { "/^(a+)+$/ bad", "/b$/ good",
		NULL };
	struct set *set = make_set(TABLE_REGEX, false, patterns);
	struct pattern_budget budget = some_budget();
	struct str value = STR("");

	(void)state;
	expect_match(set, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac"),
	    PATTERN_OVER_LIMIT, "untouched");
	/* Another one that matches is an answer. */
	expect_match(set, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
	    PATTERN_YES, "good");
	budget.cpu_us = -1;
	assert_int_equal(
	    set_match(set, STR("b"), &budget, &value), PATTERN_OVER_BUDGET);
	set_put(set);
}

static const struct table *
table_number(const struct ruleset *rules, size_t i)
{
	return ruleset_program(rules)->tables[i];
}

/* One file, read by two rulesets in two ways, renewed for both. */
static void
test_a_file_with_and_without_values_is_two_contents(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct arena *arena = arena_new(256);
	struct ruleset *old, *new;
	struct str value;

	(void)state;
	kit_write(&files, "t.txt", STR("two words\n"));
	old =
	    kit_load_fine(&io, "table t string file \"t.txt\"\n"
			       "on mail { a: tag \"1\" if mail.from in t }\n");
	new = kit_load_fine(&io,
	    "table t string file \"t.txt\"\n"
	    "on mail { a: tag \"${value(t, mail.from)}\" }\n");
	assert_true(
	    table_has_text(table_number(old, 0), STR("two words"), true));
	assert_true(table_value_text(
	    table_number(new, 0), STR("two"), true, arena, &value));
	assert_true(str_is(value, "words"));
	kit_write(&files, "t.txt", STR("two others\n"));
	ruleset_refresh_tables(new);
	assert_true(table_value_text(
	    table_number(new, 0), STR("two"), true, arena, &value));
	assert_true(str_is(value, "others"));
	ruleset_put(new);
	ruleset_put(old);
	arena_free(arena);
}

static void
test_tables_tell_values_of_addresses_and_patterns(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct arena *arena = arena_new(256);
	struct pattern_budget budget = some_budget();
	struct ruleset *rules;
	struct str value;
	struct ip ip;

	(void)state;
	kit_write(&files, "words.txt",
	    STR("# words\n/^free/i  spam # since May\n/ # / hash\n"));
	rules = kit_load_fine(&io,
	    "table w regex file \"words.txt\"\n"
	    "table n cidr { \"192.0.2.0/24 office\" }\n"
	    "on message { a: tag \"${value(w, subject)}\" if client.ip in n }");
	assert_int_equal(table_size(table_number(rules, 0)), 2);
	assert_int_equal(table_match(table_number(rules, 0), STR("Free x"),
			     &budget, arena, &value),
	    PATTERN_YES);
	assert_true(str_is(value, "spam"));
	assert_int_equal(table_match(table_number(rules, 0), STR("a # b"),
			     &budget, NULL, NULL),
	    PATTERN_YES);
	assert_int_equal(ip_parse(STR("192.0.2.9"), &ip), 0);
	assert_true(table_value_ip(table_number(rules, 1), &ip, arena, &value));
	assert_true(str_is(value, "office"));
	ruleset_put(rules);
	arena_free(arena);
}

static void
test_a_table_in_redis_has_nothing_here(void **state)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct ruleset *rules = kit_load_fine(&io,
	    "table a string redis\n"
	    "table b string redis on-outage tempfail\n"
	    "table c address redis\n"
	    "on mail { a: tag \"1\" if sasl.user in a or tls.cipher in b\n"
	    "b: remember tls.cipher in b for 1d, forget \"x\" in a\n"
	    "c: tag \"2\" if mail.from in c }");

	(void)state;
	assert_true(table_number(rules, 0)->is_redis);
	assert_int_equal(table_number(rules, 0)->on_outage, TABLE_KEEP);
	assert_int_equal(table_number(rules, 1)->on_outage, TABLE_TEMPFAIL);
	/* What goes into them is spelled as what is looked up. */
	assert_true(table_number(rules, 0)->ignores_case);
	assert_false(table_number(rules, 1)->ignores_case);
	assert_true(table_number(rules, 2)->ignores_case);
	assert_int_equal(table_size(table_number(rules, 0)), 0);
	ruleset_refresh_tables(rules);
	ruleset_put(rules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_value_is_that_of_the_best_match),
		cmocka_unit_test(test_of_twins_the_first_counts),
		cmocka_unit_test(
		    test_blanks_belong_to_a_string_unless_values_are_read),
		cmocka_unit_test(test_rates_are_checked_where_they_are_written),
		cmocka_unit_test(
		    test_any_pattern_may_match_and_the_first_tells),
		cmocka_unit_test(
		    test_patterns_see_characters_in_text_and_bytes_in_bytes),
		cmocka_unit_test(
		    test_what_the_budget_does_not_allow_is_no_answer),
		cmocka_unit_test(
		    test_a_file_with_and_without_values_is_two_contents),
		cmocka_unit_test(
		    test_tables_tell_values_of_addresses_and_patterns),
		cmocka_unit_test(test_a_table_in_redis_has_nothing_here),
	};

	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
