/* Keys as they stand in Redis: normal forms, encoding, what is too long. */
#include "rules/key.h"
#include "rules_kit.h"

static void
test_addresses_have_one_spelling(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "anna@example.org", "anna@example.org" },
		{ "Anna@Example.ORG", "anna@example.org" },
		{ "anna@example.org.", "anna@example.org" },
		{ "anna@Grüße.example", "anna@xn--gre-6ka8l.example" },
		{ "anna@GRÜSSE.example", "anna@xn--grsse-lva.example" },
		{ "a@b@Example.org", "a@b@example.org" },
		{ "Anna", "anna" },
		{ "ANNA@", "anna@" },
		{ "@Example.org", "@example.org" },
		{ "", "" },
		{ "Ünal@example.org", "\xc3\x9cnal@example.org" },
	};
	struct arena *arena = arena_new(1024);

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct str got = key_address(arena, str_of(cases[i].in));

		if (!str_is(got, cases[i].want))
			fail_msg("\"%s\": \"%.*s\"", cases[i].in, STR_ARG(got));
	}
	arena_free(arena);
}

static void
test_a_nul_does_not_make_two_addresses_one(void **state)
{
	struct arena *arena = arena_new(1024);
	struct str plain = key_address(arena, STR("anna@example.org"));
	struct str hostile = key_address(arena, STR("anna\0x@example.org"));

	(void)state;
	assert_false(str_eq(plain, hostile));
	hostile = key_address(arena, STR("anna@example.org\0x"));
	assert_false(str_eq(plain, hostile));
	arena_free(arena);
}

static void
test_ips_are_keyed_by_prefix(void **state)
{
	static const struct {
		const char *ip;
		unsigned bits_v4, bits_v6;
		const char *want;
	} cases[] = {
		{ "192.0.2.7", 32, 64, "192.0.2.7" },
		{ "192.0.2.7", 24, 64, "192.0.2.0/24" },
		{ "192.0.2.7", 1, 64, "128.0.0.0/1" },
		{ "2001:db8:1:2:3:4:5:6", 32, 64, "2001:db8:1:2::/64" },
		{ "2001:DB8:1:2:ffff::1", 32, 64, "2001:db8:1:2::/64" },
		{ "2001:db8:1:3::1", 32, 64, "2001:db8:1:3::/64" },
		{ "2001:db8::1", 32, 128, "2001:db8::1" },
		{ "2001:db8:1:2ff::1", 32, 56, "2001:db8:1:200::/56" },
		{ "::ffff:192.0.2.7", 32, 64, "192.0.2.7" },
	};
	struct arena *arena = arena_new(1024);
	struct ip none = { .family = IP_NONE };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct ip ip;
		struct str got;

		assert_int_equal(ip_parse(str_of(cases[i].ip), &ip), 0);
		got = key_ip(arena, &ip, cases[i].bits_v4, cases[i].bits_v6);
		if (!str_is(got, cases[i].want))
			fail_msg("%s: \"%.*s\"", cases[i].ip, STR_ARG(got));
	}
	assert_int_equal(key_ip(arena, &none, 32, 64).len, 0);
	arena_free(arena);
}

static void
test_parts_are_encoded_and_joined(void **state)
{
	static const struct {
		const char *parts[3];
		size_t lens[3]; /* 0: up to the NUL */
		size_t n;
		const char *want;
	} cases[] = {
		{ { "anna@example.org" }, { 0 }, 1, "anna@example.org" },
		{ { "a", "b", "c" }, { 0 }, 3, "a,b,c" },
		{ { "a,b", "c" }, { 0 }, 2, "a%2Cb,c" },
		{ { "a", "b,c" }, { 0 }, 2, "a,b%2Cc" },
		{ { "", "" }, { 0 }, 2, "," },
		{ { "" }, { 0 }, 1, "" },
		{ { "AZaz09.@_+=:/-" }, { 0 }, 1, "AZaz09.@_+=:/-" },
		{ { "%~{}\"' \\*?[]" }, { 0 }, 1,
		    "%25%7E%7B%7D%22%27%20%5C%2A%3F%5B%5D" },
		{ { "\r\n\0\x7f" }, { 4 }, 1, "%0D%0A%00%7F" },
		{ { "\xff\xc3\xbc" }, { 0 }, 1, "%FF%C3%BC" },
	};
	struct arena *arena = arena_new(1024);

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct str parts[3], got;

		for (size_t j = 0; j < cases[i].n; j++) {
			parts[j] = str_of(cases[i].parts[j]);
			if (cases[i].lens[j] > 0)
				parts[j].len = cases[i].lens[j];
		}
		got = key_join(arena, parts, cases[i].n);
		if (!str_is(got, cases[i].want))
			fail_msg("case %zu: \"%.*s\"", i, STR_ARG(got));
	}
	arena_free(arena);
}

static void
test_no_byte_escapes_the_alphabet(void **state)
{
	struct arena *arena = arena_new(1024);

	(void)state;
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		struct str part = { &byte, 1 };
		struct str got = key_join(arena, &part, 1);

		assert_true(got.len == 1 || got.len == 3);
		for (size_t i = 0; i < got.len; i++)
			assert_true(ascii_is_alnum(got.p[i]) ||
				    str_find(STR(".@_+=:/-%"), got.p[i]) >= 0);
	}
	arena_free(arena);
}

static void
test_a_long_identity_keeps_its_head_and_a_hash(void **state)
{
	struct arena *arena = arena_new(1024);
	char text[300];
	struct str part = { text, 128 }, fits, longer, other;

	(void)state;
	memset(text, 'a', sizeof(text));
	fits = key_join(arena, &part, 1);
	assert_int_equal(fits.len, 128);
	assert_int_equal(str_find(fits, '~'), -1);
	part.len = 129;
	longer = key_join(arena, &part, 1);
	assert_int_equal(longer.len, 128);
	assert_int_equal(longer.p[95], '~');
	/* All hosts must say the same: SHA-256 of 129 times "a". */
	assert_true(
	    str_is(str_from(longer, 96), "c12cb024a2e5551cca0e08fce8f1c5e3"));
	text[128] = 'b';
	other = key_join(arena, &part, 1);
	assert_true(str_eq(str_sub(longer, 0, 96), str_sub(other, 0, 96)));
	assert_false(str_eq(longer, other));
	arena_free(arena);
}

/* Where the parts end must show even if only the hash tells. */
static void
test_long_compounds_differ_by_where_parts_end(void **state)
{
	struct arena *arena = arena_new(1024);
	char text[200];
	struct str one[2] = { { text, 100 }, { text, 99 } };
	struct str two[2] = { { text, 99 }, { text, 100 } };

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_false(str_eq(key_join(arena, one, 2), key_join(arena, two, 2)));
	arena_free(arena);
}

static void
test_what_people_write_becomes_the_key(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "anna@Example.org", "anna@example.org" },
		{ "192.0.2.7,Bob@Example.net", "192.0.2.7,bob@example.net" },
		{ "a%2Cb,c", "a%2Cb,c" },
		{ "A%2CB", "a%2Cb" },
		{ "a b", "a%20b" },
		{ "%", "%" },
		{ "", "" },
	};
	struct arena *arena = arena_new(1024);

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct str got = key_encode(arena, str_of(cases[i].in));

		if (!str_is(got, cases[i].want))
			fail_msg("\"%s\": \"%.*s\"", cases[i].in, STR_ARG(got));
	}
	arena_free(arena);
}

static void
test_a_key_copied_from_redis_stays(void **state)
{
	struct arena *arena = arena_new(1024);
	char text[300];
	struct str parts[2] = { STR("an,na \xff@example.org"), { text, 300 } };
	struct str key;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t n = 1; n <= 2; n++) {
		key = key_join(arena, parts, n);
		assert_true(str_eq(key_encode(arena, key), key));
	}
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_have_one_spelling),
		cmocka_unit_test(test_a_nul_does_not_make_two_addresses_one),
		cmocka_unit_test(test_ips_are_keyed_by_prefix),
		cmocka_unit_test(test_parts_are_encoded_and_joined),
		cmocka_unit_test(test_no_byte_escapes_the_alphabet),
		cmocka_unit_test(
		    test_a_long_identity_keeps_its_head_and_a_hash),
		cmocka_unit_test(test_long_compounds_differ_by_where_parts_end),
		cmocka_unit_test(test_what_people_write_becomes_the_key),
		cmocka_unit_test(test_a_key_copied_from_redis_stays),
	};

	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
