/*
 * An attachment as a file: what is missing in its middle reads as zeros, and
 * what is skipped over costs nothing, so that a list at its end is found.
 *
 * The trap: something may read on through gigabytes of zeros; after one
 * megabyte of them the file ends.
 */
#include "inspect/listing.h"

#ifdef SLUICE_ARCHIVE

#include "inspect/archive_own.h"

#include <errno.h>
#include <stdio.h>

#define ZEROS_BYTES 65536
#define ZEROS_MAX   ((uint64_t)1024 * 1024)

static const char zeros[ZEROS_BYTES];

static uint64_t
stream_size(const struct source *source)
{
	return source->head.len + source->n_missing + source->tail.len;
}

static ssize_t
on_read(struct archive *archive, void *context, const void **bytes_out)
{
	struct stream *stream = context;
	const struct source *source = stream->source;
	uint64_t tail_at = source->head.len + source->n_missing;
	uint64_t at = stream->at, n;

	if (listing_is_over(stream->listing)) {
		archive_set_error(archive, ETIME, "it took too long");
		return ARCHIVE_FATAL;
	}
	if (at < source->head.len) {
		*bytes_out = source->head.p + at;
		n = source->head.len - at;
	} else if (at >= tail_at) {
		n = at < stream_size(source) ? stream_size(source) - at : 0;
		*bytes_out =
		    n > 0 ? source->tail.p + (source->tail.len - n) : zeros;
	} else {
		stream->has_guessed = true;
		*bytes_out = zeros;
		n = tail_at - at < ZEROS_BYTES ? tail_at - at : ZEROS_BYTES;
		if ((stream->n_zeros += n) > ZEROS_MAX)
			n = 0;
	}
	stream->at += n;
	return (ssize_t)n;
}

static la_int64_t
on_skip(struct archive *archive, void *context, la_int64_t wanted)
{
	struct stream *stream = context;
	uint64_t left = stream_size(stream->source) - stream->at;

	(void)archive;
	if (wanted < 0)
		return 0;
	if ((uint64_t)wanted < left)
		left = (uint64_t)wanted;
	stream->at += left;
	return (la_int64_t)left;
}

static la_int64_t
on_seek(struct archive *archive, void *context, la_int64_t offset, int whence)
{
	struct stream *stream = context;
	la_int64_t size = (la_int64_t)stream_size(stream->source);

	(void)archive;
	if (whence == SEEK_CUR)
		offset += (la_int64_t)stream->at;
	else if (whence == SEEK_END)
		offset += size;
	if (offset < 0 || offset > size)
		return ARCHIVE_FATAL;
	stream->at = (uint64_t)offset;
	return offset;
}

/* What a program of its own would unpack is left alone: there are none. */
static void
use_filter(struct archive *archive, int (*support)(struct archive *))
{
	struct archive *probe = archive_read_new();

	if (probe != NULL && support(probe) == ARCHIVE_OK)
		support(archive);
	archive_read_free(probe);
}

void
archive_use_zip(struct archive *archive)
{
	archive_read_support_format_zip(archive);
}

void
archive_use_archivers(struct archive *archive)
{
	archive_read_support_format_7zip(archive);
	archive_read_support_format_rar(archive);
	archive_read_support_format_rar5(archive);
	archive_read_support_format_cab(archive);
}

void
archive_use_iso(struct archive *archive)
{
	archive_read_support_format_iso9660(archive);
}

void
archive_use_tar(struct archive *archive)
{
	archive_read_support_format_tar(archive);
}

void
archive_use_compressed(struct archive *archive)
{
	use_filter(archive, archive_read_support_filter_gzip);
	use_filter(archive, archive_read_support_filter_bzip2);
	use_filter(archive, archive_read_support_filter_xz);
	use_filter(archive, archive_read_support_filter_lzma);
	use_filter(archive, archive_read_support_filter_zstd);
	use_filter(archive, archive_read_support_filter_compress);
	archive_read_support_format_tar(archive);
	archive_read_support_format_raw(archive);
}

struct archive *
archive_open(struct reading *reading)
{
	struct archive *archive = archive_read_new();

	if (archive == NULL)
		return NULL;
	reading->stream = (struct stream){ .listing = reading->listing,
		.source = reading->source };
	reading->use_formats(archive);
	archive_read_set_read_callback(archive, on_read);
	archive_read_set_skip_callback(archive, on_skip);
	archive_read_set_seek_callback(archive, on_seek);
	archive_read_set_callback_data(archive, &reading->stream);
	/* An error shows again when the first header is asked for. */
	archive_read_open1(archive);
	return archive;
}

int
archive_format_of(struct archive *archive)
{
	return archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK;
}

#endif
