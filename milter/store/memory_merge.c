/*
 * Hands over what was counted here to the store that is back, and takes over
 * what another memory store has counted.
 *
 * A batch is copied, the copies are added there, and then exactly what was
 * copied is taken away here: so charges that come meanwhile are neither lost nor
 * moved twice. Each entry remembers up to which of its charges it was moved.
 * Refunds of those follow them; while nobody knows yet where they are, they
 * wait in a list.
 */
#include "store/memory_merge.h"

#include "base/clock.h"
#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* A refund that waits until its charge has arrived, here or there. */
struct memory_refund {
	struct memory_refund *next;
	struct store_call *call; /* a reference */
	struct call_use *use;
};

/* Entries on their way. */
struct batch {
	struct arena *arena;
	struct merge_part parts[MERGE_BATCH];
	uint64_t stamps[MERGE_BATCH]; /* the last charge of each */
	size_t n;
};

/* --- copying --------------------------------------------------------------- */

static void
copy_windows(struct arena *arena, const struct memory_entry *entry,
    struct merge_part *part)
{
	part->windows =
	    arena_alloc(arena, (entry->n_windows + 1) * sizeof(*part->windows));
	for (size_t i = 0; i < entry->n_windows; i++) {
		const struct memory_window *window = &entry->windows[i];

		if (charge_count_used(&window->count, &window->rate) > 0)
			part->windows[part->n_windows++] =
			    (struct merge_window){ window->unit, window->rate,
				    window->count };
	}
}

static void
copy_values(struct arena *arena, const struct memory_entry *entry,
    struct merge_part *part)
{
	part->n_values = entry->values.n;
	part->values =
	    arena_alloc(arena, (part->n_values + 1) * sizeof(*part->values));
	for (size_t i = 0; i < part->n_values; i++) {
		const struct distinct_value *value = &entry->values.values[i];
		struct str text = { value->bytes, value->len };

		part->values[i] = *value;
		part->values[i].bytes = arena_cstr(arena, text);
	}
}

static void
copy_lock(struct arena *arena, const struct memory_entry *entry,
    struct merge_part *part)
{
	struct buf reason = { 0 };

	if (entry->lock.until_ms == 0)
		return;
	memory_lock_reason(&entry->lock, &reason);
	part->lock = (struct store_hold){ entry->lock.until_ms,
		arena_str(arena, buf_str(&reason)), call_host_name() };
	buf_done(&reason);
}

/* Shard locked. */
static void
copy_entry(struct batch *batch, struct memory_shard *shard,
    struct memory_entry *entry, int64_t lives_ms)
{
	struct merge_part *part = &batch->parts[batch->n];

	*part = (struct merge_part){ .lives_ms = lives_ms };
	copy_windows(batch->arena, entry, part);
	copy_values(batch->arena, entry, part);
	copy_lock(batch->arena, entry, part);
	if (part->n_windows + part->n_values == 0 && part->lock.until_ms == 0)
		return;
	part->name = arena_str(batch->arena, entry->name);
	entry->moving = shard->stamp;
	batch->stamps[batch->n++] = shard->stamp;
}

/* Copies buckets from *bucket on until the batch is full or all were seen. */
static void
fill_batch(struct batch *batch, struct memory_shard *shard, size_t *bucket)
{
	int64_t now_us = clock_steady_us();

	batch->arena = arena_new(16384);
	batch->n = 0;
	pthread_mutex_lock(&shard->lock);
	/* Growing moves entries to higher buckets: none is missed. */
	for (; *bucket < shard->n_buckets; ++*bucket) {
		struct memory_entry *entry = shard->buckets[*bucket];
		size_t n = 0;

		for (; entry != NULL; entry = entry->next)
			n++;
		if (n > MERGE_BATCH)
			n = MERGE_BATCH; /* the rest waits for the next time */
		if (batch->n + n > MERGE_BATCH)
			break;
		entry = shard->buckets[*bucket];
		for (; n > 0; n--, entry = entry->next)
			if (entry->expires_us > now_us)
				copy_entry(batch, shard, entry,
				    (entry->expires_us - now_us) / 1000 + 1);
	}
	pthread_mutex_unlock(&shard->lock);
}

/* --- taking away ------------------------------------------------------------ */

static void
take_away(struct memory_entry *entry, const struct merge_part *part)
{
	for (size_t i = 0; i < part->n_windows; i++) {
		const struct merge_window *moved = &part->windows[i];
		struct memory_window *window =
		    memory_find_window(entry, moved->unit, &moved->rate);

		if (window != NULL)
			charge_count_subtract(
			    &window->count, &moved->count, &moved->rate);
	}
	for (size_t i = 0; i < part->n_values; i++) {
		const struct distinct_value *value = &part->values[i];

		distinct_take(&entry->values,
		    (struct str){ value->bytes, value->len }, value->seen_ms);
	}
	if (entry->lock.until_ms == part->lock.until_ms)
		entry->lock = (struct memory_lock){ .until_ms = 0 };
}

static void
settle_entry(struct memory *memory, struct memory_entry *entry,
    const struct merge_part *part, uint64_t stamp)
{
	entry->moving = 0;
	if (!part->is_merged)
		return;
	take_away(entry, part);
	/* Of what was moved before and was lost there, nothing goes back. */
	if (entry->epoch != part->epoch)
		entry->lost = entry->moved;
	entry->epoch = part->epoch;
	entry->there = part->generation;
	entry->moved = stamp;
	atomic_fetch_add(&memory->n_merged, 1);
}

static void
settle_batch(struct memory *memory, const struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct str name = batch->parts[i].name;
		uint64_t hash;
		struct memory_shard *shard =
		    memory_shard_of(memory, name, &hash);
		struct memory_entry *entry;

		pthread_mutex_lock(&shard->lock);
		entry = memory_find(shard, hash, name);
		/* One that was dropped meanwhile may be there anew. */
		if (entry != NULL && entry->moving == batch->stamps[i])
			settle_entry(
			    memory, entry, &batch->parts[i], batch->stamps[i]);
		pthread_mutex_unlock(&shard->lock);
	}
	arena_free(batch->arena);
}

/* --- refunds ----------------------------------------------------------------- */

void
memory_refund_later(
    struct memory *memory, struct store_call *call, struct call_use *use)
{
	struct memory_refund *refund = xmalloc(sizeof(*refund));

	call_get(call);
	refund->call = call;
	refund->use = use;
	pthread_mutex_lock(&memory->refunds_lock);
	refund->next = memory->refunds;
	memory->refunds = refund;
	pthread_mutex_unlock(&memory->refunds_lock);
}

/* Those that wait, now that their charges have arrived. No shard locked. */
static void
carry_out_refunds(struct memory *memory)
{
	struct memory_refund *refund, *next;

	pthread_mutex_lock(&memory->refunds_lock);
	refund = memory->refunds;
	memory->refunds = NULL;
	pthread_mutex_unlock(&memory->refunds_lock);
	for (; refund != NULL; refund = next) {
		next = refund->next;
		memory_give_back_use(memory, refund->call, refund->use);
		store_call_put(refund->call);
		free(refund);
	}
}

void
memory_refund_there(
    struct memory *memory, const struct call_use *use, uint64_t generation)
{
	struct store *target = atomic_load(&memory->merged_into);
	struct store_call *call = call_refund_to(target, use, generation);

	atomic_fetch_add(&target->n_sent, 1);
	if (atomic_load(&target->is_down))
		atomic_fetch_add(&target->n_failures, 1);
	else
		target->backend->give_back(target->self, call);
	store_call_put(call);
}

/* --- both sides ----------------------------------------------------------------- */

static int
hand_over_shard(struct memory *memory, struct memory_shard *shard,
    struct store *target, struct buf *error)
{
	struct batch *batch = xcalloc(1, sizeof(*batch));
	size_t bucket = 0;
	int rc = 0;

	do {
		fill_batch(batch, shard, &bucket);
		if (batch->n > 0 && target->backend->merge(target, batch->parts,
					batch->n, error) == -1)
			rc = -1;
		settle_batch(memory, batch);
		carry_out_refunds(memory);
	} while (batch->n > 0 && error->len == 0);
	free(batch);
	return rc;
}

/* Nothing was charged since the last time. */
static bool
is_clean(struct memory_shard *shard, uint64_t *stamp_out)
{
	bool is_same;

	pthread_mutex_lock(&shard->lock);
	is_same = shard->stamp == shard->merged;
	*stamp_out = shard->stamp;
	pthread_mutex_unlock(&shard->lock);
	return is_same;
}

int
memory_hand_over(struct memory *memory, struct store *target, struct buf *error)
{
	int rc = 0;

	pthread_mutex_lock(&memory->merge_lock);
	atomic_store(&memory->merged_into, target);
	/* Without a reason: some keys must wait, and others need not. */
	for (size_t i = 0; error->len == 0 && i < MEMORY_SHARDS; i++) {
		struct memory_shard *shard = &memory->shards[i];
		uint64_t stamp;

		if (is_clean(shard, &stamp))
			continue;
		if (hand_over_shard(memory, shard, target, error) == 0)
			shard->merged = stamp;
		else
			rc = -1;
	}
	pthread_mutex_unlock(&memory->merge_lock);
	return rc;
}

size_t
memory_n_merged(struct memory *memory)
{
	return atomic_load(&memory->n_merged);
}

static void
take_part(struct memory *memory, struct memory_entry *entry,
    const struct merge_part *part)
{
	for (size_t i = 0; i < part->n_windows; i++) {
		const struct merge_window *theirs = &part->windows[i];
		struct memory_window *window =
		    memory_find_window(entry, theirs->unit, &theirs->rate);

		if (window == NULL) {
			window = memory_need_window(
			    memory, entry, theirs->unit, &theirs->rate);
			window->count = theirs->count;
		} else {
			charge_count_merge(
			    &window->count, &theirs->count, &theirs->rate);
			window->rate.max = theirs->rate.max;
		}
	}
	for (size_t i = 0; i < part->n_values; i++)
		distinct_put(&entry->values,
		    (struct str){ part->values[i].bytes, part->values[i].len },
		    part->values[i].seen_ms);
}

/* The reason is told by what it was made of, so take that from a window. */
static void
take_lock(struct memory *memory, struct memory_entry *entry,
    const struct merge_part *part)
{
	if (part->lock.until_ms <= entry->lock.until_ms)
		return;
	entry->lock = (struct memory_lock){ .until_ms = part->lock.until_ms,
		.unit = memory_unit(memory, STR("")) };
	if (part->n_windows > 0) {
		entry->lock.unit = memory_unit(memory, part->windows[0].unit);
		entry->lock.rate = part->windows[0].rate;
		entry->lock.all = charge_count_used(
		    &part->windows[0].count, &part->windows[0].rate);
	}
}

int
memory_merge(
    struct store *store, struct merge_part *parts, size_t n, struct buf *error)
{
	struct memory *memory = store->self;

	(void)error;
	for (size_t i = 0; i < n; i++) {
		uint64_t hash;
		struct memory_shard *shard =
		    memory_shard_of(memory, parts[i].name, &hash);
		struct memory_entry *entry;

		pthread_mutex_lock(&shard->lock);
		entry = memory_find(shard, hash, parts[i].name);
		if (entry == NULL)
			entry = memory_insert(shard, hash, parts[i].name);
		take_part(memory, entry, &parts[i]);
		take_lock(memory, entry, &parts[i]);
		memory_keep_alive(entry, parts[i].lives_ms);
		parts[i].generation = ++shard->stamp;
		parts[i].epoch = shard->wiped;
		parts[i].is_merged = true;
		pthread_mutex_unlock(&shard->lock);
	}
	return 0;
}
