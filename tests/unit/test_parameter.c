/*
 * Content-Type and Content-Disposition: how values end, what RFC 2231 joins,
 * what comes twice. A list is printed as "value;name=decoded(raw);…".
 */
#include "mime/parameter.h"
#include "slower.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define N_OF(table)   (sizeof(table) / sizeof((table)[0]))
#define HOSTILE_BYTES 65536

#define HOSTILE_MAX_US (20000 * TIMES_SLOWER)

#define BIT_PARAMETER DAMAGE_BIT(DAMAGE_PARAMETER)
#define BIT_AMBIGUOUS DAMAGE_BIT(DAMAGE_AMBIGUOUS)
#define BIT_CHARSET   DAMAGE_BIT(DAMAGE_CHARSET)
#define BIT_RAW       DAMAGE_BIT(DAMAGE_RAW_8BIT)

struct parameter_case {
	const char *what;
	struct str raw;
	const char *want;
	uint64_t damage;
};

static void
print_list(struct buf *out, const struct parameters *parameters)
{
	buf_add(out, parameters->value);
	for (size_t i = 0; i < parameters->n; i++) {
		const struct parameter *p = &parameters->list[i];

		buf_printf(
		    out, ";%.*s=%.*s", STR_ARG(p->name), STR_ARG(p->decoded));
		if (!str_eq(p->decoded, p->raw))
			buf_printf(out, "(%.*s)", STR_ARG(p->raw));
	}
}

static void
check(const struct parameter_case *c, const struct mime_limits *limits)
{
	struct arena *arena = arena_new(4096);
	struct parameters parameters;
	struct buf got = { 0 };
	uint64_t damage = 0;

	parameters_read(arena, c->raw, limits, &parameters, &damage);
	print_list(&got, &parameters);
	if (!str_is(buf_str(&got), c->want) || damage != c->damage)
		fail_msg("%s: got \"%s\", damage %llx; wanted \"%s\", %llx",
		    c->what, buf_str(&got).p, (unsigned long long)damage,
		    c->want, (unsigned long long)c->damage);
	buf_done(&got);
	arena_free(arena);
}

static void
check_all(const struct parameter_case *cases, size_t n)
{
	struct mime_limits limits = mime_limits_of(1048576);

	for (size_t i = 0; i < n; i++)
		check(&cases[i], &limits);
}

static void
what_is_right_is_read_without_damage(void **state)
{
	const struct parameter_case cases[] = {
		{ "type alone", STR("text/plain"), "text/plain", 0 },
		{ "blanks around it", STR("  text/plain  "), "text/plain", 0 },
		{ "empty", STR(""), "", 0 },
		{ "case", STR("Text/HTML; CharSet=UTF-8"),
		    "text/html;charset=UTF-8", 0 },
		{ "two", STR("text/plain; charset=utf-8; format=flowed"),
		    "text/plain;charset=utf-8;format=flowed", 0 },
		{ "no blanks", STR("a/b;c=d;e=f"), "a/b;c=d;e=f", 0 },
		{ "folded", STR("a/b;\r\n\tc=d;\n e=f"), "a/b;c=d;e=f", 0 },
		{ "quoted", STR("a/b; c=\"d; e=f\""), "a/b;c=d; e=f", 0 },
		{ "quoted quote", STR("a/b; c=\"d\\\"e\\\\f\""),
		    "a/b;c=d\"e\\f", 0 },
		{ "empty and quoted", STR("a/b; c=\"\"; d=e"), "a/b;c=;d=e",
		    0 },
		{ "semicolon at the end", STR("a/b; c=d;"), "a/b;c=d", 0 },
		{ "semicolons between", STR("a/b;; c=d;; ;e=f"), "a/b;c=d;e=f",
		    0 },
		{ "blanks around the equals sign", STR("a/b; c = d"), "a/b;c=d",
		    0 },
		{ "comments", STR("text(x)/(y (z) \\) )plain (a) ; (b) c(d)=e"),
		    "text/plain;c=e", 0 },
		{ "a comment behind the value", STR("a/b; c=d (e; f); g=h"),
		    "a/b;c=d;g=h", 0 },
		{ "a comment behind quotes", STR("a/b; c=\"d\" (e); g=h"),
		    "a/b;c=d;g=h", 0 },
		{ "blanks around the slash", STR("text / plain; a=b"),
		    "text/plain;a=b", 0 },
	};

	(void)state;
	check_all(cases, N_OF(cases));
}

static void
rfc_2231_is_put_together(void **state)
{
	const struct parameter_case cases[] = {
		{ "extended", STR("a; n*=utf-8'de'Gr%C3%BC%C3%9Fe"),
		    "a;n=Grüße(utf-8'de'Gr%C3%BC%C3%9Fe)", 0 },
		{ "small hex digits", STR("a; n*=utf-8''%c3%bc"),
		    "a;n=ü(utf-8''%c3%bc)", 0 },
		{ "other charset", STR("a; n*=iso-8859-1''%FC"),
		    "a;n=ü(iso-8859-1''%FC)", 0 },
		{ "empty charset", STR("a; n*=''%C3%BC"), "a;n=ü(''%C3%BC)",
		    0 },
		{ "quoted all the same", STR("a; n*=\"utf-8''%20x\""),
		    "a;n= x(utf-8''%20x)", 0 },
		{ "sections", STR("a; n*0=\"b c\"; n*1=d"), "a;n=b cd", 0 },
		{ "sections in another order", STR("a; n*1=d; n*0=c"), "a;n=cd",
		    0 },
		{ "ten and more",
		    STR("a; n*10=k; n*0=a; n*1=b; n*2=c; n*3=d; n*4=e; n*5=f;"
			"n*6=g; n*7=h; n*8=i; n*9=j"),
		    "a;n=abcdefghijk", 0 },
		{ "extended sections",
		    STR("a; n*0*=utf-8''%C3; n*1*=%BC%20; n*2=%41"),
		    "a;n=ü %41(utf-8''%C3%BC%20%41)", 0 },
		{ "between others", STR("a; n*0=b; x=y; n*1=c; z=1"),
		    "a;n=bc;x=y;z=1", 0 },
		{ "beside the plain one", STR("a; n=old; n*=utf-8''new"),
		    "a;n=old;n=new(utf-8''new)", 0 },
		{ "a gap", STR("a; n*0=b; n*2=d"), "a;n=bd", BIT_PARAMETER },
		{ "no first one", STR("a; n*1=b"), "a;n=b", BIT_PARAMETER },
		{ "no charset", STR("a; n*=%41b"), "a;n=Ab(%41b)",
		    BIT_PARAMETER },
		{ "wrong hex", STR("a; n*=utf-8''%4x%"),
		    "a;n=%4x%(utf-8''%4x%)", BIT_PARAMETER },
		{ "unknown charset", STR("a; n*=klingon''b%FC"),
		    "a;n=bü(klingon''b%FC)", BIT_CHARSET },
		{ "bytes not of the charset", STR("a; n*=utf-8''b%FC"),
		    "a;n=bü(utf-8''b%FC)", BIT_CHARSET },
		{ "star and junk", STR("a; n*x=b"), "a;n=b", BIT_PARAMETER },
		{ "a huge number", STR("a; n*99999999999=b"), "a;n=b",
		    BIT_PARAMETER },
		{ "one number twice", STR("a; n*0=b; n*0=c; n*1=d"), "a;n=bd",
		    BIT_AMBIGUOUS },
	};

	(void)state;
	check_all(cases, N_OF(cases));
}

static void
rfc_2047_is_decoded_though_forbidden(void **state)
{
	const struct parameter_case cases[] = {
		{ "in quotes", STR("a; n=\"=?utf-8?q?=C3=BC?=\""),
		    "a;n=ü(=?utf-8?q?=C3=BC?=)", 0 },
		{ "two, folded",
		    STR("a; n=\"=?utf-8?q?a?=\r\n =?utf-8?q?b?=\""),
		    "a;n=ab(=?utf-8?q?a?= =?utf-8?q?b?=)", 0 },
		{ "without quotes", STR("a; n==?utf-8?q?a?=; c=d"),
		    "a;n=a(=?utf-8?q?a?=);c=d", BIT_PARAMETER },
		{ "raw UTF-8", STR("a; n=\"\xc3\xbc\""), "a;n=ü", 0 },
		{ "raw Latin-1", STR("a; n=\"\xfc\""), "a;n=ü(\xfc)", BIT_RAW },
	};

	(void)state;
	check_all(cases, N_OF(cases));
}

static void
what_programs_read_differently_is_read_both_ways(void **state)
{
	const struct parameter_case cases[] = {
		{ "blanks in a bare name", STR("a; n=my file.exe; c=d"),
		    "a;n=my file.exe;n=my;c=d", BIT_PARAMETER },
		{ "parentheses in a bare name", STR("a; n=my(1).pdf; c=d"),
		    "a;n=my(1).pdf;c=d", BIT_PARAMETER },
		{ "and behind a blank", STR("a; n=my (1).pdf; c=d"),
		    "a;n=my (1).pdf;n=my;c=d", BIT_PARAMETER },
		{ "a semicolon lacks", STR("a; n=b c=d"), "a;n=b;n=b c=d;c=d",
		    BIT_PARAMETER },
		{ "behind the type", STR("a/b c=d"), "a/b;c=d", BIT_PARAMETER },
		{ "behind quotes", STR("a; n=\"b\" c=d"), "a;n=b;c=d",
		    BIT_PARAMETER },
		{ "junk behind quotes", STR("a; n=\"b\".exe; c=d"),
		    "a;n=b;n=b.exe;c=d", BIT_PARAMETER },
		{ "no closing quote", STR("a; n=\"b; c=d"),
		    "a;n=b; c=d;n=b;c=d", BIT_PARAMETER },
		{ "a backslash that is kept or not", STR("a; n=\"b\\c.exe\""),
		    "a;n=b\\c.exe;n=bc.exe", 0 },
		{ "twice and differing", STR("a; n=b; n=c"), "a;n=b;n=c",
		    BIT_AMBIGUOUS },
		{ "twice the same", STR("a; n=b; n=\"b\""), "a;n=b;n=b", 0 },
		{ "an open comment", STR("a (b; c=d"), "a;c=d", BIT_PARAMETER },
		{ "no value", STR("a; n; c=d"), "a;c=d", BIT_PARAMETER },
		{ "no name", STR("a; =b; c=d"), "a;c=d", BIT_PARAMETER },
		{ "only junk", STR("\"\"\"=;((("), "=", BIT_PARAMETER },
		{ "a NUL", STR("a; n=\"b\0c\""), "a;n=b c;n=b", BIT_PARAMETER },
		{ "a parameter comes first", STR("Name=x; a=1"), ";name=x;a=1",
		    BIT_PARAMETER },
		{ "a NUL", STR("a; name=\"x\0.b\"; c=1"),
		    "a;name=x .b;c=1;name=x", BIT_PARAMETER },
		{ "specials unquoted", STR("a; n=--=_x:y/z"), "a;n=--=_x:y/z",
		    BIT_PARAMETER },
	};

	(void)state;
	check_all(cases, N_OF(cases));
}

static void
caps_keep_the_first_and_the_last(void **state)
{
	struct mime_limits limits = mime_limits_of(1048576);
	const struct parameter_case list = { "five of three",
		STR("a; name=1; number=2; charset=3; name=4; number=5"),
		"a;name=1;number=2;number=5", BIT_PARAMETER | BIT_AMBIGUOUS };
	const struct parameter_case amid = { "one of many that matters",
		STR("a; b=1; c=2; d=3; e=4; name=5; f=6; g=7"),
		"a;b=1;c=2;d=3;name=5", BIT_PARAMETER };
	const struct parameter_case field = { "a long field",
		STR("text/plain; name=abcdefgh"), "text/plain;name=abc",
		DAMAGE_BIT(DAMAGE_HEADER_SIZE) };

	(void)state;
	limits.parameters = 3;
	check(&list, &limits);
	limits.parameters = 4;
	check(&amid, &limits);
	limits.header_bytes = 20;
	check(&field, &limits);
}

static void
parameters_are_found_by_name(void **state)
{
	struct mime_limits limits = mime_limits_of(1048576);
	struct arena *arena = arena_new(4096);
	struct parameters parameters;
	uint64_t damage = 0;
	size_t at = 0;

	(void)state;
	parameters_read(
	    arena, STR("a; B=1; c=2; b=3"), &limits, &parameters, &damage);
	assert_true(str_is(parameters_next(&parameters, "b", &at)->raw, "1"));
	assert_true(str_is(parameters_next(&parameters, "b", &at)->raw, "3"));
	assert_null(parameters_next(&parameters, "b", &at));
	arena_free(arena);
}

static long
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Each makes something be searched for from each of its places. */
static void
hostile_bytes_take_linear_time(void **state)
{
	static const char *const pieces[] = { "(", "a=\"", "; a=\"b", " a=b",
		"a", ";", "=", "\\", "a*0*=''%", "; n*1=", ";a=b ", "()", "( ",
		"=?a?q?", "\"" };
	struct mime_limits limits = mime_limits_of(1048576);

	(void)state;
	for (size_t i = 0; i < N_OF(pieces); i++) {
		struct arena *arena = arena_new(4096);
		struct parameters parameters;
		struct buf raw = { 0 };
		uint64_t damage = 0;
		long since, took;

		buf_add_cstr(&raw, "text/plain; ");
		while (raw.len < HOSTILE_BYTES)
			buf_add_cstr(&raw, pieces[i]);
		since = cpu_us();
		parameters_read(
		    arena, buf_str(&raw), &limits, &parameters, &damage);
		took = cpu_us() - since;
		if (took > HOSTILE_MAX_US)
			fail_msg(
			    "\"%s\" repeated took %ld us", pieces[i], took);
		assert_true(parameters.n <= limits.parameters);
		arena_free(arena);
		buf_done(&raw);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_right_is_read_without_damage),
		cmocka_unit_test(rfc_2231_is_put_together),
		cmocka_unit_test(rfc_2047_is_decoded_though_forbidden),
		cmocka_unit_test(
		    what_programs_read_differently_is_read_both_ways),
		cmocka_unit_test(caps_keep_the_first_and_the_last),
		cmocka_unit_test(parameters_are_found_by_name),
		cmocka_unit_test(hostile_bytes_take_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
