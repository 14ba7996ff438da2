/*
 * What operators ask of the memory store. All that is shown is copied first,
 * so that the caller's function runs without a lock of ours.
 */
#include "store/memory.h"

#include "base/clock.h"
#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

static int64_t
now_or_wall(int64_t now_ms)
{
	return now_ms == STORE_NOW ? clock_wall_ms() : now_ms;
}

/* --- counters -------------------------------------------------------------- */

/* Counters of one entry or of many; texts in arena. */
struct listing {
	struct arena *arena;
	int64_t now_ms;
	struct store_counter *items;
	size_t n;
};

static void
add_counter(struct listing *listing, const struct store_counter *counter)
{
	listing->items = arena_grow(
	    listing->arena, listing->items, listing->n, sizeof(*counter));
	listing->items[listing->n++] = *counter;
}

static void
add_window(struct listing *listing, const struct memory_window *window,
    struct store_counter counter)
{
	struct charge_count count = window->count;
	int64_t wait_ms;

	charge_count_advance(&count, &window->rate, listing->now_ms);
	wait_ms =
	    charge_count_retry_ms(&count, &window->rate, 1, listing->now_ms);
	counter.unit = window->unit;
	counter.window_sec = window->rate.window_sec;
	counter.period = window->rate.period;
	counter.used = charge_count_used(&count, &window->rate);
	counter.max = window->rate.max;
	counter.free_at_ms = wait_ms > 0 ? listing->now_ms + wait_ms : wait_ms;
	add_counter(listing, &counter);
}

static void
add_entry(struct listing *listing, const struct memory_entry *entry,
    struct str limit, struct str identity)
{
	struct store_counter counter = {
		.limit = arena_str(listing->arena, limit),
		.identity = arena_str(listing->arena, identity),
	};

	for (size_t i = 0; i < entry->n_windows; i++)
		add_window(listing, &entry->windows[i], counter);
	if (entry->values.n == 0)
		return;
	counter.unit = STR("distinct");
	counter.used = entry->values.n;
	add_counter(listing, &counter);
}

static void
add_shard(struct listing *listing, struct memory_shard *shard,
    const struct store_query *query)
{
	int64_t now_us = clock_steady_us();
	const struct memory_entry *entry;
	struct str limit, identity;

	pthread_mutex_lock(&shard->lock);
	for (entry = shard->oldest; entry != NULL; entry = entry->newer) {
		memory_name_split(entry->name, &limit, &identity);
		if (entry->expires_us <= now_us ||
		    (query->limit.len > 0 && !str_eq(query->limit, limit)) ||
		    (query->identity.len > 0 &&
			!str_eq(query->identity, identity)))
			continue;
		add_entry(listing, entry, limit, identity);
	}
	pthread_mutex_unlock(&shard->lock);
}

static int
memory_counters(struct store *store, const struct store_query *query,
    bool (*each)(void *context, const struct store_counter *counter),
    void *context, struct buf *error)
{
	struct memory *memory = store->self;
	struct listing listing = { .arena = arena_new(4096),
		.now_ms = now_or_wall(query->now_ms) };

	(void)error;
	for (size_t i = 0; i < MEMORY_SHARDS; i++)
		add_shard(&listing, &memory->shards[i], query);
	for (size_t i = 0; i < listing.n; i++)
		if (!each(context, &listing.items[i]))
			break;
	arena_free(listing.arena);
	return 0;
}

/* --- one entry ------------------------------------------------------------- */

/* An entry by name, with its shard locked until it is let go. */
struct held {
	struct arena *arena;
	struct memory_shard *shard;
	uint64_t hash;
	struct str name;
	struct memory_entry *entry; /* NULL: there is none */
};

static void
hold_entry(struct held *held, struct store *store, struct str limit,
    struct str identity)
{
	held->arena = arena_new(512);
	held->name = memory_name(held->arena, limit, identity);
	held->shard = memory_shard_of(store->self, held->name, &held->hash);
	pthread_mutex_lock(&held->shard->lock);
	held->entry = memory_find(held->shard, held->hash, held->name);
}

static void
let_go(struct held *held)
{
	pthread_mutex_unlock(&held->shard->lock);
	arena_free(held->arena);
}

/* In Redis counters, values and lock are a key each. */
static size_t
clear_entry(struct memory_entry *entry)
{
	size_t n = (size_t)(entry->n_windows > 0) +
		   (size_t)(entry->values.n > 0) +
		   (size_t)(entry->lock.until_ms > 0);

	free(entry->windows);
	entry->windows = NULL;
	entry->n_windows = 0;
	distinct_done(&entry->values);
	entry->lock = (struct memory_lock){ .until_ms = 0 };
	return n;
}

static int
memory_reset(struct store *store, struct str limit, struct str identity,
    size_t *n_out, struct buf *error)
{
	struct held held;

	(void)error;
	*n_out = 0;
	hold_entry(&held, store, limit, identity);
	if (held.entry != NULL) {
		*n_out = clear_entry(held.entry);
		if (held.entry->grant == NULL)
			memory_drop(held.shard, held.entry);
	}
	let_go(&held);
	return 0;
}

/* --- accounts -------------------------------------------------------------- */

static void
add_distinct(struct listing *listing, const struct memory_entry *entry,
    const struct store_asked *asked, const struct store_rate *rate)
{
	const struct distinct *values = &entry->values;
	int64_t from_ms = distinct_from_ms(rate, listing->now_ms);
	size_t used = distinct_used(values, from_ms);
	struct store_counter counter = {
		.limit = asked->limit,
		.identity = asked->identity,
		.unit = STR("distinct"),
		.window_sec = rate->window_sec,
		.period = rate->period,
		.used = used,
		.max = rate->max,
	};

	if (rate->max == 0)
		counter.free_at_ms = -1;
	else if (used >= rate->max && rate->period != STORE_ROLLING)
		counter.free_at_ms =
		    calendar_at(charge_unit(rate), listing->now_ms).ends_ms;
	else if (used >= rate->max)
		counter.free_at_ms =
		    values->values[values->n - rate->max].seen_ms +
		    (int64_t)rate->window_sec * 1000;
	add_counter(listing, &counter);
}

static void
read_standing(struct listing *listing, const struct memory_entry *entry,
    struct store_standing *standing)
{
	const struct memory_grant *grant = entry->grant;
	struct buf reason = { 0 };

	if (entry->lock.until_ms > listing->now_ms) {
		memory_lock_reason(&entry->lock, &reason);
		standing->lock = (struct store_hold){ entry->lock.until_ms,
			arena_str(listing->arena, buf_str(&reason)),
			call_host_name() };
		buf_done(&reason);
	}
	if (grant != NULL && grant->until_ms > listing->now_ms) {
		standing->grant = (struct store_hold){ grant->until_ms,
			arena_str(listing->arena, str_of(grant->reason)),
			arena_str(listing->arena, str_of(grant->by)) };
		standing->raise = grant->raise;
	}
}

static void
add_values(struct listing *listing, const struct memory_entry *entry,
    const struct store_asked *asked, const struct store_standing *standing)
{
	struct store_rate rates[STORE_RATES_MAX];
	size_t n = asked->n_rates;

	memcpy(rates, asked->rates, n * sizeof(rates[0]));
	if (standing->grant.until_ms > 0)
		n = raise_apply(
		    &standing->raise, asked->rates, asked->n_rates, rates);
	for (size_t i = 0; i < n; i++)
		add_distinct(listing, entry, asked, &rates[i]);
}

static void
read_account(struct store *store, struct listing *listing,
    const struct store_asked *asked, struct store_account *account)
{
	static const struct memory_entry nothing;
	const struct memory_entry *entry;
	struct held held;

	hold_entry(&held, store, asked->limit, asked->identity);
	entry = held.entry != NULL ? held.entry : &nothing;
	read_standing(listing, entry, &account->standing);
	if (asked->is_distinct)
		add_values(listing, entry, asked, &account->standing);
	else
		add_entry(listing, entry, asked->limit, asked->identity);
	let_go(&held);
	account->counters = listing->items;
	account->n_counters = listing->n;
}

static int
memory_accounts(struct store *store, const struct store_asking *asking,
    bool (*each)(void *context, size_t i, const struct store_account *account),
    void *context, struct buf *error)
{
	bool goes_on = true;

	(void)error;
	for (size_t i = 0; goes_on && i < asking->n_asked; i++) {
		struct listing listing = { .arena = arena_new(1024),
			.now_ms = now_or_wall(asking->now_ms) };
		struct store_account account = { .n_counters = 0 };

		read_account(store, &listing, &asking->asked[i], &account);
		goes_on = each(context, i, &account);
		arena_free(listing.arena);
	}
	return 0;
}

/* --- grants ---------------------------------------------------------------- */

static char *
copy_text(struct str text)
{
	char *copy = xmalloc(text.len + 1);

	if (text.len > 0)
		memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	return copy;
}

static int
memory_grant_set(
    struct store *store, const struct store_grant *grant, struct buf *error)
{
	struct memory_grant *mine = xcalloc(1, sizeof(*mine));
	struct held held;

	(void)error;
	mine->raise = grant->raise;
	mine->until_ms = (grant->hold.until_ms + 999) / 1000 * 1000;
	mine->reason = copy_text(grant->hold.reason);
	mine->by = copy_text(grant->hold.by);
	hold_entry(&held, store, grant->limit, grant->identity);
	if (held.entry == NULL)
		held.entry = memory_insert(held.shard, held.hash, held.name);
	memory_drop_grant(held.entry);
	held.entry->grant = mine;
	held.entry->lock = (struct memory_lock){ .until_ms = 0 };
	/* A caller's own time may be any: ten years cover all grants. */
	memory_keep_alive(held.entry, INT64_C(315576000000));
	let_go(&held);
	return 0;
}

static int
memory_grant_drop(struct store *store, struct str limit, struct str identity,
    bool *was_there_out, struct buf *error)
{
	struct held held;

	(void)error;
	hold_entry(&held, store, limit, identity);
	*was_there_out = held.entry != NULL && held.entry->grant != NULL;
	if (*was_there_out)
		memory_drop_grant(held.entry);
	let_go(&held);
	return 0;
}

struct grants {
	struct arena *arena;
	struct store_grant *items;
	size_t n;
};

static void
add_grant(struct grants *grants, const struct memory_entry *entry)
{
	struct arena *arena = grants->arena;
	struct store_grant *grant;
	struct str limit, identity;

	memory_name_split(entry->name, &limit, &identity);
	grants->items =
	    arena_grow(arena, grants->items, grants->n, sizeof(*grant));
	grant = &grants->items[grants->n++];
	grant->limit = arena_str(arena, limit);
	grant->identity = arena_str(arena, identity);
	grant->raise = entry->grant->raise;
	grant->hold = (struct store_hold){ entry->grant->until_ms,
		arena_str(arena, str_of(entry->grant->reason)),
		arena_str(arena, str_of(entry->grant->by)) };
}

static int
compare_grants(const void *a, const void *b)
{
	const struct store_grant *x = a, *y = b;
	int by_limit;

	if (x->hold.until_ms != y->hold.until_ms)
		return x->hold.until_ms < y->hold.until_ms ? -1 : 1;
	by_limit = str_cmp(x->limit, y->limit);
	return by_limit != 0 ? by_limit : str_cmp(x->identity, y->identity);
}

static int
memory_grants(struct store *store, int64_t now_ms,
    bool (*each)(void *context, const struct store_grant *grant), void *context,
    struct buf *error)
{
	struct memory *memory = store->self;
	struct grants grants = { .arena = arena_new(4096) };
	const struct memory_entry *entry;

	(void)error;
	now_ms = now_or_wall(now_ms);
	for (size_t i = 0; i < MEMORY_SHARDS; i++) {
		struct memory_shard *shard = &memory->shards[i];

		pthread_mutex_lock(&shard->lock);
		for (entry = shard->oldest; entry != NULL; entry = entry->newer)
			if (entry->grant != NULL &&
			    entry->grant->until_ms > now_ms)
				add_grant(&grants, entry);
		pthread_mutex_unlock(&shard->lock);
	}
	if (grants.n > 0)
		qsort(grants.items, grants.n, sizeof(grants.items[0]),
		    compare_grants);
	for (size_t i = 0; i < grants.n && each(context, &grants.items[i]); i++)
		;
	arena_free(grants.arena);
	return 0;
}

const struct backend_ledger memory_ledger = {
	.counters = memory_counters,
	.reset = memory_reset,
	.accounts = memory_accounts,
	.grant_set = memory_grant_set,
	.grant_drop = memory_grant_drop,
	.grants = memory_grants,
	.table_add = memory_table_add,
	.table_remove = memory_table_remove,
	.table_list = memory_table_list,
};
