/*
 * Many threads on one limit: exactly max fit, on both stores, and every answer
 * belongs to the question of its thread.
 */
#include "store_kit.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS   8
#define LIMIT_MAX 1000
#define TRIES     200 /* of each thread: more than fit */

static struct redis_server server;

struct crowd {
	struct store *store;
	atomic_uint next;
	atomic_uint n_fitted;
	atomic_uint n_wrong;
};

static void *
charge_one_limit(void *arg)
{
	const struct store_rate rate[] = { { LIMIT_MAX, 3600, STORE_ROLLING } };
	const struct kit_use use = { "all", STORE_CHARGE, 1, rate, 1 };
	struct crowd *crowd = arg;

	for (int i = 0; i < TRIES; i++) {
		struct store_call *call = store_call_new(crowd->store);

		kit_add(call, &use, 1);
		if (store_call_wait(call, T0) != 0)
			atomic_fetch_add(&crowd->n_wrong, 1);
		else if (store_call_answer(call, 0)->fits)
			atomic_fetch_add(&crowd->n_fitted, 1);
		store_call_put(call);
	}
	return NULL;
}

/* Each has a key of its own, so it knows the only right answer. */
static void *
charge_own_limit(void *arg)
{
	const struct store_rate rate[] = { { LIMIT_MAX, 3600, STORE_ROLLING } };
	struct crowd *crowd = arg;
	char identity[16];

	snprintf(identity, sizeof(identity), "own%u",
	    atomic_fetch_add(&crowd->next, 1));
	for (uint64_t i = 1; i <= TRIES; i++) {
		const struct kit_use use = { identity, STORE_CHARGE, 2, rate,
			1 };
		struct store_call *call = store_call_new(crowd->store);

		kit_add(call, &use, 1);
		if (store_call_wait(call, T0) != 0 ||
		    store_call_answer(call, 0)->levels[0].used != i + 1)
			atomic_fetch_add(&crowd->n_wrong, 1);
		/* One stays, one goes: used is i again when it is done. */
		store_call_give_back(call, 1, T0);
		store_call_put(call);
		store_flush(crowd->store, 5000);
		kit_ask(crowd->store,
		    &(struct kit_use){ identity, STORE_CHARGE, 1, rate, 1 },
		    T0);
	}
	return NULL;
}

static struct crowd
run_crowd(struct store *store, void *(*work)(void *arg))
{
	struct crowd crowd = { .store = store };
	struct buf error = { 0 };
	pthread_t threads[THREADS];

	assert_int_equal(store_wipe(store, &error), 0);
	buf_done(&error);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, work, &crowd), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return crowd;
}

static void
check_store(const char *url)
{
	struct store *store = kit_open(url, 10000);
	struct crowd crowd = run_crowd(store, charge_one_limit);

	assert_int_equal(crowd.n_wrong, 0);
	assert_int_equal(crowd.n_fitted, LIMIT_MAX);
	crowd = run_crowd(store, charge_own_limit);
	assert_int_equal(crowd.n_wrong, 0);
	store_close(store);
}

static void
test_exactly_1000_of_1600_fit_in_memory(void **state)
{
	(void)state;
	check_store("memory");
}

static void
test_exactly_1000_of_1600_fit_in_redis(void **state)
{
	(void)state;
	check_store(server.url);
}

static int
start(void **state)
{
	(void)state;
	server_init(&server);
	server_start(&server);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	server_done(&server);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exactly_1000_of_1600_fit_in_memory),
		cmocka_unit_test(test_exactly_1000_of_1600_fit_in_redis),
	};

	return cmocka_run_group_tests_name("store threads", tests, start, stop);
}
