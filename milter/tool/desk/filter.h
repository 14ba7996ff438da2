/*
 * filter: which events are wanted: `rule=pace observed=no client=192.0.2.0/24`.
 * Pure. All of them must hold; two of the same name are "or".
 */
#ifndef SLUICE_TOOL_DESK_FILTER_H
#define SLUICE_TOOL_DESK_FILTER_H

#include "base/buf.h"
#include "store/ledger.h"

#define FILTERS_MAX 32

struct filters {
	struct store_field items[FILTERS_MAX]; /* point to what was parsed */
	size_t n;
};

/*
 * words: KEY=VALUE. 0, or -1 and what is wrong: a word that is none, a name
 * that no event has. sasl_domain (may be NULL) completes user=anna.
 */
int filters_parse(struct arena *arena, int n, char *const *words,
    const char *sasl_domain, struct filters *filters_out, struct buf *error);
bool filters_take(
    const struct filters *filters, const struct store_event *event);

#endif
