/*
 * What stands in Redis beside counters of windows: days, sets of values, locks,
 * and what people wrote by hand into grants and tables. Names, texts and expiry
 * are a public interface, as in test_store_schema.c.
 */
#include "redis_kit.h"

#include "base/calendar.h"
#include "store/call.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Sends a command of words with blanks between them; the reply's own words. */
static void
redis_says(const char *command, const char *want)
{
	redisContext *context = server_connect(&server);
	redisReply *reply;
	struct buf text = { 0 };

	assert_non_null(context);
	reply = redisCommand(context, command);
	assert_non_null(reply);
	if (reply->type == REDIS_REPLY_INTEGER)
		buf_printf(&text, "%lld", reply->integer);
	else if (reply->str != NULL)
		buf_add_cstr(&text, reply->str);
	for (size_t i = 0; i < reply->elements; i++)
		buf_printf(&text, "%s%s", i > 0 ? " " : "",
		    reply->element[i]->str != NULL ? reply->element[i]->str
						   : "-");
	if (want != NULL && !str_is(buf_str(&text), want))
		fail_msg("%s: \"%s\"", command, text.len > 0 ? text.p : "");
	buf_done(&text);
	freeReplyObject(reply);
	redisFree(context);
}

static long long
redis_number(const char *command)
{
	redisContext *context = server_connect(&server);
	redisReply *reply = redisCommand(context, command);
	long long number = reply->integer;

	freeReplyObject(reply);
	redisFree(context);
	return number;
}

static const struct store_rate pace[] = { { 20, 60, STORE_ROLLING } };
static const struct store_rate nets[] = { { 2, 3600, STORE_ROLLING } };

static struct store_use
use_of(enum store_op op, uint64_t amount)
{
	return (struct store_use){
		.limit = STR("pace"),
		.unit = STR("recipients"),
		.identity = STR("anna"),
		.rates = pace,
		.n_rates = 1,
		.op = op,
		.amount = amount,
	};
}

static struct store_answer
ask(const struct store_use *use, int64_t now_ms)
{
	struct store_call *call = store_call_new(store);
	struct store_answer answer;

	store_call_add(call, use);
	assert_int_equal(store_call_wait(call, now_ms), 0);
	answer = *store_call_answer(call, 0);
	store_call_put(call);
	return answer;
}

static struct store_use
seeing(const struct str *members, size_t n)
{
	struct store_use use = use_of(STORE_CHARGE, 1);

	use.limit = STR("nets");
	use.unit = STR("distinct");
	use.rates = nets;
	use.members = members;
	use.n_members = n;
	return use;
}

static void
test_days_and_months_are_dates(void **state)
{
	const struct store_rate rates[] = { { 1500, 0, STORE_DAILY },
		{ 20000, 0, STORE_MONTHLY } };
	struct store_use use = use_of(STORE_CHARGE, 42);

	(void)state;
	use.rates = rates;
	use.n_rates = 2;
	ask(&use, T0 + 3600000);
	redis_says("HGET test:limit:pace:{anna} recipients.daily",
	    "42/1500 2026-01-01");
	redis_says("HGET test:limit:pace:{anna} recipients.monthly",
	    "42/20000 2026-01");
	/* Until the end of the month, and some slack. */
	assert_in_range(redis_number("PTTL test:limit:pace:{anna}"),
	    31 * INT64_C(86400000) - 3600000,
	    31 * INT64_C(86400000) - 3600000 + 180000);
}

static void
test_a_damaged_day_counts_as_empty(void **state)
{
	static const char *const texts[] = { "x", "5/20", "5/20 2026-01-01x",
		"5/20 2026-1-1", "9007199254740992/20 2026-01-01",
		"5/20 2026-01", "5/20 14725440 0 0 0 0 0 0 0 0 5" };
	const struct store_rate daily[] = { { 20, 0, STORE_DAILY } };
	struct store_use use = use_of(STORE_PEEK, 1);

	(void)state;
	use.rates = daily;
	for (size_t i = 0; i < COUNT(texts); i++) {
		redisContext *context = server_connect(&server);

		freeReplyObject(redisCommand(context, "HSET %s %s %s",
		    "test:limit:pace:{anna}", "recipients.daily", texts[i]));
		redisFree(context);
		if (ask(&use, T0).levels[0].used != 0)
			fail_msg("\"%s\" was taken for a day", texts[i]);
	}
}

static void
test_values_stand_by_when_they_were_seen(void **state)
{
	const struct str first[] = { STR("192.0.2.0/24") };
	const struct str second[] = { STR("2001:db8::/64") };
	struct store_use use = seeing(first, 1);

	(void)state;
	ask(&use, T0);
	use = seeing(second, 1);
	ask(&use, T0 + 5);
	redis_says("ZRANGE test:distinct:nets:{anna} 0 -1 WITHSCORES",
	    "192.0.2.0/24 1767225600000 2001:db8::/64 1767225600005");
	assert_in_range(redis_number("PTTL test:distinct:nets:{anna}"), 3600000,
	    3600000 + 180000);
	/* What no window counts any more is gone with the next charge. */
	ask(&use, T0 + 3600000);
	redis_says("ZRANGE test:distinct:nets:{anna} 0 -1", "2001:db8::/64");
}

static void
test_a_lock_says_until_when_why_and_by_whom(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 21);
	struct buf want = { 0 };

	(void)state;
	use.lock_sec = 600;
	ask(&use, T0 + 1);
	buf_printf(&want,
	    "until=1767226201 reason=\"21 of 20 recipients in 1m\" by=%.*s",
	    STR_ARG(call_host_name()));
	redis_says("GET test:lock:pace:{anna}", want.p);
	assert_in_range(
	    redis_number("PTTL test:lock:pace:{anna}"), 600000, 661000);
	buf_done(&want);
}

static void
test_a_lock_of_many_or_whole_days_says_so(void **state)
{
	const struct store_rate daily[] = { { (UINT64_C(1) << 53) - 1, 0,
	    STORE_DAILY } };
	struct store_use use = use_of(STORE_CHARGE, (UINT64_C(1) << 53) - 1);

	(void)state;
	use.rates = daily;
	use.lock_sec = 1;
	ask(&use, T0);
	ask(&use, T0);
	redis_says("EVAL return{string.match(redis.call('GET',KEYS[1]),"
		   "'reason=\"(.-)\"')} 1 test:lock:pace:{anna}",
	    "9007199254740991 of 9007199254740991 recipients daily");
}

/* --- by hand --------------------------------------------------------------------- */

static void
set_text(const char *key, const char *text)
{
	redisContext *context = server_connect(&server);

	freeReplyObject(redisCommand(context, "SET %s %s", key, text));
	redisFree(context);
}

static void
test_grants_by_hand_hold_if_they_are_grants(void **state)
{
	static const struct {
		const char *text;
		uint64_t max; /* of the first rate; 0: it is no grant */
		uint32_t window_sec;
	} cases[] = {
		{ "x5 until=4000000000 reason=\"\" by=me", 100, 60 },
		{ "x5 until=4000000000", 100, 60 },
		{ "x1.25 until=4000000000", 25, 60 },
		{ "50/90s until=4000000000", 50, 90 },
		{ "50/60s until=4000000000", 50, 60 },
		{ "7/daily,50/monthly until=4000000000", 7, 0 },
		{ "x5 until=1", 0, 0 },
		{ "x5", 0, 0 },
		{ "x5 reason=\"until=4000000000\"", 0, 0 },
		{ " x5 until=4000000000", 0, 0 },
		{ "x5.0001 until=4000000000", 0, 0 },
		{ "x99999999 until=4000000000", 0, 0 },
		{ "five until=4000000000", 0, 0 },
		{ "50/1m, until=4000000000", 0, 0 },
		{ "50/1m,60/60s until=4000000000", 0, 0 },
		{ "50/0m until=4000000000", 0, 0 },
		{ "50/11y until=4000000000", 0, 0 },
		{ "50/600w until=4000000000", 0, 0 },
		{ "9007199254740992/1m until=4000000000", 0, 0 },
		{ "1/1s,1/2s,1/3s,1/4s,1/5s,1/6s,1/7s,1/8s,1/9s "
		  "until=4000000000",
		    0, 0 },
		{ "until=4000000000", 0, 0 },
		{ "", 0, 0 },
	};
	struct store_use use = use_of(STORE_PEEK, 1);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct store_answer answer;

		set_text("test:grant:pace:{anna}", cases[i].text);
		answer = ask(&use, T0);
		if (answer.is_granted != (cases[i].max > 0))
			fail_msg(
			    "\"%s\": %d", cases[i].text, answer.is_granted);
		if (answer.is_granted &&
		    (answer.levels[0].max != cases[i].max ||
			answer.levels[0].window_sec != cases[i].window_sec))
			fail_msg("\"%s\": %llu in %u s", cases[i].text,
			    (unsigned long long)answer.levels[0].max,
			    answer.levels[0].window_sec);
		if (!answer.is_granted)
			assert_int_equal(answer.levels[0].max, 20);
	}
}

/* A window has one field, however a grant by hand writes it. */
static void
test_windows_of_grants_have_the_names_of_the_language(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 1);

	(void)state;
	set_text("test:grant:pace:{anna}",
	    "50/3600s,60/90s,70/14d until=4000000000");
	ask(&use, T0);
	redis_says("HKEYS test:limit:pace:{anna}",
	    "recipients.1h recipients.90s recipients.2w");
}

static void
test_a_lock_by_hand_holds(void **state)
{
	struct store_use use = use_of(STORE_CHARGE, 1);

	(void)state;
	use.lock_sec = 60;
	set_text(
	    "test:lock:pace:{anna}", "until=1767225700 reason=\"x\" by=me");
	assert_int_equal(ask(&use, T0).locked_ms, 100000);
	set_text("test:lock:pace:{anna}", "for ever");
	assert_int_equal(ask(&use, T0).locked_ms, 0);
}

static void
look(const char *want)
{
	const struct str entries[] = { STR("a"), STR("b"), STR("c") };
	const struct store_lookup lookup = { STR("seen"), entries, 3 };
	struct store_call *call = store_call_new(store);
	const struct store_found *found;
	char text[64] = "";

	store_call_look_up(call, &lookup);
	assert_int_equal(store_call_wait(call, T0), 0);
	found = store_call_found(call, 0);
	for (size_t i = 0; found != NULL && i < 3; i++)
		if (found[i].is_there)
			snprintf(text + strlen(text), 20, "%s=%.*s ",
			    entries[i].p, STR_ARG(found[i].value));
	assert_string_equal(found != NULL ? text : "unknown", want);
	store_call_put(call);
}

static void
test_tables_by_hand_are_read(void **state)
{
	(void)state;
	look("");
	redis_says("SADD test:table:seen a c d", "3");
	look("a= c= ");
	redis_says("DEL test:table:seen", "1");
	redis_says("HSET test:table:seen a yes b 1 c 7", "3");
	/* What has no time before its value is for ever. */
	look("a=yes b=1 c=7 ");
}

static void
test_entries_are_over_when_they_say(void **state)
{
	redisContext *context = server_connect(&server);

	(void)state;
	freeReplyObject(
	    redisCommand(context, "HSET test:table:seen a %s b %s c %s",
		"1767225600 gone", "1767225601 x y", "0 "));
	redisFree(context);
	look("b=x y c= ");
}

static void
test_keys_of_other_types_fail_alone(void **state)
{
	const struct str values[] = { STR("v") };
	struct store_call *call = store_call_new(store);
	struct store_use use = seeing(values, 1);
	const struct store_lookup lookup = { STR("seen"), values, 1 };

	(void)state;
	set_text("test:table:seen", "x");
	set_text("test:distinct:nets:{anna}", "x");
	redis_says("SADD test:grant:pace:{anna} x", "1");
	store_call_add(call, &use);
	use = use_of(STORE_CHARGE, 1);
	store_call_add(call, &use);
	store_call_look_up(call, &lookup);
	assert_int_equal(store_call_wait(call, T0), 0);
	assert_true(store_call_answer(call, 0)->failed);
	assert_false(store_call_answer(call, 0)->fits);
	assert_int_equal(store_call_answer(call, 0)->n_levels, 0);
	assert_true(store_call_answer(call, 1)->fits);
	assert_false(store_call_answer(call, 1)->is_granted);
	assert_null(store_call_found(call, 0));
	store_call_put(call);
}

#define CASE(function) cmocka_unit_test_setup(function, wipe)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_days_and_months_are_dates),
		CASE(test_a_damaged_day_counts_as_empty),
		CASE(test_values_stand_by_when_they_were_seen),
		CASE(test_a_lock_says_until_when_why_and_by_whom),
		CASE(test_a_lock_of_many_or_whole_days_says_so),
		CASE(test_grants_by_hand_hold_if_they_are_grants),
		CASE(test_windows_of_grants_have_the_names_of_the_language),
		CASE(test_a_lock_by_hand_holds),
		CASE(test_tables_by_hand_are_read),
		CASE(test_entries_are_over_when_they_say),
		CASE(test_keys_of_other_types_fail_alone),
	};

	return cmocka_run_group_tests_name(
	    "store schema of holds", tests, start, stop);
}
