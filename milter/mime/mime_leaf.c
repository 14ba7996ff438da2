/*
 * A leaf's bytes are decoded as they come, counted, and kept while there is
 * room: texts and archives whole, of other things a sample. The room is that
 * of the message: who comes first has it. Once it is used up each part still
 * keeps its first and last bytes, so that a megabyte of padding hides nothing
 * at the beginning of a part, nor at its end.
 *
 * The trap is bytes that are read in five ways at once: 20 MB of them took 2.5
 * seconds. Second readings get so many bytes in sum, each of them half of what
 * the others have left; which is the same for every cut, as what each takes as
 * it comes would not be.
 */
#include "mime/mime_own.h"

#include "base/xalloc.h"
#include "mime/signature.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_FIRST_BYTES 512
#define DECODE_SLOP      8 /* more than a decoder holds back */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool
looks_like_archive(const struct mime_part *part)
{
	for (size_t i = 0; i < part->n_names; i++)
		if (signature_name_is_archive(part->names[i]))
			return true;
	return signature_type_is_archive(part->type);
}

struct mime_sink *
mime_sink_new(struct mime *mime, struct mime_part *part)
{
	struct mime_sink *sink = xcalloc(1, sizeof(*sink));

	sink->mime = mime;
	sink->part = part;
	sink->transfer.encoding = part->encoding;
	sink->keeps_all = part->kind != MIME_OTHER || looks_like_archive(part);
	if (part->kind == MIME_TEXT)
		sink->uu = mime_uu_new();
	if (part->role == MIME_ROLE_AGAIN) {
		sink->again_left = mime->again_left / 2;
		mime->again_left -= sink->again_left;
	}
	return sink;
}

/* Grows by a quarter, not to twice its size: it may be a megabyte. */
static void
make_room(struct buf *buf, size_t more)
{
	size_t size = buf->len + more + 1;

	if (size <= buf->size)
		return;
	if (size < HEAD_FIRST_BYTES)
		size = HEAD_FIRST_BYTES;
	size += buf->size / 4;
	buf->p = xrealloc(buf->p, size);
	buf->size = size;
}

/* Bytes that may be added to a head of that length, from the room there is
 * for all; takes them from it. */
static size_t
take_room(struct mime_sink *sink, size_t len, size_t want)
{
	struct mime *mime = sink->mime;
	size_t max, taken, edge;

	max = sink->keeps_all ? SIZE_MAX : mime->limits.sample_bytes;
	want = least(want, max > len ? max - len : 0);
	taken = least(want, mime->decoded_left);
	mime->decoded_left -= taken;
	if (taken == want)
		return taken;
	sink->is_short = true;
	len += taken;
	edge = mime->limits.edge_bytes;
	edge = least(edge > len ? edge - len : 0, mime->edges_left);
	edge = least(edge, want - taken);
	mime->edges_left -= edge;
	return taken + edge;
}

static void
begin_tail(struct mime_sink *sink)
{
	struct mime *mime = sink->mime;

	sink->is_full = true;
	if (!sink->keeps_all)
		return;
	sink->tail_size = least(mime->limits.edge_bytes, mime->edges_left);
	mime->edges_left -= sink->tail_size;
	if (sink->tail_size > 0)
		sink->tail = xmalloc(sink->tail_size);
}

static void
add_to_tail(struct mime_sink *sink, struct str bytes)
{
	size_t at, n;

	if (sink->tail_size == 0) {
		sink->n_tail += bytes.len;
		return;
	}
	if (bytes.len > sink->tail_size) {
		sink->n_tail += bytes.len - sink->tail_size;
		bytes = str_from(bytes, bytes.len - sink->tail_size);
	}
	while (bytes.len > 0) {
		at = (size_t)(sink->n_tail % sink->tail_size);
		n = least(bytes.len, sink->tail_size - at);
		memcpy(sink->tail + at, bytes.p, n);
		sink->n_tail += n;
		bytes = str_from(bytes, n);
	}
}

/* The bytes stand in the head already, from before on. */
static void
keep(struct mime_sink *sink, size_t before)
{
	size_t n = sink->head.len - before, kept;

	kept = take_room(sink, before, n);
	if (kept < n && !sink->keeps_all &&
	    signature_is_archive(buf_str(&sink->head))) {
		sink->keeps_all = true;
		sink->is_short = false;
		kept += take_room(sink, before + kept, n - kept);
	}
	if (kept == n)
		return;
	begin_tail(sink);
	add_to_tail(sink, str_from(buf_str(&sink->head), before + kept));
	sink->head.len = before + kept;
}

static struct str
decode_to_head(struct mime_sink *sink, struct str bytes)
{
	struct buf *head = &sink->head;
	size_t before = head->len, end;

	make_room(head, bytes.len + DECODE_SLOP);
	transfer_push(&sink->transfer, bytes, head, &sink->part->damage);
	end = head->len;
	keep(sink, before);
	return (struct str){ head->p + before, end - before };
}

static struct str
decode_and_drop(struct mime_sink *sink, struct str bytes)
{
	struct buf *scratch = &sink->mime->scratch;

	if (sink->transfer.encoding != TRANSFER_IDENTITY) {
		buf_clear(scratch);
		transfer_push(
		    &sink->transfer, bytes, scratch, &sink->part->damage);
		bytes = buf_str(scratch);
	}
	add_to_tail(sink, bytes);
	return bytes;
}

static void
push_to_stream(struct mime_sink *sink, struct str bytes)
{
	struct buf *queue = &sink->stream->queue;
	size_t before = queue->len;

	transfer_push(&sink->transfer, bytes, queue, &sink->part->damage);
	sink->part->size += queue->len - before;
}

struct str
mime_sink_take(struct mime_sink *sink, struct str bytes)
{
	bytes = sink->is_full ? decode_and_drop(sink, bytes)
			      : decode_to_head(sink, bytes);
	sink->part->size += bytes.len;
	return bytes;
}

static struct str
take_again(struct mime_sink *sink, struct str bytes)
{
	if (bytes.len > sink->again_left) {
		bytes.len = sink->again_left;
		mime_note(sink->part, DAMAGE_PART_CUT);
	}
	sink->again_left -= bytes.len;
	return bytes;
}

void
mime_sink_push(struct mime_sink *sink, struct str bytes)
{
	if (sink->part->role == MIME_ROLE_AGAIN &&
	    (bytes = take_again(sink, bytes)).len == 0)
		return;
	if (sink->stream != NULL) {
		push_to_stream(sink, bytes);
		return;
	}
	bytes = mime_sink_take(sink, bytes);
	if (sink->uu != NULL)
		mime_uu_push(sink, bytes);
}

/* What the decoder held back comes as any other bytes. */
static void
flush_decoder(struct mime_sink *sink)
{
	struct buf rest = { 0 };

	transfer_end(&sink->transfer, &rest, &sink->part->damage);
	sink->transfer = (struct transfer){ .encoding = TRANSFER_IDENTITY };
	if (rest.len > 0)
		mime_sink_push(sink, buf_str(&rest));
	buf_done(&rest);
}

/* The ring, laid out from its oldest byte on. */
static struct str
unroll_tail(struct mime_sink *sink)
{
	size_t at = (size_t)(sink->n_tail % sink->tail_size), n;
	char *tail;

	if (sink->n_tail < sink->tail_size)
		at = 0;
	n = sink->n_tail < sink->tail_size ? (size_t)sink->n_tail
					   : sink->tail_size;
	tail = xmalloc(n + 1);
	memcpy(tail, sink->tail + at, n - at);
	memcpy(tail + (n - at), sink->tail, at);
	tail[n] = '\0';
	return (struct str){ tail, n };
}

static void
keep_tail(struct mime_sink *sink)
{
	struct mime_part *part = sink->part;

	part->is_cut = sink->n_tail > sink->tail_size;
	if (part->is_cut && sink->is_short)
		mime_note(part, DAMAGE_PART_CUT);
	if (sink->n_tail > 0 && sink->tail_size > 0) {
		part->tail = unroll_tail(sink);
		sink->mime->n_kept += part->tail.len;
	}
	sink->mime->edges_left += sink->tail_size - part->tail.len;
	free(sink->tail);
}

/* Gives back what the head has grown too much. */
static void
keep_head(struct mime_sink *sink)
{
	struct buf *head = &sink->head;

	if (head->len == 0) {
		buf_done(head);
		return;
	}
	head->p = xrealloc(head->p, head->len + 1);
	head->p[head->len] = '\0';
	sink->part->content = (struct str){ head->p, head->len };
	sink->mime->n_kept += head->len;
}

void
mime_sink_end(struct mime_sink *sink)
{
	flush_decoder(sink);
	if (sink->uu != NULL)
		mime_uu_end(sink);
	if (sink->stream != NULL)
		sink->stream->is_ending = true;
	if (sink->part->role == MIME_ROLE_AGAIN)
		sink->mime->n_again--;
	sink->mime->again_left += sink->again_left;
	keep_head(sink);
	keep_tail(sink);
	free(sink);
}
