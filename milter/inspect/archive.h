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

/* Do these bytes begin like an archive that libarchive knows? The mime layer's
 * question, too (see mime/signature.h). */
void archive_list(struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena);

#endif
