/*
 * Addresses of web pages: where they begin and end in a text, and what a
 * browser makes of each.
 */
#include "base/buf.h"
#include "mime/url.h"

#include "base/utf8.h"
#include "mime/url_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))
#define SMALL_BYTES ((size_t)128 * 1024)
#define LARGE_TIMES 8
#define RATIO_MAX   40
#define LEAST_US    2000

struct found_case {
	const char *text;
	const char *want; /* each with "\n" behind it */
};

static const struct found_case found[] = {
	{ "http://a.example", "http://a.example\n" },
	{ "see http://a.example/b, or https://c.example.",
	    "http://a.example/b\nhttps://c.example\n" },
	{ "(http://a.example/b)", "http://a.example/b\n" },
	{ "(see http://a.example/b_(c))!", "http://a.example/b_(c)\n" },
	{ "[http://a.example/?x=[1]]", "http://a.example/?x=[1]\n" },
	{ "\"http://a.example/\"", "http://a.example/\n" },
	{ "'http://a.example/'.", "http://a.example/\n" },
	{ "(http://a.example)or http://b.example,http://c.example;x",
	    "http://a.example\nhttp://b.example\nhttp://c.example\n" },
	{ "http://a!b@c.example/d!e", "http://a!b@c.example/d!e\n" },
	{ "*http://a.example/*", "http://a.example/\n" },
	{ "<http://a.example/b>c", "http://a.example/b\n" },
	{ "<http://a.example/b\r\n  /c\n/d>e",
	    "http://a.example/b\r\n  /c\n/d\n" },
	{ "<http://a.example/b c>", "http://a.example/b\n" },
	{ "<http://a.example/b\n\nand so on", "http://a.example/b\n" },
	{ "<a href=\"http://a.example/\">b</a>", "http://a.example/\n" },
	{ "HTTP://A.EXAMPLE/", "HTTP://A.EXAMPLE/\n" },
	{ "seehttp://a.example/", "http://a.example/\n" },
	{ "http:/a.example http:\\\\b.example", "http:/a.example\n"
						"http:\\\\b.example\n" },
	{ "ftp://a.example/b", "ftp://a.example/b\n" },
	{ "www.a.example/b WWW.b.example, x@www.c.example awww.d.example",
	    "www.a.example/b\nWWW.b.example\n" },
	{ "http://www.a.example", "http://www.a.example\n" },
	{ "http://a.example/http://b.example",
	    "http://a.example/http://b.example\n" },
	{ "http://a.example/\xc3\xa9\xe3\x80\x82",
	    "http://a.example/\xc3\xa9\n" },
	{ "http://a\xe3\x80\x82"
	  "example\xef\xbc\x8c\xe4\xbd\xa0",
	    "http://a\xe3\x80\x82"
	    "example\n" },
	{ "\xe2\x80\x9chttp://a.example\xe2\x80\x9d", "http://a.example\n" },
	{ "http://a.example\xc2\xa0x", "http://a.example\n" },
	{ "http://u:p@a.example:8080/?q#f",
	    "http://u:p@a.example:8080/?q#f\n" },
	{ "http://127.0.0.1/, http://[::1]/x", "http://127.0.0.1/\n"
					       "http://[::1]/x\n" },
	{ "http:// http: www. hxxp://a.example ftp.example https://.", "" },
	{ "", "" },
};

static void
addresses_are_found_in_text(void **state)
{
	struct buf got = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(found); i++) {
		size_t at = 0;
		struct str url;

		buf_clear(&got);
		while (url_next(str_of(found[i].text), &at, &url)) {
			buf_add(&got, url);
			buf_byte(&got, '\n');
		}
		if (!str_is(buf_str(&got), found[i].want))
			fail_msg("%s: got '%.*s'", found[i].text,
			    STR_ARG(buf_str(&got)));
	}
	buf_done(&got);
}

struct normal_case {
	const char *target;
	const char *url; /* NULL: no address */
	const char *host;
};

static const struct normal_case normals[] = {
	{ "http://a.example", "http://a.example/", "a.example" },
	{ "HTTPS://A.Example/B", "https://a.example/B", "a.example" },
	{ "//a.example/b", "http://a.example/b", "a.example" },
	{ "FILE://a.example/b", "file://a.example/b", "a.example" },
	{ "file:////a.example/b", "file:////a.example/b", "a.example" },
	{ "file:///a/b", "file:///a/b", "" },
	{ "webcal://x@a.example:81/b", "webcal://x@a.example:81/b",
	    "a.example" },
	{ "www.a.example", "http://www.a.example/", "www.a.example" },
	{ "WWW.a.example:81/", "http://www.a.example:81/", "www.a.example" },
	{ "\\\\a.example\\b\\c?d\\e", "http://a.example/b/c?d\\e",
	    "a.example" },
	{ "http:a.example", "http://a.example/", "a.example" },
	{ "http:/\\/a.example", "http://a.example/", "a.example" },
	{ "http:\\\\a.example", "http://a.example/", "a.example" },
	{ " ht\ntp://a.ex\r\n ample/b\tc ", "http://a.example/bc",
	    "a.example" },
	{ "http://user@a.example/", "http://a.example/", "a.example" },
	{ "http://bank.example:x@a.example/@b", "http://a.example/@b",
	    "a.example" },
	{ "http://bank.example@x@a.example", "http://a.example/", "a.example" },
	{ "http://bank.example\\@a.example", "http://bank.example/@a.example",
	    "bank.example" },
	{ "http://a.example#@b.example", "http://a.example/#@b.example",
	    "a.example" },
	{ "http://a.example?b", "http://a.example/?b", "a.example" },
	{ "http://a.example:80/", "http://a.example/", "a.example" },
	{ "https://a.example:443/", "https://a.example/", "a.example" },
	{ "http://a.example:0443/", "http://a.example:443/", "a.example" },
	{ "http://a.example:/", "http://a.example/", "a.example" },
	{ "http://a.example./", "http://a.example/", "a.example" },
	{ "http://a.example/%62%2f%C3%a9?%63#%64",
	    "http://a.example/b%2f%C3%a9?c#d", "a.example" },
	{ "http://a.example/%", "http://a.example/%", "a.example" },
	/* hosts */
	{ "http://%61.%65xample/", "http://a.example/", "a.example" },
	{ "http://b\xc3\xbc"
	  "cher.example/",
	    "http://xn--bcher-kva.example/", "xn--bcher-kva.example" },
	{ "http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/",
	    "xn--bcher-kva.example" },
	{ "http://\xef\xbd\x81\xef\xbc\x8e\xef\xbd\x85xample/",
	    "http://a.example/", "a.example" },
	{ "http://a\xe3\x80\x82"
	  "example/",
	    "http://a.example/", "a.example" },
	{ "http://a\xe3\x80\x82"
	  "example\xe3\x80\x82/",
	    "http://a.example/", "a.example" },
	{ "http://ex\xc2\xad"
	  "ample.example/",
	    "http://example.example/", "example.example" },
	{ "http://\xd0\xb0.example/", "http://xn--80a.example/",
	    "xn--80a.example" },
	{ "http://under_score.example/", "http://under_score.example/",
	    "under_score.example" },
	{ "http://a.example%2fb/", "http://a.example/", "a.example" },
	{ "http://a.example%20b/", "http://a.example%20b/", "a.example%20b" },
	/* IPv4 */
	{ "http://127.0.0.1/", "http://127.0.0.1/", "127.0.0.1" },
	{ "http://2130706433/", "http://127.0.0.1/", "127.0.0.1" },
	{ "http://0x7f000001/", "http://127.0.0.1/", "127.0.0.1" },
	{ "http://0X7F.1/", "http://127.0.0.1/", "127.0.0.1" },
	{ "http://017700000001/", "http://127.0.0.1/", "127.0.0.1" },
	{ "http://0177.0.0x1/", "http://127.0.0.1/", "127.0.0.1" },
	{ "http://127.1./", "http://127.0.0.1/", "127.0.0.1" },
	{ "http://192.0.513/", "http://192.0.2.1/", "192.0.2.1" },
	{ "http://%31%32%37.1/", "http://127.0.0.1/", "127.0.0.1" },
	{ "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1/", "http://127.0.0.1/",
	    "127.0.0.1" },
	{ "http://256.1.1.1/", "http://256.1.1.1/", "256.1.1.1" },
	{ "http://1.2.3.4.5/", "http://1.2.3.4.5/", "1.2.3.4.5" },
	{ "http://4294967296/", "http://4294967296/", "4294967296" },
	{ "http://99999999999999999999/", "http://99999999999999999999/",
	    "99999999999999999999" },
	{ "http://09.1/", "http://09.1/", "09.1" },
	{ "http://1..1/", "http://1..1/", "1..1" },
	/* IPv6 */
	{ "http://[2001:DB8::0:1]:81/b", "http://[2001:db8::1]:81/b",
	    "2001:db8::1" },
	{ "http://[::ffff:127.0.0.1]/", "http://127.0.0.1/", "127.0.0.1" },
	/* others */
	{ "mailto:Anna@example.org", "mailto:Anna@example.org", "" },
	{ "CID:x", "cid:x", "" },
	{ "data:text/html,<b>", "data:text/html,<b>", "" },
	{ "java\nscript:alert(1)", "javascript:alert(1)", "" },
	{ "", NULL, NULL },
	{ "#top", NULL, NULL },
	{ "/a/b", NULL, NULL },
	{ "a/b:c", NULL, NULL },
	{ "page.html", NULL, NULL },
	{ "?q", NULL, NULL },
	{ "http://", NULL, NULL },
	{ "http:///", NULL, NULL },
	{ "http://@/", NULL, NULL },
	{ "http://./", NULL, NULL },
	{ "//", NULL, NULL },
};

static void
targets_are_read_as_browsers_read_them(void **state)
{
	struct arena *arena = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < N_OF(normals); i++) {
		const struct normal_case *c = &normals[i];
		struct str url = { "", 0 }, host = { "", 0 };
		int rc = url_normal(arena, str_of(c->target), &url, &host);

		if (rc != (c->url == NULL ? -1 : 0) ||
		    (rc == 0 &&
			(!str_is(url, c->url) || !str_is(host, c->host))))
			fail_msg("'%s': %d, url '%.*s', host '%.*s'", c->target,
			    rc, STR_ARG(url), STR_ARG(host));
	}
	arena_free(arena);
}

static void
what_is_normal_stays_so(void **state)
{
	struct arena *arena = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < N_OF(normals); i++) {
		struct str url, host, again;

		if (normals[i].url == NULL)
			continue;
		assert_int_equal(
		    url_normal(arena, str_of(normals[i].url), &url, &host), 0);
		again = url;
		if (!str_is(again, normals[i].url) ||
		    !str_is(host, normals[i].host))
			fail_msg("'%s' became '%.*s'", normals[i].url,
			    STR_ARG(again));
	}
	arena_free(arena);
}

struct kin_case {
	const char *a, *b;
	bool is_kin;
};

static const struct kin_case kins[] = {
	{ "example.org", "example.org", true },
	{ "www.example.org", "example.org", true },
	{ "a.example.org", "b.c.example.org", true },
	{ "example.org", "example.net", false },
	{ "example.org", "xexample.org", false },
	{ "bank.co.uk", "evil.co.uk", false },
	{ "www.bank.co.uk", "bank.co.uk", true },
	{ "co.uk", "evil.co.uk", false },
	{ "127.0.0.1", "128.1.0.1", false },
	{ "127.0.0.1", "127.0.0.1", true },
	{ "localhost", "localhost", true },
	{ "localhost", "example.org", false },
};

/* Of a host that is longer than any may be the end counts. */
static void
a_long_host_is_cut_between_characters(void **state)
{
	struct arena *arena = arena_new(4096);
	struct buf target = { 0 };
	struct str url, host;

	(void)state;
	for (size_t n_behind = 0; n_behind < 3; n_behind++) {
		buf_clear(&target);
		buf_add_cstr(&target, "http://");
		for (size_t i = 0; i < 600; i++)
			buf_add_cstr(&target, "€");
		for (size_t i = 0; i < n_behind; i++)
			buf_byte(&target, 'a');
		assert_int_equal(
		    url_normal(arena, buf_str(&target), &url, &host), 0);
		assert_int_equal(utf8_bad(url), -1);
		assert_int_equal(utf8_bad(host), -1);
	}
	buf_done(&target);
	arena_free(arena);
}

static void
hosts_of_one_owner_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(kins); i++) {
		struct str a = str_of(kins[i].a), b = str_of(kins[i].b);

		if (url_host_is_kin(a, b) != kins[i].is_kin ||
		    url_host_is_kin(b, a) != kins[i].is_kin)
			fail_msg("%s %s", kins[i].a, kins[i].b);
	}
}

static const char *const hostile[] = { "http://", "www.", "www.a ", "h",
	"http://a ", "<http://a\n", "<http://a\n\n", "http://(", "http://a)",
	"https:/", "www.\xe3\x80\x82", "http://a%41", "http://@", "\\",
	")http://a", ",http://@" };

static uint64_t
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t
time_of(const char *piece, size_t bytes)
{
	struct arena *arena = arena_new(4096);
	struct buf text = { 0 };
	struct str url, normal, host;
	uint64_t since;
	size_t at = 0;

	buf_add_cstr(&text, "http://");
	while (text.len < bytes)
		buf_add_cstr(&text, piece);
	since = cpu_us();
	while (url_next(buf_str(&text), &at, &url))
		(void)url_normal(arena, url, &normal, &host);
	(void)url_normal(arena, buf_str(&text), &normal, &host);
	since = cpu_us() - since;
	buf_done(&text);
	arena_free(arena);
	return since;
}

static void
hostile_text_costs_linear_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(hostile); i++) {
		uint64_t small = time_of(hostile[i], SMALL_BYTES);
		uint64_t large = time_of(hostile[i], SMALL_BYTES * LARGE_TIMES);

		if (small < LEAST_US)
			small = LEAST_US;
		if (large > small * RATIO_MAX)
			fail_msg("'%s…': %lu us for 128 KiB, %lu for 1 MiB",
			    hostile[i], (unsigned long)small,
			    (unsigned long)large);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_found_in_text),
		cmocka_unit_test(targets_are_read_as_browsers_read_them),
		cmocka_unit_test(what_is_normal_stays_so),
		cmocka_unit_test(a_long_host_is_cut_between_characters),
		cmocka_unit_test(hosts_of_one_owner_are_known),
		cmocka_unit_test(hostile_text_costs_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
