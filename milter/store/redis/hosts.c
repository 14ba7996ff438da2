/*
 * What hosts say of themselves, and which rules are observed on all of them.
 * Daemons read and write both every few seconds.
 */
#include "store/redis/ledger.h"

#include "store/text.h"

#include <assert.h>
#include <hiredis/hiredis.h>

#define HOST_MS      INT64_C(86400000) /* kept for 1 day */
#define HOST_FIELDS  32
#define SWITCHES_MAX "1000"

/* In place of what the host said before. ARGV: lifetime, fields, values. */
static const char host_script[] =
    "redis.call('DEL', KEYS[1])\n"
    "redis.call('HSET', KEYS[1], unpack(ARGV, 2))\n"
    "return redis.call('PEXPIRE', KEYS[1], ARGV[1])\n";

static const struct ledger_notes host_notes = { HOST_MS, 1000 };

/*
 * Sets a switch, drops those that are over, and keeps the hash as long as its
 * last one. ARGV: rule, text, now in seconds, most. -1: there are too many.
 */
static const char switch_script[] =
    "local last = 0\n"
    "local all = redis.call('HGETALL', KEYS[1])\n"
    "for i = 1, #all, 2 do\n"
    "  local ends = tonumber(string.match(all[i + 1], 'until=(%d+)') or 0)\n"
    "  if ends <= tonumber(ARGV[3]) then\n"
    "    redis.call('HDEL', KEYS[1], all[i])\n"
    "  elseif all[i] ~= ARGV[1] then\n"
    "    last = math.max(last, ends)\n"
    "  end\n"
    "end\n"
    "if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) and\n"
    "  redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return -1 end\n"
    "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
    "last = math.max(last, tonumber(string.match(ARGV[2], 'until=(%d+)')))\n"
    "return redis.call('EXPIREAT', KEYS[1], string.format('%.0f', last))\n";

/* --- hosts ---------------------------------------------------------------- */

void
redis_host_send(struct store *store, struct str name,
    const struct store_field *fields, size_t n_fields, int64_t now_ms)
{
	struct redis *redis = store->self;
	struct arena *arena = arena_new(1024);
	struct str key = ledger_key_of(arena, redis, "host", name);
	struct str hosts = ledger_key(arena, redis, "hosts");
	struct str args[5 + 2 * HOST_FIELDS] = { STR("EVAL"), STR(host_script),
		STR("1"), key, ledger_number(arena, HOST_MS) };

	assert(n_fields > 0 && n_fields <= HOST_FIELDS);
	for (size_t i = 0; i < n_fields; i++) {
		args[5 + 2 * i] = fields[i].name;
		args[6 + 2 * i] = fields[i].value;
	}
	redis_behind_command(redis, key, args, 5 + 2 * n_fields);
	ledger_note(redis, hosts, name, &host_notes, now_ms);
	arena_free(arena);
}

/* One listing. */
struct hosts {
	struct ledger ledger;
	bool (*each)(void *context, struct str name, int64_t seen_ms,
	    const struct store_field *fields, size_t n_fields);
	void *context;
};

/* False: each() wants no more. What has gone meanwhile is left out. */
static bool
show_host(struct hosts *hosts, struct str name, struct str seen,
    const redisReply *hash)
{
	struct store_field fields[HOST_FIELDS];
	size_t n = 0;

	for (size_t i = 0; i + 1 < hash->elements && n < HOST_FIELDS; i += 2)
		fields[n++] =
		    (struct store_field){ ledger_text(hash->element[i]),
			    ledger_text(hash->element[i + 1]) };
	return n == 0 || hosts->each(hosts->context, name,
			     ledger_read_number(seen), fields, n);
}

/* index: names and times in turn. */
static int
show_hosts(struct hosts *hosts, const redisReply *index)
{
	struct ledger *ledger = &hosts->ledger;
	size_t n = index->elements / 2;
	struct str *keys = arena_alloc(ledger->arena, n * sizeof(*keys));
	redisReply **replies =
	    arena_alloc(ledger->arena, n * sizeof(redisReply *));
	bool goes_on = true;

	for (size_t i = 0; i < n; i++)
		keys[i] = ledger_key_of(ledger->arena, ledger->redis, "host",
		    ledger_text(index->element[2 * i]));
	if (ledger_ask_keys(ledger, "HGETALL", keys, n, replies) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (goes_on)
			goes_on = show_host(hosts,
			    ledger_text(index->element[2 * i]),
			    ledger_text(index->element[2 * i + 1]), replies[i]);
		freeReplyObject(replies[i]);
	}
	return 0;
}

int
redis_hosts(struct store *store,
    bool (*each)(void *context, struct str name, int64_t seen_ms,
	const struct store_field *fields, size_t n_fields),
    void *context, struct buf *error)
{
	struct hosts hosts = { .each = each, .context = context };
	redisReply *index;
	struct str key;
	int rc = -1;

	ledger_begin(&hosts.ledger, store, error);
	key = ledger_key(hosts.ledger.arena, hosts.ledger.redis, "hosts");
	index = LEDGER_ASK(&hosts.ledger, REDIS_REPLY_ARRAY, key,
	    STR("ZREVRANGE"), key, STR("0"), STR("-1"), STR("WITHSCORES"));
	if (index != NULL)
		rc = show_hosts(&hosts, index);
	freeReplyObject(index);
	return ledger_end(&hosts.ledger, rc);
}

/* --- switches ------------------------------------------------------------- */

/* 0, or -1 with the message. */
static int
write_switch(
    struct ledger *ledger, const struct store_switch *one, int64_t now_ms)
{
	struct str key = ledger_key(ledger->arena, ledger->redis, "observe");
	struct buf text = { 0 };
	redisReply *reply;
	int rc = -1;

	hold_put(&text, &one->hold);
	reply = LEDGER_ASK(ledger, REDIS_REPLY_INTEGER, key, STR("EVAL"),
	    STR(switch_script), STR("1"), key, one->rule, buf_str(&text),
	    ledger_number(ledger->arena, now_ms / 1000), STR(SWITCHES_MAX));
	buf_done(&text);
	if (reply != NULL && reply->integer >= 0)
		rc = 0;
	else if (reply != NULL)
		buf_printf(ledger->error,
		    "more than " SWITCHES_MAX " rules are observed");
	freeReplyObject(reply);
	return rc;
}

int
redis_switch_set(
    struct store *store, const struct store_switch *one, struct buf *error)
{
	struct ledger ledger;
	int64_t now_ms;
	int rc = -1;

	ledger_begin(&ledger, store, error);
	if (ledger_now(&ledger, STORE_NOW, &now_ms) == 0) {
		if (one->hold.until_ms > now_ms)
			rc = write_switch(&ledger, one, now_ms);
		else
			buf_add_cstr(error, "its end is in the past");
	}
	return ledger_end(&ledger, rc);
}

int
redis_switch_drop(struct store *store, struct str rule, bool *was_there_out,
    struct buf *error)
{
	struct ledger ledger;
	redisReply *reply;
	struct str key;

	ledger_begin(&ledger, store, error);
	key = ledger_key(ledger.arena, ledger.redis, "observe");
	reply = LEDGER_ASK(
	    &ledger, REDIS_REPLY_INTEGER, key, STR("HDEL"), key, rule);
	if (reply != NULL)
		*was_there_out = reply->integer > 0;
	freeReplyObject(reply);
	return ledger_end(&ledger, reply != NULL ? 0 : -1);
}

/* Is it in force? A broken one is not, and that is told. */
static bool
read_switch(struct ledger *ledger, struct str key, struct store_switch *one,
    struct str text, int64_t now_ms)
{
	if (hold_parse(text, ledger->arena, &one->hold) == -1) {
		ledger_tell_broken(ledger->redis,
		    arena_printf(ledger->arena, "%.*s %.*s", STR_ARG(key),
			STR_ARG(one->rule)),
		    text, "switch");
		return false;
	}
	return one->hold.until_ms > now_ms;
}

int
redis_switches(struct store *store, int64_t now_ms,
    bool (*each)(void *context, const struct store_switch *one), void *context,
    struct buf *error)
{
	struct ledger ledger;
	redisReply *hash = NULL;
	struct str key;
	int rc;

	ledger_begin(&ledger, store, error);
	key = ledger_key(ledger.arena, ledger.redis, "observe");
	rc = ledger_now(&ledger, now_ms, &now_ms);
	if (rc == 0)
		hash = LEDGER_ASK(
		    &ledger, REDIS_REPLY_ARRAY, key, STR("HGETALL"), key);
	for (size_t i = 0; hash != NULL && i + 1 < hash->elements; i += 2) {
		struct store_switch one = { .rule =
						ledger_text(hash->element[i]) };

		if (read_switch(&ledger, key, &one,
			ledger_text(hash->element[i + 1]), now_ms) &&
		    !each(context, &one))
			break;
	}
	rc = hash != NULL ? 0 : -1;
	freeReplyObject(hash);
	return ledger_end(&ledger, rc);
}
