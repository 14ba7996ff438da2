/*
 * denied: a client who is over costs no call. What was denied a moment ago
 * would be denied again, and if that alone decides the stage, nothing else of
 * it needs to be known.
 */
#ifndef SLUICE_ENGINE_DENIED_H
#define SLUICE_ENGINE_DENIED_H

#include "engine/charge.h"
#include "engine/judge.h"

/*
 * Is the stage decided by denials that are known? Then they stand in
 * session->limits, what the call would have charged for good was sent without
 * waiting, and the rules behind the call are to be run without one. judge: as
 * it is after the rules before the call.
 */
bool denied_decides(const struct judge *judge, const struct stage_plan *plan,
    const struct charge *charge);

#endif
