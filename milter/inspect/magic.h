/*
 * magic: what the first bytes say they are. The only libmagic. Runs in a
 * helper process; in others only for tests.
 */
#ifndef SLUICE_INSPECT_MAGIC_H
#define SLUICE_INSPECT_MAGIC_H

#include "base/arena.h"
#include "base/buf.h"

#define MAGIC_SAMPLE_BYTES ((size_t)4096)

struct magic;

/* Reads the system's database. NULL and why, if that cannot be done; without
 * libmagic NULL and nothing. */
struct magic *magic_new(struct buf *why);
void magic_free(struct magic *magic); /* NULL is fine */

/* "application/x-dosexec", or empty; of content the first bytes count. */
struct str magic_type(
    struct magic *magic, struct str content, struct arena *arena);

/* Bytes that may pass from a helper as a type: [a-z0-9.+/-], at most 255. */
bool magic_is_type(struct str text);

/* 544 for 5.44, of the library that is loaded; 0: none. */
int magic_version_number(void);

#endif
