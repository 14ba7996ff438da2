/*
 * html_stack: the elements that are open, and how text in them looks.
 *
 * At most HTML_OPEN_MAX are known, the innermost ones; how those that were
 * forgotten look goes on in what stands in them. End tags that were left out
 * (of paragraphs, cells, list items) are found as browsers find them.
 */
#ifndef SLUICE_MIME_HTML_STACK_H
#define SLUICE_MIME_HTML_STACK_H

#include "mime/html/style.h"
#include "mime/html/tag.h"

#define HTML_OPEN_MAX 256
#define HTML_COUNTERS 256

struct html_look {
	bool is_gone;  /* not there at all: neither are its line breaks */
	bool is_faded; /* covered, too faint, out of sight */
	bool is_invisible;
	bool is_tiny;
	bool is_indented; /* out of sight */
	bool is_block;    /* of the element itself: stands on its own lines */
	bool is_cell;     /* of the element itself */
	int32_t color;
	int32_t background;
};

struct html_open {
	const struct html_element *element;
	uint32_t hash; /* of its name */
	struct html_look look;
};

struct html_stack {
	struct html_open open[HTML_OPEN_MAX];
	size_t n;
	size_t floor; /* what is below is not closed */
	struct html_look outermost;
	/* How many open ones there are, by hash: most end tags without a
	 * beginning are known by a 0. */
	uint16_t n_of[HTML_COUNTERS];
	unsigned n_pre;
};

void html_stack_init(struct html_stack *stack);
const struct html_look *html_stack_look(const struct html_stack *stack);

/* How an element in the innermost one looks that has such a tag and style. */
struct html_look html_look_of(const struct html_look *around,
    const struct html_tag *tag, const struct html_style *style);
bool html_look_is_hidden(const struct html_look *look);

void html_stack_push(struct html_stack *stack, const struct html_tag *tag,
    const struct html_look *look);
/* How many are to be closed, from the innermost on, by that tag: by a start
 * tag before it is pushed, by an end tag. */
size_t html_stack_ended_by(
    const struct html_stack *stack, const struct html_tag *tag);
void html_stack_pop(struct html_stack *stack);

#endif
