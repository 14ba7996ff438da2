/*
 * Sorted by insertion into three places: most names are turned away by one
 * comparison.
 */
#include "tool/corpus/examples.h"

#include "base/xalloc.h"

#include <stdlib.h>

/* Both were made here. */
static void
drop(struct examples *examples, size_t i)
{
	free((void *)(uintptr_t)examples->names[i].path);
	free((void *)(uintptr_t)examples->why[i]);
}

void
examples_done(struct examples *examples)
{
	for (size_t i = 0; i < examples->n; i++)
		drop(examples, i);
	examples->n = 0;
}

void
examples_add(
    struct examples *examples, const struct corpus_name *name, const char *why)
{
	size_t at = examples->n;

	while (at > 0 && corpus_name_cmp(name, &examples->names[at - 1]) < 0)
		at--;
	if (at == EXAMPLES_MAX)
		return;
	if (examples->n == EXAMPLES_MAX)
		drop(examples, --examples->n);
	for (size_t i = examples->n; i > at; i--) {
		examples->names[i] = examples->names[i - 1];
		examples->why[i] = examples->why[i - 1];
	}
	examples->names[at] = *name;
	examples->names[at].path = xstrdup(name->path);
	examples->why[at] = why == NULL ? NULL : xstrdup(why);
	examples->n++;
}

void
examples_merge(struct examples *into, const struct examples *from)
{
	for (size_t i = 0; i < from->n; i++)
		examples_add(into, &from->names[i], from->why[i]);
}
