/*
 * html_kit: HTML read into one text that a table can hold.
 */
#ifndef SLUICE_TESTS_HTML_KIT_H
#define SLUICE_TESTS_HTML_KIT_H

#include "base/buf.h"
#include "mime/html/html.h"

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

struct html_result {
	struct buf visible;
	struct buf hidden;
	struct buf links; /* "target|text\n" of each */
	struct html_reader reader;
};

static void
keep_link(void *context, const struct html_link *link)
{
	struct buf *links = context;

	buf_add(links, link->target);
	if (link->text.len > 0)
		buf_byte(links, '|');
	buf_add(links, link->text);
	buf_byte(links, '\n');
}

static void
html_read_all(struct html_result *result, struct str source, size_t max)
{
	*result = (struct html_result){ 0 };
	result->reader = (struct html_reader){
		.visible = &result->visible,
		.hidden = &result->hidden,
		.max_bytes = max,
		.on_link = keep_link,
		.context = &result->links,
	};
	html_read(&result->reader, source);
}

static void
html_result_done(struct html_result *result)
{
	buf_done(&result->visible);
	buf_done(&result->hidden);
	buf_done(&result->links);
}

#endif
