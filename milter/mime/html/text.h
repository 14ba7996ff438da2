/*
 * html_text: where text of HTML goes to, with blanks and line ends as a reader
 * sees them: several are one, none are at the ends.
 */
#ifndef SLUICE_MIME_HTML_TEXT_H
#define SLUICE_MIME_HTML_TEXT_H

#include "mime/html/html.h"

enum html_gap { HTML_NO_GAP, HTML_BLANK, HTML_LINE };

struct html_out {
	struct buf *buf;
	size_t from; /* of the buffer; what was there before is not ours */
	enum html_gap gap; /* before the next text */
};

struct html_text {
	struct html_reader *reader;
	struct html_out visible;
	struct html_out hidden;
	size_t left;     /* of max_bytes */
	bool is_hidden;  /* what comes now */
	bool is_outlook; /* and is hidden only from others than Outlook */
	bool keeps_lines;
};

void html_text_init(struct html_text *text, struct html_reader *reader);
void html_text_to(struct html_text *text, bool is_hidden);
/* A gap that is there for everybody, or only in what is hidden. */
void html_text_gap(struct html_text *text, enum html_gap gap, bool is_gone);
/* Text with entities. If stops, up to the next "<"; returns where it ended. */
const char *html_text_read(
    struct html_text *text, const char *p, const char *end, bool stops);

#endif
