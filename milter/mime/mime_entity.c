/*
 * Parts begin and end here, on a stack of levels: one for each multipart and
 * each message that is open. A delimiter of any level ends all that is above
 * it. What is at the top, and not a level, is a leaf: a sink.
 *
 * What programs read in two ways has a second part (MIME_ROLE_AGAIN), whose
 * sink gets the same bytes at the same time; if it has a structure of its own,
 * the sink's bytes are a stream of their own, with levels of their own.
 *
 * A line in a header that is no field: strict programs (Python's, Postfix)
 * begin the body there, many others skip it and read the header on. The part is
 * what the latter see; what the former see, beginning with that line, is read
 * again. The same is done where a delimiter is doubtful: that what follows is
 * no header is the second reading.
 */
#include "mime/mime_own.h"

#include <assert.h>

struct mime_part *
mime_entity_part(const struct mime_stream *stream)
{
	const struct mime_sink *sink = NULL;

	if (stream->is_in_header)
		return stream->part;
	if (stream->n_sinks > 0)
		sink = stream->sinks[stream->n_sinks - 1];
	/* Preamble and epilogue begin at their first word, which may be known
	 * later: what is odd around it is their multipart's. */
	if (sink != NULL && sink->part->role != MIME_ROLE_PREAMBLE &&
	    sink->part->role != MIME_ROLE_EPILOGUE && !stream->is_between)
		return sink->part;
	if (stream->n_levels > 0)
		return stream->levels[stream->n_levels - 1].part;
	return stream->mime->root;
}

/* Offset of the byte that comes next. */
static uint64_t
here(const struct mime_stream *stream)
{
	return stream->at + (stream->is_decoded ? 0 : stream->n_held);
}

static struct mime_sink *
open_sink(struct mime_stream *stream, struct mime_part *part)
{
	struct mime_sink *sink;

	mime_emit_held(stream);
	assert(stream->n_sinks < MIME_SINKS_MAX);
	sink = mime_sink_new(stream->mime, part);
	sink->n_levels = stream->n_levels;
	stream->sinks[stream->n_sinks++] = sink;
	return sink;
}

/* All that began on that level of the stack or above. */
static void
close_sinks(struct mime_stream *stream, size_t n_levels)
{
	while (stream->n_sinks > 0 &&
	       stream->sinks[stream->n_sinks - 1]->n_levels >= n_levels)
		mime_sink_end(stream->sinks[--stream->n_sinks]);
}

static const struct mime_reading whole_message = { { "message/rfc822", 14 },
	{ "", 0 }, MIME_MESSAGE };
static const struct mime_reading plain_text = { { "text/plain", 10 }, { "", 0 },
	MIME_TEXT };

/*
 * No more parts: what is left of the message is one text. Of a stream within
 * it nothing more is read; the bytes are in the text as they came.
 */
static void
begin_rest(struct mime_stream *stream)
{
	struct mime *mime = stream->mime;
	struct mime_part *part;

	close_sinks(stream, 0);
	stream->n_levels = 0;
	stream->marks.is_old = true;
	stream->is_in_header = false;
	stream->is_between = false;
	mime_fields_done(&stream->fields);
	if (stream != mime->streams[0]) {
		stream->is_over = true;
		return;
	}
	part = mime_part_last(mime);
	part->at = here(stream);
	mime_part_set(mime, part, &plain_text, TRANSFER_IDENTITY);
	open_sink(stream, part);
}

static void
begin_header(struct mime_stream *stream, struct mime_part *parent)
{
	struct mime_part *part =
	    mime_part_new(stream->mime, parent, MIME_ROLE_PART);

	if (part == NULL) {
		begin_rest(stream);
		return;
	}
	part->at = here(stream);
	stream->part = part;
	stream->is_in_header = true;
	stream->is_between = false;
}

/* Preamble and epilogue, from the first byte on that is no blank. */
static void
begin_text(struct mime_stream *stream, struct str bytes)
{
	const struct mime_level *level = &stream->levels[stream->n_levels - 1];
	struct mime_part *part;
	size_t skip = 0;

	while (skip < bytes.len && ascii_is_space(bytes.p[skip]))
		skip++;
	if (skip == bytes.len)
		return;
	stream->is_between = false;
	part = mime_part_new(stream->mime, level->part,
	    level->phase == MIME_PREAMBLE ? MIME_ROLE_PREAMBLE
					  : MIME_ROLE_EPILOGUE);
	if (part == NULL) {
		begin_rest(stream);
	} else {
		part->at = stream->at + (stream->is_decoded ? 0 : skip);
		mime_part_set(
		    stream->mime, part, &plain_text, TRANSFER_IDENTITY);
		open_sink(stream, part);
	}
	if (!stream->is_over)
		mime_sink_push(
		    stream->sinks[stream->n_sinks - 1], str_from(bytes, skip));
}

void
mime_emit(struct mime_stream *stream, struct str bytes)
{
	if (bytes.len == 0)
		return;
	for (size_t i = 0; i < stream->n_sinks; i++)
		mime_sink_push(stream->sinks[i], bytes);
	if (stream->is_between)
		begin_text(stream, bytes);
	if (!stream->is_decoded)
		stream->at += bytes.len;
}

void
mime_emit_held(struct mime_stream *stream)
{
	struct str held = { stream->held, stream->n_held };

	stream->n_held = 0;
	mime_emit(stream, held);
}

/* Two open multiparts with one boundary: programs differ on whose it is. */
static bool
is_boundary_open(const struct mime_stream *stream, struct str text)
{
	for (size_t i = 0; i < stream->n_levels; i++)
		for (size_t k = 0; k < stream->levels[i].n_boundaries; k++)
			if (str_eq(stream->levels[i].boundaries[k].text, text))
				return true;
	return false;
}

static void
push_level(struct mime_stream *stream, struct mime_part *part,
    const struct mime_meaning *meaning)
{
	struct arena *arena = stream->mime->arena;
	struct mime_level *level;
	size_t n = part->kind == MIME_MULTIPART ? meaning->n_boundaries : 0;
	struct mime_boundary *boundaries =
	    arena_alloc(arena, (n + 1) * sizeof(*boundaries));

	for (size_t i = 0; i < n; i++) {
		boundaries[i] = meaning->boundaries[i];
		boundaries[i].text =
		    arena_str(arena, meaning->boundaries[i].text);
		if (is_boundary_open(stream, boundaries[i].text))
			mime_note(part, DAMAGE_BOUNDARY);
	}
	stream->marks.is_old = true;
	level = &stream->levels[stream->n_levels++];
	*level = (struct mime_level){ .part = part,
		.boundaries = boundaries,
		.n_boundaries = n,
		.is_digest = str_is(part->type, "multipart/digest"),
		.wants_boundary = part->kind == MIME_MULTIPART && n == 0 };
}

/* A multipart or a message, whose bytes are this stream's from now on. */
static void
begin_structure(struct mime_stream *stream, struct mime_part *part,
    const struct mime_meaning *meaning)
{
	push_level(stream, part, meaning);
	stream->is_between = part->kind == MIME_MULTIPART;
	if (part->kind == MIME_MESSAGE)
		begin_header(stream, part);
}

static bool
has_structure(const struct mime_part *part)
{
	return part->kind == MIME_MULTIPART || part->kind == MIME_MESSAGE;
}

static void
note_depth(const struct mime *mime, struct mime_part *part)
{
	if (!has_structure(part) || part->depth < mime->limits.depth)
		return;
	part->kind = MIME_TEXT;
	mime_note(part, DAMAGE_MIME_DEPTH);
}

/* A second reading of a part; its bytes are the same. */
static void
read_again(struct mime_stream *stream, const struct mime_part *first,
    const struct mime_meaning *meaning, const struct mime_reading *reading,
    enum transfer_encoding encoding)
{
	struct mime *mime = stream->mime;
	struct mime_part *part;
	struct mime_stream *inner = NULL;

	if (mime->n_again == MIME_AGAIN_MAX) {
		mime_note(mime->root, DAMAGE_PART_COUNT);
		return;
	}
	part = mime_part_new(mime, first->parent, MIME_ROLE_AGAIN);
	if (part == NULL)
		return;
	mime->n_again++;
	part->at = first->at;
	part->names = first->names;
	part->n_names = first->n_names;
	/* A message in a file is one attachment, not two. */
	part->is_attachment = first->is_attachment && reading != &whole_message;
	mime_part_set(mime, part, reading, encoding);
	note_depth(mime, part);
	if (has_structure(part) && (inner = mime_stream_new(mime)) == NULL) {
		part->kind = MIME_TEXT;
		mime_note(mime->root, DAMAGE_PART_COUNT);
	}
	open_sink(stream, part)->stream = inner;
	if (inner == NULL)
		return;
	inner->at = part->at;
	inner->is_decoded = true;
	begin_structure(inner, part, meaning);
}

/* All readings but the first one, and of a structure the decoded ones. */
static void
read_all_again(struct mime_stream *stream, struct mime_part *part,
    const struct mime_meaning *meaning)
{
	bool is_coded = false;

	for (size_t t = 0; t < meaning->n_types; t++)
		for (size_t e = 0; e < meaning->n_encodings; e++) {
			enum transfer_encoding encoding = meaning->encodings[e];

			is_coded = is_coded || encoding != TRANSFER_IDENTITY;
			if (t == 0 &&
			    (has_structure(part) ? encoding == TRANSFER_IDENTITY
						 : e == 0))
				continue;
			read_again(stream, part, meaning, &meaning->types[t],
			    encoding);
		}
	if (meaning->is_message_file && !has_structure(part))
		read_again(stream, part, meaning, &whole_message,
		    meaning->encodings[0]);
	/* RFC 2045 section 6.4 */
	if (has_structure(part) && is_coded)
		mime_note(part, DAMAGE_TRANSFER_ENCODING);
}

static void
describe(struct mime *mime, struct mime_part *part,
    const struct mime_meaning *meaning)
{
	part->damage |= meaning->damage;
	mime_part_set(mime, part, &meaning->types[0], meaning->encodings[0]);
	mime_part_name(mime, part, meaning->names, meaning->n_names);
	part->is_attachment = meaning->is_attachment ||
			      part->kind == MIME_OTHER ||
			      str_starts(part->type, STR("image/"));
}

static bool
is_in_digest(const struct mime_stream *stream)
{
	return stream->n_levels > 0 &&
	       stream->levels[stream->n_levels - 1].is_digest;
}

void
mime_entity_header_end(struct mime_stream *stream)
{
	struct mime_part *part = stream->part;
	struct mime_meaning meaning;

	mime_meaning_init(
	    &meaning, &stream->fields, stream->mime, is_in_digest(stream));
	describe(stream->mime, part, &meaning);
	note_depth(stream->mime, part);
	/* What was read as text was no field; the rest has a structure. */
	if (has_structure(part) && stream->fields.is_again)
		close_sinks(stream, stream->n_levels);
	stream->is_in_header = false;
	mime_fields_done(&stream->fields);
	mime_emit_held(stream);
	if (!has_structure(part))
		open_sink(stream, part);
	read_all_again(stream, part, &meaning);
	if (has_structure(part))
		begin_structure(stream, part, &meaning);
	mime_meaning_done(&meaning);
}

/* From here on the bytes are text for some programs. */
static void
read_as_text(struct mime_stream *stream)
{
	struct mime_meaning meaning;
	const struct mime_reading *reading;

	if (stream->fields.is_again)
		return;
	stream->fields.is_again = true;
	mime_meaning_init(
	    &meaning, &stream->fields, stream->mime, is_in_digest(stream));
	reading = &meaning.types[0];
	if (reading->kind == MIME_MULTIPART || reading->kind == MIME_MESSAGE)
		read_again(stream, stream->part, &meaning, &plain_text,
		    TRANSFER_IDENTITY);
	else
		read_again(stream, stream->part, &meaning, reading,
		    meaning.encodings[0]);
	mime_meaning_done(&meaning);
}

void
mime_entity_header_line(struct mime_stream *stream, struct str line)
{
	switch (mime_fields_line(&stream->fields, line, stream->mime)) {
	case MIME_LINE_FIELD:
		break;
	case MIME_LINE_DOUBTFUL:
		mime_note(stream->part, DAMAGE_PART_HEADER);
		read_as_text(stream);
		break;
	}
}

bool
mime_entity_is_own_delimiter(struct mime_stream *stream, struct str line)
{
	struct mime_meaning meaning;
	bool fits;

	/* Each guess reads the field; who writes many such lines gets no
	 * more of them. */
	if (stream->fields.values[MIME_FIELD_TYPE].n == 0 ||
	    stream->fields.n_guesses == MIME_GUESSES_MAX)
		return false;
	stream->fields.n_guesses++;
	mime_meaning_init(
	    &meaning, &stream->fields, stream->mime, is_in_digest(stream));
	fits = mime_boundary_fits(&meaning, line);
	mime_meaning_done(&meaning);
	return fits;
}

static void
pop_levels(struct mime_stream *stream, size_t n_levels)
{
	stream->marks.is_old = true;
	while (stream->n_levels > n_levels) {
		struct mime_level *level = &stream->levels[--stream->n_levels];

		if (level->part->kind == MIME_MULTIPART &&
		    level->phase != MIME_EPILOGUE)
			mime_note(level->part, DAMAGE_UNCLOSED);
	}
	stream->is_between = false;
}

void
mime_entity_close(
    struct mime_stream *stream, const struct mime_delimiter *delimiter)
{
	close_sinks(stream, delimiter->level + 1);
	pop_levels(stream, delimiter->level + 1);
}

void
mime_entity_open(
    struct mime_stream *stream, const struct mime_delimiter *delimiter)
{
	struct mime_level *level = &stream->levels[delimiter->level];

	/* Behind the closing one, or it comes first; or other programs see
	 * none. */
	if (delimiter->is_doubtful || level->phase == MIME_EPILOGUE ||
	    (delimiter->is_closing && level->phase == MIME_PREAMBLE))
		mime_note(level->part, DAMAGE_BOUNDARY);
	if (delimiter->is_closing) {
		level->phase = MIME_EPILOGUE;
		stream->is_between = true;
		return;
	}
	level->phase = MIME_PARTS;
	begin_header(stream, level->part);
	if (delimiter->is_doubtful && stream->is_in_header)
		read_as_text(stream);
}

void
mime_entity_end(struct mime_stream *stream)
{
	close_sinks(stream, 0);
	pop_levels(stream, 0);
}
