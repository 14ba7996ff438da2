/*
 * What operators ask for: listings, resets, wiping. Each has a connection of
 * its own, so that a long SCAN never takes one from the mail.
 *
 * The trap is SCAN: it may name a key twice, and its pattern is a glob, so
 * names are escaped and the list is sorted and thinned before it is read.
 */
#include "store/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"
#include "store/charge.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ADMIN_TIMEOUT_US INT64_C(5000000) /* of one answer */
#define ADMIN_BATCH      100              /* keys read at a time */

struct admin {
	struct redis *redis;
	struct redis_conn *conn;
	struct arena *arena;
	struct str *keys;
	size_t n_keys;
	struct redis_failure failure;
};

static int64_t
admin_deadline(void)
{
	return clock_steady_us() + ADMIN_TIMEOUT_US;
}

static int
admin_open(struct admin *admin, struct redis *redis)
{
	struct redis_addresses addresses;

	memset(admin, 0, sizeof(*admin));
	admin->redis = redis;
	admin->arena = arena_new(4096);
	redis_pool_addresses(redis->pool, admin_deadline(), &addresses);
	admin->conn = redis_conn_open(
	    &redis->target, &addresses, admin_deadline(), &admin->failure);
	return admin->conn != NULL ? 0 : -1;
}

/* Ends, with the message if rc says that something failed; returns rc. */
static int
admin_done(struct admin *admin, int rc, struct buf *error)
{
	if (rc == -1) {
		buf_printf(error, "store %s: ", admin->redis->target.name);
		log_escape(error, str_of(admin->failure.text),
		    sizeof(admin->failure.text));
	}
	redis_conn_close(admin->conn);
	arena_free(admin->arena);
	return rc;
}

static redisReply *
receive(struct admin *admin, int type)
{
	redisReply *reply;

	reply =
	    redis_conn_receive(admin->conn, admin_deadline(), &admin->failure);
	if (reply == NULL || reply->type == type)
		return reply;
	if (reply->type == REDIS_REPLY_ERROR)
		redis_fail(&admin->failure, REDIS_FAILURE_REFUSED, "%.*s",
		    (int)reply->len, reply->str);
	else
		redis_fail(&admin->failure, REDIS_FAILURE_GARBAGE,
		    "answer does not belong to the question");
	freeReplyObject(reply);
	return NULL;
}

/* Sends what was put; NULL unless the answer is of this type. */
static redisReply *
ask(struct admin *admin, int type)
{
	if (redis_conn_send(admin->conn, admin_deadline(), &admin->failure) ==
	    -1)
		return NULL;
	return receive(admin, type);
}

static struct str
text_of(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return STR("");
	return (struct str){ reply->str, reply->len };
}

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

/* One step of SCAN; its keys are added. 0, and the next cursor. */
static int
scan_step(struct admin *admin, struct str pattern, char cursor[32])
{
	struct buf *out = &admin->conn->out;
	redisReply *reply, *list;
	struct str next;

	redis_put_begin(out, 6);
	redis_put_arg(out, STR("SCAN"));
	redis_put_arg(out, str_of(cursor));
	redis_put_arg(out, STR("MATCH"));
	redis_put_arg(out, pattern);
	redis_put_arg(out, STR("COUNT"));
	redis_put_arg(out, STR("500"));
	if ((reply = ask(admin, REDIS_REPLY_ARRAY)) == NULL)
		return -1;
	if (reply->elements != 2 ||
	    (next = text_of(reply->element[0])).len == 0 || next.len > 31 ||
	    reply->element[1]->type != REDIS_REPLY_ARRAY) {
		redis_fail(&admin->failure, REDIS_FAILURE_GARBAGE,
		    "answer to SCAN is none");
		freeReplyObject(reply);
		return -1;
	}
	memcpy(cursor, next.p, next.len);
	cursor[next.len] = '\0';
	list = reply->element[1];
	for (size_t i = 0; i < list->elements; i++) {
		admin->keys = arena_grow(admin->arena, admin->keys,
		    admin->n_keys, sizeof(struct str));
		admin->keys[admin->n_keys++] =
		    arena_str(admin->arena, text_of(list->element[i]));
	}
	freeReplyObject(reply);
	return 0;
}

static int
compare_keys(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int
scan(struct admin *admin, struct str pattern)
{
	char cursor[32] = "0";
	size_t n = 0;

	do {
		if (scan_step(admin, pattern, cursor) == -1)
			return -1;
	} while (strcmp(cursor, "0") != 0);
	if (admin->n_keys > 0)
		qsort(admin->keys, admin->n_keys, sizeof(struct str),
		    compare_keys);
	for (size_t i = 0; i < admin->n_keys; i++)
		if (i == 0 || !str_eq(admin->keys[n - 1], admin->keys[i]))
			admin->keys[n++] = admin->keys[i];
	admin->n_keys = n;
	return 0;
}

static int
find_keys(struct admin *admin, const struct backend_listing *listing)
{
	struct buf pattern = { 0 };
	int rc;

	if (listing->limit.len > 0 && listing->identity.len > 0) {
		admin->keys =
		    arena_grow(admin->arena, NULL, 0, sizeof(struct str));
		admin->keys[0] = call_key(admin->arena, listing->prefix,
		    listing->limit, listing->identity);
		admin->n_keys = 1;
		return 0;
	}
	add_glob(&pattern, listing->prefix);
	buf_add_cstr(&pattern, ":limit:");
	add_glob_or_all(&pattern, listing->limit);
	buf_add_cstr(&pattern, ":{");
	add_glob_or_all(&pattern, listing->identity);
	buf_byte(&pattern, '}');
	rc = scan(admin, buf_str(&pattern));
	buf_done(&pattern);
	return rc;
}

static int
read_time(struct admin *admin, int64_t *now_ms)
{
	redisReply *reply;
	int64_t sec, us;

	if (*now_ms != STORE_NOW)
		return 0;
	redis_put_begin(&admin->conn->out, 1);
	redis_put_arg(&admin->conn->out, STR("TIME"));
	if ((reply = ask(admin, REDIS_REPLY_ARRAY)) == NULL)
		return -1;
	if (reply->elements == 2) {
		sec = strtoimax(text_of(reply->element[0]).p, NULL, 10);
		us = strtoimax(text_of(reply->element[1]).p, NULL, 10);
		*now_ms = sec * 1000 + us / 1000;
	}
	freeReplyObject(reply);
	return *now_ms != STORE_NOW ? 0 : -1;
}

/* "recipients.1h" and its value; false: it is not one of ours. */
static bool
read_field(struct store_counter *counter, struct str field, struct str value,
    int64_t now_ms)
{
	ptrdiff_t dot = str_find_last(field, '.');
	struct charge_slots slots;

	if (dot < 0 ||
	    duration_parse(
		str_from(field, (size_t)dot + 1), &counter->window_sec) == -1 ||
	    charge_parse(value, &slots, &counter->max) == -1)
		return false;
	counter->unit = str_sub(field, 0, (size_t)dot);
	call_counter_fill(counter, &slots, now_ms);
	return true;
}

/* False: each() wants no more. */
static bool
show_key(const struct backend_listing *listing, struct str key,
    const redisReply *reply, int64_t now_ms)
{
	struct store_counter counter = { .used = 0 };

	if (reply->type != REDIS_REPLY_ARRAY ||
	    call_key_split(
		listing->prefix, key, &counter.limit, &counter.identity) == -1)
		return true;
	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		if (read_field(&counter, text_of(reply->element[i]),
			text_of(reply->element[i + 1]), now_ms) &&
		    !listing->each(listing->context, &counter))
			return false;
	return true;
}

/* Shows keys[from, to); 1: go on, 0: each() wants no more, -1: failed. */
static int
show_batch(struct admin *admin, const struct backend_listing *listing,
    size_t from, size_t to, int64_t now_ms)
{
	struct buf *out = &admin->conn->out;

	for (size_t i = from; i < to; i++) {
		redis_put_begin(out, 2);
		redis_put_arg(out, STR("HGETALL"));
		redis_put_arg(out, admin->keys[i]);
	}
	if (redis_conn_send(admin->conn, admin_deadline(), &admin->failure) ==
	    -1)
		return -1;
	for (size_t i = from; i < to; i++) {
		redisReply *reply = redis_conn_receive(
		    admin->conn, admin_deadline(), &admin->failure);
		bool goes_on;

		if (reply == NULL)
			return -1;
		goes_on = show_key(listing, admin->keys[i], reply, now_ms);
		freeReplyObject(reply);
		if (!goes_on)
			return 0;
	}
	return 1;
}

int
redis_admin_list(
    void *self, const struct backend_listing *listing, struct buf *error)
{
	int64_t now_ms = listing->now_ms;
	struct admin admin;
	int rc = 1;

	if (admin_open(&admin, self) == -1 ||
	    read_time(&admin, &now_ms) == -1 ||
	    find_keys(&admin, listing) == -1)
		rc = -1;
	for (size_t at = 0; rc == 1 && at < admin.n_keys; at += ADMIN_BATCH) {
		size_t to = at + ADMIN_BATCH;

		rc = show_batch(&admin, listing, at,
		    to < admin.n_keys ? to : admin.n_keys, now_ms);
	}
	return admin_done(&admin, rc == -1 ? -1 : 0, error);
}

static int
delete_keys(struct admin *admin, size_t from, size_t to, size_t *n_out)
{
	struct buf *out = &admin->conn->out;
	redisReply *reply;

	redis_put_begin(out, 1 + to - from);
	redis_put_arg(out, STR("DEL"));
	for (size_t i = from; i < to; i++)
		redis_put_arg(out, admin->keys[i]);
	if ((reply = ask(admin, REDIS_REPLY_INTEGER)) == NULL)
		return -1;
	*n_out = (size_t)reply->integer;
	freeReplyObject(reply);
	return 0;
}

int
redis_admin_reset(void *self, struct str key, size_t *n_out, struct buf *error)
{
	struct admin admin;
	int rc;

	if ((rc = admin_open(&admin, self)) == 0) {
		admin.keys = &key;
		admin.n_keys = 1;
		rc = delete_keys(&admin, 0, 1, n_out);
	}
	return admin_done(&admin, rc, error);
}

int
redis_admin_wipe(void *self, struct buf *error)
{
	struct buf pattern = { 0 };
	struct admin admin;
	size_t n;
	int rc;

	if ((rc = admin_open(&admin, self)) == 0) {
		add_glob(&pattern, str_of(admin.redis->target.prefix));
		buf_add_cstr(&pattern, ":*");
		rc = scan(&admin, buf_str(&pattern));
	}
	for (size_t at = 0; rc == 0 && at < admin.n_keys; at += ADMIN_BATCH) {
		size_t to = at + ADMIN_BATCH;

		rc = delete_keys(
		    &admin, at, to < admin.n_keys ? to : admin.n_keys, &n);
	}
	/* The marker is gone, too: what is remembered of it is of the past. */
	redis_pool_renew(admin.redis->pool);
	buf_done(&pattern);
	return admin_done(&admin, rc, error);
}
