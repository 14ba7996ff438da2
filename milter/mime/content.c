/*
 * One walk over the parts makes body, HTML and addresses, since each of these
 * is a way of looking at the same texts; folding waits until it is asked for.
 *
 * What a text became takes the place of the part's bytes, so that there is one
 * of them at a time. Attachments keep theirs: a helper process may be asked
 * what they are, and a page may be a program, too.
 */
#include "mime/content.h"

#include "base/utf8.h"
#include "mime/content_own.h"
#include "mime/fold.h"
#include "mime/html/html.h"
#include "mime/url.h"

/* Of all addresses together; a base that is long makes many of few bytes. */
#define URLS_BYTES  ((size_t)512 * 1024)
/* The same address a million times is one, and is not read as often. */
#define URLS_WORK   ((size_t)8 * 1024 * 1024)
#define WIDEST_MASK ((size_t)3) /* a character has at most 4 bytes (UTF-32) */
#define FOLDED_MAX  64 /* bytes that one character may become, and more */

struct text_list {
	struct content_text *list;
	size_t n;
	struct content_room room;
};

struct content {
	struct mime *mime;
	struct text_list body;
	struct text_list html;
	struct text_list folded;
	struct content_url_set urls;
	bool has_body; /* and html and urls */
	bool has_folded;
	uint64_t damage;
	const struct mime_part *part; /* that is read now */
};

struct content *
content_new(struct mime *mime)
{
	const struct mime_limits *limits = mime_limits(mime);
	struct arena *arena = mime_arena(mime);
	struct content *content = arena_calloc(arena, sizeof(*content));

	content->mime = mime;
	content_room_init(&content->body.room, limits);
	content_room_init(&content->html.room, limits);
	content_room_init(&content->folded.room, limits);
	content->urls = (struct content_url_set){
		.arena = arena,
		.urls_max = limits->urls,
		.url_bytes_max = limits->url_bytes,
		.bytes_left = URLS_BYTES,
		.work_left = URLS_WORK,
	};
	return content;
}

static void
add_text(struct content *content, struct text_list *list, struct str text,
    const struct mime_part *part)
{
	if (text.len == 0)
		return;
	list->list = arena_grow(mime_arena(content->mime), list->list, list->n,
	    sizeof(*list->list));
	list->list[list->n++] = (struct content_text){ text, part };
}

/* The two ends of a text for which there is room; tail may be empty. */
struct ends {
	struct str head;
	struct str tail;
};

static struct ends
take(struct content *content, struct text_list *list, struct str text)
{
	struct ends ends;

	ends.head =
	    content_room_take(&list->room, text, &ends.tail, &content->damage);
	return ends;
}

/* The same of a text that stands in made, which becomes the message's. */
static struct ends
take_made(struct content *content, struct text_list *list, struct str text,
    struct buf *made)
{
	struct ends ends = take(content, list, text);
	size_t skipped = made->len - text.len;

	if (ends.tail.len > 0)
		ends.tail = arena_str(mime_arena(content->mime), ends.tail);
	made->len = skipped + ends.head.len;
	ends.head = str_from(mime_keep(content->mime, made), skipped);
	return ends;
}

static void
find_urls(struct content *content, struct str text)
{
	struct str url, host;
	size_t at = 0;

	while (url_next(text, &at, &url))
		content_url_add(&content->urls, url, content->part, &host,
		    &content->damage);
}

static void
take_link(void *context, const struct html_link *link)
{
	struct content *content = context;
	struct str host;

	content_url_add(&content->urls, link->target, content->part, &host,
	    &content->damage);
	if (content_link_misleads(content->urls.scratch, link->text, host))
		content->damage |= DAMAGE_BIT(DAMAGE_LINK_MISMATCH);
}

static void
add_body(struct content *content, struct str text)
{
	add_text(content, &content->body, text, content->part);
	find_urls(content, text);
}

static void
keep_body(struct content *content, struct buf *text)
{
	struct ends ends;

	if (text->len > 0) {
		ends = take_made(content, &content->body, buf_str(text), text);
		add_body(content, ends.head);
		add_body(content, ends.tail);
	}
	buf_done(text);
}

/*
 * Any letter that no reader sees is told as hidden-text. That includes the
 * summaries that newsletters put before their text for lists of mails: they
 * hide it by the same means, and what a rule makes of it is the rule's.
 */
static void
read_html(struct content *content, struct str source)
{
	struct buf visible = { 0 }, hidden = { 0 };
	struct html_reader reader = {
		.visible = &visible,
		.hidden = &hidden,
		.max_bytes = mime_limits(content->mime)->text_bytes,
		.on_link = take_link,
		.context = content,
	};

	html_read(&reader, source);
	if (reader.is_cut)
		content->damage |= DAMAGE_BIT(DAMAGE_PART_CUT);
	if (reader.has_hidden)
		content->damage |= DAMAGE_BIT(DAMAGE_HIDDEN_TEXT);
	keep_body(content, &visible);
	keep_body(content, &hidden);
}

static bool
has_folded_lines(const struct mime_part *part)
{
	static const char *const types[] = { "text/calendar", "text/vcard",
		"text/x-vcard", "text/x-vcalendar", "text/directory" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_is(part->type, types[i]))
			return true;
	return false;
}

/* RFC 5545 section 3.1: a line end before a blank, and the blank, are nothing;
 * section 3.3.11: "\\," is ",", and "\\n" a line end. */
static void
read_folded_lines(struct content *content, struct str text)
{
	struct buf out = { 0 };

	buf_reserve(&out, text.len);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i], next = i + 1 < text.len ? text.p[i + 1] : 0;

		if (c == '\n' && (next == ' ' || next == '\t')) {
			i++;
		} else if (c == '\\' && str_find(STR(",;\\"), next) >= 0) {
			buf_byte(&out, next);
			i++;
		} else if (c == '\\' && (next == 'n' || next == 'N')) {
			buf_byte(&out, '\n');
			i++;
		} else {
			buf_byte(&out, c);
		}
	}
	keep_body(content, &out);
}

static void
read_text(struct content *content, struct str text)
{
	if (text.len == 0)
		return;
	if (has_folded_lines(content->part)) {
		read_folded_lines(content, text);
		return;
	}
	if (content->part->kind != MIME_HTML) {
		add_body(content, text);
		return;
	}
	add_text(content, &content->html, text, content->part);
	read_html(content, text);
}

/* The last of bytes that became so much text that it was enough. It may begin
 * amid a character, which is no damage. */
static void
read_end(struct content *content, struct text_list *list, struct str bytes)
{
	const struct mime_limits *limits = mime_limits(content->mime);
	struct buf made = { 0 };
	uint64_t ignored = 0;
	struct str text;

	content->damage |= DAMAGE_BIT(DAMAGE_PART_CUT);
	if (bytes.len > limits->edge_bytes)
		bytes = str_from(
		    bytes, (bytes.len - limits->edge_bytes) & ~WIDEST_MASK);
	text = content_decode(
	    content->part, &bytes, limits->text_bytes, &made, &ignored);
	if (made.p != NULL)
		text = take_made(content, list, text, &made).head;
	else /* the part's bytes are given up for what they became before */
		text = arena_str(
		    mime_arena(content->mime), take(content, list, text).head);
	read_text(content, text);
}

/*
 * Bytes of the part that is read. Returns whether they may be given up. Lines
 * end with LF, so that "$" and "." of a pattern mean what its author expects.
 */
static bool
read_bytes(struct content *content, struct str *bytes)
{
	const struct mime_part *part = content->part;
	bool is_html = part->kind == MIME_HTML;
	struct text_list *list = is_html ? &content->html : &content->body;
	struct buf made = { 0 };
	struct ends ends;
	struct str text, rest;
	bool is_made;

	if (!content_is_wide(part, *bytes))
		mime_unify_lines(content->mime, bytes);
	rest = *bytes;
	text = content_decode(part, &rest,
	    mime_limits(content->mime)->text_bytes, &made, &content->damage);
	is_made = made.p != NULL;
	ends = is_made ? take_made(content, list, text, &made)
		       : take(content, list, text);
	read_text(content, ends.head);
	read_text(content, ends.tail);
	if (rest.len > 0)
		read_end(content, list, rest);
	return is_made || bytes->len == 0;
}

static void
read_part(struct content *content, struct mime_part *part)
{
	bool is_made;

	if (part->kind != MIME_TEXT && part->kind != MIME_HTML)
		return;
	content->part = part;
	is_made = read_bytes(content, &part->content);
	is_made = read_bytes(content, &part->tail) && is_made;
	if (is_made && !part->is_attachment)
		mime_give_up(content->mime, part);
}

static void
make_body(struct content *content)
{
	struct mime_part *part = mime_root(content->mime);

	if (content->has_body)
		return;
	content->has_body = true;
	for (; part != NULL; part = part->following)
		read_part(content, part);
	content_url_set_done(&content->urls);
}

/* False: it became so long that its end was left out. */
static bool
fold_piece(
    struct content *content, struct str text, const struct mime_part *part)
{
	size_t max = mime_limits(content->mime)->text_bytes;
	struct text_list *list = &content->folded;
	struct buf made = { 0 };
	struct ends ends;
	bool is_whole = true;

	if (fold(text, max, &made)) {
		is_whole = made.len + FOLDED_MAX <= max;
		ends = take_made(content, list, buf_str(&made), &made);
	} else {
		ends = take(content, list, text);
	}
	add_text(content, list, ends.head, part);
	add_text(content, list, ends.tail, part);
	return is_whole;
}

static void
fold_text(struct content *content, const struct content_text *text)
{
	size_t edge = mime_limits(content->mime)->edge_bytes;
	struct str end = text->text;

	if (fold_piece(content, end, text->part))
		return;
	content->damage |= DAMAGE_BIT(DAMAGE_PART_CUT);
	if (end.len > edge)
		end = utf8_whole(str_from(end, end.len - edge));
	fold_piece(content, end, text->part);
}

static void
make_folded(struct content *content)
{
	make_body(content);
	if (content->has_folded)
		return;
	content->has_folded = true;
	for (size_t i = 0; i < content->body.n; i++)
		fold_text(content, &content->body.list[i]);
}

size_t
content_body(struct content *content, const struct content_text **out)
{
	make_body(content);
	*out = content->body.list;
	return content->body.n;
}

size_t
content_html(struct content *content, const struct content_text **out)
{
	make_body(content);
	*out = content->html.list;
	return content->html.n;
}

size_t
content_folded(struct content *content, const struct content_text **out)
{
	make_folded(content);
	*out = content->folded.list;
	return content->folded.n;
}

size_t
content_urls(struct content *content, const struct content_url **out)
{
	make_body(content);
	*out = content->urls.list;
	return content->urls.n;
}

uint64_t
content_damage(struct content *content)
{
	make_body(content);
	return content->damage;
}

uint64_t
content_damage_so_far(const struct content *content)
{
	return content->damage;
}
