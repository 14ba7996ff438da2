/*
 * What operators ask, and what background threads wait for: commands on
 * connections of their own, so that a long listing never takes one from the
 * mail. Many commands go out in one write and come back in order: a listing of
 * a thousand keys is one round trip.
 *
 * The trap is a failure in the middle: the answers that are still on their way
 * would be taken for those of the next question, so all connections are closed
 * then, and opened anew when they are needed again.
 */
#include "store/redis/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SESSION_WAIT_US   INT64_C(5000000)
#define SESSION_OLD_US    INT64_C(30000000)
#define SESSION_BATCH_MAX 1000 /* commands in one write */
#define SESSION_TEXT_MAX  256  /* bytes of a reply or key that are told */

struct redis_session {
	struct redis *redis;
	struct redis_conn *conns[REDIS_NODES_MAX]; /* or NULL */
	size_t places[REDIS_NODES_MAX]; /* numbers of nodes that have keys */
	size_t n_places;
	int64_t wait_us;
	int64_t old_at_us; /* then it is not lent again: places change */
	bool has_failed;
	struct redis_failure failure;
};

/* What people can do about an error reply, by its first word. */
static const struct {
	const char *word;
	const char *advice;
} refusals[] = {
	{ "NOAUTH", "Redis wants a password: see store_password_file" },
	{ "WRONGPASS", "see user and password of 'store'" },
	{ "NOPERM", "Redis forbids this to the user of 'store': see its ACL" },
	{ "WRONGTYPE", "Sluice did not write this key: look at it by "
		       "redis-cli, then delete it" },
	{ "OOM", "Redis is full: raise its maxmemory" },
	{ "READONLY", "this is a replica: 'store' must lead to the master" },
	{ "MASTERDOWN", "this is a replica, and its master is away" },
	{ "NOREPLICAS", "Redis misses its replicas" },
	{ "LOADING", "Redis is reading its data: try again in a moment" },
	{ "BUSY", "a script runs in Redis: try again in a moment" },
	{ "MISCONF", "Redis cannot save its data: see its log" },
	{ "CLUSTERDOWN", "see CLUSTER INFO" },
	{ "TRYAGAIN", "keys are being moved: try again in a moment" },
};

/* And about no reply. */
static const char *const advices[] = {
	[REDIS_FAILURE_CONNECT] =
	    "is Redis running there, and is 'store' in sluice.conf right?",
	[REDIS_FAILURE_LATE] = "is Redis overloaded, or the network broken?",
	[REDIS_FAILURE_LOST] = "try again",
	[REDIS_FAILURE_GARBAGE] =
	    "is 'store' in sluice.conf right, and is that Redis?",
	[REDIS_FAILURE_REFUSED] = "",
};

static const char *
advice_on(struct str refusal)
{
	struct str word = str_take(&refusal, ' ');

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (str_is(word, refusals[i].word))
			return refusals[i].advice;
	return "";
}

static void
tell(struct redis_session *session, struct str what, const char *advice,
    struct buf *error)
{
	buf_printf(error, "store %s: ", session->redis->target.name);
	log_escape(error, what, SESSION_TEXT_MAX);
	if (advice[0] != '\0')
		buf_printf(error, "; %s", advice);
}

static void
tell_failure(struct redis_session *session, struct buf *error)
{
	session->has_failed = true;
	struct str text = str_of(session->failure.text);
	enum redis_failure_kind kind = session->failure.kind;

	tell(session, text,
	    kind == REDIS_FAILURE_REFUSED ? advice_on(text) : advices[kind],
	    error);
}

void
redis_session_tell(struct redis_session *session, struct str key,
    const struct redisReply *reply, struct buf *error)
{
	struct str text = STR("the answer does not belong to the question");
	const char *advice = advices[REDIS_FAILURE_GARBAGE];

	session->has_failed = true;
	if (reply->type == REDIS_REPLY_ERROR) {
		text = (struct str){ reply->str, reply->len };
		advice = advice_on(text);
	}
	buf_printf(error, "store %s: key \"", session->redis->target.name);
	log_escape(error, key, SESSION_TEXT_MAX);
	buf_add_cstr(error, "\": ");
	log_escape(error, text, SESSION_TEXT_MAX);
	if (advice[0] != '\0')
		buf_printf(error, "; %s", advice);
}

static void
close_all(struct redis_session *session)
{
	for (size_t i = 0; i < REDIS_NODES_MAX; i++) {
		redis_conn_close(session->conns[i]);
		session->conns[i] = NULL;
	}
}

static void
free_session(struct redis_session *session)
{
	if (session == NULL)
		return;
	close_all(session);
	free(session);
}

struct redis_session *
redis_session_borrow(struct redis *redis)
{
	struct redis_session *session = atomic_exchange(&redis->spare, NULL);
	int64_t now_us = clock_steady_us();

	if (session != NULL && now_us >= session->old_at_us) {
		free_session(session);
		session = NULL;
	}
	if (session == NULL) {
		session = xcalloc(1, sizeof(*session));
		session->redis = redis;
		session->old_at_us = now_us + SESSION_OLD_US;
	}
	session->wait_us = SESSION_WAIT_US;
	return session;
}

void
redis_session_give_back(struct redis_session *session)
{
	/* What met an error may be connected to the wrong place. */
	if (session->has_failed)
		free_session(session);
	else
		free_session(atomic_exchange(&session->redis->spare, session));
}

void
redis_session_done(struct redis *redis)
{
	free_session(atomic_exchange(&redis->spare, NULL));
}

void
redis_session_patience(struct redis_session *session, uint32_t ms)
{
	session->wait_us = SESSION_WAIT_US + (int64_t)ms * 1000;
}

/* Where nobody knows who has the key, the first node says who does. */
static size_t
node_of(const struct redis_session *session, struct str key)
{
	const struct redis_node *node;

	redis_nodes_await(session->redis, clock_steady_us() + SESSION_WAIT_US);
	node = redis_node_of(session->redis, key);
	return node != NULL ? node->number : 0;
}

size_t
redis_session_n_nodes(struct redis_session *session)
{
	struct redis *redis = session->redis;

	redis_nodes_await(redis, clock_steady_us() + SESSION_WAIT_US);
	session->n_places = 0;
	for (size_t i = 0; i < atomic_load(&redis->n_nodes); i++)
		if (redis->layout->has_keys == NULL ||
		    redis->layout->has_keys(redis, redis->nodes[i]))
			session->places[session->n_places++] = i;
	/* With none, whoever asks the first is told why. */
	if (session->n_places == 0)
		session->places[session->n_places++] = 0;
	return session->n_places;
}

/* Opens the connection to a node, unless there is a good one. 0 or -1. */
static int
connect_to(struct redis_session *session, size_t node)
{
	const struct redis_node *place;
	int64_t deadline_us = clock_steady_us() + SESSION_WAIT_US;
	struct redis_conn **conn = &session->conns[node];
	struct redis_addresses addresses;

	if (node >= atomic_load(&session->redis->n_nodes)) {
		redis_fail(&session->failure, REDIS_FAILURE_CONNECT,
		    "no node of the Cluster answers");
		return -1;
	}
	place = session->redis->nodes[node];
	if (*conn != NULL && redis_conn_is_quiet(*conn))
		return 0;
	redis_conn_close(*conn);
	redis_pool_addresses(place->pool, deadline_us, &addresses);
	*conn = redis_conn_open(
	    &place->target, &addresses, deadline_us, &session->failure);
	return *conn != NULL ? 0 : -1;
}

static void
put_command(struct buf *out, const struct str *args, size_t n_args)
{
	redis_put_begin(out, n_args);
	for (size_t i = 0; i < n_args; i++)
		redis_put_arg(out, args[i]);
}

static void
free_replies(struct redisReply **replies, size_t n)
{
	for (size_t i = 0; i < n; i++)
		freeReplyObject(replies[i]);
}

/* Questions that are under way together. */
struct exchange {
	const struct redis_ask *asks;
	size_t n;
	struct redisReply **replies;
	size_t n_replies;
	size_t *nodes; /* of each ask */
	bool is_open[REDIS_NODES_MAX];
};

/* Sends asks[from …], at most a batch, each to its node. */
static int
send_batch(struct redis_session *session, struct exchange *exchange,
    size_t from, int64_t deadline_us)
{
	size_t left = exchange->n - from;
	size_t to =
	    from + (left < SESSION_BATCH_MAX ? left : SESSION_BATCH_MAX);

	for (size_t i = from; i < to; i++) {
		const struct redis_ask *ask = &exchange->asks[i];
		size_t node = exchange->nodes[i] = node_of(session, ask->key);

		/* Later on an answer may be there: it would not be quiet. */
		if (!exchange->is_open[node] && connect_to(session, node) == -1)
			return -1;
		exchange->is_open[node] = true;
		put_command(&session->conns[node]->out, ask->args, ask->n_args);
	}
	for (size_t node = 0; node < REDIS_NODES_MAX; node++)
		if (exchange->is_open[node] &&
		    redis_conn_send(session->conns[node], deadline_us,
			&session->failure) == -1)
			return -1;
	return 0;
}

/* Asks once more, at another node or on a new connection. */
static struct redisReply *
ask_again(struct redis_session *session, const struct redis_ask *ask,
    const struct redis_redirect *redirect, int64_t deadline_us)
{
	size_t node = redirect->node->number;
	struct timespec pause = { .tv_nsec = redirect->after_us * 1000 };
	struct redis_conn *conn;
	struct redisReply *reply;

	nanosleep(&pause, NULL);
	if (connect_to(session, node) == -1)
		return NULL;
	conn = session->conns[node];
	if (redirect->is_asking) {
		redis_put_begin(&conn->out, 1);
		redis_put_arg(&conn->out, STR("ASKING"));
	}
	put_command(&conn->out, ask->args, ask->n_args);
	if (redis_conn_send(conn, deadline_us, &session->failure) == -1)
		return NULL;
	if (redirect->is_asking) {
		reply =
		    redis_conn_receive(conn, deadline_us, &session->failure);
		if (reply == NULL)
			return NULL;
		freeReplyObject(reply);
	}
	return redis_conn_receive(conn, deadline_us, &session->failure);
}

/* The key may have moved: follows what error replies say. NULL: failed. */
static struct redisReply *
follow(struct redis_session *session, const struct redis_ask *ask, size_t node,
    struct redisReply *reply, int64_t deadline_us)
{
	struct redis *redis = session->redis;

	for (unsigned n = 0; n < REDIS_TRIES_MAX && reply != NULL &&
			     reply->type == REDIS_REPLY_ERROR;
	     n++) {
		struct redis_redirect redirect = { .n_tries = n,
			.node = redis->nodes[node] };

		if (!redis->layout->redirect(redis, redirect.node,
			(struct str){ reply->str, reply->len }, &redirect))
			break;
		if (redirect.node->number == node) {
			redis_conn_close(session->conns[node]);
			session->conns[node] = NULL;
		}
		node = redirect.node->number;
		freeReplyObject(reply);
		reply = ask_again(session, ask, &redirect, deadline_us);
	}
	return reply;
}

/*
 * Sends a batch ahead of the answers that are read, so that Redis works while
 * we read; no further, so that neither side holds much of the other's.
 */
static int
exchange_all(struct redis_session *session, struct exchange *exchange)
{
	int64_t deadline_us = clock_steady_us() + session->wait_us;
	size_t *n = &exchange->n_replies;

	if (send_batch(session, exchange, 0, deadline_us) == -1)
		return -1;
	for (; *n < exchange->n; ++*n) {
		size_t ahead = *n + SESSION_BATCH_MAX;

		if (*n % SESSION_BATCH_MAX == 0) {
			deadline_us = clock_steady_us() + session->wait_us;
			if (ahead < exchange->n &&
			    send_batch(session, exchange, ahead, deadline_us) ==
				-1)
				return -1;
		}
		exchange->replies[*n] =
		    redis_conn_receive(session->conns[exchange->nodes[*n]],
			deadline_us, &session->failure);
		if (exchange->replies[*n] == NULL)
			return -1;
	}
	return 0;
}

/* Only when nothing else is under way on any connection. */
static int
follow_all(struct redis_session *session, struct exchange *exchange)
{
	int64_t deadline_us = clock_steady_us() + session->wait_us;

	for (size_t i = 0; i < exchange->n; i++) {
		struct redisReply **reply = &exchange->replies[i];

		*reply = follow(session, &exchange->asks[i], exchange->nodes[i],
		    *reply, deadline_us);
		if (*reply != NULL)
			continue;
		*reply = exchange->replies[--exchange->n_replies];
		return -1;
	}
	return 0;
}

int
redis_session_ask_each(struct redis_session *session,
    const struct redis_ask *asks, size_t n, struct redisReply **replies_out,
    struct buf *error)
{
	struct exchange exchange = {
		.asks = asks, .n = n, .replies = replies_out
	};
	int rc = -1;

	if (n == 0)
		return 0;
	exchange.nodes = xcalloc(n, sizeof(*exchange.nodes));
	if (exchange_all(session, &exchange) == 0)
		rc = follow_all(session, &exchange);
	if (rc == -1) {
		free_replies(replies_out, exchange.n_replies);
		close_all(session);
		tell_failure(session, error);
	}
	free(exchange.nodes);
	return rc;
}

int
redis_session_ask_all(struct redis_session *session,
    const struct redis_ask *asks, size_t n, struct redisReply **replies_out,
    struct buf *error)
{
	if (redis_session_ask_each(session, asks, n, replies_out, error) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (replies_out[i]->type != REDIS_REPLY_ERROR)
			continue;
		redis_session_tell(session, asks[i].key, replies_out[i], error);
		free_replies(replies_out, n);
		return -1;
	}
	return 0;
}

struct redisReply *
redis_session_ask(struct redis_session *session, struct str key,
    const struct str *args, size_t n_args, struct buf *error)
{
	const struct redis_ask ask = { key, args, n_args };
	struct redisReply *reply;

	if (redis_session_ask_all(session, &ask, 1, &reply, error) == -1)
		return NULL;
	return reply;
}

struct redisReply *
redis_session_ask_node(struct redis_session *session, size_t node,
    const struct str *args, size_t n_args, struct buf *error)
{
	int64_t deadline_us = clock_steady_us() + session->wait_us;
	struct redisReply *reply = NULL;
	struct redis_conn *conn;

	if (connect_to(session, session->places[node]) == 0) {
		conn = session->conns[session->places[node]];
		put_command(&conn->out, args, n_args);
		if (redis_conn_send(conn, deadline_us, &session->failure) == 0)
			reply = redis_conn_receive(
			    conn, deadline_us, &session->failure);
	}
	if (reply == NULL) {
		close_all(session);
		tell_failure(session, error);
	} else if (reply->type == REDIS_REPLY_ERROR) {
		tell(session, (struct str){ reply->str, reply->len },
		    advice_on((struct str){ reply->str, reply->len }), error);
		freeReplyObject(reply);
		reply = NULL;
	}
	return reply;
}
