/*
 * Entries of tables: their one spelling, what is asked of Redis, and how
 * regular expressions are written.
 */
#include "rules/entry.h"
#include "rules_kit.h"

/* Entries in the order in which they are tried, separated by blanks. */
static void
join(const struct str *entries, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		buf_add_cstr(out, i > 0 ? " " : "");
		buf_add(out, entries[i]);
	}
}

static void
test_the_best_match_is_asked_first(void **state)
{
	static const struct {
		enum table_type type;
		bool ignore_case;
		const char *text, *want;
	} cases[] = {
		{ TABLE_STRING, false, "Two Words", "Two Words" },
		{ TABLE_STRING, true, "Two Words", "two words" },
		{ TABLE_STRING, true, "", "" },
		{ TABLE_ADDRESS, true, "Anna@Example.ORG",
		    "anna@example.org anna@ @example.org" },
		{ TABLE_ADDRESS, true, "a@b@Example.org.",
		    "a@b@example.org a@b@ @example.org" },
		{ TABLE_ADDRESS, true, "Anna", "anna" },
		{ TABLE_ADDRESS, true, "x@Grüße.example",
		    "x@xn--gre-6ka8l.example x@ @xn--gre-6ka8l.example" },
		{ TABLE_DOMAIN, true, "A.b.Example.org.",
		    "a.b.example.org .b.example.org .example.org .org" },
		{ TABLE_DOMAIN, true, "org", "org" },
		{ TABLE_CIDR, true, "192.0.2.1", "" },
		{ TABLE_REGEX, true, "x", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct arena *arena = arena_new(256);
		struct buf got = { 0 };
		struct str *entries = NULL;
		size_t n =
		    table_candidates_text(cases[i].type, str_of(cases[i].text),
			cases[i].ignore_case, arena, &entries);

		join(entries, n, &got);
		assert_string_equal(got.len > 0 ? got.p : "", cases[i].want);
		buf_done(&got);
		arena_free(arena);
	}
}

static void
test_each_prefix_of_an_address_is_asked(void **state)
{
	struct arena *arena = arena_new(256);
	struct str *entries = NULL;
	struct ip ip;

	(void)state;
	assert_int_equal(ip_parse(STR("192.0.2.7"), &ip), 0);
	assert_int_equal(table_candidates_ip(&ip, arena, &entries), 34);
	assert_true(str_is(entries[0], "192.0.2.7"));
	assert_true(str_is(entries[1], "192.0.2.7/32"));
	assert_true(str_is(entries[9], "192.0.2.0/24"));
	assert_true(str_is(entries[33], "0.0.0.0/0"));
	assert_int_equal(ip_parse(STR("2001:db8::7"), &ip), 0);
	assert_int_equal(
	    table_candidates_ip(&ip, arena, &entries), TABLE_CANDIDATES_MAX);
	assert_true(str_is(entries[0], "2001:db8::7"));
	assert_true(str_is(entries[129], "::/0"));
	ip.family = IP_NONE;
	assert_int_equal(table_candidates_ip(&ip, arena, &entries), 0);
	arena_free(arena);
}

/* Nobody evades ".example.org" by a name of a thousand labels. */
static void
test_a_name_that_is_too_long_keeps_its_last_labels(void **state)
{
	struct arena *arena = arena_new(256);
	struct buf name = { 0 };
	struct str *entries = NULL;
	size_t n;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		buf_add_cstr(&name, "a.");
	buf_add_cstr(&name, "example.org");
	n = table_candidates_text(
	    TABLE_DOMAIN, buf_str(&name), true, arena, &entries);
	assert_int_equal(n, TABLE_CANDIDATES_MAX);
	assert_true(str_is(entries[n - 1], ".org"));
	assert_true(str_is(entries[n - 2], ".example.org"));
	assert_int_equal(entries[0].len, name.len);
	buf_done(&name);
	arena_free(arena);
}

static void
test_entries_have_one_spelling(void **state)
{
	static const struct {
		enum table_type type;
		bool ignore_case;
		const char *entry, *want, *error;
	} cases[] = {
		{ TABLE_STRING, false, " Two Words ", "Two Words", NULL },
		{ TABLE_STRING, true, "Two Words", "two words", NULL },
		{ TABLE_STRING, true, " ", NULL, "is empty" },
		{ TABLE_ADDRESS, true, "Anna@Example.org.", "anna@example.org",
		    NULL },
		{ TABLE_ADDRESS, true, "Anna@", "anna@", NULL },
		{ TABLE_ADDRESS, true, "@GRÜßE.example",
		    "@xn--gre-6ka8l.example", NULL },
		{ TABLE_ADDRESS, true, "anna", NULL, "is no address" },
		{ TABLE_DOMAIN, true, ".Example.org", ".example.org", NULL },
		{ TABLE_DOMAIN, true, "a@example.org", NULL, "is no domain" },
		{ TABLE_DOMAIN, true, "*.example.org", NULL, "is no domain" },
		{ TABLE_CIDR, true, "192.0.2.7/32", "192.0.2.7", NULL },
		{ TABLE_CIDR, true, "192.0.2.0/24", "192.0.2.0/24", NULL },
		{ TABLE_CIDR, true, "2001:DB8:0::/32", "2001:db8::/32", NULL },
		{ TABLE_CIDR, true, "192.0.2.7/24", NULL,
		    "did you mean \"192.0.2.0/24\"" },
		{ TABLE_CIDR, true, "office", NULL, "is no address" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct arena *arena = arena_new(256);
		struct buf error = { 0 };
		struct str entry = { 0 };
		int rc =
		    table_entry_normal(cases[i].type, str_of(cases[i].entry),
			cases[i].ignore_case, arena, &entry, &error);

		assert_int_equal(rc, cases[i].want == NULL ? -1 : 0);
		if (rc == 0)
			assert_true(str_is(entry, cases[i].want));
		else
			assert_non_null(strstr(error.p, cases[i].error));
		buf_done(&error);
		arena_free(arena);
	}
}

static void
test_a_normal_entry_is_among_what_is_asked(void **state)
{
	static const struct {
		enum table_type type;
		const char *entry, *text;
	} cases[] = {
		{ TABLE_STRING, "Anna B.", "aNNA b." },
		{ TABLE_STRING, "  Free\tpills ", "  Free\tpills " },
		{ TABLE_STRING, "Free pills", "\tfree pills  " },
		{ TABLE_ADDRESS, "Anna@Grüße.example",
		    "anna@XN--GRE-6KA8L.example" },
		{ TABLE_ADDRESS, "@Example.org", "x@EXAMPLE.ORG." },
		{ TABLE_DOMAIN, ".Grüße.example", "a.b.xn--gre-6ka8l.EXAMPLE" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct arena *arena = arena_new(256);
		struct buf error = { 0 };
		struct str entry, *entries = NULL;
		bool found = false;
		size_t n;

		assert_int_equal(
		    table_entry_normal(cases[i].type, str_of(cases[i].entry),
			true, arena, &entry, &error),
		    0);
		n = table_candidates_text(cases[i].type, str_of(cases[i].text),
		    true, arena, &entries);
		for (size_t j = 0; j < n; j++)
			found = found || str_eq(entries[j], entry);
		if (!found)
			fail_msg("%s, %s", cases[i].entry, cases[i].text);
		arena_free(arena);
	}
}

static void
test_a_value_stands_behind_blanks(void **state)
{
	static const struct {
		enum table_type type;
		bool has_values;
		const char *text, *entry, *value;
	} cases[] = {
		{ TABLE_STRING, false, "two words", "two words", "" },
		{ TABLE_STRING, true, "two words", "two", "words" },
		{ TABLE_STRING, true, " one ", "one", "" },
		{ TABLE_ADDRESS, false, "a@b \t 1  2 ", "a@b", "1  2" },
		{ TABLE_REGEX, false, "/a b/i c d", "/a b/i", "c d" },
		{ TABLE_REGEX, false, "m{a b{2}}x", "m{a b{2}}x", "" },
		{ TABLE_REGEX, false, "/a b", "/a b", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct str entry, value;

		entry_split(cases[i].type, cases[i].has_values,
		    str_of(cases[i].text), &entry, &value);
		assert_true(str_is(entry, cases[i].entry));
		assert_true(str_is(value, cases[i].value));
	}
}

/* What is printed is read as the same pattern. */
static void
test_a_pattern_is_printed_between_delimiters_that_fit(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "/a/i", "/a/i" },
		{ "m{a}i", "/a/i" },
		{ "m{a/b}", "m{a/b}" },
		{ "m{a\\/b}", "/a\\/b/" },
		{ "/a{/", "/a{/" },
		{ "m{\\}/}", "m{\\}/}" },
		{ "m{a{1,2}/{3}}ms", "m{a{1,2}/{3}}ms" },
		{ "m{\\\\/}", "m{\\\\/}" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct regex_text once, twice;
		struct buf out = { 0 };

		assert_int_equal(
		    regex_text_read(str_of(cases[i].text), &once), 0);
		assert_int_equal(once.len, strlen(cases[i].text));
		regex_text_print(once.pattern, once.flags, &out);
		assert_string_equal(out.p, cases[i].want);
		assert_int_equal(regex_text_read(buf_str(&out), &twice), 0);
		assert_true(str_eq(once.pattern, twice.pattern));
		assert_true(str_eq(once.flags, twice.flags));
		buf_done(&out);
	}
}

static void
test_what_is_not_closed_is_no_pattern(void **state)
{
	static const char *const cases[] = { "", "a", "/", "/a", "/a\\/",
		"/a\n/", "m", "m{", "m{a", "m{a{}", "m{a\\}", "m{a\n}", "m/a/",
		"/a\\\n/" };
	struct regex_text regex;

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		assert_int_equal(regex_text_read(str_of(cases[i]), &regex), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_best_match_is_asked_first),
		cmocka_unit_test(test_each_prefix_of_an_address_is_asked),
		cmocka_unit_test(
		    test_a_name_that_is_too_long_keeps_its_last_labels),
		cmocka_unit_test(test_entries_have_one_spelling),
		cmocka_unit_test(test_a_normal_entry_is_among_what_is_asked),
		cmocka_unit_test(test_a_value_stands_behind_blanks),
		cmocka_unit_test(
		    test_a_pattern_is_printed_between_delimiters_that_fit),
		cmocka_unit_test(test_what_is_not_closed_is_no_pattern),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
