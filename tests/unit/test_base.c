/*
 * The lowest layer: memory, text, addresses and networks, quantities and host
 * names. The log has a file of its own.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/domain.h"
#include "base/ip.h"
#include "base/quantity.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

static void
check_str(const char *what, struct str got, const char *want)
{
	if (!str_is(got, want))
		fail_msg(
		    "%s gave \"%.*s\", not \"%s\"", what, STR_ARG(got), want);
}

/* Memory. */

static void
an_arena_gives_aligned_memory_of_any_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 16, 1000, 300000, 3 };
	struct arena *arena = arena_new(0);
	char *memory, *last = NULL;

	(void)state;
	for (size_t i = 0; i < N_OF(sizes); i++) {
		memory = arena_alloc(arena, sizes[i]);
		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		assert_ptr_not_equal(memory, last);
		memset(memory, 0xff, sizes[i]);
		last = memory;
	}
	assert_true(arena_used(arena) >= 301027);
	memory = arena_calloc(arena, 100);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(memory[i], 0);
	arena_free(arena);
	arena_free(NULL);
}

static void
text_in_an_arena_ends_with_a_nul(void **state)
{
	struct arena *arena = arena_new(100);
	struct str s = arena_str(arena, str_sub(STR("abcdef"), 1, 3));

	(void)state;
	check_str("arena_str", s, "bc");
	assert_int_equal(s.p[2], '\0');
	assert_string_equal(arena_cstr(arena, (struct str){ 0 }), "");
	s = arena_printf(arena, "%d %s", 7, "x");
	check_str("arena_printf", s, "7 x");
	arena_free(arena);
}

static void
an_array_grows_and_keeps_its_elements(void **state)
{
	struct arena *arena = arena_new(100);
	unsigned *items = NULL;

	(void)state;
	for (unsigned n = 0; n < 1000; n++) {
		items = arena_grow(arena, items, n, sizeof(*items));
		items[n] = n;
	}
	for (unsigned n = 0; n < 1000; n++)
		assert_int_equal(items[n], n);
	assert_true(arena_used(arena) < 4 * 1024 * sizeof(*items));
	arena_free(arena);
}

static void
a_buf_grows_and_starts_empty(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	check_str("an empty buf", buf_str(&buf), "");
	assert_string_equal(buf_str(&buf).p, "");
	buf_clear(&buf);
	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%d,", i % 10);
	assert_int_equal(buf.len, 2000);
	assert_int_equal(strlen(buf.p), 2000);
	buf_clear(&buf);
	buf_add(&buf, (struct str){ 0 });
	buf_add_cstr(&buf, "a");
	buf_byte(&buf, '\0');
	buf_byte(&buf, 'b');
	assert_true(str_eq(buf_str(&buf), STR("a\0b")));
	buf_done(&buf);
	check_str("a buf after done", buf_str(&buf), "");
}

/* Text. */

static void
strings_are_compared_by_bytes(void **state)
{
	struct str none = { 0 };

	(void)state;
	assert_true(str_eq(STR("a"), STR("a")));
	assert_false(str_eq(STR("a"), STR("A")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_true(str_eq(none, STR("")));
	assert_true(str_is(none, ""));
	assert_true(str_eq_nocase(STR("aBc1"), STR("AbC1")));
	assert_false(str_eq_nocase(STR("a["), STR("A{")));
	assert_false(str_eq_nocase(STR("\xc3\xa4"), STR("\xc3\x84")));
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(none, none));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_ends_nocase(STR("a.ORG"), STR(".org")));
	assert_false(str_ends_nocase(STR("org"), STR(".org")));
	assert_true(str_has(STR("abc"), STR("bc")));
	assert_false(str_has(STR("abc"), STR("cb")));
	assert_false(str_has(none, STR("a")));
	assert_true(str_has(none, none));
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("ab"), STR("a")) > 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_cmp(none, STR("")), 0);
	assert_true(str_hash(STR("a")) != str_hash(STR("A")));
	assert_true(str_hash_nocase(STR("a")) == str_hash_nocase(STR("A")));
}

static void
strings_are_cut_within_their_bounds(void **state)
{
	struct str none = { 0 }, rest = STR("a  b");

	(void)state;
	check_str("sub", str_sub(STR("abc"), 1, 2), "b");
	check_str("sub over the end", str_sub(STR("abc"), 2, 9), "c");
	check_str("sub behind the end", str_sub(STR("abc"), 8, 9), "");
	check_str("sub backwards", str_sub(STR("abc"), 2, 1), "");
	check_str("from nothing", str_from(none, 3), "");
	check_str("take", str_take(&rest, ' '), "a");
	check_str("what is left", rest, " b");
	check_str("take nothing", str_take(&rest, ' '), "");
	check_str("take the last", str_take(&rest, ' '), "b");
	check_str("take of nothing", str_take(&rest, ' '), "");
	check_str("trim", str_trim(STR(" \t\r\na b\n ")), "a b");
	check_str("trim blanks", str_trim(STR("   ")), "");
	check_str("trim nothing", str_trim(none), "");
	assert_int_equal(str_find(STR("abab"), 'b'), 1);
	assert_int_equal(str_find_last(STR("abab"), 'b'), 3);
	assert_int_equal(str_find(STR("a"), 'b'), -1);
	assert_int_equal(str_find_last(none, 'b'), -1);
	assert_int_equal(str_find(none, 'b'), -1);
	check_str("NULL", str_of(NULL), "");
}

static void
only_utf8_is_utf8(void **state)
{
	const struct {
		const char *what;
		struct str text;
		ptrdiff_t bad;
	} cases[] = {
		{ "nothing", STR(""), -1 },
		{ "ASCII with a NUL", STR("a\0b"), -1 },
		{ "two bytes", STR("\xc3\xbc"), -1 },
		{ "three bytes", STR("\xe2\x82\xac"), -1 },
		{ "four bytes", STR("\xf0\x9f\x98\x80"), -1 },
		{ "the last code point", STR("\xf4\x8f\xbf\xbf"), -1 },
		{ "over the last", STR("\xf4\x90\x80\x80"), 0 },
		{ "a surrogate", STR("\xed\xa0\x80"), 0 },
		{ "before the surrogates", STR("\xed\x9f\xbf"), -1 },
		{ "overlong in two", STR("\xc1\xbf"), 0 },
		{ "overlong in three", STR("\xe0\x9f\xbf"), 0 },
		{ "overlong in four", STR("\xf0\x8f\xbf\xbf"), 0 },
		{ "a lone continuation", STR("a\x80"), 1 },
		{ "cut after one", STR("ab\xc3"), 2 },
		{ "cut after two", STR("ab\xe2\x82"), 2 },
		{ "cut after three", STR("\xf0\x9f\x98"), 0 },
		{ "a wrong third byte",
		    STR("\xe2\x82"
			"a"),
		    0 },
		{ "no byte of UTF-8", STR("\xff"), 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		if (utf8_bad(cases[i].text) != cases[i].bad)
			fail_msg(
			    "%s: %td", cases[i].what, utf8_bad(cases[i].text));
	assert_int_equal(utf8_sequence(STR("\xc3\xbc")), 2);
	assert_int_equal(utf8_sequence(STR("")), 0);
}

/* Addresses and networks. */

static void
addresses_have_one_text(void **state)
{
	static const struct {
		const char *in, *want; /* NULL: none */
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:DB8:0:0::1", "2001:db8::1" },
		{ "IPv6:2001:db8::1", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::", "::" },
		{ "", NULL },
		{ "192.0.2", NULL },
		{ "192.0.2.256", NULL },
		{ "192.0.2.1 ", NULL },
		{ "[192.0.2.1]", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "fe80::1%eth0", NULL },
		{ "2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001", NULL },
	};
	char text[IP_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct ip ip;
		int rc = ip_parse(str_of(cases[i].in), &ip);

		assert_int_equal(rc, cases[i].want == NULL ? -1 : 0);
		if (rc == 0)
			check_str(
			    cases[i].in, ip_text(&ip, text), cases[i].want);
	}
	assert_int_equal(
	    ip_parse(STR("192.0.2.1\0x"), &(struct ip){ IP_NONE, { 0 } }), -1);
	check_str("none", ip_text(&(struct ip){ IP_NONE, { 0 } }, text), "");
}

static struct ip
make_ip(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(str_of(text), &ip), 0);
	return ip;
}

static void
addresses_answer_questions(void **state)
{
	struct ip v4 = make_ip("127.1.2.3"), v6 = make_ip("::1");
	struct ip mapped = make_ip("::ffff:127.1.2.3"), none = { 0 };
	char text[IP_TEXT_MAX];
	struct ip net;

	(void)state;
	assert_true(ip_eq(&v4, &mapped));
	assert_false(ip_eq(&v4, &v6));
	assert_true(ip_is_loopback(&v4));
	assert_true(ip_is_loopback(&v6));
	assert_false(ip_is_loopback(&none));
	assert_int_equal(ip_bits(&v4), 32);
	assert_int_equal(ip_bits(&v6), 128);
	v6 = make_ip("2001:db8:ffff:ffff:ffff::1");
	net = ip_masked(&v6, 52);
	check_str("a prefix", ip_text(&net, text), "2001:db8:ffff:f000::");
	net = ip_masked(&v6, 128);
	assert_true(ip_eq(&net, &v6));
	net = ip_masked(&v4, 0);
	check_str("no prefix", ip_text(&net, text), "0.0.0.0");
}

static void
networks_have_their_addresses(void **state)
{
	static const struct {
		const char *net;
		int rc;
		const char *in, *out;
	} cases[] = {
		{ "192.0.2.0/24", 0, "192.0.2.255", "192.0.3.0" },
		{ "192.0.2.1", 0, "192.0.2.1", "192.0.2.2" },
		{ "10.0.0.0/9", 0, "::ffff:10.127.0.1", "10.128.0.0" },
		{ "0.0.0.0/0", 0, "192.0.2.1", "::1" },
		{ "::/0", 0, "2001:db8::1", "192.0.2.1" },
		{ "2001:db8::/33", 0, "2001:db8:7fff::", "2001:db8:8000::" },
		{ "10.0.0.1/8", -2, NULL, NULL },
		{ "2001:db8::1/64", -2, NULL, NULL },
		{ "10.0.0.0/33", -1, NULL, NULL },
		{ "::/129", -1, NULL, NULL },
		{ "10.0.0.0/", -1, NULL, NULL },
		{ "10.0.0.0/-1", -1, NULL, NULL },
		{ "10.0.0.0/8/8", -1, NULL, NULL },
		{ "10.0.0.0/0008", -1, NULL, NULL },
		{ "/8", -1, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct ip_net net;
		struct ip in, out;
		int rc = ip_net_parse(str_of(cases[i].net), &net);

		if (rc != cases[i].rc)
			fail_msg("%s gave %d", cases[i].net, rc);
		if (rc != 0)
			continue;
		in = make_ip(cases[i].in);
		out = make_ip(cases[i].out);
		if (!ip_net_has(&net, &in) || ip_net_has(&net, &out))
			fail_msg("%s has the wrong addresses", cases[i].net);
	}
}

/* Quantities. */

static void
a_number_is_digits_up_to_its_maximum(void **state)
{
	static const char *const wrong[] = { "", "-1", "+1", " 1", "1 ", "1k",
		"0x10", "65536", "655350", "000001", "18446744073709551616" };
	uint64_t number = 77;

	(void)state;
	for (size_t i = 0; i < N_OF(wrong); i++)
		if (number_parse(str_of(wrong[i]), 65535, &number) != -1)
			fail_msg("\"%s\" is a number", wrong[i]);
	assert_int_equal(number, 77);
	assert_int_equal(number_parse(STR("65535"), 65535, &number), 0);
	assert_int_equal(number, 65535);
	assert_int_equal(number_parse(STR("007"), 999, &number), 0);
	assert_int_equal(number, 7);
	assert_int_equal(
	    number_parse(STR("18446744073709551615"), UINT64_MAX, &number), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(
	    number_parse(STR("18446744073709551616"), UINT64_MAX, &number), -1);
}

static void
amounts_are_read_and_printed(void **state)
{
	static const struct {
		const char *text;
		uint64_t amount;
		const char *printed;
	} cases[] = {
		{ "0", 0, "0" },
		{ "7", 7, "7" },
		{ "1500", 1500, "1500" },
		{ "20k", 20000, "20k" },
		{ "1000k", 1000000, "1M" },
		{ "3G", 3000000000, "3G" },
		{ "1000000000000000", 1000000000000000, "1000000G" },
	};
	static const char *const wrong[] = { "", "k", "-1", "+1", "1 k", "1K",
		"1kk", "1.5k", "0x10", "1000000000000001", "1000001G",
		"99999999999999999999999999" };
	char text[QUANTITY_TEXT_MAX];
	uint64_t amount = 77;

	(void)state;
	for (size_t i = 0; i < N_OF(wrong); i++)
		if (amount_parse(str_of(wrong[i]), &amount) != -1)
			fail_msg("\"%s\" is an amount", wrong[i]);
	assert_int_equal(amount, 77);
	for (size_t i = 0; i < N_OF(cases); i++) {
		assert_int_equal(
		    amount_parse(str_of(cases[i].text), &amount), 0);
		assert_true(amount == cases[i].amount);
		check_str(
		    cases[i].text, amount_text(amount, text), cases[i].printed);
	}
}

static void
durations_are_read_and_printed(void **state)
{
	static const struct {
		const char *text;
		uint32_t sec;
		const char *printed;
	} cases[] = {
		{ "1s", 1, "1s" },
		{ "60s", 60, "1m" },
		{ "90s", 90, "90s" },
		{ "1h", 3600, "1h" },
		{ "24h", 86400, "1d" },
		{ "7d", 604800, "1w" },
		{ "3660d", 316224000, "3660d" },
	};
	static const char *const wrong[] = { "", "s", "0s", "1", "1ms", "3661d",
		"4294967297s", "1h30m", "1 h", "-1s" };
	char text[QUANTITY_TEXT_MAX];
	uint32_t number = 77;

	(void)state;
	for (size_t i = 0; i < N_OF(wrong); i++)
		if (duration_parse(str_of(wrong[i]), &number) != -1)
			fail_msg("\"%s\" is a duration", wrong[i]);
	assert_int_equal(number, 77);
	for (size_t i = 0; i < N_OF(cases); i++) {
		assert_int_equal(
		    duration_parse(str_of(cases[i].text), &number), 0);
		assert_int_equal(number, cases[i].sec);
		check_str(cases[i].text, duration_text(number, text),
		    cases[i].printed);
	}
	assert_int_equal(duration_parse_ms(STR("100ms"), &number), 0);
	assert_int_equal(number, 100);
	assert_int_equal(duration_parse_ms(STR("2m"), &number), 0);
	assert_int_equal(number, 120000);
	assert_int_equal(duration_parse_ms(STR("0ms"), &number), -1);
	assert_int_equal(duration_parse_ms(STR("4294968s"), &number), -1);
}

static void
clocks_go_forward(void **state)
{
	int64_t start = clock_steady_us();

	(void)state;
	assert_true(clock_steady_us() >= start);
	assert_true(clock_wall_ms() > INT64_C(1700000000000));
}

/* Host names. */

static void
host_names_have_one_spelling(void **state)
{
	const struct {
		struct str in;
		const char *want;
	} cases[] = {
		{ STR("Example.ORG"), "example.org" },
		{ STR("example.org."), "example.org" },
		{ STR("bücher.example"), "xn--bcher-kva.example" },
		{ STR("BÜCHER.example"), "xn--bcher-kva.example" },
		{ STR("bu\xcc\x88"
		      "cher.example"),
		    "xn--bcher-kva.example" },
		{ STR("straße.example"), "xn--strae-oqa.example" },
		{ STR("xn--bcher-kva.example"), "xn--bcher-kva.example" },
		{ STR("bücher。example。"), "xn--bcher-kva.example" },
		{ STR(""), "" },
		{ STR("."), "" },
		{ STR("[192.0.2.1]"), "[192.0.2.1]" },
		{ STR("under_score"), "under_score" },
		{ STR("B\xfc"), "b\xfc" },
	};
	struct arena *arena = arena_new(100);
	char name[DOMAIN_MAX + 100];
	struct str got;

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		check_str(cases[i].in.p, domain_normal(arena, cases[i].in),
		    cases[i].want);
	memset(name, 'A', sizeof(name));
	memcpy(name, "\xc3\xbc", 2);
	got = domain_normal(arena, (struct str){ name, sizeof(name) });
	assert_int_equal(got.len, sizeof(name));
	assert_int_equal(got.p[2], 'a');
	got = domain_normal(arena, STR("\xc3\xbc.org\0.evil"));
	assert_true(str_eq(got, STR("\xc3\xbc.org\0.evil")));
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arena_gives_aligned_memory_of_any_size),
		cmocka_unit_test(text_in_an_arena_ends_with_a_nul),
		cmocka_unit_test(an_array_grows_and_keeps_its_elements),
		cmocka_unit_test(a_buf_grows_and_starts_empty),
		cmocka_unit_test(strings_are_compared_by_bytes),
		cmocka_unit_test(strings_are_cut_within_their_bounds),
		cmocka_unit_test(only_utf8_is_utf8),
		cmocka_unit_test(addresses_have_one_text),
		cmocka_unit_test(addresses_answer_questions),
		cmocka_unit_test(networks_have_their_addresses),
		cmocka_unit_test(a_number_is_digits_up_to_its_maximum),
		cmocka_unit_test(amounts_are_read_and_printed),
		cmocka_unit_test(durations_are_read_and_printed),
		cmocka_unit_test(clocks_go_forward),
		cmocka_unit_test(host_names_have_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
