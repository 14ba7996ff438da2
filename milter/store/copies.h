/*
 * copies: tables of the store, as they were when they were last listed, for
 * the time in which the store is away. See store.h. Any thread.
 */
#ifndef SLUICE_STORE_COPIES_H
#define SLUICE_STORE_COPIES_H

#include "store/store.h"

struct copies;

struct copies *copies_new(void);
void copies_free(struct copies *copies); /* NULL is fine */
void copies_want(struct copies *copies, struct str table);
void copies_renew(struct copies *copies, struct store *store);
int copies_look_up(struct copies *copies, const struct store_lookup *lookup,
    struct arena *arena, struct store_found *found_out);

#endif
