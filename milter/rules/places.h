/*
 * places: where patterns stand, in conditions and in regex tables.
 */
#ifndef SLUICE_RULES_PLACES_H
#define SLUICE_RULES_PLACES_H

#include "rules/program.h"

struct pattern_place {
	const struct pattern *pattern; /* of text, in a table */
	struct str owner;              /* "rule pace", "table words" */
	struct str where;              /* "site.rules:12", "words.txt:3" */
	const char *refusal; /* why it is tried by itself, though others of
			      * its fact or table are not; NULL: it is not */
	size_t longest;      /* bytes that what is matched can have; 0: many */
};

/* All of them in the order of the files; a pattern that several rules have, for
 * each. Texts live for the call. */
void pattern_places(const struct program *program,
    void (*each)(void *context, const struct pattern_place *place),
    void *context);

#endif
