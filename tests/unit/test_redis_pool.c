/*
 * Threads that share one connection: each gets the reply to its own question,
 * whoever's time is over leaves at once, and what is still to come is read by
 * the others, or the connection is closed. The server answers the n-th question
 * with the number n, when the test lets it.
 */
#include "fake_redis.h"
#include "log_kit.h"
#include "store_kit.h"

#include "base/clock.h"
#include "store/redis/pool_own.h"

#define LONG_MS  30000
#define SHORT_MS 1000 /* longer than a busy host sleeps */

static struct redis_server server; /* only its folder is used */
static struct fake_redis fake;
static struct redis_target target;
static struct redis_pool *pool;
static _Atomic uint64_t epoch;
static atomic_uint n_downs;

/* One who asks, how long it waits, and what came of it. */
struct asker {
	unsigned patience_ms;
	pthread_t thread;
	atomic_bool has_ended;
	int64_t got; /* the number; -1: nothing */
	int64_t spent_ms;
};

static void
on_down(void *context)
{
	(void)context;
	atomic_fetch_add(&n_downs, 1);
}

static int
start(void **state)
{
	char path[128];

	(void)state;
	server_init(&server);
	snprintf(path, sizeof(path), "%s/fake", server.dir);
	log_kit_catch(server.dir);
	atomic_store(&n_downs, 0);
	atomic_store(&epoch, 1);
	memset(&fake, 0, sizeof(fake));
	fake.counts = true;
	target = (struct redis_target){ .name = strdup("fake"),
		.host = strdup(path),
		.is_unix = true,
		.prefix = strdup("test"),
		.timeout_us = LONG_MS * INT64_C(1000),
		.epoch = &epoch };
	fake_start(&fake, path);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	redis_pool_free(pool);
	fake_stop(&fake);
	free(target.name);
	free(target.host);
	free(target.prefix);
	log_kit_release();
	server_done(&server);
	return 0;
}

static void
open_pool(uint32_t connections)
{
	pool = redis_pool_new(&target, connections, on_down, NULL);
}

static int64_t
ask(unsigned patience_ms)
{
	struct redis_request request = { .reply = NULL };
	struct redis_failure failure;
	int64_t got = -1;

	redis_put_begin(&request.out, 1);
	redis_put_arg(&request.out, STR("EVAL"));
	if (redis_pool_ask(pool, &request,
		clock_steady_us() + (int64_t)patience_ms * 1000,
		&failure) == 0) {
		got = request.reply->integer;
		freeReplyObject(request.reply);
		redis_pool_judge(pool, request.era, NULL);
	}
	buf_done(&request.out);
	return got;
}

static void *
run_asker(void *arg)
{
	struct asker *asker = arg;
	int64_t start_us = clock_steady_us();

	asker->got = ask(asker->patience_ms);
	asker->spent_ms = (clock_steady_us() - start_us) / 1000;
	atomic_store(&asker->has_ended, true);
	return NULL;
}

static void
begin(struct asker *asker, unsigned patience_ms)
{
	asker->patience_ms = patience_ms;
	atomic_init(&asker->has_ended, false);
	pthread_create(&asker->thread, NULL, run_asker, asker);
}

/* Ends with this number; those who get nothing leave when their time is over.
 */
static void
end(struct asker *asker, int64_t want)
{
	pthread_join(asker->thread, NULL);
	assert_int_equal(asker->got, want);
	if (want == -1)
		assert_in_range(asker->spent_ms, asker->patience_ms - 2,
		    asker->patience_ms + SHORT_MS);
}

static size_t
count_waiting(void)
{
	size_t n = 0;

	pthread_mutex_lock(&pool->lock);
	for (struct waiter *at = pool->first; at != NULL; at = at->next)
		n++;
	pthread_mutex_unlock(&pool->lock);
	return n;
}

static void
wait_for_queue(size_t n)
{
	for (int i = 0; i < LONG_MS && count_waiting() != n; i++)
		nap_ms(1);
	assert_int_equal(count_waiting(), n);
}

/* That the server has read so many. */
static void
wait_for_scripts(unsigned n)
{
	for (int i = 0; i < LONG_MS && atomic_load(&fake.n_scripts) < n; i++)
		nap_ms(1);
	assert_int_equal(atomic_load(&fake.n_scripts), n);
}

static void
release(unsigned n)
{
	atomic_store(&fake.n_released, n);
}

/*
 * One connection: the first asks on it, and n others wait, in order. When the
 * first is answered, the second leads all of them.
 */
static void
let_wait(struct asker *askers, const unsigned *patience_ms, size_t n)
{
	open_pool(1);
	begin(&askers[0], LONG_MS);
	wait_for_scripts(1);
	for (size_t i = 1; i <= n; i++) {
		begin(&askers[i], patience_ms[i - 1]);
		wait_for_queue(i);
	}
	release(1);
	end(&askers[0], 0);
	wait_for_scripts(2);
	wait_for_queue(0);
}

static void
test_those_who_waited_go_together(void **state)
{
	static const unsigned patience[] = { LONG_MS, LONG_MS, LONG_MS };
	struct asker askers[4];

	(void)state;
	let_wait(askers, patience, 3);
	release(4);
	for (int i = 1; i < 4; i++)
		end(&askers[i], i);
	assert_int_equal(fake.n_guests, 1);
}

/* One of those that it took along reads on. */
static void
test_a_leader_whose_time_is_over_hands_over(void **state)
{
	static const unsigned patience[] = { SHORT_MS, LONG_MS, LONG_MS };
	struct asker askers[4];

	(void)state;
	let_wait(askers, patience, 3);
	end(&askers[1], -1);
	assert_false(atomic_load(&askers[2].has_ended));
	assert_false(atomic_load(&askers[3].has_ended));
	release(10);
	end(&askers[2], 2);
	end(&askers[3], 3);
	assert_true(redis_pool_is_up(pool));
	/* The connection is as good as ever. */
	assert_int_equal(ask(LONG_MS), 4);
	assert_int_equal(fake.n_guests, 1);
}

/* Its reply is read and dropped in its turn, and meets nobody else. */
static void
test_a_follower_whose_time_is_over_just_leaves(void **state)
{
	static const unsigned patience[] = { LONG_MS, SHORT_MS, LONG_MS };
	struct asker askers[4];

	(void)state;
	let_wait(askers, patience, 3);
	end(&askers[2], -1);
	release(10);
	end(&askers[1], 1);
	end(&askers[3], 3);
	assert_true(redis_pool_is_up(pool));
	assert_int_equal(ask(LONG_MS), 4);
	assert_int_equal(fake.n_guests, 1);
}

static void
test_who_leaves_last_closes_the_connection(void **state)
{
	static const unsigned patience[] = { SHORT_MS, SHORT_MS };
	struct asker askers[3];
	int64_t got;

	(void)state;
	let_wait(askers, patience, 2);
	end(&askers[1], -1);
	end(&askers[2], -1);
	/* Two in a row without an answer: it is away. */
	assert_int_equal(n_downs, 1);
	assert_int_equal(ask(LONG_MS), -1);
	redis_pool_is_back(pool);
	release(10);
	got = ask(LONG_MS);
	/* The server may yet have read what was left on the old one. */
	assert_in_range(got, 2, 3);
	assert_int_equal(fake.n_guests, 2);
}

static void
test_who_waits_for_a_connection_in_vain_blames_nobody(void **state)
{
	struct asker first, others[3];

	(void)state;
	open_pool(1);
	begin(&first, LONG_MS);
	wait_for_scripts(1);
	for (int i = 0; i < 3; i++)
		begin(&others[i], 50);
	for (int i = 0; i < 3; i++)
		end(&others[i], -1);
	assert_int_equal(n_downs, 0);
	assert_int_equal(fake.n_scripts, 1);
	release(1);
	end(&first, 0);
}

/* When Redis is found to be away nobody goes on waiting for a connection. */
static void
test_going_down_sends_all_away_who_wait(void **state)
{
	struct redis_failure failure;
	struct redis_pool_counts counts;
	struct asker askers[3];

	(void)state;
	open_pool(1);
	for (size_t i = 0; i < 3; i++) {
		begin(&askers[i], LONG_MS);
		wait_for_scripts(1);
		wait_for_queue(i);
	}
	redis_fail(&failure, REDIS_FAILURE_CONNECT, "nobody is there");
	redis_pool_judge(pool, 0, &failure);
	redis_pool_judge(pool, 0, &failure); /* known by now, and counted */
	redis_pool_counts(pool, &counts);
	assert_int_equal(counts.n_failures[REDIS_FAILURE_CONNECT], 2);
	assert_int_equal(counts.n_failures[REDIS_FAILURE_LATE], 0);
	assert_int_equal(counts.n_downs, 1);
	for (size_t i = 1; i < 3; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_int_equal(askers[i].got, -1);
		assert_true(askers[i].spent_ms < LONG_MS / 2);
	}
	assert_int_equal(n_downs, 1);
	release(1);
	end(&askers[0], 0);
}

static void *
borrow_briefly(void *arg)
{
	struct redis_conn *conn = redis_pool_borrow(
	    pool, clock_steady_us() + LONG_MS * INT64_C(1000));

	(void)arg;
	nap_ms(20);
	if (conn == NULL)
		return NULL;
	redis_pool_give_back(pool, conn, NULL);
	return pool;
}

/* Those who want a connection for themselves wait in the same line. */
static void
test_borrowers_and_askers_take_turns(void **state)
{
	struct asker askers[8];
	pthread_t threads[8];
	void *had_one;

	(void)state;
	open_pool(1);
	release(8);
	for (size_t i = 0; i < 8; i++) {
		begin(&askers[i], LONG_MS);
		pthread_create(&threads[i], NULL, borrow_briefly, NULL);
	}
	for (size_t i = 0; i < 8; i++) {
		pthread_join(askers[i].thread, NULL);
		pthread_join(threads[i], &had_one);
		assert_non_null(had_one);
		assert_true(askers[i].got >= 0);
	}
	assert_int_equal(fake.n_guests, 1);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_those_who_waited_go_together),
		CASE(test_a_leader_whose_time_is_over_hands_over),
		CASE(test_a_follower_whose_time_is_over_just_leaves),
		CASE(test_who_leaves_last_closes_the_connection),
		CASE(test_who_waits_for_a_connection_in_vain_blames_nobody),
		CASE(test_going_down_sends_all_away_who_wait),
		CASE(test_borrowers_and_askers_take_turns),
	};

	return cmocka_run_group_tests_name("redis pool", tests, NULL, NULL);
}
