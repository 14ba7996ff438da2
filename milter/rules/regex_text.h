/*
 * regex_text: a regular expression as it is written: /…/flags, where \/ is a
 * slash, or m{…}flags, where braces inside come in pairs or behind a backslash.
 * What stands between the delimiters is PCRE2's, taken as it is.
 */
#ifndef SLUICE_RULES_REGEX_TEXT_H
#define SLUICE_RULES_REGEX_TEXT_H

#include "base/buf.h"

struct regex_text {
	struct str pattern;
	struct str flags;
	size_t at;  /* of the pattern */
	size_t len; /* of everything */
};

/* Does text begin as one does: with "/" or "m{"? */
bool regex_text_begins(struct str text);
/* 0, or -1 if text does not begin with one, or it is not closed on its line. */
int regex_text_read(struct str text, struct regex_text *out);
/* With the delimiters that fit: m{…} if it has a bare slash. */
void regex_text_print(struct str pattern, struct str flags, struct buf *out);

#endif
