/*
 * act: what a rule does besides deciding - changes of the message, scores,
 * tags, lines in the log, entries of tables.
 */
#ifndef SLUICE_ENGINE_ACT_H
#define SLUICE_ENGINE_ACT_H

#include "engine/eval.h"

/* Nothing for an action that decides (reject and the like). */
void act(struct session *session, const struct rule *rule,
    const struct action *action, const struct evidence *evidence);

#endif
