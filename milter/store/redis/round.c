/*
 * One call becomes as many runs of the script as its keys have slots: one
 * where Redis is no Cluster. Each node that is asked is a lane: all lanes get
 * their connection before anything is sent, all are sent before any answer is
 * awaited, and lanes are taken in the order of the nodes, so that two calls
 * never wait for each other's connections.
 *
 * The trap is asking again: a question that was written may have been charged
 * even if no answer came. Only an error reply proves that nothing was: after
 * NOSCRIPT (Redis forgets scripts at a restart) the body is sent, and where
 * else to ask is up to the layout.
 */
#include "store/redis/group.h"

#include "base/clock.h"
#include "base/log.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#define REQUEST_BYTES 1024 /* of the usual one */

/* One node that is asked, and its groups[from, to). */
struct lane {
	struct redis_node *node;
	struct redis_conn *conn;
	size_t from;
	size_t to;
	bool is_done;
	bool has_failed;
	struct redis_failure failure;
};

struct course {
	const struct redis_round *round;
	struct group groups[CALL_ITEMS_MAX];
	size_t n_groups;
	struct lane lanes[REDIS_NODES_MAX];
	size_t n_lanes;
	int64_t pause_until_us;
};

/* Order of lanes: groups that are closed come last. */
static size_t
rank_of(const struct group *group)
{
	return group->state == GROUP_OPEN ? group->node->number
					  : REDIS_NODES_MAX;
}

static void
sort_groups(struct course *course)
{
	for (size_t i = 1; i < course->n_groups; i++) {
		struct group group = course->groups[i];
		size_t at = i;

		for (; at > 0 &&
		       rank_of(&course->groups[at - 1]) > rank_of(&group);
		     at--)
			course->groups[at] = course->groups[at - 1];
		course->groups[at] = group;
	}
}

static void
make_lanes(struct course *course)
{
	struct lane *lane = NULL;

	sort_groups(course);
	course->n_lanes = 0;
	for (size_t i = 0; i < course->n_groups; i++) {
		struct group *group = &course->groups[i];

		if (group->state != GROUP_OPEN)
			break;
		if (lane == NULL || lane->node != group->node) {
			lane = &course->lanes[course->n_lanes++];
			lane->node = group->node;
			lane->conn = NULL;
			lane->from = i;
			lane->is_done = false;
			lane->has_failed = false;
		}
		lane->to = i + 1;
	}
}

static void
fail_lane(struct course *course, struct lane *lane)
{
	for (size_t i = lane->from; i < lane->to; i++)
		if (course->groups[i].state == GROUP_OPEN)
			course->groups[i].state = GROUP_FAILED;
	lane->is_done = true;
}

/* Gives the connection back, with what went wrong on it. */
static void
end_lane(const struct course *course, struct lane *lane)
{
	const struct redis_failure *failure =
	    lane->has_failed ? &lane->failure : NULL;

	if (course->round->is_behind)
		redis_pool_report(lane->node->pool, &lane->node->kept, failure);
	else
		redis_pool_give_back(lane->node->pool, lane->conn, failure);
	lane->conn = NULL;
	lane->is_done = true;
}

static void
break_lane(struct course *course, struct lane *lane)
{
	lane->has_failed = true;
	fail_lane(course, lane);
	end_lane(course, lane);
}

/* A connection, or the lane has failed. */
static void
open_lane(struct course *course, struct lane *lane)
{
	const struct redis_round *round = course->round;
	struct redis_pool *pool = lane->node->pool;

	if (!round->is_behind) {
		lane->conn = redis_pool_borrow(pool, round->deadline_us);
		if (lane->conn == NULL)
			fail_lane(course, lane);
	} else if (!redis_pool_is_up(pool)) {
		fail_lane(course, lane);
	} else if (redis_pool_keep(pool, &lane->node->kept, round->deadline_us,
		       &lane->failure) == 0) {
		lane->conn = lane->node->kept;
	} else {
		break_lane(course, lane);
	}
}

/* 0, or -1 when one is missing: then nothing is sent at all. */
static int
open_lanes(struct course *course)
{
	struct lane *lane;

	for (size_t i = 0; i < course->n_lanes; i++) {
		lane = &course->lanes[i];
		open_lane(course, lane);
		if (!lane->is_done || course->round->is_behind)
			continue;
		for (size_t j = 0; j < i; j++)
			end_lane(course, &course->lanes[j]);
		return -1;
	}
	return 0;
}

static void
send_lane(struct course *course, struct lane *lane)
{
	const struct redis_round *round = course->round;

	for (size_t i = lane->from; i < lane->to; i++) {
		struct group *group = &course->groups[i];

		group_drop_stale(group, lane->conn->generation);
		if (group->state == GROUP_OPEN)
			group_put(round, group, &lane->conn->out);
	}
	if (redis_conn_send(lane->conn, round->deadline_us, &lane->failure) ==
	    -1)
		break_lane(course, lane);
}

static void
note_error(struct lane *lane, enum redis_failure_kind kind,
    const struct group *group, const redisReply *reply)
{
	if (str_starts(
		(struct str){ reply->str, reply->len }, STR("CROSSSLOT")))
		log_error("store %s: a bug: keys of several slots in one "
			  "question (slot %u)",
		    lane->node->target.name, group->slot);
	if (lane->has_failed && kind == REDIS_FAILURE_AGAIN)
		return;
	lane->has_failed = true;
	redis_fail(&lane->failure, kind, "%.*s", (int)reply->len, reply->str);
}

/* Such an error says where keys are: the node is as well as it was. */
static bool
is_of_keys(const redisReply *reply)
{
	static const char *const words[] = { "MOVED ", "ASK ", "TRYAGAIN ",
		"CROSSSLOT " };
	struct str text = { reply->str, reply->len };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_starts(text, str_of(words[i])))
			return true;
	return false;
}

/* Is there a way to ask once more? */
static bool
may_ask_again(
    struct course *course, struct group *group, const redisReply *reply)
{
	const struct redis_round *round = course->round;
	struct str text = { reply->str, reply->len };
	struct redis_redirect redirect = { .n_tries = group->n_tries,
		.node = group->node };
	int64_t at_us;

	group->is_asking = false;
	if (str_starts(text, STR("NOSCRIPT"))) {
		bool is_first = !group->is_body;

		group->is_body = true;
		return is_first;
	}
	if (group->n_tries++ >= REDIS_TRIES_MAX ||
	    !round->redis->layout->redirect(
		round->redis, group->node, text, &redirect))
		return false;
	at_us =
	    redirect.after_us > 0 ? clock_steady_us() + redirect.after_us : 0;
	if (redirect.node == NULL || at_us >= round->deadline_us)
		return false;
	if (course->pause_until_us < at_us)
		course->pause_until_us = at_us;
	group->node = redirect.node;
	group->is_asking = redirect.is_asking;
	return true;
}

/* What a reply means for its group. -1: it is not one to our question. */
static int
take_reply(struct course *course, struct lane *lane, struct group *group,
    const redisReply *reply, uint64_t generation)
{
	const struct redis_question question = { group->items, group->n_items,
		course->round->now_ms };

	if (reply->type == REDIS_REPLY_ERROR) {
		bool is_open = may_ask_again(course, group, reply);

		note_error(lane,
		    is_open || is_of_keys(reply) ? REDIS_FAILURE_AGAIN
						 : REDIS_FAILURE_REFUSED,
		    group, reply);
		if (!is_open)
			group->state = GROUP_FAILED;
		return 0;
	}
	if (redis_script_take(course->round->redis, reply, &question) == -1) {
		redis_fail(&lane->failure, REDIS_FAILURE_GARBAGE,
		    "answer does not belong to the question");
		return -1;
	}
	group_settle(group, generation);
	return 0;
}

/* Reads what answers one group. */
static int
receive_group(struct course *course, struct lane *lane, struct group *group)
{
	int64_t deadline_us = course->round->deadline_us;
	redisReply *reply;
	int rc;

	if (group->is_asking) {
		reply =
		    redis_conn_receive(lane->conn, deadline_us, &lane->failure);
		if (reply == NULL)
			return -1;
		freeReplyObject(reply);
	}
	reply = redis_conn_receive(lane->conn, deadline_us, &lane->failure);
	if (reply == NULL)
		return -1;
	rc = take_reply(course, lane, group, reply, lane->conn->generation);
	freeReplyObject(reply);
	return rc;
}

static void
receive_lane(struct course *course, struct lane *lane)
{
	for (size_t i = lane->from; i < lane->to; i++) {
		struct group *group = &course->groups[i];

		if (group->state == GROUP_OPEN &&
		    receive_group(course, lane, group) == -1) {
			break_lane(course, lane);
			return;
		}
	}
	if (redis_conn_is_empty(lane->conn)) {
		end_lane(course, lane);
		return;
	}
	redis_fail(&lane->failure, REDIS_FAILURE_GARBAGE,
	    "more answers than questions");
	for (size_t i = lane->from; i < lane->to; i++)
		group_distrust(&course->groups[i]);
	break_lane(course, lane);
}

/*
 * The lane whose answer comes first, so that a node that hangs keeps nobody
 * from the connections to others; NULL when all are done.
 */
static struct lane *
next_lane(struct course *course)
{
	struct pollfd fds[REDIS_NODES_MAX];
	struct lane *lanes[REDIS_NODES_MAX];
	nfds_t n = 0;
	int64_t left_us;

	for (size_t i = 0; i < course->n_lanes; i++)
		if (!course->lanes[i].is_done) {
			lanes[n] = &course->lanes[i];
			fds[n++] = (struct pollfd){
				.fd = course->lanes[i].conn->fd,
				.events = POLLIN,
			};
		}
	if (n == 0)
		return NULL;
	left_us = course->round->deadline_us - clock_steady_us();
	if (n > 1 && left_us > 0 &&
	    poll(fds, n, (int)((left_us + 999) / 1000)) > 0)
		for (nfds_t i = 0; i < n; i++)
			if (fds[i].revents != 0)
				return lanes[i];
	return lanes[0];
}

static size_t
count_groups(const struct course *course, enum group_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < course->n_groups; i++)
		n += course->groups[i].state == state;
	return n;
}

static void
pause_before(struct course *course)
{
	int64_t left_us = course->pause_until_us - clock_steady_us();
	struct timespec time = { left_us / 1000000, left_us % 1000000 * 1000 };

	if (course->pause_until_us > 0 && left_us > 0)
		nanosleep(&time, NULL);
	course->pause_until_us = 0;
}

/* Asks all groups that are open once. */
static int
ask_open_groups(struct course *course)
{
	struct lane *lane;

	pause_before(course);
	make_lanes(course);
	if (open_lanes(course) == -1)
		return -1;
	for (size_t i = 0; i < course->n_lanes; i++)
		if (!course->lanes[i].is_done)
			send_lane(course, &course->lanes[i]);
	while ((lane = next_lane(course)) != NULL)
		receive_lane(course, lane);
	return 0;
}

/*
 * One slot, and so one reply: the usual case, in which the connection is shared
 * with others that ask at the same time.
 */
static void
ask_shared(struct course *course, struct group *group)
{
	const struct redis_round *round = course->round;
	struct redis_pool *pool = group->node->pool;
	struct redis_request request = { .reply = NULL };
	struct lane lane = { .node = group->node };

	pause_before(course);
	buf_reserve(&request.out, REQUEST_BYTES);
	group_put(round, group, &request.out);
	if (redis_pool_ask(pool, &request, round->deadline_us, &lane.failure) ==
	    0) {
		if (take_reply(course, &lane, group, request.reply,
			request.generation) == -1) {
			lane.has_failed = true;
			group->state = GROUP_FAILED;
		}
		freeReplyObject(request.reply);
		redis_pool_judge(
		    pool, request.era, lane.has_failed ? &lane.failure : NULL);
	} else {
		group->state = GROUP_FAILED;
	}
	buf_done(&request.out);
}

/* May the one open group share a connection? */
static struct group *
only_group(struct course *course)
{
	struct group *group = &course->groups[0];

	if (course->n_groups != 1 || group->is_asking ||
	    course->round->is_behind)
		return NULL;
	return group;
}

int
redis_round_ask(const struct redis_round *round)
{
	struct course course;
	struct group *group;

	course.round = round;
	course.pause_until_us = 0;
	course.n_groups = groups_make(round, course.groups);
	while (count_groups(&course, GROUP_OPEN) > 0) {
		if (!round->is_behind &&
		    count_groups(&course, GROUP_FAILED) > 0)
			return -1;
		if ((group = only_group(&course)) != NULL)
			ask_shared(&course, group);
		else if (ask_open_groups(&course) == -1)
			return -1;
	}
	return count_groups(&course, GROUP_FAILED) > 0 ? -1 : 0;
}

int
redis_round_probe(struct redis *redis, struct redis_conn *conn,
    int64_t deadline_us, struct redis_failure *failure)
{
	static const struct redis_question nothing = { .n_items = 0 };
	redisReply *reply;
	int rc = -1;

	redis_script_put(&conn->out, true, &nothing);
	if (redis_conn_send(conn, deadline_us, failure) == -1 ||
	    (reply = redis_conn_receive(conn, deadline_us, failure)) == NULL)
		return -1;
	if (reply->type == REDIS_REPLY_ERROR)
		redis_fail(failure, REDIS_FAILURE_REFUSED, "%.*s",
		    (int)reply->len, reply->str);
	else if ((rc = redis_script_take(redis, reply, &nothing)) == -1)
		redis_fail(failure, REDIS_FAILURE_GARBAGE,
		    "answer does not belong to the question");
	freeReplyObject(reply);
	return rc;
}
