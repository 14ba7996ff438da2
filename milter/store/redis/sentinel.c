/*
 * Each Sentinel is asked in turn where the master is, until one names a Redis
 * that says itself that it is a master; that Sentinel is asked first the next
 * time. It is asked whenever the master does not answer, or answers that it is
 * a replica, each second while it is away, and now and then while all is well:
 * a master that was cut off from the others may go on answering us.
 *
 * The traps: after a failover the old master may still take writes that
 * nobody will ever see, so its connections are closed at once; and the new one
 * may not have got the last charges of the old, so nothing that was charged
 * there is given back here.
 */
#include "store/redis/sentinel.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/redis/redis.h"
#include "store/redis/talk.h"
#include "store/url.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTINEL_WAIT_MIN_US INT64_C(200000) /* of one Sentinel */
#define SENTINEL_CHECK_US    INT64_C(10000000)
#define SENTINEL_RETRY_US    INT64_C(30000)
#define SENTINEL_HOST_MAX    256

struct sentinel_host {
	char *host;
	unsigned port;
};

/* Of the thread behind, but for the texts. */
struct sentinel {
	struct sentinel_host hosts[STORE_HOSTS_MAX]; /* the next to ask first */
	size_t n_hosts;
	char *service;
	char *user;
	char *password;
	char master[SENTINEL_HOST_MAX]; /* as it was said last */
	unsigned master_port;           /* 0: nobody said anything yet */
	int64_t check_at_us;
	bool is_lost; /* nobody knows a master: it is in the log */
};

static struct redis_target
target_of(const struct redis *redis, const char *host, unsigned port)
{
	struct redis_target target = redis->target;

	target.host = (char *)(uintptr_t)host;
	target.port = port;
	if (target.timeout_us < SENTINEL_WAIT_MIN_US)
		target.timeout_us = SENTINEL_WAIT_MIN_US;
	return target;
}

/* ["127.0.0.1", "6379"]; nil: the name is not known there. */
static int
read_address(const redisReply *reply, char host_out[SENTINEL_HOST_MAX],
    unsigned *port_out, struct redis_failure *failure)
{
	const redisReply *host, *port;
	unsigned long number;

	redis_fail(failure, REDIS_FAILURE_GARBAGE, "it knows no such master");
	if (reply->type == REDIS_REPLY_NIL)
		return -1;
	redis_fail(failure, REDIS_FAILURE_GARBAGE,
	    "its answer is none; is that a Sentinel?");
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return -1;
	host = reply->element[0];
	port = reply->element[1];
	if (host->type != REDIS_REPLY_STRING ||
	    port->type != REDIS_REPLY_STRING ||
	    (size_t)host->len >= SENTINEL_HOST_MAX ||
	    strlen(host->str) != (size_t)host->len || host->len == 0)
		return -1;
	number = strtoul(port->str, NULL, 10);
	if (number < 1 || number > 65535)
		return -1;
	memcpy(host_out, host->str, (size_t)host->len + 1);
	*port_out = (unsigned)number;
	return 0;
}

static int
ask_sentinel(const struct redis *redis, const struct sentinel_host *whom,
    char host_out[SENTINEL_HOST_MAX], unsigned *port_out,
    struct redis_failure *failure)
{
	const struct sentinel *sentinel = redis->layout_data;
	struct redis_talk talk = {
		.target = target_of(redis, whom->host, whom->port),
		.words = { STR("SENTINEL"), STR("get-master-addr-by-name"),
		    str_of(sentinel->service) },
		.n_words = 3,
	};
	redisReply *reply;
	int rc;

	/* The login of the URL is the master's. */
	talk.target.user = sentinel->user;
	talk.target.password = sentinel->password;
	if ((reply = redis_talk_ask(&talk, failure)) == NULL)
		return -1;
	rc = read_address(reply, host_out, port_out, failure);
	freeReplyObject(reply);
	return rc;
}

/*
 * Does it say itself that it is the master? A Redis that forbids us ROLE is
 * taken at its Sentinel's word: a replica refuses the marker anyway.
 */
static int
check_role(const struct redis *redis, const char *host, unsigned port,
    struct redis_failure *failure)
{
	const struct redis_talk talk = { .target = target_of(redis, host, port),
		.words = { STR("ROLE") },
		.n_words = 1 };
	redisReply *reply = redis_talk_ask(&talk, failure);
	int rc = -1;

	if (reply == NULL)
		return failure->kind == REDIS_FAILURE_REFUSED &&
			       str_starts(str_of(failure->text), STR("NOPERM"))
			   ? 0
			   : -1;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	    reply->element[0]->type == REDIS_REPLY_STRING &&
	    strcmp(reply->element[0]->str, "master") == 0)
		rc = 0;
	else
		redis_fail(failure, REDIS_FAILURE_GARBAGE, "it is no master");
	freeReplyObject(reply);
	return rc;
}

static void
move_to_front(struct sentinel *sentinel, size_t at)
{
	struct sentinel_host host = sentinel->hosts[at];

	memmove(sentinel->hosts + 1, sentinel->hosts, at * sizeof(host));
	sentinel->hosts[0] = host;
}

/* 0: somebody knows a master; -1: why not is in *text. */
static int
find_master(const struct redis *redis, char host_out[SENTINEL_HOST_MAX],
    unsigned *port_out, struct buf *text)
{
	struct sentinel *sentinel = redis->layout_data;

	for (size_t i = 0; i < sentinel->n_hosts; i++) {
		const struct sentinel_host *whom = &sentinel->hosts[i];
		struct redis_failure failure;

		buf_printf(text, "%s%s:%u: ", i > 0 ? "; " : "", whom->host,
		    whom->port);
		if (ask_sentinel(redis, whom, host_out, port_out, &failure) ==
		    0) {
			if (check_role(redis, host_out, *port_out, &failure) ==
			    0) {
				move_to_front(sentinel, i);
				return 0;
			}
			buf_printf(
			    text, "names %s:%u, but ", host_out, *port_out);
		}
		buf_add_cstr(text, failure.text);
	}
	return -1;
}

/* The pool leaves the old master, if it had one, and is probed at once. */
static void
follow(struct redis *redis, const char *host, unsigned port)
{
	struct sentinel *sentinel = redis->layout_data;
	struct redis_node *node = redis->nodes[0];

	if (redis_pool_move(node->pool, host, port) == -1)
		return; /* not known to DNS (yet): it is asked again */
	/* In this order: what is charged there from now on is given back. */
	if (sentinel->master_port != 0)
		redis_nodes_renew(redis);
	node->probe_at_us = 0;
	memcpy(sentinel->master, host, strlen(host) + 1);
	sentinel->master_port = port;
}

static void
note_lost(struct redis *redis, const struct buf *reasons)
{
	struct sentinel *sentinel = redis->layout_data;
	struct buf text = { 0 };

	if (sentinel->is_lost)
		return;
	sentinel->is_lost = true;
	log_escape(&text, buf_str(reasons), 512);
	log_warning("store %s: no Sentinel names a master that answers (%s); "
		    "they are asked again each second",
	    redis->target.name, text.p);
	buf_done(&text);
}

static void
sentinel_discover(struct redis *redis, bool is_wanted)
{
	struct sentinel *sentinel = redis->layout_data;
	int64_t now_us = clock_steady_us();
	char host[SENTINEL_HOST_MAX];
	struct buf reasons = { 0 };
	unsigned port;

	if (!is_wanted && redis_nodes_are_up(redis) &&
	    now_us < sentinel->check_at_us)
		return;
	if (find_master(redis, host, &port, &reasons) == -1) {
		note_lost(redis, &reasons);
	} else {
		sentinel->is_lost = false;
		if (port != sentinel->master_port ||
		    strcmp(host, sentinel->master) != 0)
			follow(redis, host, port);
	}
	sentinel->check_at_us = clock_steady_us() + SENTINEL_CHECK_US;
	buf_done(&reasons);
}

static struct redis_node *
sentinel_node_of(struct redis *redis, unsigned slot)
{
	(void)slot;
	return redis->nodes[0];
}

/* A replica: the master is elsewhere, and with some luck soon known. */
static bool
sentinel_redirect(struct redis *redis, struct redis_node *node,
    struct str error, struct redis_redirect *redirect)
{
	if (!str_starts(error, STR("READONLY")) || redirect->n_tries > 0)
		return false;
	redis_pool_renew(node->pool);
	redis_behind_discover(redis);
	redirect->after_us = SENTINEL_RETRY_US;
	return true;
}

static void
sentinel_done(struct redis *redis)
{
	struct sentinel *sentinel = redis->layout_data;

	for (size_t i = 0; i < sentinel->n_hosts; i++)
		free(sentinel->hosts[i].host);
	free(sentinel->service);
	free(sentinel->user);
	free(sentinel->password);
	free(sentinel);
}

const struct redis_layout redis_layout_sentinel = {
	.node_of = sentinel_node_of,
	.discover = sentinel_discover,
	.redirect = sentinel_redirect,
	.done = sentinel_done,
};

static char *
copy_or_null(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

void
redis_sentinel_open(struct redis *redis, const struct store_url *url)
{
	struct sentinel *sentinel = xcalloc(1, sizeof(*sentinel));
	struct buf name = { 0 };

	for (size_t i = 0; i < url->n_hosts; i++)
		sentinel->hosts[sentinel->n_hosts++] =
		    (struct sentinel_host){ xstrdup(url->hosts[i].host),
			    url->hosts[i].port };
	sentinel->service = xstrdup(url->service);
	sentinel->user = copy_or_null(url->sentinel_user);
	sentinel->password = copy_or_null(url->sentinel_password);
	redis->layout = &redis_layout_sentinel;
	redis->layout_data = sentinel;
	/* With a blank in it nobody takes it for an address. */
	buf_printf(&name, "master %s", url->service);
	redis_node_add(redis, redis->target.name, name.p, 0);
	buf_done(&name);
}
