/*
 * html_link: addresses in HTML: joined to <base>, in srcset, in CSS.
 */
#ifndef SLUICE_MIME_HTML_LINK_H
#define SLUICE_MIME_HTML_LINK_H

#include "mime/html/html.h"

struct html_links {
	struct html_reader *reader;
	struct buf base;   /* of <base href>; empty: none */
	struct buf value;  /* an attribute, decoded */
	struct buf joined; /* with the base */
};

void html_links_init(struct html_links *links, struct html_reader *reader);
void html_links_done(struct html_links *links);

/* target, decoded, is told with the text that a reader sees of it. */
void html_link_tell(
    struct html_links *links, struct str target, struct str text);
/* value: of an attribute, as it stands. */
void html_link_attribute(struct html_links *links, struct str value);
void html_link_base(struct html_links *links, struct str value);
/* "a.png 1x, b.png 2x" */
void html_link_srcset(struct html_links *links, struct str value);
/* Every url(…) and @import "…"; css: decoded. */
void html_link_css(struct html_links *links, struct str css);
/* "0; url=…" of <meta http-equiv=refresh content=…> */
void html_link_refresh(struct html_links *links, struct str value);

#endif
