/*
 * level: how limits stand in a session, from what the store answered.
 */
#ifndef SLUICE_ENGINE_LEVEL_H
#define SLUICE_ENGINE_LEVEL_H

#include "engine/state.h"

extern const struct limit_level level_fits;
extern const struct limit_level level_unknown;

/* identity is not copied. */
struct limit_level level_read(
    const struct store_use *use, const struct store_answer *answer);
/* So many values at once that nobody can count them: over for good. */
struct limit_level level_too_many(const struct limit *limit);

/* The fullest rate in percent, before (or after) this charge. */
double level_percent_before(
    const struct store_use *use, const struct store_answer *answer);

/* is_charge: it counts for later stages, too. */
void level_note(struct session *session, const struct limit *limit,
    const struct limit_level *level, bool is_charge);
/* As if nothing had been asked; connections forget what was before. */
void level_clear(struct session *session, const struct limit *limit);

#endif
