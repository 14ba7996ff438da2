/*
 * slow: patterns that some mail can make explode.
 */
#ifndef SLUICE_TOOL_SLOW_H
#define SLUICE_TOOL_SLOW_H

#include "base/buf.h"
#include "rules/ruleset.h"

#define SLOW_US 20000 /* of CPU time for one text of at most 64 KiB */

/*
 * Tries each pattern of the rules on texts that make bad ones explode, and
 * writes a warning for each that takes longer than SLOW_US, or that has no
 * answer within regex_match_limit. Returns how many patterns there are.
 */
size_t slow_patterns(
    const struct ruleset *rules, struct buf *out, size_t *n_slow_out);

#endif
