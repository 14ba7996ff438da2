/*
 * Parts are made in the order in which they are met, but a part in an encoded
 * message is met late; so they are numbered at the end, in the order of the
 * tree.
 */
#include "mime/mime_own.h"

#include "base/utf8.h"

/* Of what most parts are, one copy is enough. */
static const char *const usual_types[] = { "text/plain", "text/html",
	"multipart/mixed", "multipart/alternative", "multipart/related",
	"message/rfc822", "application/octet-stream" };

static struct mime_node *
node_of(struct mime_part *part)
{
	return (struct mime_node *)(void *)part;
}

static void
append(struct mime *mime, struct mime_part *parent, struct mime_part *part)
{
	struct mime_part **last =
	    parent == NULL ? &mime->last_root : &node_of(parent)->last_child;

	if (*last != NULL)
		(*last)->next = part;
	else if (parent != NULL)
		parent->children = part;
	*last = part;
}

static struct mime_part *
make_part(struct mime *mime, struct mime_part *parent, enum mime_role role)
{
	struct mime_node *node = arena_calloc(mime->arena, sizeof(*node));

	node->made_before = mime->made_last;
	mime->made_last = node;
	node->part.parent = parent;
	node->part.depth = parent == NULL ? 0 : parent->depth + 1;
	node->part.role = role;
	node->part.kind = MIME_TEXT;
	append(mime, parent, &node->part);
	mime->n_parts++;
	return &node->part;
}

struct mime_part *
mime_part_new(struct mime *mime, struct mime_part *parent, enum mime_role role)
{
	if (mime->n_parts > 0 && mime->n_parts + 1 >= mime->limits.parts) {
		mime_note(mime->root, DAMAGE_PART_COUNT);
		return NULL;
	}
	return make_part(mime, parent, role);
}

struct mime_part *
mime_part_last(struct mime *mime)
{
	return make_part(mime, mime->root, MIME_ROLE_PART);
}

void
mime_part_set(struct mime *mime, struct mime_part *part,
    const struct mime_reading *reading, enum transfer_encoding encoding)
{
	part->kind = reading->kind;
	part->encoding = encoding;
	if (reading->charset.len > 0)
		part->charset = arena_str(mime->arena, reading->charset);
	else
		part->charset = STR("");
	for (size_t i = 0; i < sizeof(usual_types) / sizeof(usual_types[0]);
	     i++)
		if (str_is(reading->type, usual_types[i])) {
			part->type = str_of(usual_types[i]);
			return;
		}
	part->type = arena_str(mime->arena, reading->type);
}

void
mime_part_name(struct mime *mime, struct mime_part *part,
    const struct str *names, size_t n)
{
	size_t n_bytes = 0;
	struct str name;

	/* Once memory for headers is used up: the end of one, which says what
	 * the file is. */
	if (mime->headers_left == 0 && n > 0) {
		mime_note(part, DAMAGE_FILE_NAME);
		n = 1;
	}
	if (n == 0)
		return;
	part->names = arena_alloc(mime->arena, n * sizeof(*part->names));
	for (size_t i = 0; i < n; i++) {
		name = names[i];
		if (mime->headers_left == 0 && name.len > MIME_SHORT_NAME)
			name = str_from(name, name.len - MIME_SHORT_NAME);
		while (name.len > 0 && utf8_sequence(name) == 0)
			name = str_from(name, 1);
		part->names[i] = arena_str(mime->arena, name);
		n_bytes += name.len;
	}
	part->n_names = n;
	mime->headers_left -=
	    n_bytes < mime->headers_left ? n_bytes : mime->headers_left;
}

/* The part after this one in the order of the tree. */
static struct mime_part *
next_of(const struct mime_part *part)
{
	if (part->children != NULL)
		return part->children;
	while (part->next == NULL && part->parent != NULL)
		part = part->parent;
	return part->next;
}

void
mime_tree_number(struct mime *mime)
{
	unsigned number = 0;

	for (struct mime_part *part = mime->root; part != NULL;
	     part = part->following) {
		part->number = ++number;
		part->following = next_of(part);
	}
}
