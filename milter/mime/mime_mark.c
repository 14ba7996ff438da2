/*
 * The boundaries that are open, as a hash table: a line of a body is asked for
 * each of its beginnings that is as long as some boundary.
 *
 * There may be a hundred of them, and 20 MB have three million lines that begin
 * with "--": one by one that took two seconds. The table is made anew when
 * parts have begun or ended, which happens a thousand times at most. Where it
 * lies in memory goes into the hash, so nobody outside can foresee it.
 */
#include "mime/mime_own.h"

#include "base/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HASH_STEP UINT64_C(0x100000001b3)
#define HASH_MIX  UINT64_C(0x9e3779b97f4a7c15)

void
mime_marks_init(struct mime_marks *marks, const struct mime_limits *limits)
{
	assert(limits->boundary_bytes < 64 * MIME_MARK_WORDS);
	marks->n_slots = 16;
	while (marks->n_slots < 2 * (limits->depth + 1) * MIME_BOUNDARIES_MAX)
		marks->n_slots *= 2;
	marks->slots = xcalloc(marks->n_slots, sizeof(*marks->slots));
	marks->seed = (uintptr_t)marks->slots * HASH_MIX;
	marks->is_old = true;
}

void
mime_marks_done(struct mime_marks *marks)
{
	free(marks->slots);
}

static uint64_t
hash_more(uint64_t hash, char c)
{
	return (hash ^ (unsigned char)c) * HASH_STEP;
}

/* The slot of that boundary, or the free one where it belongs. */
static struct mime_mark *
find_slot(const struct mime_marks *marks, uint64_t hash, struct str text)
{
	size_t at = (size_t)((hash * HASH_MIX) >> 32) & (marks->n_slots - 1);

	while (marks->slots[at].boundary != NULL &&
	       (marks->slots[at].hash != hash ||
		   !str_eq(marks->slots[at].boundary->text, text)))
		at = (at + 1) & (marks->n_slots - 1);
	return &marks->slots[at];
}

static void
add_mark(struct mime_marks *marks, const struct mime_boundary *boundary,
    size_t level)
{
	struct str text = boundary->text;
	uint64_t hash = marks->seed;

	for (size_t i = 0; i < text.len; i++)
		hash = hash_more(hash, text.p[i]);
	/* Of two that are the same the inner one counts. */
	*find_slot(marks, hash, text) = (struct mime_mark){
		.boundary = boundary, .hash = hash, .level = level
	};
	marks->lengths[text.len / 64] |= UINT64_C(1) << (text.len % 64);
	if (text.len > marks->longest)
		marks->longest = text.len;
}

static void
renew(struct mime_stream *stream)
{
	struct mime_marks *marks = &stream->marks;

	memset(marks->slots, 0, marks->n_slots * sizeof(*marks->slots));
	memset(marks->lengths, 0, sizeof(marks->lengths));
	marks->longest = 0;
	marks->is_old = false;
	for (size_t i = 0; i < stream->n_levels; i++)
		for (size_t k = 0; k < stream->levels[i].n_boundaries; k++)
			add_mark(marks, &stream->levels[i].boundaries[k], i);
}

const struct mime_mark *
mime_marks_next(
    struct mime_stream *stream, struct str text, struct mime_mark_walk *walk)
{
	struct mime_marks *marks = &stream->marks;

	if (marks->is_old)
		renew(stream);
	if (walk->len == 0)
		walk->hash = marks->seed;
	while (walk->len < text.len && walk->len < marks->longest) {
		const struct mime_mark *mark;
		size_t len = walk->len + 1;

		walk->hash = hash_more(walk->hash, text.p[walk->len]);
		walk->len = len;
		if ((marks->lengths[len / 64] >> (len % 64) & 1) == 0)
			continue;
		mark = find_slot(marks, walk->hash, str_sub(text, 0, len));
		if (mark->boundary != NULL)
			return mark;
	}
	return NULL;
}
