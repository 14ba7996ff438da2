/*
 * A Cluster of three masters under the store: keys on all of them, slots that
 * move (in one piece, and under load), a node that is gone, and one that comes
 * back empty. What is counted must be exactly what was answered.
 */
#include "cluster_kit.h"
#include "store_kit.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>

#define TIMEOUT_MS 2000 /* only what is broken meets it */
#define THREADS    4
#define MOVES      24 /* NODES times something */

static struct store *store;

static const struct store_rate pace[] = { { 1000000, 3600, STORE_ROLLING } };

/* Nobody listens on port 1. */
static int
start(void **state)
{
	char url[128];

	(void)state;
	snprintf(url, sizeof(url), "redis+cluster://127.0.0.1:1,127.0.0.1:%u",
	    nodes[1].port);
	store = kit_open(url, TIMEOUT_MS);
	return 0;
}

static int
stop(void **state)
{
	struct buf error = { 0 };

	(void)state;
	if (nodes[2].pid != 0 && store_wipe(store, &error) == -1)
		fail_msg("%.*s", STR_ARG(buf_str(&error)));
	store_close(store);
	buf_done(&error);
	return 0;
}

/* The n-th name that is on this node. */
static void
name_at(unsigned node, unsigned n, char text[16])
{
	for (unsigned i = 0;; i++) {
		unsigned slot;

		snprintf(text, 16, "u%u", i);
		slot = cluster_slot(str_of(text));
		if (slot >= first_slot(node) && slot < first_slot(node + 1) &&
		    n-- == 0)
			return;
	}
}

static int
try(const char *identity)
{
	const struct kit_use use = { identity, STORE_CHARGE, 1, pace, 1 };
	struct store_call *call = store_call_new(store);
	int rc;

	kit_add(call, &use, 1);
	rc = store_call_wait(call, T0);
	store_call_put(call);
	return rc;
}

static uint64_t
used_of(struct place *place, const char *identity)
{
	char text[256];

	place_ask(place, text, sizeof(text),
	    "HGET test:limit:pace:{%s} recipients.1h", identity);
	return strtoull(text, NULL, 10);
}

static uint64_t
used_at(unsigned node, const char *identity)
{
	return used_of(&nodes[node], identity);
}

static void
test_each_key_is_asked_where_its_slot_is(void **state)
{
	struct store_call *call = store_call_new(store);
	char names[6 * NODES][16];
	struct kit_listing listing;

	(void)state;
	for (unsigned i = 0; i < 6 * NODES; i++) {
		struct kit_use use = { names[i], STORE_CHARGE, i + 1, pace, 1 };

		name_at(i % NODES, i / NODES, names[i]);
		kit_add(call, &use, i);
	}
	assert_int_equal(store_call_wait(call, T0), 0);
	for (unsigned i = 0; i < 6 * NODES; i++) {
		/* Answers stand where they were asked. */
		assert_int_equal(
		    store_call_answer(call, i)->levels[0].used, i + 1);
		assert_int_equal(used_at(i % NODES, names[i]), i + 1);
		store_call_give_back(call, i, T0);
	}
	listing = kit_list(store, "pace", "", T0);
	assert_int_equal(store_flush(store, 5000), 0);
	for (unsigned i = 0; i < 6 * NODES; i++)
		assert_int_equal(used_at(i % NODES, names[i]), 0);
	assert_int_equal(listing.n, 6 * NODES);
	store_call_put(call);
}

/* What was charged before a slot moves is given back behind it. */
static void
test_a_moved_slot_is_found_and_refunds_follow(void **state)
{
	const struct kit_use five = { "anna", STORE_CHARGE, 5, pace, 1 };
	unsigned slot = cluster_slot(STR("anna")), from, to;
	struct store_call *call = kit_call(store, &five, T0);

	(void)state;
	for (from = 0; slot >= first_slot(from + 1); from++)
		;
	to = (from + 1) % NODES;
	assert_int_equal(used_at(from, "anna"), 5);
	assert_int_equal(try("anna"), 0);
	for (unsigned i = 0; i < 2; i++) {
		char text[256];

		place_ask(&nodes[to], text, sizeof(text),
		    "CLUSTER SETSLOT %u IMPORTING %s", slot, ids[from]);
		place_ask(&nodes[from], text, sizeof(text),
		    "CLUSTER SETSLOT %u MIGRATING %s", slot, ids[to]);
		place_ask(&nodes[from], text, sizeof(text),
		    "MIGRATE 127.0.0.1 %u test:limit:pace:{anna} 0 2000",
		    nodes[to].port);
		assert_string_equal(text, "OK");
		place_ask(&nodes[to], text, sizeof(text),
		    "CLUSTER SETSLOT %u NODE %s", slot, ids[to]);
		place_ask(&nodes[from], text, sizeof(text),
		    "CLUSTER SETSLOT %u NODE %s", slot, ids[to]);
		assert_int_equal(try("anna"), 0);
		assert_int_equal(used_at(to, "anna"), 7 + (i * 1 - i * 5));
		if (i == 0) {
			kit_give_back(store, call, T0);
			assert_int_equal(used_at(to, "anna"), 2);
		}
		/* And back again. */
		from = to;
		to = (to + NODES - 1) % NODES;
	}
}

/* --- under load ----------------------------------------------------------- */

struct load {
	pthread_t thread;
	unsigned number;
	uint64_t n_answered;
	uint64_t n_failed;
};

static atomic_bool is_over;
static char busy[8][16]; /* identities of one slot, and of others */

/* Charges two identities at a time; every third call is given back. */
static void *
run_load(void *arg)
{
	struct load *load = arg;

	for (unsigned n = 0; !atomic_load(&is_over); n++) {
		struct store_call *call = store_call_new(store);
		const struct kit_use uses[] = {
			{ busy[(load->number + n) % 8], STORE_CHARGE, 1, pace,
			    1 },
			{ busy[(load->number + n + 1) % 8], STORE_CHARGE, 1,
			    pace, 1 },
		};

		kit_add(call, &uses[0], 1);
		kit_add(call, &uses[1], 1);
		if (store_call_wait(call, T0) == -1)
			load->n_failed++;
		else if (n % 3 == 0)
			store_call_give_back(call, 1, T0);
		else
			load->n_answered += 2;
		store_call_put(call);
	}
	return NULL;
}

/* Moves all keys of a slot, one by one. */
static void
move_slot(unsigned slot, unsigned from, unsigned to)
{
	char text[256];
	redisContext *context = place_connect(&nodes[from]);
	redisReply *keys;

	place_ask(&nodes[to], text, sizeof(text),
	    "CLUSTER SETSLOT %u IMPORTING %s", slot, ids[from]);
	place_ask(&nodes[from], text, sizeof(text),
	    "CLUSTER SETSLOT %u MIGRATING %s", slot, ids[to]);
	for (;;) {
		size_t n;

		keys =
		    redisCommand(context, "CLUSTER GETKEYSINSLOT %u 1", slot);
		assert_non_null(keys);
		n = keys->elements;
		if (n > 0)
			freeReplyObject(redisCommand(context,
			    "MIGRATE 127.0.0.1 %u %s 0 2000", nodes[to].port,
			    keys->element[0]->str));
		freeReplyObject(keys);
		if (n == 0)
			break;
	}
	redisFree(context);
	for (unsigned i = 0; i < NODES; i++)
		place_ask(&nodes[(to + i) % NODES], text, sizeof(text),
		    "CLUSTER SETSLOT %u NODE %s", slot, ids[to]);
}

/* Whoever has the slot in the end has all of its keys. */
static uint64_t
used_anywhere(const char *identity)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < NODES; i++)
		sum += used_at(i, identity);
	return sum;
}

static void
test_counts_are_exact_while_a_slot_moves_to_and_fro(void **state)
{
	struct load loads[THREADS] = { { .number = 0 } };
	uint64_t want = 0, failed = 0, got = 0;
	unsigned slot, from = 0, to = 1;

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		name_at(i % NODES, i / NODES, busy[i]);
	slot = cluster_slot(str_of(busy[0]));
	atomic_store(&is_over, false);
	for (unsigned i = 0; i < THREADS; i++) {
		loads[i].number = i;
		pthread_create(&loads[i].thread, NULL, run_load, &loads[i]);
	}
	for (unsigned i = 0; i < MOVES; i++) {
		move_slot(slot, from, to);
		from = to;
		to = (to + 1) % NODES;
		nap_ms(20);
	}
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(loads[i].thread, NULL);
		want += loads[i].n_answered;
		failed += loads[i].n_failed;
	}
	assert_int_equal(store_flush(store, 5000), 0);
	for (unsigned i = 0; i < 8; i++)
		got += used_anywhere(busy[i]);
	print_message("# %llu charges were answered, %llu calls failed\n",
	    (unsigned long long)want, (unsigned long long)failed);
	assert_int_equal(got, want);
	assert_true(want > 100);
	assert_true(failed < want);
	assert_int_equal(from, 0); /* where the other tests look for it */
}

/* --- nodes that go and come ----------------------------------------------- */

static void
test_a_node_that_is_gone_takes_only_its_own_keys_along(void **state)
{
	char here[16], gone[16];
	struct kit_use uses[] = {
		{ here, STORE_CHARGE, 1, pace, 1 },
		{ gone, STORE_CHARGE, 1, pace, 1 },
	};
	struct store_call *call = store_call_new(store);
	int64_t start_us;

	(void)state;
	name_at(0, 0, here);
	name_at(2, 0, gone);
	assert_int_equal(try(here), 0);
	assert_int_equal(try(gone), 0);
	place_kill(&nodes[2]);
	assert_int_equal(try(gone), -1);
	/* From now on in no time. */
	start_us = clock_steady_us();
	for (int i = 0; i < 100; i++)
		assert_int_equal(try(gone), -1);
	assert_true(clock_steady_us() - start_us < 500000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(try(here), 0);
	assert_true(store_is_up(store));
	/* A call that needs both has failed, and charged nothing. */
	kit_add(call, &uses[0], 1);
	kit_add(call, &uses[1], 2);
	assert_int_equal(store_call_wait(call, T0), -1);
	store_call_put(call);
	assert_int_equal(store_flush(store, 5000), 0);
	assert_int_equal(used_at(0, here), 101);
}

static void
charge_now(struct store *where, const char *identity, uint64_t amount)
{
	const struct kit_use use = { identity, STORE_CHARGE, amount, pace, 1 };
	struct store_call *call = store_call_new(where);

	kit_add(call, &use, 1);
	assert_int_equal(store_call_wait(call, STORE_NOW), 0);
	store_call_put(call);
}

/* What this process counted goes to the nodes that are there, and once. */
static void
test_local_counts_wait_only_for_their_own_node(void **state)
{
	struct store *local = kit_open("memory", TIMEOUT_MS);
	char here[16], gone[16];

	(void)state;
	assert_int_equal(nodes[2].pid, 0);
	name_at(0, 5, here);
	name_at(2, 5, gone);
	assert_int_equal(try(gone), -1);
	charge_now(local, here, 3);
	charge_now(local, gone, 4);
	for (int i = 0; i < 3; i++)
		assert_int_equal(store_merge(store, local), -1);
	assert_int_equal(used_at(0, here), 3);
	place_start(&nodes[2]);
	wait_until_ok();
	for (int i = 0; store_merge(store, local) == -1; i++) {
		assert_true(i < 1000);
		nap_ms(10);
	}
	assert_int_equal(used_at(0, here), 3);
	assert_int_equal(used_at(2, gone), 4);
	store_close(store);
	store_close(local);
	start(state);
}

/* It has its slots again, but not its data. */
static void
test_nothing_is_given_back_to_a_node_that_lost_its_data(void **state)
{
	char name[16];
	const struct kit_use five = { name, STORE_CHARGE, 5, pace, 1 };
	struct store_call *old, *new;

	(void)state;
	name_at(2, 0, name);
	assert_int_equal(try(name), 0);
	old = kit_call(store, &five, T0);
	assert_int_equal(used_at(2, name), 6);
	place_kill(&nodes[2]);
	place_start(&nodes[2]);
	wait_until_ok();
	for (int i = 0; try(name) == -1; i++) {
		assert_true(i < 1000);
		nap_ms(10);
	}
	new = kit_call(store, &five, T0);
	assert_int_equal(used_at(2, name), 6);
	kit_give_back(store, old, T0);
	assert_int_equal(used_at(2, name), 6);
	kit_give_back(store, new, T0);
	assert_int_equal(used_at(2, name), 1);
}

/* A replica may not have got what its master counted last. */
static void
test_nothing_of_a_master_is_given_back_to_its_replica(void **state)
{
	char name[16], text[512], keys[32];
	const struct kit_use five = { name, STORE_CHARGE, 5, pace, 1 };
	struct place replica;
	struct store_call *old, *new;
	uint64_t before = 0, after = 0;

	(void)state;
	name_at(0, 7, name);
	place_init(
	    &replica, false, "cluster-enabled yes\ncluster-node-timeout 15000");
	place_start(&replica);
	place_ask(&replica, text, sizeof(text), "CLUSTER MEET 127.0.0.1 %u",
	    nodes[0].port);
	do {
		nap_ms(10);
		place_ask(&replica, text, sizeof(text), "CLUSTER REPLICATE %s",
		    ids[0]);
	} while (strcmp(text, "OK") != 0);
	do {
		nap_ms(10);
		place_ask(&replica, text, sizeof(text), "INFO replication");
	} while (strstr(text, "master_link_status:up") == NULL);
	old = kit_call(store, &five, T0);
	do {
		nap_ms(10);
		place_ask(&nodes[0], keys, sizeof(keys), "DBSIZE");
		place_ask(&replica, text, sizeof(text), "DBSIZE");
	} while (strcmp(keys, text) != 0);
	place_ask(&replica, text, sizeof(text), "CLUSTER FAILOVER TAKEOVER");
	assert_string_equal(text, "OK");
	do {
		nap_ms(10);
		place_ask(&nodes[0], text, sizeof(text), "INFO replication");
	} while (strstr(text, "role:slave") == NULL);
	/* A node that thinks the Cluster is down would lose what follows. */
	do {
		nap_ms(10);
		place_ask(&replica, text, sizeof(text), "CLUSTER INFO");
	} while (strstr(text, "cluster_state:ok") == NULL);
	for (int i = 0; try(name) == -1; i++) {
		assert_true(i < 1000);
		nap_ms(10);
	}
	assert_int_equal(used_of(&replica, name), 6);
	kit_give_back(store, old, T0);
	assert_int_equal(used_of(&replica, name), 6);
	/* What the new master counted is given back to it, unless it was away
	 * in between: a young master may be. */
	for (int i = 0; before != after + five.amount; i++) {
		assert_true(i < 20);
		new = kit_call(store, &five, T0);
		before = used_of(&replica, name);
		kit_give_back(store, new, T0);
		after = used_of(&replica, name);
	}
	store_close(store);
	place_done(&replica);
	place_kill(&nodes[2]); /* so that nothing is wiped any more */
	start(state);
}

static void
test_a_cluster_that_is_not_there_yet_is_waited_for(void **state)
{
	struct place late;
	char url[128];

	(void)state;
	store_close(store);
	place_init(&late, false, "");
	snprintf(url, sizeof(url), "redis+cluster://127.0.0.1:%u", late.port);
	store = kit_open(url, TIMEOUT_MS);
	assert_int_equal(try("anna"), -1);
	assert_false(store_is_up(store));
	/* A Redis, but no Cluster: that does not help. */
	place_start(&late);
	nap_ms(1300);
	assert_int_equal(try("anna"), -1);
	assert_false(store_is_up(store));
	place_done(&late);
	store_close(store);
	start(state);
	assert_int_equal(try("anna"), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_each_key_is_asked_where_its_slot_is),
		CASE(test_a_moved_slot_is_found_and_refunds_follow),
		CASE(test_counts_are_exact_while_a_slot_moves_to_and_fro),
		CASE(test_a_cluster_that_is_not_there_yet_is_waited_for),
		CASE(test_a_node_that_is_gone_takes_only_its_own_keys_along),
		CASE(test_local_counts_wait_only_for_their_own_node),
		CASE(test_nothing_is_given_back_to_a_node_that_lost_its_data),
		CASE(test_nothing_of_a_master_is_given_back_to_its_replica),
	};

	return cmocka_run_group_tests_name(
	    "redis slots", tests, start_nodes, stop_nodes);
}
