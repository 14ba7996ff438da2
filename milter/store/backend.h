/*
 * backend: what a store must be able to do; store.c does the rest.
 *
 * now_ms is STORE_NOW or not negative. A backend that answers a call sets
 * answers, generation and state of it.
 */
#ifndef SLUICE_STORE_BACKEND_H
#define SLUICE_STORE_BACKEND_H

#include "store/call.h"
#include "store/ledger.h"

/* What store_counters was asked; each is called without a lock held. */
struct backend_listing {
	struct str prefix;
	struct str limit;    /* empty: of all */
	struct str identity; /* empty: of all */
	int64_t now_ms;
	bool (*each)(void *context, const struct store_counter *counter);
	void *context;
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
	int (*list)(void *self, const struct backend_listing *listing,
	    struct buf *error);
	int (*reset)(
	    void *self, struct str key, size_t *n_out, struct buf *error);
	int (*wipe)(void *self, struct buf *error);
	/* Failures of what nobody waited for. */
	uint64_t (*n_failures)(void *self);
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
};

/* Both own what they return; see memory.c and redis.c. */
struct store_url;
void *memory_open(size_t keys_max);
extern const struct backend memory_backend;
void *redis_open(const struct store_url *url, const struct store *store,
    const struct store_options *options);
extern const struct backend redis_backend;

#endif
