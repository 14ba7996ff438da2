/*
 * What an operator does in the middle of a story: grants, resets, tables in
 * the store, rules that are observed for a while.
 *
 * The trap is a name that is wrong: Redis would take it, and the test would
 * show nothing. So limits, tables and rules must be those of the rules.
 */
#include "engine/trace_run.h"

#include "base/quantity.h"
#include "rules/key.h"
#include "rules/program.h"
#include "store/ledger.h"

#define GRANT_SEC   86400 /* unless `for` says otherwise */
#define OBSERVE_SEC 86400

/* The duration behind the last `for`; n_words without both. */
static bool
take_for(
    const struct trace_step *step, size_t *n_words_out, uint32_t *seconds_out)
{
	size_t n = step->n_words;

	*n_words_out = n;
	if (n < 3 || step->words[n - 2].is_quoted ||
	    !str_is(step->words[n - 2].text, "for"))
		return true;
	*n_words_out = n - 2;
	return duration_parse(step->words[n - 1].text, seconds_out) == 0;
}

static void
check_for(struct diags *diags, const struct trace_step *step, size_t least,
    size_t most)
{
	uint32_t seconds;
	size_t n;

	if (!take_for(step, &n, &seconds))
		diag_add(diags, DIAG_ERROR, step->words[n + 1].pos,
		    "expected a duration behind 'for': 30s, 5m, 1h, 1d, 1w");
	else if (n < least || n > most)
		diag_add(diags, DIAG_ERROR, step->pos, "expected: %s",
		    step->verb->usage);
}

/* Notes what the store said; returns -1. */
static int
fail_store(struct trace_run *run, struct buf *error)
{
	trace_fail(run, "a store that does it", buf_str(error).p);
	buf_done(error);
	return -1;
}

static int
need_limit(struct trace_run *run, struct str name)
{
	if (program_limit(ruleset_program(run->rules), name) != NULL)
		return 0;
	return trace_fail(run, "a limit of the rules", "no such limit");
}

void
trace_check_grant(struct diags *diags, const struct trace_step *step)
{
	struct store_raise raise;
	struct buf error = { 0 };

	check_for(diags, step, 3, 3);
	if (raise_parse(step->words[2].text, &raise, &error) == -1)
		diag_add(diags, DIAG_ERROR, step->words[2].pos, "%s",
		    buf_str(&error).p);
	buf_done(&error);
}

/* grant LIMIT KEY RAISE [for DURATION] */
int
trace_run_grant(struct trace_run *run, const struct trace_step *step)
{
	uint32_t seconds = GRANT_SEC;
	struct store_grant grant = { .limit = step->words[0].text,
		.identity = key_encode(run->arena, step->words[1].text),
		.hold = { .reason = STR("a test"), .by = STR("test") },
		.now_ms = run->now_ms };
	struct buf error = { 0 };
	size_t n;

	if (need_limit(run, grant.limit) == -1)
		return -1;
	take_for(step, &n, &seconds);
	raise_parse(step->words[2].text, &grant.raise, &error);
	grant.hold.until_ms = run->now_ms + INT64_C(1000) * seconds;
	if (store_grant_set(run->store, &grant, &error) == -1)
		return fail_store(run, &error);
	buf_done(&error);
	return 0;
}

/* reset LIMIT KEY */
int
trace_run_reset(struct trace_run *run, const struct trace_step *step)
{
	struct str identity = key_encode(run->arena, step->words[1].text);
	struct buf error = { 0 };
	size_t n;

	if (need_limit(run, step->words[0].text) == -1)
		return -1;
	if (store_reset(
		run->store, step->words[0].text, identity, &n, &error) == -1)
		return fail_store(run, &error);
	buf_done(&error);
	return 0;
}

/* The table in the store that is meant, and the entry as it stands there. */
static int
read_entry(
    struct trace_run *run, const struct trace_step *step, struct str *entry_out)
{
	const struct table *table =
	    program_table(ruleset_program(run->rules), step->words[0].text);
	struct buf error = { 0 };
	int rc = 0;

	if (table == NULL || !table->is_redis)
		return trace_fail(run,
		    "a table of the rules that is in the "
		    "store (redis)",
		    "no such table");
	if (table_entry_normal(table->type, step->words[1].text,
		table->ignores_case, run->arena, entry_out, &error) == -1)
		rc = trace_fail(run, "an entry of the table", error.p);
	buf_done(&error);
	return rc;
}

void
trace_check_table_add(struct diags *diags, const struct trace_step *step)
{
	check_for(diags, step, 2, 3);
}

/* table-add TABLE ENTRY [VALUE] [for DURATION] */
int
trace_run_table_add(struct trace_run *run, const struct trace_step *step)
{
	struct str entry, value = STR("");
	uint32_t seconds = 0;
	size_t n;

	if (read_entry(run, step, &entry) == -1)
		return -1;
	take_for(step, &n, &seconds);
	if (n == 3)
		value = step->words[2].text;
	/* The one way into a table that knows the time of the story. */
	store_remember(run->store, step->words[0].text, entry, value, seconds,
	    run->now_ms);
	return 0;
}

/* table-remove TABLE ENTRY */
int
trace_run_table_remove(struct trace_run *run, const struct trace_step *step)
{
	struct buf error = { 0 };
	struct str entry;
	bool was_there;

	if (read_entry(run, step, &entry) == -1)
		return -1;
	if (store_table_remove(run->store, step->words[0].text, entry,
		&was_there, &error) == -1)
		return fail_store(run, &error);
	buf_done(&error);
	return 0;
}

void
trace_check_observe(struct diags *diags, const struct trace_step *step)
{
	check_for(diags, step, 1, 1);
}

static int
set_switch(struct trace_run *run, struct str rule, int64_t until_ms)
{
	if (program_rule(ruleset_program(run->rules), rule) == NULL)
		return trace_fail(run, "a rule", "no such rule");
	run->switches = arena_grow(
	    run->arena, run->switches, run->n_switches, sizeof(*run->switches));
	run->switches[run->n_switches++] =
	    (struct trace_switch){ .rule = rule, .until_ms = until_ms };
	return 0;
}

/* observe RULE [for DURATION] */
int
trace_run_observe(struct trace_run *run, const struct trace_step *step)
{
	uint32_t seconds = OBSERVE_SEC;
	size_t n;

	take_for(step, &n, &seconds);
	return set_switch(
	    run, step->words[0].text, run->now_ms + INT64_C(1000) * seconds);
}

/* enforce RULE: before its time */
int
trace_run_enforce(struct trace_run *run, const struct trace_step *step)
{
	return set_switch(run, step->words[0].text, run->now_ms);
}
