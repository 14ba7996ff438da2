/*
 * libarchive sees an attachment as a file of which a part may be missing: what
 * is not there reads as zeros, and what is skipped over costs nothing. So the
 * list of a format that keeps it at its end is found all the same.
 *
 * Formats are read in one of two ways. Where skipping data costs nothing (zip,
 * 7z, rar, cab, iso) names come first, and a second pass looks into entries.
 * In a stream (tar, a single compressed file) both happen on the way, because
 * each pass unpacks everything; there, no more than unpacked_max is unpacked.
 *
 * The traps: libarchive skips the data of an entry within one call, however
 * long it takes, so a stream is read on in blocks under our own eyes. And zip
 * is not left to it alone, see zip.c.
 */
#include "inspect/archive.h"

#include "base/buf.h"
#include "inspect/listing.h"
#include "inspect/zip.h"
#include "mime/signature.h"

#ifndef SLUICE_ARCHIVE

void
archive_prepare(void)
{
}

void
archive_list(struct inspect_item *item, const struct inspect_options *options,
    struct arena *arena)
{
	struct listing listing;

	listing_init(&listing, item, options, arena);
}

const char *
archive_version_text(void)
{
	return NULL;
}

#else

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <iconv.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ZEROS_BYTES   65536
#define ZEROS_MAX     ((uint64_t)1024 * 1024) /* then it ends */
#define ARCHIVE_LEAST 22 /* bytes of the smallest archive: an empty zip */
#define HEADERS_SHARE 4  /* headers for each name, since names may repeat */

static const char zeros[ZEROS_BYTES];

/* What libarchive reads. */
struct stream {
	struct listing *listing;
	const struct source *source;
	uint64_t at;
	uint64_t n_zeros;
	bool has_guessed; /* something was read that is missing */
};

/* One archive as it is read. */
struct reading {
	struct listing *listing;
	const struct source *source;
	struct stream stream;
	struct archive *archive;
	struct archive_entry *entry;
	size_t n_headers;
	uint64_t size_before; /* of the entries before, unpacked */
	bool is_compressed;   /* as a whole: tar.gz, gz */
	bool wants_names;
	bool wants_inside;
	bool has_names;
	bool has_inside; /* something that may be an archive */
	bool is_torn;    /* the data of the entry ended by an error */
	bool is_over;    /* what follows is not read */
};

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
		*bytes_out = source->tail.p + (source->tail.len - n);
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

static void
use_formats(struct archive *archive, bool is_compressed)
{
	archive_read_support_format_tar(archive);
	if (is_compressed) {
		use_filter(archive, archive_read_support_filter_gzip);
		use_filter(archive, archive_read_support_filter_bzip2);
		use_filter(archive, archive_read_support_filter_xz);
		use_filter(archive, archive_read_support_filter_lzma);
		use_filter(archive, archive_read_support_filter_zstd);
		use_filter(archive, archive_read_support_filter_compress);
		archive_read_support_format_raw(archive);
		return;
	}
	archive_read_support_format_zip(archive);
	archive_read_support_format_7zip(archive);
	archive_read_support_format_rar(archive);
	archive_read_support_format_rar5(archive);
	archive_read_support_format_cab(archive);
	archive_read_support_format_iso9660(archive);
}

#define BYTES(text)                                                            \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

/* How they begin. is_sure: nothing else does, so that it is a broken one if it
 * cannot be read. */
static const struct {
	struct str bytes;
	bool is_compressed; /* as a whole */
	bool is_sure;
} beginnings[] = {
	{ BYTES("PK\3\4"), false, true },
	{ BYTES("7z\xbc\xaf\x27\x1c"), false, true },
	{ BYTES("Rar!\x1a\7"), false, true },
	{ BYTES("MSCF\0\0\0\0"), false, true },
	{ BYTES("\x1f\x8b\x08"), true, true },     /* gzip */
	{ BYTES("\xfd\x37zXZ\0"), true, true },    /* xz */
	{ BYTES("\x28\xb5\x2f\xfd"), true, true }, /* zstd */
	{ BYTES("BZh"), true, false },             /* bzip2 */
	{ BYTES("\x1f\x9d"), true, false },        /* compress */
	{ BYTES("\x5d\0\0"), true, false },        /* lzma */
};

#define N_BEGINNINGS (sizeof(beginnings) / sizeof(beginnings[0]))

static bool
is_compressed(struct str head)
{
	for (size_t i = 0; i < N_BEGINNINGS; i++)
		if (str_starts(head, beginnings[i].bytes))
			return beginnings[i].is_compressed;
	return false;
}

static bool
is_surely_archive(struct str head)
{
	for (size_t i = 0; i < N_BEGINNINGS; i++)
		if (str_starts(head, beginnings[i].bytes))
			return beginnings[i].is_sure;
	return false;
}

static struct archive *
open_archive(struct reading *reading)
{
	struct archive *archive = archive_read_new();

	if (archive == NULL)
		return NULL;
	reading->stream = (struct stream){ .listing = reading->listing,
		.source = reading->source };
	use_formats(archive, reading->is_compressed);
	archive_read_set_read_callback(archive, on_read);
	archive_read_set_skip_callback(archive, on_skip);
	archive_read_set_seek_callback(archive, on_seek);
	archive_read_set_callback_data(archive, &reading->stream);
	/* An error shows again when the first header is asked for. */
	archive_read_open1(archive);
	return archive;
}

static int
format_of(struct archive *archive)
{
	return archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK;
}

/* --- names ---------------------------------------------------------------- */

/* "report.tar" of "report.tar.gz" and of "report.tgz". */
static struct str
without_suffix(struct arena *arena, struct str name)
{
	static const char *const suffixes[] = { ".gz", ".z", ".bz2", ".xz",
		".zst", ".lzma", "-gz" };
	static const char *const tars[] = { ".tgz", ".tbz", ".tbz2", ".txz",
		".tzst", ".taz" };
	ptrdiff_t slash = str_find_last(name, '/');

	name = str_from(name, (size_t)(slash + 1));
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (str_ends_nocase(name, str_of(suffixes[i])))
			return str_sub(name, 0, name.len - strlen(suffixes[i]));
	for (size_t i = 0; i < sizeof(tars) / sizeof(tars[0]); i++)
		if (str_ends_nocase(name, str_of(tars[i])))
			return arena_join(arena,
			    str_sub(name, 0, name.len - strlen(tars[i])),
			    STR(".tar"));
	return name;
}

/* The name in the header of a gzip (RFC 1952, 2.3), or empty. */
static struct str
gzip_name(struct str head)
{
	size_t at = 10;
	unsigned flags;
	ptrdiff_t end;

	if (head.len < at || !str_starts(head, STR("\x1f\x8b")))
		return STR("");
	flags = (unsigned char)head.p[3];
	if (flags & 4) { /* an extra field comes first */
		if (head.len < at + 2)
			return STR("");
		at += 2 + (size_t)((unsigned char)head.p[10] |
				   (unsigned)(unsigned char)head.p[11] << 8);
	}
	if (!(flags & 8) || at > head.len)
		return STR("");
	head = str_from(head, at);
	end = str_find(head, '\0');
	return end < 0 ? STR("") : str_sub(head, 0, (size_t)end);
}

/*
 * The one file in a compressed one has the name that the header tells or the
 * one that programs give it, which is its own without a suffix; both, if the
 * header tells another. The first is returned.
 */
static struct str
add_single(struct reading *reading)
{
	const struct source *source = reading->source;
	struct str told = gzip_name(source->head);
	struct str given =
	    without_suffix(reading->listing->arena, source->name);

	listing_add(reading->listing, source, told);
	listing_add(reading->listing, source, given);
	return told.len > 0 ? told : given;
}

static struct str
entry_name(struct reading *reading)
{
	if (format_of(reading->archive) == ARCHIVE_FORMAT_RAW)
		return add_single(reading);
	return str_of(archive_entry_pathname(reading->entry));
}

/* --- inside --------------------------------------------------------------- */

/* Is what stands before an entry unpacked first? */
static bool
is_solid(struct archive *archive)
{
	int format = format_of(archive);

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

static void
look_into(struct reading *reading, struct str name)
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
static void
drain(struct reading *reading)
{
	struct listing *listing = reading->listing;
	bool is_single = format_of(reading->archive) == ARCHIVE_FORMAT_RAW;
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

/* --- one archive ---------------------------------------------------------- */

static bool
may_hold_archive(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFREG &&
	       (!archive_entry_size_is_set(entry) ||
		   archive_entry_size(entry) >= ARCHIVE_LEAST);
}

static void
visit(struct reading *reading)
{
	struct archive_entry *entry = reading->entry;
	struct str name = entry_name(reading);
	la_int64_t size = archive_entry_size(entry);

	reading->has_names = true;
	if (reading->wants_names && !str_is(name, ".")) /* iso's root */
		listing_add(reading->listing, reading->source, name);
	if (archive_entry_is_encrypted(entry))
		reading->listing->item->is_encrypted = true;
	else if (may_hold_archive(entry)) {
		reading->has_inside = true;
		if (reading->wants_inside)
			look_into(reading, name);
	}
	if (reading->is_compressed && !reading->is_over)
		drain(reading);
	reading->size_before += size > 0 ? (uint64_t)size : 0;
}

/* What libarchive cannot go on with is one of three things. */
static void
judge_failure(struct reading *reading)
{
	const char *why = archive_error_string(reading->archive);
	struct inspect_item *item = reading->listing->item;

	/* Where it knows no format it must not be asked: 3.6.2 then reads
	 * beyond its table of them. */
	if (format_of(reading->archive) == 0)
		return;
	if (archive_read_has_encrypted_entries(reading->archive) == 1 ||
	    (why != NULL && strstr(why, "ncrypt") != NULL))
		item->is_encrypted = true;
	else if (format_of(reading->archive) != ARCHIVE_FORMAT_ZIP &&
		 !reading->stream.has_guessed && !reading->source->is_cut &&
		 !listing_is_over(reading->listing))
		item->is_broken = true;
}

/* False: there is no other, or nothing that can be read. */
static bool
next_entry(struct reading *reading)
{
	size_t headers_max =
	    reading->listing->options->entries_max * HEADERS_SHARE;
	int rc;

	if (reading->is_over || listing_is_over(reading->listing))
		return false;
	if (reading->n_headers++ == headers_max) {
		reading->listing->item->is_limited = true;
		return false;
	}
	rc = archive_read_next_header(reading->archive, &reading->entry);
	if (rc == ARCHIVE_EOF)
		return false;
	if (rc >= ARCHIVE_WARN)
		return true;
	judge_failure(reading);
	return false;
}

/* Which of the two ways, now that the first header tells the format. */
static void
choose_way(struct reading *reading)
{
	int format = format_of(reading->archive);

	reading->wants_names = format != ARCHIVE_FORMAT_ZIP;
	reading->wants_inside = format == ARCHIVE_FORMAT_ZIP ||
				format == ARCHIVE_FORMAT_TAR ||
				format == ARCHIVE_FORMAT_RAW;
}

/* Any bytes that follow no format are "raw", and no archive. */
static bool
is_recognized(struct archive *archive)
{
	int format = format_of(archive);

	return format != 0 && (format != ARCHIVE_FORMAT_RAW ||
				  archive_filter_count(archive) > 1);
}

static void
look_into_all(struct listing *listing, const struct source *source)
{
	struct reading reading = {
		.listing = listing, .source = source, .wants_inside = true
	};

	if ((reading.archive = open_archive(&reading)) == NULL)
		return;
	while (next_entry(&reading))
		visit(&reading);
	archive_read_free(reading.archive);
}

/* Is it an archive that libarchive knows? */
static bool
read_archive(struct listing *listing, const struct source *source)
{
	struct reading reading = { .listing = listing,
		.source = source,
		.is_compressed = is_compressed(source->head) };
	bool is_known, is_there;

	if ((reading.archive = open_archive(&reading)) == NULL)
		return false;
	is_there = next_entry(&reading);
	is_known = is_recognized(reading.archive);
	choose_way(&reading);
	for (; is_known && is_there; is_there = next_entry(&reading))
		visit(&reading);
	archive_read_free(reading.archive);
	if (reading.is_compressed && !reading.has_names &&
	    (is_known || is_surely_archive(source->head)))
		add_single(&reading); /* it ends before its data begin */
	if (is_known && reading.has_inside && !reading.wants_inside)
		look_into_all(listing, source);
	return is_known;
}

/* --- all of them ---------------------------------------------------------- */

static bool
list_source(struct listing *listing, const struct source *source)
{
	bool was_broken = listing->item->is_broken;
	bool is_zip = zip_list(listing, source);
	bool is_known = read_archive(listing, source);

	if (is_zip || is_known)
		return true;
	/* No format at all is no failure, but something that begins like an
	 * archive and cannot be read as one is. */
	listing->item->is_broken = was_broken;
	if (!is_surely_archive(source->head))
		return false;
	if (!source->is_cut && source->n_missing == 0)
		listing->item->is_broken = true;
	return true;
}

void
archive_list(struct inspect_item *item, const struct inspect_options *options,
    struct arena *arena)
{
	struct source outer = { .name = item->name,
		.head = item->content,
		.n_missing = item->n_missing,
		.tail = item->tail };
	struct listing listing;

	listing_init(&listing, item, options, arena);
	listing.last = &outer;
	if (item->content.len == 0)
		return;
	item->is_archive = list_source(&listing, &outer);
	for (struct source *inner = outer.next; inner != NULL;
	     inner = inner->next)
		list_source(&listing, inner);
}

/* libarchive's answers are in UTF-8 only where the locale is; times of entries
 * make the C library read zone files, and names its list of charsets. */
void
archive_prepare(void)
{
	static const char *const charsets[] = { "UTF-8", "UTF-16LE",
		"UTF-16BE" };

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		setlocale(LC_CTYPE, "C");
	setenv("TZ", "UTC0", 1);
	tzset();
	/* Never closed: that keeps them loaded. */
	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++)
		iconv_open("UTF-8", charsets[i]);
}

const char *
archive_version_text(void)
{
	return archive_version_string();
}

#endif
