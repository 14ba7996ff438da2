/*
 * What all operations on the ledger share: names of keys, one question, and
 * what is said about texts that somebody broke by hand.
 */
#include "store/redis/ledger.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"

#include <hiredis/hiredis.h>
#include <string.h>

#define ARENA_BYTES      4096
#define BROKEN_BYTES_MAX 200 /* of a text that are told */
#define NUMBER_MAX       INT64_C(999999999999999999)
#define TEXTS_TOGETHER   500 /* keys of one MGET */

static const char note_script[] =
    "redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])\n"
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])\n"
    "redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[4])\n"
    "return redis.call('PEXPIRE', KEYS[1], ARGV[5])\n";

void
ledger_begin(struct ledger *ledger, struct store *store, struct buf *error)
{
	*ledger = (struct ledger){
		.redis = store->self,
		.session = redis_session_borrow(store->self),
		.arena = arena_new(ARENA_BYTES),
		.error = error,
	};
}

int
ledger_end(struct ledger *ledger, int rc)
{
	redis_session_give_back(ledger->session);
	arena_free(ledger->arena);
	return rc;
}

struct str
ledger_key(struct arena *arena, const struct redis *redis, const char *name)
{
	return arena_printf(arena, "%s:%s", redis->target.prefix, name);
}

struct str
ledger_key_of(struct arena *arena, const struct redis *redis, const char *kind,
    struct str name)
{
	return arena_printf(
	    arena, "%s:%s:%.*s", redis->target.prefix, kind, STR_ARG(name));
}

struct str
ledger_identity_key(struct arena *arena, const struct redis *redis,
    const char *kind, struct str limit, struct str identity)
{
	return call_key_of(
	    arena, str_of(redis->target.prefix), kind, limit, identity);
}

int
ledger_key_split(const struct redis *redis, struct str key,
    struct str *kind_out, struct str *limit_out, struct str *identity_out)
{
	struct str prefix = str_of(redis->target.prefix), kind;
	ptrdiff_t colon, brace;

	if (!str_starts(key, prefix) || key.len == prefix.len ||
	    key.p[prefix.len] != ':')
		return -1;
	key = str_from(key, prefix.len + 1);
	if ((colon = str_find(key, ':')) < 0)
		return -1;
	kind = str_sub(key, 0, (size_t)colon);
	key = str_from(key, (size_t)colon + 1);
	brace = str_find(key, '{');
	if (brace < 2 || key.p[brace - 1] != ':' || key.p[key.len - 1] != '}')
		return -1;
	*kind_out = kind;
	*limit_out = str_sub(key, 0, (size_t)brace - 1);
	*identity_out = str_sub(key, (size_t)brace + 1, key.len - 1);
	return 0;
}

struct redisReply *
ledger_ask(struct ledger *ledger, int type, struct str key,
    const struct str *args, size_t n_args)
{
	redisReply *reply = redis_session_ask(
	    ledger->session, key, args, n_args, ledger->error);

	if (reply == NULL || reply->type == type ||
	    reply->type == REDIS_REPLY_NIL)
		return reply;
	redis_session_tell(ledger->session, key, reply, ledger->error);
	freeReplyObject(reply);
	return NULL;
}

int
ledger_ask_keys(struct ledger *ledger, const char *command,
    const struct str *keys, size_t n, struct redisReply **replies_out)
{
	struct redis_ask *asks = arena_alloc(ledger->arena, n * sizeof(*asks));
	struct str *args = arena_alloc(ledger->arena, 2 * n * sizeof(*args));

	for (size_t i = 0; i < n; i++) {
		args[2 * i] = str_of(command);
		args[2 * i + 1] = keys[i];
		asks[i] = (struct redis_ask){ keys[i], args + 2 * i, 2 };
	}
	return redis_session_ask_all(
	    ledger->session, asks, n, replies_out, ledger->error);
}

struct str
ledger_text(const struct redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return STR("");
	return (struct str){ reply->str, reply->len };
}

struct str
ledger_number(struct arena *arena, int64_t number)
{
	return arena_printf(arena, "%lld", (long long)number);
}

/* One MGET for each group of keys; what it has in one slot. */
static int
ask_groups(struct ledger *ledger, const struct str *keys, size_t n,
    size_t n_group, redisReply **replies)
{
	size_t n_groups = (n + n_group - 1) / n_group;
	struct redis_ask *asks =
	    arena_alloc(ledger->arena, n_groups * sizeof(*asks));

	for (size_t i = 0; i < n_groups; i++) {
		size_t left = n - i * n_group;
		size_t n_keys = left < n_group ? left : n_group;
		struct str *args =
		    arena_alloc(ledger->arena, (1 + n_keys) * sizeof(*args));

		args[0] = STR("MGET");
		memcpy(args + 1, keys + i * n_group, n_keys * sizeof(*args));
		asks[i] = (struct redis_ask){ args[1], args, 1 + n_keys };
	}
	return redis_session_ask_each(
	    ledger->session, asks, n_groups, replies, ledger->error);
}

int
ledger_texts(struct ledger *ledger, const struct str *keys, size_t n,
    size_t n_together, struct str *texts_out)
{
	bool is_cluster = ledger->redis->layout->slot_of != NULL;
	size_t n_group = is_cluster ? n_together : TEXTS_TOGETHER;
	size_t n_groups = (n + n_group - 1) / n_group;
	redisReply **replies =
	    arena_alloc(ledger->arena, n_groups * sizeof(redisReply *));
	int rc = 0;

	if (ask_groups(ledger, keys, n, n_group, replies) == -1)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		const redisReply *reply = replies[i / n_group];

		if (reply->type == REDIS_REPLY_ARRAY &&
		    i % n_group < reply->elements) {
			texts_out[i] = arena_str(ledger->arena,
			    ledger_text(reply->element[i % n_group]));
		} else {
			redis_session_tell(
			    ledger->session, keys[i], reply, ledger->error);
			rc = -1;
		}
	}
	for (size_t i = 0; i < n_groups; i++)
		freeReplyObject(replies[i]);
	return rc;
}

int64_t
ledger_read_number(struct str text)
{
	uint64_t number;

	return number_parse(text, NUMBER_MAX, &number) == 0 ? (int64_t)number
							    : -1;
}

int
ledger_now(struct ledger *ledger, int64_t now_ms, int64_t *now_ms_out)
{
	redisReply *reply;
	int64_t sec = -1, us = -1;

	if (now_ms != STORE_NOW) {
		*now_ms_out = now_ms;
		return 0;
	}
	reply = LEDGER_ASK(ledger, REDIS_REPLY_ARRAY, STR("TIME"), STR("TIME"));
	if (reply == NULL)
		return -1;
	if (reply->elements == 2) {
		sec = ledger_read_number(ledger_text(reply->element[0]));
		us = ledger_read_number(ledger_text(reply->element[1]));
	}
	if (sec < 0 || us < 0)
		redis_session_tell(
		    ledger->session, STR("TIME"), reply, ledger->error);
	else
		*now_ms_out = sec * 1000 + us / 1000;
	freeReplyObject(reply);
	return sec < 0 || us < 0 ? -1 : 0;
}

void
ledger_note(struct redis *redis, struct str key, struct str member,
    const struct ledger_notes *notes, int64_t now_ms)
{
	struct arena *arena = arena_new(512);

	if (now_ms == STORE_NOW)
		now_ms = clock_wall_ms();
	LEDGER_SEND(redis, key, STR("EVAL"), STR(note_script), STR("1"), key,
	    member, ledger_number(arena, now_ms),
	    ledger_number(arena, now_ms - notes->keep_ms),
	    ledger_number(arena, notes->n_max),
	    ledger_number(arena, notes->keep_ms));
	arena_free(arena);
}

void
ledger_tell_broken(struct redis *redis, struct str key, struct str text,
    const char *what_it_is_not)
{
	struct buf line = { 0 };

	if (!redis_seldom_is_due(&redis->broken_texts))
		return;
	buf_byte(&line, '"');
	log_escape(&line, key, BROKEN_BYTES_MAX);
	buf_printf(&line, "\" holds no %s (\"", what_it_is_not);
	log_escape(&line, text, BROKEN_BYTES_MAX);
	log_warning("store %s: key %.*s\"); it is left out: look at it by "
		    "redis-cli, then delete it",
	    redis->target.name, STR_ARG(buf_str(&line)));
	buf_done(&line);
}

const struct backend_ledger redis_ledger = {
	.counters = redis_counters,
	.reset = redis_reset,
	.accounts = redis_accounts,
	.grant_set = redis_grant_set,
	.grant_drop = redis_grant_drop,
	.grants = redis_grants,
	.table_add = redis_table_add,
	.table_remove = redis_table_remove,
	.table_list = redis_table_list,
	.hot_send = redis_hot_send,
	.hot = redis_hot,
	.hot_drop = redis_hot_drop,
	.event_send = redis_event_send,
	.events_back = redis_events_back,
	.events_after = redis_events_after,
	.hits_send = redis_hits_send,
	.hits = redis_hits,
	.host_send = redis_host_send,
	.hosts = redis_hosts,
	.switch_set = redis_switch_set,
	.switch_drop = redis_switch_drop,
	.switches = redis_switches,
};
