/*
 * Three values: what could not be asked is unknown. A term that is not true
 * leaves no evidence, so that ${match} speaks of what decided.
 *
 * A fact of several values holds if one of them does, and != and !~ mean
 * exactly "not ==" and "not =~"; with `every` each value is asked by itself.
 */
#include "engine/eval.h"

#include "engine/compare.h"
#include "engine/lookup.h"
#include "engine/parts.h"
#include "engine/scan.h"
#include "engine/side.h"
#include "engine/spent.h"

static enum tri
tri_not(enum tri value)
{
	switch (value) {
	case TRI_FALSE:
		return TRI_TRUE;
	case TRI_TRUE:
		return TRI_FALSE;
	case TRI_UNKNOWN:
		return TRI_UNKNOWN;
	}
	return TRI_UNKNOWN;
}

enum tri
tri_of(bool value)
{
	return value ? TRI_TRUE : TRI_FALSE;
}

enum tri
tri_or(enum tri a, enum tri b)
{
	if (a == TRI_TRUE || b == TRI_TRUE)
		return TRI_TRUE;
	return a == TRI_UNKNOWN || b == TRI_UNKNOWN ? TRI_UNKNOWN : TRI_FALSE;
}

static enum tri
tri_and(enum tri a, enum tri b)
{
	return tri_not(tri_or(tri_not(a), tri_not(b)));
}

static bool
has_number(const struct fact_value *value)
{
	for (size_t i = 0; value->numbers != NULL && i < value->n; i++)
		if (value->numbers[i] != 0)
			return true;
	return value->n > 0 && value->number != 0;
}

/* Is there a value that says something? */
static enum tri
eval_bare(const struct side *side)
{
	const struct fact_value *value = &side->value;

	if (side->fact->type == FACT_TYPE_BOOL && value->truth)
		return TRI_TRUE;
	if (side->fact->type == FACT_TYPE_NUMBER && has_number(value))
		return TRI_TRUE;
	for (size_t i = 0; value->texts != NULL && i < value->n; i++)
		if (value->texts[i].len > 0)
			return TRI_TRUE;
	if (side->is_partial)
		return TRI_UNKNOWN;
	return tri_of(value->ip != NULL && value->n > 0);
}

/* text: what was found, in one value. */
static void
note_finding(const struct condition *cond, const struct side *one,
    struct str text, struct evidence *evidence)
{
	const struct fact_value *value = &one->value;
	struct finding *finding = &evidence->finding;

	*finding = (struct finding){
		.ref = &cond->ref, .value = value->first + one->at, .text = text
	};
	if (value->n > 0)
		finding->offset = (size_t)(text.p - value->texts[0].p);
	if (value->n > 0 && value->parts != NULL)
		finding->part = value->parts[0];
}

/* Without a regex only what parts of the message say has a place. */
static void
note_value(const struct condition *cond, const struct side *one,
    struct evidence *evidence)
{
	if (evidence->finding.ref == NULL && !evidence->has_match &&
	    one->value.n > 0 && one->value.parts != NULL &&
	    one->value.texts != NULL)
		note_finding(cond, one, one->value.texts[0], evidence);
}

/* No value is matched as the empty text. */
static enum tri
match_value(struct session *session, const struct condition *cond,
    const struct side *one, struct evidence *evidence)
{
	struct str subject = one->value.n == 0 ? STR("") : one->value.texts[0];
	struct pattern_captures captures;
	enum tri found;

	if (!scan_is_candidate(session, cond, one->at, subject))
		return TRI_FALSE;
	found = tri_of_pattern(session,
	    pattern_match(cond->pattern, subject, &session->budget, &captures));
	if (found == TRI_TRUE && !cond->is_negated && !evidence->has_match) {
		evidence->has_match = true;
		evidence->captures = captures;
		note_finding(cond, one, captures.groups[0], evidence);
	}
	return found;
}

/* What the condition says of one value, before it is negated. */
static enum tri
ask_value(struct session *session, const struct condition *cond,
    const struct side *one, struct evidence *evidence)
{
	enum tri holds;

	if (cond->kind == COND_MATCH)
		return match_value(session, cond, one, evidence);
	holds = cond->kind == COND_COMPARE
		    ? compare_value(session, cond, one, evidence)
		    : compare_in(session, cond, one, evidence);
	if (holds == TRI_TRUE)
		note_value(cond, one, evidence);
	return holds;
}

/* What is said by one sign in the language is asked the other way round. */
static bool
is_negated(const struct condition *cond)
{
	return cond->kind == COND_MATCH
		   ? cond->is_negated
		   : cond->kind == COND_COMPARE && cond->cmp == CMP_NE;
}

/* Value number i by itself. */
static struct side
side_at(const struct side *side, size_t i)
{
	struct side one = *side;

	if (side->value.texts != NULL)
		one.value.texts = &side->value.texts[i];
	if (side->value.numbers != NULL)
		one.value.number = side->value.numbers[i];
	one.value.numbers = NULL;
	if (side->value.parts != NULL)
		one.value.parts = &side->value.parts[i];
	one.value.n = 1;
	one.at = i;
	return one;
}

/* Asks once if there is no value at all: == "" and =~ /^$/ hold then. */
static enum tri
eval_some(struct session *session, const struct condition *cond,
    const struct side *side, struct evidence *evidence)
{
	enum tri some = side->is_partial ? TRI_UNKNOWN : TRI_FALSE;

	if (side->value.n == 0 && !side->is_partial)
		some = ask_value(session, cond, side, evidence);
	for (size_t i = 0; i < side->value.n && some != TRI_TRUE; i++) {
		struct side one = side_at(side, i);

		some = tri_or(some, ask_value(session, cond, &one, evidence));
	}
	return is_negated(cond) ? tri_not(some) : some;
}

/* Each value is asked, and negated, by itself. */
static enum tri
eval_every(struct session *session, const struct condition *cond,
    const struct side *side, struct evidence *evidence)
{
	enum tri all = side->is_partial ? TRI_UNKNOWN : TRI_TRUE;

	if (side->value.n == 0 && !side->is_partial)
		return TRI_FALSE;
	for (size_t i = 0; i < side->value.n && all != TRI_FALSE; i++) {
		struct side one = side_at(side, i);
		enum tri holds = ask_value(session, cond, &one, evidence);

		all = tri_and(all, is_negated(cond) ? tri_not(holds) : holds);
	}
	return all;
}

/* FACT in TABLE, where the table lives in the store. */
static enum tri
eval_lookup(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	size_t n = lookup_n_values(session, cond->lookup);
	enum tri result = tri_of(cond->is_every && n > 0);

	if (session->lookups == NULL)
		return TRI_UNKNOWN;
	for (size_t i = 0; i < n; i++) {
		enum tri one =
		    lookup_value(session, cond->lookup, i, NULL, evidence);

		result =
		    cond->is_every ? tri_and(result, one) : tri_or(result, one);
	}
	return result;
}

static enum tri
eval_values(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	struct side side;

	if (cond->kind == COND_IN && cond->has_text)
		return compare_text_in(session, cond, evidence);
	if (cond->kind == COND_IN && cond->in == IN_TABLE &&
	    cond->table->is_redis)
		return eval_lookup(session, cond, evidence);
	side_read(session, cond, &side, evidence);
	/* How the MTA refuses is not known before it has refused. */
	if (cond->ref.fact->id == FACT_RCPT_MTA_STATUS && side.value.n == 0)
		return TRI_UNKNOWN;
	if (cond->kind == COND_FACT)
		return eval_bare(&side);
	return cond->is_every ? eval_every(session, cond, &side, evidence)
			      : eval_some(session, cond, &side, evidence);
}

static enum tri
eval_and(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	enum tri all = TRI_TRUE;

	for (size_t i = 0; i < cond->n_terms; i++) {
		enum tri one =
		    eval_condition(session, cond->terms[i], evidence);

		if (one == TRI_FALSE)
			return TRI_FALSE;
		all = tri_and(all, one);
	}
	return all;
}

/* With several limits over, the longest wait is told: so all are asked. */
static enum tri
eval_or(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	enum tri some = TRI_FALSE;

	for (size_t i = 0; i < cond->n_terms; i++) {
		const struct condition *term = cond->terms[i];

		if (some == TRI_TRUE && term->kind != COND_OVER)
			continue;
		some = tri_or(some, eval_condition(session, term, evidence));
	}
	return some;
}

/* `not over L` that is true has left no evidence, yet the limit decided. */
static bool
speaks_of_limit(const struct condition *cond)
{
	for (size_t i = 0; i < cond->n_terms; i++)
		if (speaks_of_limit(cond->terms[i]))
			return true;
	return cond->limit != NULL;
}

static enum tri
eval_not(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	const struct condition *term = cond->terms[0];
	struct evidence none = { 0 };
	enum tri value = eval_condition(session, term, &none);

	evidence->is_tempfail |= none.is_tempfail;
	evidence->is_by_limit |= value == TRI_FALSE && speaks_of_limit(term);
	return tri_not(value);
}

/* Is there one attachment of which all of it is true? */
static enum tri
eval_with(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	const struct attachment *before = session->attachment;
	const struct attachment *attachments;
	size_t n = parts_attachments(session, &attachments);
	enum tri some = TRI_FALSE;

	for (size_t i = 0; i < n && some != TRI_TRUE; i++) {
		session->attachment = &attachments[i];
		some = tri_or(
		    some, eval_condition(session, cond->terms[0], evidence));
	}
	session->attachment = before;
	return some;
}

static enum tri
eval_kind(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	switch (cond->kind) {
	case COND_OR:
		return eval_or(session, cond, evidence);
	case COND_AND:
		return eval_and(session, cond, evidence);
	case COND_NOT:
		return eval_not(session, cond, evidence);
	case COND_FACT:
	case COND_COMPARE:
	case COND_MATCH:
	case COND_IN:
		return eval_values(session, cond, evidence);
	case COND_WITH:
		return eval_with(session, cond, evidence);
	case COND_OVER:
	case COND_NEAR:
	case COND_USED:
		return eval_limit(session, cond, evidence);
	}
	return TRI_UNKNOWN;
}

enum tri
eval_condition(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	struct evidence before;
	enum tri value;
	bool is_tempfail;

	if (cond == NULL)
		return TRI_TRUE;
	before = *evidence;
	value = eval_kind(session, cond, evidence);
	/* What is true or false all the same is nobody's reason to wait. */
	is_tempfail =
	    value == TRI_UNKNOWN ? evidence->is_tempfail : before.is_tempfail;
	if (value != TRI_TRUE)
		*evidence = before;
	evidence->is_tempfail = is_tempfail;
	return value;
}
