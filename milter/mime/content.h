/*
 * content: what the parts of a message say: text, HTML, web addresses.
 *
 * Made of a struct mime that has ended, each list when it is asked for first;
 * lives in its arena and ends with it; as mime, one thread at a time. All texts
 * are valid UTF-8 with LF at the ends of their lines. A part's decoded bytes are
 * given up for its text where that is not the same, so that no more is kept at
 * any time than mime_limits allows.
 */
#ifndef SLUICE_MIME_CONTENT_H
#define SLUICE_MIME_CONTENT_H

#include "mime/mime.h"

struct content_text {
	struct str text;
	const struct mime_part *part;
};

struct content_url {
	struct str url;  /* decoded as far as a browser does; with its scheme */
	struct str host; /* lower case, A-labels or an address; may be empty */
	const struct mime_part *part; /* where it stood first */
};

struct content;

/* mime must outlive it. Nothing to free. */
struct content *content_new(struct mime *mime);

/*
 * Each returns how many there are. Texts that are empty are left out.
 *   body    of text parts (preamble and epilogue included) their text, of
 *           HTML what a reader sees and, behind it, what is hidden
 *   html    of HTML parts the source, decoded
 *   folded  as body, folded (fold.h)
 *   urls    of both, each once
 */
size_t content_body(struct content *content, const struct content_text **out);
size_t content_html(struct content *content, const struct content_text **out);
size_t content_folded(struct content *content, const struct content_text **out);
size_t content_urls(struct content *content, const struct content_url **out);
/* What making these found: charset, hidden-text, link-mismatch, url-count,
 * part-cut. Makes body and urls if nobody did before. */
uint64_t content_damage(struct content *content);
/* The same of what was made until now, if anything. */
uint64_t content_damage_so_far(const struct content *content);

#endif
