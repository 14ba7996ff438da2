/*
 * A text that is large enough uses up all that a list may hold. What comes
 * behind it is not left out, or who sends a megabyte of filling first hides the
 * rest: of each text the two ends are kept, up to a sum.
 */
#include "mime/content_own.h"

#include "base/utf8.h"

void
content_room_init(struct content_room *room, const struct mime_limits *limits)
{
	*room = (struct content_room){ .left = limits->text_bytes,
		.edge = limits->edge_bytes,
		.edges_left = limits->edges_bytes };
}

/* Of n bytes so many as there is room for at an edge that has used bytes. */
static size_t
take_edge(struct content_room *room, size_t n, size_t used)
{
	if (n > room->edge - used)
		n = room->edge - used;
	if (n > room->edges_left)
		n = room->edges_left;
	room->edges_left -= n;
	return n;
}

struct str
content_room_take(struct content_room *room, struct str text,
    struct str *tail_out, uint64_t *damage)
{
	struct str head;
	size_t n = room->left;

	*tail_out = (struct str){ "", 0 };
	if (text.len <= room->left) {
		room->left -= text.len;
		return text;
	}
	*damage |= DAMAGE_BIT(DAMAGE_PART_CUT);
	room->left = 0;
	if (n < room->edge)
		n += take_edge(room, text.len - n, n);
	head = utf8_whole(str_sub(text, 0, n));
	text = str_from(text, head.len);
	n = take_edge(room, text.len, 0);
	*tail_out = utf8_whole(str_from(text, text.len - n));
	return head;
}
