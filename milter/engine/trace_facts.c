/*
 * `also FACT …`: what else is to be true after an event. One table; a row's
 * function answers and writes down what came instead, for the message.
 *
 * The trap: a refusal's text ends with a reference that differs from event to
 * event, so an exact text is compared without it, too.
 */
#include "engine/trace_run.h"

#include "base/log.h"
#include "rules/suggest.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 500 /* bytes of a text in a message */

struct trace_fact {
	const char *name;
	const char *usage;
	unsigned min_words; /* behind the fact's name */
	unsigned max_words;
	bool (*holds)(struct trace_run *run, const struct trace_word *words,
	    size_t n_words, struct buf *came);
};

static bool
is_observed(struct trace_run *run, struct str rule)
{
	const struct trace_event *event = &run->event;

	for (size_t i = 0; i < event->n_verdicts; i++)
		if (event->verdicts[i].is_observed &&
		    str_eq(event->verdicts[i].rule, rule))
			return true;
	return false;
}

static bool
holds_observed(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	trace_describe_event(run, came);
	return is_observed(run, words[0].text);
}

static bool
holds_not_observed(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	trace_describe_event(run, came);
	return !is_observed(run, words[0].text);
}

/* The text less what the engine adds to it: " (ref 4f2a-3)". */
static struct str
without_ref(struct str text)
{
	const struct str head = STR(" (ref ");
	ptrdiff_t at = str_find_last(text, '(');

	if (at < 1 || text.p[text.len - 1] != ')' ||
	    !str_starts(str_from(text, (size_t)at - 1), head))
		return text;
	return str_sub(text, 0, (size_t)at - 1);
}

/* text "WHOLE", text contains "PART" */
static bool
holds_text(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	struct str text = run->event.reply.text;

	buf_add_cstr(came, "text \"");
	log_escape(came, text, SHOWN_MAX);
	buf_byte(came, '"');
	if (n_words == 2)
		return str_is(words[0].text, "contains") &&
		       str_has(text, words[1].text);
	return str_eq(text, words[0].text) ||
	       str_eq(without_ref(text), words[0].text);
}

static void
describe_text(struct buf *out, struct str text)
{
	buf_add_cstr(out, " \"");
	log_escape(out, text, SHOWN_MAX);
	buf_byte(out, '"');
}

static void
describe_changes(const struct trace_run *run, struct buf *came)
{
	const struct trace_event *event = &run->event;

	if (event->n_changes == 0)
		buf_add_cstr(came, "no changes");
	for (size_t i = 0; i < event->n_changes; i++) {
		const struct change *change = &event->changes[i];

		buf_printf(
		    came, "%s%s", i > 0 ? ", " : "", change_name(change->kind));
		if (change->name.len > 0)
			describe_text(came, change->name);
		if (change->kind != CHANGE_REMOVE_HEADER)
			describe_text(came, change->value);
	}
}

/* name or value NULL: any. */
static bool
has_change(struct trace_run *run, enum change_kind kind, const struct str *name,
    const struct str *value)
{
	const struct trace_event *event = &run->event;

	for (size_t i = 0; i < event->n_changes; i++) {
		const struct change *change = &event->changes[i];

		if (change->kind == kind &&
		    (name == NULL || str_eq_nocase(change->name, *name)) &&
		    (value == NULL || str_eq(change->value, *value)))
			return true;
	}
	return false;
}

static bool
holds_add_header(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	describe_changes(run, came);
	return has_change(run, CHANGE_ADD_HEADER, &words[0].text,
	    n_words > 1 ? &words[1].text : NULL);
}

static bool
holds_set_header(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	describe_changes(run, came);
	return has_change(run, CHANGE_SET_HEADER, &words[0].text,
	    n_words > 1 ? &words[1].text : NULL);
}

static bool
holds_remove_header(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	describe_changes(run, came);
	return has_change(run, CHANGE_REMOVE_HEADER, &words[0].text, NULL);
}

static bool
holds_quarantine(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	describe_changes(run, came);
	return has_change(
	    run, CHANGE_QUARANTINE, NULL, n_words > 0 ? &words[0].text : NULL);
}

static bool
holds_add_recipient(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	describe_changes(run, came);
	return has_change(run, CHANGE_ADD_RECIPIENT, NULL, &words[0].text);
}

static bool
holds_remove_recipient(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	describe_changes(run, came);
	return has_change(run, CHANGE_REMOVE_RECIPIENT, NULL, &words[0].text);
}

static bool
holds_set_sender(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	describe_changes(run, came);
	return has_change(run, CHANGE_SET_SENDER, NULL, &words[0].text);
}

/* n-changes N: and no others */
static bool
holds_n_changes(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	unsigned wanted = 0;

	(void)n_words;
	describe_changes(run, came);
	trace_number(words[0].text, 0, TRACE_REPEAT_MAX, &wanted);
	return run->event.n_changes == wanted;
}

static bool
holds_no_changes(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)words;
	(void)n_words;
	describe_changes(run, came);
	return run->event.n_changes == 0;
}

static bool
holds_score(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	double score = 0, wanted = strtod(words[0].text.p, NULL);

	(void)n_words;
	if (run->session != NULL)
		score = session_score(run->session);
	buf_printf(came, "score %g", score);
	return score - wanted < 1e-9 && wanted - score < 1e-9;
}

static bool
has_tag(struct trace_run *run, struct str tag)
{
	return run->session != NULL && session_has_tag(run->session, tag);
}

static bool
holds_tag(struct trace_run *run, const struct trace_word *words, size_t n_words,
    struct buf *came)
{
	(void)n_words;
	buf_add_cstr(came, "the tag is not set");
	return has_tag(run, words[0].text);
}

static bool
holds_not_tag(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	buf_add_cstr(came, "the tag is set");
	return !has_tag(run, words[0].text);
}

static const struct trace_fact facts[] = {
	{ "observed", "observed RULE", 1, 1, holds_observed },
	{ "not-observed", "not-observed RULE", 1, 1, holds_not_observed },
	{ "text", "text [contains] \"TEXT\"", 1, 2, holds_text },
	{ "add-header", "add-header \"NAME\" [\"VALUE\"]", 1, 2,
	    holds_add_header },
	{ "set-header", "set-header \"NAME\" [\"VALUE\"]", 1, 2,
	    holds_set_header },
	{ "remove-header", "remove-header \"NAME\"", 1, 1,
	    holds_remove_header },
	{ "quarantine", "quarantine [\"REASON\"]", 0, 1, holds_quarantine },
	{ "add-recipient", "add-recipient ADDRESS", 1, 1, holds_add_recipient },
	{ "remove-recipient", "remove-recipient ADDRESS", 1, 1,
	    holds_remove_recipient },
	{ "set-sender", "set-sender ADDRESS", 1, 1, holds_set_sender },
	{ "n-changes", "n-changes N", 1, 1, holds_n_changes },
	{ "no-changes", "no-changes", 0, 0, holds_no_changes },
	{ "score", "score NUMBER", 1, 1, holds_score },
	{ "tag", "tag WORD", 1, 1, holds_tag },
	{ "not-tag", "not-tag WORD", 1, 1, holds_not_tag },
	{ "counter", "counter LIMIT KEY [WINDOW] used N", 4, 5,
	    trace_holds_counter },
	{ "locked", "locked LIMIT KEY", 2, 2, trace_holds_locked },
	{ "not-locked", "not-locked LIMIT KEY", 2, 2, trace_holds_not_locked },
	{ "in-table", "in-table TABLE ENTRY", 2, 2, trace_holds_in_table },
	{ "not-in-table", "not-in-table TABLE ENTRY", 2, 2,
	    trace_holds_not_in_table },
	{ "crossing", "crossing near|over|locked LIMIT KEY", 3, 3,
	    trace_holds_crossing },
	{ "no-crossing", "no-crossing", 0, 0, trace_holds_no_crossing },
};

#define N_FACTS (sizeof(facts) / sizeof(facts[0]))

const char *
trace_also_word(size_t i)
{
	return i < N_FACTS ? facts[i].name : NULL;
}

static const struct trace_fact *
find_fact(struct str name, struct str *nearest_out)
{
	struct suggestion suggestion = { .wrong = name };

	for (size_t i = 0; i < N_FACTS; i++) {
		if (str_is(name, facts[i].name))
			return &facts[i];
		suggest(&suggestion, str_of(facts[i].name));
	}
	*nearest_out = suggestion.best;
	return NULL;
}

static bool
is_number(struct str text)
{
	char *end = NULL;

	strtod(text.p, &end);
	return text.len > 0 && *end == '\0';
}

/* What a count of words cannot tell. */
static bool
is_well_formed(const struct trace_fact *fact, const struct trace_word *words,
    size_t n_words)
{
	unsigned n;

	if (strcmp(fact->name, "text") == 0)
		return n_words == 1 || str_is(words[0].text, "contains");
	if (strcmp(fact->name, "score") == 0)
		return is_number(words[0].text);
	if (strcmp(fact->name, "n-changes") == 0)
		return trace_number(words[0].text, 0, TRACE_REPEAT_MAX, &n) ==
		       0;
	if (strcmp(fact->name, "counter") == 0)
		return trace_is_counter(words, n_words);
	if (strcmp(fact->name, "crossing") == 0)
		return trace_is_crossing(words);
	return true;
}

void
trace_fact_check(struct diags *diags, const struct trace_step *step)
{
	const struct trace_word *words = step->words;
	const struct trace_fact *fact;
	struct str nearest;
	size_t n = step->n_words - 1;

	fact = find_fact(words[0].text, &nearest);
	if (fact == NULL && nearest.len > 0)
		diag_add(diags, DIAG_ERROR, words[0].pos,
		    "'also' knows no such fact; did you mean '%.*s'?",
		    STR_ARG(nearest));
	else if (fact == NULL)
		diag_add(diags, DIAG_ERROR, words[0].pos,
		    "'also' knows no such fact (sluice.rules(5) lists them)");
	else if (n < fact->min_words || n > fact->max_words ||
		 !is_well_formed(fact, words + 1, n))
		diag_add(diags, DIAG_ERROR, step->pos, "expected: also %s",
		    fact->usage);
}

int
trace_fact_run(struct trace_run *run, const struct trace_step *step)
{
	const struct trace_fact *fact;
	struct str nearest;
	struct buf came;
	int rc = 0;

	fact = find_fact(step->words[0].text, &nearest);
	buf_init(&came);
	if (!fact->holds(run, step->words + 1, step->n_words - 1, &came))
		rc = trace_fail(run, "what the line says", buf_str(&came).p);
	buf_done(&came);
	return rc;
}
