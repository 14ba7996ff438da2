/*
 * fold: text as it looks, not as it is spelled.
 *
 * Zero-width, bidi and other ignorable characters are dropped; compatibility
 * forms (full width, mathematical letters, ligatures, circled, …; the
 * compatibility decompositions of Unicode that mail uses) become plain;
 * combining marks on Latin, Greek and Cyrillic letters are dropped; letters of
 * other scripts that look like Latin ones (a table after Unicode's
 * confusables) become those; what U+202E turns is turned. Case stays.
 */
#ifndef SLUICE_MIME_FOLD_H
#define SLUICE_MIME_FOLD_H

#include "base/buf.h"

/* Appends text (valid UTF-8), folded, at most max_bytes of it. False: nothing
 * is folded in it, and nothing was appended. */
bool fold(struct str text, size_t max_bytes, struct buf *out);

/* Is this character a blank, or one that fold drops? */
bool fold_is_unseen(uint32_t code);

#endif
