/*
 * store_kit: what the tests of the store share: a moment, short ways to ask,
 * and the two stores side by side.
 */
#ifndef SLUICE_TESTS_STORE_KIT_H
#define SLUICE_TESTS_STORE_KIT_H

#include "redis_server.h"

#include "store/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define T0 INT64_C(1767225600000) /* 2026-01-01: every slot begins there */

/* With a time-out that only a broken store meets, even under sanitizers. */
static inline struct store *
kit_open(const char *url, uint32_t timeout_ms)
{
	const struct store_options options = {
		.url = url, .prefix = "test", .timeout_ms = timeout_ms
	};
	struct buf error = { 0 };
	struct store *store = store_open(&options, &error);

	if (store == NULL)
		fail_msg("%s: %.*s", url, STR_ARG(buf_str(&error)));
	buf_done(&error);
	return store;
}

struct kit_use {
	const char *identity;
	enum store_op op;
	uint64_t amount;
	const struct store_rate *rates;
	size_t n_rates;
};

static inline void
kit_add(struct store_call *call, const struct kit_use *use, unsigned tag)
{
	const struct store_use full = {
		.limit = STR("pace"),
		.unit = STR("recipients"),
		.identity = str_of(use->identity),
		.rates = use->rates,
		.n_rates = use->n_rates,
		.op = use->op,
		.amount = use->amount,
		.tag = tag,
	};

	store_call_add(call, &full);
}

/* A call of one use, tag 1; the caller puts it. */
static inline struct store_call *
kit_call(struct store *store, const struct kit_use *use, int64_t now_ms)
{
	struct store_call *call = store_call_new(store);

	kit_add(call, use, 1);
	assert_int_equal(store_call_wait(call, now_ms), 0);
	return call;
}

static inline struct store_answer
kit_ask(struct store *store, const struct kit_use *use, int64_t now_ms)
{
	struct store_call *call = kit_call(store, use, now_ms);
	struct store_answer answer = *store_call_answer(call, 0);

	store_call_put(call);
	return answer;
}

/* For rates that nobody meets. */
static const struct store_rate kit_plenty[] = { { 100000, 3600,
    STORE_ROLLING } };

/*
 * A charge of 1 where the store may be away: 0 and what is used now, 1 if the
 * key is of another type, -1 if there was no answer.
 */
static inline int
kit_try(struct store *store, const char *identity, uint64_t *used_out)
{
	const struct kit_use use = { identity, STORE_CHARGE, 1, kit_plenty, 1 };
	struct store_call *call = store_call_new(store);
	int rc;

	kit_add(call, &use, 1);
	rc = store_call_wait(call, T0);
	if (rc == 0 && store_call_answer(call, 0)->failed)
		rc = 1;
	if (rc == 0)
		*used_out = store_call_answer(call, 0)->levels[0].used;
	store_call_put(call);
	return rc;
}

static inline void
kit_await(struct store *store)
{
	for (int i = 0; i < 1500 && !store_is_up(store); i++)
		nap_ms(10);
	assert_true(store_is_up(store));
}

static inline void
kit_give_back(struct store *store, struct store_call *call, int64_t now_ms)
{
	store_call_give_back(call, 1, now_ms);
	store_call_put(call);
	assert_int_equal(store_flush(store, 5000), 0);
}

/* The limit of most cases: slots of 7.5 s. */
static const struct store_rate kit_pace[] = { { 20, 60, STORE_ROLLING } };

static inline void
kit_fill(struct store *store, uint64_t amount, int64_t now_ms)
{
	const struct kit_use use = { "anna", STORE_CHARGE, amount, kit_pace,
		1 };

	assert_true(kit_ask(store, &use, now_ms).fits);
}

static inline uint64_t
kit_used(struct store *store, int64_t now_ms)
{
	const struct kit_use peek = { "anna", STORE_PEEK, 1, kit_pace, 1 };

	return kit_ask(store, &peek, now_ms).levels[0].used;
}

struct kit_listing {
	size_t n;
	uint64_t used;
	uint64_t max;
	int64_t free_at_ms;
	char text[256]; /* of the last */
};

static inline bool
kit_note(void *context, const struct store_counter *counter)
{
	struct kit_listing *listing = context;

	listing->n++;
	listing->used += counter->used;
	listing->max = counter->max;
	listing->free_at_ms = counter->free_at_ms;
	snprintf(listing->text, sizeof(listing->text), "%.*s %.*s %.*s %u",
	    STR_ARG(counter->limit), STR_ARG(counter->identity),
	    STR_ARG(counter->unit), counter->window_sec);
	return true;
}

static inline struct kit_listing
kit_list(struct store *store, const char *limit, const char *identity,
    int64_t now_ms)
{
	struct kit_listing listing = { .n = 0 };
	struct buf error = { 0 };

	struct store_query query = { str_of(limit), str_of(identity), now_ms };

	assert_int_equal(
	    store_counters(store, &query, kit_note, &listing, &error), 0);
	buf_done(&error);
	return listing;
}

#endif
