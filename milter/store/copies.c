/*
 * Each copy is a sorted array in an arena of its own. A new one is listed
 * without a lock and then takes the place of the old one, so that looking up
 * never waits for the store.
 *
 * A copy that cannot be renewed stays: that is what it is for. One of a table
 * that has grown too large is dropped, because half a table would be worse than
 * none: "not in it" could not be told from "not copied".
 */
#include "store/copies.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/ledger.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct copy {
	struct copy *next;
	struct arena *arena; /* NULL: there is no copy */
	struct store_entry *entries;
	size_t n_entries;
	bool was_too_large;
	size_t name_len;
	char name[];
};

struct copies {
	pthread_rwlock_t lock;
	struct copy *first;
};

struct copies *
copies_new(void)
{
	struct copies *copies = xcalloc(1, sizeof(*copies));

	pthread_rwlock_init(&copies->lock, NULL);
	return copies;
}

void
copies_free(struct copies *copies)
{
	struct copy *copy;

	if (copies == NULL)
		return;
	while ((copy = copies->first) != NULL) {
		copies->first = copy->next;
		arena_free(copy->arena);
		free(copy);
	}
	pthread_rwlock_destroy(&copies->lock);
	free(copies);
}

static struct str
copy_name(const struct copy *copy)
{
	return (struct str){ copy->name, copy->name_len };
}

/* Lock held. */
static struct copy *
find(const struct copies *copies, struct str table)
{
	struct copy *copy = copies->first;

	while (copy != NULL && !str_eq(copy_name(copy), table))
		copy = copy->next;
	return copy;
}

void
copies_want(struct copies *copies, struct str table)
{
	struct copy *copy;

	pthread_rwlock_wrlock(&copies->lock);
	if (find(copies, table) == NULL) {
		copy = xcalloc(1, sizeof(*copy) + table.len);
		memcpy(copy->name, table.p, table.len);
		copy->name_len = table.len;
		copy->next = copies->first;
		copies->first = copy;
	}
	pthread_rwlock_unlock(&copies->lock);
}

/* A copy under construction. */
struct listed {
	struct arena *arena;
	struct store_entry *entries;
	size_t n;
	bool is_too_large;
};

static bool
add_entry(void *context, const struct store_entry *entry)
{
	struct listed *listed = context;

	if (listed->n == STORE_COPY_MAX) {
		listed->is_too_large = true;
		return false;
	}
	listed->entries = arena_grow(
	    listed->arena, listed->entries, listed->n, sizeof(*entry));
	listed->entries[listed->n++] = (struct store_entry){
		.entry = arena_str(listed->arena, entry->entry),
		.value = arena_str(listed->arena, entry->value),
		.until_ms = entry->until_ms,
	};
	return true;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct store_entry *x = a, *y = b;

	return str_cmp(x->entry, y->entry);
}

static void
take_place(struct copies *copies, struct copy *copy, struct listed *listed)
{
	struct arena *old;
	bool is_news;

	pthread_rwlock_wrlock(&copies->lock);
	old = copy->arena;
	copy->arena = listed->is_too_large ? NULL : listed->arena;
	copy->entries = listed->entries;
	copy->n_entries = listed->n;
	is_news = listed->is_too_large && !copy->was_too_large;
	copy->was_too_large = listed->is_too_large;
	pthread_rwlock_unlock(&copies->lock);
	arena_free(old);
	if (listed->is_too_large)
		arena_free(listed->arena);
	if (is_news)
		log_warning("table %.*s has more than %d entries: it is not "
			    "known while the store is away",
		    STR_ARG(copy_name(copy)), STORE_COPY_MAX);
}

static void
renew(struct copies *copies, struct copy *copy, struct store *store)
{
	struct listed listed = { .arena = arena_new(4096) };
	struct buf error = { 0 };

	if (store_table_list(store, copy_name(copy), STORE_NOW, add_entry,
		&listed, &error) == -1) {
		arena_free(listed.arena);
	} else {
		if (listed.n > 0)
			qsort(listed.entries, listed.n,
			    sizeof(listed.entries[0]), compare_entries);
		take_place(copies, copy, &listed);
	}
	buf_done(&error);
}

/* Copies are only ever added, at the head: the list needs no lock behind it. */
void
copies_renew(struct copies *copies, struct store *store)
{
	struct copy *copy;

	pthread_rwlock_rdlock(&copies->lock);
	copy = copies->first;
	pthread_rwlock_unlock(&copies->lock);
	for (; copy != NULL; copy = copy->next)
		renew(copies, copy, store);
}

static void
look_up(const struct copy *copy, struct str entry, struct arena *arena,
    struct store_found *found)
{
	const struct store_entry wanted = { .entry = entry };
	const struct store_entry *there = NULL;

	if (copy->n_entries > 0)
		there = bsearch(&wanted, copy->entries, copy->n_entries,
		    sizeof(wanted), compare_entries);
	found->is_there =
	    there != NULL &&
	    (there->until_ms == 0 || there->until_ms > clock_wall_ms());
	found->value =
	    found->is_there ? arena_str(arena, there->value) : STR("");
}

int
copies_look_up(struct copies *copies, const struct store_lookup *lookup,
    struct arena *arena, struct store_found *found_out)
{
	const struct copy *copy;
	int rc = -1;

	pthread_rwlock_rdlock(&copies->lock);
	copy = find(copies, lookup->table);
	if (copy != NULL && copy->arena != NULL) {
		for (size_t i = 0; i < lookup->n_entries; i++)
			look_up(copy, lookup->entries[i], arena, &found_out[i]);
		rc = 0;
	}
	pthread_rwlock_unlock(&copies->lock);
	return rc;
}
