/*
 * zip: the names in a zip archive, by every reading of it (APPNOTE 6.3.10).
 *
 * A zip tells each name twice, beside the data and in the directory at its end,
 * and programs differ in which they believe; a list of one is a way around the
 * other. This reads both, even where the middle is missing, and needs no
 * library. Time is linear in the bytes.
 */
#ifndef SLUICE_INSPECT_ZIP_H
#define SLUICE_INSPECT_ZIP_H

#include "inspect/listing.h"

/* Adds to listing what source has as a zip, and says in its item what is wrong
 * or encrypted. False: it is none. */
bool zip_list(struct listing *listing, const struct source *source);

#endif
