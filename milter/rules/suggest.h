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
 * swap of neighbours; Damerau 1964) of at most a third of its length, at least
 * 1, at most 3; words over 64 bytes are never near.
 */
void suggest(struct suggestion *suggestion, struct str candidate);

#endif
