/*
 * fold_own: the table of fold.c, and questions about one character.
 *
 * Private to fold*.c.
 */
#ifndef SLUICE_MIME_FOLD_OWN_H
#define SLUICE_MIME_FOLD_OWN_H

#include "base/str.h"

enum fold_kind {
	FOLD_STAYS, /* what no range has */
	FOLD_DROP,
	FOLD_MARK, /* dropped behind a letter of a script that has few */
	FOLD_CODE, /* one other character */
	FOLD_TEXT  /* several */
};

struct fold_to {
	enum fold_kind kind;
	uint32_t code;
	struct str text;
};

struct fold_to fold_find(uint32_t code);

#endif
