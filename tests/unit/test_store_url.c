/* URLs of stores: what they mean, and what is said about wrong ones. */
#include "store/redis/tls.h"
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
		{ "redis+sentinel://h/main", "redis sentinel main/0 - -" },
		{ "redis+sentinel://u:p@h:1,i:2/m?db=3",
		    "redis sentinel m/3 u p" },
		{ "redis+sentinel://:p@h/m?sentinel_password=x&db=2",
		    "redis sentinel m/2 - p" },
		{ "redis+cluster://h", "redis cluster h:6379 - -" },
		{ "redis+cluster://h:1,i:2/", "redis cluster h:1 - -" },
		{ "redis+cluster://h:1,i:2/0", "redis cluster h:1 - -" },
		{ "redis+cluster://u:a%2cb@[::1]:7000,[::2]:7001",
		    "redis cluster [::1]:7000 u a,b" },
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
		{ "", "this is no store" },
		{ "redis", "this is no store" },
		{ "127.0.0.1:6379", "this is no store" },
		{ "redis:/localhost", "this is no store" },
		{ "http://x", "is no kind of store" },
		{ "redis://", "is no host" },
		{ "redis://:6379", "is no host" },
		{ "redis://2001:db8::1", "brackets" },
		{ "redis://h:0", "is no port" },
		{ "redis://h:65536", "is no port" },
		{ "redis://h:x", "is no port" },
		{ "redis://h:", "is no port" },
		{ "redis://h/x", "is no number" },
		{ "redis://h/1/2", "is no number" },
		{ "redis://h/99999", "is no number" },
		{ "redis://u:%zz@h", "two hex digits" },
		{ "redis://u:%4@h", "two hex digits" },
		{ "redis://u:%00@h", "two hex digits" },
		{ "redis+unix://run/r.sock", "is no full path" },
		{ "redis+unix:///run/r.sock?x=1", "expected \"?db=0\"" },
		{ "redis+unix:///run/r.sock?db=", "is no number" },
		{ "redis+unix:///%", "damaged %XX" },
		{ "redis+unix:///a?db=0&db", "is not known" },
		{ "redis+sentinel://h:1,i:2", "how the sentinels call" },
		{ "redis+sentinel://h/", "how the sentinels call" },
		{ "redis+sentinel://h/m/0", "/mymaster?db=0\"" },
		{ "redis+sentinel:///m", "is no host" },
		{ "redis+sentinel://h,/m", "is no host" },
		{ "redis+sentinel://h,i:x/m", "is no port" },
		{ "redis+sentinel://::1/m", "brackets" },
		{ "redis+sentinel://h/m?db=x", "is no number" },
		{ "redis+sentinel://h/m?pw=x", "sentinel_password=PASSWORD" },
		{ "redis+sentinel://h/m?sentinel_password=", "has no value" },
		{ "redis+sentinel://h/m?sentinel_password=%", "has no value" },
		{ "redis+sentinel://h/m?sentinel_user=u", "needs" },
		{ "redis+sentinel://h/m?sentinel_password=a@b", "%40" },
		{ "redis+sentinel://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q/m",
		    "more than 16 hosts" },
		{ "redis+cluster://", "is no host" },
		{ "redis+cluster://h:1,i:0", "is no port" },
		{ "redis+cluster://h/1", "has only database 0" },
		{ "redis+cluster://h?x=1", "is no host" },
		{ "rediss://h?key=a", "together" },
		{ "rediss://h?x=1", "expected \"ca=FILE\"" },
		{ "rediss://h/x?ca=/f", "is no number" },
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
		"rediss://u:secret@h:x",
		"redis+sentinel://u:secret@h",
		"redis+sentinel://h/m?sentinel_password=secret&x",
		"redis+sentinel://h/m?sentinel_password=secret@secret",
		"redis+sentinel://h/m?sentinel_password=%secret",
		"redis+sentinel://h/m?sentinel_user=a@secret",
		"redis+cluster://u:secret@h:x",
		"redis+cluster://u:secret@h/1",
		"other://u:secret@h",
		"redis:u:secret@h",
		"redis:/u:secret@h",
		"redis://:secret",
		"redis://u:secret",
		"redis://u:secret:6379",
		"redis://:1/secret",
		"redis://h?password=secret",
		"redis+cluster://h?password=secret",
		"redis+sentinel://h/m?sentinel_password=a&secret",
		"redis+sentinel://u:secret",
		"redis+unix://:secret",
		":secret",
		"secret://h",
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

static void
test_hosts_are_asked_in_the_order_they_were_written(void **state)
{
	struct arena *arena = arena_new(4096);
	struct store_url url;

	(void)state;
	assert_int_equal(store_url_parse(arena,
			     STR("redis+sentinel://a,[2001:db8::1]:5,c:6/m"
				 "?sentinel_user=u&sentinel_password=a%40b"),
			     &url, NULL),
	    0);
	assert_int_equal(url.n_hosts, 3);
	assert_string_equal(url.hosts[0].host, "a");
	assert_int_equal(url.hosts[0].port, 26379);
	assert_string_equal(url.hosts[1].host, "2001:db8::1");
	assert_int_equal(url.hosts[1].port, 5);
	assert_string_equal(url.hosts[2].host, "c");
	assert_int_equal(url.hosts[2].port, 6);
	assert_string_equal(url.sentinel_user, "u");
	assert_string_equal(url.sentinel_password, "a@b");
	assert_null(url.password); /* that of the master is another */
	arena_free(arena);
}

/* Which of the two is said depends on what this was built with. */
static void
test_tls_is_taken_or_stunnel_is_named(void **state)
{
	struct arena *arena = arena_new(4096);
	struct buf error = { 0 };
	struct store_url url = { 0 };
	int can = redis_tls_check(&error);

	(void)state;
	buf_clear(&error);
	assert_int_equal(store_url_parse(arena,
			     STR("rediss://u:p@h:7/1?ca=/a%20b&cert=/c&key=/k"),
			     &url, &error),
	    can);
	if (can == 0) {
		assert_true(url.is_tls);
		assert_string_equal(url.tls_ca, "/a b");
		assert_string_equal(url.tls_cert, "/c");
		assert_string_equal(url.tls_key, "/k");
		assert_int_equal(url.db, 1);
	} else {
		assert_non_null(strstr(error.p, "stunnel4"));
		assert_non_null(strstr(error.p, "hiredis"));
	}
	buf_done(&error);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_urls_are_understood),
		cmocka_unit_test(test_wrong_urls_are_explained),
		cmocka_unit_test(test_no_message_shows_a_password),
		cmocka_unit_test(
		    test_hosts_are_asked_in_the_order_they_were_written),
		cmocka_unit_test(test_tls_is_taken_or_stunnel_is_named),
	};

	return cmocka_run_group_tests_name("store url", tests, NULL, NULL);
}
