/* Slots, maps and redirections of a Redis Cluster, and nonsense in them. */
#include "store/redis/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct cluster_address asked = { "10.0.0.9", 7000 };

/* The vector of the Cluster specification, and what redis-cli says of others.
 */
static void
test_a_key_is_in_the_slot_that_redis_says(void **state)
{
	static const struct {
		const char *key;
		unsigned slot;
	} cases[] = {
		{ "123456789", 0x31c3 },
		{ "", 0 },
		{ "foo", 12182 },
		{ "bar", 5061 },
		{ "hello", 866 },
		{ "somekey", 11058 },
		{ "\xff\xfe", 3374 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    cluster_slot(str_of(cases[i].key)), cases[i].slot);
}

static void
test_the_first_tag_that_is_not_empty_decides(void **state)
{
	static const struct {
		const char *key;
		const char *hashed;
	} cases[] = {
		{ "{user1000}.following", "user1000" },
		{ "{user1000}.followers", "user1000" },
		{ "sluice:limit:pace:{anna@example.org}", "anna@example.org" },
		{ "foo{}{bar}", "foo{}{bar}" },
		{ "foo{{bar}}zap", "{bar" },
		{ "foo{bar}{zap}", "bar" },
		{ "foo}bar{x}", "x" },
		{ "foo{bar", "foo{bar" },
		{ "foo}", "foo}" },
		{ "{}", "{}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		/* Without braces a key is hashed as it is. */
		struct str whole = str_of(cases[i].key);
		unsigned slot = cluster_slot(whole);

		if (strpbrk(cases[i].hashed, "{}") == NULL)
			assert_int_equal(
			    slot, cluster_slot(str_of(cases[i].hashed)));
	}
	/* Those with braces in what is hashed, computed by redis-cli. */
	assert_int_equal(cluster_slot(STR("foo{}{bar}")), 8363);
	assert_int_equal(cluster_slot(STR("foo{{bar}}zap")), 4015);
	assert_int_equal(cluster_slot(STR("foo{bar}{zap}")), 5061);
}

static void
test_every_slot_has_a_tag(void **state)
{
	char key[32];

	(void)state;
	for (unsigned slot = 0; slot < CLUSTER_SLOTS; slot += 89) {
		snprintf(key, sizeof(key), "t:{%u}", cluster_tag(slot));
		assert_int_equal(cluster_slot(str_of(key)), slot);
	}
}

/* A reply as hiredis makes it of these bytes. */
static redisReply *
reply_of(const char *bytes)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	redisReaderFeed(reader, bytes, strlen(bytes));
	if (redisReaderGetReply(reader, &reply) != REDIS_OK || reply == NULL)
		fail_msg("no reply: %s", bytes);
	redisReaderFree(reader);
	return reply;
}

static int
read_map(struct cluster_map *map, const char *bytes)
{
	redisReply *reply = reply_of(bytes);
	int rc = cluster_map_read(map, reply, &asked);

	freeReplyObject(reply);
	return rc;
}

static void
assert_owner(const struct cluster_map *map, unsigned slot, const char *want)
{
	char got[CLUSTER_HOST_MAX + 8] = "nobody";
	unsigned node = map->owners[slot];

	if (node != CLUSTER_NOBODY)
		snprintf(got, sizeof(got), "%s:%u", map->nodes[node].host,
		    map->nodes[node].port);
	assert_string_equal(got, want);
}

#define RANGE3 "*3\r\n"
#define NODE   "*3\r\n$9\r\n127.0.0.1\r\n"
#define ID     "$2\r\nid\r\n"

static void
test_a_map_is_read(void **state)
{
	struct cluster_map *map = malloc(sizeof(*map));

	(void)state;
	assert_int_equal(
	    read_map(map,
		"*4\r\n"
		/* with a replica, which is not asked */
		"*4\r\n:0\r\n:5460\r\n" NODE ":1\r\n" ID NODE ":2\r\n" ID
		    /* Redis 7: nil is "where you asked me" */
		    RANGE3 ":5461\r\n:9999\r\n*4\r\n$-1\r\n:3\r\n" ID "*0\r\n"
		/* slots of one node need not be together */
		RANGE3 ":10001\r\n:10001\r\n" NODE ":1\r\n" ID RANGE3
		":10002\r\n:16383\r\n*3\r\n$3\r\n::1\r\n"
		":4\r\n" ID),
	    0);
	assert_int_equal(map->n_nodes, 3);
	assert_owner(map, 0, "127.0.0.1:1");
	assert_owner(map, 5460, "127.0.0.1:1");
	assert_owner(map, 5461, "10.0.0.9:3");
	assert_owner(map, 9999, "10.0.0.9:3");
	assert_owner(map, 10000, "nobody");
	assert_owner(map, 10001, "127.0.0.1:1");
	assert_owner(map, 16383, "::1:4");
	free(map);
}

static void
test_what_is_no_map_is_refused(void **state)
{
	static const char *const cases[] = {
		"-ERR This instance has cluster support disabled\r\n",
		"$2\r\nno\r\n",
		"*0\r\n", /* a node that has joined nobody */
		"*1\r\n:1\r\n",
		"*1\r\n*2\r\n:0\r\n:1\r\n",
		"*1\r\n*3\r\n:-1\r\n:1\r\n" NODE ":1\r\n" ID,
		"*1\r\n*3\r\n:0\r\n:16384\r\n" NODE ":1\r\n" ID,
		"*1\r\n*3\r\n:9223372036854775807\r\n:16383\r\n" NODE
		":1\r\n" ID,
		"*1\r\n*3\r\n:5\r\n:4\r\n" NODE ":1\r\n" ID,
		"*1\r\n*3\r\n$1\r\n0\r\n:4\r\n" NODE ":1\r\n" ID,
		"*1\r\n*3\r\n:0\r\n:4\r\n" NODE ":0\r\n" ID,
		"*1\r\n*3\r\n:0\r\n:4\r\n" NODE ":65536\r\n" ID,
		"*1\r\n*3\r\n:0\r\n:4\r\n" NODE "$1\r\n1\r\n" ID,
		"*1\r\n*3\r\n:0\r\n:4\r\n$1\r\nx\r\n",
		"*1\r\n*3\r\n:0\r\n:4\r\n*1\r\n$1\r\nx\r\n",
		"*1\r\n*3\r\n:0\r\n:4\r\n*2\r\n:1\r\n:1\r\n",
	};
	struct cluster_map *map = malloc(sizeof(*map));
	char host[400], bytes[600];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (read_map(map, cases[i]) != -1)
			fail_msg("taken: %s", cases[i]);
	memset(host, 'a', sizeof(host));
	host[300] = '\0';
	snprintf(bytes, sizeof(bytes),
	    "*1\r\n*3\r\n:0\r\n:4\r\n*2\r\n$300\r\n%s\r\n:1\r\n", host);
	assert_int_equal(read_map(map, bytes), -1);
	free(map);
}

static void
test_more_nodes_than_there_is_room_for_are_refused(void **state)
{
	struct cluster_map *map = malloc(sizeof(*map));
	char *bytes = calloc(1, 64 * (CLUSTER_NODES_MAX + 2)), *p;

	(void)state;
	for (int n = CLUSTER_NODES_MAX; n <= CLUSTER_NODES_MAX + 1; n++) {
		p = bytes + sprintf(bytes, "*%d\r\n", n);
		for (int i = 0; i < n; i++)
			p +=
			    sprintf(p, "*3\r\n:%d\r\n:%d\r\n" NODE ":%d\r\n" ID,
				i, i, i + 1);
		assert_int_equal(
		    read_map(map, bytes), n == CLUSTER_NODES_MAX ? 0 : -1);
	}
	free(bytes);
	free(map);
}

static void
test_errors_that_lead_elsewhere_are_understood(void **state)
{
	static const struct {
		const char *text;
		enum cluster_error error;
		const char *to; /* "SLOT HOST PORT" */
	} cases[] = {
		{ "MOVED 3999 127.0.0.1:6381", CLUSTER_ERROR_MOVED,
		    "3999 127.0.0.1 6381" },
		{ "MOVED 0 ::1:6381", CLUSTER_ERROR_MOVED, "0 ::1 6381" },
		{ "MOVED 1 :6381", CLUSTER_ERROR_MOVED, "1 10.0.0.9 6381" },
		{ "MOVED 1 ?:6381", CLUSTER_ERROR_MOVED, "1 10.0.0.9 6381" },
		{ "ASK 16383 node.example.org:1", CLUSTER_ERROR_ASK,
		    "16383 node.example.org 1" },
		{ "MOVED 1 h:2 and more", CLUSTER_ERROR_MOVED, "1 h 2" },
		{ "TRYAGAIN Multiple keys request during rehashing of slot",
		    CLUSTER_ERROR_TRYAGAIN, "" },
		{ "CLUSTERDOWN The cluster is down", CLUSTER_ERROR_DOWN, "" },
		{ "CLUSTERDOWN Hash slot not served", CLUSTER_ERROR_DOWN, "" },
		{ "CROSSSLOT Keys in request don't hash to the same slot",
		    CLUSTER_ERROR_CROSSSLOT, "" },
		{ "ERR MOVED 1 h:2", CLUSTER_ERROR_OTHER, "" },
		{ "MOVEDX 1 h:2", CLUSTER_ERROR_OTHER, "" },
		{ "", CLUSTER_ERROR_OTHER, "" },
		{ "MOVED", CLUSTER_ERROR_OTHER, "" },
		{ "MOVED 1", CLUSTER_ERROR_OTHER, "" },
		{ "MOVED 16384 h:2", CLUSTER_ERROR_OTHER, "" },
		{ "MOVED -1 h:2", CLUSTER_ERROR_OTHER, "" },
		{ "MOVED 1 h", CLUSTER_ERROR_OTHER, "" },
		{ "MOVED 1 h:", CLUSTER_ERROR_OTHER, "" },
		{ "MOVED 1 h:0", CLUSTER_ERROR_OTHER, "" },
		{ "MOVED 1 h:65536", CLUSTER_ERROR_OTHER, "" },
		{ "MOVED 1 h:1x", CLUSTER_ERROR_OTHER, "" },
		{ "MOVED  1 h:2", CLUSTER_ERROR_OTHER, "" },
		{ "ASK 99999999999999999999 h:2", CLUSTER_ERROR_OTHER, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cluster_redirect redirect = { .slot = 0 };
		enum cluster_error error = cluster_error_read(
		    str_of(cases[i].text), &asked, &redirect);
		char to[CLUSTER_HOST_MAX + 32] = "";

		if (redirect.to.port != 0)
			snprintf(to, sizeof(to), "%u %s %u", redirect.slot,
			    redirect.to.host, redirect.to.port);
		if (error != cases[i].error || strcmp(to, cases[i].to) != 0)
			fail_msg("%s: %d \"%s\"", cases[i].text, error, to);
	}
}

/* A redirection to a name that is longer than any leads nowhere. */
static void
test_a_long_name_leads_nowhere(void **state)
{
	struct cluster_redirect redirect;
	char text[600];

	(void)state;
	snprintf(text, sizeof(text), "MOVED 1 %0*d:1", CLUSTER_HOST_MAX, 0);
	assert_int_equal(cluster_error_read(str_of(text), &asked, &redirect),
	    CLUSTER_ERROR_OTHER);
	snprintf(text, sizeof(text), "MOVED 1 %0*d:1", CLUSTER_HOST_MAX - 1, 0);
	assert_int_equal(cluster_error_read(str_of(text), &asked, &redirect),
	    CLUSTER_ERROR_MOVED);
	assert_int_equal(strlen(redirect.to.host), CLUSTER_HOST_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_key_is_in_the_slot_that_redis_says),
		cmocka_unit_test(test_the_first_tag_that_is_not_empty_decides),
		cmocka_unit_test(test_every_slot_has_a_tag),
		cmocka_unit_test(test_a_map_is_read),
		cmocka_unit_test(test_what_is_no_map_is_refused),
		cmocka_unit_test(
		    test_more_nodes_than_there_is_room_for_are_refused),
		cmocka_unit_test(
		    test_errors_that_lead_elsewhere_are_understood),
		cmocka_unit_test(test_a_long_name_leads_nowhere),
	};

	return cmocka_run_group_tests_name("redis cluster", tests, NULL, NULL);
}
