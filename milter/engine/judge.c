/*
 * The one place where a rule is found true: what runs (run.c) and what is only
 * tried (denied.c) must never come to different answers.
 *
 * The trap is the block. Rules of it may change what its condition reads (a
 * score, a tag), and yet the rules behind them still belong to it.
 */
#include "engine/judge.h"

#include "base/log.h"
#include "engine/spent.h"

/* Said once for each rule and loading, not for each mail. */
static bool
has_expired(const struct session *session, struct rule *rule)
{
	if (session->now_ms < rule->expires_ms)
		return false;
	if (!atomic_flag_test_and_set(&rule->was_told))
		log_warning("rule %.*s has expired on %.*s: it does nothing "
			    "any more",
		    STR_ARG(rule->name), STR_ARG(rule->expires));
	return true;
}

static void
enter_block(struct judge *judge, const struct block *block)
{
	if (judge->block == block)
		return;
	judge->block = block;
	judge->block_evidence = (struct evidence){ 0 };
	judge->block_value =
	    eval_condition(judge->session, block->cond, &judge->block_evidence);
}

static enum tri
ask_rule(struct judge *judge, struct rule *rule, struct evidence *evidence_out)
{
	enum tri value;

	judge->session->rule = rule;
	enter_block(judge, rule->block);
	*evidence_out = judge->block_evidence;
	if (judge->block_value == TRI_FALSE ||
	    has_expired(judge->session, rule))
		return TRI_FALSE;
	value = eval_condition(judge->session, rule->cond, evidence_out);
	/* A block that is unknown makes a true rule unknown, too: its evidence,
	 * that somebody must wait, is in evidence_out already. */
	return value == TRI_TRUE ? judge->block_value : value;
}

enum tri
judge_rule(
    struct judge *judge, struct rule *rule, struct evidence *evidence_out)
{
	enum tri value = ask_rule(judge, rule, evidence_out);

	spent_tell_cpu(judge->session, rule->name);
	return value;
}

bool
judge_is_observed(const struct session *session, const struct rule *rule)
{
	const struct engine *engine = session->engine;

	return rule->is_observed ||
	       ruleset_options(session->rules)->observe_all ||
	       (engine->is_observed != NULL &&
		   engine->is_observed(engine->context, rule->name));
}
