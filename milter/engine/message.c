/*
 * MAIL to the end of the message. Events may come in any order: one that has
 * no message to belong to is answered with "continue" and does nothing.
 */
#include "engine/message.h"

#include "base/xalloc.h"
#include "engine/facts.h"
#include "engine/report.h"
#include "engine/run.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_ARENA ((size_t)4096 - 64)

static const struct reply reply_continue = { .kind = REPLY_CONTINUE };

static void
clear_message_facts(struct session *session)
{
	for (int i = 0; i < FACT_N; i++)
		if (fact_by_id((enum fact_id)i)->stage >= STAGE_MAIL)
			memset(
			    &session->slots[i], 0, sizeof(session->slots[i]));
	session->rcpt = STR("");
	for (size_t i = 0; i < session->program->n_limits; i++)
		if (session->program->limits[i]->unit != UNIT_CONNECTIONS)
			session->limits[i] = (struct limit_state){ 0 };
}

static void
free_message(struct session *session)
{
	struct message *message = session->message;

	session->message = NULL;
	clear_message_facts(session);
	buf_done(&message->body);
	arena_free(message->arena);
}

void
message_abort(struct session *session)
{
	if (session->message == NULL)
		return;
	charge_refund_message(session);
	free_message(session);
}

void
session_abort(struct session *session)
{
	message_abort(session);
}

static struct message *
open_message(struct session *session)
{
	struct message *message = session->message;

	return message == NULL || message->is_over ? NULL : message;
}

static struct message *
begin_message(struct session *session)
{
	struct arena *arena = arena_new(MESSAGE_ARENA);
	struct message *message = arena_calloc(arena, sizeof(*message));

	message->arena = arena;
	message->scope.arena = arena;
	message->number = ++session->n_messages;
	session->message = message;
	session_budget_reset(session);
	return message;
}

/* The message is refused: nothing of it was, and it costs nothing. */
static struct reply
refuse_message(struct session *session, struct reply reply)
{
	charge_refund_message(session);
	session->message->is_over = true;
	session->message->scope.n_changes = 0; /* an end may follow yet */
	buf_done(&session->message->body);
	return reply;
}

/* A local submission cannot be told before its end: the first refusal is
 * kept, with its text, and no more rules run. */
static struct reply
defer_refusal(struct session *session, struct reply reply)
{
	struct message *message = session->message;

	message->has_refusal = true;
	message->refusal = reply;
	message->refusal.text = arena_str(message->arena, reply.text);
	return reply_continue;
}

static bool
may_end_early(const struct session *session)
{
	return session->program->n_limits == 0 && !session->needs->changes;
}

/* What a stage about the whole message means for it. */
static struct reply
message_reply(struct session *session, struct outcome outcome)
{
	struct message *message = session->message;

	switch (outcome.kind) {
	case OUTCOME_NONE:
		return reply_continue;
	case OUTCOME_ACCEPT:
		message->scope.is_accepted = true;
		if (!may_end_early(session) || session->stage == STAGE_MESSAGE)
			return reply_continue;
		/* The MTA tells no more of it, not even its end. */
		message->is_over = true;
		buf_done(&message->body);
		return (struct reply){ .kind = REPLY_ACCEPT };
	case OUTCOME_REJECT:
	case OUTCOME_TEMPFAIL:
		if (session->slots[FACT_NON_SMTP].truth &&
		    session->stage != STAGE_MESSAGE)
			return defer_refusal(session, outcome.reply);
		return refuse_message(session, outcome.reply);
	case OUTCOME_DISCARD:
		charge_keep_message(session);
		message->is_over = true;
		return outcome.reply;
	}
	return reply_continue;
}

struct reply
session_mail(struct session *session, struct str path, const struct str *params,
    size_t n_params)
{
	message_abort(session);
	begin_message(session);
	session->stage = STAGE_MAIL;
	envelope_set_sender(session, path, params, n_params);
	if (!session->has_refusal)
		return message_reply(session, run_stage(session));
	/* Connect or helo would have refused, had it not looked local. */
	if (session->slots[FACT_NON_SMTP].truth)
		return defer_refusal(session, session->refusal);
	return refuse_message(session, session->refusal);
}

static void
add_recipient(struct session *session, bool is_exempt)
{
	struct message *message = session->message;
	size_t n = message->n_rcpts++;

	message->rcpt_to =
	    arena_grow(message->arena, message->rcpt_to, n, sizeof(struct str));
	message->rcpt_local = arena_grow(
	    message->arena, message->rcpt_local, n, sizeof(struct str));
	message->rcpt_domain = arena_grow(
	    message->arena, message->rcpt_domain, n, sizeof(struct str));
	message->rcpt_to[n] = session->slots[FACT_RCPT_TO].text;
	message->rcpt_local[n] = session->slots[FACT_RCPT_TO_LOCAL].text;
	message->rcpt_domain[n] = session->slots[FACT_RCPT_TO_DOMAIN].text;
	message->n_exempt += is_exempt;
	fact_set_number(session, FACT_RCPT_COUNT, (double)message->n_rcpts);
}

/* Scores, tags and changes of a refused recipient vanish with it. */
static void
forget_recipient(struct session *session, const struct scope *before,
    size_t n_charged_before)
{
	struct message *message = session->message;

	message->scope.score = before->score;
	message->scope.n_tags = before->n_tags;
	message->scope.n_changes = before->n_changes;
	message->n_charged = n_charged_before;
	message->n_refused++;
	fact_set_number(session, FACT_RCPT_COUNT, (double)message->n_rcpts);
	fact_set_number(session, FACT_RCPT_REFUSED, (double)message->n_refused);
}

/* Those that were refused have cost memory, too. */
static struct reply
too_many_recipients(struct session *session)
{
	struct reply reply = { .kind = REPLY_TEMPFAIL,
		.code = 452,
		.xcode = STR("4.5.3"),
		.text = report_own_text(session, "Too many recipients") };
	struct verdict_report report = { .stage = STAGE_RCPT,
		.action = "tempfail",
		.code = reply.code,
		.text = reply.text };

	session->stage = STAGE_RCPT;
	report_verdict(session, &report, NULL, NULL);
	if (!session->slots[FACT_NON_SMTP].truth)
		return reply;
	if (session->message->has_refusal)
		return reply_continue;
	return defer_refusal(session, reply);
}

struct reply
session_rcpt(struct session *session, struct str path, const struct str *params,
    size_t n_params)
{
	struct message *message = open_message(session);
	struct outcome outcome;
	struct scope before;
	size_t n_charged;

	(void)params;
	(void)n_params;
	if (message == NULL)
		return reply_continue;
	if (message->n_rcpts + message->n_refused >= session_caps.recipients)
		return too_many_recipients(session);
	session->stage = STAGE_RCPT;
	envelope_set_recipient(session, path);
	before = message->scope;
	n_charged = message->n_charged;
	if (message->has_refusal) {
		add_recipient(session, false);
		return reply_continue;
	}
	outcome = run_stage(session);
	if (!outcome_is_refusal(&outcome)) {
		add_recipient(session, outcome.kind == OUTCOME_ACCEPT);
		return reply_continue;
	}
	if (session->slots[FACT_NON_SMTP].truth) {
		add_recipient(session, false);
		return defer_refusal(session, outcome.reply);
	}
	forget_recipient(session, &before, n_charged);
	return outcome.reply;
}

/* The facts of a recipient for whom no rules run. */
static void
clear_recipient(struct session *session)
{
	static const enum fact_id ids[] = { FACT_RCPT_TO, FACT_RCPT_TO_LOCAL,
		FACT_RCPT_TO_DOMAIN, FACT_RCPT_MTA_STATUS };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		fact_set_text(session, ids[i], STR(""));
	session->rcpt = STR("");
	fact_set_number(
	    session, FACT_RCPT_COUNT, (double)session->message->n_rcpts);
}

/* Relaying denied (5.7.1) and a look-up that failed (451) are no guesses. */
void
session_rcpt_refused(
    struct session *session, struct str path, unsigned code, struct str xcode)
{
	struct message *message = open_message(session);

	if (message == NULL || code < 500 || code > 599 ||
	    !str_starts(xcode, STR("5.1.")) ||
	    message->n_unknown == session_caps.recipients)
		return;
	message->n_unknown++;
	session->stage = STAGE_RCPT;
	envelope_set_recipient(session, path);
	fact_set_text(session, FACT_RCPT_MTA_STATUS,
	    arena_str(
		message->arena, str_sub(xcode, 0, session_caps.value_bytes)));
	charge_unknown_recipient(session);
	clear_recipient(session);
}

/* A stage about the whole message, unless its fate is sealed. */
static struct reply
run_message_stage(struct session *session, enum stage stage)
{
	session->stage = stage;
	if (session->message->has_refusal)
		return reply_continue;
	return message_reply(session, run_stage(session));
}

static void
set_queue_id(struct session *session)
{
	fact_set_text(session, FACT_QUEUE_ID,
	    arena_str(session->message->arena,
		session_macro_value(session, STR("i"))));
}

struct reply
session_data(struct session *session)
{
	struct message *message = open_message(session);

	if (message == NULL || message->is_in_data)
		return reply_continue;
	message->is_in_data = true;
	set_queue_id(session);
	return run_message_stage(session, STAGE_DATA);
}

static struct dropped_header *
find_dropped(const struct message *message, struct str name)
{
	for (size_t i = 0; i < message->n_dropped; i++)
		if (str_eq_nocase(message->dropped[i].name, name))
			return &message->dropped[i];
	return NULL;
}

/* The names that rules change, for the first field that is not kept. */
static void
begin_dropping(struct session *session)
{
	struct message *message = session->message;
	const struct program *program = session->program;

	for (size_t i = 0; i < program->n_rules; i++) {
		for (size_t j = 0; j < program->rules[i]->n_actions; j++) {
			struct str name = program->rules[i]->actions[j].name;

			if (name.len == 0 ||
			    find_dropped(message, name) != NULL)
				continue;
			message->dropped =
			    arena_grow(message->arena, message->dropped,
				message->n_dropped, sizeof(*message->dropped));
			message->dropped[message->n_dropped++] =
			    (struct dropped_header){ .name = name };
		}
	}
}

/* It is not looked at, but a forged one must not survive its removal. */
static void
drop_header(struct session *session, struct str name)
{
	struct message *message = session->message;
	uint64_t bit = DAMAGE_BIT(DAMAGE_HEADER_COUNT);
	struct dropped_header *dropped;

	if ((message->damage & bit) == 0)
		begin_dropping(session);
	message->damage |= bit;
	if ((dropped = find_dropped(message, name)) != NULL)
		dropped->n++;
}

void
session_header(struct session *session, struct str name, struct str value)
{
	struct message *message = open_message(session);
	struct header header;

	if (message == NULL)
		return;
	message->size += name.len + value.len + 4; /* ": " and CRLF */
	if (!session->needs->headers)
		return;
	if (message->n_headers >= session_caps.headers ||
	    message->headers_bytes >= session_caps.headers_bytes) {
		drop_header(session, name);
		return;
	}
	if (value.len > session_caps.header_bytes) {
		message->damage |= DAMAGE_BIT(DAMAGE_HEADER_SIZE);
		value.len = session_caps.header_bytes;
	}
	header = (struct header){ .name = arena_str(message->arena, name),
		.raw = arena_str(message->arena, value) };
	message->headers_bytes += name.len + value.len;
	message->headers = arena_grow(message->arena, message->headers,
	    message->n_headers, sizeof(header));
	message->headers[message->n_headers++] = header;
}

struct reply
session_end_of_headers(struct session *session)
{
	struct reply reply = reply_continue;

	if (open_message(session) == NULL)
		return reply;
	/* An MTA that skips DATA has still asked all there is to ask. */
	if (!session->message->is_in_data)
		reply = session_data(session);
	if (reply.kind != REPLY_CONTINUE || open_message(session) == NULL)
		return reply;
	set_queue_id(session);
	return run_message_stage(session, STAGE_HEADERS);
}

struct reply
session_body(struct session *session, struct str chunk)
{
	uint64_t max = ruleset_options(session->rules)->scan_limit;
	struct message *message = open_message(session);
	struct reply reply = reply_continue;
	size_t room;

	if (message == NULL)
		return reply;
	message->size += chunk.len;
	room = (size_t)max - message->body.len;
	if (chunk.len > room)
		message->damage |= DAMAGE_BIT(DAMAGE_BODY_CUT);
	if (session->needs->body)
		buf_add(&message->body, str_sub(chunk, 0, room));
	if (!session->needs->whole_body &&
	    (!session->needs->body || chunk.len > room))
		reply.kind = REPLY_SKIP;
	return reply;
}

/* Does a later change of the same field leave nothing of this one? */
static bool
is_overruled(const struct change *all, size_t n, size_t at)
{
	for (size_t i = at + 1; i < n && all[at].kind != CHANGE_QUARANTINE; i++)
		if ((all[i].kind == CHANGE_SET_HEADER ||
			all[i].kind == CHANGE_REMOVE_HEADER) &&
		    str_eq_nocase(all[i].name, all[at].name))
			return true;
	return false;
}

static size_t
count_headers(const struct message *message, struct str name)
{
	const struct dropped_header *dropped = find_dropped(message, name);
	size_t n = dropped == NULL ? 0 : dropped->n;

	for (size_t i = 0; i < message->n_headers; i++)
		n += str_eq_nocase(message->headers[i].name, name);
	return n;
}

/* Header changes of connect and helo come before those of the message. */
static void
collect_changes(struct session *session)
{
	const struct scope *scopes[] = { &session->connect_scope,
		&session->helo_scope, &session->message->scope };
	struct message *message = session->message;
	struct change *all = NULL;
	size_t n = 0, n_kept = 0;

	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < scopes[i]->n_changes; j++) {
			all = arena_grow(message->arena, all, n, sizeof(*all));
			all[n++] = scopes[i]->changes[j];
		}
	}
	for (size_t i = 0; i < n; i++)
		if (!is_overruled(all, n, i))
			all[n_kept++] = all[i];
	for (size_t i = 0; i < n_kept; i++)
		all[i].n_present = count_headers(message, all[i].name);
	message->scope.changes = all;
	message->scope.n_changes = n_kept;
}

static struct reply
finish_message(struct session *session, struct reply reply)
{
	struct message *message = session->message;

	if (message->is_over)
		return reply;
	report_accepted(session);
	charge_keep_message(session);
	collect_changes(session);
	message->is_over = true;
	buf_done(&message->body);
	return reply;
}

struct reply
session_end(struct session *session)
{
	struct reply reply;

	if (open_message(session) == NULL)
		return reply_continue;
	/* The macro may be known only now. */
	set_queue_id(session);
	if (session->message->has_refusal) {
		session->stage = STAGE_MESSAGE;
		return refuse_message(session, session->message->refusal);
	}
	reply = run_message_stage(session, STAGE_MESSAGE);
	return finish_message(session, reply);
}

const struct change *
session_changes(const struct session *session, size_t *n_out)
{
	const struct message *message = session->message;

	if (message == NULL || !message->is_over) {
		*n_out = 0;
		return NULL;
	}
	*n_out = message->scope.n_changes;
	return message->scope.changes;
}
