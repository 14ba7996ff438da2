/*
 * Commands that nobody waits for: events, hits of rules, entries remembered.
 * Those that stand side by side in the queue go to each node in one write.
 *
 * An error reply is the affair of that one command (a key of another type
 * must not take the limits away), unless it says where to ask instead.
 */
#include "store/redis/redis.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <hiredis/hiredis.h>

#define COMMANDS_MAX 64

struct errand {
	const struct redis_command *command;
	struct redis_node *node; /* that is asked next; NULL: no more */
	bool is_asking;
	unsigned n_tries;
};

struct errands {
	struct redis *redis;
	struct errand items[COMMANDS_MAX];
	size_t n;
	size_t n_done;
};

static void
tell_refused(
    struct redis *redis, const struct errand *errand, const redisReply *reply)
{
	struct buf text = { 0 };

	if (redis_seldom_is_due(&redis->refused_commands)) {
		log_escape(&text, errand->command->key, 128);
		buf_add_cstr(&text, ": ");
		log_escape(&text, (struct str){ reply->str, reply->len }, 256);
		log_warning("store %s: could not write %.*s; it is lost",
		    errand->node->target.name, STR_ARG(buf_str(&text)));
	}
	buf_done(&text);
}

static void
take_reply(
    struct errands *errands, struct errand *errand, const redisReply *reply)
{
	struct redis *redis = errands->redis;
	struct redis_redirect redirect = { .n_tries = errand->n_tries,
		.node = errand->node };

	errand->is_asking = false;
	if (reply->type != REDIS_REPLY_ERROR) {
		errands->n_done++;
	} else if (errand->n_tries++ < REDIS_TRIES_MAX &&
		   redis->layout->redirect(redis, errand->node,
		       (struct str){ reply->str, reply->len }, &redirect)) {
		errand->node = redirect.node;
		errand->is_asking = redirect.is_asking;
		return;
	} else {
		tell_refused(redis, errand, reply);
	}
	errand->node = NULL;
}

static int
receive(struct errands *errands, struct errand *errand, int64_t deadline_us,
    struct redis_failure *failure)
{
	struct redis_conn *conn = errand->node->kept;
	redisReply *reply;

	if (errand->is_asking) {
		reply = redis_conn_receive(conn, deadline_us, failure);
		if (reply == NULL)
			return -1;
		freeReplyObject(reply);
	}
	if ((reply = redis_conn_receive(conn, deadline_us, failure)) == NULL)
		return -1;
	take_reply(errands, errand, reply);
	freeReplyObject(reply);
	return 0;
}

static void
put(struct buf *out, const struct errand *errand)
{
	if (errand->is_asking) {
		redis_put_begin(out, 1);
		redis_put_arg(out, STR("ASKING"));
	}
	buf_add(out, errand->command->bytes);
}

/* Sends what is for this node, and reads the replies. 0 or -1. */
static int
converse(struct errands *errands, struct redis_node *node,
    struct redis_failure *failure)
{
	int64_t deadline_us = clock_steady_us() + errands->redis->timeout_us;
	bool is_asked[COMMANDS_MAX] = { false };

	if (redis_pool_keep(node->pool, &node->kept, deadline_us, failure) ==
	    -1)
		return -1;
	for (size_t i = 0; i < errands->n; i++)
		if (errands->items[i].node == node) {
			is_asked[i] = true;
			put(&node->kept->out, &errands->items[i]);
		}
	if (redis_conn_send(node->kept, deadline_us, failure) == -1)
		return -1;
	for (size_t i = 0; i < errands->n; i++)
		if (is_asked[i] && receive(errands, &errands->items[i],
				       deadline_us, failure) == -1)
			return -1;
	if (redis_conn_is_empty(node->kept))
		return 0;
	redis_fail(
	    failure, REDIS_FAILURE_GARBAGE, "more answers than questions");
	return -1;
}

static void
ask_node(struct errands *errands, struct redis_node *node)
{
	struct redis_failure failure;
	int rc = -1;

	if (redis_pool_is_up(node->pool)) {
		rc = converse(errands, node, &failure);
		redis_pool_report(
		    node->pool, &node->kept, rc == 0 ? NULL : &failure);
	}
	for (size_t i = 0; rc == -1 && i < errands->n; i++)
		if (errands->items[i].node == node)
			errands->items[i].node = NULL;
}

void
redis_commands_ask(
    struct redis *redis, const struct redis_job *jobs, size_t n_jobs)
{
	struct errands errands = { .redis = redis, .n = n_jobs };

	assert(n_jobs <= COMMANDS_MAX);
	for (size_t i = 0; i < n_jobs; i++)
		errands.items[i] = (struct errand){
			.command = jobs[i].command,
			.node = redis_node_of(redis, jobs[i].command->key),
		};
	/* Whoever is sent elsewhere may be behind us: until all are settled. */
	for (size_t i = 0; i < n_jobs;)
		if (errands.items[i].node != NULL) {
			ask_node(&errands, errands.items[i].node);
			i = 0;
		} else {
			i++;
		}
	atomic_fetch_add(&redis->n_failures, n_jobs - errands.n_done);
}
