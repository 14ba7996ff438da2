/*
 * A connection is of use once Redis has let us in, has the right database, and
 * has shown by the marker which data it has and that it can be written.
 *
 * The trap is a Cluster: the marker is in a slot, and the slot may be on its way
 * to another node. That is no fault of the node; the data are not known then.
 */
#include "store/redis/greet.h"

#include "base/port.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is said first; each command has one reply, and all are sent at once. */
enum greeting {
	GREETING_AUTH,
	GREETING_SELECT,
	GREETING_NAME,
	GREETING_MARK,    /* creates the marker: proves that writing works */
	GREETING_REFRESH, /* keeps it for another 30 days */
	GREETING_READ,
	GREETING_PING,
	GREETING_N
};

#define MARKER_SEC 2592000

static void
put_words(struct buf *out, size_t n, const struct str *words)
{
	redis_put_begin(out, n);
	for (size_t i = 0; i < n; i++)
		redis_put_arg(out, words[i]);
}

#define PUT(out, ...)                                                          \
	put_words((out),                                                       \
	    sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str),  \
	    (const struct str[]){ __VA_ARGS__ })

static void
put_login(const struct redis_target *target, struct buf *out)
{
	if (target->password == NULL)
		PUT(out, STR("PING"));
	else if (target->user == NULL)
		PUT(out, STR("AUTH"), str_of(target->password));
	else
		PUT(out, STR("AUTH"), str_of(target->user),
		    str_of(target->password));
}

/* A node of a Cluster keeps its marker in a slot that it has. */
static bool
marker_key(const struct redis_target *target, struct buf *key)
{
	uint32_t tag = atomic_load(&target->marker_tag);

	if (target->is_plain || (target->is_cluster && tag == REDIS_NO_TAG))
		return false;
	buf_printf(key, "%s:generation", target->prefix);
	if (target->is_cluster)
		buf_printf(key, ":{%" PRIu32 "}", tag);
	return true;
}

static void
put_marker(struct buf *out, struct str key)
{
	char marker[33], seconds[16];
	unsigned char random[16];

	arc4random_buf(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(marker + 2 * i, 3, "%02x", random[i]);
	snprintf(seconds, sizeof(seconds), "%d", MARKER_SEC);
	PUT(out, STR("SET"), key, str_of(marker), STR("NX"), STR("EX"),
	    str_of(seconds));
	PUT(out, STR("EXPIRE"), key, str_of(seconds));
	PUT(out, STR("GET"), key);
}

/* Returns how many replies there will be, and what each is about. */
static size_t
put_greeting(const struct redis_target *target, struct buf *out,
    enum greeting replies[GREETING_N])
{
	struct buf key = { 0 };
	char db[16];
	size_t n = 0;

	put_login(target, out);
	replies[n++] = GREETING_AUTH;
	if (!target->is_plain) {
		snprintf(db, sizeof(db), "%u", target->db);
		PUT(out, STR("SELECT"), str_of(db));
		replies[n++] = GREETING_SELECT;
		PUT(out, STR("CLIENT"), STR("SETNAME"), STR("sluice"));
		replies[n++] = GREETING_NAME;
	}
	if (marker_key(target, &key)) {
		put_marker(out, buf_str(&key));
		replies[n++] = GREETING_MARK;
		replies[n++] = GREETING_REFRESH;
		replies[n++] = GREETING_READ;
	}
	PUT(out, STR("PING"));
	replies[n++] = GREETING_PING;
	buf_done(&key);
	return n;
}

/* The slot of the marker is on its way to another node: so it is not known. */
static bool
is_elsewhere(const struct redis_target *target, const struct redisReply *reply)
{
	struct str text = { reply->str, reply->len };

	return target->is_cluster && (str_starts(text, STR("MOVED ")) ||
					 str_starts(text, STR("ASK ")) ||
					 str_starts(text, STR("TRYAGAIN ")));
}

/*
 * Some servers repeat what they did not understand ("unknown command 'AUTH',
 * with args beginning with: ..."), and the text goes into the log: so it ends
 * where that begins.
 */
static struct str
without_password(const struct redis_target *target, struct str text)
{
	const char *password = target->password;
	ptrdiff_t comma = str_find(text, ',');
	const char *at;

	if (comma >= 0)
		text = str_sub(text, 0, (size_t)comma);
	if (password == NULL || password[0] == '\0')
		return text;
	at = memmem(text.p, text.len, password, strlen(password));
	return at != NULL ? str_sub(text, 0, (size_t)(at - text.p)) : text;
}

static int
check_greeting(struct redis_conn *conn, const struct redis_target *target,
    enum greeting i, const struct redisReply *reply,
    struct redis_failure *failure)
{
	if (reply->type == REDIS_REPLY_ERROR && i != GREETING_NAME &&
	    i != GREETING_REFRESH && !is_elsewhere(target, reply)) {
		struct str text = { reply->str, reply->len };

		if (i == GREETING_AUTH)
			text = without_password(target, text);
		redis_fail(
		    failure, REDIS_FAILURE_REFUSED, "%.*s", STR_ARG(text));
		return -1;
	}
	if (i == GREETING_READ && reply->type == REDIS_REPLY_STRING)
		conn->marker = str_hash((struct str){ reply->str, reply->len });
	return 0;
}

int
redis_greet(struct redis_conn *conn, const struct redis_target *target,
    int64_t deadline_us, struct redis_failure *failure)
{
	enum greeting replies[GREETING_N];
	size_t n = put_greeting(target, &conn->out, replies);

	if (redis_conn_send(conn, deadline_us, failure) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct redisReply *reply =
		    redis_conn_receive(conn, deadline_us, failure);
		int rc;

		if (reply == NULL)
			return -1;
		rc = check_greeting(conn, target, replies[i], reply, failure);
		freeReplyObject(reply);
		if (rc == -1)
			return -1;
	}
	return 0;
}

int
redis_conn_check(struct redis_conn *conn, const struct redis_target *target,
    int64_t deadline_us, bool *is_same_out, struct redis_failure *failure)
{
	struct buf key = { 0 };
	struct redisReply *reply;
	bool has_marker = marker_key(target, &key) && conn->marker != 0;
	int rc = 0;

	*is_same_out = true;
	if (has_marker)
		PUT(&conn->out, STR("GET"), buf_str(&key));
	buf_done(&key);
	if (!has_marker)
		return 0;
	if (redis_conn_send(conn, deadline_us, failure) == -1 ||
	    (reply = redis_conn_receive(conn, deadline_us, failure)) == NULL)
		return -1;
	if (reply->type != REDIS_REPLY_ERROR) {
		*is_same_out = reply->type == REDIS_REPLY_STRING &&
			       conn->marker == str_hash((struct str){
						   reply->str, reply->len });
	} else if (!is_elsewhere(target, reply)) {
		redis_fail(failure, REDIS_FAILURE_REFUSED, "%.*s",
		    (int)reply->len, reply->str);
		rc = -1;
	}
	freeReplyObject(reply);
	return rc;
}
