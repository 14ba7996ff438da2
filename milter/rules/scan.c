#include "rules/scan.h"

#include "rules/prefilter.h"

void
scans_make(struct program *program)
{
	for (size_t i = 0; i < program->n_scans; i++) {
		struct scan *scan = &program->scans[i];

		scan->prefilter = prefilter_new(scan->patterns, scan->n);
	}
}

void
scans_free(struct program *program)
{
	for (size_t i = 0; i < program->n_scans; i++)
		prefilter_free(program->scans[i].prefilter);
}
