/*
 * files: how rule files and tables are read from disk.
 */
#ifndef SLUICE_CONF_FILES_H
#define SLUICE_CONF_FILES_H

#include "rules/ruleset.h"

/* Has no state, so it outlives every ruleset. Any thread. */
extern const struct rules_io files_io;

/*
 * Appends the bytes of a regular file to out. 0, or -1 and a reason ("No such
 * file or directory", "is a folder", "larger than 1000 bytes").
 */
int files_read(
    const char *path, size_t max_bytes, struct buf *out, struct buf *error);

/* May users other than owner and group read it? No file: false. */
bool files_readable_by_others(const char *path);

#endif
