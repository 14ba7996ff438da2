/*
 * call: what a store call is made of. For the files of this layer only.
 *
 * Everything of a call stands in its arena. Its maker fills it; from then on
 * the state says who may write: while it is under way only the thread that
 * asks the store. refund is the one field that two threads change.
 */
#ifndef SLUICE_STORE_CALL_H
#define SLUICE_STORE_CALL_H

#include "base/arena.h"
#include "store/store.h"

#include <stdatomic.h>

#define CALL_ITEMS_MAX (STORE_USES_MAX + STORE_LOOKUPS_MAX)

enum call_state {
	CALL_OPEN,      /* uses are being added */
	CALL_UNDER_WAY, /* sent, no answer yet */
	CALL_ANSWERED,
	CALL_FAILED, /* perhaps charged, never given back */
};

enum call_refund {
	REFUND_NONE,
	REFUND_WANTED, /* asked for, not yet carried out */
	REFUND_DONE,
};

struct call_use {
	struct str key;      /* PREFIX:limit:LIMIT:{IDENTITY}, or distinct */
	unsigned prefix_len; /* of PREFIX */
	unsigned name_at;    /* where LIMIT:{IDENTITY} begins in key */
	struct str unit;
	enum store_op op;
	unsigned tag;
	uint64_t amount;
	const struct store_rate *rates;
	struct str *members; /* from the answer on those that it added */
	unsigned n_rates;
	unsigned n_members;
	uint32_t hash; /* of key and unit */
	uint32_t lock_sec;
	bool is_unlimited;
	bool is_distinct;

	/* The token: what was charged, by rates that may be a grant's. */
	bool is_charged;
	atomic_int refund; /* enum call_refund */
	unsigned n_charged;
	const struct store_rate *charged;
	int64_t *slots;      /* n_rates of them, unless there was a grant */
	uint64_t generation; /* of the data that was charged */
};

/* A look into a table. */
struct call_lookup {
	struct str key; /* PREFIX:table:NAME */
	struct str *entries;
	size_t n_entries;
	struct store_found *found; /* as many; set by the store */
	bool failed;               /* the key is of another type */
};

struct store_call {
	struct store *store;
	struct arena *arena;
	atomic_uint n_refs;
	atomic_int state; /* enum call_state */
	uint64_t
	    after; /* a mark of the store, see store_call_follow; 0: none */
	struct call_use *uses;
	size_t n_uses;
	struct store_answer *answers; /* n_uses; NULL: nobody reads them */
	struct call_lookup *lookups;
	size_t n_lookups;
};

void call_get(struct store_call *call);
/* Something of this use was charged that can be given back, if answered. */
bool call_use_is_charged(const struct call_use *use);
/* Answered and something of this use was charged that can be given back. */
bool call_use_is_refundable(
    const struct store_call *call, const struct call_use *use);

/*
 * What came of use number i: becomes its answer, if that is read, and its
 * token. is_new[m] tells which members were added; NULL: all or none.
 */
void call_settle(struct store_call *call, struct call_use *use,
    const struct store_answer *answer, const bool *is_new);

/*
 * An answered call of one use of target, whose refund is wanted: that of use,
 * which was charged in another store and moved to this one.
 */
struct store_call *call_refund_to(
    struct store *target, const struct call_use *use, uint64_t generation);

/* This host's name, as it stands in locks: one word. Lives for ever. */
struct str call_host_name(void);

/* PREFIX:KIND:LIMIT:{IDENTITY}: "limit", "distinct", "lock", "grant". */
struct str call_key_of(struct arena *arena, struct str prefix, const char *kind,
    struct str limit, struct str identity);
/* PREFIX:table:NAME. */
struct str call_table_key(
    struct arena *arena, struct str prefix, struct str table);
/* A counter of a listing, from what is stored; now_ms is no STORE_NOW. */
struct charge_slots;
struct store_counter;
void call_counter_fill(struct store_counter *counter,
    const struct charge_slots *slots, int64_t now_ms);

#endif
