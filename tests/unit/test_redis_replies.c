/*
 * Each reply that a real Redis gives instead of an answer, provoked in a real
 * one: the call ends at once, after two of them the store is away and its line
 * names the reply, calls then cost microseconds, nobody asks again in haste,
 * and when the cause is gone it is back by itself. What only a broken server
 * says comes from a scripted one.
 */
#include "fake_redis.h"
#include "log_kit.h"
#include "store_kit.h"

#include "base/clock.h"

#include <sys/stat.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TIMEOUT_MS   200
#define SLACK_MS     200

static struct redis_server server;
static redisContext *admin; /* opened before anything was provoked */
static struct store *store;

/* Asks as the operator; the reply must be no error. */
static void
must_ask(const char *format, ...)
{
	redisReply *reply;
	va_list args;

	va_start(args, format);
	reply = redisvCommand(admin, format, args);
	va_end(args);
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", format,
		    reply != NULL ? reply->str : admin->errstr);
	freeReplyObject(reply);
}

static int
try(const char *identity, uint64_t *used_out)
{
	return kit_try(store, identity, used_out);
}

/* Kills and starts it again, which reads what was saved. */
static void
restart(const char *arg, const char *value)
{
	server.args[0] = arg;
	server.args[1] = value;
	redisFree(admin);
	server_kill(&server);
	server_start(&server);
	server.args[0] = server.args[1] = NULL;
	admin = server_connect(&server);
	assert_non_null(admin);
}

/* --- what is wrong, and how it is cured ---------------------------------- */

static void
fill_up(void)
{
	must_ask("CONFIG SET maxmemory 1");
}

static void
make_room(void)
{
	must_ask("CONFIG SET maxmemory 0");
}

static void
become_replica(void)
{
	must_ask("REPLICAOF 127.0.0.1 1");
}

static void
become_stale_replica(void)
{
	must_ask("CONFIG SET replica-serve-stale-data no");
	must_ask("REPLICAOF 127.0.0.1 1");
}

static void
become_master(void)
{
	must_ask("REPLICAOF NO ONE");
	must_ask("CONFIG SET replica-serve-stale-data yes");
}

static void
want_replicas(void)
{
	must_ask("CONFIG SET min-replicas-to-write 1");
}

static void
want_no_replicas(void)
{
	must_ask("CONFIG SET min-replicas-to-write 0");
}

/* 2000 keys of 2 ms each: four seconds of loading. */
static void
load_slowly(void)
{
	must_ask("EVAL %s 0", "for i = 1, 2000 do "
			      "redis.call('SET', 'k' .. i, "
			      "string.rep('x', 100)) end return 1");
	must_ask("SAVE");
	server.args[2] = "--loading-process-events-interval-bytes";
	server.args[3] = "1024";
	restart("--key-load-delay", "2000");
	server.args[2] = server.args[3] = NULL;
}

static void
load_to_the_end(void)
{
	redisReply *reply = NULL;

	for (int i = 0; i < 1000; i++) {
		reply = redisCommand(admin, "PING");
		assert_non_null(reply);
		if (reply->type == REDIS_REPLY_STATUS)
			break;
		freeReplyObject(reply);
		reply = NULL;
		nap_ms(20);
	}
	assert_non_null(reply);
	freeReplyObject(reply);
}

static redisContext *looping;

static void
loop_for_ever(void)
{
	must_ask("CONFIG SET busy-reply-threshold 1");
	looping = server_connect(&server);
	assert_non_null(looping);
	redisAppendCommand(looping, "EVAL %s 0", "while true do end");
	for (int is_done = 0; !is_done;)
		assert_int_equal(redisBufferWrite(looping, &is_done), REDIS_OK);
	nap_ms(100);
}

static void
end_loop(void)
{
	must_ask("SCRIPT KILL");
	redisFree(looping);
}

/* Its file is a folder, so the snapshot fails. */
static void
fail_to_save(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/dump.rdb", server.dir);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	must_ask("CONFIG SET save %s", "3600 1");
	must_ask("BGSAVE");
	for (int i = 0; i < 500; i++) {
		redisReply *reply = redisCommand(admin, "INFO persistence");
		bool has_failed;

		assert_non_null(reply);
		has_failed =
		    strstr(reply->str, "rdb_last_bgsave_status:err") != NULL;
		freeReplyObject(reply);
		if (has_failed)
			return;
		nap_ms(20);
	}
	fail_msg("the snapshot did not fail");
}

static void
save_no_more(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/dump.rdb", server.dir);
	must_ask("CONFIG SET stop-writes-on-bgsave-error no");
	assert_int_equal(rmdir(path), 0);
}

static void
want_password(void)
{
	must_ask("CONFIG SET requirepass secret");
	must_ask("CLIENT KILL TYPE normal SKIPME yes");
}

static void
want_no_password(void)
{
	must_ask("CONFIG SET requirepass %s", "");
}

static void
change_password(void)
{
	must_ask("ACL SETUSER sluice resetpass >other");
	must_ask("CLIENT KILL USER sluice");
}

static void
forbid_scripts(void)
{
	must_ask("ACL SETUSER sluice -eval -evalsha");
}

static void
forbid_keys(void)
{
	must_ask("ACL SETUSER sluice resetkeys ~other:*");
}

static void
allow_all(void)
{
	must_ask("ACL SETUSER sluice on resetpass >pass allkeys +@all");
}

struct trouble {
	const char *name; /* and the first word of the reply */
	void (*provoke)(void);
	void (*cure)(void);
	bool has_user;   /* the store has a name and password */
	bool loses_data; /* the count begins anew */
};

static const struct trouble troubles[] = {
	{ "OOM", fill_up, make_room, false, false },
	{ "READONLY", become_replica, become_master, false, false },
	{ "MASTERDOWN", become_stale_replica, become_master, false, false },
	{ "NOREPLICAS", want_replicas, want_no_replicas, false, false },
	{ "LOADING", load_slowly, load_to_the_end, false, true },
	{ "BUSY", loop_for_ever, end_loop, false, false },
	{ "MISCONF", fail_to_save, save_no_more, false, false },
	{ "NOAUTH", want_password, want_no_password, false, false },
	{ "WRONGPASS", change_password, allow_all, true, false },
	{ "NOPERM", forbid_scripts, allow_all, true, false },
	{ "NOPERM", forbid_keys, allow_all, true, false },
};

/* --- the tests ------------------------------------------------------------ */

static int
start(void **state)
{
	(void)state;
	server_init(&server);
	server_start(&server);
	admin = server_connect(&server);
	log_kit_catch(server.dir);
	store = NULL;
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	store_close(store);
	log_kit_release();
	redisFree(admin);
	server_done(&server);
	return 0;
}

static void
open_store(bool has_user)
{
	char url[192];

	if (has_user) {
		allow_all();
		snprintf(url, sizeof(url), "redis+unix://sluice:pass@%s",
		    server.path);
		store = kit_open(url, TIMEOUT_MS);
	} else {
		store = kit_open(server.url, TIMEOUT_MS);
	}
}

/* Until it is away; each try ends in time. */
static void
fail_until_away(const char *name)
{
	uint64_t used;

	for (int i = 0; i < 2; i++) {
		int64_t start_us = clock_steady_us();

		if (try("anna", &used) != -1)
			fail_msg("%s: answered", name);
		if (clock_steady_us() - start_us >
		    (TIMEOUT_MS + SLACK_MS) * 1000)
			fail_msg("%s: slow", name);
	}
	if (store_is_up(store))
		fail_msg("%s: still up", name);
}

/* The best of ten hundreds: a busy host must not count. */
static int64_t
us_of_failing_call(void)
{
	int64_t best_us = INT64_MAX;
	uint64_t used;

	for (int n = 0; n < 10; n++) {
		int64_t start_us = clock_steady_us(), spent_us;

		for (int i = 0; i < 100; i++)
			assert_int_equal(try("anna", &used), -1);
		spent_us = clock_steady_us() - start_us;
		if (spent_us < best_us)
			best_us = spent_us;
	}
	return best_us / 100;
}

static void
check_trouble(const struct trouble *trouble)
{
	char line[64];
	uint64_t used = 0;

	snprintf(line, sizeof(line), "is away (%s ", trouble->name);
	open_store(trouble->has_user);
	assert_int_equal(try("anna", &used), 0);
	trouble->provoke();
	fail_until_away(trouble->name);
	if (log_kit_count(line) != 1)
		fail_msg("%s: not said", trouble->name);
	assert_true(us_of_failing_call() < 50);
	/* Probes find it as it was: no coming and going. */
	nap_ms(400);
	assert_int_equal(log_kit_count("is away"), 1);
	assert_int_equal(log_kit_count("is back"), 0);
	trouble->cure();
	kit_await(store);
	assert_int_equal(try("anna", &used), 0);
	if (trouble->loses_data)
		assert_in_range(used, 1, 2);
	else
		assert_int_equal(used, 2);
	assert_int_equal(log_kit_count("is back after"), 1);
}

#define TROUBLE(i)                                                             \
	static void test_trouble_##i(void **state)                             \
	{                                                                      \
		(void)state;                                                   \
		check_trouble(&troubles[i]);                                   \
	}

TROUBLE(0)
TROUBLE(1)
TROUBLE(2)
TROUBLE(3)
TROUBLE(4)
TROUBLE(5)
TROUBLE(6)
TROUBLE(7)
TROUBLE(8)
TROUBLE(9)
TROUBLE(10)

static void
test_a_key_of_another_type_is_the_affair_of_its_limit(void **state)
{
	uint64_t used = 0;

	(void)state;
	open_store(false);
	must_ask("SADD test:limit:pace:{anna} precious");
	for (int i = 0; i < 5; i++)
		assert_int_equal(try("anna", &used), 1);
	assert_int_equal(try("berta", &used), 0);
	assert_int_equal(used, 1);
	assert_true(store_is_up(store));
	assert_int_equal(log_kit_count("is of another type"), 1);
	assert_int_equal(log_kit_count("test:limit:pace:{anna}"), 1);
}

static void
test_starting_while_redis_is_down_works(void **state)
{
	uint64_t used = 0;

	(void)state;
	server_kill(&server);
	open_store(false);
	assert_int_equal(try("anna", &used), -1);
	nap_ms(300);
	server_start(&server);
	kit_await(store);
	assert_int_equal(try("anna", &used), 0);
	assert_int_equal(log_kit_count("is away"), 1);
	assert_int_equal(log_kit_count("is back"), 1);
}

/* How often a call asks, by what it is told. */
static void
test_only_what_proves_that_nothing_was_charged_is_asked_again(void **state)
{
	static const struct {
		const char *answer;
		bool closes;
		unsigned n_scripts;
	} cases[] = {
		{ "-OOM no\r\n", false, 1 },
		{ "-LOADING no\r\n", false, 1 },
		{ "-BUSY no\r\n", false, 1 },
		{ "-MASTERDOWN no\r\n", false, 1 },
		{ "-NOREPLICAS no\r\n", false, 1 },
		{ "-MISCONF no\r\n", false, 1 },
		{ "-NOAUTH no\r\n", false, 1 },
		{ "-NOPERM no\r\n", false, 1 },
		{ "-CLUSTERDOWN no\r\n", false, 1 },
		{ "-CROSSSLOT no\r\n", false, 1 },
		{ "-TRYAGAIN no\r\n", false, 1 },
		{ "-MOVED 1 127.0.0.1:1\r\n", false, 1 },
		{ "-ASK 1 127.0.0.1:1\r\n", false, 1 },
		{ "-READONLY no\r\n", false, 2 },
		{ "-NOSCRIPT no\r\n", false, 2 },
		{ "", false, 1 },
		{ "*4\r\n:1\r\n:1", true, 1 },
		{ NULL, false, 1 },
	};
	struct fake_redis fake;
	char path[128], url[160];
	uint64_t used;

	(void)state;
	snprintf(path, sizeof(path), "%s/fake", server.dir);
	snprintf(url, sizeof(url), "redis+unix://%s", path);
	for (size_t i = 0; i < COUNT(cases); i++) {
		memset(&fake, 0, sizeof(fake));
		fake.answer = cases[i].answer;
		fake.closes = cases[i].closes;
		fake_start(&fake, path);
		store = kit_open(url, TIMEOUT_MS);
		assert_int_equal(try("anna", &used), -1);
		if (atomic_load(&fake.n_scripts) != cases[i].n_scripts)
			fail_msg("%s: asked %u times", cases[i].answer,
			    atomic_load(&fake.n_scripts));
		store_close(store);
		store = NULL;
		fake_stop(&fake);
	}
	assert_int_equal(log_kit_count("a bug: keys of several slots"), 1);
}

/* Data that are gone must not be taken from: 5 of 6 were charged before. */
static void
test_a_flush_under_living_connections_is_noticed(void **state)
{
	const struct kit_use use = { "anna", STORE_CHARGE, 5, kit_plenty, 1 };
	struct store_call *old;
	uint64_t used = 0;

	(void)state;
	open_store(false);
	old = kit_call(store, &use, T0);
	must_ask("FLUSHALL");
	assert_int_equal(try("anna", &used), 0);
	nap_ms(1500);
	assert_int_equal(try("anna", &used), 0);
	kit_give_back(store, old, T0);
	assert_int_equal(try("anna", &used), 0);
	assert_int_equal(used, 3);
	assert_int_equal(log_kit_count("is away"), 0);
	/* What is charged now can be given back. */
	kit_give_back(store, kit_call(store, &use, T0), T0);
	assert_int_equal(try("anna", &used), 0);
	assert_int_equal(used, 4);
}

static void
test_a_policy_that_deletes_counters_is_told_once(void **state)
{
	static const struct {
		const char *policy, *bound;
		size_t n_lines;
	} cases[] = {
		{ "noeviction", "100mb", 0 },
		{ "volatile-ttl", "0", 0 },
		{ "volatile-ttl", "100mb", 1 },
		{ "allkeys-lru", "0", 1 },
	};
	uint64_t used;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		must_ask("CONFIG SET maxmemory-policy %s", cases[i].policy);
		must_ask("CONFIG SET maxmemory %s", cases[i].bound);
		assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
		open_store(false);
		assert_int_equal(try("anna", &used), 0);
		nap_ms(1300);
		assert_int_equal(try("anna", &used), 0);
		nap_ms(i == 3 ? 1300 : 0);
		if (log_kit_count(cases[i].policy) != cases[i].n_lines)
			fail_msg("%s", cases[i].policy);
		store_close(store);
		store = NULL;
	}
}

static void
test_who_may_not_ask_for_the_policy_is_not_told_either(void **state)
{
	uint64_t used;

	(void)state;
	must_ask("CONFIG SET maxmemory-policy allkeys-lru");
	open_store(true);
	must_ask("ACL SETUSER sluice -info");
	assert_int_equal(try("anna", &used), 0);
	nap_ms(1300);
	assert_int_equal(try("anna", &used), 0);
	assert_int_equal(log_kit_count("warning"), 0);
	assert_true(store_is_up(store));
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, start, stop)
#define TROUBLE_CASE(i, name)                                                  \
	{                                                                      \
		name, test_trouble_##i, start, stop, NULL                      \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TROUBLE_CASE(0, "test_oom"),
		TROUBLE_CASE(1, "test_readonly"),
		TROUBLE_CASE(2, "test_masterdown"),
		TROUBLE_CASE(3, "test_noreplicas"),
		TROUBLE_CASE(4, "test_loading"),
		TROUBLE_CASE(5, "test_busy"),
		TROUBLE_CASE(6, "test_misconf"),
		TROUBLE_CASE(7, "test_noauth"),
		TROUBLE_CASE(8, "test_wrongpass"),
		TROUBLE_CASE(9, "test_noperm_of_commands"),
		TROUBLE_CASE(10, "test_noperm_of_keys"),
		CASE(test_a_key_of_another_type_is_the_affair_of_its_limit),
		CASE(test_starting_while_redis_is_down_works),
		CASE(
		    test_only_what_proves_that_nothing_was_charged_is_asked_again),
		CASE(test_a_flush_under_living_connections_is_noticed),
		CASE(test_a_policy_that_deletes_counters_is_told_once),
		CASE(test_who_may_not_ask_for_the_policy_is_not_told_either),
	};

	return cmocka_run_group_tests_name("redis replies", tests, NULL, NULL);
}
