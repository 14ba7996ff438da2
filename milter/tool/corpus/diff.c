/*
 * Rules are the same if their names are; verdicts, if the same comes of a mail by
 * a rule of the same name.
 */
#include "tool/corpus/diff.h"

#include "base/xalloc.h"

#include <stdlib.h>

void
diff_init(
    struct diff *diff, const struct program *before, const struct program *now)
{
	size_t n = before->n_rules;

	diff->rules = xcalloc(n + now->n_rules + 1, sizeof(*diff->rules));
	diff->pairs = NULL;
	diff->n_pairs = 0;
	for (size_t i = 0; i < n; i++) {
		const struct rule *rule = before->rules[i];

		diff->rules[i] = (struct diff_rule){ .name = rule->name,
			.before = rule,
			.now = program_rule(now, rule->name) };
	}
	for (size_t i = 0; i < now->n_rules; i++)
		if (program_rule(before, now->rules[i]->name) == NULL)
			diff->rules[n++] =
			    (struct diff_rule){ .name = now->rules[i]->name,
				    .now = now->rules[i] };
	diff->n_rules = n;
}

void
diff_done(struct diff *diff)
{
	for (size_t i = 0; i < diff->n_rules; i++)
		examples_done(&diff->rules[i].examples);
	for (size_t i = 0; i < diff->n_pairs; i++)
		examples_done(&diff->pairs[i].examples);
	free(diff->rules);
	free(diff->pairs);
}

static unsigned char
mark_of(const struct tally *tally, const struct rule *rule)
{
	return rule == NULL ? TALLY_NOTHING : tally->marks[rule->index];
}

static struct diff_pair *
need_pair(struct diff *diff, const struct diff_pair *like)
{
	struct diff_pair *pair;

	for (size_t i = 0; i < diff->n_pairs; i++) {
		pair = &diff->pairs[i];
		if (pair->before == like->before && pair->now == like->now &&
		    pair->rule_before == like->rule_before &&
		    pair->rule_now == like->rule_now)
			return pair;
	}
	diff->pairs =
	    xrealloc(diff->pairs, (diff->n_pairs + 1) * sizeof(*diff->pairs));
	pair = &diff->pairs[diff->n_pairs++];
	*pair = (struct diff_pair){ .before = like->before,
		.now = like->now,
		.rule_before = like->rule_before,
		.rule_now = like->rule_now };
	return pair;
}

static bool
is_same_verdict(
    const struct rehearsal_verdict *a, const struct rehearsal_verdict *b)
{
	if (a->end != b->end)
		return false;
	if (a->rule == NULL || b->rule == NULL)
		return a->rule == b->rule;
	return str_eq(a->rule->name, b->rule->name);
}

void
diff_add(struct diff *diff, const struct tally *before, const struct tally *now,
    const struct rehearsal_verdict *verdict_before,
    const struct rehearsal_verdict *verdict_now, const struct corpus_name *name)
{
	for (size_t i = 0; i < diff->n_rules; i++) {
		struct diff_rule *rule = &diff->rules[i];

		if (mark_of(before, rule->before) == mark_of(now, rule->now))
			continue;
		rule->n++;
		examples_add(&rule->examples, name, NULL);
	}
	if (!is_same_verdict(verdict_before, verdict_now)) {
		const struct diff_pair like = { .before = verdict_before->end,
			.now = verdict_now->end,
			.rule_before = verdict_before->rule,
			.rule_now = verdict_now->rule };
		struct diff_pair *pair = need_pair(diff, &like);

		pair->n++;
		examples_add(&pair->examples, name, NULL);
	}
}

void
diff_merge(struct diff *into, const struct diff *from)
{
	for (size_t i = 0; i < into->n_rules; i++) {
		into->rules[i].n += from->rules[i].n;
		examples_merge(
		    &into->rules[i].examples, &from->rules[i].examples);
	}
	for (size_t i = 0; i < from->n_pairs; i++) {
		struct diff_pair *pair = need_pair(into, &from->pairs[i]);

		pair->n += from->pairs[i].n;
		examples_merge(&pair->examples, &from->pairs[i].examples);
	}
}

bool
diff_is_empty(const struct diff *diff)
{
	for (size_t i = 0; i < diff->n_rules; i++)
		if (diff->rules[i].n > 0)
			return false;
	return diff->n_pairs == 0;
}

static int
compare_numbers(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

/* None comes first. */
static size_t
place_of(const struct rule *rule)
{
	return rule == NULL ? 0 : rule->index + 1;
}

static int
compare_pairs(const void *left, const void *right)
{
	const struct diff_pair *a = left, *b = right;
	int order;

	if ((order = compare_numbers(a->before, b->before)) != 0 ||
	    (order = compare_numbers(
		 place_of(a->rule_before), place_of(b->rule_before))) != 0 ||
	    (order = compare_numbers(a->now, b->now)) != 0)
		return order;
	return compare_numbers(place_of(a->rule_now), place_of(b->rule_now));
}

void
diff_sort(struct diff *diff)
{
	if (diff->n_pairs > 0)
		qsort(diff->pairs, diff->n_pairs, sizeof(*diff->pairs),
		    compare_pairs);
}
