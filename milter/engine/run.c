/*
 * Rules before the store is asked, the call, the other rules: where the line
 * is drawn was decided by the planner, so it is the same for every mail.
 */
#include "engine/run.h"

#include "base/log.h"
#include "engine/report.h"
#include "mime/header.h"
#include "rules/ruleset.h"

#include <string.h>

struct run {
	struct session *session;
	struct outcome outcome;
	/* The block's condition holds as it was when the block was entered. */
	const struct block *block;
	enum tri block_value;
	struct evidence block_evidence;
};

bool
outcome_is_refusal(const struct outcome *outcome)
{
	return outcome->kind == OUTCOME_REJECT ||
	       outcome->kind == OUTCOME_TEMPFAIL;
}

static void
tell_cap(const struct session *session, struct scope *scope, const char *what,
    size_t max)
{
	if (scope->was_told)
		return;
	scope->was_told = true;
	log_warning("rules ask for more than %zu %s (ref %.*s): the rest is "
		    "left out",
	    max, what, STR_ARG(session_ref(session)));
}

static void
add_change(struct session *session, enum change_kind kind, struct str name,
    struct str value)
{
	struct scope *scope = session_scope(session);
	struct change change = { .kind = kind, .name = name };

	if (scope->n_changes == session_caps.changes) {
		tell_cap(session, scope, "changes", session_caps.changes);
		return;
	}
	change.value = kind == CHANGE_QUARANTINE || value.len == 0
			   ? arena_str(scope->arena, value)
			   : header_encode(scope->arena, value, name.len);
	scope->changes = arena_grow(
	    scope->arena, scope->changes, scope->n_changes, sizeof(change));
	scope->changes[scope->n_changes++] = change;
}

static void
add_tag(struct session *session, struct str tag)
{
	struct scope *scope = session_scope(session);

	for (size_t i = 0; i < scope->n_tags; i++)
		if (str_eq(scope->tags[i], tag))
			return;
	if (scope->n_tags == session_caps.tags) {
		tell_cap(session, scope, "tags", session_caps.tags);
		return;
	}
	scope->tags = arena_grow(
	    scope->arena, scope->tags, scope->n_tags, sizeof(struct str));
	scope->tags[scope->n_tags++] = arena_str(scope->arena, tag);
}

static void
decide(struct run *run, const struct action *action,
    const struct evidence *evidence)
{
	struct session *session = run->session;
	struct outcome *outcome = &run->outcome;

	outcome->reply.code = action->code;
	outcome->reply.xcode = action->xcode;
	switch (action->kind) {
	case ACTION_ACCEPT:
		outcome->kind = OUTCOME_ACCEPT;
		return;
	case ACTION_DISCARD:
		outcome->kind = OUTCOME_DISCARD;
		outcome->reply.kind = REPLY_DISCARD;
		return;
	case ACTION_REJECT:
		outcome->kind = OUTCOME_REJECT;
		outcome->reply.kind = REPLY_REJECT;
		break;
	case ACTION_TEMPFAIL:
		outcome->kind = OUTCOME_TEMPFAIL;
		outcome->reply.kind = REPLY_TEMPFAIL;
		break;
	case ACTION_QUARANTINE:
	case ACTION_ADD_HEADER:
	case ACTION_SET_HEADER:
	case ACTION_REMOVE_HEADER:
	case ACTION_SCORE:
	case ACTION_TAG:
	case ACTION_LOG:
		return;
	}
	outcome->reply.text = report_reply_text(
	    session, &action->text, action->has_ref, evidence);
}

static void
perform(struct run *run, const struct rule *rule, const struct action *action,
    const struct evidence *evidence)
{
	struct session *session = run->session;
	struct buf text = { 0 };

	eval_text(session, &action->text, evidence, &text);
	switch (action->kind) {
	case ACTION_ACCEPT:
	case ACTION_REJECT:
	case ACTION_TEMPFAIL:
	case ACTION_DISCARD:
		decide(run, action, evidence);
		break;
	case ACTION_QUARANTINE:
		add_change(session, CHANGE_QUARANTINE, STR(""),
		    report_reason(
			session_scope(session)->arena, rule, buf_str(&text)));
		break;
	case ACTION_ADD_HEADER:
		add_change(
		    session, CHANGE_ADD_HEADER, action->name, buf_str(&text));
		break;
	case ACTION_SET_HEADER:
		add_change(
		    session, CHANGE_SET_HEADER, action->name, buf_str(&text));
		break;
	case ACTION_REMOVE_HEADER:
		add_change(
		    session, CHANGE_REMOVE_HEADER, action->name, STR(""));
		break;
	case ACTION_SCORE:
		session_scope(session)->score += action->score;
		break;
	case ACTION_TAG:
		add_tag(session, buf_str(&text));
		break;
	case ACTION_LOG:
		report_text(session, rule, buf_str(&text));
		break;
	}
	buf_done(&text);
}

/* The action by which a rule is known: the one that decides, or its first. */
static const struct action *
main_action(const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_actions; i++)
		if (action_type(rule->actions[i].kind)->is_terminal)
			return &rule->actions[i];
	return &rule->actions[0];
}

static bool
is_observed(const struct session *session, const struct rule *rule)
{
	return rule->is_observed ||
	       ruleset_options(session->rules)->observe_all;
}

static void
report_rule(
    struct run *run, const struct rule *rule, const struct evidence *evidence)
{
	const struct action *action = main_action(rule);
	struct verdict_report report = { .stage = run->session->stage,
		.action = action_type(action->kind)->name,
		.rule = rule->name,
		.is_observed = is_observed(run->session, rule),
		.code = action->code,
		.text = run->outcome.reply.text };

	report_verdict(run->session, &report, evidence);
}

static void
fire(struct run *run, const struct rule *rule, const struct evidence *evidence)
{
	if (is_observed(run->session, rule)) {
		report_rule(run, rule, evidence);
		return;
	}
	/* What changes the message comes first, whatever the order. */
	for (size_t i = 0; i < rule->n_actions; i++)
		if (!action_type(rule->actions[i].kind)->is_terminal)
			perform(run, rule, &rule->actions[i], evidence);
	for (size_t i = 0; i < rule->n_actions; i++)
		if (action_type(rule->actions[i].kind)->is_terminal)
			perform(run, rule, &rule->actions[i], evidence);
	if (run->outcome.kind != OUTCOME_NONE)
		report_rule(run, rule, evidence);
}

/* A limit with on-outage tempfail could not be asked. */
static void
fail_for_outage(struct run *run, const struct rule *rule)
{
	struct verdict_report report = { .stage = run->session->stage,
		.action = "tempfail",
		.rule = rule->name,
		.code = 451 };

	run->outcome = (struct outcome){ .kind = OUTCOME_TEMPFAIL,
		.reply = { .kind = REPLY_TEMPFAIL,
		    .code = 451,
		    .xcode = STR("4.3.0"),
		    .text = report_own_text(run->session,
			"Limits cannot be checked now, please try again "
			"later") } };
	report.text = run->outcome.reply.text;
	report_verdict(run->session, &report, NULL);
}

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
enter_block(struct run *run, const struct block *block)
{
	if (run->block == block)
		return;
	run->block = block;
	run->block_evidence = (struct evidence){ 0 };
	run->block_value =
	    eval_condition(run->session, block->cond, &run->block_evidence);
}

static void
run_rule(struct run *run, struct rule *rule)
{
	struct evidence evidence;
	enum tri value = TRI_FALSE;

	enter_block(run, rule->block);
	if (run->block_value == TRI_FALSE || has_expired(run->session, rule))
		return;
	evidence = run->block_evidence;
	value = eval_condition(run->session, rule->cond, &evidence);
	if (value == TRI_TRUE && run->block_value == TRI_TRUE)
		fire(run, rule, &evidence);
	else if (value != TRI_FALSE && evidence.is_tempfail &&
		 !is_observed(run->session, rule))
		fail_for_outage(run, rule);
}

static void
run_rules(
    struct run *run, const struct stage_plan *plan, size_t from, size_t to)
{
	for (size_t i = from; i < to && run->outcome.kind == OUTCOME_NONE; i++)
		run_rule(run, plan->rules[i]);
}

/* Did an earlier accept exempt what this stage is about? */
static bool
is_exempt(const struct session *session)
{
	const struct message *message = session->message;

	if (session->connect_scope.is_accepted ||
	    session->helo_scope.is_accepted)
		return true;
	if (message == NULL)
		return false;
	return message->scope.is_accepted ||
	       (session->stage > STAGE_RCPT && message->n_rcpts > 0 &&
		   message->n_exempt == message->n_rcpts);
}

static void
run_around_call(
    struct run *run, const struct stage_plan *plan, struct charge *charge)
{
	struct session *session = run->session;

	run_rules(run, plan, 0, plan->n_before);
	if (run->outcome.kind != OUTCOME_NONE &&
	    run->outcome.kind != OUTCOME_ACCEPT)
		return; /* refused before anything was charged */
	if (run->outcome.kind == OUTCOME_ACCEPT || !plan->waits)
		charge_send(session, charge);
	else
		charge_wait(session, charge);
	run_rules(run, plan, plan->n_before, plan->n_rules);
}

struct outcome
run_stage(struct session *session)
{
	const struct stage_plan *plan =
	    &session->program->stages[session->stage];
	struct run run = { .session = session };
	struct charge charge;

	session->store_ms = 0;
	session->budget.clock_us = 0; /* this may be another thread */
	charge_prepare(session, plan, &charge);
	if (is_exempt(session))
		charge_send(session, &charge);
	else
		run_around_call(&run, plan, &charge);
	if (outcome_is_refusal(&run.outcome) &&
	    (session->message == NULL || !session->slots[FACT_NON_SMTP].truth))
		charge_refund(session, &charge);
	else
		charge_keep(session, &charge);
	return run.outcome;
}
