/*
 * Counts in this process: for tests, for a single host, and for the time in
 * which Redis is away. Sixteen shards, so that threads seldom meet and growing
 * one table is a short pause.
 *
 * The trap is a sender that invents identities: entries are capped, the least
 * recently charged goes first. Expiry is in real time as in Redis, whatever
 * time the caller counts in: no answer may depend on when something was swept.
 */
#include "store/memory_merge.h"

#include "base/clock.h"
#include "base/port.h"
#include "base/quantity.h"
#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY_FIRST_BUCKETS 64 /* of a shard; a power of two */
#define MEMORY_SWEEP_BUCKETS 2  /* looked at by each charge */

struct memory_unit {
	struct memory_unit *next;
	size_t len;
	char text[];
};

static uint64_t
hash_name(const struct memory *memory, struct str name)
{
	uint64_t hash = memory->seed;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * memory->factor;
	hash ^= hash >> 32;
	hash *= memory->factor;
	return hash ^ hash >> 29;
}

struct memory_shard *
memory_shard_of(struct memory *memory, struct str name, uint64_t *hash_out)
{
	*hash_out = hash_name(memory, name);
	return &memory->shards[*hash_out >> 60];
}

static struct memory_entry **
bucket_of(struct memory_shard *shard, uint64_t hash)
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
	pthread_mutex_init(&memory->units_lock, NULL);
	pthread_mutex_init(&memory->merge_lock, NULL);
	pthread_mutex_init(&memory->refunds_lock, NULL);
	memory->tables = memory_tables_new();
	for (size_t i = 0; i < MEMORY_SHARDS; i++) {
		struct memory_shard *shard = &memory->shards[i];

		pthread_mutex_init(&shard->lock, NULL);
		shard->n_buckets = MEMORY_FIRST_BUCKETS;
		shard->buckets =
		    xcalloc(shard->n_buckets, sizeof(struct memory_entry *));
		shard->entries_max =
		    (keys_max + MEMORY_SHARDS - 1) / MEMORY_SHARDS;
	}
	return memory;
}

/* --- entries, with the lock of their shard held --------------------------- */

static void
take_out_of_age(struct memory_shard *shard, struct memory_entry *entry)
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
put_newest(struct memory_shard *shard, struct memory_entry *entry)
{
	entry->newer = NULL;
	entry->older = shard->newest;
	if (shard->newest != NULL)
		shard->newest->newer = entry;
	else
		shard->oldest = entry;
	shard->newest = entry;
}

void
memory_drop_grant(struct memory_entry *entry)
{
	if (entry->grant == NULL)
		return;
	free(entry->grant->reason);
	free(entry->grant->by);
	free(entry->grant);
	entry->grant = NULL;
}

/* Unlinks and frees the entry to which link points. */
static void
drop_at(struct memory_shard *shard, struct memory_entry **link)
{
	struct memory_entry *entry = *link;

	*link = entry->next;
	take_out_of_age(shard, entry);
	shard->n_entries--;
	distinct_done(&entry->values);
	memory_drop_grant(entry);
	free(entry->windows);
	free(entry);
}

void
memory_drop(struct memory_shard *shard, struct memory_entry *entry)
{
	struct memory_entry **link = bucket_of(shard, entry->hash);

	while (*link != entry)
		link = &(*link)->next;
	drop_at(shard, link);
}

/* What somebody granted is not pushed out by invented names. */
static void
drop_oldest(struct memory_shard *shard)
{
	struct memory_entry *entry = shard->oldest;

	while (entry->newer != NULL && entry->grant != NULL)
		entry = entry->newer;
	memory_drop(shard, entry);
}

/* The hand of a clock: all buckets have their turn within n/2 charges. */
static void
sweep(struct memory_shard *shard, int64_t now_us)
{
	for (int i = 0; i < MEMORY_SWEEP_BUCKETS; i++) {
		struct memory_entry **link = &shard->buckets[shard->hand];

		while (*link != NULL)
			if ((*link)->expires_us <= now_us)
				drop_at(shard, link);
			else
				link = &(*link)->next;
		shard->hand = (shard->hand + 1) & (shard->n_buckets - 1);
	}
}

void
memory_touch(struct memory_shard *shard, struct memory_entry *entry)
{
	take_out_of_age(shard, entry);
	put_newest(shard, entry);
	sweep(shard, clock_steady_us());
}

static void
grow(struct memory_shard *shard)
{
	struct memory_entry **old = shard->buckets, *entry, *next;
	size_t n_old = shard->n_buckets;

	shard->n_buckets *= 2;
	shard->buckets =
	    xcalloc(shard->n_buckets, sizeof(struct memory_entry *));
	shard->hand = 0;
	for (size_t i = 0; i < n_old; i++) {
		for (entry = old[i]; entry != NULL; entry = next) {
			struct memory_entry **link =
			    bucket_of(shard, entry->hash);

			next = entry->next;
			entry->next = *link;
			*link = entry;
		}
	}
	free(old);
}

struct memory_entry *
memory_find(struct memory_shard *shard, uint64_t hash, struct str name)
{
	struct memory_entry *entry = *bucket_of(shard, hash);

	while (entry != NULL &&
	       (entry->hash != hash || !str_eq(entry->name, name)))
		entry = entry->next;
	return entry;
}

struct memory_entry *
memory_insert(struct memory_shard *shard, uint64_t hash, struct str name)
{
	struct memory_entry *entry = xcalloc(1, sizeof(*entry) + name.len);
	struct memory_entry **link;

	if (shard->n_entries == shard->entries_max)
		drop_oldest(shard);
	if (shard->n_entries == shard->n_buckets)
		grow(shard);
	memcpy(entry->text, name.p, name.len);
	entry->name = (struct str){ entry->text, name.len };
	entry->hash = hash;
	link = bucket_of(shard, hash);
	entry->next = *link;
	*link = entry;
	put_newest(shard, entry);
	shard->n_entries++;
	return entry;
}

void
memory_keep_alive(struct memory_entry *entry, int64_t lives_ms)
{
	int64_t until_us =
	    clock_steady_us() + lives_ms * 1000 + MEMORY_SLACK_US;

	if (entry->expires_us < until_us)
		entry->expires_us = until_us;
}

struct memory_window *
memory_find_window(const struct memory_entry *entry, struct str unit,
    const struct store_rate *rate)
{
	for (size_t i = 0; entry != NULL && i < entry->n_windows; i++) {
		struct memory_window *window = &entry->windows[i];

		if (window->rate.window_sec == rate->window_sec &&
		    window->rate.period == rate->period &&
		    str_eq(window->unit, unit))
			return window;
	}
	return NULL;
}

struct memory_window *
memory_need_window(struct memory *memory, struct memory_entry *entry,
    struct str unit, const struct store_rate *rate)
{
	struct memory_window *window = memory_find_window(entry, unit, rate);

	if (window != NULL)
		return window;
	entry->windows =
	    xrealloc(entry->windows, (entry->n_windows + 1) * sizeof(*window));
	window = &entry->windows[entry->n_windows++];
	*window = (struct memory_window){ .unit = memory_unit(memory, unit),
		.rate = *rate };
	return window;
}

/* --- names ---------------------------------------------------------------- */

/* There are as many units as the language has, and they stay. */
struct str
memory_unit(struct memory *memory, struct str text)
{
	struct memory_unit *unit;

	pthread_mutex_lock(&memory->units_lock);
	for (unit = memory->units; unit != NULL; unit = unit->next)
		if (str_eq((struct str){ unit->text, unit->len }, text))
			break;
	if (unit == NULL) {
		unit = xmalloc(sizeof(*unit) + text.len);
		unit->len = text.len;
		memcpy(unit->text, text.p, text.len);
		unit->next = memory->units;
		memory->units = unit;
	}
	pthread_mutex_unlock(&memory->units_lock);
	return (struct str){ unit->text, unit->len };
}

struct str
memory_name(struct arena *arena, struct str limit, struct str identity)
{
	return arena_printf(
	    arena, "%.*s:{%.*s}", STR_ARG(limit), STR_ARG(identity));
}

void
memory_name_split(
    struct str name, struct str *limit_out, struct str *identity_out)
{
	size_t brace = (size_t)str_find(name, '{');

	*limit_out = str_sub(name, 0, brace - 1);
	*identity_out = str_sub(name, brace + 1, name.len - 1);
}

void
memory_lock_reason(const struct memory_lock *lock, struct buf *out)
{
	char window[32];

	buf_printf(out, "%llu of %llu %.*s %s%.*s",
	    (unsigned long long)lock->all, (unsigned long long)lock->rate.max,
	    STR_ARG(lock->unit),
	    lock->rate.period == STORE_ROLLING ? "in " : "",
	    STR_ARG(rate_window_text(&lock->rate, window)));
}

/* --- the backend ---------------------------------------------------------- */

static void
memory_send(void *self, struct store_call *call, int64_t now_ms)
{
	memory_wait(self, call, now_ms);
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

static int
memory_wipe(void *self, struct buf *error)
{
	struct memory *memory = self;

	(void)error;
	for (size_t i = 0; i < MEMORY_SHARDS; i++) {
		struct memory_shard *shard = &memory->shards[i];

		pthread_mutex_lock(&shard->lock);
		while (shard->oldest != NULL)
			memory_drop(shard, shard->oldest);
		shard->wiped = shard->stamp;
		pthread_mutex_unlock(&shard->lock);
	}
	memory_tables_wipe(memory->tables);
	return 0;
}

static void
memory_close(void *self)
{
	struct memory *memory = self;
	struct memory_unit *unit;

	memory_wipe(memory, NULL);
	for (size_t i = 0; i < MEMORY_SHARDS; i++) {
		pthread_mutex_destroy(&memory->shards[i].lock);
		free(memory->shards[i].buckets);
	}
	while ((unit = memory->units) != NULL) {
		memory->units = unit->next;
		free(unit);
	}
	pthread_mutex_destroy(&memory->units_lock);
	pthread_mutex_destroy(&memory->merge_lock);
	pthread_mutex_destroy(&memory->refunds_lock);
	memory_tables_free(memory->tables);
	free(memory);
}

const struct backend memory_backend = {
	.close = memory_close,
	.is_up = memory_is_up,
	.wait = memory_wait,
	.send = memory_send,
	.give_back = memory_give_back,
	.flush = memory_flush,
	.remember = memory_remember,
	.forget = memory_forget,
	.merge = memory_merge,
	.wipe = memory_wipe,
	.n_failures = memory_n_failures,
	.ledger = &memory_ledger,
};
