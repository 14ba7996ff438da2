/*
 * Of changes of one field the later counts. The trap is a field that was forged
 * by the sender: each removal must know how many there are in the message, also
 * of those that were not kept.
 */
#include "engine/changes.h"

#include "base/log.h"
#include "engine/recipients.h"
#include "mime/header.h"

const char *
change_name(enum change_kind kind)
{
	static const char *const names[] = {
		[CHANGE_ADD_HEADER] = "add-header",
		[CHANGE_SET_HEADER] = "set-header",
		[CHANGE_REMOVE_HEADER] = "remove-header",
		[CHANGE_QUARANTINE] = "quarantine",
		[CHANGE_ADD_RECIPIENT] = "add-recipient",
		[CHANGE_REMOVE_RECIPIENT] = "remove-recipient",
		[CHANGE_SET_SENDER] = "set-sender",
	};

	return names[kind];
}

void
changes_tell_cap(const struct session *session, struct scope *scope,
    const char *what, size_t max)
{
	if (scope->was_told)
		return;
	scope->was_told = true;
	log_warning("rules ask for more than %zu %s (ref %.*s): the rest is "
		    "left out",
	    max, what, STR_ARG(session_ref(session)));
}

static bool
is_of_header(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_ADD_HEADER:
	case CHANGE_SET_HEADER:
	case CHANGE_REMOVE_HEADER:
		return true;
	case CHANGE_QUARANTINE:
	case CHANGE_ADD_RECIPIENT:
	case CHANGE_REMOVE_RECIPIENT:
	case CHANGE_SET_SENDER:
		return false;
	}
	return false;
}

void
changes_add(struct session *session, enum change_kind kind, struct str name,
    struct str value)
{
	struct scope *scope = session_scope(session);
	struct change change = { .kind = kind, .name = name };

	if (scope->n_changes == session_caps.changes) {
		changes_tell_cap(
		    session, scope, "changes", session_caps.changes);
		return;
	}
	change.value = is_of_header(kind) && value.len > 0
			   ? header_encode(scope->arena, value, name.len)
			   : arena_str(scope->arena, value);
	scope->changes = arena_grow(
	    scope->arena, scope->changes, scope->n_changes, sizeof(change));
	scope->changes[scope->n_changes++] = change;
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
void
changes_drop_header(struct session *session, struct str name)
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

static size_t
count_headers(const struct message *message, struct str name)
{
	const struct dropped_header *dropped = find_dropped(message, name);
	size_t n = dropped == NULL ? 0 : dropped->n;

	for (size_t i = 0; i < message->n_headers; i++)
		n += str_eq_nocase(message->headers[i].name, name);
	return n;
}

/* In the order in which they were asked for, in the message's arena. */
struct list {
	struct arena *arena;
	struct change *all;
	size_t n;
};

static void
append(struct list *list, const struct change *change)
{
	list->all =
	    arena_grow(list->arena, list->all, list->n, sizeof(*change));
	list->all[list->n++] = *change;
}

/* Header changes of connect and helo come before those of the message. */
static void
gather(struct session *session, struct list *asked)
{
	const struct scope *scopes[] = { &session->connect_scope,
		&session->helo_scope, &session->message->scope };

	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < scopes[i]->n_changes; j++)
			append(asked, &scopes[i]->changes[j]);
}

/* Does it leave nothing of what was there under its name? */
static bool
replaces(const struct change *change)
{
	return change->kind == CHANGE_SET_HEADER ||
	       change->kind == CHANGE_REMOVE_HEADER;
}

/* Does a later change leave nothing of this one? */
static bool
is_overruled(const struct list *asked, size_t at)
{
	const struct change *change = &asked->all[at];

	for (size_t i = at + 1; i < asked->n; i++) {
		const struct change *later = &asked->all[i];

		if (change->kind == CHANGE_SET_SENDER
			? later->kind == CHANGE_SET_SENDER
			: is_of_header(change->kind) && replaces(later) &&
			      str_eq_nocase(later->name, change->name))
			return true;
	}
	return false;
}

static void
append_headers(
    struct session *session, const struct list *asked, struct list *out)
{
	for (size_t i = 0; i < asked->n; i++) {
		struct change change = asked->all[i];

		if (!is_of_header(change.kind) || is_overruled(asked, i))
			continue;
		change.n_present = count_headers(session->message, change.name);
		append(out, &change);
	}
}

static void
append_kind(const struct list *asked, enum change_kind kind, struct list *out)
{
	for (size_t i = 0; i < asked->n; i++)
		if (asked->all[i].kind == kind && !is_overruled(asked, i))
			append(out, &asked->all[i]);
}

static void
append_recipients(struct session *session, struct list *out)
{
	struct change *changes;
	size_t n = recipients_changes(session, &changes);

	for (size_t i = 0; i < n; i++)
		append(out, &changes[i]);
}

/* Is somebody to take it out already, be it us for another rule? */
static bool
is_replaced(const struct list *list, struct str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (replaces(&list->all[i]) &&
		    str_eq_nocase(list->all[i].name, name))
			return true;
	return false;
}

/* What came under a name of ours goes, before ours is added. */
static void
append_forged(
    struct session *session, const struct list *asked, struct list *out)
{
	const struct program *program = session->program;

	if (session->connect_scope.is_accepted ||
	    session->helo_scope.is_accepted)
		return; /* another host of ours, say */
	for (size_t i = 0; i < program->n_rules; i++) {
		const struct rule *rule = program->rules[i];

		for (size_t j = 0; j < rule->n_actions; j++) {
			struct change change = { .kind = CHANGE_REMOVE_HEADER,
				.name = rule->actions[j].name };

			if (!action_is_ours(&rule->actions[j]) ||
			    is_replaced(asked, change.name) ||
			    is_replaced(out, change.name))
				continue;
			change.n_present =
			    count_headers(session->message, change.name);
			if (change.n_present > 0)
				append(out, &change);
		}
	}
}

void
changes_collect(struct session *session)
{
	struct message *message = session->message;
	struct list asked = { .arena = message->arena };
	struct list out = { .arena = message->arena };

	gather(session, &asked);
	append_forged(session, &asked, &out);
	append_headers(session, &asked, &out);
	append_recipients(session, &out);
	append_kind(&asked, CHANGE_SET_SENDER, &out);
	append_kind(&asked, CHANGE_QUARANTINE, &out);
	message->scope.changes = out.all;
	message->scope.n_changes = out.n;
}
