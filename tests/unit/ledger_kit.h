/*
 * ledger_kit: what the tests of the ledger share: what each() was given, as
 * lines of text, and short ways to ask Redis itself.
 */
#ifndef SLUICE_TESTS_LEDGER_KIT_H
#define SLUICE_TESTS_LEDGER_KIT_H

#include "store_kit.h"

#include "store/raise.h"

#include "base/clock.h"

/* What was given, a line each; stops after max of them, if that is not 0. */
struct kit_lines {
	struct buf text;
	size_t n;
	size_t max;
};

static inline bool
kit_goes_on(struct kit_lines *lines)
{
	return ++lines->n != lines->max;
}

static inline const char *
kit_text(const struct kit_lines *lines)
{
	return lines->text.len > 0 ? lines->text.p : "";
}

static inline void
kit_lines_clear(struct kit_lines *lines)
{
	buf_clear(&lines->text);
	lines->n = 0;
}

/* Fails, with the message, unless rc is 0. */
static inline void
kit_fine(int rc, struct buf *error)
{
	if (rc != 0)
		fail_msg("%.*s", STR_ARG(buf_str(error)));
	buf_done(error);
}

/* The call failed, and the message has that in it. */
static inline void
kit_failed(int rc, struct buf *error, const char *what)
{
	assert_int_equal(rc, -1);
	if (strstr(error->p, what) == NULL)
		fail_msg("\"%s\" has no \"%s\"", error->p, what);
	buf_done(error);
}

/* "user-pace anna recipients 60 0 5/20 0": seconds, period, free in ms. */
static inline void
kit_put_counter(
    struct buf *out, const struct store_counter *counter, int64_t now_ms)
{
	buf_printf(out, "%.*s %.*s %.*s %u %d %llu/%llu %lld\n",
	    STR_ARG(counter->limit), STR_ARG(counter->identity),
	    STR_ARG(counter->unit), counter->window_sec, (int)counter->period,
	    (unsigned long long)counter->used, (unsigned long long)counter->max,
	    (long long)(counter->free_at_ms > 0 ? counter->free_at_ms - now_ms
						: counter->free_at_ms));
}

static inline void
kit_put_hold(struct buf *out, const char *what, const struct store_hold *hold)
{
	if (hold->until_ms != 0)
		buf_printf(out, "%s until %lld \"%.*s\" by %.*s\n", what,
		    (long long)hold->until_ms / 1000, STR_ARG(hold->reason),
		    STR_ARG(hold->by));
}

struct kit_asked {
	struct kit_lines lines;
	int64_t now_ms;
};

/* "0:", its counters, "locked until 5 …", "x5 granted until 5 …". */
static inline bool
kit_put_account(void *context, size_t i, const struct store_account *account)
{
	struct kit_asked *asked = context;
	struct buf *out = &asked->lines.text;
	struct buf raise = { 0 };

	buf_printf(out, "%zu:\n", i);
	for (size_t j = 0; j < account->n_counters; j++)
		kit_put_counter(out, &account->counters[j], asked->now_ms);
	kit_put_hold(out, "locked", &account->standing.lock);
	if (account->standing.grant.until_ms != 0) {
		raise_text(&account->standing.raise, &raise);
		buf_printf(out, "%s ", raise.p);
	}
	kit_put_hold(out, "granted", &account->standing.grant);
	buf_done(&raise);
	return kit_goes_on(&asked->lines);
}

static inline void
kit_accounts(struct store *store, const struct store_asked *asked, size_t n,
    struct kit_asked *got)
{
	const struct store_asking asking = { asked, n, got->now_ms };
	struct buf error = { 0 };

	kit_fine(store_accounts(store, &asking, kit_put_account, got, &error),
	    &error);
}

/* Asks Redis something made by redisCommand's format; the caller frees it. */
static inline redisReply *
kit_reply(const struct redis_server *server, const char *format, va_list args)
{
	redisContext *context = server_connect(server);
	redisReply *reply;

	assert_non_null(context);
	reply = redisvCommand(context, format, args);
	assert_non_null(reply);
	if (reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", format, reply->str);
	redisFree(context);
	return reply;
}

static inline long long
kit_redis(const struct redis_server *server, const char *format, ...)
{
	va_list args;
	redisReply *reply;
	long long number;

	va_start(args, format);
	reply = kit_reply(server, format, args);
	va_end(args);
	number = reply->integer;
	freeReplyObject(reply);
	return number;
}

#endif
