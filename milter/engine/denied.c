/*
 * The rules behind the call are tried with everything else unknown. Only a
 * rule that is true by the denials, and before which all are false, would have
 * decided the same whatever the call had said; what the call would have charged
 * would have been given back.
 */
#include "engine/denied.h"

#include "engine/level.h"
#include "engine/use.h"

/* Damage that trying did. What it found in the message is kept with what it
 * was found in, and would not be noted again. */
#define SPENT (DAMAGE_BIT(DAMAGE_REGEX_LIMIT) | DAMAGE_BIT(DAMAGE_SCAN_BUDGET))

/* What trying changes, and what is to be as before if it decides nothing. */
struct kept {
	struct limit_level *now; /* one for each use */
	struct pattern_budget budget;
	uint64_t damage;
};

struct known {
	bool is_denied;
	struct limit_level level;
};

static bool
ask_known(
    struct session *session, const struct charge *charge, struct known *known)
{
	struct store *store = session->engine->store;
	struct store_answer answer;
	bool is_any = false;

	for (size_t i = 0; i < charge->n_uses; i++) {
		const struct store_use *use = &charge->uses[i].use;

		known[i] = (struct known){ .level = level_unknown };
		if (!store_was_denied(store, use, &answer))
			continue;
		known[i].is_denied = true;
		known[i].level = level_read(use, &answer);
		is_any = true;
	}
	return is_any;
}

static struct limit_level *
level_now(struct session *session, const struct charge_use *use)
{
	return &session->limits[use->limit->index].now;
}

static void
keep(struct session *session, const struct charge *charge, struct kept *kept)
{
	kept->now =
	    arena_alloc(session->scratch, charge->n_uses * sizeof(*kept->now));
	for (size_t i = 0; i < charge->n_uses; i++)
		kept->now[i] = *level_now(session, &charge->uses[i]);
	kept->budget = session->budget;
	if (session->message != NULL)
		kept->damage = session->message->damage;
}

static void
restore(struct session *session, const struct charge *charge,
    const struct kept *kept)
{
	for (size_t i = 0; i < charge->n_uses; i++)
		*level_now(session, &charge->uses[i]) = kept->now[i];
	session->budget = kept->budget;
	session->told_cpu_us = kept->budget.cpu_us;
	if (session->message != NULL)
		session->message->damage = (session->message->damage & ~SPENT) |
					   (kept->damage & SPENT);
}

static bool
refuses(const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_actions; i++)
		if (rule->actions[i].kind == ACTION_REJECT ||
		    rule->actions[i].kind == ACTION_TEMPFAIL)
			return true;
	return false;
}

/* The first rule that is not false tells. */
static bool
is_refused(const struct judge *before, const struct stage_plan *plan)
{
	struct judge judge = *before;
	struct evidence evidence;

	for (size_t i = plan->n_before; i < plan->n_rules; i++) {
		struct rule *rule = plan->rules[i];
		enum tri value = judge_rule(&judge, rule, &evidence);

		if (value == TRI_FALSE)
			continue;
		return value == TRI_TRUE && refuses(rule) &&
		       !judge_is_observed(judge.session, rule);
	}
	return false;
}

/* A refusal here would not have given it back. */
static bool
stays(const struct session *session, const struct store_use *use)
{
	return use->op == STORE_ATTEMPT ||
	       (use->op == STORE_CHARGE && use->tag == TAG_CONNECTION &&
		   session->stage >= STAGE_MAIL);
}

static void
settle(struct session *session, const struct charge *charge,
    const struct known *known)
{
	struct charge rest = { 0 };

	rest.uses =
	    arena_alloc(session->scratch, charge->n_uses * sizeof(*rest.uses));
	for (size_t i = 0; i < charge->n_uses; i++) {
		if (known[i].is_denied)
			charge_note(session, &charge->uses[i], &known[i].level);
		else if (stays(session, &charge->uses[i].use))
			rest.uses[rest.n_uses++] = charge->uses[i];
	}
	charge_send(session, &rest);
	charge_keep_none(&rest);
}

bool
denied_decides(const struct judge *judge, const struct stage_plan *plan,
    const struct charge *charge)
{
	struct session *session = judge->session;
	struct known *known;
	struct kept kept = { 0 };
	bool is_decided;

	if (session->has_virtual_time || charge->n_uses == 0)
		return false;
	known = arena_alloc(session->scratch, charge->n_uses * sizeof(*known));
	if (!ask_known(session, charge, known))
		return false;
	keep(session, charge, &kept);
	for (size_t i = 0; i < charge->n_uses; i++)
		*level_now(session, &charge->uses[i]) = known[i].level;
	is_decided = is_refused(judge, plan);
	if (is_decided)
		settle(session, charge, known);
	else
		restore(session, charge, &kept);
	return is_decided;
}
