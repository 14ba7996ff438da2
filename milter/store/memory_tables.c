/*
 * Tables: a few, each a chained hash of entries, all under one mutex. Entries
 * whose time is over are not seen, and are swept as others are written.
 */
#include "store/memory.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_FIRST_BUCKETS 64
#define TABLE_SWEEP_BUCKETS 4

struct row {
	struct row *next;
	uint64_t hash;
	int64_t until_ms; /* 0: for ever */
	struct str entry;
	struct str value;
	char text[]; /* of both */
};

struct table {
	struct table *next;
	struct row **buckets;
	size_t n_buckets;
	size_t n_rows;
	size_t hand;
	size_t name_len;
	char name[];
};

struct memory_tables {
	pthread_mutex_t lock;
	struct table *first;
	bool was_full; /* one line is enough */
};

struct memory_tables *
memory_tables_new(void)
{
	struct memory_tables *tables = xcalloc(1, sizeof(*tables));

	pthread_mutex_init(&tables->lock, NULL);
	return tables;
}

static void
drop_row(struct table *table, struct row **link)
{
	struct row *row = *link;

	*link = row->next;
	table->n_rows--;
	free(row);
}

void
memory_tables_wipe(struct memory_tables *tables)
{
	struct table *table;

	pthread_mutex_lock(&tables->lock);
	while ((table = tables->first) != NULL) {
		tables->first = table->next;
		for (size_t i = 0; i < table->n_buckets; i++)
			while (table->buckets[i] != NULL)
				drop_row(table, &table->buckets[i]);
		free(table->buckets);
		free(table);
	}
	pthread_mutex_unlock(&tables->lock);
}

void
memory_tables_free(struct memory_tables *tables)
{
	memory_tables_wipe(tables);
	pthread_mutex_destroy(&tables->lock);
	free(tables);
}

/* All below: lock held. */
static struct table *
find_table(const struct memory_tables *tables, struct str name)
{
	struct table *table = tables->first;

	while (table != NULL &&
	       !str_eq((struct str){ table->name, table->name_len }, name))
		table = table->next;
	return table;
}

static struct table *
need_table(struct memory_tables *tables, struct str name)
{
	struct table *table = find_table(tables, name);

	if (table != NULL)
		return table;
	table = xcalloc(1, sizeof(*table) + name.len);
	memcpy(table->name, name.p, name.len);
	table->name_len = name.len;
	table->n_buckets = TABLE_FIRST_BUCKETS;
	table->buckets = xcalloc(table->n_buckets, sizeof(struct row *));
	table->next = tables->first;
	tables->first = table;
	return table;
}

/* Where the row is linked, or would be. */
static struct row **
find_row(struct table *table, struct str entry)
{
	uint64_t hash = str_hash(entry);
	struct row **link = &table->buckets[hash & (table->n_buckets - 1)];

	while (*link != NULL &&
	       ((*link)->hash != hash || !str_eq((*link)->entry, entry)))
		link = &(*link)->next;
	return link;
}

static void
grow(struct table *table)
{
	struct row **old = table->buckets, *row, *next;
	size_t n_old = table->n_buckets;

	table->n_buckets *= 2;
	table->buckets = xcalloc(table->n_buckets, sizeof(struct row *));
	table->hand = 0;
	for (size_t i = 0; i < n_old; i++) {
		for (row = old[i]; row != NULL; row = next) {
			struct row **link =
			    &table->buckets[row->hash & (table->n_buckets - 1)];

			next = row->next;
			row->next = *link;
			*link = row;
		}
	}
	free(old);
}

static bool
is_over(const struct row *row, int64_t now_ms)
{
	return row->until_ms != 0 && row->until_ms <= now_ms;
}

static void
sweep(struct table *table, int64_t now_ms)
{
	for (int i = 0; i < TABLE_SWEEP_BUCKETS; i++) {
		struct row **link = &table->buckets[table->hand];

		while (*link != NULL)
			if (is_over(*link, now_ms))
				drop_row(table, link);
			else
				link = &(*link)->next;
		table->hand = (table->hand + 1) & (table->n_buckets - 1);
	}
}

static struct row *
make_row(const struct store_entry *entry)
{
	size_t len = entry->entry.len;
	struct row *row = xcalloc(1, sizeof(*row) + len + entry->value.len + 1);

	memcpy(row->text, entry->entry.p, len);
	if (entry->value.len > 0)
		memcpy(row->text + len, entry->value.p, entry->value.len);
	row->entry = (struct str){ row->text, len };
	row->value = (struct str){ row->text + len, entry->value.len };
	row->until_ms = entry->until_ms;
	row->hash = str_hash(row->entry);
	return row;
}

/* -1: the table is full. */
static int
put_row(struct table *table, const struct store_entry *entry, int64_t now_ms)
{
	struct row **link, *row;

	sweep(table, now_ms);
	link = find_row(table, entry->entry);
	if (*link != NULL)
		drop_row(table, link);
	else if (table->n_rows >= STORE_TABLE_MAX)
		return -1;
	if (table->n_rows == table->n_buckets) {
		grow(table);
		link = find_row(table, entry->entry);
	}
	row = make_row(entry);
	row->next = *link;
	*link = row;
	table->n_rows++;
	return 0;
}

/* --- what backends do ------------------------------------------------------ */

static struct memory_tables *
tables_of(struct store *store)
{
	struct memory *memory = store->self;

	return memory->tables;
}

void
memory_look_up(struct memory *memory, struct store_call *call,
    struct call_lookup *lookup, int64_t now_ms)
{
	struct memory_tables *tables = memory->tables;
	ptrdiff_t colon = str_find_last(lookup->key, ':');
	struct table *table;

	pthread_mutex_lock(&tables->lock);
	table = find_table(tables, str_from(lookup->key, (size_t)colon + 1));
	for (size_t i = 0; table != NULL && i < lookup->n_entries; i++) {
		const struct row *row = *find_row(table, lookup->entries[i]);

		if (row == NULL || is_over(row, now_ms))
			continue;
		lookup->found[i].is_there = true;
		lookup->found[i].value = arena_str(call->arena, row->value);
	}
	pthread_mutex_unlock(&tables->lock);
}

void
memory_remember(struct store *store, struct str table, struct str entry,
    struct str value, uint32_t for_sec, int64_t now_ms)
{
	struct memory_tables *tables = tables_of(store);
	struct store_entry one = { .entry = entry, .value = value };
	bool is_first = false;

	if (now_ms == STORE_NOW)
		now_ms = clock_wall_ms();
	/* In whole seconds, rounded up, as in Redis. */
	if (for_sec > 0)
		one.until_ms = ((now_ms + 999) / 1000 + for_sec) * 1000;
	pthread_mutex_lock(&tables->lock);
	if (put_row(need_table(tables, table), &one, now_ms) == -1) {
		is_first = !tables->was_full;
		tables->was_full = true;
	}
	pthread_mutex_unlock(&tables->lock);
	if (is_first)
		log_warning("store %s: table %.*s has %d entries; no more are "
			    "remembered",
		    store->name, STR_ARG(table), STORE_TABLE_MAX);
}

static bool
remove_row(struct memory_tables *tables, struct str name, struct str entry)
{
	struct table *table;
	struct row **link = NULL;
	bool was_there;

	pthread_mutex_lock(&tables->lock);
	table = find_table(tables, name);
	if (table != NULL)
		link = find_row(table, entry);
	was_there = link != NULL && *link != NULL;
	if (was_there)
		drop_row(table, link);
	pthread_mutex_unlock(&tables->lock);
	return was_there;
}

void
memory_forget(struct store *store, struct str table, struct str entry)
{
	remove_row(tables_of(store), table, entry);
}

int
memory_table_add(struct store *store, struct str table,
    const struct store_entry *entry, struct buf *error)
{
	struct memory_tables *tables = tables_of(store);
	int rc;

	pthread_mutex_lock(&tables->lock);
	rc = put_row(need_table(tables, table), entry, clock_wall_ms());
	pthread_mutex_unlock(&tables->lock);
	if (rc == -1)
		buf_printf(error, "table %.*s is full: it has %d entries",
		    STR_ARG(table), STORE_TABLE_MAX);
	return rc;
}

int
memory_table_remove(struct store *store, struct str table, struct str entry,
    bool *was_there_out, struct buf *error)
{
	(void)error;
	*was_there_out = remove_row(tables_of(store), table, entry);
	return 0;
}

/* Copies, so that the caller's function runs without a lock of ours. */
int
memory_table_list(struct store *store, struct str name, int64_t now_ms,
    bool (*each)(void *context, const struct store_entry *entry), void *context,
    struct buf *error)
{
	struct memory_tables *tables = tables_of(store);
	struct arena *arena = arena_new(4096);
	struct store_entry *list = NULL;
	struct table *table;
	size_t n = 0;

	(void)error;
	if (now_ms == STORE_NOW)
		now_ms = clock_wall_ms();
	pthread_mutex_lock(&tables->lock);
	table = find_table(tables, name);
	for (size_t i = 0; table != NULL && i < table->n_buckets; i++)
		for (struct row *row = table->buckets[i]; row != NULL;
		     row = row->next)
			if (!is_over(row, now_ms)) {
				list =
				    arena_grow(arena, list, n, sizeof(*list));
				list[n++] = (struct store_entry){
					arena_str(arena, row->entry),
					arena_str(arena, row->value),
					row->until_ms
				};
			}
	pthread_mutex_unlock(&tables->lock);
	for (size_t i = 0; i < n && each(context, &list[i]); i++)
		;
	arena_free(arena);
	return 0;
}
