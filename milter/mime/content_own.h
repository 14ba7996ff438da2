/*
 * content_own: what the files of content.c share.
 *
 *   content.c        the lists, and what goes into them
 *   content_text.c   a part's bytes as UTF-8
 *   content_room.c   how much of them is kept
 *   content_urls.c   the set of addresses
 *   content_link.c   does the text of a link name another host?
 */
#ifndef SLUICE_MIME_CONTENT_OWN_H
#define SLUICE_MIME_CONTENT_OWN_H

#include "mime/content.h"

#include "base/buf.h"

/*
 * bytes of part as valid UTF-8, without a byte order mark. Where they are that
 * already, the answer points into them, and *made is not touched; else it is in
 * *made, max_bytes of it or a few more; *bytes is what was not read. Notes
 * DAMAGE_CHARSET.
 */
struct str content_decode(const struct mime_part *part, struct str *bytes,
    size_t max_bytes, struct buf *made, uint64_t *damage);

/* Is an ASCII character more than one byte in it? */
bool content_is_wide(const struct mime_part *part, struct str bytes);

/* How much a list may hold. */
struct content_room {
	size_t left;
	size_t edge;       /* of one text, once that is used up */
	size_t edges_left; /* of all */
};

void content_room_init(
    struct content_room *room, const struct mime_limits *limits);
/*
 * How much of text there is room for: its beginning and, if that is not all,
 * its end in *tail_out. Both point into text, which is whole UTF-8. Notes
 * DAMAGE_PART_CUT if something is left out.
 */
struct str content_room_take(struct content_room *room, struct str text,
    struct str *tail_out, uint64_t *damage);

/* All zero to begin with but for what is said. */
struct content_url_set {
	struct arena *arena;   /* of the message */
	struct arena *scratch; /* for a few addresses; NULL at the beginning */
	size_t urls_max;
	size_t url_bytes_max;
	size_t bytes_left; /* of all */
	size_t work_left;  /* bytes of targets that are still read */
	struct content_url *list;
	size_t n;
	uint32_t *places; /* a hash table of numbers in list, from 1 */
	size_t n_places;
};

/* Adds what target means, if it is an address and new. host_out: its host, in
 * scratch memory until the next call; empty: none. Notes DAMAGE_URL_COUNT. */
void content_url_add(struct content_url_set *set, struct str target,
    const struct mime_part *part, struct str *host_out, uint64_t *damage);
void content_url_set_done(struct content_url_set *set);

/* text: what a reader sees of a link to that host. */
bool content_link_misleads(
    struct arena *scratch, struct str text, struct str host);

#endif
