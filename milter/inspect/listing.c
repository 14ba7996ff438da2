/*
 * The same name usually comes twice, from the header beside the data and from
 * the directory of a zip, and so it is kept once. The trap is a hash as a name:
 * whoever sends the archive can make two names of one hash, so names are
 * compared, and the list is short enough that collisions cost little.
 *
 * Rules look at the end of a name, and so a long one is cut in its middle.
 */
#include "inspect/listing.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "mime/charset.h"

#include <string.h>

#define CUT          "..."
#define PROBE_SHARE  4 /* of unpacked_max may go to what has no such name */
#define RAW_MAX      ((size_t)65535) /* bytes of a name that are looked at */
#define REPLACEMENT  "\xef\xbf\xbd"
#define TIME_PERCENT 70 /* of the time-out; the rest is for the answer */

void
listing_init(struct listing *listing, struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena)
{
	size_t size = 16;

	while (size < 2 * options->entries_max)
		size *= 2;
	item->entries = NULL;
	item->n_entries = 0;
	item->is_archive = item->is_broken = item->is_limited = false;
	*listing = (struct listing){ .item = item,
		.options = options,
		.arena = arena,
		.mask = size - 1,
		.unpacked_left = options->unpacked_max,
		.probe_left = options->unpacked_max / PROBE_SHARE,
		.until_us = clock_steady_us() +
			    (int64_t)options->timeout_ms * 10 * TIME_PERCENT };
}

/* name is UTF-8. */
static struct str
cut(struct arena *arena, struct str name, size_t max)
{
	size_t half = (max - strlen(CUT)) / 2;
	struct str head, tail;

	if (name.len <= max)
		return arena_str(arena, name);
	head = utf8_whole(str_sub(name, 0, half));
	tail = utf8_whole(str_from(name, name.len - half));
	return arena_printf(
	    arena, "%.*s" CUT "%.*s", STR_ARG(head), STR_ARG(tail));
}

/* Windows writes the paths of its archives with either slash. */
static void
add_clean(struct buf *out, struct str name)
{
	struct buf text = { 0 };

	charset_read(&text, name);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\0')
			buf_add_cstr(out, REPLACEMENT);
		else
			buf_byte(out, text.p[i] == '\\' ? '/' : text.p[i]);
	}
	buf_done(&text);
}

struct str
listing_path(
    struct listing *listing, const struct source *source, struct str name)
{
	struct buf path = { 0 };
	struct str result;

	buf_add(&path, source->folder);
	if (source->folder.len > 0)
		buf_byte(&path, '/');
	if (name.len > RAW_MAX)
		name = str_from(name, name.len - RAW_MAX);
	add_clean(&path, name);
	result = cut(
	    listing->arena, buf_str(&path), listing->options->name_bytes_max);
	buf_done(&path);
	return result;
}

/* The place of path in the table: of the same, or a free one. */
static uint32_t *
find_place(const struct listing *listing, struct str path)
{
	size_t i = (size_t)str_hash(path) & listing->mask;

	while (listing->seen[i] != 0 &&
	       !str_eq(listing->item->entries[listing->seen[i] - 1], path))
		i = (i + 1) & listing->mask;
	return &listing->seen[i];
}

static void
add_path(struct listing *listing, struct str path)
{
	struct inspect_item *item = listing->item;
	uint32_t *place;

	if (listing->seen == NULL)
		listing->seen = arena_calloc(listing->arena,
		    (listing->mask + 1) * sizeof(listing->seen[0]));
	place = find_place(listing, path);
	if (*place != 0)
		return;
	if (item->n_entries == listing->options->entries_max) {
		item->is_limited = true;
		return;
	}
	item->entries = arena_grow(listing->arena, item->entries,
	    item->n_entries, sizeof(item->entries[0]));
	item->entries[item->n_entries++] = path;
	*place = (uint32_t)item->n_entries;
}

void
listing_add(
    struct listing *listing, const struct source *source, struct str name)
{
	ptrdiff_t nul;

	while (name.len > 0 && name.p[name.len - 1] == '\0')
		name.len--;
	nul = str_find(name, '\0');
	if (nul > 0)
		add_path(listing, listing_path(listing, source,
				      str_sub(name, 0, (size_t)nul)));
	if (name.len > 0)
		add_path(listing, listing_path(listing, source, name));
}

bool
listing_is_over(struct listing *listing)
{
	const struct inspect_item *item = listing->item;

	if (item->n_entries == listing->options->entries_max &&
	    item->is_limited)
		return true;
	if (clock_steady_us() < listing->until_us)
		return false;
	listing->item->is_limited = true;
	return true;
}
