/*
 * MAIL to the end of the message. Events may come in any order: one that has
 * no message to belong to is answered with "continue" and does nothing.
 */
#include "engine/message.h"

#include "base/xalloc.h"
#include "engine/changes.h"
#include "engine/facts.h"
#include "engine/parts.h"
#include "engine/report.h"
#include "engine/run.h"
#include "mime/address.h"

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

/* What is large goes as soon as nobody can ask for it. */
static void
free_content(struct message *message)
{
	buf_done(&message->body);
	parts_free(message);
	message->content_lists = NULL;
}

static void
free_message(struct session *session)
{
	struct message *message = session->message;

	session->message = NULL;
	clear_message_facts(session);
	free_content(message);
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
	session->message->scope.n_wishes = 0;
	if (session->stage < STAGE_MESSAGE)
		free_content(session->message);
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
		free_content(message);
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
		if (session->stage < STAGE_MESSAGE)
			free_content(message);
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

/* As it stands in SMTP, without its brackets: what the MTA knows it by. */
static void
keep_path(struct message *message, struct str path)
{
	struct str local, domain;

	path = address_of_path(
	    str_sub(path, 0, session_caps.value_bytes), &local, &domain);
	message->rcpt_paths = arena_grow(message->arena, message->rcpt_paths,
	    message->n_rcpts, sizeof(struct str));
	message->rcpt_paths[message->n_rcpts] = arena_str(message->arena, path);
}

static void
add_recipient(struct session *session, struct str path, bool is_exempt)
{
	struct message *message = session->message;
	size_t n;

	if (session->needs->recipients)
		keep_path(message, path);
	n = message->n_rcpts++;
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
	message->scope.n_wishes = before->n_wishes;
	message->scope.n_deeds = before->n_deeds;
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
	message->n_wishes_before = before.n_wishes;
	n_charged = message->n_charged;
	if (message->has_refusal) {
		add_recipient(session, path, false);
		return reply_continue;
	}
	outcome = run_stage(session);
	if (!outcome_is_refusal(&outcome)) {
		add_recipient(session, path, outcome.kind == OUTCOME_ACCEPT);
		return reply_continue;
	}
	if (session->slots[FACT_NON_SMTP].truth) {
		add_recipient(session, path, false);
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

void
session_header(struct session *session, struct str name, struct str value)
{
	struct message *message = open_message(session);
	struct header header;

	/* Behind a chunk of the body nothing is a field of the header. */
	if (message == NULL || message->is_in_body)
		return;
	message->size += name.len + value.len + 4; /* ": " and CRLF */
	parts_header(session, name, value);
	if (!session->needs->headers)
		return;
	if (message->n_headers >= session_caps.headers ||
	    message->headers_bytes >= session_caps.headers_bytes) {
		changes_drop_header(session, name);
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

	if (open_message(session) == NULL || session->message->is_past_headers)
		return reply;
	session->message->is_past_headers = true;
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
	message->is_in_body = true;
	message->size += chunk.len;
	parts_body(session, chunk);
	room = (size_t)max - message->body.len;
	if (session->needs->body && chunk.len > room)
		message->damage |= DAMAGE_BIT(DAMAGE_BODY_CUT);
	if (session->needs->body)
		buf_add(&message->body, str_sub(chunk, 0, room));
	if (!session->needs->whole_body && !parts_are_wanted(session) &&
	    (!session->needs->body || chunk.len > room))
		reply.kind = REPLY_SKIP;
	return reply;
}

static struct reply
finish_message(struct session *session, struct reply reply)
{
	struct message *message = session->message;

	if (message->is_over)
		return reply;
	report_accepted(session);
	charge_keep_message(session);
	changes_collect(session);
	message->is_over = true;
	return reply;
}

struct reply
session_end(struct session *session)
{
	struct reply reply;

	if (open_message(session) == NULL)
		return reply_continue;
	/* DATA and the end of the headers, where an MTA told of neither. */
	reply = session_end_of_headers(session);
	if (reply.kind != REPLY_CONTINUE || open_message(session) == NULL)
		return reply;
	/* The macro may be known only now. */
	set_queue_id(session);
	if (session->message->has_refusal) {
		session->stage = STAGE_MESSAGE;
		return refuse_message(session, session->message->refusal);
	}
	parts_end(session);
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
