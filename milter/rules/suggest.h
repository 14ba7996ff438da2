/*
 * suggest: "did you mean …?"
 */
#ifndef SLUICE_RULES_SUGGEST_H
#define SLUICE_RULES_SUGGEST_H

#include "base/str.h"

/* The best candidate so far; begin with { .wrong = what was written }. */
struct suggestion {
	struct str wrong;
	struct str best; /* empty: nothing is near */
	unsigned distance;
};

/*
 * Considers one candidate. Near is an edit distance (insert, delete, replace,
 * swap of neighbours; Damerau 1964) of at most a third of the longer word, at
 * most 3; so words of one or two bytes are near to nothing but themselves in
 * another case, and words over 64 bytes to nothing at all.
 */
void suggest(struct suggestion *suggestion, struct str candidate);

#endif
