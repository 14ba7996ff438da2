/*
 * memory: the store in this process, as its own files see it.
 *
 * memory.c keeps entries: sixteen shards, each a chained hash table under a
 * mutex. memory_count.c charges them, memory_ledger.c lists and edits them,
 * memory_merge.c hands them over to another store; memory_tables.c keeps
 * tables, which are no entries.
 */
#ifndef SLUICE_STORE_MEMORY_H
#define SLUICE_STORE_MEMORY_H

#include "store/backend.h"
#include "store/charge.h"
#include "store/distinct.h"
#include "store/raise.h"

#include <pthread.h>

#define MEMORY_SHARDS   16
#define MEMORY_SLACK_US INT64_C(60000000)

struct memory_window {
	struct str unit;        /* interned */
	struct store_rate rate; /* max as of the last charge */
	struct charge_count count;
};

/* Why is said by what would have been used of which rate. */
struct memory_lock {
	int64_t until_ms;
	uint64_t all;
	struct str unit; /* interned */
	struct store_rate rate;
};

struct memory_grant {
	struct store_raise raise;
	int64_t until_ms;
	char *reason;
	char *by;
};

/*
 * All of one limit and identity; in Redis these are several keys. Charges get
 * stamps in the order in which they come, and refunds name them: those up to
 * `moved` are in another store now (`there` is what refunds name in it; those
 * up to `lost` are not there any more, since its epoch changed), those up to
 * `moving` are on their way (0: nothing is).
 */
struct memory_entry {
	struct memory_entry *next;          /* in its bucket */
	struct memory_entry *older, *newer; /* by last charge */
	uint64_t hash;
	int64_t expires_us; /* steady clock */
	struct memory_window *windows;
	size_t n_windows;
	struct distinct values;
	struct memory_lock lock; /* until_ms 0: none */
	struct memory_grant *grant;
	uint64_t moved;
	uint64_t moving;
	uint64_t lost;
	uint64_t there;
	uint64_t epoch;
	struct str name; /* LIMIT:{IDENTITY} */
	char text[];
};

struct memory_shard {
	pthread_mutex_t lock;
	struct memory_entry **buckets;
	size_t n_buckets;
	size_t n_entries;
	size_t entries_max;
	size_t hand; /* the bucket that is swept next */
	struct memory_entry *oldest, *newest;
	uint64_t stamp;  /* of the last charge */
	uint64_t merged; /* all up to it were moved */
	uint64_t wiped;  /* all up to it are gone, and not given back */
};

struct memory_refund;
struct memory_tables;

struct memory {
	uint64_t seed; /* secret: nobody can aim at one bucket */
	uint64_t factor;
	struct memory_shard shards[MEMORY_SHARDS];
	pthread_mutex_t units_lock;
	struct memory_unit *units;
	struct memory_tables *tables;
	pthread_mutex_t merge_lock;
	struct store *_Atomic merged_into; /* NULL: never merged */
	atomic_size_t n_merged;            /* entries handed over */
	pthread_mutex_t refunds_lock;
	struct memory_refund *refunds; /* of charges that are on their way */
};

struct memory_shard *memory_shard_of(
    struct memory *memory, struct str name, uint64_t *hash_out);
/* All of these with the lock of the shard held. */
struct memory_entry *memory_find(
    struct memory_shard *shard, uint64_t hash, struct str name);
struct memory_entry *memory_insert(
    struct memory_shard *shard, uint64_t hash, struct str name);
void memory_drop(struct memory_shard *shard, struct memory_entry *entry);
/* It was charged: it is the newest now, and others may be swept. */
void memory_touch(struct memory_shard *shard, struct memory_entry *entry);
/* It is needed for so long from now at least. */
void memory_keep_alive(struct memory_entry *entry, int64_t lives_ms);
struct memory_window *memory_find_window(const struct memory_entry *entry,
    struct str unit, const struct store_rate *rate);
struct memory_window *memory_need_window(struct memory *memory,
    struct memory_entry *entry, struct str unit, const struct store_rate *rate);
void memory_drop_grant(struct memory_entry *entry);
/* A copy of unit that lives as long as memory. */
struct str memory_unit(struct memory *memory, struct str unit);

/* LIMIT:{IDENTITY} in an arena, and the opposite. */
struct str memory_name(
    struct arena *arena, struct str limit, struct str identity);
void memory_name_split(
    struct str name, struct str *limit_out, struct str *identity_out);
/* "21 of 20 recipients in 1h" */
void memory_lock_reason(const struct memory_lock *lock, struct buf *out);

/* memory_count.c */
int memory_wait(void *self, struct store_call *call, int64_t now_ms);
void memory_give_back(void *self, struct store_call *call);
/* One use whose refund is wanted, wherever its charge is now. */
void memory_give_back_use(
    struct memory *memory, struct store_call *call, struct call_use *use);

/* memory_tables.c */
struct memory_tables *memory_tables_new(void);
void memory_tables_free(struct memory_tables *tables);
void memory_tables_wipe(struct memory_tables *tables);
void memory_look_up(struct memory *memory, struct store_call *call,
    struct call_lookup *lookup, int64_t now_ms);
void memory_remember(struct store *store, struct str table, struct str entry,
    struct str value, uint32_t for_sec, int64_t now_ms);
void memory_forget(struct store *store, struct str table, struct str entry);
int memory_table_add(struct store *store, struct str table,
    const struct store_entry *entry, struct buf *error);
int memory_table_remove(struct store *store, struct str table, struct str entry,
    bool *was_there_out, struct buf *error);
int memory_table_list(struct store *store, struct str table, int64_t now_ms,
    bool (*each)(void *context, const struct store_entry *entry), void *context,
    struct buf *error);

/* memory_ledger.c */
extern const struct backend_ledger memory_ledger;

#endif
