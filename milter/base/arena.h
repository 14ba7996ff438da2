/*
 * arena: memory that is freed all at once.
 *
 * One arena a ruleset, a connection and a message. Nothing in a long-lived
 * arena may point into a short-lived one. An arena is used by one thread at a
 * time. Allocation never fails (see xalloc) and is aligned for any object.
 */
#ifndef SLUICE_BASE_ARENA_H
#define SLUICE_BASE_ARENA_H

#include "base/str.h"

#include <stddef.h>

struct arena;

/* first_bytes: size of the first chunk; later ones double up to 256 KiB. */
struct arena *arena_new(size_t first_bytes);
void arena_free(struct arena *arena); /* NULL is fine */

void *arena_alloc(struct arena *arena, size_t size);  /* not cleared */
void *arena_calloc(struct arena *arena, size_t size); /* all zero */

/* Copies that live as long as the arena; always followed by a NUL byte. */
struct str arena_str(struct arena *arena, struct str s);
char *arena_cstr(struct arena *arena, struct str s);
struct str arena_join(struct arena *arena, struct str a, struct str b);
struct str arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Bytes handed out so far. */
size_t arena_used(const struct arena *arena);

/*
 * A growing array in an arena: makes room for one more element behind the n
 * elements at items and returns the (perhaps moved) array. The old array stays
 * in the arena, so growth doubles. Grows at n = 0, 4, 8, 16 … only: the caller
 * needs no capacity of its own.
 */
void *arena_grow(struct arena *arena, void *items, size_t n, size_t size);

#endif
