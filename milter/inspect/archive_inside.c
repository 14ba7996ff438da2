/*
 * What is unpacked is bounded twice. What has the name of an archive, or turns
 * out to be one, counts against unpacked_max; a first look at anything else
 * against a part of it, after which such entries are left alone. Where entries
 * are packed in one stream the cost of one is that of all before it, too.
 */
#include "inspect/listing.h"

#ifdef SLUICE_ARCHIVE

#include "inspect/archive_own.h"

#include "base/buf.h"
#include "mime/signature.h"

/* Is what stands before an entry unpacked first? */
static bool
is_solid(struct archive *archive)
{
	int format = archive_format_of(archive);

	return format == ARCHIVE_FORMAT_7ZIP || format == ARCHIVE_FORMAT_RAR ||
	       format == ARCHIVE_FORMAT_RAR_V5;
}

/* Is looking into the entry within what may be unpacked? */
static bool
is_affordable(const struct reading *reading, bool is_named)
{
	const struct listing *listing = reading->listing;
	uint64_t left = is_named ? listing->unpacked_left : listing->probe_left;

	if (!is_solid(reading->archive))
		return left > 0;
	return reading->size_before < left;
}

/* Takes n bytes from what may be unpacked; false: there is not so much. */
static bool
spend(uint64_t *left, uint64_t n)
{
	if (n > *left) {
		*left = 0;
		return false;
	}
	*left -= n;
	return true;
}

/* The next block of the entry's data; false: there is none, or no time. */
static bool
next_block(struct reading *reading, struct str *block_out)
{
	const void *block;
	la_int64_t offset;
	size_t n;
	int rc;

	rc = archive_read_data_block(reading->archive, &block, &n, &offset);
	if (rc == ARCHIVE_EOF || rc < ARCHIVE_WARN) {
		reading->is_torn = rc != ARCHIVE_EOF;
		return false;
	}
	*block_out = (struct str){ block, n };
	return !listing_is_over(reading->listing);
}

/*
 * Unpacks an entry as far as it is of interest: an archive to its end,
 * anything else only until that is seen. True: it is one; is_cut_out: not all
 * of it is in bytes.
 */
static bool
unpack(
    struct reading *reading, bool is_named, struct buf *bytes, bool *is_cut_out)
{
	struct listing *listing = reading->listing;
	bool is_archive = is_named;
	struct str block;

	*is_cut_out = true;
	while (next_block(reading, &block)) {
		if (!spend(is_archive ? &listing->unpacked_left
				      : &listing->probe_left,
			block.len)) {
			listing->item->is_limited |= is_archive;
			return is_archive;
		}
		buf_add(bytes, block);
		if (is_archive || bytes->len < SIGNATURE_BYTES)
			continue;
		if (!signature_is_archive(buf_str(bytes)))
			return false;
		is_archive = true;
	}
	*is_cut_out = reading->is_torn || listing_is_over(listing) ||
		      reading->stream.has_guessed;
	return is_archive || signature_is_archive(buf_str(bytes));
}

/* An archive in the archive waits for its turn. */
static void
queue_inner(
    struct reading *reading, struct str name, struct str bytes, bool is_cut)
{
	struct listing *listing = reading->listing;
	struct source *inner;

	if (reading->source->depth >= listing->options->nesting_max) {
		listing->item->is_limited = true;
		return;
	}
	inner = arena_calloc(listing->arena, sizeof(*inner));
	inner->folder = listing_path(listing, reading->source, name);
	inner->name = inner->folder;
	inner->head = arena_str(listing->arena, bytes);
	inner->depth = reading->source->depth + 1;
	inner->is_cut = is_cut;
	listing->last->next = inner;
	listing->last = inner;
}

void
archive_look_into(struct reading *reading, struct str name)
{
	bool is_named = signature_name_is_archive(name), is_cut;
	struct buf bytes = { 0 };

	if (!is_affordable(reading, is_named)) {
		reading->listing->item->is_limited |= is_named;
		return;
	}
	if (unpack(reading, is_named, &bytes, &is_cut) && bytes.len > 0)
		queue_inner(reading, name, buf_str(&bytes), is_cut);
	buf_done(&bytes);
}

/* Reads on to the end of the entry, for nothing but the next header; of a
 * single file only to see whether it ends well. */
void
archive_drain(struct reading *reading)
{
	struct listing *listing = reading->listing;
	bool is_single =
	    archive_format_of(reading->archive) == ARCHIVE_FORMAT_RAW;
	uint64_t *left =
	    is_single ? &listing->probe_left : &listing->unpacked_left;
	struct str block;

	while (next_block(reading, &block)) {
		if (spend(left, block.len))
			continue;
		reading->is_over = true;
		listing->item->is_limited |= !is_single;
		return;
	}
	reading->is_over = is_single;
}

#endif
