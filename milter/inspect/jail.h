/*
 * jail: what a helper gives up before it sees the first hostile byte.
 */
#ifndef SLUICE_INSPECT_JAIL_H
#define SLUICE_INSPECT_JAIL_H

#include "base/buf.h"

#define JAIL_CPU_SEC 120u /* for all questions together */

/* Closes every descriptor but fd (and standard error where sanitizers report
 * there). */
void jail_close_all_but(int fd);

/*
 * For good: no new files, no processes, no more than memory_max bytes beyond
 * what the process has now, no system calls but those that unpacking in memory
 * needs; any other ends the process. 0, or -1 and why: then nothing hostile may
 * be read.
 */
int jail_enter(size_t memory_max, struct buf *why);

#endif
