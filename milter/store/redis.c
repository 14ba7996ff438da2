/*
 * All uses of a call are one EVALSHA of charge.lua. Redis forgets scripts (at
 * a restart, at SCRIPT FLUSH); then the body is sent, once, within the same
 * deadline.
 *
 * The trap is asking again: a question that was written may have been charged
 * even if no answer came, so only NOSCRIPT, which proves that nothing ran, is
 * followed by a second try.
 */
#include "store/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/xalloc.h"
#include "store/charge.h"
#include "store/url.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

/* ISO C promises only strings of 4095 bytes; all our compilers take more. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
#include "charge_lua.h"
#pragma GCC diagnostic pop

#define REDIS_TIMEOUT_MS  100
#define REDIS_CONNECTIONS 16
#define REDIS_CLOSE_US    INT64_C(1000000)
#define SCRIPT_NO_SLOT    (-1)
#define FIELD_BYTES_MAX   128 /* "unknown-recipients.1w" */

static const char *const op_names[] = {
	[STORE_PEEK] = "peek",
	[STORE_CHARGE] = "charge",
	[STORE_ATTEMPT] = "attempt",
};

static void
put_field(struct buf *out, struct str unit, uint32_t window_sec)
{
	char name[FIELD_BYTES_MAX], text[QUANTITY_TEXT_MAX];
	struct str window = duration_text(window_sec, text);
	size_t len = unit.len;

	assert(len + 1 + window.len <= sizeof(name));
	memcpy(name, unit.p, len);
	name[len++] = '.';
	memcpy(name + len, window.p, window.len);
	redis_put_arg(out, (struct str){ name, len + window.len });
}

static void
put_item(struct buf *out, const struct redis_item *item)
{
	const struct call_use *use = item->use;

	redis_put_arg(out,
	    item->is_give_back ? STR("give-back") : str_of(op_names[use->op]));
	redis_put_number(out, (int64_t)use->amount);
	redis_put_number(out, (int64_t)use->n_rates);
	for (size_t i = 0; i < use->n_rates; i++) {
		put_field(out, use->unit, use->rates[i].window_sec);
		redis_put_number(out, item->is_give_back
					  ? use->answer.levels[i].slot
					  : (int64_t)use->rates[i].max);
		redis_put_number(out, use->rates[i].window_sec);
	}
}

/* The arguments are described at the head of charge.lua. */
static void
put_script(struct buf *out, bool is_body, const struct redis_question *question)
{
	size_t n_items = question->n_items;
	size_t n_args = 4 + n_items;

	for (size_t i = 0; i < n_items; i++)
		n_args += 3 + 3 * question->items[i].use->n_rates;
	redis_put_begin(out, n_args);
	redis_put_arg(out, is_body ? STR("EVAL") : STR("EVALSHA"));
	redis_put_arg(out, is_body ? STR(charge_lua) : STR(charge_lua_sha1));
	redis_put_number(out, (int64_t)n_items);
	for (size_t i = 0; i < n_items; i++)
		redis_put_arg(out, question->items[i].use->key);
	if (question->now_ms == STORE_NOW)
		redis_put_arg(out, STR(""));
	else
		redis_put_number(out, question->now_ms);
	for (size_t i = 0; i < n_items; i++)
		put_item(out, &question->items[i]);
}

/* The integers of a reply, one after the other. */
struct numbers {
	const redisReply *reply;
	size_t at;
	bool is_wrong; /* too few, or something else than integers */
};

static int64_t
take_number(struct numbers *numbers)
{
	const redisReply *reply = numbers->reply;

	if (numbers->at >= reply->elements ||
	    reply->element[numbers->at]->type != REDIS_REPLY_INTEGER) {
		numbers->is_wrong = true;
		return 0;
	}
	return reply->element[numbers->at++]->integer;
}

static void
tell_foreign_key(struct redis *redis, struct str key)
{
	struct buf text = { 0 };

	if (redis_seldom_is_due(&redis->foreign_keys)) {
		log_escape(&text, key, 256);
		log_warning("store %s: key \"%.*s\" is of another type than "
			    "ours; its limit is not known until it is deleted",
		    redis->target.name, STR_ARG(buf_str(&text)));
	}
	buf_done(&text);
}

static void
take_answer(
    struct redis *redis, struct numbers *numbers, const struct redis_item *item)
{
	struct store_answer *answer = &item->use->answer;
	int64_t fits = take_number(numbers);

	if (fits < 0)
		tell_foreign_key(redis, item->use->key);
	if (item->is_give_back)
		return;
	*answer = (struct store_answer){ .fits = fits > 0, .failed = fits < 0 };
	for (size_t i = 0; fits >= 0 && i < item->use->n_rates; i++) {
		struct store_level *level = &answer->levels[i];

		level->used = (uint64_t)take_number(numbers);
		level->slot = take_number(numbers);
		level->retry_ms = take_number(numbers);
		if (level->slot == SCRIPT_NO_SLOT)
			level->slot = STORE_NO_SLOT;
	}
}

static int
take_answers(struct redis *redis, const redisReply *reply,
    const struct redis_question *question)
{
	struct numbers numbers = { .reply = reply };

	if (reply->type != REDIS_REPLY_ARRAY)
		return -1;
	for (size_t i = 0; i < question->n_items && !numbers.is_wrong; i++)
		take_answer(redis, &numbers, &question->items[i]);
	return numbers.is_wrong || numbers.at != reply->elements ? -1 : 0;
}

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

	put_script(&conn->out, false, question);
	reply = ask(conn, deadline_us, failure);
	if (reply != NULL && is_no_script(reply)) {
		freeReplyObject(reply);
		put_script(&conn->out, true, question);
		reply = ask(conn, deadline_us, failure);
	}
	if (reply == NULL)
		return -1;
	if (reply->type == REDIS_REPLY_ERROR)
		redis_fail(failure, REDIS_FAILURE_REFUSED, "%.*s",
		    (int)reply->len, reply->str);
	else if ((rc = take_answers(redis, reply, question)) == -1)
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
	struct redis_item items[STORE_USES_MAX];
	const struct redis_question question = { items, call->n_uses, now_ms };
	struct redis_failure failure;
	struct redis_conn *conn;
	int rc;

	if ((conn = redis_pool_borrow(redis->pool, deadline_us)) == NULL)
		return -1;
	for (size_t i = 0; i < call->n_uses; i++)
		items[i] = (struct redis_item){ call, &call->uses[i], false };
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
		.host = xstrdup(url->host),
		.port = url->port,
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
	.list = redis_admin_list,
	.reset = redis_admin_reset,
	.wipe = redis_admin_wipe,
	.n_failures = redis_n_failures,
};
