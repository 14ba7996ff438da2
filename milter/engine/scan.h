/*
 * scan: may a pattern match a value at all? Found once a message for each
 * value, for all patterns that are asked of the fact.
 */
#ifndef SLUICE_ENGINE_SCAN_H
#define SLUICE_ENGINE_SCAN_H

#include "engine/state.h"

/* cond is a match; value is number `at` of its fact. False: it matches not. */
bool scan_is_candidate(struct session *session, const struct condition *cond,
    size_t at, struct str value);

#endif
