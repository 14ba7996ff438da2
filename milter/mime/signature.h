/*
 * signature: do the first bytes of a part, its type or its name look like an
 * archive? Of these more is kept than a sample, since their list may need it.
 */
#ifndef SLUICE_MIME_SIGNATURE_H
#define SLUICE_MIME_SIGNATURE_H

#include "base/str.h"

/* Enough for all but iso, which is known by its name or type. */
#define SIGNATURE_BYTES 560

/* head: the first bytes, SIGNATURE_BYTES of them if there are as many. */
bool signature_is_archive(struct str head);
/* "application/zip", "report.zip", … */
bool signature_type_is_archive(struct str type);
bool signature_name_is_archive(struct str name);

#endif
