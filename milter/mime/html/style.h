/*
 * html_style: declarations of CSS, as far as text can hide behind them.
 */
#ifndef SLUICE_MIME_HTML_STYLE_H
#define SLUICE_MIME_HTML_STYLE_H

#include "base/buf.h"

enum html_property {
	HTML_DISPLAY,    /* enum html_display */
	HTML_VISIBILITY, /* enum html_seen */
	HTML_OPACITY,    /* enum html_seen */
	HTML_MSO_HIDE,   /* enum html_seen */
	HTML_FONT_SIZE,  /* enum html_size */
	HTML_FOREGROUND, /* a colour (html/color.h) */
	HTML_BEHIND,     /* a colour; CLEAR: none, UNKNOWN: an image */
	HTML_OVERFLOW,   /* enum html_seen: HTML_UNSEEN is hidden */
	HTML_HEIGHT,     /* enum html_size */
	HTML_MAX_HEIGHT,
	HTML_WIDTH,
	HTML_MAX_WIDTH,
	HTML_INDENT, /* enum html_seen: far off to the left */
	HTML_OFFSET, /* the same */
	HTML_PROPERTY_N
};

/* Beside: boxes in one line, as cells are. */
enum html_display { HTML_NONE, HTML_INLINE, HTML_BESIDE, HTML_APART };
enum html_seen { HTML_UNSEEN, HTML_SEEN };
enum html_size { HTML_TINY, HTML_READABLE, HTML_RELATIVE };

struct html_style {
	uint32_t set;       /* 1 << enum html_property */
	uint32_t important; /* of those: with "!important" */
	int32_t values[HTML_PROPERTY_N];
};

/* The properties of more win, unless the others are more important. */
void html_style_add(struct html_style *style, const struct html_style *more);
void html_style_set(
    struct html_style *style, enum html_property property, int32_t value);

/* Appends CSS in lower case, without comments and escapes. */
void html_style_clean(struct buf *out, struct str css);
/* declarations: cleaned; "display:none; color:red". Adds to *style. */
void html_style_read(struct html_style *style, struct str declarations);

#endif
