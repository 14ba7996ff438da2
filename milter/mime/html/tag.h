/*
 * html_tag: one tag: which element, and the attributes that matter.
 */
#ifndef SLUICE_MIME_HTML_TAG_H
#define SLUICE_MIME_HTML_TAG_H

#include "base/str.h"

enum html_flag {
	HTML_BLOCK = 1 << 0,    /* stands on lines of its own */
	HTML_CELL = 1 << 1,     /* apart from its neighbours, on one line */
	HTML_VOID = 1 << 2,     /* has no content and no end tag */
	HTML_SPECIAL = 1 << 3,  /* no inline end tag reaches through it */
	HTML_SCOPE = 1 << 4,    /* no end tag of a block does either */
	HTML_ENDS_P = 1 << 5,   /* a paragraph ends where it begins */
	HTML_FORMAT = 1 << 6,   /* its end tag reaches through blocks */
	HTML_RAW = 1 << 7,      /* up to its end tag no markup, and no text */
	HTML_RAW_TEXT = 1 << 8, /* no markup, but text */
	HTML_GONE = 1 << 9      /* nobody ever sees it */
};

/* Those that html.c must know by name. */
enum html_id {
	HTML_OTHER,
	HTML_A,
	HTML_BASE,
	HTML_BODY,
	HTML_BR,
	HTML_BUTTON,
	HTML_DD,
	HTML_DT,
	HTML_IMG,
	HTML_INPUT,
	HTML_LI,
	HTML_META,
	HTML_OPTION,
	HTML_P,
	HTML_PRE,
	HTML_ROWS, /* tbody, thead, tfoot */
	HTML_STYLE,
	HTML_TABLE,
	HTML_TD, /* and th */
	HTML_TR,
	HTML_XML,
};

struct html_element {
	const char *name;
	unsigned flags;
	enum html_id id;
};

enum html_attribute {
	HTML_ACTION,
	HTML_ALT,
	HTML_BACKGROUND,
	HTML_BGCOLOR,
	HTML_CLASS,
	HTML_COLOR,
	HTML_CONTENT,
	HTML_DATA,
	HTML_FORMACTION,
	HTML_HIDDEN,
	HTML_HREF,
	HTML_HTTP_EQUIV,
	HTML_ID_ATTRIBUTE,
	HTML_POSTER,
	HTML_SRC,
	HTML_SRCSET,
	HTML_STYLE_ATTRIBUTE,
	HTML_TEXT_COLOR,
	HTML_TYPE,
	HTML_VALUE,
	HTML_ATTRIBUTE_N
};

struct html_tag {
	const struct html_element *element; /* never NULL */
	struct str name;                    /* as written */
	uint32_t hash;                      /* of the name, without case */
	bool is_end;
	uint32_t has; /* 1 << enum html_attribute; of two the first counts */
	struct str values[HTML_ATTRIBUTE_N]; /* of those; not decoded */
};

/*
 * p: at a "<" that a letter follows, or "</" and a letter. Returns where the
 * tag ends, behind its ">"; NULL: it does not (tag_out then has what there is).
 */
const char *html_tag_read(
    const char *p, const char *end, struct html_tag *tag_out);

bool html_tag_has(const struct html_tag *tag, enum html_attribute attribute);

#endif
