/*
 * Each list is made when a rule asks for it first, and kept: a thousand rules
 * may ask. Those of attachments are kept in the order of the attachments, so
 * that what one of them says is a piece of the list.
 */
#include "engine/content_facts.h"

#include "engine/parts.h"

struct content_list {
	bool is_made;
	struct str *texts;
	double *numbers;
	const struct mime_part **parts; /* to each value, who says it */
	size_t n;
	size_t *from; /* of attachments: where each begins; one more at the end
		       */
	bool is_partial;
};

#define FIRST   FACT_BODY
#define LAST    FACT_ARCHIVE_NAME
#define N_LISTS (LAST - FIRST + 1)

struct content_lists {
	struct content_list of[N_LISTS]; /* by fact */
};

/* A list in the making. */
struct maker {
	struct session *session;
	struct arena *arena;
	struct content_list *list;
};

static void
add_text(struct maker *maker, struct str text, const struct mime_part *part)
{
	struct content_list *list = maker->list;

	list->texts = arena_grow(
	    maker->arena, list->texts, list->n, sizeof(*list->texts));
	list->parts = arena_grow(
	    maker->arena, list->parts, list->n, sizeof(*list->parts));
	list->texts[list->n] = text;
	list->parts[list->n++] = part;
}

static void
make_texts(struct maker *maker,
    size_t (*ask)(struct content *content, const struct content_text **out))
{
	const struct content_text *texts;
	size_t n = ask(parts_content(maker->session), &texts);

	for (size_t i = 0; i < n; i++)
		add_text(maker, texts[i].text, texts[i].part);
}

static void
make_body(struct maker *maker)
{
	make_texts(maker, content_body);
}

static void
make_html(struct maker *maker)
{
	make_texts(maker, content_html);
}

static void
make_folded(struct maker *maker)
{
	make_texts(maker, content_folded);
}

static void
make_urls(struct maker *maker)
{
	const struct content_url *urls;
	size_t n = content_urls(parts_content(maker->session), &urls);

	for (size_t i = 0; i < n; i++)
		add_text(maker, urls[i].url, urls[i].part);
}

/* Open addressing; there is more room than names. */
static bool
is_new(struct str *seen, size_t room, struct str host)
{
	size_t at = (size_t)str_hash_nocase(host) & (room - 1);

	while (seen[at].len > 0) {
		if (str_eq_nocase(seen[at], host))
			return false;
		at = (at + 1) & (room - 1);
	}
	seen[at] = host;
	return true;
}

/* Each once, though many pages of it be named. */
static void
make_hosts(struct maker *maker)
{
	const struct content_url *urls;
	size_t n = content_urls(parts_content(maker->session), &urls);
	size_t room = 2;
	struct str *seen;

	while (room < 2 * n)
		room *= 2;
	seen = arena_calloc(maker->arena, room * sizeof(*seen));
	for (size_t i = 0; i < n; i++)
		if (urls[i].host.len > 0 && is_new(seen, room, urls[i].host))
			add_text(maker, urls[i].host, urls[i].part);
}

static void
make_types(struct maker *maker)
{
	const struct mime_part *part = mime_root(parts_mime(maker->session));

	for (; part != NULL; part = part->following)
		if (part->type.len > 0)
			add_text(maker, part->type, part);
}

/* Calls add() for each attachment and notes where its values begin. */
static void
make_of_attachments(struct maker *maker,
    void (*add)(struct maker *maker, const struct attachment *attachment))
{
	const struct attachment *attachments;
	size_t n = parts_attachments(maker->session, &attachments);
	struct content_list *list = maker->list;

	list->from = arena_alloc(maker->arena, (n + 1) * sizeof(*list->from));
	for (size_t i = 0; i < n; i++) {
		list->from[i] = list->n;
		add(maker, &attachments[i]);
	}
	list->from[n] = list->n;
}

static void
add_names(struct maker *maker, const struct attachment *attachment)
{
	const struct mime_part *part = attachment->part;

	for (size_t i = 0; i < part->n_names; i++)
		add_text(maker, part->names[i], part);
}

static void
make_names(struct maker *maker)
{
	make_of_attachments(maker, add_names);
}

static void
add_type(struct maker *maker, const struct attachment *attachment)
{
	if (attachment->part->type.len > 0)
		add_text(maker, attachment->part->type, attachment->part);
}

static void
make_attachment_types(struct maker *maker)
{
	make_of_attachments(maker, add_type);
}

static void
add_magic(struct maker *maker, const struct attachment *attachment)
{
	if (attachment->seen != NULL && attachment->seen->magic.len > 0)
		add_text(maker, attachment->seen->magic, attachment->part);
}

/* One that failed may have said anything. */
static void
make_magic(struct maker *maker)
{
	maker->list->is_partial = !parts_inspect(maker->session);
	make_of_attachments(maker, add_magic);
}

static void
add_size(struct maker *maker, const struct attachment *attachment)
{
	struct content_list *list = maker->list;

	list->numbers = arena_grow(
	    maker->arena, list->numbers, list->n, sizeof(*list->numbers));
	list->parts = arena_grow(
	    maker->arena, list->parts, list->n, sizeof(*list->parts));
	list->numbers[list->n] = (double)attachment->part->size;
	list->parts[list->n++] = attachment->part;
}

static void
make_sizes(struct maker *maker)
{
	make_of_attachments(maker, add_size);
}

static void
add_entries(struct maker *maker, const struct attachment *attachment)
{
	for (size_t i = 0;
	     attachment->seen != NULL && i < attachment->seen->n_entries; i++)
		add_text(maker, attachment->seen->entries[i], attachment->part);
}

static void
make_entries(struct maker *maker)
{
	maker->list->is_partial = !parts_inspect(maker->session);
	make_of_attachments(maker, add_entries);
}

static void (*const makers[N_LISTS])(struct maker *maker) = {
	[FACT_BODY - FIRST] = make_body,
	[FACT_BODY_HTML - FIRST] = make_html,
	[FACT_BODY_FOLDED - FIRST] = make_folded,
	[FACT_URL - FIRST] = make_urls,
	[FACT_URL_HOST - FIRST] = make_hosts,
	[FACT_PART_TYPE - FIRST] = make_types,
	[FACT_ATTACHMENT_NAME - FIRST] = make_names,
	[FACT_ATTACHMENT_TYPE - FIRST] = make_attachment_types,
	[FACT_ATTACHMENT_MAGIC - FIRST] = make_magic,
	[FACT_ATTACHMENT_SIZE - FIRST] = make_sizes,
	[FACT_ARCHIVE_NAME - FIRST] = make_entries,
};

static struct content_list *
find_list(struct session *session, enum fact_id id)
{
	struct message *message = session->message;
	struct maker maker = { .session = session };

	if (parts_mime(session) == NULL)
		return NULL;
	if (message->content_lists == NULL)
		message->content_lists = arena_calloc(
		    message->arena, sizeof(*message->content_lists));
	maker.arena = message->arena;
	maker.list = &message->content_lists->of[id - FIRST];
	if (!maker.list->is_made)
		makers[id - FIRST](&maker);
	maker.list->is_made = true;
	return maker.list;
}

/* Is it about the one attachment that is asked now? */
static const struct attachment *
asked_attachment(const struct session *session, const struct fact_ref *ref)
{
	return ref->of_one ? session->attachment : NULL;
}

static bool
has_failed(const struct attachment *attachment)
{
	return attachment->seen != NULL && attachment->seen->has_failed;
}

void
content_read(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	const struct content_list *list = find_list(session, ref->fact->id);
	const struct attachment *one = asked_attachment(session, ref);
	size_t from = 0, to;

	if (list == NULL)
		return;
	to = list->n;
	value->is_partial = list->is_partial;
	if (one != NULL) {
		from = list->from[one->at];
		to = list->from[one->at + 1];
		value->is_partial = list->is_partial && has_failed(one);
	}
	value->first = from;
	if (list->texts != NULL)
		value->texts = list->texts + from;
	if (list->numbers != NULL)
		value->numbers = list->numbers + from;
	if (list->parts != NULL)
		value->parts = list->parts + from;
	value->n = to - from;
}

void
content_read_count(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	const struct attachment *attachments;
	size_t n = parts_attachments(session, &attachments);

	(void)ref;
	value->n = 1;
	for (size_t i = 0; i < n; i++)
		value->number += !attachments[i].is_again;
}

void
content_read_encrypted(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	const struct attachment *one = asked_attachment(session, ref);
	const struct attachment *attachments;
	size_t n = parts_attachments(session, &attachments);

	value->n = 1;
	value->is_partial =
	    !parts_inspect(session) && (one == NULL || has_failed(one));
	for (size_t i = 0; i < n; i++)
		if ((one == NULL || one == &attachments[i]) &&
		    attachments[i].seen != NULL &&
		    attachments[i].seen->is_encrypted)
			value->truth = true;
}
