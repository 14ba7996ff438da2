/*
 * The connection: its life, connect and helo. The message is in message.c.
 */
#include "engine/session.h"

#include "base/xalloc.h"
#include "engine/facts.h"
#include "engine/message.h"
#include "engine/parts.h"
#include "engine/run.h"
#include "engine/spent.h"

#include <stdlib.h>
#include <string.h>

#define CONNECTION_ARENA ((size_t)4096 - 64)
#define HELO_ARENA       ((size_t)512)

const struct session_caps session_caps = {
	.headers = 1000,
	.header_bytes = 64 * 1024,
	.headers_bytes = 512 * 1024,
	.recipients = 10000,
	.tags = 1000,
	.changes = 100,
	.wishes = 20000,
	.text_bytes = 4096,
	.reply_bytes = 400,
	.value_bytes = 1024,
	.remembered = 100,
	.report_bytes = 256,
};

void
engine_init(struct engine *engine, struct store *store, struct store *local,
    uint32_t ref_boot)
{
	memset(engine, 0, sizeof(*engine));
	engine->store = store;
	engine->local = local;
	engine->ref_boot = ref_boot;
	atomic_init(&engine->ref_next, 0);
}

struct session *
session_new(struct engine *engine, struct ruleset *rules)
{
	struct arena *arena = arena_new(CONNECTION_ARENA);
	struct session *session = arena_calloc(arena, sizeof(*session));

	session->arena = arena;
	session->engine = engine;
	session->rules = ruleset_get(rules);
	session->program = ruleset_program(rules);
	session->needs = ruleset_needs(rules);
	session->ref_number = atomic_fetch_add(&engine->ref_next, 1);
	session->connect_scope.arena = arena;
	session->macros = arena_calloc(
	    arena, session->needs->n_macros * sizeof(*session->macros));
	session->limits = arena_calloc(
	    arena, session->program->n_limits * sizeof(*session->limits));
	return session;
}

void
session_free(struct session *session)
{
	if (session == NULL)
		return;
	message_abort(session);
	for (size_t i = 0; i < session->needs->n_macros; i++)
		free(session->macros[i].value);
	buf_done(&session->reply_text);
	free(session->tag_list);
	arena_free(session->helo_arena);
	ruleset_put(session->rules);
	arena_free(session->arena);
}

void
session_now(struct session *session, int64_t now_ms, bool is_virtual)
{
	session->now_ms = now_ms;
	session->has_virtual_time = is_virtual;
}

struct arena *
session_arena(struct session *session)
{
	if (session->message != NULL)
		return session->message->arena;
	return session->helo_arena != NULL ? session->helo_arena
					   : session->arena;
}

struct scope *
session_scope(struct session *session)
{
	if (session->message != NULL)
		return &session->message->scope;
	return session->stage == STAGE_CONNECT ? &session->connect_scope
					       : &session->helo_scope;
}

void
session_budget_reset(struct session *session)
{
	const struct rules_options *options = ruleset_options(session->rules);

	session->budget = (struct pattern_budget){
		.match_limit = options->regex_match_limit,
		.cpu_us = (int64_t)options->scan_budget_ms * 1000,
		/* So that it is not always the same rule's which is timed. */
		.n_short = session->ref_number + session->n_messages,
	};
	spent_forget(session);
}

void
session_macro(struct session *session, const char *name, const char *value)
{
	for (size_t i = 0; i < session->needs->n_macros; i++) {
		char **old = &session->macros[i].value;

		if (strcmp(session->needs->macros[i].name, name) != 0)
			continue;
		if (*old != NULL && value != NULL && strcmp(*old, value) == 0)
			return;
		free(*old);
		*old = value == NULL ? NULL
				     : strndup(value, session_caps.value_bytes);
		return;
	}
}

/* A macro of the MTA as a fact; a copy, since the macro may change. */
static void
set_text_from_macro(struct session *session, enum fact_id id)
{
	struct str value =
	    session_macro_value(session, str_of(fact_by_id(id)->macros));

	fact_set_text(session, id, arena_str(session_arena(session), value));
}

static void
set_number_from_macro(struct session *session, enum fact_id id)
{
	struct str text =
	    session_macro_value(session, str_of(fact_by_id(id)->macros));

	fact_set_number(
	    session, id, text.len > 0 ? (double)strtoul(text.p, NULL, 10) : 0);
}

static bool
resolves(const struct session *session)
{
	struct str result =
	    session_macro_value(session, STR("{client_resolve}"));

	return result.len == 0 || str_is(result, "OK");
}

/* "[192.0.2.1]" and "unknown" are what MTAs say for "no name". */
static struct str
client_name(struct session *session, struct str name)
{
	if (str_starts(name, STR("[")) || str_is(name, "unknown") ||
	    !resolves(session))
		return STR("");
	return arena_str(
	    session->arena, str_sub(name, 0, session_caps.value_bytes));
}

static void
set_client_facts(struct session *session, const struct session_client *client)
{
	struct str ptr;

	session->ip = client->ip;
	session->is_local = client->is_local;
	fact_set_text(
	    session, FACT_CLIENT_NAME, client_name(session, client->name));
	set_text_from_macro(session, FACT_CLIENT_PTR);
	ptr = session->slots[FACT_CLIENT_PTR].text;
	if (str_is(ptr, "unknown") || str_starts(ptr, STR("[")))
		fact_set_text(session, FACT_CLIENT_PTR, STR(""));
	fact_set_number(session, FACT_CLIENT_PORT, client->port);
	set_number_from_macro(session, FACT_CLIENT_CONNECTIONS);
	set_text_from_macro(session, FACT_DAEMON_NAME);
	set_number_from_macro(session, FACT_DAEMON_PORT);
}

/* The answer to connect and helo. */
static struct reply
connection_reply(struct session *session, struct outcome outcome)
{
	struct reply on = { .kind = REPLY_CONTINUE };

	if (outcome_is_refusal(&outcome) && envelope_may_be_local(session)) {
		if (session->has_refusal)
			return on; /* the first one counts */
		session->has_refusal = true;
		session->refusal = outcome.reply;
		session->refusal.text =
		    arena_str(session->arena, outcome.reply.text);
		return on;
	}
	if (outcome_is_refusal(&outcome))
		return outcome.reply;
	if (outcome.kind != OUTCOME_ACCEPT)
		return on;
	session_scope(session)->is_accepted = true;
	/* On the wire an accept would end the questions, and so the counting
	 * and what was asked to be changed. */
	if (session->program->n_limits == 0 && !session->needs->changes)
		on.kind = REPLY_ACCEPT;
	return on;
}

struct reply
session_connect(struct session *session, const struct session_client *client)
{
	message_abort(session);
	/* A client that was there before is forgotten with its HELO. */
	arena_free(session->helo_arena);
	session->helo_arena = NULL;
	session->helo_scope = (struct scope){ 0 };
	session->connect_scope = (struct scope){ .arena = session->arena };
	session->n_charged = 0;
	memset(session->slots, 0, sizeof(session->slots));
	session->has_refusal = false;
	session->has_counted_reject = false;
	session->stage = STAGE_CONNECT;
	session_budget_reset(session);
	set_client_facts(session, client);
	return connection_reply(session, run_stage(session));
}

/* In the arena of the connection: they outlive messages. */
static void
set_tls_text(struct session *session, enum fact_id id)
{
	struct arena *arena =
	    session->helo_arena != NULL ? session->helo_arena : session->arena;
	struct str value =
	    session_macro_value(session, str_of(fact_by_id(id)->macros));

	if (!str_eq(session->slots[id].text, value))
		fact_set_text(session, id, arena_str(arena, value));
}

void
session_set_tls(struct session *session)
{
	set_tls_text(session, FACT_TLS_VERSION);
	set_tls_text(session, FACT_TLS_CIPHER);
	set_number_from_macro(session, FACT_TLS_BITS);
	set_tls_text(session, FACT_TLS_SUBJECT);
	set_tls_text(session, FACT_TLS_ISSUER);
}

/* Their texts were in the arena that has gone. */
static void
clear_helo_facts(struct session *session)
{
	for (int i = 0; i < FACT_N; i++)
		if (fact_by_id((enum fact_id)i)->stage == STAGE_HELO)
			memset(
			    &session->slots[i], 0, sizeof(session->slots[i]));
}

struct reply
session_helo(struct session *session, struct str name)
{
	message_abort(session);
	/* A client may say HELO as often as it likes: the last one counts. */
	arena_free(session->helo_arena);
	session->helo_arena = arena_new(HELO_ARENA);
	clear_helo_facts(session);
	session->helo_scope = (struct scope){ .arena = session->helo_arena };
	session->stage = STAGE_HELO;
	session_budget_reset(session);
	fact_set_text(session, FACT_HELO_NAME,
	    arena_str(session->helo_arena,
		str_sub(name, 0, session_caps.value_bytes)));
	session_set_tls(session);
	return connection_reply(session, run_stage(session));
}

void
session_want_content(struct session *session)
{
	session->wants_content = true;
}

const struct mime *
session_mime(const struct session *session)
{
	return parts_mime(session);
}

uint64_t
session_damage(const struct session *session)
{
	if (session->message == NULL)
		return 0;
	return session->message->damage | parts_damage_so_far(session);
}

bool
session_in_message(const struct session *session)
{
	return session->message != NULL && !session->message->is_over;
}

const struct ruleset *
session_rules(const struct session *session)
{
	return session->rules;
}

static bool
scope_has_tag(const struct scope *scope, struct str tag)
{
	for (size_t i = 0; i < scope->n_tags; i++)
		if (str_eq(scope->tags[i], tag))
			return true;
	return false;
}

bool
session_has_tag(const struct session *session, struct str tag)
{
	return scope_has_tag(&session->connect_scope, tag) ||
	       scope_has_tag(&session->helo_scope, tag) ||
	       (session->message != NULL &&
		   scope_has_tag(&session->message->scope, tag));
}
