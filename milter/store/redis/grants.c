/*
 * Grants, and the index that lists them. In a Cluster the two are in different
 * slots, so they cannot be written at once. The index is written first and
 * deleted last: a crash in between leaves an entry without a grant, which the
 * list leaves out and which goes when its time is over. Nothing else removes
 * entries, or a list might remove one whose grant is just being written.
 */
#include "store/redis/ledger.h"

#include "store/text.h"

#include <hiredis/hiredis.h>

#define GRANTS_PAGE      1000                  /* read at once */
#define GRANT_LONGEST_MS INT64_C(315576000000) /* ten years */

/*
 * Also keeps the index as long as its last grant. ARGV: entry, until and now, in
 * seconds as in the text of a grant, and how far Redis' clock is ahead of now.
 */
static const char index_script[] =
    "redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])\n"
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])\n"
    "local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')\n"
    "return redis.call('EXPIREAT', KEYS[1], last[2] + ARGV[4])\n";

/* A grant ends the lock. KEYS: grant, lock. ARGV: text, until. */
static const char grant_script[] =
    "redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])\n"
    "return redis.call('DEL', KEYS[2])\n";

/* "LIMIT:{IDENTITY}" */
static struct str
index_entry(struct arena *arena, struct str limit, struct str identity)
{
	return arena_printf(
	    arena, "%.*s:{%.*s}", STR_ARG(limit), STR_ARG(identity));
}

static int
split_entry(struct str entry, struct store_grant *grant)
{
	ptrdiff_t brace = str_find(entry, '{');

	if (brace < 2 || entry.p[brace - 1] != ':' ||
	    entry.p[entry.len - 1] != '}')
		return -1;
	grant->limit = str_sub(entry, 0, (size_t)brace - 1);
	grant->identity = str_sub(entry, (size_t)brace + 1, entry.len - 1);
	return 0;
}

/* What is now for the caller, and how far Redis' clock is ahead of that. */
struct grant_time {
	int64_t now_ms;
	int64_t ahead_ms;
};

static int
ask_time(struct ledger *ledger, int64_t now_ms, struct grant_time *time_out)
{
	int64_t redis_ms;

	if (ledger_now(ledger, STORE_NOW, &redis_ms) == -1)
		return -1;
	time_out->now_ms = now_ms > 0 ? now_ms : redis_ms;
	time_out->ahead_ms = redis_ms - time_out->now_ms;
	return 0;
}

static int
check_until(
    struct ledger *ledger, int64_t until_ms, const struct grant_time *time)
{
	if (until_ms > time->now_ms &&
	    until_ms <= time->now_ms + GRANT_LONGEST_MS)
		return 0;
	buf_add_cstr(ledger->error,
	    until_ms > time->now_ms ? "a grant lasts at most ten years"
				    : "the end of the grant is in the past");
	return -1;
}

static int
write_index(struct ledger *ledger, const struct store_grant *grant,
    int64_t until_ms, const struct grant_time *time)
{
	struct str key = ledger_key(ledger->arena, ledger->redis, "grants");
	redisReply *reply = LEDGER_ASK(ledger, REDIS_REPLY_INTEGER, key,
	    STR("EVAL"), STR(index_script), STR("1"), key,
	    index_entry(ledger->arena, grant->limit, grant->identity),
	    ledger_number(ledger->arena, until_ms / 1000),
	    ledger_number(ledger->arena, time->now_ms / 1000),
	    ledger_number(ledger->arena, time->ahead_ms / 1000));

	if (reply == NULL)
		return -1;
	freeReplyObject(reply);
	return 0;
}

static int
write_grant(struct ledger *ledger, const struct store_grant *grant,
    int64_t until_ms, int64_t ahead_ms)
{
	struct str key = ledger_identity_key(ledger->arena, ledger->redis,
	    "grant", grant->limit, grant->identity);
	struct str lock = ledger_identity_key(ledger->arena, ledger->redis,
	    "lock", grant->limit, grant->identity);
	struct buf text = { 0 };
	redisReply *reply;

	grant_put(&text, grant);
	reply = LEDGER_ASK(ledger, REDIS_REPLY_INTEGER, key, STR("EVAL"),
	    STR(grant_script), STR("2"), key, lock, buf_str(&text),
	    ledger_number(ledger->arena, until_ms + ahead_ms));
	buf_done(&text);
	if (reply == NULL)
		return -1;
	freeReplyObject(reply);
	return 0;
}

int
redis_grant_set(
    struct store *store, const struct store_grant *grant, struct buf *error)
{
	/* The text says whole seconds, and so does the expiry. */
	int64_t until_ms = (grant->hold.until_ms + 999) / 1000 * 1000;
	struct grant_time time;
	struct ledger ledger;
	int rc = -1;

	ledger_begin(&ledger, store, error);
	if (ask_time(&ledger, grant->now_ms, &time) == 0 &&
	    check_until(&ledger, until_ms, &time) == 0 &&
	    write_index(&ledger, grant, until_ms, &time) == 0)
		rc = write_grant(&ledger, grant, until_ms, time.ahead_ms);
	return ledger_end(&ledger, rc);
}

int
redis_grant_drop(struct store *store, struct str limit, struct str identity,
    bool *was_there_out, struct buf *error)
{
	struct ledger ledger;
	struct str key, index;
	redisReply *deleted = NULL, *removed = NULL;
	int rc = -1;

	ledger_begin(&ledger, store, error);
	key = ledger_identity_key(
	    ledger.arena, ledger.redis, "grant", limit, identity);
	index = ledger_key(ledger.arena, ledger.redis, "grants");
	deleted =
	    LEDGER_ASK(&ledger, REDIS_REPLY_INTEGER, key, STR("DEL"), key);
	if (deleted != NULL)
		removed =
		    LEDGER_ASK(&ledger, REDIS_REPLY_INTEGER, index, STR("ZREM"),
			index, index_entry(ledger.arena, limit, identity));
	if (removed != NULL) {
		*was_there_out = deleted->integer > 0;
		rc = 0;
	}
	freeReplyObject(deleted);
	freeReplyObject(removed);
	return ledger_end(&ledger, rc);
}

/* One listing. */
struct grants {
	struct ledger ledger;
	int64_t now_ms;
	bool (*each)(void *context, const struct store_grant *grant);
	void *context;
};

/* False: each() wants no more. */
static bool
show_grant(
    struct grants *grants, struct str entry, struct str key, struct str text)
{
	struct store_grant grant = { .raise = { .n_rates = 0 } };

	if (text.len == 0 || split_entry(entry, &grant) == -1)
		return true;
	if (grant_parse(text, grants->ledger.arena, &grant) == -1) {
		ledger_tell_broken(grants->ledger.redis, key, text, "grant");
		return true;
	}
	return grant.hold.until_ms <= grants->now_ms ||
	       grants->each(grants->context, &grant);
}

/* Reads the grants of n entries of the index. 1, 0: no more wanted, or -1. */
static int
show_page(struct grants *grants, redisReply *const *entries, size_t n)
{
	struct ledger *ledger = &grants->ledger;
	struct str *keys = arena_alloc(ledger->arena, n * sizeof(*keys));
	struct str *texts = arena_alloc(ledger->arena, n * sizeof(*texts));

	for (size_t i = 0; i < n; i++)
		keys[i] = ledger_key_of(ledger->arena, ledger->redis, "grant",
		    ledger_text(entries[i]));
	if (ledger_texts(ledger, keys, n, 1, texts) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!show_grant(
			grants, ledger_text(entries[i]), keys[i], texts[i]))
			return 0;
	return 1;
}

/* All entries of the index are one answer: it is short, and of one moment. */
static int
show_grants(struct grants *grants)
{
	struct ledger *ledger = &grants->ledger;
	struct str key = ledger_key(ledger->arena, ledger->redis, "grants");
	redisReply *index = LEDGER_ASK(ledger, REDIS_REPLY_ARRAY, key,
	    STR("ZRANGEBYSCORE"), key,
	    ledger_number(ledger->arena, grants->now_ms / 1000), STR("+inf"));
	int rc = 1;

	if (index == NULL)
		return -1;
	for (size_t at = 0; rc == 1 && at < index->elements;
	     at += GRANTS_PAGE) {
		size_t rest = index->elements - at;

		rc = show_page(grants, index->element + at,
		    rest < GRANTS_PAGE ? rest : GRANTS_PAGE);
	}
	freeReplyObject(index);
	return rc == -1 ? -1 : 0;
}

int
redis_grants(struct store *store, int64_t now_ms,
    bool (*each)(void *context, const struct store_grant *grant), void *context,
    struct buf *error)
{
	struct grants grants = { .each = each, .context = context };
	int rc;

	ledger_begin(&grants.ledger, store, error);
	rc = ledger_now(&grants.ledger, now_ms, &grants.now_ms);
	if (rc == 0)
		rc = show_grants(&grants);
	return ledger_end(&grants.ledger, rc);
}
