/*
 * A master that Sentinels know: who is asked, who is believed, what happens
 * while it changes, and that nothing of the old one is given back at the new.
 *
 * Real Sentinels; what takes them seconds to find out (that a master is gone)
 * they are told at once: SENTINEL REMOVE and MONITOR.
 */
#include "redis_place.h"
#include "log_kit.h"
#include "store_kit.h"

#include "base/clock.h"

#define TIMEOUT_MS 2000 /* only what is broken meets it */
#define LINE       "sentinel resolve-hostnames no"

static struct place first, second, sentinel;
static struct store *store;

/* From now on the Sentinel names this master. */
static void
name_master(const struct place *master)
{
	char text[256];

	place_ask(&sentinel, text, sizeof(text), "SENTINEL REMOVE lab");
	place_ask(&sentinel, text, sizeof(text),
	    "SENTINEL MONITOR lab 127.0.0.1 %u 1", master->port);
	assert_string_equal(text, "OK");
}

static int
start(void **state)
{
	(void)state;
	place_init(&first, false, "");
	place_init(&second, false, "");
	place_init(&sentinel, true, LINE);
	place_start(&first);
	place_start(&second);
	place_start(&sentinel);
	name_master(&first);
	log_kit_catch(sentinel.dir);
	store = NULL;
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	store_close(store);
	log_kit_release();
	place_done(&first);
	place_done(&second);
	place_done(&sentinel);
	return 0;
}

/* Nobody listens on port 1; it is asked first. */
static void
open_store(const char *login, const char *query)
{
	char url[256];

	snprintf(url, sizeof(url),
	    "redis+sentinel://%s127.0.0.1:1,127.0.0.1:%u/lab?db=0%s", login,
	    sentinel.port, query);
	store = kit_open(url, TIMEOUT_MS);
}

static int
try(const char *identity, uint64_t *used_out)
{
	return kit_try(store, identity, used_out);
}

static uint64_t
must(const char *identity)
{
	uint64_t used = 0;

	if (try(identity, &used) == -1)
		fail_msg("no answer for %s", identity);
	return used;
}

/* Until a charge is answered; how long it took. */
static int64_t
ms_until_answered(const char *identity)
{
	int64_t start_us = clock_steady_us(), ms;
	uint64_t used;

	do {
		nap_ms(10);
		ms = (clock_steady_us() - start_us) / 1000;
		if (ms > 20000)
			fail_msg("no answer for %s", identity);
	} while (try(identity, &used) == -1);
	return ms;
}

static uint64_t
used_at(const struct place *place, const char *identity)
{
	char text[256];

	place_ask(place, text, sizeof(text),
	    "HGET test:limit:pace:{%s} recipients.1h", identity);
	return strtoull(text, NULL, 10);
}

static void
test_a_master_is_found_through_those_that_answer(void **state)
{
	(void)state;
	open_store("", "");
	assert_int_equal(must("anna"), 1);
	assert_int_equal(must("anna"), 2);
	assert_int_equal(used_at(&first, "anna"), 2);
	assert_string_equal(store_name(store), "redis sentinel lab/0");
	assert_int_equal(log_kit_count("no Sentinel names"), 0);
	assert_int_equal(log_kit_count("away"), 0);
}

/* The old master lives on as a replica, and refuses to write. */
static void
test_a_demoted_master_is_left_for_the_new_one(void **state)
{
	char text[64];

	(void)state;
	open_store("", "");
	assert_int_equal(must("anna"), 1);
	name_master(&second);
	place_ask(
	    &first, text, sizeof(text), "REPLICAOF 127.0.0.1 %u", second.port);
	assert_true(ms_until_answered("anna") < 5000);
	assert_true(used_at(&second, "anna") > 0);
	assert_int_equal(log_kit_count("is at 127.0.0.1"), 2);
	assert_int_equal(must("bert"), 1);
}

static void
test_a_dead_master_is_left_when_another_is_named(void **state)
{
	uint64_t used;

	(void)state;
	open_store("", "");
	assert_int_equal(must("anna"), 1);
	place_kill(&first);
	for (int i = 0; i < 3; i++)
		assert_int_equal(try("anna", &used), -1);
	assert_false(store_is_up(store));
	nap_ms(300);
	assert_int_equal(try("anna", &used), -1);
	name_master(&second);
	/* Sentinels are asked each second. */
	assert_true(ms_until_answered("anna") < 5000);
	assert_true(used_at(&second, "anna") > 0);
	assert_int_equal(log_kit_count("is away"), 1);
	assert_int_equal(log_kit_count("is back after"), 1);
}

/* The one that is named must say itself that it is a master. */
static void
test_a_replica_is_not_taken_for_a_master(void **state)
{
	char text[64];
	uint64_t used;

	(void)state;
	place_ask(&first, text, sizeof(text), "REPLICAOF 127.0.0.1 1");
	assert_string_equal(text, "OK");
	open_store("", "");
	assert_int_equal(try("anna", &used), -1);
	assert_int_equal(try("anna", &used), -1);
	nap_ms(200);
	assert_int_equal(log_kit_count("but it is no master"), 1);
	assert_int_equal(used_at(&first, "anna"), 0);
	place_ask(&first, text, sizeof(text), "REPLICAOF NO ONE");
	assert_true(ms_until_answered("anna") < 5000);
}

static void
test_an_unknown_name_is_told(void **state)
{
	char text[64];
	uint64_t used;

	(void)state;
	place_ask(&sentinel, text, sizeof(text), "SENTINEL REMOVE lab");
	open_store("", "");
	assert_int_equal(try("anna", &used), -1);
	nap_ms(200);
	assert_int_equal(log_kit_count("it knows no such master"), 1);
	assert_int_equal(log_kit_count("Connection refused"), 1);
	/* Said once, however often it is tried. */
	nap_ms(1500);
	assert_int_equal(log_kit_count("no Sentinel names"), 1);
	name_master(&first);
	assert_true(ms_until_answered("anna") < 5000);
}

static void
test_starting_while_no_sentinel_answers_works(void **state)
{
	uint64_t used;

	(void)state;
	place_kill(&sentinel);
	open_store("", "");
	assert_int_equal(try("anna", &used), -1);
	assert_false(store_is_up(store));
	place_start(&sentinel); /* it keeps in its file what it was told */
	assert_true(ms_until_answered("anna") < 8000);
}

/* Anna's 5 are of the first master's data; at the second others have 5. */
static void
test_nothing_of_the_old_master_is_given_back_at_the_new(void **state)
{
	const struct kit_use five = { "anna", STORE_CHARGE, 5, kit_plenty, 1 };
	struct store_call *old, *new;
	char text[64], answer[64];

	(void)state;
	open_store("", "");
	old = kit_call(store, &five, T0);
	/* A replica has the marker, too; but not yet anna's charge. */
	place_ask(&first, text, sizeof(text), "GET test:generation");
	place_ask(
	    &second, answer, sizeof(answer), "SET test:generation %s", text);
	assert_string_equal(answer, "OK");
	name_master(&second);
	place_ask(
	    &first, text, sizeof(text), "REPLICAOF 127.0.0.1 %u", second.port);
	assert_true(ms_until_answered("bert") < 5000);
	/* Somebody else's; so the slot of the charge is there. */
	new = kit_call(store, &five, T0);
	assert_int_equal(used_at(&second, "anna"), 5);
	kit_give_back(store, old, T0);
	assert_int_equal(used_at(&second, "anna"), 5);
	kit_give_back(store, new, T0);
	assert_int_equal(used_at(&second, "anna"), 0);
}

static void
test_master_and_sentinel_have_passwords_of_their_own(void **state)
{
	char text[64];

	(void)state;
	place_ask(&first, text, sizeof(text), "CONFIG SET requirepass mast@r");
	assert_string_equal(text, "OK");
	place_ask(
	    &sentinel, text, sizeof(text), "SENTINEL SET lab auth-pass mast@r");
	assert_string_equal(text, "OK");
	place_kill(&sentinel);
	place_done(&sentinel);
	place_init(&sentinel, true, "requirepass sent%l");
	sentinel.password = "sent%l";
	place_start(&sentinel);
	name_master(&first);
	place_ask(
	    &sentinel, text, sizeof(text), "SENTINEL SET lab auth-pass mast@r");
	log_kit_release();
	log_kit_catch(sentinel.dir);
	open_store("default:mast%40r@",
	    "&sentinel_user=default&sentinel_password=sent%25l");
	assert_int_equal(must("anna"), 1);
	first.password = "mast@r";
	assert_int_equal(used_at(&first, "anna"), 1);
}

static void
test_a_sentinel_that_wants_a_password_is_told(void **state)
{
	uint64_t used;

	(void)state;
	place_done(&sentinel);
	place_init(&sentinel, true, "requirepass right");
	place_start(&sentinel);
	log_kit_release();
	log_kit_catch(sentinel.dir);
	open_store("", "&sentinel_password=secret");
	assert_int_equal(try("anna", &used), -1);
	nap_ms(200);
	assert_int_equal(log_kit_count("WRONGPASS"), 1);
	assert_int_equal(log_kit_count("secret"), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_master_is_found_through_those_that_answer),
		CASE(test_a_demoted_master_is_left_for_the_new_one),
		CASE(test_a_dead_master_is_left_when_another_is_named),
		CASE(test_a_replica_is_not_taken_for_a_master),
		CASE(test_an_unknown_name_is_told),
		CASE(test_starting_while_no_sentinel_answers_works),
		CASE(test_nothing_of_the_old_master_is_given_back_at_the_new),
		CASE(test_master_and_sentinel_have_passwords_of_their_own),
		CASE(test_a_sentinel_that_wants_a_password_is_told),
	};

	return cmocka_run_group_tests_name("redis sentinel", tests, NULL, NULL);
}
