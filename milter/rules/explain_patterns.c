/*
 * For people: which patterns are scanned together, and which are not and why.
 */
#include "rules/places.h"
#include "rules/prefilter.h"
#include "rules/print.h"
#include "rules/regex_text.h"
#include "rules/ruleset.h"

static size_t
n_refused(const struct prefilter *prefilter, size_t n)
{
	size_t n_refused = 0;

	for (size_t i = 0; i < n; i++)
		n_refused += prefilter_refusal(prefilter, i) != NULL;
	return n_refused;
}

static void
explain_scan(const struct scan *scan, struct buf *out)
{
	size_t alone;

	buf_add_cstr(out, "scan of ");
	print_ref(&scan->ref, out);
	buf_printf(out, ": %zu pattern%s, ", scan->n, scan->n == 1 ? "" : "s");
	if (scan->prefilter == NULL) {
		buf_add_cstr(out, scan->n < PREFILTER_MIN
				      ? "one by one: they are few\n"
				      : "one by one\n");
		return;
	}
	alone = n_refused(scan->prefilter, scan->n);
	buf_printf(out, "together; tried by themselves: %zu\n", alone);
}

struct count {
	size_t n, n_alone;
};

static void
count_entry(void *context, const struct table_pattern *entry)
{
	struct count *count = context;

	count->n++;
	count->n_alone += entry->refusal != NULL;
}

static void
explain_table(const struct table *table, struct buf *out)
{
	struct count count = { 0 };

	table_patterns(table, count_entry, &count);
	if (count.n == 0)
		return;
	buf_printf(out, "scan of table %.*s: %zu pattern%s, ",
	    STR_ARG(table->name), count.n, count.n == 1 ? "" : "s");
	if (count.n < PREFILTER_MIN)
		buf_add_cstr(out, "one by one: they are few\n");
	else if (!prefilter_is_available())
		buf_add_cstr(out, "one by one\n");
	else
		buf_printf(
		    out, "together; tried by themselves: %zu\n", count.n_alone);
}

static void
explain_refusal(void *context, const struct pattern_place *place)
{
	struct buf *out = context;

	if (place->refusal == NULL)
		return;
	buf_printf(
	    out, "%.*s: %.*s: ", STR_ARG(place->where), STR_ARG(place->owner));
	regex_text_print(
	    pattern_text(place->pattern), pattern_flags(place->pattern), out);
	buf_printf(out, " is tried by itself: %s\n", place->refusal);
}

void
ruleset_explain_patterns(const struct ruleset *rules, struct buf *out)
{
	const struct program *program = ruleset_program(rules);

	if (prefilter_is_available())
		buf_printf(out,
		    "libhs %s: of %d patterns or more that are asked of a fact "
		    "or are in a table one scan tells which may match\n",
		    prefilter_version(), PREFILTER_MIN);
	else
		buf_printf(out, "libhs: %s; patterns are tried one by one\n",
		    prefilter_version());
	for (size_t i = 0; i < program->n_scans; i++)
		explain_scan(&program->scans[i], out);
	for (size_t i = 0; i < program->n_tables; i++)
		explain_table(program->tables[i], out);
	pattern_places(program, explain_refusal, out);
}
