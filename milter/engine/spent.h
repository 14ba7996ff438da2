/*
 * spent: what becomes of a pattern that had no answer for want of budget.
 */
#ifndef SLUICE_ENGINE_SPENT_H
#define SLUICE_ENGINE_SPENT_H

#include "engine/state.h"

/* What was over the budget is unknown, damage of the message, and told of the
 * rule that asked, once. */
enum tri tri_of_pattern(struct session *session, enum pattern_result result);

/* Tells of the CPU time that the budget lost since this was called last: it
 * was spent for rule (empty: for the scan of all). */
void spent_tell_cpu(struct session *session, struct str rule);

/* A new budget begins: what was told may be told again. */
void spent_forget(struct session *session);

#endif
