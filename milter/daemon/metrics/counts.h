/*
 * counts: counters by name, for what is counted of each rule or limit.
 *
 * Any thread; no call waits, and a name takes memory only when it comes for
 * the first time. It is never forgotten, since a counter must not go back: rules
 * that a reload took away keep theirs. What finds no place is counted as well,
 * without its name.
 */
#ifndef SLUICE_DAEMON_METRICS_COUNTS_H
#define SLUICE_DAEMON_METRICS_COUNTS_H

#include "base/str.h"

struct counts;

struct count_of {
	struct str name;  /* copied */
	const char *word; /* a literal, such as an action */
	bool is_observed;
};

/* Room for so many. */
struct counts *counts_new(size_t max);
void counts_free(struct counts *counts); /* nobody counts any more */
void counts_add(struct counts *counts, struct count_of of, uint64_t n);
/*
 * All that were counted, in no order; last, if there are any, those that found
 * no place, as of the name COUNTS_OTHER with an empty word.
 */
#define COUNTS_OTHER "(other)"
void counts_each(const struct counts *counts,
    void (*each)(void *context, struct count_of of, uint64_t n), void *context);

#endif
