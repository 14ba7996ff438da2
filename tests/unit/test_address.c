/*
 * Address lists and envelope paths. A case shows what is read as one text:
 * "name|address|local|domain", one line an address.
 */
#include "base/buf.h"
#include "base/utf8.h"
#include "mime/address.h"
#include "slower.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define HOSTILE_BYTES 65536

/* What the contract promises. */
#define HOSTILE_MAX_US (20000 * TIMES_SLOWER)
#define N_RANDOM       5000

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

#define BIT_ADDRESS DAMAGE_BIT(DAMAGE_ADDRESS)
#define BIT_COUNT   DAMAGE_BIT(DAMAGE_ADDRESS_COUNT)
#define BIT_WORD    DAMAGE_BIT(DAMAGE_ENCODED_WORD)
#define BIT_CHARSET DAMAGE_BIT(DAMAGE_CHARSET)
#define BIT_RAW     DAMAGE_BIT(DAMAGE_RAW_8BIT)
#define BIT_CONTROL DAMAGE_BIT(DAMAGE_CONTROL)

struct list_case {
	const char *what;
	const char *in;
	const char *want;
	uint64_t damage;
};

static void
show_list(struct buf *out, const struct mime_address *list, size_t n)
{
	buf_clear(out);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(out, '\n');
		buf_add(out, list[i].name);
		buf_byte(out, '|');
		buf_add(out, list[i].address);
		buf_byte(out, '|');
		buf_add(out, list[i].local);
		buf_byte(out, '|');
		buf_add(out, list[i].domain);
	}
}

static void
check_list(const struct list_case *c)
{
	struct arena *arena = arena_new(4096);
	struct mime_address *list;
	struct buf got = { 0 };
	uint64_t damage = 0;
	size_t n = address_list(arena, str_of(c->in), &list, &damage);

	show_list(&got, list, n);
	if (!str_is(buf_str(&got), c->want) || damage != c->damage) {
		print_error("%s:\n  got    \"%.*s\" damage %x\n"
			    "  wanted \"%s\" damage %x\n",
		    c->what, STR_ARG(buf_str(&got)), (unsigned)damage, c->want,
		    (unsigned)c->damage);
		fail();
	}
	buf_done(&got);
	arena_free(arena);
}

static void
right_lists_are_read(void **state)
{
	static const struct list_case cases[] = {
		{ "nothing", "", "", 0 },
		{ "bare", "anna@example.org",
		    "|anna@example.org|anna|example.org", 0 },
		{ "brackets only", "<anna@example.org>",
		    "|anna@example.org|anna|example.org", 0 },
		{ "with a name", "Anna Example <anna@example.org>",
		    "Anna Example|anna@example.org|anna|example.org", 0 },
		{ "no blank", "Anna<a@b>", "Anna|a@b|a|b", 0 },
		{ "a quoted name", "\"Example, Anna\" <a@b>",
		    "Example, Anna|a@b|a|b", 0 },
		{ "quotes in quotes", "\"the \\\"boss\\\"\" <a@b>",
		    "the \"boss\"|a@b|a|b", 0 },
		{ "an address in quotes is a name", "\"x@y\" <a@b>",
		    "x@y|a@b|a|b", 0 },
		{ "a dot in the name", "John Q. Public <a@b>",
		    "John Q. Public|a@b|a|b", 0 },
		{ "an encoded name", "=?utf-8?q?J=C3=B6rg?= <a@b>",
		    "Jörg|a@b|a|b", 0 },
		{ "two encoded words",
		    "=?utf-8?q?J=C3=B6?=\r\n =?utf-8?q?rg?= <a@b>",
		    "Jörg|a@b|a|b", 0 },
		{ "a raw name", "Jörg <a@b>", "Jörg|a@b|a|b", 0 },
		{ "a comment as name", "a@b (Anna \\) (x))",
		    "Anna ) (x)|a@b|a|b", 0 },
		{ "an encoded comment", "a@b (=?utf-8?q?=C3=A4?=)", "ä|a@b|a|b",
		    0 },
		{ "a comment and a name", "Anna (x) <a@b> (y)", "Anna|a@b|a|b",
		    0 },
		{ "comments everywhere", "(x)a(y)@(z)b(w)", "x|a@b|a|b", 0 },
		{ "two", "a@b, Anna <c@d>", "|a@b|a|b\nAnna|c@d|c|d", 0 },
		{ "folded", "a@b,\r\n\tc@d", "|a@b|a|b\n|c@d|c|d", 0 },
		{ "stray commas", ",, a@b, ,c@d,", "|a@b|a|b\n|c@d|c|d", 0 },
		{ "blanks around the at", "a @ b . c", "|a@b.c|a|b.c", 0 },
		{ "a quoted local part", "\"a b\"@c", "|a b@c|a b|c", 0 },
		{ "an at in a local part", "\"a@b\"@c", "|a@b@c|a@b|c", 0 },
		{ "quotes in brackets", "<\"a,b\\\">\"@c>",
		    "|a,b\">@c|a,b\">|c", 0 },
		{ "a literal", "a@[192.0.2.1]", "|a@[192.0.2.1]|a|[192.0.2.1]",
		    0 },
		{ "an IPv6 literal", "<a@[IPv6:2001:db8::1]>",
		    "|a@[IPv6:2001:db8::1]|a|[IPv6:2001:db8::1]", 0 },
		{ "a route", "<@x,@y:a@b>", "|a@b|a|b", 0 },
		{ "a group", "Friends: a@b, Anna <c@d>;",
		    "|a@b|a|b\nAnna|c@d|c|d", 0 },
		{ "an empty group", "undisclosed-recipients:;", "", 0 },
		{ "behind a group", "x:a@b;, c@d", "|a@b|a|b\n|c@d|c|d", 0 },
		{ "UTF-8 addresses", "jörg@bücher.example",
		    "|jörg@bücher.example|jörg|bücher.example", 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		check_list(&cases[i]);
}

static void
wrong_lists_are_survived(void **state)
{
	static const struct list_case cases[] = {
		{ "no domain", "root", "|root|root|", BIT_ADDRESS },
		{ "no domain in brackets", "<root>", "|root|root|",
		    BIT_ADDRESS },
		{ "no local part", "@b", "|@b||b", BIT_ADDRESS },
		{ "nothing behind the at", "a@", "|a@|a|", BIT_ADDRESS },
		{ "a name only", "Anna Example", "Anna Example|||",
		    BIT_ADDRESS },
		{ "a quoted name only", "\"Anna Example\"", "Anna Example|||",
		    BIT_ADDRESS },
		{ "an encoded name only", "=?utf-8?q?x?=", "x|||",
		    BIT_ADDRESS },
		{ "empty brackets", "<>", "", BIT_ADDRESS },
		{ "a name and empty brackets", "Anna <>", "Anna|||",
		    BIT_ADDRESS },
		{ "empty quotes", "\"\"", "", BIT_ADDRESS },
		{ "no brackets", "Anna a@b", "Anna|a@b|a|b", 0 },
		{ "no brackets, name last", "a@b Anna", "Anna|a@b|a|b", 0 },
		{ "no closing bracket", "Anna <a@b", "Anna|a@b|a|b",
		    BIT_ADDRESS },
		{ "no closing bracket, then more", "<a@b, c@d",
		    "|a@b|a|b\n|c@d|c|d", BIT_ADDRESS },
		{ "no opening bracket", "a@b>", "|a@b|a|b", BIT_ADDRESS },
		{ "two opening brackets", "<<a@b>>", "|a@b|a|b", BIT_ADDRESS },
		{ "no comma", "a@b c@d", "|a@b|a|b\n|c@d|c|d", BIT_ADDRESS },
		{ "no comma between brackets", "<a@b> <c@d>",
		    "|a@b|a|b\n|c@d|c|d", BIT_ADDRESS },
		{ "no comma, with names", "X <a@b> Y <c@d>",
		    "X Y|a@b|a|b\n|c@d|c|d", BIT_ADDRESS },
		{ "a bracket in brackets", "<a@b<c@d>", "|a@b|a|b\n|c@d|c|d",
		    BIT_ADDRESS },
		{ "an address as name", "x@y <a@b>", "x@y|a@b|a|b",
		    BIT_ADDRESS },
		{ "two addresses as names", "x@y z@w <a@b>",
		    "|x@y|x|y\nz@w|a@b|a|b", BIT_ADDRESS },
		{ "an address behind brackets", "<a@b> c@d",
		    "|a@b|a|b\n|c@d|c|d", BIT_ADDRESS },
		{ "two ats", "a@b@c", "|a@b@c|a@b|c", BIT_ADDRESS },
		{ "a blank in brackets", "<a b@c>", "|ab@c|ab|c", BIT_ADDRESS },
		{ "an open comment hides nothing", "Anna ( <a@b>",
		    "Anna|a@b|a|b", BIT_ADDRESS },
		{ "an open comment in brackets", "<a(@b>", "|a@b|a|b",
		    BIT_ADDRESS },
		{ "an open quote hides nothing", "\"Anna <a@b>", "Anna|a@b|a|b",
		    BIT_ADDRESS },
		{ "an open literal", "a@[b", "|a@[b|a|[b", 0 },
		{ "an open group", "x: a@b", "|a@b|a|b", BIT_ADDRESS },
		{ "a group in a group", "x: y: a@b;", "|a@b|a|b", BIT_ADDRESS },
		{ "semicolons for commas", "a@b; c@d", "|a@b|a|b\n|c@d|c|d",
		    BIT_ADDRESS },
		{ "an address as group", "a@b: c@d;", "|a@b|a|b\n|c@d|c|d",
		    BIT_ADDRESS },
		{ "a route without end", "<@x>", "|@x||x", BIT_ADDRESS },
		{ "a backslash", "a\\,b@c", "|a,b@c|a,b|c", 0 },
		{ "a backslash at the end", "a@b\\", "|a@b|a|b", 0 },
		{ "specials in an encoded word", "=?utf-8?q?Doe,_<x@y>?= <a@b>",
		    "Doe, <x@y>|a@b|a|b", BIT_ADDRESS },
		{ "a decoded comma divides nothing",
		    "=?utf-8?q?x=2C_y=40z=2C?= <a@b>", "x, y@z,|a@b|a|b", 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		check_list(&cases[i]);
}

static void
hostile_bytes_in_lists_are_noted(void **state)
{
	static const struct list_case cases[] = {
		{ "raw 8 bit", "J\xf6rg <j\xf6@b>", "Jörg|jö@b|jö|b", BIT_RAW },
		{ "a broken word", "=?utf-8?x?y?= <a@b>",
		    "=?utf-8?x?y?=|a@b|a|b", BIT_WORD },
		{ "an unknown charset", "=?x?q?y?= <a@b>", "y|a@b|a|b",
		    BIT_CHARSET },
		/* "a@b c" is the name of a group, and an address. */
		{ "a line break", "a@b\nc: d", "c|a@b|a|b\n|d|d|",
		    BIT_CONTROL | BIT_ADDRESS },
		{ "a control byte", "a\x01@b", "|a\x01@b|a\x01|b",
		    BIT_CONTROL },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		check_list(&cases[i]);
}

static void
a_list_is_cut_at_its_maximum(void **state)
{
	struct arena *arena = arena_new(4096);
	struct mime_address *list;
	struct buf raw = { 0 };
	uint64_t damage = 0;

	(void)state;
	for (unsigned i = 1; i <= ADDRESSES_MAX; i++)
		buf_printf(&raw, "u%u@example.org, ", i);
	assert_int_equal(
	    address_list(arena, buf_str(&raw), &list, &damage), ADDRESSES_MAX);
	assert_int_equal(damage, 0);
	assert_true(str_is(list[ADDRESSES_MAX - 1].local, "u100"));
	buf_add_cstr(&raw, "one@more");
	assert_int_equal(
	    address_list(arena, buf_str(&raw), &list, &damage), ADDRESSES_MAX);
	assert_int_equal(damage, BIT_COUNT);
	buf_done(&raw);
	arena_free(arena);
}

static void
paths_are_taken_apart(void **state)
{
	static const struct {
		const char *in, *address, *local, *domain;
	} cases[] = {
		{ "<anna@example.org>", "anna@example.org", "anna",
		    "example.org" },
		{ "anna@example.org", "anna@example.org", "anna",
		    "example.org" },
		{ " <a@b> ", "a@b", "a", "b" },
		{ "<>", "", "", "" },
		{ "", "", "", "" },
		{ "<", "", "", "" },
		{ "<postmaster>", "postmaster", "postmaster", "" },
		{ "<@x,@y:a@b>", "a@b", "a", "b" },
		{ "<@x>", "@x", "", "x" },
		{ "<a@b@c>", "a@b@c", "a@b", "c" },
		{ "<\"a b\"@c>", "\"a b\"@c", "a b", "c" },
		{ "<\"a@b\">", "\"a@b\"", "a@b", "" },
		{ "<\"a\\\"b\"@c>", "\"a\\\"b\"@c", "\"a\\\"b\"", "c" },
		{ "<a@[192.0.2.1]>", "a@[192.0.2.1]", "a", "[192.0.2.1]" },
		{ "<a@b", "a@b", "a", "b" },
		{ "\"", "\"", "\"", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct str local, domain;
		struct str address =
		    address_of_path(str_of(cases[i].in), &local, &domain);

		if (!str_is(address, cases[i].address) ||
		    !str_is(local, cases[i].local) ||
		    !str_is(domain, cases[i].domain))
			fail_msg("%s gave %.*s, %.*s, %.*s", cases[i].in,
			    STR_ARG(address), STR_ARG(local), STR_ARG(domain));
	}
}

/* Of this process: what else the host does must not fail a test. */
static int64_t
cpu_us(void)
{
	return (int64_t)clock() * 1000000 / CLOCKS_PER_SEC;
}

static void
hostile_lists_take_linear_time(void **state)
{
	static const char *const patterns[] = { "(", ")", "()", "((", "\"",
		"\"\"", "\\", "<", ">", "<>", "<@", "<@a,", "a:", ":", ";", ",",
		"a@b,", "a@b ", "@", "[", "[a", "[]", " ", "a", "a ", ".", "=?",
		"=?a?q?", "=?a?q?,", "\"a", "(a", "a@", "a @ ", "<a(b", "a<",
		"<a@b> ", "\xff", "x:a@b;", "(\\" };
	char *bytes = malloc(HOSTILE_BYTES);

	(void)state;
	for (size_t i = 0; i < N_OF(patterns); i++) {
		struct arena *arena = arena_new(4096);
		struct str raw = { bytes, HOSTILE_BYTES };
		size_t len = strlen(patterns[i]);
		struct mime_address *list;
		uint64_t damage = 0;
		int64_t start, took;

		for (size_t at = 0; at < raw.len; at++)
			bytes[at] = patterns[i][at % len];
		/* What else the host does makes one run slow, not three. */
		took = INT64_MAX;
		for (int n = 0; n < 3 && took > HOSTILE_MAX_US; n++) {
			arena_free(arena);
			arena = arena_new(4096);
			start = cpu_us();
			address_list(arena, raw, &list, &damage);
			took = cpu_us() - start;
		}
		if (getenv("VERBOSE") != NULL)
			print_message("%6lld us, %zu bytes: %s\n",
			    (long long)took, arena_used(arena), patterns[i]);
		if (took > HOSTILE_MAX_US)
			fail_msg(
			    "%lld us for %s", (long long)took, patterns[i]);
		assert_true(arena_used(arena) < 16 * (size_t)HOSTILE_BYTES);
		arena_free(arena);
	}
	free(bytes);
}

static unsigned long long random_state = 20240229;

static unsigned
random_below(unsigned n)
{
	random_state =
	    random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % n;
}

static void
random_lists_give_whole_addresses(void **state)
{
	static const char alphabet[] =
	    "ab@@<>(),;:\"[]\\. \r\n=?uq\xc3\xbc\xff";

	(void)state;
	for (unsigned i = 0; i < N_RANDOM; i++) {
		struct arena *arena = arena_new(4096);
		struct mime_address *list;
		uint64_t damage = 0;
		char bytes[100];
		struct str raw = { bytes, random_below(sizeof(bytes)) };
		size_t n;

		for (size_t at = 0; at < raw.len; at++)
			bytes[at] = alphabet[random_below(N_OF(alphabet) - 1)];
		n = address_list(arena, raw, &list, &damage);
		assert_true(n <= ADDRESSES_MAX);
		for (size_t k = 0; k < n; k++) {
			struct mime_address *a = &list[k];

			assert_int_equal(utf8_bad(a->name), -1);
			assert_int_equal(utf8_bad(a->address), -1);
			assert_true(a->name.len + a->address.len > 0);
			assert_true(str_starts(a->address, a->local));
			assert_true(str_ends_nocase(a->address, a->domain));
			assert_true(
			    a->domain.len == 0 ||
			    a->local.len + 1 + a->domain.len == a->address.len);
		}
		arena_free(arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_lists_are_read),
		cmocka_unit_test(wrong_lists_are_survived),
		cmocka_unit_test(hostile_bytes_in_lists_are_noted),
		cmocka_unit_test(a_list_is_cut_at_its_maximum),
		cmocka_unit_test(paths_are_taken_apart),
		cmocka_unit_test(hostile_lists_take_linear_time),
		cmocka_unit_test(random_lists_give_whole_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
