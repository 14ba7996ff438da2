/*
 * A call whose keys are on two nodes: identities that begin with "a" are on the
 * first, all others on the second. All nodes are asked before any is awaited,
 * all of it ends by one deadline, a part that fails makes the whole fail and
 * the other part is given back, and errors that lead elsewhere are followed.
 */
#include "fake_redis.h"
#include "log_kit.h"
#include "store_kit.h"

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/redis/redis.h"

#define TIMEOUT_MS 400
#define SLACK_MS   300 /* busy hosts, sanitizers */

static struct redis_server servers[2];
static struct fake_redis fakes[2];
static char fake_paths[2][128];
static struct store *store;
static struct redis *redis;
static atomic_uint n_redirects;

static const struct store_rate pace[] = { { .max = 100000,
    .window_sec = 3600 } };

/* --- the layout ----------------------------------------------------------- */

static unsigned
two_slot_of(struct str key)
{
	return str_starts(key, STR("test:limit:pace:{a")) ? 0 : 1;
}

static struct redis_node *
two_node_of(struct redis *of, unsigned slot)
{
	return of->nodes[slot];
}

static void
two_discover(struct redis *of, bool is_wanted)
{
	(void)of;
	(void)is_wanted;
}

/* "MOVED": to the second node; "ASK": there, after ASKING; others as said. */
static bool
two_redirect(struct redis *of, struct redis_node *node, struct str error,
    struct redis_redirect *redirect)
{
	(void)node;
	atomic_fetch_add(&n_redirects, 1);
	if (str_starts(error, STR("TRYAGAIN"))) {
		redirect->after_us = 30000;
		return true;
	}
	redirect->node = of->nodes[1];
	redirect->is_asking = str_starts(error, STR("ASK"));
	return redirect->is_asking || str_starts(error, STR("MOVED"));
}

static void
two_done(struct redis *of)
{
	(void)of;
}

static const struct redis_layout two_nodes = {
	.slot_of = two_slot_of,
	.node_of = two_node_of,
	.discover = two_discover,
	.redirect = two_redirect,
	.done = two_done,
};

static void
open_store(const char *path0, const char *path1)
{
	store = xcalloc(1, sizeof(*store));
	store->name = xstrdup("two");
	store->prefix = str_of(xstrdup("test"));
	store->backend = &redis_backend;
	redis = xcalloc(1, sizeof(*redis));
	store->self = redis;
	redis->target = (struct redis_target){
		.name = xstrdup("two"),
		.host = xstrdup("none"),
		.is_unix = true,
		.prefix = xstrdup("test"),
		.timeout_us = TIMEOUT_MS * 1000,
		.epoch = &redis->epoch,
	};
	redis->connections = 1;
	redis->timeout_us = TIMEOUT_MS * 1000;
	redis->layout = &two_nodes;
	redis_nodes_init(redis);
	redis_node_add(redis, "first", path0, 0);
	redis_node_add(redis, "second", path1, 0);
	redis_behind_start(redis);
}

static void
close_store(void)
{
	redis_backend.close(redis);
	free((char *)(uintptr_t)store->prefix.p);
	free(store->name);
	free(store);
}

static int
start(void **state)
{
	(void)state;
	atomic_store(&n_redirects, 0);
	memset(fakes, 0, sizeof(fakes));
	for (int i = 0; i < 2; i++) {
		server_init(&servers[i]);
		server_start(&servers[i]);
		snprintf(fake_paths[i], sizeof(fake_paths[i]), "%s/fake",
		    servers[i].dir);
	}
	log_kit_catch(servers[0].dir);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	log_kit_release();
	for (int i = 0; i < 2; i++)
		server_done(&servers[i]);
	return 0;
}

/* A call that charges 5 for each; the caller puts it. */
static struct store_call *
make_call(const char *first, const char *second)
{
	struct store_call *call = store_call_new(store);
	const struct kit_use uses[] = {
		{ first, STORE_CHARGE, 5, pace, 1 },
		{ second, STORE_CHARGE, 5, pace, 1 },
	};

	kit_add(call, &uses[0], 1);
	if (second != NULL)
		kit_add(call, &uses[1], 2);
	return call;
}

static int
ask(const char *first, const char *second, int64_t *ms_out)
{
	struct store_call *call = make_call(first, second);
	int64_t start_us = clock_steady_us();
	int rc = store_call_wait(call, T0);

	*ms_out = (clock_steady_us() - start_us) / 1000;
	store_call_put(call);
	return rc;
}

static uint64_t
used_of(const char *identity)
{
	const struct kit_use peek = { identity, STORE_PEEK, 1, pace, 1 };

	return kit_ask(store, &peek, T0).levels[0].used;
}

static size_t
count_keys(const struct redis_server *server, const char *key)
{
	const char *const words[4] = { "EXISTS", key };
	char text[16];

	server_ask(server, words, text, sizeof(text));
	return (size_t)atoi(text);
}

static void
test_each_key_is_charged_on_its_own_node(void **state)
{
	struct store_call *call;

	(void)state;
	open_store(servers[0].path, servers[1].path);
	call = make_call("berta", "anna");
	assert_int_equal(store_call_wait(call, T0), 0);
	assert_int_equal(store_call_answer(call, 0)->levels[0].used, 5);
	assert_int_equal(store_call_answer(call, 1)->levels[0].used, 5);
	assert_int_equal(count_keys(&servers[0], "test:limit:pace:{anna}"), 1);
	assert_int_equal(count_keys(&servers[0], "test:limit:pace:{berta}"), 0);
	assert_int_equal(count_keys(&servers[1], "test:limit:pace:{berta}"), 1);
	/* What is given back goes where it came from. */
	store_call_give_back(call, 2, T0);
	assert_int_equal(store_flush(store, 5000), 0);
	assert_int_equal(used_of("anna"), 0);
	assert_int_equal(used_of("berta"), 5);
	store_call_put(call);
	close_store();
}

static void *
run_call(void *arg)
{
	int64_t ms;

	(void)arg;
	ask("anna", "berta", &ms);
	return NULL;
}

static void
test_all_nodes_are_asked_before_any_is_awaited(void **state)
{
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 2; i++) {
		fakes[i].counts = true;
		fake_start(&fakes[i], fake_paths[i]);
	}
	open_store(fake_paths[0], fake_paths[1]);
	redis->timeout_us = 30000000;
	pthread_create(&thread, NULL, run_call, NULL);
	for (int i = 0; i < 10000; i++)
		if (atomic_load(&fakes[0].n_scripts) +
			atomic_load(&fakes[1].n_scripts) <
		    2)
			nap_ms(1);
	/* Both have the question, and none has answered. */
	assert_int_equal(fakes[0].n_scripts, 1);
	assert_int_equal(fakes[1].n_scripts, 1);
	for (int i = 0; i < 2; i++)
		atomic_store(&fakes[i].n_released, 1);
	pthread_join(thread, NULL);
	close_store();
	for (int i = 0; i < 2; i++)
		fake_stop(&fakes[i]);
}

static void
test_a_part_that_hangs_fails_the_whole_and_the_rest_is_given_back(void **state)
{
	int64_t ms;

	(void)state;
	open_store(servers[0].path, servers[1].path);
	assert_int_equal(ask("anna", "berta", &ms), 0);
	kill(servers[1].pid, SIGSTOP);
	assert_int_equal(ask("anna", "berta", &ms), -1);
	assert_in_range(ms, TIMEOUT_MS - 2, TIMEOUT_MS + SLACK_MS);
	assert_int_equal(store_flush(store, 5000), 0);
	assert_int_equal(used_of("anna"), 5);
	/* Those with other keys go on, and nothing is charged in vain. */
	assert_int_equal(ask("anna", "berta", &ms), -1);
	assert_int_equal(ask("anna", NULL, &ms), 0);
	assert_int_equal(ask("anna", "berta", &ms), -1);
	assert_true(ms < TIMEOUT_MS / 2);
	assert_int_equal(store_flush(store, 5000), 0);
	assert_int_equal(used_of("anna"), 10);
	assert_int_equal(log_kit_count("store second is away"), 1);
	assert_int_equal(log_kit_count("store first"), 0);
	assert_true(store_is_up(store));
	kill(servers[1].pid, SIGCONT);
	close_store();
}

static void
test_a_node_that_hangs_keeps_no_connection_to_others(void **state)
{
	pthread_t thread;
	int64_t ms;

	(void)state;
	open_store(servers[0].path, servers[1].path);
	assert_int_equal(ask("anna", "berta", &ms), 0);
	kill(servers[0].pid, SIGSTOP);
	pthread_create(&thread, NULL, run_call, NULL);
	nap_ms(50);
	/* There is one connection to each; that of the second is free. */
	assert_int_equal(ask("berta", NULL, &ms), 0);
	assert_true(ms < TIMEOUT_MS - 100);
	pthread_join(thread, NULL);
	kill(servers[0].pid, SIGCONT);
	close_store();
}

static void
test_one_deadline_holds_for_all(void **state)
{
	int64_t ms;

	(void)state;
	open_store(servers[0].path, servers[1].path);
	assert_int_equal(ask("anna", "berta", &ms), 0);
	for (int i = 0; i < 2; i++)
		kill(servers[i].pid, SIGSTOP);
	assert_int_equal(ask("anna", "berta", &ms), -1);
	assert_in_range(ms, TIMEOUT_MS - 2, TIMEOUT_MS + SLACK_MS);
	for (int i = 0; i < 2; i++)
		kill(servers[i].pid, SIGCONT);
	close_store();
}

/* The first node is a fake that leads to the second, a real one. */
static void
check_redirect(const char *answer, int want, unsigned want_redirects)
{
	int64_t ms;

	atomic_store(&n_redirects, 0);
	memset(&fakes[0], 0, sizeof(fakes[0]));
	fakes[0].answer = answer;
	fake_start(&fakes[0], fake_paths[0]);
	open_store(fake_paths[0], servers[1].path);
	assert_int_equal(ask("anna", "berta", &ms), want);
	assert_true(ms < TIMEOUT_MS + SLACK_MS);
	assert_int_equal(n_redirects, want_redirects);
	assert_int_equal(store_flush(store, 5000), 0);
	close_store();
	fake_stop(&fakes[0]);
}

static void
test_errors_that_lead_elsewhere_are_followed(void **state)
{
	(void)state;
	check_redirect("-MOVED 1 127.0.0.1:1\r\n", 0, 1);
	assert_int_equal(count_keys(&servers[1], "test:limit:pace:{anna}"), 1);
	check_redirect("-ASK 1 127.0.0.1:1\r\n", 0, 1);
	assert_int_equal(log_kit_count("away"), 0);
	/* Not for ever; and what the second charged is given back. */
	check_redirect("-TRYAGAIN later\r\n", -1, REDIS_TRIES_MAX);
	check_redirect("-CLUSTERDOWN no\r\n", -1, 1);
	open_store(servers[0].path, servers[1].path);
	assert_int_equal(used_of("berta"), 10);
	close_store();
}

static void
test_commands_go_to_their_node_and_are_led_elsewhere(void **state)
{
	const struct str args[] = { STR("EVAL"),
		STR("return redis.call('INCR', KEYS[1])"), STR("1"),
		STR("test:limit:pace:{a}") };
	const char *const get[4] = { "GET", "test:limit:pace:{a}" };
	struct store_stats stats;
	char text[16];

	(void)state;
	fakes[0].answer = "-MOVED 1 127.0.0.1:1\r\n";
	fake_start(&fakes[0], fake_paths[0]);
	open_store(fake_paths[0], servers[1].path);
	redis_behind_command(redis, STR("berta"), args, 4);
	assert_int_equal(store_flush(store, 5000), 0);
	assert_int_equal(fakes[0].n_scripts, 0);
	redis_behind_command(redis, args[3], args, 4);
	assert_int_equal(store_flush(store, 5000), 0);
	assert_int_equal(fakes[0].n_scripts, 1);
	server_ask(&servers[1], get, text, sizeof(text));
	assert_string_equal(text, "2");
	store_stats_get(store, &stats);
	assert_int_equal(stats.failures, 0);
	close_store();
	fake_stop(&fakes[0]);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_each_key_is_charged_on_its_own_node),
		CASE(test_all_nodes_are_asked_before_any_is_awaited),
		CASE(
		    test_a_part_that_hangs_fails_the_whole_and_the_rest_is_given_back),
		CASE(test_a_node_that_hangs_keeps_no_connection_to_others),
		CASE(test_one_deadline_holds_for_all),
		CASE(test_errors_that_lead_elsewhere_are_followed),
		CASE(test_commands_go_to_their_node_and_are_led_elsewhere),
	};

	return cmocka_run_group_tests_name("redis round", tests, NULL, NULL);
}
