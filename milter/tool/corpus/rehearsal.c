/*
 * What an MTA says to a milter, from a file: connect, HELO, MAIL, RCPT, DATA,
 * the header, the body in pieces of the size that an MTA uses, the end. What is
 * not accepted ends there, as it would on the wire.
 */
#include "tool/corpus/rehearsal.h"

#include "base/xalloc.h"
#include "mime/mail_text.h"

#include <assert.h>
#include <stdlib.h>

#define PIECE_BYTES ((size_t)65535)

struct rehearsal {
	struct engine engine;
	struct store *store;
	struct store *local;
	struct ruleset *rules;
	const struct rehearsal_listener *listener;
	struct session *session; /* NULL: no mail yet */
	int64_t now_ms;
	bool keeps_state; /* limits or tables have to be forgotten */
	size_t n_rcpts;
	const struct rule *looked_at; /* last */
	const struct rule *accepted_by;
	const struct rule *refused_by; /* last */
	char piece[PIECE_BYTES];
};

static void
note_rule(void *context, const struct rule_report *report)
{
	struct rehearsal *rehearsal = context;
	const struct rehearsal_listener *listener = rehearsal->listener;

	rehearsal->looked_at = report->rule;
	if (listener->on_rule != NULL)
		listener->on_rule(listener->context, report);
}

static void
note_verdict(void *context, const struct verdict_report *report)
{
	struct rehearsal *rehearsal = context;
	const struct rehearsal_listener *listener = rehearsal->listener;
	const struct rule *rule =
	    report->rule.len > 0 ? rehearsal->looked_at : NULL;

	if (rule != NULL && !report->is_observed) {
		if (!str_is(str_of(report->action), "accept"))
			rehearsal->refused_by = rule;
		else if (rehearsal->accepted_by == NULL &&
			 (report->stage != STAGE_RCPT ||
			     rehearsal->n_rcpts == 1))
			rehearsal->accepted_by = rule;
	}
	if (listener->on_verdict != NULL)
		listener->on_verdict(listener->context, rule, report);
}

static void
note_hit(void *context, struct str rule, const char *action)
{
	struct rehearsal *rehearsal = context;
	const struct rehearsal_listener *listener = rehearsal->listener;

	(void)rule;
	if (listener->on_hit != NULL)
		listener->on_hit(
		    listener->context, rehearsal->looked_at, action);
}

static void
note_spent(void *context, struct str rule, const char *action)
{
	struct rehearsal *rehearsal = context;
	const struct rehearsal_listener *listener = rehearsal->listener;

	if (listener->on_spent != NULL)
		listener->on_spent(listener->context, rule, action);
}

static struct store *
open_memory(void)
{
	const struct store_options options = { .url = "memory" };
	struct buf error = { 0 };
	struct store *store = store_open(&options, &error);

	assert(store != NULL);
	buf_done(&error);
	return store;
}

static bool
has_store_table(const struct program *program)
{
	for (size_t i = 0; i < program->n_tables; i++)
		if (program->tables[i]->is_redis)
			return true;
	return false;
}

struct rehearsal *
rehearsal_new(struct ruleset *rules, struct inspector *inspector,
    const struct rehearsal_listener *listener, int64_t now_ms)
{
	struct rehearsal *rehearsal = xcalloc(1, sizeof(*rehearsal));
	struct engine *engine = &rehearsal->engine;

	rehearsal->store = open_memory();
	rehearsal->local = open_memory();
	engine_init(engine, rehearsal->store, rehearsal->local, 0);
	engine->inspector = inspector;
	engine->on_rule = note_rule;
	engine->on_verdict = note_verdict;
	engine->on_hit = note_hit;
	engine->on_spent = note_spent;
	engine->context = rehearsal;
	rehearsal->rules = ruleset_get(rules);
	rehearsal->listener = listener;
	rehearsal->now_ms = now_ms;
	rehearsal->keeps_state = ruleset_n_limits(rules) > 0 ||
				 has_store_table(ruleset_program(rules));
	return rehearsal;
}

void
rehearsal_free(struct rehearsal *rehearsal)
{
	if (rehearsal == NULL)
		return;
	session_free(rehearsal->session);
	store_close(rehearsal->store);
	store_close(rehearsal->local);
	ruleset_put(rehearsal->rules);
	free(rehearsal);
}

struct session *
rehearsal_session(struct rehearsal *rehearsal)
{
	return rehearsal->session;
}

static void
begin(struct rehearsal *rehearsal)
{
	struct buf error = { 0 };

	session_free(rehearsal->session);
	if (rehearsal->keeps_state)
		store_wipe(rehearsal->store, &error);
	buf_done(&error);
	rehearsal->looked_at = NULL;
	rehearsal->accepted_by = NULL;
	rehearsal->refused_by = NULL;
	rehearsal->session = session_new(&rehearsal->engine, rehearsal->rules);
	session_now(rehearsal->session, rehearsal->now_ms, true);
	session_want_content(rehearsal->session);
}

/* One mail under way. */
struct run {
	struct session *session;
	const struct envelope *envelope;
	struct arena *arena;
	struct str mail;
	char *piece;
	enum stage stage;
	struct reply reply;
};

/* Does it go on? */
static bool
take(struct run *run, enum stage stage, struct reply reply)
{
	run->stage = stage;
	run->reply = reply;
	return reply.kind == REPLY_CONTINUE || reply.kind == REPLY_SKIP;
}

static bool
run_connection(struct run *run)
{
	const struct envelope *envelope = run->envelope;
	struct session_client client = envelope->client;
	struct session *session = run->session;
	char text[IP_TEXT_MAX];

	if (envelope->daemon.text.len > 0)
		session_macro(session, "{daemon_name}",
		    arena_cstr(run->arena, envelope->daemon.text));
	if (client.name.len > 0)
		session_macro(session, "{client_ptr}",
		    arena_cstr(run->arena, client.name));
	else
		client.name = arena_printf(
		    run->arena, "[%s]", ip_text(&client.ip, text).p);
	if (!take(run, STAGE_CONNECT, session_connect(session, &client)) ||
	    !take(run, STAGE_HELO, session_helo(session, envelope->helo.text)))
		return false;
	if (envelope->user.text.len == 0)
		return true;
	session_macro(session, "{auth_type}", "PLAIN");
	session_macro(session, "{auth_authen}",
	    arena_cstr(run->arena, envelope->user.text));
	return true;
}

static struct str
path_of(struct arena *arena, struct str address)
{
	return arena_join(
	    arena, arena_join(arena, STR("<"), address), STR(">"));
}

/* One recipient that is not refused is enough to go on. */
static bool
run_rcpts(struct run *run)
{
	const struct envelope *envelope = run->envelope;
	bool is_any = false;

	for (size_t i = 0; i < envelope->n_rcpts; i++) {
		struct str path = path_of(run->arena, envelope->rcpts[i].text);

		if (take(run, STAGE_RCPT,
			session_rcpt(run->session, path, NULL, 0)))
			is_any = true;
		else if (run->reply.kind != REPLY_REJECT &&
			 run->reply.kind != REPLY_TEMPFAIL)
			return false; /* it is about the whole message */
	}
	return is_any;
}

static bool
run_envelope(struct run *run)
{
	struct str size = arena_printf(run->arena, "SIZE=%zu", run->mail.len);

	return take(run, STAGE_MAIL,
		   session_mail(run->session,
		       path_of(run->arena, run->envelope->from.text), &size,
		       1)) &&
	       run_rcpts(run) &&
	       take(run, STAGE_DATA, session_data(run->session));
}

static bool
run_body(struct run *run, struct mail_text *mail)
{
	struct reply reply = { 0 };
	size_t n;

	while ((n = mail_text_body(mail, run->piece, PIECE_BYTES)) > 0) {
		reply =
		    session_body(run->session, (struct str){ run->piece, n });
		if (!take(run, STAGE_MESSAGE, reply))
			return false;
		if (reply.kind == REPLY_SKIP)
			break;
	}
	return take(run, STAGE_MESSAGE, session_end(run->session));
}

static bool
run_content(struct run *run)
{
	struct mail_text mail;
	struct str name, value;
	bool goes_on;

	mail_text_init(&mail, run->mail);
	while (mail_text_field(&mail, &name, &value))
		session_header(run->session, name, value);
	goes_on =
	    take(run, STAGE_HEADERS, session_end_of_headers(run->session)) &&
	    run_body(run, &mail);
	mail_text_done(&mail);
	return goes_on;
}

static enum rehearsal_end
end_of(enum reply_kind kind)
{
	switch (kind) {
	case REPLY_CONTINUE:
	case REPLY_ACCEPT:
	case REPLY_SKIP:
		return REHEARSAL_ACCEPT;
	case REPLY_REJECT:
		return REHEARSAL_REJECT;
	case REPLY_TEMPFAIL:
		return REHEARSAL_TEMPFAIL;
	case REPLY_DISCARD:
		return REHEARSAL_DISCARD;
	}
	return REHEARSAL_ACCEPT;
}

struct rehearsal_verdict
rehearsal_run(struct rehearsal *rehearsal, const struct envelope *envelope,
    struct str mail)
{
	struct run run = {
		.envelope = envelope, .mail = mail, .piece = rehearsal->piece
	};
	struct rehearsal_verdict verdict;

	begin(rehearsal);
	rehearsal->n_rcpts = envelope->n_rcpts;
	run.session = rehearsal->session;
	run.arena = arena_new(1024);
	if (run_connection(&run) && run_envelope(&run))
		run_content(&run);
	arena_free(run.arena);
	verdict = (struct rehearsal_verdict){ .end = end_of(run.reply.kind),
		.stage = run.stage,
		.reply = run.reply };
	verdict.rule = verdict.end == REHEARSAL_ACCEPT ? rehearsal->accepted_by
						       : rehearsal->refused_by;
	return verdict;
}

const char *
rehearsal_end_name(enum rehearsal_end end)
{
	static const char *const names[] = { "accept", "reject", "tempfail",
		"discard" };

	return names[end];
}
