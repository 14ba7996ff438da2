/*
 * All kinds of keys, as an operator finds them by redis-cli: names, types,
 * texts and expiry are a public interface. Times of this very run are masked:
 * SEC and MS since the epoch.
 */
#include "ledger_kit.h"
#include "redis_kit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int64_t now_ms; /* a whole second */
static char host_name[256];

/* What is written by everything that writes. */
static void
write_counts(void)
{
	static const struct store_rate pace[] = { { 20, 60, STORE_ROLLING },
		{ 100, 0, STORE_DAILY }, { 900, 0, STORE_MONTHLY } };
	static const struct store_rate nets[] = { { 2, 86400, STORE_ROLLING } };
	const struct str members[] = { STR("192.0.2.0/24"),
		STR("198.51.100.0/24") };
	const struct store_use uses[] = {
		{ .limit = STR("pace"),
		    .unit = STR("recipients"),
		    .identity = STR("anna@example.org"),
		    .rates = pace,
		    .n_rates = 3,
		    .op = STORE_CHARGE,
		    .amount = 5 },
		{ .limit = STR("nets"),
		    .unit = STR("distinct"),
		    .identity = STR("anna@example.org"),
		    .rates = nets,
		    .n_rates = 1,
		    .op = STORE_CHARGE,
		    .members = members,
		    .n_members = 2 },
		{ .limit = STR("guess"),
		    .unit = STR("unknown-recipients"),
		    .identity = STR("anna@example.org"),
		    .rates = pace,
		    .n_rates = 1,
		    .op = STORE_CHARGE,
		    .amount = 21,
		    .lock_sec = 7200 },
	};
	struct store_call *call = store_call_new(store);

	for (size_t i = 0; i < COUNT(uses); i++)
		store_call_add(call, &uses[i]);
	assert_int_equal(store_call_wait(call, T0), 0);
	store_call_put(call);
}

static void
write_orders(void)
{
	const int64_t until_ms = now_ms + 3570000;
	const struct store_grant grant = { .limit = STR("pace"),
		.identity = STR("anna@example.org"),
		.raise = { .kind = RAISE_FACTOR, .factor_milli = 1500 },
		.hold = { until_ms, STR("a \"fair\" \\o/"), STR("bob") } };
	const struct store_switch one = { STR("lottery"),
		{ until_ms, STR("too\nmany"), STR("bob b") } };
	const struct store_entry entries[] = {
		{ STR("anna@example.org"), STR(""), 0 },
		{ STR("@example.net"), STR("gold card"), until_ms },
	};
	struct buf error = { 0 };

	kit_fine(store_grant_set(store, &grant, &error), &error);
	kit_fine(store_switch_set(store, &one, &error), &error);
	for (size_t i = 0; i < COUNT(entries); i++)
		kit_fine(
		    store_table_add(store, STR("vip"), &entries[i], &error),
		    &error);
}

static void
write_reports(void)
{
	const struct store_field fields[] = { { STR("event"), STR("verdict") },
		{ STR("host"), STR("mx1") }, { STR("ref"), STR("4f2a-3") } };
	const struct store_event event = { .fields = fields, .n_fields = 3 };
	const struct store_hit hits[] = {
		{ STR("pace"), STR("2026-11-23"), STR("tempfail"), false, 7 },
		{ STR("pace"), STR("2026-11-23"), STR("tempfail"), true, 2 },
	};
	const struct store_field host[] = { { STR("version"), STR("0.2.0") },
		{ STR("rules"), STR("4f2a9c") } };

	store_event_send(store, &event);
	store_hot_send(store, STR("pace"), STR("anna@example.org"), now_ms);
	store_hits_send(store, hits, 2, now_ms);
	store_host_send(store, STR("mx1"), host, 2, now_ms);
	assert_int_equal(store_flush(store, 5000), 0);
}

/* --- reading it back -------------------------------------------------------- */

static redisReply *
ask(const char *format, ...)
{
	redisReply *reply;
	va_list args;

	va_start(args, format);
	reply = kit_reply(&server, format, args);
	va_end(args);
	return reply;
}

/* Ten digits are seconds, thirteen are ms; the host that locked is this one. */
static void
put_masked(struct buf *out, struct str text)
{
	ptrdiff_t end = str_find_last(text, '=');

	if (end > 0 && str_starts(text, STR("until=")) &&
	    end + 1 < (ptrdiff_t)text.len &&
	    str_is(str_from(text, (size_t)end + 1), host_name)) {
		put_masked(out, str_sub(text, 0, (size_t)end + 1));
		buf_add_cstr(out, "HOST");
		return;
	}
	while (text.len > 0) {
		size_t n = 0;

		while (n < text.len && text.p[n] >= '0' && text.p[n] <= '9')
			n++;
		if (n == 10 || n == 13)
			buf_add_cstr(out, n == 10 ? "SEC" : "MS");
		else
			buf_add(out, str_sub(text, 0, n > 0 ? n : 1));
		text = str_from(text, n > 0 ? n : 1);
	}
}

/* Rounded up, in a unit of which it has a few. */
static void
put_expiry(struct buf *out, long long ms)
{
	if (ms < 0)
		buf_add_cstr(out, "no expiry");
	else if (ms <= 7200000)
		buf_printf(out, "%lldm", (ms + 59999) / 60000);
	else if (ms <= 3 * 86400000LL)
		buf_printf(out, "%lldh", (ms + 3599999) / 3600000);
	else
		buf_printf(out, "%lldd", (ms + 86399999) / 86400000);
}

static void
put_reply(struct buf *out, const redisReply *reply)
{
	for (size_t i = 0; i < reply->elements; i++) {
		buf_byte(out, ' ');
		put_reply(out, reply->element[i]);
	}
	if (reply->type == REDIS_REPLY_STRING)
		put_masked(out, (struct str){ reply->str, reply->len });
}

/* Each on a line of its own: step is 2 where they are pairs. */
static void
put_list(struct buf *out, redisReply *reply, size_t step)
{
	for (size_t i = 0; i < reply->elements; i += step) {
		buf_add_cstr(out, "   ");
		for (size_t j = i; j < i + step; j++) {
			buf_byte(out, ' ');
			put_reply(out, reply->element[j]);
		}
		buf_byte(out, '\n');
	}
	freeReplyObject(reply);
}

static void
put_key(struct buf *out, const char *key)
{
	redisReply *type = ask("TYPE %s", key), *text;

	buf_printf(out, "%s %s ", key, type->str);
	put_expiry(out, kit_redis(&server, "PTTL %s", key));
	buf_byte(out, '\n');
	if (strcmp(type->str, "hash") == 0) {
		put_list(out, ask("HGETALL %s", key), 2);
	} else if (strcmp(type->str, "zset") == 0) {
		put_list(out, ask("ZRANGE %s 0 -1 WITHSCORES", key), 2);
	} else if (strcmp(type->str, "stream") == 0) {
		put_list(out, ask("XRANGE %s - +", key), 1);
	} else {
		text = ask("GET %s", key);
		buf_add_cstr(out, "    ");
		put_reply(out, text);
		buf_byte(out, '\n');
		freeReplyObject(text);
	}
	freeReplyObject(type);
}

static int
compare_replies(const void *a, const void *b)
{
	const redisReply *const *x = a, *const *y = b;

	return strcmp((*x)->str, (*y)->str);
}

static void
put_all(struct buf *out)
{
	redisReply *keys = ask("KEYS test:*");

	qsort(keys->element, keys->elements, sizeof(keys->element[0]),
	    compare_replies);
	for (size_t i = 0; i < keys->elements; i++)
		if (strcmp(keys->element[i]->str, "test:generation") != 0)
			put_key(out, keys->element[i]->str);
	freeReplyObject(keys);
}

static const char want[] =
    "test:distinct:nets:{anna@example.org} zset 25h\n"
    "    192.0.2.0/24 MS\n"
    "    198.51.100.0/24 MS\n"
    "test:events stream 7d\n"
    "     MS-0  event verdict host mx1 ref 4f2a-3\n"
    "test:grant:pace:{anna@example.org} string 60m\n"
    "    x1.5 until=SEC reason=\"a \\\"fair\\\" \\\\o/\" by=bob\n"
    "test:grants zset 60m\n"
    "    pace:{anna@example.org} SEC\n"
    "test:host:mx1 hash 24h\n"
    "    version 0.2.0\n"
    "    rules 4f2a9c\n"
    "test:hosts zset 24h\n"
    "    mx1 MS\n"
    "test:hot:pace zset 35d\n"
    "    anna@example.org MS\n"
    "test:limit:pace:{anna@example.org} hash 32d\n"
    "    recipients.1m 5/20 235630080 0 0 0 0 0 0 0 0 5\n"
    "    recipients.daily 5/100 2026-01-01\n"
    "    recipients.monthly 5/900 2026-01\n"
    "test:lock:guess:{anna@example.org} string 3h\n"
    "    until=SEC reason=\"21 of 20 unknown-recipients in 1m\" by=HOST\n"
    "test:observe hash 60m\n"
    "    lottery until=SEC reason=\"too\\x0amany\" by=\"bob b\"\n"
    "test:rule:pace hash 90d\n"
    "    2026-11-23.tempfail 7\n"
    "    2026-11-23.would-tempfail 2\n"
    "test:rules zset 90d\n"
    "    pace MS\n"
    "test:table:vip hash no expiry\n"
    "    anna@example.org 0 \n"
    "    @example.net SEC gold card\n";

static void
test_this_is_what_stands_in_redis(void **state)
{
	struct buf got = { 0 };

	(void)state;
	now_ms = clock_wall_ms() / 1000 * 1000;
	write_counts();
	write_orders();
	write_reports();
	put_all(&got);
	assert_string_equal(got.p, want);
	buf_done(&got);
}

static int
start_named(void **state)
{
	if (gethostname(host_name, sizeof(host_name)) == -1)
		return -1;
	return start_restricted(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_is_what_stands_in_redis),
	};

	return cmocka_run_group_tests_name(
	    "ledger schema", tests, start_named, stop);
}
