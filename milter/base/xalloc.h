/*
 * xalloc: memory that is there or the program ends.
 *
 * Out of memory is not a state that a mail filter can think in: each of these
 * writes one line to standard error and aborts, so callers never check.
 */
#ifndef SLUICE_BASE_XALLOC_H
#define SLUICE_BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

#endif
