/*
 * What the tests of sessions share: a store in memory, an engine, and a client
 * that says one thing after the other.
 */
#ifndef SLUICE_TESTS_SESSION_KIT_H
#define SLUICE_TESTS_SESSION_KIT_H

#include "base/clock.h"
#include "base/log.h"
#include "engine/session.h"
#include "rules_kit.h"

static const struct rules_io kit_no_files;
static struct store *kit_store;
static struct store *kit_local;
static struct engine kit_engine;

static inline struct store *
kit_memory(void)
{
	const struct store_options memory = { .url = "memory" };
	struct buf error = { 0 };
	struct store *store = store_open(&memory, &error);

	assert_non_null(store);
	return store;
}

/* For cmocka: before and after each test. */
static inline int
kit_engine_begin(void **state)
{
	(void)state;
	log_setup("test", LOG_SINK_NONE, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	kit_store = kit_memory();
	kit_local = kit_memory();
	engine_init(&kit_engine, kit_store, kit_local, 1);
	return 0;
}

static inline int
kit_engine_end(void **state)
{
	(void)state;
	store_close(kit_store);
	store_close(kit_local);
	return 0;
}

/* A client at 192.0.2.1 that has connected, in real or in virtual time. */
static inline struct session *
kit_connect(const char *rules_text, bool is_virtual)
{
	struct session_client client = { .name = STR("a.example"), .port = 1 };
	struct ruleset *rules = kit_load_fine(&kit_no_files, rules_text);
	struct session *session = session_new(&kit_engine, rules);

	ruleset_put(rules);
	assert_int_equal(ip_parse(STR("192.0.2.1"), &client.ip), 0);
	session_now(
	    session, is_virtual ? KIT_NOW_MS : clock_wall_ms(), is_virtual);
	session_connect(session, &client);
	return session;
}

static inline enum reply_kind
kit_mail(struct session *session, const char *path, const char *param)
{
	struct str params[1] = { str_of(param) };

	return session_mail(session, str_of(path), params, param != NULL).kind;
}

static inline enum reply_kind
kit_rcpt(struct session *session, const char *path)
{
	return session_rcpt(session, str_of(path), NULL, 0).kind;
}

#endif
