/*
 * inspect: what attachments are, as libmagic and libarchive see them.
 *
 * Both are other people's parsers on hostile bytes, so they run in helper
 * processes of ours: no files, no network, little memory and time (rlimits, a
 * seccomp filter), nothing of the mail system in them. A helper is the same
 * program, started again (inspect_is_helper). One that dies, or does not
 * answer in time, is killed; its question is answered "failed" and the next
 * one starts another.
 *
 * An inspector may be used by any number of threads; each question borrows one
 * of a few helpers, which are started when they are needed first. Nothing is
 * ever unpacked to disk.
 */
#ifndef SLUICE_INSPECT_INSPECT_H
#define SLUICE_INSPECT_INSPECT_H

#include "base/arena.h"

/* What the build has; without, what it would tell stays empty. */
bool inspect_has_magic(void);
bool inspect_has_archive(void);
/* "libarchive 3.6.2, libmagic 544", or what is missing: for `sluice version`
 * and check. */
const char *inspect_versions(void);

/* For main of each program, before anything else: was this process started as
 * a helper? Then it returns inspect_serve(). */
bool inspect_is_helper(int argc, char **argv);
int inspect_serve(void);

struct inspect_options {
	unsigned n_helpers;    /* at most; a question waits for a free one */
	uint32_t timeout_ms;   /* of one inspect() with all its items */
	size_t entries_max;    /* names of one archive, those in it included */
	size_t name_bytes_max; /* one name; cut */
	uint64_t unpacked_max; /* bytes of inner archives, in memory */
	unsigned nesting_max;  /* archives in archives that are looked into */
	size_t memory_max;     /* of a helper */
};

void inspect_options_init(struct inspect_options *options); /* defaults */

/* One attachment. */
struct inspect_item {
	/* in */
	struct str name;    /* may be empty: a hint for .gz */
	struct str content; /* decoded bytes from the first on */
	struct str tail;    /* the last ones, if some between are missing */
	uint64_t n_missing; /* so many between content and tail */
	/* out */
	struct str magic;    /* "application/x-dosexec"; empty: not known */
	struct str *entries; /* names in an archive, valid UTF-8; of an archive
				 in it "inner.zip/readme.exe" */
	size_t n_entries;
	bool is_archive;
	bool is_encrypted; /* of an archive: some entry, or its list; of a
			      document: needs a password to be read */
	bool is_broken;    /* an archive that ends early or makes no sense */
	bool is_limited;   /* over entries_max, unpacked_max or nesting_max */
	bool has_failed;   /* the helper died or was too late; of an archive
			      the outer names may be there all the same */
};

struct inspector;

struct inspector *inspector_new(const struct inspect_options *options);
void inspector_free(struct inspector *inspector); /* NULL is fine */

/*
 * Fills in what is out of each item; strings live in arena. Never waits for
 * longer than timeout_ms. Damage is the caller's to tell. inspector NULL: all
 * have failed.
 */
void inspect(struct inspector *inspector, struct inspect_item *items, size_t n,
    struct arena *arena);

/* For `status` and tests. */
struct inspect_counts {
	uint64_t n_questions;
	uint64_t n_started; /* helpers */
	uint64_t n_died;    /* of themselves */
	uint64_t n_late;    /* killed */
};

void inspector_counts(
    const struct inspector *inspector, struct inspect_counts *counts_out);

#endif
