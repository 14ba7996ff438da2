/*
 * Tags are cut as browsers cut them: a quote only opens behind "=", a value
 * without quotes goes on to a blank or ">", and anything else is a name. Two
 * tables say which elements and attributes matter; both are sorted.
 */
#include "mime/html/tag.h"

#include <string.h>

#define BLOCK (HTML_BLOCK | HTML_SPECIAL | HTML_ENDS_P)
#define ROW   (HTML_BLOCK | HTML_SPECIAL)
#define CELL  (HTML_CELL | HTML_SPECIAL | HTML_SCOPE)
#define EMPTY (HTML_VOID | HTML_SPECIAL)

static const struct html_element elements[] = {
	{ "a", HTML_FORMAT, HTML_A },
	{ "address", BLOCK, HTML_OTHER },
	{ "applet", HTML_SPECIAL | HTML_SCOPE, HTML_OTHER },
	{ "area", EMPTY, HTML_OTHER },
	{ "article", BLOCK, HTML_OTHER },
	{ "aside", BLOCK, HTML_OTHER },
	{ "b", HTML_FORMAT, HTML_OTHER },
	{ "base", EMPTY, HTML_BASE },
	{ "basefont", EMPTY, HTML_OTHER },
	{ "bgsound", EMPTY, HTML_OTHER },
	{ "big", HTML_FORMAT, HTML_OTHER },
	{ "blockquote", BLOCK, HTML_OTHER },
	{ "body", ROW, HTML_BODY },
	{ "br", EMPTY | HTML_BLOCK, HTML_BR },
	{ "button", HTML_SPECIAL, HTML_BUTTON },
	{ "caption", ROW | HTML_SCOPE, HTML_OTHER },
	{ "center", BLOCK, HTML_OTHER },
	{ "code", HTML_FORMAT, HTML_OTHER },
	{ "col", EMPTY, HTML_OTHER },
	{ "colgroup", HTML_SPECIAL, HTML_OTHER },
	{ "dd", BLOCK, HTML_DD },
	{ "details", BLOCK, HTML_OTHER },
	{ "dialog", BLOCK, HTML_OTHER },
	{ "dir", BLOCK, HTML_OTHER },
	{ "div", BLOCK, HTML_OTHER },
	{ "dl", BLOCK, HTML_OTHER },
	{ "dt", BLOCK, HTML_DT },
	{ "em", HTML_FORMAT, HTML_OTHER },
	{ "embed", EMPTY, HTML_OTHER },
	{ "fieldset", BLOCK, HTML_OTHER },
	{ "figcaption", BLOCK, HTML_OTHER },
	{ "figure", BLOCK, HTML_OTHER },
	{ "font", HTML_FORMAT, HTML_OTHER },
	{ "footer", BLOCK, HTML_OTHER },
	{ "form", BLOCK, HTML_OTHER },
	{ "frame", EMPTY, HTML_OTHER },
	{ "frameset", ROW, HTML_OTHER },
	{ "h1", BLOCK, HTML_OTHER },
	{ "h2", BLOCK, HTML_OTHER },
	{ "h3", BLOCK, HTML_OTHER },
	{ "h4", BLOCK, HTML_OTHER },
	{ "h5", BLOCK, HTML_OTHER },
	{ "h6", BLOCK, HTML_OTHER },
	{ "head", ROW, HTML_OTHER },
	{ "header", BLOCK, HTML_OTHER },
	{ "hgroup", BLOCK, HTML_OTHER },
	{ "hr", EMPTY | BLOCK, HTML_OTHER },
	{ "html", ROW | HTML_SCOPE, HTML_OTHER },
	{ "i", HTML_FORMAT, HTML_OTHER },
	{ "img", EMPTY, HTML_IMG },
	{ "input", EMPTY, HTML_INPUT },
	{ "keygen", EMPTY, HTML_OTHER },
	{ "legend", HTML_BLOCK, HTML_OTHER },
	{ "li", BLOCK, HTML_LI },
	{ "link", EMPTY, HTML_OTHER },
	{ "listing", BLOCK, HTML_PRE },
	{ "main", BLOCK, HTML_OTHER },
	{ "marquee", ROW | HTML_SCOPE, HTML_OTHER },
	{ "menu", BLOCK, HTML_OTHER },
	{ "meta", EMPTY, HTML_META },
	{ "nav", BLOCK, HTML_OTHER },
	{ "nobr", HTML_FORMAT, HTML_OTHER },
	{ "object", HTML_SPECIAL | HTML_SCOPE, HTML_OTHER },
	{ "ol", BLOCK, HTML_OTHER },
	{ "optgroup", HTML_BLOCK, HTML_OTHER },
	{ "option", HTML_BLOCK, HTML_OPTION },
	{ "p", BLOCK, HTML_P },
	{ "param", EMPTY, HTML_OTHER },
	{ "pre", BLOCK, HTML_PRE },
	{ "s", HTML_FORMAT, HTML_OTHER },
	{ "script", HTML_RAW, HTML_OTHER },
	{ "search", BLOCK, HTML_OTHER },
	{ "section", BLOCK, HTML_OTHER },
	{ "select", HTML_SPECIAL, HTML_OTHER },
	{ "small", HTML_FORMAT, HTML_OTHER },
	{ "source", EMPTY, HTML_OTHER },
	{ "strike", HTML_FORMAT, HTML_OTHER },
	{ "strong", HTML_FORMAT, HTML_OTHER },
	{ "style", HTML_RAW, HTML_STYLE },
	{ "summary", BLOCK, HTML_OTHER },
	{ "table", ROW | HTML_SCOPE, HTML_TABLE },
	{ "tbody", ROW, HTML_ROWS },
	{ "td", CELL, HTML_TD },
	{ "template", HTML_SPECIAL | HTML_SCOPE | HTML_GONE, HTML_OTHER },
	{ "textarea", HTML_RAW_TEXT, HTML_OTHER },
	{ "tfoot", ROW, HTML_ROWS },
	{ "th", CELL, HTML_TD },
	{ "thead", ROW, HTML_ROWS },
	{ "title", HTML_RAW_TEXT | HTML_BLOCK, HTML_OTHER },
	{ "tr", ROW, HTML_TR },
	{ "track", EMPTY, HTML_OTHER },
	{ "tt", HTML_FORMAT, HTML_OTHER },
	{ "u", HTML_FORMAT, HTML_OTHER },
	{ "ul", BLOCK, HTML_OTHER },
	{ "wbr", EMPTY, HTML_OTHER },
	{ "xml", 0, HTML_XML },
	{ "xmp", BLOCK, HTML_PRE },
};

/* Any element that the table has not: like span. */
static const struct html_element inline_element = { "", 0, HTML_OTHER };

struct attribute {
	const char *name;
	enum html_attribute attribute;
};

static const struct attribute attributes[] = {
	{ "action", HTML_ACTION },
	{ "alt", HTML_ALT },
	{ "background", HTML_BACKGROUND },
	{ "bgcolor", HTML_BGCOLOR },
	{ "class", HTML_CLASS },
	{ "color", HTML_COLOR },
	{ "content", HTML_CONTENT },
	{ "data", HTML_DATA },
	{ "formaction", HTML_FORMACTION },
	{ "hidden", HTML_HIDDEN },
	{ "href", HTML_HREF },
	{ "http-equiv", HTML_HTTP_EQUIV },
	{ "id", HTML_ID_ATTRIBUTE },
	{ "poster", HTML_POSTER },
	{ "src", HTML_SRC },
	{ "srcset", HTML_SRCSET },
	{ "style", HTML_STYLE_ATTRIBUTE },
	{ "text", HTML_TEXT_COLOR },
	{ "type", HTML_TYPE },
	{ "value", HTML_VALUE },
	{ "xlink:href", HTML_HREF },
};

#define N_ELEMENTS   (sizeof(elements) / sizeof(elements[0]))
#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

enum byte_class {
	C_NAME = 0,
	C_BLANK = 1,
	C_SLASH = 2,
	C_EQUALS = 4,
	C_END = 8
};

static const uint8_t classes[256] = {
	['\t'] = C_BLANK,
	['\n'] = C_BLANK,
	['\f'] = C_BLANK,
	['\r'] = C_BLANK,
	[' '] = C_BLANK,
	['/'] = C_SLASH,
	['='] = C_EQUALS,
	['>'] = C_END,
};

static const char *
skip_while(const char *p, const char *end, unsigned mask)
{
	while (p < end && (classes[(unsigned char)*p] & mask) != 0)
		p++;
	return p;
}

static const char *
skip_until(const char *p, const char *end, unsigned mask)
{
	while (p < end && (classes[(unsigned char)*p] & mask) == 0)
		p++;
	return p;
}

/* <0, 0, >0, as strcmp; name without case. */
static int
compare(struct str name, const char *with)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char a = (unsigned char)ascii_lower(name.p[i]);
		unsigned char b = (unsigned char)with[i];

		if (a != b)
			return a < b ? -1 : 1;
		if (b == '\0') /* name has one, too, and goes on */
			return 1;
	}
	return with[name.len] == '\0' ? 0 : -1;
}

static const struct html_element *
find_element(struct str name)
{
	size_t low = 0, high = N_ELEMENTS;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(name, elements[middle].name);

		if (order == 0)
			return &elements[middle];
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return &inline_element;
}

static const struct attribute *
find_attribute(struct str name)
{
	char first = name.len > 0 ? ascii_lower(name.p[0]) : '\0';

	for (size_t i = 0; i < N_ATTRIBUTES; i++) {
		if (attributes[i].name[0] < first)
			continue;
		if (attributes[i].name[0] > first)
			break;
		if (compare(name, attributes[i].name) == 0)
			return &attributes[i];
	}
	return NULL;
}

static void
add_attribute(struct html_tag *tag, struct str name, struct str value)
{
	const struct attribute *found;

	/* "x:href", if a page calls the name space of XLink so. */
	if (name.len > 5 && str_ends_nocase(name, STR(":href")))
		name = str_from(name, name.len - 4);
	found = find_attribute(name);
	if (found == NULL || html_tag_has(tag, found->attribute))
		return;
	tag->has |= 1u << found->attribute;
	tag->values[found->attribute] = value;
}

/* From behind a "=" on; NULL: a quote that is not closed. */
static const char *
read_value(const char *p, const char *end, struct str *value_out)
{
	const char *from;

	from = p = skip_while(p, end, C_BLANK);
	if (p < end && (*p == '"' || *p == '\'')) {
		from = p + 1;
		p = memchr(from, *p, (size_t)(end - from));
		*value_out = (struct str){ from,
			(size_t)((p != NULL ? p : end) - from) };
		return p != NULL ? p + 1 : NULL;
	}
	p = skip_until(p, end, C_BLANK | C_END);
	*value_out = (struct str){ from, (size_t)(p - from) };
	return p;
}

static const char *
read_attribute(const char *p, const char *end, struct html_tag *tag)
{
	struct str name = { p, 0 }, value = { "", 0 };

	if (*p == '=') /* at its beginning it is part of the name */
		p++;
	p = skip_until(p, end, C_BLANK | C_SLASH | C_EQUALS | C_END);
	name.len = (size_t)(p - name.p);
	p = skip_while(p, end, C_BLANK);
	if (p < end && *p == '=')
		p = read_value(p + 1, end, &value);
	add_attribute(tag, name, value);
	return p;
}

const char *
html_tag_read(const char *p, const char *end, struct html_tag *tag_out)
{
	tag_out->has = 0;
	tag_out->is_end = p[1] == '/';
	p += tag_out->is_end ? 2 : 1;
	tag_out->name.p = p;
	p = skip_until(p, end, C_BLANK | C_SLASH | C_END);
	tag_out->name.len = (size_t)(p - tag_out->name.p);
	tag_out->element = find_element(tag_out->name);
	tag_out->hash = (uint32_t)str_hash_nocase(tag_out->name);
	for (;;) {
		p = skip_while(p, end, C_BLANK | C_SLASH);
		if (p == end)
			return NULL;
		if (*p == '>')
			return p + 1;
		if ((p = read_attribute(p, end, tag_out)) == NULL)
			return NULL;
	}
}

bool
html_tag_has(const struct html_tag *tag, enum html_attribute attribute)
{
	return (tag->has >> attribute & 1) != 0;
}
