/*
 * html_sheet: the rules of <style> blocks that may hide text.
 *
 * Of selectors only "tag", ".class", "#id" and "tag.class", "tag#id", and lists
 * of them; what stands in @media that asks for a size is left out, since it is
 * for few readers. At most HTML_RULES_MAX are kept.
 */
#ifndef SLUICE_MIME_HTML_SHEET_H
#define SLUICE_MIME_HTML_SHEET_H

#include "mime/html/style.h"
#include "mime/html/tag.h"

#define HTML_RULES_MAX 512

struct html_rule {
	uint64_t key; /* of the selector; 0: a free place */
	struct html_style style;
};

/* All zero to begin with. */
struct html_sheet {
	struct html_rule *rules; /* a hash table; NULL: none */
	size_t n_rules;
	bool has_tag_rules;
};

void html_sheet_done(struct html_sheet *sheet);
/* css: what stands in <style>. scratch: for its use. */
void html_sheet_read(
    struct html_sheet *sheet, struct str css, struct buf *scratch);
/* Adds what the rules say of such a tag. */
void html_sheet_apply(const struct html_sheet *sheet,
    const struct html_tag *tag, struct html_style *style);

#endif
