/*
 * crossing: a key has come near its limit, over it, or was locked - told once,
 * for those who look after users.
 */
#ifndef SLUICE_ENGINE_CROSSING_H
#define SLUICE_ENGINE_CROSSING_H

#include "engine/state.h"

/* What one use was answered, and what was made of it. */
void crossing_note(struct session *session, const struct limit *limit,
    const struct store_use *use, const struct store_answer *answer,
    const struct limit_level *level);

#endif
