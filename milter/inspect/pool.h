/*
 * pool: helpers lent and given back. Any thread.
 */
#ifndef SLUICE_INSPECT_POOL_H
#define SLUICE_INSPECT_POOL_H

#include "inspect/inspect.h"
#include "inspect/process.h"

struct pool;

/* What became of a helper while it was lent. */
enum pool_end {
	POOL_GOOD,
	POOL_UNREADY, /* it is still starting; nothing was asked */
	POOL_WORN,    /* it answered, and is to be replaced */
	POOL_REFUSED, /* it could not begin to serve */
	POOL_GONE,    /* it died, or made no sense */
	POOL_LATE,
};

struct pool *pool_new(unsigned n_helpers, size_t memory_max);
/* All are given back. NULL is fine. */
void pool_free(struct pool *pool);

/* One that is idle, or a new one. NULL: none by then, or none can be started at
 * the moment; it has been logged. */
struct process *pool_borrow(struct pool *pool, int64_t deadline_us);
/* why: of a refusal, else empty. The process is the pool's again. */
void pool_give_back(struct pool *pool, struct process *process,
    enum pool_end end, struct str why);

/* All but n_questions. */
void pool_counts(struct pool *pool, struct inspect_counts *counts_out);

#endif
