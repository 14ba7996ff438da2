/*
 * The body is worked on in blocks of one size, whatever the chunks: where two
 * leaves read the same bytes and memory for both runs out, who gets the last of
 * it must not depend on how the bytes came. What a block holds of an encoded
 * message is decoded to the queue of a stream, which is read when the block is
 * done; it may hold an encoded message in turn, for a later stream.
 */
#include "mime/mime_own.h"

#include "base/xalloc.h"
#include "mime/line.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_FIRST_BYTES 4096

struct mime *
mime_new(const struct mime_limits *limits)
{
	struct mime *mime = xcalloc(1, sizeof(*mime));
	struct mime_stream *stream;

	mime->limits = *limits;
	mime->arena = arena_new(ARENA_FIRST_BYTES);
	mime->decoded_left = limits->decoded_bytes;
	mime->edges_left = limits->edges_bytes;
	mime->headers_left = limits->headers_bytes;
	mime->again_left = MIME_AGAIN_FACTOR * limits->decoded_bytes;
	stream = mime_stream_new(mime);
	mime->root = mime_part_new(mime, NULL, MIME_ROLE_PART);
	stream->part = mime->root;
	stream->is_in_header = true;
	return mime;
}

void
mime_free(struct mime *mime)
{
	struct mime_node *node;

	if (mime == NULL)
		return;
	for (size_t i = 0; i < mime->n_streams; i++)
		mime_stream_free(mime->streams[i]);
	for (node = mime->made_last; node != NULL; node = node->made_before)
		mime_give_up(mime, &node->part);
	for (size_t i = 0; i < mime->n_texts; i++)
		buf_done(&mime->texts[i]);
	buf_done(&mime->block);
	buf_done(&mime->scratch);
	arena_free(mime->arena);
	free(mime);
}

/* Of a leaf: only mime_leaf.c sets them, to memory of their own. */
static char *
own_bytes(const struct str *bytes)
{
	union {
		const char *given;
		char *own;
	} p = { .given = bytes->p };

	return p.own;
}

static void
free_bytes(struct mime *mime, struct str *bytes)
{
	mime->n_kept -= bytes->len;
	free(own_bytes(bytes));
	*bytes = (struct str){ 0 };
}

void
mime_give_up(struct mime *mime, struct mime_part *part)
{
	free_bytes(mime, &part->content);
	free_bytes(mime, &part->tail);
}

void
mime_unify_lines(struct mime *mime, struct str *bytes)
{
	size_t len = line_unify(own_bytes(bytes), bytes->len);

	mime->n_kept -= bytes->len - len;
	bytes->len = len;
}

struct str
mime_keep(struct mime *mime, struct buf *text)
{
	struct buf *kept;

	mime->texts = arena_grow(
	    mime->arena, mime->texts, mime->n_texts, sizeof(*mime->texts));
	kept = &mime->texts[mime->n_texts++];
	*kept = *text;
	*text = (struct buf){ 0 };
	/* It has grown to up to twice of what it needs. */
	kept->size = kept->len + 1;
	kept->p = xrealloc(kept->p, kept->size);
	kept->p[kept->len] = '\0';
	mime->n_kept += kept->len;
	return buf_str(kept);
}

void
mime_header(struct mime *mime, struct str name, struct str value)
{
	assert(!mime->has_begun);
	mime_fields_add(&mime->streams[0]->fields, name, value, mime);
}

static void
begin(struct mime *mime)
{
	if (mime->has_begun)
		return;
	mime->has_begun = true;
	mime_entity_header_end(mime->streams[0]);
}

static void
remove_stream(struct mime *mime, size_t i)
{
	mime_stream_free(mime->streams[i]);
	mime->n_streams--;
	memmove(&mime->streams[i], &mime->streams[i + 1],
	    (mime->n_streams - i) * sizeof(mime->streams[0]));
}

/* In order: a stream is fed by those before it. */
static void
feed_inner(struct mime *mime)
{
	for (size_t i = 1; i < mime->n_streams;) {
		struct mime_stream *stream = mime->streams[i];

		if (stream->queue.len > 0)
			mime_stream_feed(stream, buf_str(&stream->queue));
		buf_clear(&stream->queue);
		if (stream->is_ending) {
			mime_stream_end(stream);
			remove_stream(mime, i);
		} else {
			i++;
		}
	}
}

void
mime_feed(struct mime *mime, struct str bytes)
{
	mime_stream_feed(mime->streams[0], bytes);
	feed_inner(mime);
}

void
mime_body(struct mime *mime, struct str chunk)
{
	struct buf *block = &mime->block;
	size_t n;

	assert(!mime->has_ended);
	begin(mime);
	while (block->len + chunk.len >= MIME_BLOCK_BYTES) {
		n = MIME_BLOCK_BYTES - block->len;
		if (block->len == 0) {
			mime_feed(mime, str_sub(chunk, 0, n));
		} else {
			buf_add(block, str_sub(chunk, 0, n));
			mime_feed(mime, buf_str(block));
			buf_clear(block);
		}
		chunk = str_from(chunk, n);
	}
	buf_add(block, chunk);
}

void
mime_end(struct mime *mime)
{
	assert(!mime->has_ended);
	begin(mime);
	if (mime->block.len > 0)
		mime_feed(mime, buf_str(&mime->block));
	buf_done(&mime->block);
	mime_stream_end(mime->streams[0]);
	feed_inner(mime);
	mime_tree_number(mime);
	mime->has_ended = true;
}

struct mime_part *
mime_root(const struct mime *mime)
{
	return mime->root;
}

size_t
mime_n_parts(const struct mime *mime)
{
	return mime->n_parts;
}

uint64_t
mime_damage(const struct mime *mime)
{
	const struct mime_node *node;
	uint64_t damage = 0;

	for (node = mime->made_last; node != NULL; node = node->made_before)
		damage |= node->part.damage;
	return damage;
}

struct arena *
mime_arena(struct mime *mime)
{
	return mime->arena;
}

const struct mime_limits *
mime_limits(const struct mime *mime)
{
	return &mime->limits;
}

size_t
mime_bytes_kept(const struct mime *mime)
{
	return mime->n_kept;
}
