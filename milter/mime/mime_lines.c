/*
 * A line ends with CRLF, LF or CR. Of a header each line is collected; of a
 * body only those that begin with "--" are looked at, and whole runs of lines
 * are handed on.
 *
 * The line end before a delimiter belongs to the delimiter, so each is held
 * back until it is known what follows. And a block of bytes may end anywhere:
 * behind the CR of a CRLF, in a delimiter. What is held then is in the stream,
 * never more than a line of MIME_LINE_BYTES, and of headers one field.
 *
 * The trap is a block full of CRs and without LF (or the other way): to look
 * for both from each line on would be quadratic. Both places are remembered.
 */
#include "mime/mime_own.h"

#include "base/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct scan {
	const char *p;
	size_t len;
	size_t at;
	size_t lf; /* the next from at on, or len */
	size_t cr;
};

static size_t
find(const struct scan *scan, char c)
{
	const char *found = memchr(scan->p + scan->at, c, scan->len - scan->at);

	return found == NULL ? scan->len : (size_t)(found - scan->p);
}

/* Where the line that is read ends; len if not here. */
static size_t
line_end(struct scan *scan)
{
	if (scan->lf < scan->at)
		scan->lf = find(scan, '\n');
	if (scan->cr < scan->at)
		scan->cr = find(scan, '\r');
	return scan->lf < scan->cr ? scan->lf : scan->cr;
}

/* Length of the line end at that place; 0: the block ends behind its CR. */
static size_t
break_len(const struct scan *scan, size_t end)
{
	if (scan->p[end] == '\n')
		return 1;
	if (end + 1 == scan->len)
		return 0;
	return scan->p[end + 1] == '\n' ? 2 : 1;
}

static struct str
slice(const struct scan *scan, size_t from, size_t to)
{
	return (struct str){ scan->p + from, to - from };
}

static void
note_bare(struct mime_stream *stream)
{
	/* What was encoded has the line ends of the one who wrote it. */
	if (stream->is_decoded)
		return;
	mime_note(mime_entity_part(stream), DAMAGE_BARE_NEWLINE);
}

static void
hold(struct mime_stream *stream, struct str line_break)
{
	assert(line_break.len <= sizeof(stream->held));
	stream->n_held = (unsigned)line_break.len;
	for (size_t i = 0; i < line_break.len; i++)
		stream->held[i] = line_break.p[i];
	if (line_break.len == 1)
		note_bare(stream);
}

/* Its own bytes go to those who read all of an outer part once more. */
static void
take_delimiter(struct mime_stream *stream, struct str line,
    struct str line_break, const struct mime_delimiter *delimiter)
{
	mime_entity_close(stream, delimiter);
	mime_emit_held(stream);
	mime_emit(stream, line);
	hold(stream, line_break);
	mime_entity_open(stream, delimiter);
}

/* Headers. */

static void
add_header_bytes(struct mime_stream *stream, struct str bytes)
{
	size_t max = stream->mime->limits.header_bytes, room;

	stream->line_len += bytes.len;
	room = max > stream->line.len ? max - stream->line.len : 0;
	if (bytes.len > room) {
		bytes.len = room;
		mime_note(stream->part, DAMAGE_HEADER_SIZE);
	}
	buf_add(&stream->line, bytes);
}

/*
 * A delimiter ends a header even without an empty line before it; it may be
 * one of the very multipart that this header announces.
 */
static bool
end_header_at_delimiter(
    struct mime_stream *stream, struct str line, struct str line_break)
{
	struct mime_delimiter delimiter;
	unsigned n_held = stream->n_held;
	struct str head = str_sub(
	    line, 0, line.len < MIME_LINE_BYTES ? line.len : MIME_LINE_BYTES);

	if (!str_starts(line, STR("--")))
		return false;
	if (!mime_delimiter_find(stream, head, &delimiter)) {
		if (!mime_entity_is_own_delimiter(stream, head))
			return false;
		mime_note(stream->part, DAMAGE_PART_HEADER);
	}
	/* The line end before it is no more than that to what begins now. */
	stream->n_held = 0;
	while (stream->is_in_header)
		mime_entity_header_end(stream);
	stream->n_held = n_held;
	if (mime_delimiter_find(stream, head, &delimiter)) {
		take_delimiter(stream, head, line_break, &delimiter);
	} else { /* the part was one too many, and is text now */
		mime_emit_held(stream);
		mime_emit(stream, line);
		hold(stream, line_break);
	}
	return true;
}

static void
finish_header_line(struct mime_stream *stream, struct str line_break)
{
	struct str line = buf_str(&stream->line);
	/* CR CR LF is one line end for many programs, for others an empty
	 * line: a line that is no field. */
	bool is_doubtful = line.len == 0 && line_break.len == 2 &&
			   stream->n_held == 1 && stream->held[0] == '\r';

	if (!stream->is_decoded)
		stream->at += stream->line_len - line.len;
	if (line.len == 0 && !is_doubtful) {
		mime_emit_held(stream);
		hold(stream, line_break);
		mime_entity_header_end(stream);
	} else if (!end_header_at_delimiter(stream, line, line_break)) {
		mime_emit_held(stream);
		mime_entity_header_line(stream, line);
		mime_emit(stream, line);
		hold(stream, line_break);
	}
	buf_clear(&stream->line);
	stream->line_len = 0;
}

static void
feed_header(struct mime_stream *stream, struct scan *scan)
{
	size_t end, n;

	if (stream->has_cr) {
		stream->has_cr = false;
		n = scan->p[scan->at] == '\n' ? 1 : 0;
		scan->at += n;
		finish_header_line(stream, n > 0 ? STR("\r\n") : STR("\r"));
		return;
	}
	end = line_end(scan);
	add_header_bytes(stream, slice(scan, scan->at, end));
	scan->at = end;
	if (end == scan->len)
		return;
	n = break_len(scan, end);
	scan->at += n > 0 ? n : 1;
	stream->has_cr = n == 0;
	if (n > 0)
		finish_header_line(stream, slice(scan, end, end + n));
}

/* Bodies. */

/* A run of lines, the last n_break bytes of which end the last one. */
static void
flush(struct mime_stream *stream, struct str run, size_t n_break)
{
	if (run.len == 0)
		return;
	mime_emit_held(stream);
	mime_emit(stream, str_sub(run, 0, run.len - n_break));
	if (n_break > 0)
		hold(stream, str_from(run, run.len - n_break));
}

/*
 * A line of which all is known that a delimiter may have, after all that comes
 * before it: that may have been the text behind which there are no more parts.
 * is_cut: there is more of it, up to its end.
 */
static void
finish_line(struct mime_stream *stream, struct str line, struct str line_break,
    bool is_cut)
{
	struct mime_delimiter delimiter;

	if (mime_delimiter_find(stream, line, &delimiter)) {
		take_delimiter(stream, line, line_break, &delimiter);
		stream->is_skipping = is_cut;
	} else {
		mime_emit_held(stream);
		mime_emit(stream, line);
		hold(stream, line_break);
		stream->is_mid_line = is_cut;
	}
}

/* The line that was collected over two or more blocks. */
static void
finish_candidate(struct mime_stream *stream)
{
	struct str line = buf_str(&stream->line);
	size_t len = line.len;

	while (len > 0 && (line.p[len - 1] == '\n' || line.p[len - 1] == '\r'))
		len--;
	finish_line(stream, str_sub(line, 0, len), str_from(line, len),
	    len == line.len);
	buf_clear(&stream->line);
}

static void
feed_candidate(struct mime_stream *stream, struct scan *scan)
{
	struct buf *line = &stream->line;
	bool has_cr = line->p[line->len - 1] == '\r';
	size_t end, n;

	if (!has_cr) {
		end = line_end(scan);
		n = MIME_LINE_BYTES - line->len;
		if (end - scan->at < n)
			n = end - scan->at;
		buf_add(line, slice(scan, scan->at, scan->at + n));
		scan->at += n;
		if (scan->at == scan->len)
			return;
		if (scan->at == end && scan->p[end] == '\r') {
			buf_byte(line, '\r');
			scan->at++;
			has_cr = true;
		}
	}
	if (scan->at == scan->len)
		return;
	/* Else it is cut, or ended by this LF or by a bare CR. */
	if (scan->p[scan->at] == '\n') {
		buf_byte(line, '\n');
		scan->at++;
	}
	finish_candidate(stream);
}

/*
 * At the beginning of a line "--…": is it a delimiter? True: it is, or may be
 * when the next block has come. The run of lines from "from" to here was
 * flushed then.
 */
static bool
try_delimiter(
    struct mime_stream *stream, struct scan *scan, size_t from, size_t n_break)
{
	struct mime_delimiter delimiter;
	size_t start = scan->at, end = line_end(scan), n = 0;
	bool is_cut = end - start > MIME_LINE_BYTES;
	struct str run = slice(scan, from, start), line;

	if (!is_cut && (end == scan->len || (n = break_len(scan, end)) == 0)) {
		flush(stream, run, n_break);
		buf_add(&stream->line, slice(scan, start, scan->len));
		scan->at = scan->len;
		return true;
	}
	line = slice(scan, start, is_cut ? start + MIME_LINE_BYTES : end);
	if (!mime_delimiter_find(stream, line, &delimiter))
		return false;
	flush(stream, run, n_break);
	scan->at = start + line.len + n;
	finish_line(stream, line, slice(scan, end, end + n), is_cut);
	return true;
}

static bool
looks_like_delimiter(const struct scan *scan)
{
	return scan->p[scan->at] == '-' &&
	       (scan->at + 1 == scan->len || scan->p[scan->at + 1] == '-');
}

static void
feed_lines(struct mime_stream *stream, struct scan *scan)
{
	size_t from = scan->at, n_break = 0, end;

	while (scan->at < scan->len) {
		if (!stream->is_mid_line && looks_like_delimiter(scan) &&
		    try_delimiter(stream, scan, from, n_break))
			return;
		end = line_end(scan);
		stream->is_mid_line = end == scan->len;
		n_break = 0;
		scan->at = end;
		if (end == scan->len)
			break;
		n_break = break_len(scan, end);
		scan->at += n_break;
		if (n_break == 0) {
			scan->at++;
			stream->has_cr = true;
			break;
		}
		if (n_break == 1)
			note_bare(stream);
	}
	if (!stream->has_cr) {
		flush(stream, slice(scan, from, scan->at), n_break);
		return;
	}
	/* Whether this CR is a bare one the next block says. */
	flush(stream, slice(scan, from, scan->at - 1), 0);
	if (scan->at - 1 == from)
		mime_emit_held(stream);
	stream->held[0] = '\r';
	stream->n_held = 1;
}

static void
feed_body(struct mime_stream *stream, struct scan *scan)
{
	if (stream->has_cr) {
		stream->has_cr = false;
		stream->is_mid_line = false;
		if (scan->p[scan->at] == '\n') {
			stream->held[stream->n_held++] = '\n';
			scan->at++;
		} else {
			note_bare(stream);
		}
	} else if (stream->line.len > 0) {
		feed_candidate(stream, scan);
	} else {
		feed_lines(stream, scan);
	}
}

/* What stands behind the first MIME_LINE_BYTES of a delimiter. */
static void
skip_line(struct mime_stream *stream, struct scan *scan)
{
	size_t from = scan->at, end, n;

	if (stream->has_cr) {
		stream->has_cr = false;
		stream->is_skipping = false;
		scan->at += scan->p[scan->at] == '\n' ? 1 : 0;
	} else {
		end = line_end(scan);
		n = end < scan->len ? break_len(scan, end) : 0;
		stream->has_cr = end < scan->len && n == 0;
		stream->is_skipping = n == 0;
		scan->at = end + (stream->has_cr ? 1 : n);
	}
	if (!stream->is_decoded)
		stream->at += scan->at - from;
}

void
mime_stream_feed(struct mime_stream *stream, struct str bytes)
{
	struct scan scan = { .p = bytes.p, .len = bytes.len };

	scan.lf = find(&scan, '\n');
	scan.cr = find(&scan, '\r');
	while (scan.at < scan.len && !stream->is_over) {
		if (stream->is_skipping)
			skip_line(stream, &scan);
		else if (stream->is_in_header)
			feed_header(stream, &scan);
		else
			feed_body(stream, &scan);
	}
}

void
mime_stream_end(struct mime_stream *stream)
{
	if (stream->is_over)
		return;
	if (stream->is_in_header) {
		if (stream->line_len > 0 || stream->has_cr)
			finish_header_line(
			    stream, stream->has_cr ? STR("\r") : STR(""));
	} else if (stream->line.len > 0) {
		finish_candidate(stream);
	} else if (stream->has_cr && !stream->is_skipping) {
		note_bare(stream);
	}
	while (stream->is_in_header && !stream->is_over)
		mime_entity_header_end(stream);
	mime_emit_held(stream);
	mime_entity_end(stream);
	stream->is_over = true;
}

struct mime_stream *
mime_stream_new(struct mime *mime)
{
	struct mime_stream *stream;

	if (mime->n_streams == MIME_STREAMS_MAX)
		return NULL;
	stream = xcalloc(1, sizeof(*stream));
	stream->mime = mime;
	stream->levels =
	    xcalloc(mime->limits.depth + 1, sizeof(*stream->levels));
	mime_marks_init(&stream->marks, &mime->limits);
	mime->streams[mime->n_streams++] = stream;
	return stream;
}

void
mime_stream_free(struct mime_stream *stream)
{
	while (stream->n_sinks > 0)
		mime_sink_end(stream->sinks[--stream->n_sinks]);
	mime_fields_done(&stream->fields);
	buf_done(&stream->line);
	buf_done(&stream->queue);
	mime_marks_done(&stream->marks);
	free(stream->levels);
	free(stream);
}
