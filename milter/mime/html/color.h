/*
 * html_color: colours of HTML and CSS, as far as text can hide in them.
 */
#ifndef SLUICE_MIME_HTML_COLOR_H
#define SLUICE_MIME_HTML_COLOR_H

#include "base/str.h"

/* 0xrrggbb, or one of these. */
#define HTML_COLOR_CLEAR   (-1) /* transparent */
#define HTML_COLOR_UNKNOWN (-2)

/* text: trimmed, lower case; "#fff", "white", "rgb(1, 2, 3)", "ffffff". */
int32_t html_color_parse(struct str text);
/* So alike that nobody can read one on the other. False if one is unknown. */
bool html_color_is_like(int32_t a, int32_t b);

#endif
