/* URLs of stores: what they mean, and what is said about wrong ones. */
#include "store/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *
or_none(const char *text)
{
	return text != NULL ? text : "-";
}

static void
test_good_urls_are_understood(void **state)
{
	static const struct {
		const char *url;
		const char *want; /* name, user, password */
	} cases[] = {
		{ "memory", "memory - -" },
		{ "redis://127.0.0.1:6379/0", "redis 127.0.0.1:6379/0 - -" },
		{ "redis://localhost", "redis localhost:6379/0 - -" },
		{ "redis://localhost/", "redis localhost:6379/0 - -" },
		{ "redis://host:7000/15", "redis host:7000/15 - -" },
		{ "redis://[::1]:7000/1", "redis [::1]:7000/1 - -" },
		{ "redis://[2001:db8::1]", "redis [2001:db8::1]:6379/0 - -" },
		{ "redis://u:p@h/2", "redis h:6379/2 u p" },
		{ "redis://:p@h", "redis h:6379/0 - p" },
		{ "redis://u@h", "redis h:6379/0 u -" },
		{ "redis://u:a%40b%2Fc%3a@h", "redis h:6379/0 u a@b/c:" },
		{ "redis://u:a@b@h", "redis h:6379/0 u a@b" },
		{ "redis+unix:///run/r.sock", "redis /run/r.sock/0 - -" },
		{ "redis+unix:///run/r.sock?db=3", "redis /run/r.sock/3 - -" },
		{ "redis+unix://:p@/a%20b?db=1", "redis /a b/1 - p" },
	};
	struct arena *arena = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf error = { 0 };
		struct store_url url;
		char got[256];

		if (store_url_parse(
			arena, str_of(cases[i].url), &url, &error) == -1)
			fail_msg(
			    "%s: %.*s", cases[i].url, STR_ARG(buf_str(&error)));
		snprintf(got, sizeof(got), "%s %s %s",
		    store_url_name(arena, &url).p, or_none(url.user),
		    or_none(url.password));
		assert_string_equal(got, cases[i].want);
		buf_done(&error);
	}
	arena_free(arena);
}

static void
test_wrong_urls_are_explained(void **state)
{
	static const struct {
		const char *url;
		const char *want; /* somewhere in the message */
	} cases[] = {
		{ "", "\"\" is no store" },
		{ "redis", "\"redis\" is no store" },
		{ "127.0.0.1:6379", "\"127.0.0.1:6379\" is no store" },
		{ "redis:/localhost", "\"redis:/localhost\" is no store" },
		{ "http://x", "\"http:\" is no kind of store" },
		{ "rediss://x", "not available in this version" },
		{ "redis+sentinel://x", "not available in this version" },
		{ "redis+cluster://x", "not available in this version" },
		{ "redis://", "is no host" },
		{ "redis://:6379", "is no host" },
		{ "redis://2001:db8::1", "brackets" },
		{ "redis://h:0", "\"0\" is no port" },
		{ "redis://h:65536", "\"65536\" is no port" },
		{ "redis://h:x", "\"x\" is no port" },
		{ "redis://h:", "\"\" is no port" },
		{ "redis://h/x", "\"x\" is no number of a database" },
		{ "redis://h/1/2", "\"1/2\" is no number of a database" },
		{ "redis://h/99999", "\"99999\" is no number" },
		{ "redis://u:%zz@h", "two hex digits" },
		{ "redis://u:%4@h", "two hex digits" },
		{ "redis://u:%00@h", "two hex digits" },
		{ "redis+unix://run/r.sock", "is no full path" },
		{ "redis+unix:///run/r.sock?x=1", "expected \"?db=0\"" },
		{ "redis+unix:///run/r.sock?db=", "\"\" is no number" },
		{ "redis+unix:///%", "damaged %XX" },
	};
	struct arena *arena = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf error = { 0 };
		struct store_url url;

		if (store_url_parse(
			arena, str_of(cases[i].url), &url, &error) == 0)
			fail_msg("%s: taken", cases[i].url);
		if (strstr(buf_str(&error).p, cases[i].want) == NULL)
			fail_msg(
			    "%s: %.*s", cases[i].url, STR_ARG(buf_str(&error)));
		buf_done(&error);
	}
	arena_free(arena);
}

static void
test_no_message_shows_a_password(void **state)
{
	static const char *const urls[] = {
		"redis://u:secret@h:x",
		"redis://u:secret@h/x",
		"redis://u:secret%@h",
		"redis+unix://u:secret@run/r",
		"redis+unix://u:secret@/run/r?x",
		"rediss://u:secret@h",
		"other://u:secret@h",
		"redis:u:secret@h",
		"redis:/u:secret@h",
	};
	struct arena *arena = arena_new(4096);

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct buf error = { 0 };
		struct store_url url;

		assert_int_equal(
		    store_url_parse(arena, str_of(urls[i]), &url, &error), -1);
		if (strstr(buf_str(&error).p, "secret") != NULL)
			fail_msg("%s: %s", urls[i], buf_str(&error).p);
		buf_done(&error);
	}
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_urls_are_understood),
		cmocka_unit_test(test_wrong_urls_are_explained),
		cmocka_unit_test(test_no_message_shows_a_password),
	};

	return cmocka_run_group_tests_name("store url", tests, NULL, NULL);
}
