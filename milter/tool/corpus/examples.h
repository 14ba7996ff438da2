/*
 * examples: the first few mails of many, by name, whatever the order in which
 * they come; so a corpus has the same examples each time.
 */
#ifndef SLUICE_TOOL_CORPUS_EXAMPLES_H
#define SLUICE_TOOL_CORPUS_EXAMPLES_H

#include "tool/corpus/corpus.h"

#define EXAMPLES_MAX 3

/* All zero is an empty one. Owns copies of the names. */
struct examples {
	struct corpus_name names[EXAMPLES_MAX];
	const char *why[EXAMPLES_MAX]; /* of what cannot be read; or NULL */
	size_t n;
};

void examples_done(struct examples *examples);
void examples_add(
    struct examples *examples, const struct corpus_name *name, const char *why);
void examples_merge(struct examples *into, const struct examples *from);

#endif
