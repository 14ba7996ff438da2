/*
 * The set that is asked never changes: a poll makes a new one beside it and
 * exchanges the two, so that nobody waits for the store with a lock held.
 */
#include "daemon/keeper/switches.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ARENA_BYTES ((size_t)512)
/* A store that goes away says so itself, after fewer failures. */
#define TELL_AFTER  5

struct switch_set {
	struct arena *arena;
	struct store_switch *items;
	size_t n;
};

struct switches {
	atomic_bool is_empty;
	pthread_rwlock_t lock; /* what current points to */
	struct switch_set current;
	unsigned n_failed; /* polls in a row; of the thread that polls */
};

struct switches *
switches_new(void)
{
	struct switches *switches = xcalloc(1, sizeof(*switches));

	pthread_rwlock_init(&switches->lock, NULL);
	atomic_store(&switches->is_empty, true);
	return switches;
}

static void
drop_set(struct switch_set *set)
{
	if (set->arena != NULL)
		arena_free(set->arena);
}

void
switches_free(struct switches *switches)
{
	drop_set(&switches->current);
	pthread_rwlock_destroy(&switches->lock);
	free(switches);
}

static bool
is_in_force(const struct store_switch *one, int64_t now_ms)
{
	return one->hold.until_ms == 0 || now_ms < one->hold.until_ms;
}

static const struct store_switch *
find_switch(const struct switch_set *set, struct str rule, int64_t now_ms)
{
	for (size_t i = 0; i < set->n; i++)
		if (str_eq(set->items[i].rule, rule) &&
		    is_in_force(&set->items[i], now_ms))
			return &set->items[i];
	return NULL;
}

bool
switches_has(struct switches *switches, struct str rule, int64_t now_ms)
{
	bool has;

	if (atomic_load_explicit(&switches->is_empty, memory_order_acquire))
		return false;
	pthread_rwlock_rdlock(&switches->lock);
	has = find_switch(&switches->current, rule, now_ms) != NULL;
	pthread_rwlock_unlock(&switches->lock);
	return has;
}

void
switches_each(struct switches *switches, int64_t now_ms,
    void (*each)(void *context, const struct store_switch *one), void *context)
{
	pthread_rwlock_rdlock(&switches->lock);
	for (size_t i = 0; i < switches->current.n; i++)
		if (is_in_force(&switches->current.items[i], now_ms))
			each(context, &switches->current.items[i]);
	pthread_rwlock_unlock(&switches->lock);
}

static bool
add_switch(void *context, const struct store_switch *one)
{
	struct switch_set *set = context;
	struct store_switch *copy;

	if (set->arena == NULL)
		set->arena = arena_new(ARENA_BYTES);
	set->items =
	    arena_grow(set->arena, set->items, set->n, sizeof(*set->items));
	copy = &set->items[set->n++];
	copy->rule = arena_str(set->arena, one->rule);
	copy->hold.until_ms = one->hold.until_ms;
	copy->hold.reason = arena_str(set->arena, one->hold.reason);
	copy->hold.by = arena_str(set->arena, one->hold.by);
	return set->n < SWITCHES_MAX;
}

static void
log_switch(const char *what, const struct store_switch *one, int64_t now_ms)
{
	struct log_event event;

	log_event_begin(&event, "switch");
	log_event_text(&event, "rule", one->rule);
	log_event_word(&event, "mode", str_of(what));
	if (is_in_force(one, now_ms)) {
		log_event_number(&event, "until", one->hold.until_ms / 1000);
		log_event_text(&event, "by", one->hold.by);
		log_event_text(&event, "reason", one->hold.reason);
	}
	log_event_write(&event, LOG_LEVEL_INFO);
}

/* What is in one set and not in the other. Only the polling thread changes
 * sets, so it may read without a lock. */
static void
log_changes(const struct switch_set *old, const struct switch_set *new_set,
    int64_t now_ms)
{
	for (size_t i = 0; i < new_set->n; i++)
		if (find_switch(old, new_set->items[i].rule, 0) == NULL)
			log_switch("observe", &new_set->items[i], now_ms);
	for (size_t i = 0; i < old->n; i++)
		if (find_switch(new_set, old->items[i].rule, 0) == NULL)
			log_switch("as-written", &old->items[i], INT64_MAX);
}

static void
use_set(struct switches *switches, struct switch_set *set, int64_t now_ms)
{
	struct switch_set old = switches->current;

	log_changes(&old, set, now_ms);
	pthread_rwlock_wrlock(&switches->lock);
	switches->current = *set;
	atomic_store_explicit(
	    &switches->is_empty, set->n == 0, memory_order_release);
	pthread_rwlock_unlock(&switches->lock);
	drop_set(&old);
}

/* The store is up, but what stands there cannot be read: somebody else wrote
 * it. Once, until it is well again. */
static void
count_failure(struct switches *switches, struct store *store, struct str error)
{
	if (!store_is_up(store))
		switches->n_failed = 0;
	else if (++switches->n_failed == TELL_AFTER)
		log_warning("which rules are observed for a time cannot be "
			    "read, those known stay: %.*s",
		    STR_ARG(error));
}

int
switches_poll(struct switches *switches, struct store *store, int64_t now_ms)
{
	struct switch_set set = { 0 };
	struct buf error = { 0 };
	int rc = store_switches(store, now_ms, add_switch, &set, &error);

	if (rc == 0) {
		switches->n_failed = 0;
		use_set(switches, &set, now_ms);
	} else {
		count_failure(switches, store, buf_str(&error));
		drop_set(&set);
		switches_expire(switches, now_ms);
	}
	buf_done(&error);
	return rc;
}

void
switches_expire(struct switches *switches, int64_t now_ms)
{
	struct switch_set set = { 0 };
	size_t n_ended = 0;

	for (size_t i = 0; i < switches->current.n; i++)
		n_ended += !is_in_force(&switches->current.items[i], now_ms);
	if (n_ended == 0)
		return;
	for (size_t i = 0; i < switches->current.n; i++)
		if (is_in_force(&switches->current.items[i], now_ms))
			add_switch(&set, &switches->current.items[i]);
	use_set(switches, &set, now_ms);
}
