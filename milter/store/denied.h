/*
 * denied: what the store has just refused, so that a client who is over costs
 * no call. Bounded: a newer denial takes the place of an older one. Any thread.
 */
#ifndef SLUICE_STORE_DENIED_H
#define SLUICE_STORE_DENIED_H

#include "store/call.h"

struct denied;

struct denied *denied_new(void);
void denied_free(struct denied *denied); /* NULL is fine */
/* Remembers the answer, if it is one that would come again. */
void denied_note(struct denied *denied, const struct call_use *use,
    const struct store_answer *answer);
/* As store_was_denied. */
bool denied_find(struct denied *denied, const struct store_use *use,
    struct store_answer *answer_out);

#endif
