/*
 * quiet: which crossings are the first: the same limit and key may say the
 * same again once it was quiet for the limit's window. Pure, bounded.
 */
#ifndef SLUICE_TOOL_DESK_QUIET_H
#define SLUICE_TOOL_DESK_QUIET_H

#include "store/ledger.h"

#define QUIET_MAX 10000 /* crossings that are remembered */

struct quiet;

struct quiet *quiet_new(void);
void quiet_free(struct quiet *quiet);
/* Is this crossing the first since it was quiet? It is one from now on. */
bool quiet_is_first(struct quiet *quiet, const struct store_event *crossing);

#endif
