/*
 * Each kind of action has its function. The trap: what is remembered is asked
 * for later in the same normal form, so both are made by rules/table.h.
 */
#include "engine/act.h"

#include "base/log.h"
#include "engine/changes.h"
#include "engine/facts.h"
#include "engine/recipients.h"
#include "engine/report.h"
#include "rules/key.h"
#include "rules/mailbox.h"

static void
add_tag(struct session *session, struct str tag)
{
	struct scope *scope = session_scope(session);

	for (size_t i = 0; i < scope->n_tags; i++)
		if (str_eq(scope->tags[i], tag))
			return;
	if (scope->n_tags == session_caps.tags) {
		changes_tell_cap(session, scope, "tags", session_caps.tags);
		return;
	}
	scope->tags = arena_grow(
	    scope->arena, scope->tags, scope->n_tags, sizeof(struct str));
	scope->tags[scope->n_tags++] = arena_str(scope->arena, tag);
}

static int64_t
store_time(const struct session *session)
{
	return session->has_virtual_time ? session->now_ms : STORE_NOW;
}

/* One entry into the table, or out of it. */
static void
change_table(
    struct session *session, const struct action *action, struct str value)
{
	const struct table *table = action->table;
	struct store *store = session->engine->store;
	struct buf error = { 0 };
	struct str entry;

	if (table_entry_normal(table->type, value, table->ignores_case,
		session->scratch, &entry, &error) == -1) {
		log_debug("table %.*s (ref %.*s): %s", STR_ARG(table->name),
		    STR_ARG(session_ref(session)), error.p);
		buf_done(&error);
		return;
	}
	buf_done(&error);
	if (action->kind == ACTION_FORGET)
		store_forget(store, table->name, entry);
	else
		store_remember(store, table->name, entry, STR(""),
		    action->for_sec, store_time(session));
}

/* A message may have thousands of recipients; nobody waits for these writes,
 * but the store has to carry them out. */
static void
change_table_by_texts(struct session *session, const struct action *action,
    const struct fact_value *value)
{
	for (size_t i = 0; i < value->n; i++) {
		if (i == session_caps.remembered) {
			changes_tell_cap(session, session_scope(session),
			    "values in one remember or forget", i);
			return;
		}
		if (value->texts[i].len > 0)
			change_table(session, action, value->texts[i]);
	}
}

static void
change_table_by_fact(struct session *session, const struct action *action)
{
	const struct fact_ref *ref = &action->fact;
	struct fact_value value;
	struct buf text = { 0 };

	fact_read(session, ref, &value);
	if (value.n > 0 && value.ip != NULL) {
		change_table(session, action,
		    key_ip(session->scratch, value.ip, ref->bits_v4,
			ref->bits_v6));
	} else if (value.texts != NULL) {
		change_table_by_texts(session, action, &value);
	} else if (value.n > 0) {
		fact_append(session, ref, &text);
		change_table(session, action, buf_str(&text));
	}
	buf_done(&text);
}

/* remember, forget: at once, and lost while the store is away. */
static void
act_on_table(struct session *session, const struct action *action,
    const struct evidence *evidence)
{
	struct buf text = { 0 };

	if (!action->is_text) {
		change_table_by_fact(session, action);
		return;
	}
	eval_text(session, &action->text, evidence, &text);
	if (text.len > 0)
		change_table(session, action, buf_str(&text));
	buf_done(&text);
}

static bool
is_address(
    const struct session *session, const struct action *action, struct str text)
{
	if (action->kind == ACTION_SET_SENDER && text.len == 0)
		return true; /* as of a bounce */
	return mailbox_flaw(text, session_wants_utf8(session)) == NULL;
}

/* Who looks for a mail that is not where it was sent to finds the rule in its
 * log line. A rule that acts for each recipient is named once. */
static void
note_deed(struct session *session, const struct rule *rule,
    const struct action *action)
{
	struct scope *scope = session_scope(session);
	struct buf deed = { 0 };

	buf_printf(&deed, "%s:%.*s", action_type(action->kind)->name,
	    STR_ARG(rule->name));
	for (size_t i = 0; i < scope->n_deeds; i++)
		if (str_eq(scope->deeds[i], buf_str(&deed)))
			goto out;
	if (scope->n_deeds < SCOPE_DEEDS_MAX)
		scope->deeds[scope->n_deeds++] =
		    arena_str(scope->arena, buf_str(&deed));
out:
	buf_done(&deed);
}

/* What came from a stranger may be no address, and is then no change. */
static void
act_on_envelope(struct session *session, const struct rule *rule,
    const struct action *action, struct str text)
{
	bool is_done = true;

	text = str_trim(text);
	if (!is_address(session, action, text)) {
		report_no_address(session, rule, action, text);
		return;
	}
	if (action->kind == ACTION_SET_SENDER)
		changes_add(session, CHANGE_SET_SENDER, STR(""), text);
	else if (action->kind == ACTION_REDIRECT)
		recipients_redirect(session, text);
	else if (action->kind == ACTION_ADD_RECIPIENT)
		is_done = recipients_add(session, text);
	else
		is_done = recipients_remove(session, text);
	if (is_done)
		note_deed(session, rule, action);
	else
		changes_tell_cap(session, session_scope(session),
		    "changes of recipients", session_caps.wishes);
}

/* What takes a text with its facts filled in. */
static void
act_on_text(struct session *session, const struct rule *rule,
    const struct action *action, const struct evidence *evidence)
{
	struct buf filled = { 0 };
	struct str text;

	eval_text(session, &action->text, evidence, &filled);
	text = buf_str(&filled);
	if (action->kind == ACTION_QUARANTINE) {
		changes_add(session, CHANGE_QUARANTINE, STR(""),
		    report_reason(session_scope(session)->arena, rule, text));
		note_deed(session, rule, action);
	} else if (action->kind == ACTION_ADD_HEADER)
		changes_add(session, CHANGE_ADD_HEADER, action->name, text);
	else if (action->kind == ACTION_SET_HEADER)
		changes_add(session, CHANGE_SET_HEADER, action->name, text);
	else if (action->kind == ACTION_TAG)
		add_tag(session, text);
	else if (action->kind == ACTION_LOG)
		report_text(session, rule, text);
	else
		act_on_envelope(session, rule, action, text);
	buf_done(&filled);
}

void
act(struct session *session, const struct rule *rule,
    const struct action *action, const struct evidence *evidence)
{
	switch (action->kind) {
	case ACTION_QUARANTINE:
	case ACTION_ADD_HEADER:
	case ACTION_SET_HEADER:
	case ACTION_ADD_RECIPIENT:
	case ACTION_REMOVE_RECIPIENT:
	case ACTION_REDIRECT:
	case ACTION_SET_SENDER:
	case ACTION_TAG:
	case ACTION_LOG:
		act_on_text(session, rule, action, evidence);
		break;
	case ACTION_REMOVE_HEADER:
		changes_add(
		    session, CHANGE_REMOVE_HEADER, action->name, STR(""));
		break;
	case ACTION_SCORE:
		session_scope(session)->score += action->score;
		break;
	case ACTION_REMEMBER:
	case ACTION_FORGET:
		act_on_table(session, action, evidence);
		break;
	case ACTION_ACCEPT:
	case ACTION_REJECT:
	case ACTION_TEMPFAIL:
	case ACTION_DISCARD:
		break; /* run.c */
	}
}
