/*
 * archive: the list of names in an archive. The only libarchive. Runs in a
 * helper process; in others only for tests and fuzzing.
 *
 * zip, 7z, rar, tar, cab, iso, and what compresses one file (gz, bz2, xz, zst,
 * Z). Names only; of an entry that is an archive itself the bytes, in memory,
 * within the limits.
 */
#ifndef SLUICE_INSPECT_ARCHIVE_H
#define SLUICE_INSPECT_ARCHIVE_H

#include "inspect/inspect.h"

/* Whatever libarchive will want of the system, before there is none. */
void archive_prepare(void);

/*
 * Fills in what item has of an archive; is_encrypted is only ever set. It ends
 * within most of timeout_ms, unless libarchive itself is lost in something.
 */
void archive_list(struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena);

/* The same; tell is called once the names of the outer archive are known, before
 * anything in it is unpacked that need not be. */
void archive_list_in_steps(struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena,
    void (*tell)(void *context), void *context);

/* "libarchive 3.6.2", of the library that is loaded; NULL: none. */
const char *archive_version_text(void);

#endif
