/*
 * document: does a document need a password to be read?
 */
#ifndef SLUICE_INSPECT_DOCUMENT_H
#define SLUICE_INSPECT_DOCUMENT_H

#include "base/str.h"

/*
 * PDF (ISO 32000-1, 7.6), Office Open XML with a password ([MS-OFFCRYPTO]
 * 2.3.4), and the older Word, Excel and PowerPoint. Of a document of which the
 * middle is missing, what head and tail tell. Linear in the bytes.
 */
bool document_is_encrypted(struct str head, struct str tail);

#endif
