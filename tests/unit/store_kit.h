/*
 * store_kit: what the tests of the store share: a moment, short ways to ask,
 * and the two stores side by side.
 */
#ifndef SLUICE_TESTS_STORE_KIT_H
#define SLUICE_TESTS_STORE_KIT_H

#include "redis_server.h"

#include "store/store.h"

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

static inline void
kit_give_back(struct store *store, struct store_call *call, int64_t now_ms)
{
	store_call_give_back(call, 1, now_ms);
	store_call_put(call);
	assert_int_equal(store_flush(store, 5000), 0);
}

#endif
