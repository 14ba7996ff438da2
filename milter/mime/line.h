/*
 * line: the ends of lines.
 */
#ifndef SLUICE_MIME_LINE_H
#define SLUICE_MIME_LINE_H

#include <stddef.h>

/* Makes LF of each CR LF in text, in place; returns how long it is then. A CR
 * by itself stays. text may be NULL if there is nothing in it. */
size_t line_unify(char *text, size_t len);

#endif
