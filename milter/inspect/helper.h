/*
 * helper: what a helper process does from its start to its end.
 */
#ifndef SLUICE_INSPECT_HELPER_H
#define SLUICE_INSPECT_HELPER_H

#include "inspect/inspect.h"

#define HELPER_NAME "sluice-inspect" /* argv[0] */
#define HELPER_FD   3                /* its socket */

/*
 * Serves until the socket ends; the exit status. before: called for each
 * attachment first, in jail; for tests only, else NULL.
 */
int helper_serve(void (*before)(const struct inspect_item *item));

#endif
