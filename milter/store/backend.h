/*
 * backend: what a store must be able to do; store.c, ledger.c and copies.c do
 * the rest.
 *
 * now_ms is STORE_NOW or from 0 to CHARGE_MAX. A backend that answers a call
 * sets answers, generation and state of it.
 */
#ifndef SLUICE_STORE_BACKEND_H
#define SLUICE_STORE_BACKEND_H

#include "store/call.h"
#include "store/ledger.h"

struct merge_part;

/* A listing of counters, as redis/admin.c takes it. */
struct backend_listing {
	struct str prefix;
	struct str limit;    /* empty: of all */
	struct str identity; /* empty: of all */
	int64_t now_ms;
	bool (*each)(void *context, const struct store_counter *counter);
	void *context;
};

/*
 * What ledger.h promises, in the same words. Limits and identities that must
 * be given are; the store is not told to be down. Those from hot_send on may
 * be NULL: then such a store keeps none.
 */
struct backend_ledger {
	int (*counters)(struct store *store, const struct store_query *query,
	    bool (*each)(void *context, const struct store_counter *counter),
	    void *context, struct buf *error);
	int (*reset)(struct store *store, struct str limit, struct str identity,
	    size_t *n_out, struct buf *error);
	int (*accounts)(struct store *store, const struct store_asking *asking,
	    bool (*each)(
		void *context, size_t i, const struct store_account *account),
	    void *context, struct buf *error);

	int (*grant_set)(struct store *store, const struct store_grant *grant,
	    struct buf *error);
	int (*grant_drop)(struct store *store, struct str limit,
	    struct str identity, bool *was_there_out, struct buf *error);
	int (*grants)(struct store *store, int64_t now_ms,
	    bool (*each)(void *context, const struct store_grant *grant),
	    void *context, struct buf *error);

	int (*table_add)(struct store *store, struct str table,
	    const struct store_entry *entry, struct buf *error);
	int (*table_remove)(struct store *store, struct str table,
	    struct str entry, bool *was_there_out, struct buf *error);
	int (*table_list)(struct store *store, struct str table, int64_t now_ms,
	    bool (*each)(void *context, const struct store_entry *entry),
	    void *context, struct buf *error);

	void (*hot_send)(struct store *store, struct str limit,
	    struct str identity, int64_t now_ms);
	int (*hot)(struct store *store, struct str limit,
	    bool (*each)(void *context, struct str identity), void *context,
	    struct buf *error);
	int (*hot_drop)(struct store *store, struct str limit,
	    const struct str *identities, size_t n, struct buf *error);

	void (*event_send)(
	    struct store *store, const struct store_event *event);
	int (*events_back)(struct store *store,
	    bool (*each)(void *context, const struct store_event *event),
	    void *context, struct buf *error);
	int (*events_after)(struct store *store, char id[STORE_EVENT_ID_MAX],
	    uint32_t wait_ms,
	    bool (*each)(void *context, const struct store_event *event),
	    void *context, struct buf *error);

	void (*hits_send)(struct store *store, const struct store_hit *hits,
	    size_t n_hits, int64_t now_ms);
	int (*hits)(struct store *store, struct str rule,
	    bool (*each)(void *context, const struct store_hit *hit),
	    void *context, struct buf *error);

	void (*host_send)(struct store *store, struct str name,
	    const struct store_field *fields, size_t n_fields, int64_t now_ms);
	int (*hosts)(struct store *store,
	    bool (*each)(void *context, struct str name, int64_t seen_ms,
		const struct store_field *fields, size_t n_fields),
	    void *context, struct buf *error);

	int (*switch_set)(struct store *store, const struct store_switch *one,
	    struct buf *error);
	int (*switch_drop)(struct store *store, struct str rule,
	    bool *was_there_out, struct buf *error);
	int (*switches)(struct store *store, int64_t now_ms,
	    bool (*each)(void *context, const struct store_switch *one),
	    void *context, struct buf *error);
};

struct backend {
	void (*close)(void *self);
	bool (*is_up)(void *self);
	/* Sets the state of call to answered or failed; 0 or -1. */
	int (*wait)(void *self, struct store_call *call, int64_t now_ms);
	/* Takes a reference of its own to call if it needs it later. */
	void (*send)(void *self, struct store_call *call, int64_t now_ms);
	/* Carries out what is REFUND_WANTED in call. */
	void (*give_back)(void *self, struct store_call *call);
	int (*flush)(void *self, uint32_t timeout_ms);
	/* As store_mark; NULL: what is sent or given back is done at once. */
	uint64_t (*mark)(void *self);
	/* Both as in store.h. */
	void (*remember)(struct store *store, struct str table,
	    struct str entry, struct str value, uint32_t for_sec,
	    int64_t now_ms);
	void (*forget)(struct store *store, struct str table, struct str entry);
	/* Adds n (at most MERGE_BATCH) parts, see merge.h. 0: all of them. */
	int (*merge)(struct store *store, struct merge_part *parts, size_t n,
	    struct buf *error);
	int (*wipe)(void *self, struct buf *error);
	/* Failures of what nobody waited for. */
	uint64_t (*n_failures)(void *self);
	/* As store_nodes; NULL: it has none. */
	size_t (*nodes)(
	    void *self, struct store_node nodes_out[STORE_NODES_MAX]);
	const struct backend_ledger *ledger;
};

struct store {
	const struct backend *backend;
	void *self;
	char *name;
	struct str prefix;
	atomic_bool is_down; /* store_set_down */
	_Atomic uint64_t n_waited;
	_Atomic uint64_t n_sent;
	_Atomic uint64_t n_failures;
	struct latency answered;
	struct latency failed;
	struct denied *denied;
	struct copies *copies;
};

/* Times of callers, in the range that backends are given. */
int64_t store_time_in_range(int64_t now_ms);

/*
 * Both own what they return; see memory.c and redis.c. NULL and a message for
 * people: a file that the URL names is of no use.
 */
struct store_url;
void *memory_open(size_t keys_max);
extern const struct backend memory_backend;
void *redis_open(const struct store_url *url, const struct store *store,
    const struct store_options *options, struct buf *error);
extern const struct backend redis_backend;
extern const struct backend_ledger redis_ledger; /* redis/ledger.c */

#endif
