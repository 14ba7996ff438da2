/*
 * All uses of a call are one EVALSHA of charge.lua. Redis forgets scripts (at
 * a restart, at SCRIPT FLUSH); then the body is sent, once, within the same
 * deadline.
 *
 * The trap is asking again: a question that was written may have been charged
 * even if no answer came, so only NOSCRIPT, which proves that nothing ran, is
 * followed by a second try.
 */
#include "store/redis_ledger.h"

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/url.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#define REDIS_TIMEOUT_MS  100
#define REDIS_CONNECTIONS 16
#define REDIS_CLOSE_US    INT64_C(1000000)

static bool
is_no_script(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR &&
	       str_starts(
		   (struct str){ reply->str, reply->len }, STR("NOSCRIPT"));
}

static redisReply *
ask(struct redis_conn *conn, int64_t deadline_us, struct redis_failure *failure)
{
	redisReply *reply;

	if (redis_conn_send(conn, deadline_us, failure) == -1)
		return NULL;
	reply = redis_conn_receive(conn, deadline_us, failure);
	if (reply != NULL && !redis_conn_is_empty(conn)) {
		redis_fail(failure, REDIS_FAILURE_GARBAGE,
		    "more answers than questions");
		freeReplyObject(reply);
		return NULL;
	}
	return reply;
}

int
redis_script_run(struct redis *redis, struct redis_conn *conn,
    const struct redis_question *question, int64_t deadline_us,
    struct redis_failure *failure)
{
	redisReply *reply;
	int rc = -1;

	redis_script_put(&conn->out, false, question);
	reply = ask(conn, deadline_us, failure);
	if (reply != NULL && is_no_script(reply)) {
		freeReplyObject(reply);
		redis_script_put(&conn->out, true, question);
		reply = ask(conn, deadline_us, failure);
	}
	if (reply == NULL)
		return -1;
	if (reply->type == REDIS_REPLY_ERROR)
		redis_fail(failure, REDIS_FAILURE_REFUSED, "%.*s",
		    (int)reply->len, reply->str);
	else if ((rc = redis_script_take(redis, reply, question)) == -1)
		redis_fail(failure, REDIS_FAILURE_GARBAGE,
		    "answer does not belong to the question");
	freeReplyObject(reply);
	return rc;
}

static int
redis_wait(void *self, struct store_call *call, int64_t now_ms)
{
	struct redis *redis = self;
	int64_t deadline_us = clock_steady_us() + redis->timeout_us;
	struct redis_item items[CALL_ITEMS_MAX];
	const struct redis_question question = { items,
		redis_items_of(call, items), now_ms };
	struct redis_failure failure;
	struct redis_conn *conn;
	int rc;

	if ((conn = redis_pool_borrow(redis->pool, deadline_us)) == NULL)
		return -1;
	rc = redis_script_run(redis, conn, &question, deadline_us, &failure);
	if (rc == 0) {
		call->generation = conn->generation;
		atomic_store(&call->state, CALL_ANSWERED);
	}
	redis_pool_give_back(redis->pool, conn, rc == 0 ? NULL : &failure);
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
	struct redis *redis = self;

	return redis_pool_is_up(redis->pool);
}

static int
redis_flush(void *self, uint32_t timeout_ms)
{
	return redis_behind_flush(
	    self, clock_steady_us() + (int64_t)timeout_ms * 1000);
}

static uint64_t
redis_n_failures(void *self)
{
	struct redis *redis = self;

	return atomic_load(&redis->n_failures);
}

static char *
copy_or_null(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

void *
redis_open(const struct store_url *url, const struct store *store,
    const struct store_options *options)
{
	struct redis *redis = xcalloc(1, sizeof(*redis));
	uint32_t timeout_ms = options->timeout_ms;
	uint32_t connections = options->connections;

	redis->target = (struct redis_target){
		.name = xstrdup(store->name),
		.host = xstrdup(url->hosts[0].host),
		.port = url->hosts[0].port,
		.is_unix = url->kind == STORE_KIND_UNIX,
		.db = url->db,
		.user = copy_or_null(url->user),
		.password = copy_or_null(url->password),
		.prefix = xstrdup(store->prefix.p),
	};
	if (timeout_ms == 0)
		timeout_ms = REDIS_TIMEOUT_MS;
	if (connections == 0)
		connections = REDIS_CONNECTIONS;
	redis->timeout_us = (int64_t)timeout_ms * 1000;
	redis->target.timeout_us = redis->timeout_us;
	redis->pool = redis_pool_new(
	    &redis->target, connections, redis_behind_on_down, redis);
	redis_behind_start(redis);
	return redis;
}

void
redis_free(struct redis *redis)
{
	redis_pool_free(redis->pool);
	free(redis->target.name);
	free(redis->target.host);
	free(redis->target.user);
	free(redis->target.password);
	free(redis->target.prefix);
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
	.remember = redis_remember,
	.forget = redis_forget,
	.wipe = redis_admin_wipe,
	.n_failures = redis_n_failures,
	.ledger = &redis_ledger,
};
