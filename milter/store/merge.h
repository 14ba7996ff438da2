/*
 * merge: what a local store hands over to another one, an entry at a time.
 */
#ifndef SLUICE_STORE_MERGE_H
#define SLUICE_STORE_MERGE_H

#include "store/charge.h"
#include "store/distinct.h"
#include "store/ledger.h"

#define MERGE_BATCH 100 /* entries handed over at a time */

struct merge_window {
	struct str unit;
	struct store_rate rate; /* max as of the last charge */
	struct charge_count count;
};

/* All of one limit and identity that the local store has counted. */
struct merge_part {
	struct str name; /* LIMIT:{IDENTITY} */
	struct merge_window *windows;
	size_t n_windows;
	struct distinct_value *values;
	size_t n_values;
	struct store_hold lock; /* until_ms 0: none */
	int64_t lives_ms;       /* from now: how long it is needed */

	/* What became of it: set by the store that takes it. */
	bool is_merged;
	uint64_t generation; /* as for a charge: what refunds name */
	uint64_t epoch;      /* another one: what was there before is lost */
};

#endif
