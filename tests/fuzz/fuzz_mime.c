/*
 * Any bytes as a mail: nothing crashes, every cap holds, the tree is well
 * linked, and it is the same however the body comes.
 *
 * The caps are small, so that short inputs reach them. The first byte chooses
 * some; the rest is a mail as it stands in a file. Beyond the sanitizers this
 * aborts where a property does not hold.
 */
#include "base/buf.h"
#include "base/utf8.h"
#include "mime/mail_text.h"
#include "mime/mime_own.h"

#include <stdlib.h>

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert would be silent in a build with NDEBUG. */
static void
require(bool is_true)
{
	if (!is_true)
		abort();
}

static struct mime_limits
choose_limits(uint8_t choice)
{
	struct mime_limits limits =
	    mime_limits_of((choice & 1) != 0 ? 200 : 100000);

	limits.sample_bytes = 60;
	limits.edge_bytes = 16;
	limits.edges_bytes = 100;
	limits.header_bytes = (choice & 2) != 0 ? 100 : 4096;
	limits.headers_bytes = (choice & 4) != 0 ? 300 : 65536;
	limits.depth = (choice & 8) != 0 ? 3 : 32;
	limits.parts = (choice & 16) != 0 ? 7 : 100;
	limits.name_bytes = 20;
	limits.names = 6;
	limits.boundary_bytes = 20;
	limits.parameters = 10;
	return limits;
}

/* size SIZE_MAX: through mime_body, the first chunk of that size; else in
 * blocks of size, around mime_body. */
static struct mime *
split(struct str mail, const struct mime_limits *limits, size_t first,
    size_t size)
{
	struct mime *mime = mime_new(limits);
	struct mail_text text;
	struct buf body = { 0 };
	struct str name, value;
	char bytes[4096];
	size_t n;

	mail_text_init(&text, mail);
	while (mail_text_field(&text, &name, &value))
		mime_header(mime, name, value);
	while ((n = mail_text_body(&text, bytes, sizeof(bytes))) > 0)
		buf_add(&body, (struct str){ bytes, n });
	mail_text_done(&text);
	mime_body(mime, STR(""));
	for (size_t at = 0; at < body.len; at += n, first = size) {
		n = body.len - at < first ? body.len - at : first;
		if (size == SIZE_MAX)
			mime_body(mime, str_sub(buf_str(&body), at, at + n));
		else
			mime_feed(mime, str_sub(buf_str(&body), at, at + n));
	}
	buf_done(&body);
	return mime;
}

static void
check_same_part(const struct mime_part *a, const struct mime_part *b)
{
	require(a->number == b->number && a->depth == b->depth);
	require(a->kind == b->kind && a->role == b->role);
	require((a->parent == NULL) == (b->parent == NULL));
	require(a->parent == NULL || a->parent->number == b->parent->number);
	require(str_eq(a->type, b->type));
	require(str_eq(a->charset, b->charset));
	require(a->encoding == b->encoding);
	require(a->is_attachment == b->is_attachment);
	require(a->n_names == b->n_names);
	for (size_t i = 0; i < a->n_names; i++)
		require(str_eq(a->names[i], b->names[i]));
	require(a->at == b->at && a->size == b->size);
	require(str_eq(a->content, b->content));
	require(str_eq(a->tail, b->tail));
	require(a->is_cut == b->is_cut && a->damage == b->damage);
}

static bool
had_room(const struct mime *mime)
{
	const struct mime_part *part = mime_root(mime);

	while (part != NULL && part->tail.len == 0 &&
	       (part->damage & DAMAGE_BIT(DAMAGE_PART_CUT)) == 0)
		part = part->following;
	return part == NULL;
}

/* In blocks of other sizes two leaves share the last bytes of the room in
 * another way, second readings get another share of what they may read, and parts are made in another order, so the last ones that
 * there may be are other ones. */
static void
check_same(const struct mime *a, const struct mime *b, bool in_blocks)
{
	const uint64_t short_of =
	    DAMAGE_BIT(DAMAGE_PART_COUNT) | DAMAGE_BIT(DAMAGE_HEADER_COUNT) |
	    DAMAGE_BIT(DAMAGE_HEADER_SIZE) | DAMAGE_BIT(DAMAGE_FILE_NAME);
	uint64_t damage = mime_damage(a) | mime_damage(b);
	bool has_room = !in_blocks || (had_room(a) && had_room(b));
	const struct mime_part *p = mime_root(a), *q = mime_root(b);

	if (in_blocks && ((damage & short_of) != 0 || !has_room))
		return;
	require(mime_n_parts(a) == mime_n_parts(b));
	for (; p != NULL && q != NULL; p = p->following, q = q->following)
		check_same_part(p, q);
	require(p == NULL && q == NULL);
}

static void
check_part(const struct mime_part *part, const struct mime_limits *limits)
{
	require(part->damage < DAMAGE_BIT(DAMAGE_N));
	require(part->depth <= limits->depth + 2);
	require(part->parent == NULL || part->depth == part->parent->depth + 1);
	require(part->n_names <= limits->names);
	for (size_t i = 0; i < part->n_names; i++) {
		require(utf8_bad(part->names[i]) < 0);
		require(part->names[i].len <= limits->name_bytes);
	}
	require(part->type.len > 0 && part->type.len <= MIME_TYPE_BYTES);
	require(part->charset.len <= MIME_TYPE_BYTES);
	require(part->content.len + part->tail.len <= part->size);
	require(
	    part->is_cut == (part->content.len + part->tail.len < part->size) ||
	    part->kind == MIME_MESSAGE || part->kind == MIME_MULTIPART);
}

static void
check_tree(const struct mime *mime, const struct mime_limits *limits)
{
	size_t n = 0;

	for (const struct mime_part *part = mime_root(mime); part != NULL;
	     part = part->following) {
		require(part->number == ++n);
		check_part(part, limits);
	}
	require(n == mime_n_parts(mime) && n <= limits->parts);
	require(mime_bytes_kept(mime) <=
		limits->decoded_bytes + limits->edges_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mime_limits limits;
	struct str mail;
	struct mime *whole, *other;
	const size_t sizes[] = { 1, 2, 3, 7 };

	if (size < 2 || size > INPUT_MAX)
		return 0;
	limits = choose_limits(data[0]);
	mail = (struct str){ (const char *)data + 1, size - 1 };
	whole = split(mail, &limits, SIZE_MAX, SIZE_MAX);
	mime_end(whole);
	check_tree(whole, &limits);
	other = split(mail, &limits, 1 + data[1] % 50, SIZE_MAX);
	mime_end(other);
	check_same(whole, other, false);
	mime_free(other);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		other =
		    split(mail, &limits, sizes[(i + data[1]) % 4], sizes[i]);
		mime_end(other);
		check_tree(other, &limits);
		check_same(whole, other, true);
		mime_free(other);
	}
	/* Stopped amid all. */
	mime_free(split(mail, &limits, SIZE_MAX, SIZE_MAX));
	mime_free(whole);
	return 0;
}
