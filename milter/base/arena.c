/*
 * A chain of chunks, of which only the newest is filled. Each is twice as large
 * as the one before, up to a maximum, so that a large message costs few mallocs
 * and a small one little memory.
 */
#include "base/arena.h"

#include "base/xalloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN       (_Alignof(max_align_t))
#define ARENA_CHUNK_MAX   ((size_t)256 * 1024)
#define ARENA_FIRST_ITEMS 4

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	size_t used;
	max_align_t data[];
};

/* The arena itself stands at the head of its first chunk: one malloc each. */
struct arena {
	struct arena_chunk *newest;
	size_t used;
};

static struct arena_chunk *
add_chunk(size_t size, struct arena_chunk *next)
{
	struct arena_chunk *chunk;

	chunk = xmalloc(sizeof(*chunk) + size);
	chunk->next = next;
	chunk->size = size;
	chunk->used = 0;
	return chunk;
}

static size_t
round_up(size_t size)
{
	assert(size <= SIZE_MAX - ARENA_ALIGN);
	return (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

struct arena *
arena_new(size_t first_bytes)
{
	struct arena_chunk *chunk;
	struct arena *arena;
	size_t head = round_up(sizeof(*arena));

	if (first_bytes < head + sizeof(*chunk) + 64)
		first_bytes = head + sizeof(*chunk) + 64;
	chunk = add_chunk(first_bytes - sizeof(*chunk), NULL);
	arena = (struct arena *)(void *)chunk->data;
	chunk->used = head;
	arena->newest = chunk;
	arena->used = 0;
	return arena;
}

void
arena_free(struct arena *arena)
{
	struct arena_chunk *chunk, *next;

	if (arena == NULL)
		return;
	for (chunk = arena->newest; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->newest;
	size_t grown;
	void *memory;

	size = round_up(size > 0 ? size : 1);
	if (chunk->size - chunk->used < size) {
		grown = chunk->size * 2;
		if (grown > ARENA_CHUNK_MAX)
			grown = ARENA_CHUNK_MAX;
		chunk = add_chunk(size > grown ? size : grown, chunk);
		arena->newest = chunk;
	}
	memory = (char *)chunk->data + chunk->used;
	chunk->used += size;
	arena->used += size;
	return memory;
}

void *
arena_calloc(struct arena *arena, size_t size)
{
	return memset(arena_alloc(arena, size), 0, size);
}

char *
arena_cstr(struct arena *arena, struct str s)
{
	char *copy = arena_alloc(arena, s.len + 1);

	if (s.len > 0)
		memcpy(copy, s.p, s.len);
	copy[s.len] = '\0';
	return copy;
}

struct str
arena_str(struct arena *arena, struct str s)
{
	return (struct str){ arena_cstr(arena, s), s.len };
}

struct str
arena_join(struct arena *arena, struct str a, struct str b)
{
	size_t len = a.len + b.len;
	char *copy = arena_alloc(arena, len + 1);

	if (a.len > 0)
		memcpy(copy, a.p, a.len);
	if (b.len > 0)
		memcpy(copy + a.len, b.p, b.len);
	copy[len] = '\0';
	return (struct str){ copy, len };
}

struct str
arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	assert(format != NULL);
	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(len >= 0);
	text = arena_alloc(arena, (size_t)len + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return (struct str){ text, (size_t)len };
}

size_t
arena_used(const struct arena *arena)
{
	return arena->used;
}

void *
arena_grow(struct arena *arena, void *items, size_t n, size_t size)
{
	bool is_power = n >= ARENA_FIRST_ITEMS && (n & (n - 1)) == 0;
	void *grown;

	if (n > 0 && !is_power)
		return items;
	assert(n < SIZE_MAX / 2 / size);
	grown = arena_alloc(arena, (n == 0 ? ARENA_FIRST_ITEMS : n * 2) * size);
	if (n > 0)
		memcpy(grown, items, n * size);
	return grown;
}
