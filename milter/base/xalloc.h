/*
 * xalloc: memory that is there or the program ends.
 *
 * Out of memory is not a state that a mail filter can think in: each of these
 * writes one line to the log and aborts, so callers never check. The MTA does
 * then what it does without an answer (it tells the client to come again), and
 * the service manager starts a new process.
 */
#ifndef SLUICE_BASE_XALLOC_H
#define SLUICE_BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

#endif
