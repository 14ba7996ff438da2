/*
 * memory_merge: handing over what was counted here; see memory_merge.c.
 */
#ifndef SLUICE_STORE_MEMORY_MERGE_H
#define SLUICE_STORE_MEMORY_MERGE_H

#include "store/memory.h"
#include "store/merge.h"

/* As store_merge; -1 with a message in error. */
int memory_hand_over(
    struct memory *memory, struct store *target, struct buf *error);
/* How many entries were handed over until now. */
size_t memory_n_merged(struct memory *memory);
/* Takes over: all parts, always. */
int memory_merge(
    struct store *store, struct merge_part *parts, size_t n, struct buf *error);

/* The charge of use is on its way: its refund waits. Shard locked. */
void memory_refund_later(
    struct memory *memory, struct store_call *call, struct call_use *use);
/* The charge of use was moved. No shard locked. */
void memory_refund_there(
    struct memory *memory, const struct call_use *use, uint64_t generation);

#endif
