/*
 * Rules before the store is asked, the call, the other rules: where the line
 * is drawn was decided by the planner, so it is the same for every mail.
 */
#include "engine/run.h"

#include "base/clock.h"
#include "engine/act.h"
#include "engine/denied.h"
#include "engine/detail.h"
#include "engine/judge.h"
#include "engine/lookup.h"
#include "engine/report.h"
#include "engine/spent.h"

struct run {
	struct session *session;
	struct outcome outcome;
	struct judge judge;
};

bool
outcome_is_refusal(const struct outcome *outcome)
{
	return outcome->kind == OUTCOME_REJECT ||
	       outcome->kind == OUTCOME_TEMPFAIL;
}

/* An action that ends the stage. */
static void
decide(struct run *run, const struct action *action,
    const struct evidence *evidence)
{
	struct outcome *outcome = &run->outcome;

	outcome->reply.code = action->code;
	outcome->reply.xcode = action->xcode;
	if (action->kind == ACTION_ACCEPT) {
		outcome->kind = OUTCOME_ACCEPT;
		return;
	}
	if (action->kind == ACTION_DISCARD) {
		outcome->kind = OUTCOME_DISCARD;
		outcome->reply.kind = REPLY_DISCARD;
		return;
	}
	if (action->kind == ACTION_REJECT) {
		outcome->kind = OUTCOME_REJECT;
		outcome->reply.kind = REPLY_REJECT;
	} else {
		outcome->kind = OUTCOME_TEMPFAIL;
		outcome->reply.kind = REPLY_TEMPFAIL;
	}
	outcome->reply.text = report_reply_text(
	    run->session, &action->text, action->has_ref, evidence);
}

static void
report_rule(struct run *run, const struct rule *rule, bool is_observed,
    const struct evidence *evidence)
{
	const struct action *action = rule_main_action(rule);
	struct verdict_report report = { .stage = run->session->stage,
		.action = action_type(action->kind)->name,
		.is_observed = is_observed,
		.code = action->code,
		.text = run->outcome.reply.text };

	report_verdict(run->session, &report, rule, evidence);
}

static void
report_hit(const struct engine *engine, const struct rule *rule)
{
	if (engine->on_hit != NULL)
		engine->on_hit(engine->context, rule->name,
		    action_type(rule_main_action(rule)->kind)->name);
}

/*
 * The reply is made before it is reported, and reported before what it costs
 * the client is charged: a listener sees the state that decided.
 */
static void
fire(struct run *run, const struct rule *rule, const struct evidence *evidence)
{
	struct session *session = run->session;

	if (judge_is_observed(session, rule)) {
		report_rule(run, rule, true, evidence);
		return;
	}
	/* What changes the message comes first, whatever the order. */
	for (size_t i = 0; i < rule->n_actions; i++)
		act(session, rule, &rule->actions[i], evidence);
	for (size_t i = 0; i < rule->n_actions; i++)
		if (action_type(rule->actions[i].kind)->is_terminal)
			decide(run, &rule->actions[i], evidence);
	if (run->outcome.kind != OUTCOME_NONE)
		report_rule(run, rule, false, evidence);
	else
		report_hit(session->engine, rule);
	if (run->outcome.kind == OUTCOME_REJECT && !evidence->is_by_limit)
		charge_rejected(session);
}

/* A limit or table with on-outage tempfail could not be asked. */
static void
fail_for_outage(struct run *run, const struct rule *rule)
{
	struct verdict_report report = {
		.stage = run->session->stage, .action = "tempfail", .code = 451
	};

	run->outcome = (struct outcome){ .kind = OUTCOME_TEMPFAIL,
		.reply = { .kind = REPLY_TEMPFAIL,
		    .code = 451,
		    .xcode = STR("4.3.0"),
		    .text = report_own_text(run->session,
			"Limits cannot be checked now, please try again "
			"later") } };
	report.text = run->outcome.reply.text;
	report_verdict(run->session, &report, rule, NULL);
}

static enum tri
judge_and_tell(struct run *run, struct rule *rule, struct evidence *evidence)
{
	const struct engine *engine = run->session->engine;
	struct rule_report report = { .rule = rule };
	int64_t since_ns = clock_cpu_ns();

	report.value = judge_rule(&run->judge, rule, evidence);
	report.cpu_ns = (uint64_t)(clock_cpu_ns() - since_ns);
	if (report.value == TRI_TRUE)
		report.match = detail_match(evidence, run->session->scratch);
	engine->on_rule(engine->context, &report);
	return report.value;
}

static void
run_rule(struct run *run, struct rule *rule)
{
	struct evidence evidence;
	enum tri value = run->session->engine->on_rule == NULL
			     ? judge_rule(&run->judge, rule, &evidence)
			     : judge_and_tell(run, rule, &evidence);

	if (value == TRI_TRUE)
		fire(run, rule, &evidence);
	else if (value == TRI_UNKNOWN && evidence.is_tempfail &&
		 !judge_is_observed(run->session, rule))
		fail_for_outage(run, rule);
}

static void
run_rules(
    struct run *run, const struct stage_plan *plan, size_t from, size_t to)
{
	for (size_t i = from; i < to && run->outcome.kind == OUTCOME_NONE; i++)
		run_rule(run, plan->rules[i]);
}

bool
run_is_exempt(const struct session *session)
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
	if (run->outcome.kind == OUTCOME_ACCEPT ||
	    (!plan->waits && plan->n_lookups == 0)) {
		charge_send(session, charge);
	} else if (!denied_decides(&run->judge, plan, charge)) {
		lookup_prepare(session, plan);
		charge_wait(session, charge);
	}
	run_rules(run, plan, plan->n_before, plan->n_rules);
}

static void
report_stage(const struct session *session, const struct outcome *outcome)
{
	static const enum reply_kind kinds[] = {
		[OUTCOME_NONE] = REPLY_CONTINUE,
		[OUTCOME_ACCEPT] = REPLY_ACCEPT,
		[OUTCOME_REJECT] = REPLY_REJECT,
		[OUTCOME_TEMPFAIL] = REPLY_TEMPFAIL,
		[OUTCOME_DISCARD] = REPLY_DISCARD,
	};
	const struct engine *engine = session->engine;

	if (engine->on_stage != NULL)
		engine->on_stage(
		    engine->context, session->stage, kinds[outcome->kind]);
}

struct outcome
run_stage(struct session *session)
{
	const struct stage_plan *plan =
	    &session->program->stages[session->stage];
	struct run run = { .session = session, .judge.session = session };
	struct charge charge;

	session->store_ms = 0;
	session->scratch = arena_new(SCRATCH_BYTES);
	session->lookups = NULL;
	session->rule = NULL;
	session->budget.clock_us = 0; /* this may be another thread */
	charge_prepare(session, plan, &charge);
	spent_tell_cpu(session, STR("")); /* conditions of limits */
	if (run_is_exempt(session))
		charge_send(session, &charge);
	else
		run_around_call(&run, plan, &charge);
	if (outcome_is_refusal(&run.outcome) &&
	    (session->message == NULL || !session->slots[FACT_NON_SMTP].truth))
		charge_refund(session, &charge);
	else
		charge_keep(session, &charge);
	session->lookups = NULL;
	arena_free(session->scratch);
	session->scratch = NULL;
	report_stage(session, &run.outcome);
	return run.outcome;
}
