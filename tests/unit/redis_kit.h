/*
 * redis_kit: a Redis of one's own and the store in it, for all cases of a file.
 * Days are those of UTC. What a group of cmocka needs: start or
 * start_restricted, stop, and wipe before each case.
 */
#ifndef SLUICE_TESTS_REDIS_KIT_H
#define SLUICE_TESTS_REDIS_KIT_H

#include "store_kit.h"

#include "base/calendar.h"

static struct redis_server server;
static struct store *store;

static inline int
start(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	calendar_zone_changed();
	server_init(&server);
	server_start(&server);
	store = kit_open(server.url, 10000);
	return 0;
}

/* The store as a user with the rights of contrib/redis/users.acl. */
static inline int
start_restricted(void **state)
{
	char url[160];
	redisContext *admin;
	redisReply *reply;

	start(state);
	admin = server_connect(&server);
	reply = redisCommand(admin,
	    "ACL SETUSER sluice on >secret resetchannels ~test:* -@all +@read "
	    "+@write -@dangerous +eval +evalsha +time +ping +select +info "
	    "+client|setname +asking +cluster|slots +role");
	assert_int_equal(reply->type, REDIS_REPLY_STATUS);
	freeReplyObject(reply);
	redisFree(admin);
	store_close(store);
	snprintf(
	    url, sizeof(url), "redis+unix://sluice:secret@%s", server.path);
	store = kit_open(url, 10000);
	return 0;
}

static inline int
stop(void **state)
{
	(void)state;
	store_close(store);
	server_done(&server);
	return 0;
}

static inline int
wipe(void **state)
{
	struct buf error = { 0 };

	(void)state;
	if (store_wipe(store, &error) == -1)
		fail_msg("%.*s", STR_ARG(buf_str(&error)));
	buf_done(&error);
	return 0;
}

#endif
