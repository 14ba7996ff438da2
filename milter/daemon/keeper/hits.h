/*
 * hits: how often each rule fired, by day and action, until it is written to
 * the store. Any thread; no call waits.
 */
#ifndef SLUICE_DAEMON_KEEPER_HITS_H
#define SLUICE_DAEMON_KEEPER_HITS_H

#include "base/str.h"
#include "store/ledger.h"

#define HITS_MAX 4096 /* of rule, day, action, observed; what is more is lost */

struct hits;

struct hits *hits_new(void);
void hits_free(struct hits *hits);
/* action: a literal. now_ms: wall clock; its day in the process' time zone. */
void hits_add(struct hits *hits, struct str rule, const char *action,
    bool is_observed, int64_t now_ms);
/* Hits that were not counted, since the start. */
uint64_t hits_n_lost(struct hits *hits);
/*
 * Gives all to write, at most HITS_BATCH at a time, and begins anew. Must not
 * wait; called without a lock held.
 */
#define HITS_BATCH 256
void hits_flush(struct hits *hits,
    void (*write)(void *context, const struct store_hit *hits, size_t n),
    void *context);

#endif
