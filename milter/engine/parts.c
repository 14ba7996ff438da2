/*
 * The trap is the order. Texts take the place of the bytes that they were made
 * of, so an archive that calls itself text must have been looked into before
 * the text is asked for.
 */
#include "engine/parts.h"

#include "engine/run.h"

/* What a session keeps of a message that is taken apart. */
struct parts {
	struct mime *mime;
	bool has_ended;
	struct content *content;
	struct attachment *attachments;
	size_t n_attachments;
	bool is_listed;
	struct inspect_item *items; /* one for each attachment */
	bool is_inspected;
	bool has_failed; /* some could not be looked into */
	uint64_t damage;
};

static bool
may_inspect(const struct session *session)
{
	return session->needs->inspect || session->wants_content;
}

/* Who is exempt from rules is read by nothing but limits. */
bool
parts_are_wanted(const struct session *session)
{
	if (session->wants_content)
		return true;
	return session->needs->mime && !session->message->has_refusal &&
	       (session->program->n_limits > 0 || !run_is_exempt(session));
}

static struct mime *
open_mime(struct session *session)
{
	struct message *message = session->message;
	uint64_t scan_limit = ruleset_options(session->rules)->scan_limit;
	struct mime_limits limits;

	if (message->parts != NULL)
		return message->parts->mime;
	if (!parts_are_wanted(session))
		return NULL;
	limits = mime_limits_of((size_t)scan_limit);
	message->parts = arena_calloc(message->arena, sizeof(*message->parts));
	message->parts->mime = mime_new(&limits);
	return message->parts->mime;
}

void
parts_header(struct session *session, struct str name, struct str value)
{
	struct mime *mime = open_mime(session);

	if (mime != NULL)
		mime_header(mime, name, value);
}

void
parts_body(struct session *session, struct str chunk)
{
	struct mime *mime = open_mime(session);

	if (mime != NULL)
		mime_body(mime, chunk);
}

void
parts_end(struct session *session)
{
	struct mime *mime = open_mime(session);

	if (mime == NULL || session->message->parts->has_ended)
		return;
	mime_end(mime);
	session->message->parts->has_ended = true;
}

void
parts_free(struct message *message)
{
	if (message->parts == NULL)
		return;
	mime_free(message->parts->mime);
	message->parts = NULL;
}

static struct parts *
ended_parts(const struct session *session)
{
	struct message *message = session->message;

	if (message == NULL || message->parts == NULL ||
	    !message->parts->has_ended)
		return NULL;
	return message->parts;
}

struct mime *
parts_mime(const struct session *session)
{
	const struct parts *parts = ended_parts(session);

	return parts == NULL ? NULL : parts->mime;
}

static void
list_attachments(struct session *session, struct parts *parts)
{
	struct arena *arena = session->message->arena;
	size_t n = 0;

	parts->is_listed = true;
	for (const struct mime_part *part = mime_root(parts->mime);
	     part != NULL; part = part->following) {
		struct attachment one = { .part = part, .at = n };

		if (!part->is_attachment)
			continue;
		one.is_again = part->role == MIME_ROLE_AGAIN;
		parts->attachments =
		    arena_grow(arena, parts->attachments, n, sizeof(one));
		parts->attachments[n++] = one;
	}
	parts->n_attachments = n;
}

size_t
parts_attachments(struct session *session, const struct attachment **out)
{
	struct parts *parts = ended_parts(session);

	*out = NULL;
	if (parts == NULL)
		return 0;
	if (!parts->is_listed)
		list_attachments(session, parts);
	*out = parts->attachments;
	return parts->n_attachments;
}

static void
fill_item(const struct mime_part *part, struct inspect_item *item)
{
	*item = (struct inspect_item){ .content = part->content,
		.tail = part->tail };
	if (part->n_names > 0)
		item->name = part->names[0];
	if (part->is_cut)
		item->n_missing =
		    part->size - part->content.len - part->tail.len;
}

static void
note_item(struct parts *parts, const struct inspect_item *item)
{
	/* Where the build has no library nothing was to be seen. */
	if (item->has_failed &&
	    (inspect_has_magic() || inspect_has_archive())) {
		parts->has_failed = true;
		parts->damage |= DAMAGE_BIT(DAMAGE_INSPECTION);
	}
	if (item->is_broken)
		parts->damage |= DAMAGE_BIT(DAMAGE_ARCHIVE);
	if (item->is_limited)
		parts->damage |= DAMAGE_BIT(DAMAGE_ARCHIVE_LIMIT);
}

bool
parts_inspect(struct session *session)
{
	const struct attachment *attachments;
	size_t n = parts_attachments(session, &attachments), n_items = 0;
	struct parts *parts = ended_parts(session);
	struct arena *arena;

	if (parts == NULL || parts->is_inspected || n == 0)
		return parts == NULL || !parts->has_failed;
	parts->is_inspected = true;
	arena = session->message->arena;
	parts->items = arena_calloc(arena, n * sizeof(*parts->items));
	for (size_t i = 0; i < n; i++) {
		if (attachments[i].part->content.len == 0)
			continue;
		fill_item(attachments[i].part, &parts->items[n_items]);
		parts->attachments[i].seen = &parts->items[n_items++];
	}
	if (n_items > 0)
		inspect(
		    session->engine->inspector, parts->items, n_items, arena);
	for (size_t i = 0; i < n_items; i++)
		note_item(parts, &parts->items[i]);
	return !parts->has_failed;
}

/* A text that is an attachment, too, may be something else in truth. */
static bool
has_text_to_inspect(struct session *session)
{
	const struct attachment *attachments;
	size_t n = parts_attachments(session, &attachments);

	for (size_t i = 0; i < n; i++)
		if (attachments[i].part->kind == MIME_TEXT ||
		    attachments[i].part->kind == MIME_HTML)
			return true;
	return false;
}

struct content *
parts_content(struct session *session)
{
	struct parts *parts = ended_parts(session);

	if (parts == NULL)
		return NULL;
	if (may_inspect(session) && !parts->is_inspected &&
	    has_text_to_inspect(session))
		parts_inspect(session);
	if (parts->content == NULL)
		parts->content = content_new(parts->mime);
	return parts->content;
}

static bool
is_of_texts(enum fact_id id)
{
	return id == FACT_BODY || id == FACT_BODY_HTML ||
	       id == FACT_BODY_FOLDED || id == FACT_URL || id == FACT_URL_HOST;
}

bool
parts_would_inspect(struct session *session, const struct fact_ref *ref)
{
	const struct parts *parts = ended_parts(session);
	const struct attachment *attachments;

	if (parts == NULL || parts->is_inspected || !may_inspect(session) ||
	    parts_attachments(session, &attachments) == 0)
		return false;
	return (ref->fact->flags & FACT_INSPECT) != 0 ||
	       ref->fact->id == FACT_MIME_DAMAGE ||
	       (is_of_texts(ref->fact->id) && has_text_to_inspect(session));
}

uint64_t
parts_damage_so_far(const struct session *session)
{
	const struct parts *parts = ended_parts(session);
	uint64_t damage;

	if (parts == NULL)
		return 0;
	damage = mime_damage(parts->mime) | parts->damage;
	if (parts->content != NULL)
		damage |= content_damage_so_far(parts->content);
	return damage;
}

uint64_t
parts_damage(struct session *session)
{
	struct content *content = parts_content(session);
	const struct parts *parts = ended_parts(session);

	if (content == NULL)
		return 0;
	if (may_inspect(session))
		parts_inspect(session);
	return mime_damage(parts->mime) | content_damage(content) |
	       parts->damage;
}
