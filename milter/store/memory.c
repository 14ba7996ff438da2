/*
 * Counts in this process: for tests, for a single host, and for the time in
 * which Redis is away. Sixteen shards, each a chained hash table under a mutex,
 * so that threads seldom meet and growing one table is a short pause.
 *
 * The trap is a sender that invents identities: keys are capped, the least
 * recently charged goes first. Expiry is in real time as in Redis, whatever
 * time the caller counts in: no answer may depend on when something was swept.
 */
#include "store/backend.h"

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/charge.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_SHARDS        16
#define MEMORY_FIRST_BUCKETS 64 /* of a shard; a power of two */
#define MEMORY_SWEEP_BUCKETS 2  /* looked at by each charge */
#define MEMORY_SLACK_US      INT64_C(60000000)

struct window {
	uint32_t window_sec;
	uint64_t max; /* as of the last charge */
	struct charge_slots slots;
};

/* One key and one unit; in Redis the units are fields of one key. */
struct entry {
	struct entry *next;          /* in its bucket */
	struct entry *older, *newer; /* by last charge */
	uint64_t hash;               /* of the key alone */
	int64_t expires_us;          /* steady clock */
	struct window *windows;
	size_t n_windows;
	struct str key;
	struct str unit;
	char text[]; /* of both */
};

struct shard {
	pthread_mutex_t lock;
	struct entry **buckets;
	size_t n_buckets;
	size_t n_entries;
	size_t entries_max;
	size_t hand; /* the bucket that is swept next */
	struct entry *oldest, *newest;
};

struct memory {
	uint64_t seed; /* secret: nobody can aim at one bucket */
	uint64_t factor;
	struct shard shards[MEMORY_SHARDS];
};

static uint64_t
hash_key(const struct memory *memory, struct str key)
{
	uint64_t hash = memory->seed;

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ (unsigned char)key.p[i]) * memory->factor;
	hash ^= hash >> 32;
	hash *= memory->factor;
	return hash ^ hash >> 29;
}

static struct shard *
shard_of(struct memory *memory, uint64_t hash)
{
	return &memory->shards[hash >> 60];
}

static struct entry **
bucket_of(struct shard *shard, uint64_t hash)
{
	return &shard->buckets[hash & (shard->n_buckets - 1)];
}

void *
memory_open(size_t keys_max)
{
	struct memory *memory = xcalloc(1, sizeof(*memory));

	arc4random_buf(&memory->seed, sizeof(memory->seed));
	arc4random_buf(&memory->factor, sizeof(memory->factor));
	memory->factor |= 1;
	for (size_t i = 0; i < MEMORY_SHARDS; i++) {
		struct shard *shard = &memory->shards[i];

		pthread_mutex_init(&shard->lock, NULL);
		shard->n_buckets = MEMORY_FIRST_BUCKETS;
		shard->buckets =
		    xcalloc(shard->n_buckets, sizeof(struct entry *));
		shard->entries_max =
		    (keys_max + MEMORY_SHARDS - 1) / MEMORY_SHARDS;
	}
	return memory;
}

static void
take_out_of_age(struct shard *shard, struct entry *entry)
{
	if (entry->older != NULL)
		entry->older->newer = entry->newer;
	else
		shard->oldest = entry->newer;
	if (entry->newer != NULL)
		entry->newer->older = entry->older;
	else
		shard->newest = entry->older;
}

static void
put_newest(struct shard *shard, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = shard->newest;
	if (shard->newest != NULL)
		shard->newest->newer = entry;
	else
		shard->oldest = entry;
	shard->newest = entry;
}

/* Unlinks and frees the entry to which link points. */
static void
drop_entry(struct shard *shard, struct entry **link)
{
	struct entry *entry = *link;

	*link = entry->next;
	take_out_of_age(shard, entry);
	shard->n_entries--;
	free(entry->windows);
	free(entry);
}

static void
drop_oldest(struct shard *shard)
{
	struct entry **link = bucket_of(shard, shard->oldest->hash);

	while (*link != shard->oldest)
		link = &(*link)->next;
	drop_entry(shard, link);
}

/* The hand of a clock: all buckets have their turn within n/2 charges. */
static void
sweep(struct shard *shard, int64_t now_us)
{
	for (int i = 0; i < MEMORY_SWEEP_BUCKETS; i++) {
		struct entry **link = &shard->buckets[shard->hand];

		while (*link != NULL)
			if ((*link)->expires_us <= now_us)
				drop_entry(shard, link);
			else
				link = &(*link)->next;
		shard->hand = (shard->hand + 1) & (shard->n_buckets - 1);
	}
}

static void
grow(struct shard *shard)
{
	struct entry **old = shard->buckets, *entry, *next;
	size_t n_old = shard->n_buckets;

	shard->n_buckets *= 2;
	shard->buckets = xcalloc(shard->n_buckets, sizeof(struct entry *));
	shard->hand = 0;
	for (size_t i = 0; i < n_old; i++) {
		for (entry = old[i]; entry != NULL; entry = next) {
			struct entry **link = bucket_of(shard, entry->hash);

			next = entry->next;
			entry->next = *link;
			*link = entry;
		}
	}
	free(old);
}

static struct entry *
find(struct shard *shard, uint64_t hash, struct str key, struct str unit)
{
	struct entry *entry = *bucket_of(shard, hash);

	while (
	    entry != NULL && (entry->hash != hash || !str_eq(entry->key, key) ||
				 !str_eq(entry->unit, unit)))
		entry = entry->next;
	return entry;
}

static struct entry *
insert(struct shard *shard, uint64_t hash, struct str key, struct str unit)
{
	struct entry *entry = xcalloc(1, sizeof(*entry) + key.len + unit.len);
	struct entry **link;

	if (shard->n_entries == shard->entries_max)
		drop_oldest(shard);
	if (shard->n_entries == shard->n_buckets)
		grow(shard);
	memcpy(entry->text, key.p, key.len);
	memcpy(entry->text + key.len, unit.p, unit.len);
	entry->key = (struct str){ entry->text, key.len };
	entry->unit = (struct str){ entry->text + key.len, unit.len };
	entry->hash = hash;
	link = bucket_of(shard, hash);
	entry->next = *link;
	*link = entry;
	put_newest(shard, entry);
	shard->n_entries++;
	return entry;
}

static struct window *
find_window(const struct entry *entry, uint32_t window_sec)
{
	for (size_t i = 0; entry != NULL && i < entry->n_windows; i++)
		if (entry->windows[i].window_sec == window_sec)
			return &entry->windows[i];
	return NULL;
}

static struct window *
need_window(struct entry *entry, uint32_t window_sec)
{
	struct window *window = find_window(entry, window_sec);

	if (window != NULL)
		return window;
	entry->windows =
	    xrealloc(entry->windows, (entry->n_windows + 1) * sizeof(*window));
	window = &entry->windows[entry->n_windows++];
	window->window_sec = window_sec;
	return window;
}

/* Fills the answer as if nothing were charged, and views, one for each rate. */
static void
weigh(const struct entry *entry, struct call_use *use, int64_t now_ms,
    struct charge_slots *views)
{
	use->answer = (struct store_answer){ .fits = true };
	for (size_t i = 0; i < use->n_rates; i++) {
		const struct store_rate *rate = &use->rates[i];
		const struct window *window =
		    find_window(entry, rate->window_sec);
		struct store_level *level = &use->answer.levels[i];
		int64_t slot = charge_slot(now_ms, rate->window_sec);

		charge_begin(&views[i], slot);
		if (window != NULL)
			views[i] = window->slots;
		charge_advance(&views[i], slot);
		level->used = charge_used(&views[i]);
		level->slot = STORE_NO_SLOT;
		level->retry_ms = charge_retry_ms(&views[i], use->amount,
		    rate->max, rate->window_sec, now_ms);
		if (level->retry_ms != 0)
			use->answer.fits = false;
	}
}

static void
charge_entry(struct entry *entry, struct call_use *use, int64_t now_ms,
    struct charge_slots *views)
{
	int64_t lives_ms, now_us = clock_steady_us();

	for (size_t i = 0; i < use->n_rates; i++) {
		const struct store_rate *rate = &use->rates[i];
		struct store_level *level = &use->answer.levels[i];
		struct window *window = need_window(entry, rate->window_sec);

		charge_add(&views[i], use->amount);
		window->slots = views[i];
		window->max = rate->max;
		level->used = charge_used(&views[i]);
		level->slot = views[i].newest;
		if (level->retry_ms > 0)
			level->retry_ms = charge_retry_ms(&views[i],
			    use->amount, rate->max, rate->window_sec, now_ms);
		lives_ms = charge_lives_ms(&views[i], rate->window_sec, now_ms);
		if (entry->expires_us <
		    now_us + lives_ms * 1000 + MEMORY_SLACK_US)
			entry->expires_us =
			    now_us + lives_ms * 1000 + MEMORY_SLACK_US;
	}
}

static void
count_use(struct memory *memory, struct call_use *use, int64_t now_ms)
{
	struct charge_slots views[STORE_RATES_MAX];
	uint64_t hash = hash_key(memory, use->key);
	struct shard *shard = shard_of(memory, hash);
	struct entry *entry;

	pthread_mutex_lock(&shard->lock);
	entry = find(shard, hash, use->key, use->unit);
	weigh(entry, use, now_ms, views);
	if (use->op == STORE_ATTEMPT ||
	    (use->op == STORE_CHARGE && use->answer.fits)) {
		if (entry == NULL)
			entry = insert(shard, hash, use->key, use->unit);
		charge_entry(entry, use, now_ms, views);
		take_out_of_age(shard, entry);
		put_newest(shard, entry);
		sweep(shard, clock_steady_us());
	}
	pthread_mutex_unlock(&shard->lock);
}

static int
memory_wait(void *self, struct store_call *call, int64_t now_ms)
{
	if (now_ms == STORE_NOW)
		now_ms = clock_wall_ms();
	for (size_t i = 0; i < call->n_uses; i++)
		count_use(self, &call->uses[i], now_ms);
	atomic_store(&call->state, CALL_ANSWERED);
	return 0;
}

static void
memory_send(void *self, struct store_call *call, int64_t now_ms)
{
	memory_wait(self, call, now_ms);
}

static void
give_back_use(struct memory *memory, const struct call_use *use)
{
	uint64_t hash = hash_key(memory, use->key);
	struct shard *shard = shard_of(memory, hash);
	struct entry *entry;

	pthread_mutex_lock(&shard->lock);
	entry = find(shard, hash, use->key, use->unit);
	for (size_t i = 0; i < use->n_rates; i++) {
		struct window *window =
		    find_window(entry, use->rates[i].window_sec);

		if (window != NULL)
			charge_take(&window->slots, use->answer.levels[i].slot,
			    use->amount);
	}
	pthread_mutex_unlock(&shard->lock);
}

static void
memory_give_back(void *self, struct store_call *call)
{
	for (size_t i = 0; i < call->n_uses; i++) {
		struct call_use *use = &call->uses[i];
		int wanted = REFUND_WANTED;

		if (atomic_compare_exchange_strong(
			&use->refund, &wanted, REFUND_DONE))
			give_back_use(self, use);
	}
}

static bool
memory_is_up(void *self)
{
	(void)self;
	return true;
}

static int
memory_flush(void *self, uint32_t timeout_ms)
{
	(void)self;
	(void)timeout_ms;
	return 0;
}

static uint64_t
memory_n_failures(void *self)
{
	(void)self;
	return 0;
}

/* Copies, so that the caller's function runs without a lock of ours. */
struct copies {
	struct arena *arena;
	struct store_counter *items;
	size_t n;
};

static void
copy_entry(struct copies *copies, const struct entry *entry,
    const struct backend_listing *listing)
{
	struct store_counter counter = { .used = 0 };
	struct str limit, identity;

	if (call_key_split(listing->prefix, entry->key, &limit, &identity) < 0)
		return;
	if ((listing->limit.len > 0 && !str_eq(listing->limit, limit)) ||
	    (listing->identity.len > 0 && !str_eq(listing->identity, identity)))
		return;
	counter.limit = arena_str(copies->arena, limit);
	counter.identity = arena_str(copies->arena, identity);
	counter.unit = arena_str(copies->arena, entry->unit);
	for (size_t i = 0; i < entry->n_windows; i++) {
		counter.window_sec = entry->windows[i].window_sec;
		counter.max = entry->windows[i].max;
		call_counter_fill(
		    &counter, &entry->windows[i].slots, listing->now_ms);
		copies->items = arena_grow(
		    copies->arena, copies->items, copies->n, sizeof(counter));
		copies->items[copies->n++] = counter;
	}
}

static void
copy_shard(struct copies *copies, struct shard *shard,
    const struct backend_listing *listing)
{
	int64_t now_us = clock_steady_us();
	const struct entry *entry;

	pthread_mutex_lock(&shard->lock);
	for (entry = shard->oldest; entry != NULL; entry = entry->newer)
		if (entry->expires_us > now_us)
			copy_entry(copies, entry, listing);
	pthread_mutex_unlock(&shard->lock);
}

static int
memory_counters(struct store *store, const struct store_query *query,
    bool (*each)(void *context, const struct store_counter *counter),
    void *context, struct buf *error)
{
	struct memory *memory = store->self;
	const struct backend_listing listing = { store->prefix, query->limit,
		query->identity,
		query->now_ms == STORE_NOW ? clock_wall_ms() : query->now_ms,
		each, context };
	struct copies copies = { .arena = arena_new(4096) };

	(void)error;
	for (size_t i = 0; i < MEMORY_SHARDS; i++)
		copy_shard(&copies, &memory->shards[i], &listing);
	for (size_t i = 0; i < copies.n; i++)
		if (!each(context, &copies.items[i]))
			break;
	arena_free(copies.arena);
	return 0;
}

/* All units of a key stand in one bucket, because the hash leaves them out. */
static int
memory_reset(struct store *store, struct str limit, struct str identity,
    size_t *n_out, struct buf *error)
{
	struct memory *memory = store->self;
	struct arena *arena = arena_new(512);
	struct str key = call_key(arena, store->prefix, limit, identity);
	uint64_t hash = hash_key(memory, key);
	struct shard *shard = shard_of(memory, hash);
	struct entry **link;
	size_t n = 0;

	(void)error;
	pthread_mutex_lock(&shard->lock);
	link = bucket_of(shard, hash);
	while (*link != NULL) {
		if (str_eq((*link)->key, key)) {
			drop_entry(shard, link);
			n = 1;
		} else {
			link = &(*link)->next;
		}
	}
	pthread_mutex_unlock(&shard->lock);
	arena_free(arena);
	*n_out = n;
	return 0;
}

static int
memory_wipe(void *self, struct buf *error)
{
	struct memory *memory = self;

	(void)error;
	for (size_t i = 0; i < MEMORY_SHARDS; i++) {
		struct shard *shard = &memory->shards[i];

		pthread_mutex_lock(&shard->lock);
		while (shard->oldest != NULL)
			drop_oldest(shard);
		pthread_mutex_unlock(&shard->lock);
	}
	return 0;
}

static void
memory_close(void *self)
{
	struct memory *memory = self;

	memory_wipe(memory, NULL);
	for (size_t i = 0; i < MEMORY_SHARDS; i++) {
		pthread_mutex_destroy(&memory->shards[i].lock);
		free(memory->shards[i].buckets);
	}
	free(memory);
}

static const struct backend_ledger memory_ledger = {
	.counters = memory_counters,
	.reset = memory_reset,
};

const struct backend memory_backend = {
	.close = memory_close,
	.is_up = memory_is_up,
	.wait = memory_wait,
	.send = memory_send,
	.give_back = memory_give_back,
	.flush = memory_flush,
	.wipe = memory_wipe,
	.n_failures = memory_n_failures,
	.ledger = &memory_ledger,
};
