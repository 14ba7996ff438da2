/*
 * Who is near a limit, and which rules were hit: both written on the way of the
 * mail without waiting, so each is one small script that also throws away what
 * is old; nobody else would.
 */
#include "store/redis/ledger.h"

#include "base/clock.h"
#include "base/xalloc.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <time.h>

#define HITS_DAYS  90
#define HITS_MS    INT64_C(7776000000) /* as many days */
#define HOT_PAGE   250                 /* of STORE_HOT_MAX */
#define RULES_PAGE 500                 /* read at once */
#define DAY_LEN    10                  /* "2026-11-23" */

static const struct ledger_notes hot_notes = { INT64_C(3024000000),
	STORE_HOT_MAX }; /* 35 days */
static const struct ledger_notes rule_notes = { HITS_MS, 10000 };

/*
 * ARGV: field, n, the oldest day that is kept, lifetime. A field that is new
 * is the first of its day and action; that is when old days are looked for.
 */
static const char hits_script[] =
    "local n = redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2])\n"
    "if n == tonumber(ARGV[2]) then\n"
    "  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do\n"
    "    if field < ARGV[3] then redis.call('HDEL', KEYS[1], field) end\n"
    "  end\n"
    "end\n"
    "redis.call('PEXPIRE', KEYS[1], ARGV[4])\n"
    "return n\n";

/* --- hot keys ------------------------------------------------------------- */

void
redis_hot_send(
    struct store *store, struct str limit, struct str identity, int64_t now_ms)
{
	struct redis *redis = store->self;
	struct arena *arena = arena_new(1024);

	ledger_note(redis, ledger_key_of(arena, redis, "hot", limit), identity,
	    &hot_notes, now_ms);
	arena_free(arena);
}

/* Those from number `from` on: 1: there may be more, 0: no more, or -1. */
static int
show_hot(struct ledger *ledger, struct str key, size_t from,
    bool (*each)(void *context, struct str identity), void *context)
{
	redisReply *list = LEDGER_ASK(ledger, REDIS_REPLY_ARRAY, key,
	    STR("ZREVRANGE"), key, ledger_number(ledger->arena, (int64_t)from),
	    ledger_number(ledger->arena, (int64_t)from + HOT_PAGE - 1));
	bool goes_on = true;
	size_t n;

	if (list == NULL)
		return -1;
	n = list->elements;
	for (size_t i = 0; goes_on && i < n; i++)
		goes_on = each(context, ledger_text(list->element[i]));
	freeReplyObject(list);
	return goes_on && n == HOT_PAGE;
}

int
redis_hot(struct store *store, struct str limit,
    bool (*each)(void *context, struct str identity), void *context,
    struct buf *error)
{
	struct ledger ledger;
	struct str key;
	int rc = 1;

	ledger_begin(&ledger, store, error);
	key = ledger_key_of(ledger.arena, ledger.redis, "hot", limit);
	for (size_t from = 0; rc == 1 && from < STORE_HOT_MAX; from += HOT_PAGE)
		rc = show_hot(&ledger, key, from, each, context);
	return ledger_end(&ledger, rc == -1 ? -1 : 0);
}

int
redis_hot_drop(struct store *store, struct str limit,
    const struct str *identities, size_t n, struct buf *error)
{
	struct str *args = xcalloc(2 + n, sizeof(*args));
	struct ledger ledger;
	redisReply *reply;

	ledger_begin(&ledger, store, error);
	args[0] = STR("ZREM");
	args[1] = ledger_key_of(ledger.arena, ledger.redis, "hot", limit);
	for (size_t i = 0; i < n; i++)
		args[2 + i] = identities[i];
	reply = ledger_ask(&ledger, REDIS_REPLY_INTEGER, args[1], args, 2 + n);
	freeReplyObject(reply);
	free(args);
	return ledger_end(&ledger, reply != NULL ? 0 : -1);
}

/* --- hits ----------------------------------------------------------------- */

/* The day that many days before now, in UTC: a day more or less is no harm. */
static struct str
day_before(struct arena *arena, int64_t now_ms, int days)
{
	time_t seconds = (time_t)(now_ms / 1000) - (time_t)days * 86400;
	char *text = arena_alloc(arena, DAY_LEN + 1);
	struct tm date;

	if (gmtime_r(&seconds, &date) == NULL ||
	    strftime(text, DAY_LEN + 1, "%Y-%m-%d", &date) != DAY_LEN)
		return STR("");
	return (struct str){ text, DAY_LEN };
}

static void
send_hit(struct redis *redis, struct arena *arena, const struct store_hit *hit,
    int64_t now_ms)
{
	struct str key = ledger_key_of(arena, redis, "rule", hit->rule);
	struct str field = arena_printf(arena, "%.*s.%s%.*s", STR_ARG(hit->day),
	    hit->is_observed ? "would-" : "", STR_ARG(hit->action));

	LEDGER_SEND(redis, key, STR("EVAL"), STR(hits_script), STR("1"), key,
	    field, ledger_number(arena, (int64_t)hit->n),
	    day_before(arena, now_ms, HITS_DAYS),
	    ledger_number(arena, HITS_MS));
}

void
redis_hits_send(struct store *store, const struct store_hit *hits,
    size_t n_hits, int64_t now_ms)
{
	struct redis *redis = store->self;
	struct arena *arena = arena_new(4096);
	struct str rules = ledger_key(arena, redis, "rules");

	if (now_ms == STORE_NOW)
		now_ms = clock_wall_ms();
	for (size_t i = 0; i < n_hits; i++) {
		send_hit(redis, arena, &hits[i], now_ms);
		ledger_note(redis, rules, hits[i].rule, &rule_notes, now_ms);
	}
	arena_free(arena);
}

/* One listing. */
struct hits {
	struct ledger ledger;
	bool (*each)(void *context, const struct store_hit *hit);
	void *context;
};

/* "2026-11-23.would-reject" and its number; false: it is none of ours. */
static bool
read_hit(struct store_hit *hit, struct str field, struct str number)
{
	int64_t n = ledger_read_number(number);

	if (field.len < DAY_LEN + 2 || field.p[DAY_LEN] != '.' || n < 0)
		return false;
	hit->day = str_sub(field, 0, DAY_LEN);
	hit->action = str_from(field, DAY_LEN + 1);
	hit->is_observed = str_starts(hit->action, STR("would-"));
	if (hit->is_observed)
		hit->action = str_from(hit->action, STR("would-").len);
	hit->n = (uint64_t)n;
	return true;
}

/* False: each() wants no more. */
static bool
show_rule(struct hits *hits, struct str rule, const redisReply *hash)
{
	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		struct store_hit hit = { .rule = rule };

		if (read_hit(&hit, ledger_text(hash->element[i]),
			ledger_text(hash->element[i + 1])) &&
		    !hits->each(hits->context, &hit))
			return false;
	}
	return true;
}

/* 1, 0: no more wanted, or -1. */
static int
show_rules(struct hits *hits, const struct str *rules, size_t n)
{
	struct ledger *ledger = &hits->ledger;
	struct str *keys = arena_alloc(ledger->arena, n * sizeof(*keys));
	redisReply **replies =
	    arena_alloc(ledger->arena, n * sizeof(redisReply *));
	int rc = 1;

	for (size_t i = 0; i < n; i++)
		keys[i] = ledger_key_of(
		    ledger->arena, ledger->redis, "rule", rules[i]);
	if (ledger_ask_keys(ledger, "HGETALL", keys, n, replies) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (rc == 1 && !show_rule(hits, rules[i], replies[i]))
			rc = 0;
		freeReplyObject(replies[i]);
	}
	return rc;
}

static int
show_all_rules(struct hits *hits)
{
	struct ledger *ledger = &hits->ledger;
	struct str key = ledger_key(ledger->arena, ledger->redis, "rules");
	redisReply *index = LEDGER_ASK(ledger, REDIS_REPLY_ARRAY, key,
	    STR("ZREVRANGE"), key, STR("0"), STR("-1"));
	struct str rules[RULES_PAGE];
	int rc = 1;

	if (index == NULL)
		return -1;
	for (size_t at = 0; rc == 1 && at < index->elements; at += RULES_PAGE) {
		size_t n = 0;

		for (; n < RULES_PAGE && at + n < index->elements; n++)
			rules[n] = ledger_text(index->element[at + n]);
		rc = show_rules(hits, rules, n);
	}
	freeReplyObject(index);
	return rc;
}

int
redis_hits(struct store *store, struct str rule,
    bool (*each)(void *context, const struct store_hit *hit), void *context,
    struct buf *error)
{
	struct hits hits = { .each = each, .context = context };
	int rc;

	ledger_begin(&hits.ledger, store, error);
	rc = rule.len > 0 ? show_rules(&hits, &rule, 1) : show_all_rules(&hits);
	return ledger_end(&hits.ledger, rc == -1 ? -1 : 0);
}
