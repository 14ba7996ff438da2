/*
 * Limits: where each is charged, and where it may be asked.
 *
 * `known` comes from what the limit reads, `stage` from that and from its unit.
 * Between the two a limit can be asked, but only as a peek. What happens at no
 * stage of its own (rejects, unknown recipients) is behind all of them, so that
 * asking for it is always a peek.
 */
#include "rules/check.h"
#include "rules/suggest.h"

/* Can its values tell one thing from another? */
static bool
is_countable(const struct fact *fact)
{
	bool is_body = fact->id >= FACT_BODY && fact->id <= FACT_BODY_FOLDED;
	bool is_many_numbers =
	    fact->type == FACT_TYPE_NUMBER && (fact->flags & FACT_MANY) != 0;

	return (fact->flags & FACT_TEXT_ONLY) == 0 && !is_body &&
	       !is_many_numbers && fact->type != FACT_TYPE_BOOL &&
	       fact->id != FACT_REF && fact->id != FACT_SCORE &&
	       fact->id != FACT_RCPT_MTA_STATUS;
}

static void
check_counted(struct checker *checker, struct limit *limit,
    const struct fact_ref *ref, const char *what)
{
	struct check_place place = { .raise = &limit->known, .limit = limit };

	if (is_countable(ref->fact))
		check_ref(checker, &place, ref);
	else
		diag_add(checker->diags, DIAG_ERROR, ref->pos,
		    "'%s' cannot be %s", ref->fact->name, what);
}

/* A recipient is one value at rcpt only; later there is a list of them. */
static void
check_recipient_keys(struct checker *checker, const struct limit *limit)
{
	const char *by_unit = limit->unit == UNIT_BYTES      ? "bytes"
			      : limit->unit == UNIT_DISTINCT ? "distinct values"
							     : NULL;

	if (limit->unit == UNIT_UNKNOWN_RECIPIENTS || limit->stage < STAGE_DATA)
		return;
	for (size_t i = 0; i < limit->n_keys; i++) {
		const struct fact_ref *key = &limit->keys[i];

		if ((key->fact->flags & FACT_LIST_FROM_DATA) == 0)
			continue;
		if (limit->unit == UNIT_REJECTS)
			diag_add(checker->diags, DIAG_ERROR, key->pos,
			    "'%s' is one recipient at stage rcpt only, but "
			    "rejects are counted at all stages",
			    key->fact->name);
		else
			diag_add(checker->diags, DIAG_ERROR, key->pos,
			    "'%s' is one recipient at stage rcpt only, but "
			    "this limit is charged at stage %s, %s%s",
			    key->fact->name, stage_name(limit->stage),
			    by_unit != NULL ? "as all that count "
					    : "because of another fact",
			    by_unit != NULL ? by_unit : "");
	}
}

/* What is counted must not have passed when what the limit reads is known. */
static void
check_known(struct checker *checker, const struct limit *limit)
{
	if (limit->unit == UNIT_CONNECTIONS && limit->known > STAGE_MAIL)
		diag_add(checker->diags, DIAG_ERROR, limit->pos,
		    "connections are counted at stage mail at the latest, "
		    "but what this limit reads is known from stage %s on",
		    stage_name(limit->known));
	if (limit->unit == UNIT_UNKNOWN_RECIPIENTS && limit->known > STAGE_RCPT)
		diag_add(checker->diags, DIAG_ERROR, limit->pos,
		    "unknown recipients are counted at stage rcpt, but what "
		    "this limit reads is known from stage %s on",
		    stage_name(limit->known));
}

static void
check_attempts(struct checker *checker, const struct limit *limit)
{
	if (!limit->counts_attempts)
		return;
	if (limit->unit == UNIT_DISTINCT)
		diag_add(checker->diags, DIAG_ERROR, limit->attempts_pos,
		    "a limit of distinct values keeps no more of them than "
		    "its number, so it cannot count attempts");
	if (limit->unit == UNIT_REJECTS ||
	    limit->unit == UNIT_UNKNOWN_RECIPIENTS)
		diag_add(checker->diags, DIAG_ERROR, limit->attempts_pos,
		    "%s are counted when they have happened and never given "
		    "back: there are no attempts beside them",
		    unit_name(limit->unit));
}

static void
check_unit(struct checker *checker, struct limit *limit)
{
	struct fact_ref size = { .fact = fact_by_id(FACT_MESSAGE_SIZE) };

	if (limit->unit == UNIT_DISTINCT)
		check_counted(checker, limit, &limit->distinct,
		    "what a limit counts the values of");
	if (limit->unit == UNIT_BYTES)
		needs_add(checker->needs, &size); /* it tells no macro */
	check_attempts(checker, limit);
	limit->stage = unit_type(limit->unit)->stage;
	if (limit->known > limit->stage)
		limit->stage = limit->known;
}

void
check_limit(struct checker *checker, struct limit *limit)
{
	struct check_place place = { .raise = &limit->known, .limit = limit };

	limit->known = STAGE_CONNECT;
	if (!limit->has_on_outage)
		limit->on_outage = checker->on_outage;
	for (size_t i = 0; i < limit->n_keys; i++)
		check_counted(
		    checker, limit, &limit->keys[i], "what a limit counts by");
	if (limit->cond != NULL)
		check_condition(checker, &place, limit->cond);
	check_unit(checker, limit);
	if (limit->override_name.len > 0)
		check_override(checker, limit);
	check_recipient_keys(checker, limit);
	check_known(checker, limit);
}

static struct limit *
find_limit(struct checker *checker, const struct condition *cond)
{
	struct suggestion near = { .wrong = cond->name };
	const struct program *program = checker->program;

	for (size_t i = 0; i < program->n_limits; i++)
		if (str_eq(program->limits[i]->name, cond->name))
			return program->limits[i];
	if (name_is_broken(program, cond->name))
		return NULL;
	for (size_t i = 0; i < program->n_limits; i++)
		suggest(&near, program->limits[i]->name);
	diag_add(checker->diags, DIAG_ERROR, cond->name_pos,
	    near.best.len > 0 ? "there is no limit '%.*s': did you mean `%.*s`?"
			      : "there is no limit '%.*s'%.*s",
	    STR_ARG(cond->name), STR_ARG(near.best));
	return NULL;
}

/* To peek before it is charged, its key must be known already. */
static void
check_peek(struct checker *checker, const struct check_place *place,
    const struct condition *cond)
{
	const struct limit *limit = cond->limit;

	if (limit->known <= place->stage)
		return;
	diag_add(checker->diags, DIAG_ERROR, cond->pos,
	    "%s '%.*s' is %s is not known yet at stage %s",
	    cond->kind == COND_USED ? "how much of" : "whether",
	    STR_ARG(limit->name), asking_word(cond->kind),
	    stage_name(place->stage));
	diag_add(checker->diags, DIAG_NOTE, limit->pos,
	    "what it counts%s by, or its condition, is known from stage %s on",
	    limit->unit == UNIT_DISTINCT ? ", or counts" : "",
	    stage_name(limit->known));
}

void
check_asked(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	if (place->limit != NULL) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "`%s` cannot stand in the condition of a limit",
		    asking_word(cond->kind));
		return;
	}
	if (place->is_with)
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "`%s` is about a limit, not about an attachment: it stands "
		    "outside of the parentheses of `attachment with`",
		    asking_word(cond->kind));
	if ((cond->limit = find_limit(checker, cond)) == NULL)
		return;
	cond->limit->is_asked = true;
	if (cond->limit->stage > place->stage)
		check_peek(checker, place, cond);
}
