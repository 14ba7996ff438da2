/*
 * html: HTML as a reader sees it.
 *
 * One pass, no tree: tags are dropped (blocks and breaks become line ends),
 * entities decoded, comments and scripts left out, so that "ch<!-- -->eap" and
 * "ch<b></b>eap" are "cheap". Text that no reader sees (display:none,
 * font-size:0, the colour of the background, hidden, …) goes to a text of its
 * own. Linear in the bytes; never fails.
 */
#ifndef SLUICE_MIME_HTML_HTML_H
#define SLUICE_MIME_HTML_HTML_H

#include "base/buf.h"
#include "mime/limits.h"

/* An address in href, src, action and the like; entities decoded, joined to
 * that of <base>. text: what a reader sees of the link (of <a>), cut; else
 * empty. */
struct html_link {
	struct str target;
	struct str text;
};

struct html_reader {
	struct buf *visible; /* appended to, at most max_bytes */
	struct buf *hidden;
	size_t max_bytes; /* of both together */
	/* Called for each link when it ends; strings live for the call. May be
	 * NULL. */
	void (*on_link)(void *context, const struct html_link *link);
	void *context;
	bool is_cut; /* out: there was more than max_bytes */
	/* out: letters or digits that no reader sees. What only Outlook reads
	 * (conditional comments) goes to hidden, too, but is not meant here. */
	bool has_hidden;
};

/* source: valid UTF-8. */
void html_read(struct html_reader *reader, struct str source);

#endif
