/*
 * Taking care of the nodes, as the thread behind does between jobs: finding
 * their addresses, probing those that are down, and noticing that the data of
 * one are not those of before.
 *
 * The trap is a Redis that answers but does not work (no memory, a replica):
 * it would be up and down many times a second. So a probe proves that it can
 * be written, and where nothing worked since the last time the delay goes on
 * growing.
 */
#include "store/redis/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/port.h"
#include "store/redis/greet.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#define PROBE_FIRST_US INT64_C(100000)
#define PROBE_SLOW_US  INT64_C(1000000) /* what people must change */
#define PROBE_MAX_US   INT64_C(5000000)
#define CHECK_US       INT64_C(1000000)

/* Between three and five quarters, so that hosts do not come back as one. */
static int64_t
with_jitter(int64_t delay_us)
{
	return delay_us * 3 / 4 +
	       (int64_t)arc4random_uniform((uint32_t)(delay_us / 2));
}

/* It came up, but nothing ever worked: that is no reason for haste. */
static void
plan_probe(struct redis_node *node)
{
	if (node->delay_us == 0 || redis_pool_has_worked(node->pool))
		node->delay_us = PROBE_FIRST_US;
	node->probe_at_us = clock_steady_us() + with_jitter(node->delay_us);
}

/* What a person must change is not asked for many times a second. */
static bool
is_configuration(const struct redis_failure *failure)
{
	struct str text = str_of(failure->text);

	return failure->kind == REDIS_FAILURE_REFUSED &&
	       (str_starts(text, STR("NOAUTH")) ||
		   str_starts(text, STR("WRONGPASS")) ||
		   str_starts(text, STR("NOPERM")));
}

static void
delay_probe(struct redis_node *node, const struct redis_failure *failure)
{
	node->delay_us *= 2;
	if (node->delay_us < PROBE_SLOW_US && is_configuration(failure))
		node->delay_us = PROBE_SLOW_US;
	if (node->delay_us > PROBE_MAX_US)
		node->delay_us = PROBE_MAX_US;
	node->probe_at_us = clock_steady_us() + with_jitter(node->delay_us);
}

/* Redis is back when it greets us, writes the marker and runs the script. */
static void
probe(struct redis_node *node)
{
	struct redis *redis = node->redis;
	int64_t deadline_us;
	struct redis_failure failure;

	redis->layout->discover(redis, true);
	deadline_us = clock_steady_us() + redis->timeout_us;
	if (redis_pool_keep(node->pool, &node->kept, deadline_us, &failure) ==
		0 &&
	    redis_round_probe(redis, node->kept, deadline_us, &failure) == 0) {
		redis_pool_is_back(node->pool);
		return;
	}
	redis_conn_close(node->kept);
	node->kept = NULL;
	redis_pool_tell(node->pool, &failure);
	delay_probe(node, &failure);
}

/* The value of a line "name:value" of INFO. */
static struct str
info_value(struct str info, struct str name)
{
	while (info.len > 0) {
		struct str line = str_take(&info, '\n');

		if (str_starts(line, name))
			return str_trim(str_from(line, name.len));
	}
	return STR("");
}

/*
 * Every key of ours expires, so each policy but noeviction may delete it: that
 * is a limit that begins anew. One for keys that expire matters only where
 * there is a bound of the memory; one for all keys tells that people think of
 * this Redis as a cache.
 */
static void
tell_policy(const struct redis_node *node, struct str info)
{
	struct str policy = info_value(info, STR("maxmemory_policy:"));
	struct str bound = info_value(info, STR("maxmemory:"));

	if (str_starts(policy, STR("allkeys-")) ||
	    (str_starts(policy, STR("volatile-")) && !str_is(bound, "0")))
		log_warning("store %s: its maxmemory-policy is %.*s: when its "
			    "memory is full Redis deletes counters, and limits "
			    "begin anew; set it to noeviction",
		    node->target.name, STR_ARG(policy));
}

/* Once. Who may not ask INFO is not told either. */
static int
check_policy(
    struct redis_node *node, int64_t deadline_us, struct redis_failure *failure)
{
	struct redisReply *reply;

	if (node->knows_policy)
		return 0;
	redis_put_begin(&node->kept->out, 2);
	redis_put_arg(&node->kept->out, STR("INFO"));
	redis_put_arg(&node->kept->out, STR("memory"));
	if (redis_conn_send(node->kept, deadline_us, failure) == -1 ||
	    (reply = redis_conn_receive(node->kept, deadline_us, failure)) ==
		NULL)
		return -1;
	node->knows_policy = true;
	if (reply->type == REDIS_REPLY_STRING)
		tell_policy(node, (struct str){ reply->str, reply->len });
	freeReplyObject(reply);
	return 0;
}

/* Were the data deleted or replaced while connections stayed open? */
static void
check_data(struct redis_node *node)
{
	int64_t deadline_us = clock_steady_us() + node->redis->timeout_us;
	struct redis_failure failure;
	bool is_same = true;
	int rc;

	if (!redis_pool_was_used(node->pool))
		return;
	rc = redis_pool_keep(node->pool, &node->kept, deadline_us, &failure);
	if (rc == 0)
		rc = redis_conn_check(
		    node->kept, &node->target, deadline_us, &is_same, &failure);
	if (rc == 0)
		rc = check_policy(node, deadline_us, &failure);
	redis_pool_report(node->pool, &node->kept, rc == 0 ? NULL : &failure);
	if (rc == 0 && !is_same)
		redis_pool_renew(node->pool);
}

static int64_t
care_for(struct redis_node *node)
{
	int64_t now_us = clock_steady_us();

	if (atomic_exchange(&node->went_down, false))
		plan_probe(node);
	if (!redis_pool_is_up(node->pool)) {
		if (now_us >= node->probe_at_us)
			probe(node);
		return node->probe_at_us;
	}
	if (now_us >= node->check_at_us) {
		check_data(node);
		node->check_at_us = clock_steady_us() + CHECK_US;
	}
	return node->check_at_us;
}

int64_t
redis_care(struct redis *redis)
{
	int64_t now_us = clock_steady_us(), until_us = now_us + CHECK_US;
	bool is_wanted = atomic_exchange(&redis->wants_discovery, false);

	if (is_wanted || now_us >= redis->discover_at_us) {
		redis->layout->discover(redis, is_wanted);
		redis->discover_at_us = clock_steady_us() + CHECK_US;
	}
	for (size_t i = 0; i < atomic_load(&redis->n_nodes); i++) {
		int64_t at_us = care_for(redis->nodes[i]);

		if (at_us < until_us)
			until_us = at_us;
	}
	return until_us;
}

/* A store whose address nobody knows is away, and told so at once. */
int64_t
redis_care_begin(struct redis *redis)
{
	struct redis_addresses addresses;
	struct redis_failure failure;

	redis->layout->discover(redis, true);
	redis_nodes_known(redis);
	for (size_t i = 0; i < atomic_load(&redis->n_nodes); i++) {
		struct redis_node *node = redis->nodes[i];

		node->check_at_us = clock_steady_us() + CHECK_US;
		if (redis_pool_addresses(node->pool, 0, &addresses) == 0)
			continue;
		redis_fail(&failure, REDIS_FAILURE_CONNECT, "no address of %s",
		    node->target.host);
		redis_pool_report(node->pool, &node->kept, &failure);
	}
	return redis_care(redis);
}

void
redis_care_end(struct redis *redis)
{
	for (size_t i = 0; i < atomic_load(&redis->n_nodes); i++) {
		redis_conn_close(redis->nodes[i]->kept);
		redis->nodes[i]->kept = NULL;
	}
}
