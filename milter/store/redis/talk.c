/*
 * A connection of its own for each talk: seldom enough that keeping one would
 * only be one more thing that breaks while nobody looks.
 */
#include "store/redis/talk.h"

#include "base/clock.h"

#include <hiredis/hiredis.h>

static redisReply *
ask(struct redis_conn *conn, const struct redis_talk *talk, int64_t deadline_us,
    struct redis_failure *failure)
{
	redisReply *reply;

	redis_put_begin(&conn->out, talk->n_words);
	for (size_t i = 0; i < talk->n_words; i++)
		redis_put_arg(&conn->out, talk->words[i]);
	if (redis_conn_send(conn, deadline_us, failure) == -1 ||
	    (reply = redis_conn_receive(conn, deadline_us, failure)) == NULL)
		return NULL;
	if (reply->type != REDIS_REPLY_ERROR)
		return reply;
	redis_fail(failure, REDIS_FAILURE_REFUSED, "%.*s", (int)reply->len,
	    reply->str);
	freeReplyObject(reply);
	return NULL;
}

redisReply *
redis_talk_ask(const struct redis_talk *talk, struct redis_failure *failure)
{
	struct redis_target target = talk->target;
	struct redis_addresses addresses;
	struct redis_conn *conn;
	redisReply *reply;
	int64_t deadline_us;

	target.is_plain = true;
	if (redis_addresses_look_up(&target, &addresses) == -1) {
		redis_fail(failure, REDIS_FAILURE_CONNECT, "no address of %s",
		    target.host);
		return NULL;
	}
	/* From here on, so that a slow DNS takes nothing from the host. */
	deadline_us = clock_steady_us() + target.timeout_us;
	conn = redis_conn_open(&target, &addresses, deadline_us, failure);
	if (conn == NULL)
		return NULL;
	reply = ask(conn, talk, deadline_us, failure);
	redis_conn_close(conn);
	return reply;
}
