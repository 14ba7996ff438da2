/*
 * Opening, waiting for calls, closing; the rest of the backend is the thread
 * behind's.
 *
 * The trap is a call that failed in part, where its keys are on several nodes:
 * its caller must act as if nothing were known, so what was charged is given
 * back.
 */
#include "store/redis/ledger.h"

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/redis/sentinel.h"
#include "store/redis/slots.h"
#include "store/redis/tls.h"
#include "store/url.h"

#include <assert.h>
#include <stdlib.h>

#define REDIS_TIMEOUT_MS  100
#define REDIS_CONNECTIONS 4
#define REDIS_CLOSE_US    INT64_C(1000000)

/* What part of a failed call was charged is nobody's: it goes back. */
static void
undo_part(struct redis *redis, struct store_call *call,
    const struct redis_item *items, size_t n_items)
{
	bool is_any = false;

	for (size_t i = 0; i < n_items; i++) {
		struct call_use *use = items[i].use;

		if (use != NULL && items[i].is_answered &&
		    call_use_is_charged(use)) {
			atomic_store(&use->refund, REFUND_WANTED);
			is_any = true;
		}
	}
	if (is_any)
		redis_behind_undo(redis, call);
}

static int
redis_wait(void *self, struct store_call *call, int64_t now_ms)
{
	struct redis *redis = self;
	struct redis_item items[CALL_ITEMS_MAX];
	const struct redis_round round = {
		.redis = redis,
		.items = items,
		.n_items = redis_items_of(call, items),
		.now_ms = now_ms,
		.deadline_us = clock_steady_us() + redis->timeout_us,
	};
	int rc;

	if (call->after != 0)
		redis_behind_await(redis, call->after,
		    round.deadline_us - redis->timeout_us / 2);
	redis_nodes_await(redis, round.deadline_us);
	if (!redis_nodes_are_up(redis))
		return -1;
	rc = redis_round_ask(&round);
	if (rc == 0)
		atomic_store(&call->state, CALL_ANSWERED);
	else
		undo_part(redis, call, items, round.n_items);
	return rc;
}

static void
redis_send(void *self, struct store_call *call, int64_t now_ms)
{
	redis_behind_add(self, call, now_ms, false);
}

static void
redis_give_back(void *self, struct store_call *call)
{
	redis_behind_add(self, call, STORE_NOW, true);
}

static bool
redis_is_up(void *self)
{
	return redis_nodes_are_up(self);
}

static int
redis_flush(void *self, uint32_t timeout_ms)
{
	return redis_behind_flush(
	    self, clock_steady_us() + (int64_t)timeout_ms * 1000);
}

static uint64_t
redis_mark(void *self)
{
	return redis_behind_mark(self);
}

static uint64_t
redis_n_failures(void *self)
{
	struct redis *redis = self;

	return atomic_load(&redis->n_failures);
}

static size_t
redis_nodes(void *self, struct store_node nodes_out[STORE_NODES_MAX])
{
	return redis_nodes_tell(self, nodes_out);
}

static char *
copy_or_null(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

/* Which nodes there are, and which has which key. */
static void
open_layout(struct redis *redis, const struct store_url *url)
{
	switch (url->kind) {
	case STORE_KIND_MEMORY:
		break;
	case STORE_KIND_SENTINEL:
		redis_sentinel_open(redis, url);
		return;
	case STORE_KIND_CLUSTER:
		redis_slots_open(redis, url);
		return;
	case STORE_KIND_TCP:
	case STORE_KIND_UNIX:
		redis->layout = &redis_layout_single;
		redis_node_add(redis, redis->target.name, redis->target.host,
		    redis->target.port);
		return;
	}
	assert(false);
}

void *
redis_open(const struct store_url *url, const struct store *store,
    const struct store_options *options, struct buf *error)
{
	struct redis *redis;
	uint32_t timeout_ms = options->timeout_ms;
	uint32_t connections = options->connections;
	struct redis_tls *tls = NULL;

	if (url->is_tls && (tls = redis_tls_new(url, error)) == NULL)
		return NULL;
	redis = xcalloc(1, sizeof(*redis));
	redis->tls = tls;

	redis->target = (struct redis_target){
		.name = xstrdup(store->name),
		.host = xstrdup(url->hosts[0].host),
		.port = url->hosts[0].port,
		.is_unix = url->kind == STORE_KIND_UNIX,
		.db = url->db,
		.user = copy_or_null(url->user),
		.password = copy_or_null(url->password),
		.prefix = xstrdup(store->prefix.p),
		.epoch = &redis->epoch,
		.tls = tls,
	};
	if (timeout_ms == 0)
		timeout_ms = REDIS_TIMEOUT_MS;
	if (connections == 0)
		connections = REDIS_CONNECTIONS;
	redis->connections = connections;
	redis->timeout_us = (int64_t)timeout_ms * 1000;
	redis->target.timeout_us = redis->timeout_us;
	redis_nodes_init(redis);
	open_layout(redis, url);
	redis_behind_start(redis);
	return redis;
}

void
redis_free(struct redis *redis)
{
	redis_session_done(redis);
	redis->layout->done(redis);
	redis_nodes_done(redis);
	free(redis->target.name);
	free(redis->target.host);
	free(redis->target.user);
	free(redis->target.password);
	free(redis->target.prefix);
	redis_tls_free(redis->tls);
	free(redis->ring);
	pthread_mutex_destroy(&redis->lock);
	pthread_cond_destroy(&redis->wake);
	pthread_cond_destroy(&redis->changed);
	free(redis);
}

static void
redis_close(void *self)
{
	if (redis_behind_stop(self, clock_steady_us() + REDIS_CLOSE_US))
		redis_free(self);
}

const struct backend redis_backend = {
	.close = redis_close,
	.is_up = redis_is_up,
	.wait = redis_wait,
	.send = redis_send,
	.give_back = redis_give_back,
	.flush = redis_flush,
	.mark = redis_mark,
	.remember = redis_remember,
	.forget = redis_forget,
	.merge = redis_merge,
	.wipe = redis_admin_wipe,
	.n_failures = redis_n_failures,
	.nodes = redis_nodes,
	.ledger = &redis_ledger,
};
