/*
 * A table of properties, each with the function that reads its value. What it
 * cannot read (calc(), var()) is as if it were not there: text is taken for
 * hidden only where that is certain.
 */
#include "mime/html/style.h"

#include "base/utf8.h"
#include "mime/html/color.h"

#include <string.h>

/* In thousandths. A font of a pixel is a row of dots. */
#define TINY_PIXELS   1000
#define TINY_EMS      60
#define TINY_PERCENT  6000
#define FAR_PIXELS    (-400 * 1000)
#define FAR_EMS       (-40 * 1000)
#define FAR_PERCENT   (-100 * 1000)
#define FAINT         40
#define FAINT_PERCENT 4000
#define HEX_MAX       6 /* digits of an escape */

/* Sets *value_out, or false: not understood. */
typedef bool read_value(struct str value, int32_t *value_out);

struct length {
	int64_t thousandths;
	struct str unit;
};

/* "-9999px", ".5em", "0"; at most 9 digits before the point count. */
static bool
read_length(struct str s, struct length *length_out)
{
	int64_t number = 0, unit = 1000;
	bool is_negative = s.len > 0 && s.p[0] == '-';
	bool is_fraction = false, has_digit = false;
	size_t at = s.len > 0 && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;

	for (; at < s.len; at++) {
		if (s.p[at] == '.' && !is_fraction) {
			is_fraction = true;
			continue;
		}
		if (!ascii_is_digit(s.p[at]))
			break;
		has_digit = true;
		if (is_fraction)
			number += (s.p[at] - '0') * (unit /= 10);
		else if (number < INT64_C(100000000000))
			number = number * 10 + (s.p[at] - '0') * 1000;
	}
	length_out->thousandths = is_negative ? -number : number;
	length_out->unit = str_from(s, at);
	return has_digit;
}

/* Compares with a bound for each family of units. */
static bool
is_below(
    const struct length *length, int64_t pixels, int64_t ems, int64_t percent)
{
	struct str unit = length->unit;

	if (str_is(unit, "%"))
		return length->thousandths <= percent;
	if (str_is(unit, "em") || str_is(unit, "rem") || str_is(unit, "ex") ||
	    str_is(unit, "ch") || str_is(unit, "vw") || str_is(unit, "vh"))
		return length->thousandths <= ems;
	if (str_is(unit, "cm") || str_is(unit, "in") || str_is(unit, "mm"))
		return length->thousandths <= ems / 2;
	return length->thousandths <= pixels;
}

static bool
is_relative(struct str unit)
{
	return str_is(unit, "em") || str_is(unit, "%") || str_is(unit, "ex") ||
	       str_is(unit, "ch");
}

static bool
read_display(struct str value, int32_t *value_out)
{
	if (str_is(value, "none"))
		*value_out = HTML_NONE;
	else if (str_is(value, "inline") || str_is(value, "contents"))
		*value_out = HTML_INLINE;
	else if (str_starts(value, STR("inline")) ||
		 str_is(value, "table-cell"))
		*value_out = HTML_BESIDE;
	else
		*value_out = HTML_APART;
	return !str_is(value, "inherit") && !str_is(value, "initial");
}

static bool
read_visibility(struct str value, int32_t *value_out)
{
	*value_out = str_is(value, "hidden") || str_is(value, "collapse")
			 ? HTML_UNSEEN
			 : HTML_SEEN;
	return !str_is(value, "inherit");
}

static bool
read_overflow(struct str value, int32_t *value_out)
{
	*value_out =
	    str_starts(value, STR("hidden")) || str_starts(value, STR("clip"))
		? HTML_UNSEEN
		: HTML_SEEN;
	return true;
}

static bool
read_opacity(struct str value, int32_t *value_out)
{
	struct length length;

	if (!read_length(value, &length))
		return false;
	*value_out = is_below(&length, FAINT, FAINT, FAINT_PERCENT)
			 ? HTML_UNSEEN
			 : HTML_SEEN;
	return true;
}

static bool
read_mso_hide(struct str value, int32_t *value_out)
{
	*value_out = str_is(value, "all") ? HTML_UNSEEN : HTML_SEEN;
	return true;
}

static bool
read_size(struct str value, int32_t *value_out)
{
	struct length length;

	if (!read_length(value, &length)) {
		/* larger, smaller and inherit depend on what is around */
		*value_out = str_ends_nocase(value, STR("er")) ||
				     str_is(value, "inherit")
				 ? HTML_RELATIVE
				 : HTML_READABLE;
		return true;
	}
	if (is_below(&length, TINY_PIXELS, TINY_EMS, TINY_PERCENT))
		*value_out = HTML_TINY;
	else
		*value_out =
		    is_relative(length.unit) ? HTML_RELATIVE : HTML_READABLE;
	return true;
}

/* "font: bold 0/0 serif": the first word that is a length. */
static bool
read_font(struct str value, int32_t *value_out)
{
	struct length length;

	while (value.len > 0) {
		struct str word = str_take(&value, ' ');

		value = str_trim(value);
		word = str_take(&word, '/');
		if (!read_length(word, &length))
			continue;
		/* "font: 600 16px serif": how bold */
		if (length.unit.len == 0 && length.thousandths >= 100000)
			continue;
		return read_size(word, value_out);
	}
	return false;
}

static bool
read_far(struct str value, int32_t *value_out)
{
	struct length length;

	if (!read_length(value, &length))
		return false;
	*value_out = is_below(&length, FAR_PIXELS, FAR_EMS, FAR_PERCENT)
			 ? HTML_UNSEEN
			 : HTML_SEEN;
	return true;
}

static bool
read_color(struct str value, int32_t *value_out)
{
	*value_out = html_color_parse(value);
	return !str_is(value, "inherit");
}

/* A colour, an image, or both: then the image is what counts. A word that is
 * neither may be the name of a colour that is not known here. */
static bool
read_background(struct str value, int32_t *value_out)
{
	bool is_none = str_is(value, "none") || str_is(value, "0") ||
		       str_is(value, "unset") || str_is(value, "initial");

	*value_out = is_none ? HTML_COLOR_CLEAR : HTML_COLOR_UNKNOWN;
	if (str_has(value, STR("url(")) || str_has(value, STR("gradient")))
		return true;
	if (str_starts(value, STR("rgb")) || str_starts(value, STR("hsl")))
		return read_color(value, value_out);
	while (value.len > 0) {
		int32_t color = html_color_parse(str_take(&value, ' '));

		if (color != HTML_COLOR_UNKNOWN)
			*value_out = color;
		value = str_trim(value);
	}
	return true;
}

static bool
read_image(struct str value, int32_t *value_out)
{
	*value_out = HTML_COLOR_UNKNOWN;
	return !str_is(value, "none");
}

struct property {
	const char *name;
	enum html_property property;
	read_value *read;
};

static const struct property properties[] = {
	{ "background", HTML_BEHIND, read_background },
	{ "background-color", HTML_BEHIND, read_color },
	{ "background-image", HTML_BEHIND, read_image },
	{ "color", HTML_FOREGROUND, read_color },
	{ "display", HTML_DISPLAY, read_display },
	{ "font", HTML_FONT_SIZE, read_font },
	{ "font-size", HTML_FONT_SIZE, read_size },
	{ "height", HTML_HEIGHT, read_size },
	{ "left", HTML_OFFSET, read_far },
	{ "margin-left", HTML_OFFSET, read_far },
	{ "margin-top", HTML_OFFSET, read_far },
	{ "max-height", HTML_MAX_HEIGHT, read_size },
	{ "max-width", HTML_MAX_WIDTH, read_size },
	{ "mso-hide", HTML_MSO_HIDE, read_mso_hide },
	{ "opacity", HTML_OPACITY, read_opacity },
	{ "overflow", HTML_OVERFLOW, read_overflow },
	{ "text-indent", HTML_INDENT, read_far },
	{ "top", HTML_OFFSET, read_far },
	{ "visibility", HTML_VISIBILITY, read_visibility },
	{ "width", HTML_WIDTH, read_size },
};

void
html_style_set(
    struct html_style *style, enum html_property property, int32_t value)
{
	style->set |= 1u << property;
	style->important &= ~(1u << property);
	style->values[property] = value;
}

void
html_style_add(struct html_style *style, const struct html_style *more)
{
	uint32_t wins = more->set & (~style->important | more->important);

	for (unsigned i = 0; i < HTML_PROPERTY_N; i++)
		if ((wins >> i & 1) != 0)
			style->values[i] = more->values[i];
	style->set |= wins;
	style->important |= wins & more->important;
}

static const struct property *
find_property(struct str name)
{
	size_t n = sizeof(properties) / sizeof(properties[0]);

	for (size_t i = 0; i < n; i++)
		if (properties[i].name[0] == name.p[0] &&
		    str_is(name, properties[i].name))
			return &properties[i];
	return NULL;
}

/* Takes "!important" off the end of value. */
static bool
take_important(struct str *value)
{
	ptrdiff_t mark = str_find_last(*value, '!');

	if (mark < 0 ||
	    !str_is(str_trim(str_from(*value, (size_t)mark + 1)), "important"))
		return false;
	*value = str_trim(str_sub(*value, 0, (size_t)mark));
	return true;
}

static void
read_declaration(struct html_style *style, struct str declaration)
{
	struct html_style one = { 0 };
	const struct property *property;
	ptrdiff_t colon = str_find(declaration, ':');
	struct str name, value;
	bool is_important;
	int32_t number;

	if (colon < 0)
		return;
	name = str_trim(str_sub(declaration, 0, (size_t)colon));
	if (name.len == 0 || (property = find_property(name)) == NULL)
		return;
	value = str_trim(str_from(declaration, (size_t)colon + 1));
	is_important = take_important(&value);
	if (value.len == 0 || !property->read(value, &number))
		return;
	html_style_set(&one, property->property, number);
	one.important = is_important ? one.set : 0;
	html_style_add(style, &one);
}

/* Where a declaration ends: no ";" in quotes and parentheses does it. What is
 * never closed does not count, and then *has_open is set. */
static size_t
declaration_len(struct str s, bool *has_open)
{
	char closing = '\0'; /* what is waited for */

	for (size_t i = 0; i < s.len && !*has_open; i++) {
		char c = s.p[i];

		if (closing != '\0') {
			if (c == closing)
				closing = '\0';
		} else if (c == ';') {
			return i;
		} else if (c == '(') {
			closing = ')';
		} else if (c == '"' || c == '\'') {
			closing = c;
		}
	}
	if (closing == '\0' && !*has_open)
		return s.len;
	*has_open = true; /* looking for the end again would be quadratic */
	return str_find(s, ';') >= 0 ? (size_t)str_find(s, ';') : s.len;
}

void
html_style_read(struct html_style *style, struct str declarations)
{
	bool has_open = false;
	size_t len;

	while (declarations.len > 0) {
		len = declaration_len(declarations, &has_open);
		read_declaration(style, str_sub(declarations, 0, len));
		declarations = str_from(declarations, len + 1);
	}
}

/* "\\64 isplay": one to six hex digits, and a blank that belongs to them. */
static size_t
clean_escape(struct buf *out, struct str s)
{
	uint32_t code = 0;
	size_t at = 1;
	char bytes[4];

	for (; at < s.len && at <= HEX_MAX; at++) {
		char c = ascii_lower(s.p[at]);

		if (ascii_is_digit(c))
			code = code * 16 + (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			code = code * 16 + (uint32_t)(c - 'a') + 10;
		else
			break;
	}
	if (at == 1)
		return 1; /* the next byte stands for itself */
	if (at < s.len && ascii_is_space(s.p[at]))
		at++;
	if (code < 0x80) /* names and words are ASCII */
		buf_add(out, (struct str){ bytes, utf8_write(code, bytes) });
	return at;
}

static size_t
comment_len(struct str s)
{
	ptrdiff_t star;
	size_t len = 2;

	if (s.len < 2 || s.p[1] != '*')
		return 0;
	while ((star = str_find(str_from(s, len), '*')) >= 0) {
		len += (size_t)star + 1;
		if (len < s.len && s.p[len] == '/')
			return len + 1;
	}
	return s.len;
}

void
html_style_clean(struct buf *out, struct str css)
{
	size_t at = 0, len;

	buf_reserve(out, css.len); /* it never grows */
	while (at < css.len) {
		char c = css.p[at];

		if (c == '\\') {
			at += clean_escape(out, str_from(css, at));
		} else if (c == '/' &&
			   (len = comment_len(str_from(css, at))) > 0) {
			at += len;
			out->p[out->len++] = ' '; /* it cuts a word in two */
		} else {
			out->p[out->len++] = ascii_is_space(c) ? ' '
					     : c >= 'A' && c <= 'Z'
						 ? (char)(c | 0x20)
						 : c;
			at++;
		}
	}
	out->p[out->len] = '\0';
}
