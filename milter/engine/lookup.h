/*
 * lookup: tables in the store. What a stage wants to know of them goes into
 * its one call; here is what was asked and what came back.
 *
 * lookup_prepare right before the call (rules before it may have set tags),
 * lookup_add while it is made, lookup_read or lookup_fall_back after it. The
 * values of a fact are those it had then.
 */
#ifndef SLUICE_ENGINE_LOOKUP_H
#define SLUICE_ENGINE_LOOKUP_H

#include "engine/eval.h"

/* Sets session->lookups; NULL if the stage has none. */
void lookup_prepare(struct session *session, const struct stage_plan *plan);
size_t lookup_n_asked(const struct session *session);
void lookup_add(struct session *session, struct store_call *call);
/* call was answered, and lives as long as the stage. */
void lookup_read(struct session *session, const struct store_call *call);
/* The store is away: by each table's on-outage. */
void lookup_fall_back(struct session *session);

/* How many values look-up number i of the stage has. */
size_t lookup_n_values(const struct session *session, size_t i);
/*
 * Is one of them in the table? value_out (may be NULL): what its best entry
 * says, for the stage. Unknown also if nobody could be asked; then evidence
 * says whether that is a reason to wait.
 */
enum tri lookup_value(const struct session *session, size_t i, size_t value,
    struct str *value_out, struct evidence *evidence);

#endif
