/*
 * What ledger.h promises, in Redis.
 */
#include "store/redis.h"

static int
ledger_counters(struct store *store, const struct store_query *query,
    bool (*each)(void *context, const struct store_counter *counter),
    void *context, struct buf *error)
{
	const struct backend_listing listing = {
		.prefix = store->prefix,
		.limit = query->limit,
		.identity = query->identity,
		.now_ms = query->now_ms,
		.each = each,
		.context = context,
	};

	return redis_admin_list(store->self, &listing, error);
}

static int
ledger_reset(struct store *store, struct str limit, struct str identity,
    size_t *n_out, struct buf *error)
{
	struct arena *arena = arena_new(512);
	int rc = redis_admin_reset(store->self,
	    call_key(arena, store->prefix, limit, identity), n_out, error);

	arena_free(arena);
	return rc;
}

const struct backend_ledger redis_ledger = {
	.counters = ledger_counters,
	.reset = ledger_reset,
};
