/*
 * Formats are read in one of two ways. Where skipping data costs nothing (zip,
 * 7z, rar, cab, iso) names come first, and a second pass looks into entries.
 * In a stream (tar, a single compressed file) both happen on the way, because
 * each pass unpacks everything; there, no more than unpacked_max is unpacked.
 *
 * Bytes can be an archive of two formats at once, a decoy before a program that
 * takes them for the other one. libarchive would choose, so it is asked for
 * each kind of format by itself, and all that is found counts.
 *
 * The traps: libarchive skips the data of an entry within one call, however
 * long it takes, so a stream is read on in blocks under our own eyes. And zip
 * is not left to it alone, see zip.c.
 */
#include "inspect/archive.h"

#include "inspect/listing.h"
#include "inspect/zip.h"
#include "mime/signature.h"

#ifndef SLUICE_ARCHIVE

void
archive_prepare(void)
{
}

void
archive_list_in_steps(struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena,
    void (*tell)(void *context), void *context)
{
	struct listing listing;

	(void)tell;
	(void)context;
	listing_init(&listing, item, options, arena);
}

const char *
archive_version_text(void)
{
	return NULL;
}

#else

#include "inspect/archive_own.h"

#include <iconv.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARCHIVE_LEAST 22 /* bytes of the smallest archive: an empty zip */
#define N_PINS        3
#define HEADERS_SHARE 4 /* headers for each name, since names may repeat */

/* Never closed: they keep the C library's converters loaded. */
__attribute__((used)) static iconv_t pins[N_PINS];

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
	if (archive_format_of(reading->archive) == ARCHIVE_FORMAT_RAW)
		return add_single(reading);
	return str_of(archive_entry_pathname(reading->entry));
}

/* --- one archive ---------------------------------------------------------- */

static bool
may_hold_archive(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFREG &&
	       (!archive_entry_size_is_set(entry) ||
		   archive_entry_size(entry) >= ARCHIVE_LEAST);
}

/* What is in a cab is never unpacked: versions of libarchive that are widely
 * installed end by a null pointer where its data are damaged. */
static bool
is_cab(struct archive *archive)
{
	return archive_format_of(archive) == ARCHIVE_FORMAT_CAB;
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
	else if (is_cab(reading->archive))
		reading->listing->item->is_limited |=
		    signature_name_is_archive(name);
	else if (may_hold_archive(entry)) {
		reading->has_inside = true;
		if (reading->wants_inside)
			archive_look_into(reading, name);
	}
	if (reading->is_compressed && !reading->is_over)
		archive_drain(reading);
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
	if (archive_format_of(reading->archive) == 0)
		return;
	if (archive_read_has_encrypted_entries(reading->archive) == 1 ||
	    (why != NULL && strstr(why, "ncrypt") != NULL))
		item->is_encrypted = true;
	else if (archive_format_of(reading->archive) != ARCHIVE_FORMAT_ZIP &&
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

/* Any bytes that follow no format are "raw", and no archive. */
static bool
is_recognized(struct archive *archive)
{
	int format = archive_format_of(archive);

	return format != 0 && (format != ARCHIVE_FORMAT_RAW ||
				  archive_filter_count(archive) > 1);
}

static bool
is_stream(struct archive *archive)
{
	int format = archive_format_of(archive);

	return format == ARCHIVE_FORMAT_TAR || format == ARCHIVE_FORMAT_RAW;
}

/* Is it an archive of one of these formats? Then its names are added; the
 * answer is in has_inside, too: something else is to be looked into. */
static bool
read_names(struct listing *listing, const struct source *source,
    void (*use_formats)(struct archive *archive), bool *has_inside_out)
{
	struct reading reading = { .listing = listing,
		.source = source,
		.use_formats = use_formats,
		.is_compressed = use_formats == archive_use_compressed,
		.wants_names = true };
	bool is_known, is_there;

	if ((reading.archive = archive_open(&reading)) == NULL)
		return false;
	is_there = next_entry(&reading);
	is_known = is_recognized(reading.archive);
	reading.wants_inside = is_stream(reading.archive);
	for (; is_known && is_there; is_there = next_entry(&reading))
		visit(&reading);
	archive_read_free(reading.archive);
	if (reading.is_compressed && !reading.has_names &&
	    (is_known || is_surely_archive(source->head)))
		add_single(&reading); /* it ends before its data begin */
	*has_inside_out = reading.has_inside && !reading.wants_inside;
	return is_known;
}

static void
look_into_all(struct listing *listing, const struct source *source,
    void (*use_formats)(struct archive *archive))
{
	struct reading reading = { .listing = listing,
		.source = source,
		.use_formats = use_formats,
		.wants_inside = true };

	if ((reading.archive = archive_open(&reading)) == NULL)
		return;
	while (next_entry(&reading))
		visit(&reading);
	archive_read_free(reading.archive);
}

/* --- all of them ---------------------------------------------------------- */

/* Kinds of formats, each asked by itself. */
enum kind { KIND_ZIP, KIND_ARCHIVERS, KIND_STREAM, KIND_ISO, KIND_N };

typedef void use_formats(struct archive *archive);

static use_formats *
formats_of(enum kind kind, const struct source *source)
{
	switch (kind) {
	case KIND_ZIP:
		return archive_use_zip;
	case KIND_ARCHIVERS:
		return archive_use_archivers;
	case KIND_STREAM:
		return is_compressed(source->head) ? archive_use_compressed
						   : archive_use_tar;
	case KIND_ISO:
	case KIND_N:
		break;
	}
	return archive_use_iso;
}

/* Is it an archive? has_inside_out: for each kind, what is to be looked into. */
static bool
list_names(struct listing *listing, const struct source *source,
    bool has_inside_out[KIND_N])
{
	bool is_known = zip_list(listing, source);

	has_inside_out[KIND_ZIP] = is_known;
	for (unsigned kind = KIND_ZIP + 1; kind < KIND_N; kind++)
		is_known |= read_names(listing, source,
		    formats_of((enum kind)kind, source), &has_inside_out[kind]);
	if (is_known || !is_surely_archive(source->head))
		return is_known;
	/* It begins like an archive and cannot be read as one. */
	if (!source->is_cut && source->n_missing == 0)
		listing->item->is_broken = true;
	return true;
}

static void
list_inside(struct listing *listing, const struct source *source,
    const bool has_inside[KIND_N])
{
	for (unsigned kind = 0; kind < KIND_N; kind++)
		if (has_inside[kind])
			look_into_all(listing, source,
			    formats_of((enum kind)kind, source));
}

void
archive_list_in_steps(struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena,
    void (*tell)(void *context), void *context)
{
	struct source outer = { .name = item->name,
		.head = item->content,
		.n_missing = item->n_missing,
		.tail = item->tail };
	bool has_inside[KIND_N] = { false };
	struct listing listing;

	listing_init(&listing, item, options, arena);
	listing.last = &outer;
	if (item->content.len == 0)
		return;
	item->is_archive = list_names(&listing, &outer, has_inside);
	if (item->is_archive && tell != NULL)
		tell(context);
	list_inside(&listing, &outer, has_inside);
	for (struct source *inner = outer.next; inner != NULL;
	     inner = inner->next) {
		memset(has_inside, 0, sizeof(has_inside));
		list_names(&listing, inner, has_inside);
		list_inside(&listing, inner, has_inside);
	}
}

/* libarchive's answers are in UTF-8 only where the locale is; times of entries
 * make the C library read zone files, and names its list of charsets. */
void
archive_prepare(void)
{
	static const char *const charsets[N_PINS] = { "UTF-8", "UTF-16LE",
		"UTF-16BE" };

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		setlocale(LC_CTYPE, "C");
	setenv("TZ", "UTC0", 1);
	tzset();
	for (size_t i = 0; i < N_PINS; i++)
		pins[i] = iconv_open("UTF-8", charsets[i]);
}

const char *
archive_version_text(void)
{
	return archive_version_string();
}

#endif

void
archive_list(struct inspect_item *item, const struct inspect_options *options,
    struct arena *arena)
{
	archive_list_in_steps(item, options, arena, NULL, NULL);
}
