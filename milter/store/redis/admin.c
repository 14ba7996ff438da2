/*
 * What operators do with counters: list, reset, wipe. Listing without an
 * identity is the one place that walks all keys.
 *
 * The trap is SCAN: it may name a key twice, and its pattern is a glob, so
 * names are escaped and the list is sorted and thinned before it is read.
 */
#include "store/redis/ledger.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#define ADMIN_PAGE 1000 /* keys read or deleted at a time */

struct keys {
	struct str *items;
	size_t n;
};

static void
add_glob(struct buf *pattern, struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (str_find(STR("*?[]\\^-"), name.p[i]) >= 0)
			buf_byte(pattern, '\\');
		buf_byte(pattern, name.p[i]);
	}
}

static void
add_glob_or_all(struct buf *pattern, struct str name)
{
	if (name.len == 0)
		buf_byte(pattern, '*');
	else
		add_glob(pattern, name);
}

/* --- all keys ------------------------------------------------------------ */

static void
add_keys(struct ledger *ledger, struct keys *keys, const redisReply *list)
{
	for (size_t i = 0; i < list->elements; i++) {
		keys->items = arena_grow(
		    ledger->arena, keys->items, keys->n, sizeof(*keys->items));
		keys->items[keys->n++] =
		    arena_str(ledger->arena, ledger_text(list->element[i]));
	}
}

/* One step of SCAN on one node; its keys are added. 0, and the next cursor. */
static int
scan_step(struct ledger *ledger, size_t node, struct str pattern,
    struct str *cursor, struct keys *keys)
{
	const struct str args[] = { STR("SCAN"), *cursor, STR("MATCH"), pattern,
		STR("COUNT"), STR("1000") };
	redisReply *reply = redis_session_ask_node(
	    ledger->session, node, args, 6, ledger->error);
	bool is_good;

	if (reply == NULL)
		return -1;
	is_good = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
		  reply->element[0]->type == REDIS_REPLY_STRING &&
		  reply->element[1]->type == REDIS_REPLY_ARRAY;
	if (is_good) {
		*cursor =
		    arena_str(ledger->arena, ledger_text(reply->element[0]));
		add_keys(ledger, keys, reply->element[1]);
	} else {
		redis_session_tell(
		    ledger->session, pattern, reply, ledger->error);
	}
	freeReplyObject(reply);
	return is_good ? 0 : -1;
}

static int
compare_keys(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Every key of every node that matches, sorted, each once. */
static int
scan(struct ledger *ledger, struct str pattern, struct keys *keys)
{
	size_t n_nodes = redis_session_n_nodes(ledger->session), n = 0;

	for (size_t node = 0; node < n_nodes; node++) {
		struct str cursor = STR("0");

		do {
			if (scan_step(ledger, node, pattern, &cursor, keys) ==
			    -1)
				return -1;
		} while (!str_is(cursor, "0"));
	}
	if (keys->n > 0)
		qsort(keys->items, keys->n, sizeof(struct str), compare_keys);
	for (size_t i = 0; i < keys->n; i++)
		if (i == 0 || !str_eq(keys->items[n - 1], keys->items[i]))
			keys->items[n++] = keys->items[i];
	keys->n = n;
	return 0;
}

/* --- counters ------------------------------------------------------------ */

/* One listing; keys[from … from + n) are being shown. */
struct listing {
	struct ledger ledger;
	int64_t now_ms;
	bool (*each)(void *context, const struct store_counter *counter);
	void *context;
};

static bool
is_distinct(const struct listing *listing, struct str key)
{
	struct str kind, limit, identity;

	return ledger_key_split(
		   listing->ledger.redis, key, &kind, &limit, &identity) == 0 &&
	       str_is(kind, "distinct");
}

/* False: each() wants no more. */
static bool
show_hash(const struct listing *listing, struct store_counter counter,
    const redisReply *reply)
{
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		counter.used = 0;
		if (ledger_counter(ledger_text(reply->element[i]),
			ledger_text(reply->element[i + 1]), listing->now_ms,
			&counter) &&
		    !listing->each(listing->context, &counter))
			return false;
	}
	return true;
}

/* False: each() wants no more. A key of another type is told and left out. */
static bool
show_key(const struct listing *listing, struct str key, const redisReply *reply)
{
	struct store_counter counter = { .used = 0 };
	struct str kind;

	if (ledger_key_split(listing->ledger.redis, key, &kind, &counter.limit,
		&counter.identity) == -1)
		return true;
	if (reply->type == REDIS_REPLY_ARRAY)
		return show_hash(listing, counter, reply);
	if (reply->type != REDIS_REPLY_INTEGER) {
		ledger_tell_broken(
		    listing->ledger.redis, key, STR("another type"), "counter");
		return true;
	}
	if (reply->integer == 0)
		return true;
	counter.unit = STR("distinct");
	counter.used = (uint64_t)reply->integer;
	return listing->each(listing->context, &counter);
}

/* Shows keys[from, to); 1: go on, 0: each() wants no more, -1: failed. */
static int
show_page(struct listing *listing, const struct str *keys, size_t n)
{
	struct arena *arena = arena_new(4096);
	struct redis_ask *asks = arena_alloc(arena, n * sizeof(*asks));
	struct str *args = arena_alloc(arena, 2 * n * sizeof(*args));
	redisReply **replies = arena_alloc(arena, n * sizeof(redisReply *));
	int rc = 1;

	for (size_t i = 0; i < n; i++) {
		args[2 * i] = is_distinct(listing, keys[i]) ? STR("ZCARD")
							    : STR("HGETALL");
		args[2 * i + 1] = keys[i];
		asks[i] = (struct redis_ask){ keys[i], args + 2 * i, 2 };
	}
	if (redis_session_ask_each(listing->ledger.session, asks, n, replies,
		listing->ledger.error) == -1) {
		arena_free(arena);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (rc == 1 && !show_key(listing, keys[i], replies[i]))
			rc = 0;
		freeReplyObject(replies[i]);
	}
	arena_free(arena);
	return rc;
}

/* Keeps what has counters, and not locks and grants. */
static void
keep_counters(const struct listing *listing, struct keys *keys)
{
	struct str kind, limit, identity;
	size_t n = 0;

	for (size_t i = 0; i < keys->n; i++)
		if (ledger_key_split(listing->ledger.redis, keys->items[i],
			&kind, &limit, &identity) == 0 &&
		    (str_is(kind, "limit") || str_is(kind, "distinct")))
			keys->items[n++] = keys->items[i];
	keys->n = n;
}

static int
find_keys(
    struct listing *listing, const struct store_query *query, struct keys *keys)
{
	struct ledger *ledger = &listing->ledger;
	struct buf pattern = { 0 };
	int rc;

	if (query->limit.len > 0 && query->identity.len > 0) {
		keys->items =
		    arena_alloc(ledger->arena, 2 * sizeof(struct str));
		keys->items[keys->n++] = ledger_identity_key(ledger->arena,
		    ledger->redis, "limit", query->limit, query->identity);
		keys->items[keys->n++] = ledger_identity_key(ledger->arena,
		    ledger->redis, "distinct", query->limit, query->identity);
		return 0;
	}
	add_glob(&pattern, str_of(ledger->redis->target.prefix));
	buf_add_cstr(&pattern, ":*:");
	add_glob_or_all(&pattern, query->limit);
	buf_add_cstr(&pattern, ":{");
	add_glob_or_all(&pattern, query->identity);
	buf_byte(&pattern, '}');
	rc = scan(ledger, buf_str(&pattern), keys);
	buf_done(&pattern);
	keep_counters(listing, keys);
	return rc;
}

int
redis_counters(struct store *store, const struct store_query *query,
    bool (*each)(void *context, const struct store_counter *counter),
    void *context, struct buf *error)
{
	struct listing listing = { .each = each, .context = context };
	struct keys keys = { .n = 0 };
	int rc = 1;

	ledger_begin(&listing.ledger, store, error);
	if (ledger_now(&listing.ledger, query->now_ms, &listing.now_ms) == -1 ||
	    find_keys(&listing, query, &keys) == -1)
		rc = -1;
	for (size_t at = 0; rc == 1 && at < keys.n; at += ADMIN_PAGE) {
		size_t rest = keys.n - at;

		rc = show_page(&listing, keys.items + at,
		    rest < ADMIN_PAGE ? rest : ADMIN_PAGE);
	}
	return ledger_end(&listing.ledger, rc == -1 ? -1 : 0);
}

/* --- deleting ------------------------------------------------------------- */

/* Counters, values and lock have the same tag: one command takes them all. */
int
redis_reset(struct store *store, struct str limit, struct str identity,
    size_t *n_out, struct buf *error)
{
	static const char *const kinds[] = { "limit", "distinct", "lock" };
	struct str args[4] = { STR("DEL") };
	struct ledger ledger;
	redisReply *reply;

	ledger_begin(&ledger, store, error);
	for (size_t i = 0; i < 3; i++)
		args[1 + i] = ledger_identity_key(
		    ledger.arena, ledger.redis, kinds[i], limit, identity);
	reply = ledger_ask(&ledger, REDIS_REPLY_INTEGER, args[1], args, 4);
	if (reply != NULL) {
		*n_out = (size_t)reply->integer;
		freeReplyObject(reply);
	}
	return ledger_end(&ledger, reply != NULL ? 0 : -1);
}

/* Each by a command of its own: in a Cluster they are in many slots. */
static int
delete_page(struct ledger *ledger, const struct str *keys, size_t n)
{
	redisReply **replies =
	    arena_alloc(ledger->arena, n * sizeof(redisReply *));

	if (ledger_ask_keys(ledger, "DEL", keys, n, replies) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		freeReplyObject(replies[i]);
	return 0;
}

int
redis_admin_wipe(void *self, struct buf *error)
{
	struct redis *redis = self;
	struct ledger ledger = { redis, redis_session_borrow(redis),
		arena_new(4096), error };
	struct buf pattern = { 0 };
	struct keys keys = { .n = 0 };
	int rc;

	add_glob(&pattern, str_of(redis->target.prefix));
	buf_add_cstr(&pattern, ":*");
	rc = scan(&ledger, buf_str(&pattern), &keys);
	for (size_t at = 0; rc == 0 && at < keys.n; at += ADMIN_PAGE) {
		size_t rest = keys.n - at;

		rc = delete_page(&ledger, keys.items + at,
		    rest < ADMIN_PAGE ? rest : ADMIN_PAGE);
	}
	/* The marker is gone, too: what is remembered of it is of the past. */
	redis_nodes_renew(redis);
	buf_done(&pattern);
	return ledger_end(&ledger, rc);
}
