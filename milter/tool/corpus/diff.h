/*
 * diff: where two rulesets come to different things over a corpus. Each thread
 * compares for itself; at the end the diffs are added up.
 */
#ifndef SLUICE_TOOL_CORPUS_DIFF_H
#define SLUICE_TOOL_CORPUS_DIFF_H

#include "tool/corpus/tally.h"

/* Mails for which the one verdict became the other. */
struct diff_pair {
	enum rehearsal_end before, now;
	const struct rule *rule_before, *rule_now; /* that decided; or NULL */
	uint64_t n;
	struct examples examples;
};

/* A rule of either ruleset, or of both under one name. */
struct diff_rule {
	struct str name;
	const struct rule *before, *now; /* NULL: not in this one */
	uint64_t n; /* mails to which it does something else now */
	struct examples examples;
};

struct diff {
	struct diff_rule *rules; /* those before, then those that are new */
	size_t n_rules;
	struct diff_pair *pairs;
	size_t n_pairs;
};

void diff_init(
    struct diff *diff, const struct program *before, const struct program *now);
void diff_done(struct diff *diff);

/* One mail, as both tallies have marked it. */
void diff_add(struct diff *diff, const struct tally *before,
    const struct tally *now, const struct rehearsal_verdict *verdict_before,
    const struct rehearsal_verdict *verdict_now,
    const struct corpus_name *name);

/* In the end: the pairs in the order of verdicts and rules. */
void diff_sort(struct diff *diff);
void diff_merge(struct diff *into, const struct diff *from);
bool diff_is_empty(const struct diff *diff);

#endif
