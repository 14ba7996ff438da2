/*
 * Takes over what a local store has counted: merge.lua for each entry, all of a
 * batch sent at once.
 *
 * The trap is a lost answer: the batch may have been added, or not. It is then
 * kept and added again later. So in the worst case one batch counts twice until
 * its windows have passed, but nothing that was admitted is ever forgotten.
 */
#include "store/redis/ledger.h"

#include "base/clock.h"
#include "store/merge.h"
#include "store/raise.h"
#include "store/text.h"

#include <hiredis/hiredis.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
#include "merge_lua.h"
#pragma GCC diagnostic pop

#define MERGE_HEAD_ARGS 10

/* One part as a command, in the arena. */
static struct str *
make_args(struct arena *arena, const struct redis *redis,
    const struct merge_part *part, size_t *n_out)
{
	size_t n = MERGE_HEAD_ARGS + 2 * (part->n_windows + part->n_values);
	struct str *args = arena_alloc(arena, n * sizeof(*args)), *arg = args;
	struct buf text = { 0 };

	*arg++ = STR("EVALSHA");
	*arg++ = STR(merge_lua_sha1);
	*arg++ = STR("3");
	*arg++ = arena_printf(
	    arena, "%s:limit:%.*s", redis->target.prefix, STR_ARG(part->name));
	*arg++ = arena_printf(arena, "%s:distinct:%.*s", redis->target.prefix,
	    STR_ARG(part->name));
	*arg++ = arena_printf(
	    arena, "%s:lock:%.*s", redis->target.prefix, STR_ARG(part->name));
	*arg++ = ledger_number(arena, part->lives_ms);
	if (part->lock.until_ms > 0)
		hold_put(&text, &part->lock);
	*arg++ = arena_str(arena, buf_str(&text));
	*arg++ = ledger_number(arena, (part->lock.until_ms + 999) / 1000);
	*arg++ = ledger_number(arena, (int64_t)part->n_windows);
	for (size_t i = 0; i < part->n_windows; i++) {
		const struct merge_window *window = &part->windows[i];
		char name[32];

		*arg++ = arena_printf(arena, "%.*s.%.*s", STR_ARG(window->unit),
		    STR_ARG(rate_window_text(&window->rate, name)));
		buf_clear(&text);
		charge_count_put(&text, &window->count, &window->rate);
		*arg++ = arena_str(arena, buf_str(&text));
	}
	for (size_t i = 0; i < part->n_values; i++) {
		*arg++ =
		    (struct str){ part->values[i].bytes, part->values[i].len };
		*arg++ = ledger_number(arena, part->values[i].seen_ms);
	}
	buf_done(&text);
	*n_out = n;
	return args;
}

static bool
is_no_script(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR &&
	       str_starts(
		   (struct str){ reply->str, reply->len }, STR("NOSCRIPT"));
}

/* An error reply proves that nothing ran. */
static bool
ask_with_body(struct ledger *ledger, const struct redis_ask *ask)
{
	struct str *args = (struct str *)(uintptr_t)ask->args;
	redisReply *reply;
	bool is_done;

	args[0] = STR("EVAL");
	args[1] = STR(merge_lua);
	reply = redis_session_ask(
	    ledger->session, ask->key, args, ask->n_args, ledger->error);
	is_done = reply != NULL;
	if (reply != NULL)
		freeReplyObject(reply);
	return is_done;
}

/* Reads a reply and frees it. */
static bool
is_merged(struct ledger *ledger, const struct redis_ask *ask, redisReply *reply)
{
	bool is_done = reply->type == REDIS_REPLY_INTEGER;

	if (is_no_script(reply))
		is_done = ask_with_body(ledger, ask);
	else if (!is_done)
		redis_session_tell(
		    ledger->session, ask->key, reply, ledger->error);
	freeReplyObject(reply);
	return is_done;
}

/*
 * A loss of data is noticed by the next connection that a pool opens, and none
 * may be open yet. Refunds are dropped if that were only found out afterwards.
 */
static uint64_t
present_epoch(struct redis *redis)
{
	int64_t deadline_us = clock_steady_us() + redis->timeout_us;

	for (size_t i = 0; i < atomic_load(&redis->n_nodes); i++) {
		struct redis_pool *pool = redis->nodes[i]->pool;
		struct redis_conn *conn = redis_pool_borrow(pool, deadline_us);

		if (conn != NULL)
			redis_pool_give_back(pool, conn, NULL);
	}
	return atomic_load(&redis->epoch);
}

/* Where one node of a Cluster is away, the others need not wait for it. */
static bool
is_reachable(struct redis *redis, struct str key)
{
	const struct redis_node *node = redis_node_of(redis, key);

	return node != NULL && redis_pool_is_up(node->pool);
}

int
redis_merge(
    struct store *store, struct merge_part *parts, size_t n, struct buf *error)
{
	struct redis *redis = store->self;
	/* As of before: if data are lost meanwhile, refunds are dropped. */
	uint64_t generation = present_epoch(redis);
	struct redis_ask asks[MERGE_BATCH];
	struct merge_part *asked[MERGE_BATCH];
	redisReply *replies[MERGE_BATCH];
	size_t n_asked = 0, n_merged = 0;
	struct ledger ledger;
	int rc;

	ledger_begin(&ledger, store, error);
	for (size_t i = 0; i < n; i++) {
		struct redis_ask *ask = &asks[n_asked];

		ask->args =
		    make_args(ledger.arena, redis, &parts[i], &ask->n_args);
		ask->key = ask->args[3];
		if (is_reachable(redis, ask->key))
			asked[n_asked++] = &parts[i];
	}
	rc = redis_session_ask_each(
	    ledger.session, asks, n_asked, replies, error);
	for (size_t i = 0; rc != -1 && i < n_asked; i++) {
		asked[i]->is_merged = is_merged(&ledger, &asks[i], replies[i]);
		asked[i]->generation = generation;
		asked[i]->epoch = generation;
		n_merged += asked[i]->is_merged;
	}
	return ledger_end(&ledger, n_merged == n ? rc : -1);
}
