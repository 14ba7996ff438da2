/*
 * archive_own: what the files of archive share (archive.c, archive_stream.c,
 * archive_inside.c), and nobody else sees.
 */
#ifndef SLUICE_INSPECT_ARCHIVE_OWN_H
#define SLUICE_INSPECT_ARCHIVE_OWN_H

#include "inspect/listing.h"

#include <archive.h>
#include <archive_entry.h>

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
	void (*use_formats)(struct archive *archive);
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

/* archive_stream.c. Opens reading->source as one of the formats that
 * reading->use_formats makes known; an error shows when the first header is
 * asked for. NULL: no memory. */
struct archive *archive_open(struct reading *reading);

/* Kinds of formats. Of compressed ones only those that libarchive unpacks
 * itself, without another program. */
void archive_use_zip(struct archive *archive);
void archive_use_archivers(struct archive *archive);
void archive_use_iso(struct archive *archive);
void archive_use_tar(struct archive *archive);
void archive_use_compressed(struct archive *archive);

/* ARCHIVE_FORMAT_ZIP and the like, without their kinds; 0: none. */
int archive_format_of(struct archive *archive);

/* archive_inside.c. Unpacks the entry at hand if it may be an archive itself;
 * if it is, it waits in the listing for its turn. name: as found. */
void archive_look_into(struct reading *reading, struct str name);
/* Reads on to the end of the entry, for nothing but the next header; of a
 * single file only to see whether it ends well. */
void archive_drain(struct reading *reading);

#endif
