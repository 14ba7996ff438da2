#include "mime/html/color.h"

#include <stdlib.h>

/* Differences of red, green and blue that no eye sees. */
#define LIKE_MAX 10

struct named_color {
	const char *name;
	int32_t color;
};

/* Those of HTML 4, and those next to white or black. */
static const struct named_color named_colors[] = {
	{ "aliceblue", 0xf0f8ff },
	{ "aqua", 0x00ffff },
	{ "azure", 0xf0ffff },
	{ "black", 0x000000 },
	{ "blue", 0x0000ff },
	{ "floralwhite", 0xfffaf0 },
	{ "fuchsia", 0xff00ff },
	{ "ghostwhite", 0xf8f8ff },
	{ "gray", 0x808080 },
	{ "green", 0x008000 },
	{ "grey", 0x808080 },
	{ "ivory", 0xfffff0 },
	{ "lightgray", 0xd3d3d3 },
	{ "lightgrey", 0xd3d3d3 },
	{ "lime", 0x00ff00 },
	{ "maroon", 0x800000 },
	{ "mintcream", 0xf5fffa },
	{ "navy", 0x000080 },
	{ "olive", 0x808000 },
	{ "orange", 0xffa500 },
	{ "purple", 0x800080 },
	{ "red", 0xff0000 },
	{ "seashell", 0xfff5ee },
	{ "silver", 0xc0c0c0 },
	{ "snow", 0xfffafa },
	{ "teal", 0x008080 },
	{ "transparent", HTML_COLOR_CLEAR },
	{ "white", 0xffffff },
	{ "whitesmoke", 0xf5f5f5 },
	{ "yellow", 0xffff00 },
};

/* 3, 4, 6 or 8 digits; the 4th or the last two are how opaque it is. */
static int32_t
parse_hex(struct str digits)
{
	bool is_short = digits.len == 3 || digits.len == 4;
	size_t step = is_short ? 1 : 2;
	int32_t color = 0;

	if (!is_short && digits.len != 6 && digits.len != 8)
		return HTML_COLOR_UNKNOWN;
	for (size_t i = 0; i < digits.len; i++)
		if (ascii_hex(digits.p[i]) < 0)
			return HTML_COLOR_UNKNOWN;
	for (size_t i = 0; i < 3; i++) {
		int high = ascii_hex(digits.p[i * step]);
		int low = ascii_hex(digits.p[i * step + step - 1]);

		color = color * 256 + high * 16 + low;
	}
	if (digits.len == 3 * step)
		return color;
	for (size_t i = 3 * step; i < digits.len; i++)
		if (digits.p[i] != '0')
			return color;
	return HTML_COLOR_CLEAR;
}

/* The next number of "1, 2%, 0.5)", in thousandths; at most 9 digits count. */
static bool
next_number(struct str *s, int64_t *number_out, bool *is_percent_out)
{
	int64_t number = 0, unit = 1000;
	bool is_fraction = false;
	size_t at = 0, from;

	while (at < s->len && s->p[at] != '.' &&
	       (s->p[at] < '0' || s->p[at] > '9'))
		at++;
	for (from = at; at < s->len; at++) {
		char c = s->p[at];

		if (c == '.' && !is_fraction)
			is_fraction = true;
		else if (c < '0' || c > '9')
			break;
		else if (is_fraction)
			number += (c - '0') * (unit /= 10);
		else if (number < 100000000)
			number = number * 10 + (c - '0') * 1000;
	}
	*number_out = number;
	*is_percent_out = at < s->len && s->p[at] == '%';
	*s = str_from(*s, at);
	return at > from;
}

static int32_t
parse_rgb(struct str s)
{
	int64_t number;
	int32_t color = 0;
	bool is_percent;

	for (int i = 0; i < 3; i++) {
		if (!next_number(&s, &number, &is_percent))
			return HTML_COLOR_UNKNOWN;
		number = is_percent ? number * 255 / 100000 : number / 1000;
		color = color * 256 + (int32_t)(number > 255 ? 255 : number);
	}
	if (next_number(&s, &number, &is_percent) &&
	    number <= (is_percent ? 5000 : 50))
		return HTML_COLOR_CLEAR;
	return color;
}

/* Of hue, saturation and lightness only white and black matter. */
static int32_t
parse_hsl(struct str s)
{
	int64_t number = 0;
	bool is_percent;

	for (int i = 0; i < 3; i++)
		if (!next_number(&s, &number, &is_percent))
			return HTML_COLOR_UNKNOWN;
	if (next_number(&s, &(int64_t){ 0 }, &is_percent))
		return HTML_COLOR_UNKNOWN;
	if (number >= 99000)
		return 0xffffff;
	return number <= 1000 ? 0 : HTML_COLOR_UNKNOWN;
}

int32_t
html_color_parse(struct str text)
{
	size_t n = sizeof(named_colors) / sizeof(named_colors[0]);

	if (text.len > 0 && text.p[0] == '#')
		return parse_hex(str_from(text, 1));
	if (str_starts(text, STR("rgb")))
		return parse_rgb(text);
	if (str_starts(text, STR("hsl")))
		return parse_hsl(text);
	for (size_t i = 0; i < n; i++)
		if (str_is(text, named_colors[i].name))
			return named_colors[i].color;
	return text.len == 6 ? parse_hex(text) : HTML_COLOR_UNKNOWN;
}

bool
html_color_is_like(int32_t a, int32_t b)
{
	if (a < 0 || b < 0)
		return false;
	for (int shift = 0; shift < 24; shift += 8)
		if (abs((a >> shift & 0xff) - (b >> shift & 0xff)) > LIKE_MAX)
			return false;
	return true;
}
