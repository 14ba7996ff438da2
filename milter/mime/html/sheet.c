/*
 * A sheet is cut at braces. A rule is found by a hash of the tag's name and of
 * the class or id; tags are many and rules with an effect are few.
 */
#include "mime/html/sheet.h"

#include "base/xalloc.h"
#include "mime/html/color.h"

#include <stdlib.h>

#define PLACES      (2 * HTML_RULES_MAX) /* a power of two */
#define CLASSES_MAX 16                   /* of one tag */
#define GOLDEN      UINT64_C(0x9e3779b97f4a7c15)

/* mark: '.', '#' or 0. tag_hash: 0 for any. */
static uint64_t
key_of(uint32_t tag_hash, char mark, struct str name)
{
	uint64_t key = str_hash_nocase(name) + (unsigned char)mark;

	key = (key ^ tag_hash) * GOLDEN;
	key ^= key >> 32;
	return key != 0 ? key : 1;
}

/* The place of the key, or a free one. */
static struct html_rule *
find_place(const struct html_sheet *sheet, uint64_t key)
{
	size_t at = (size_t)key % PLACES;

	while (sheet->rules[at].key != 0 && sheet->rules[at].key != key)
		at = (at + 1) % PLACES;
	return &sheet->rules[at];
}

void
html_sheet_done(struct html_sheet *sheet)
{
	free(sheet->rules);
	*sheet = (struct html_sheet){ 0 };
}

static void
add_rule(struct html_sheet *sheet, uint64_t key, const struct html_style *style)
{
	struct html_rule *rule;

	if (sheet->rules == NULL)
		sheet->rules = xcalloc(PLACES, sizeof(*sheet->rules));
	rule = find_place(sheet, key);
	if (rule->key == 0) {
		if (sheet->n_rules == HTML_RULES_MAX)
			return;
		rule->key = key;
		sheet->n_rules++;
	}
	html_style_add(&rule->style, style);
}

static bool
is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' &&
		    (unsigned char)s.p[i] < 0x80)
			return false;
	return s.len > 0;
}

static size_t
tag_name_len(struct str selector)
{
	size_t len = 0;

	while (len < selector.len && selector.p[len] != '.' &&
	       selector.p[len] != '#')
		len++;
	return len;
}

/* "td", ".footer", "td.footer": false if it is none of these. */
static bool
add_selector(struct html_sheet *sheet, struct str selector,
    const struct html_style *style)
{
	struct str tag = str_sub(selector, 0, tag_name_len(selector));
	struct str name = { "", 0 };
	uint32_t tag_hash = 0;
	char mark = '\0';

	if (tag.len < selector.len) {
		mark = selector.p[tag.len];
		name = str_from(selector, tag.len + 1);
	}
	if (str_is(tag, "*"))
		tag.len = 0;
	if ((tag.len > 0 && !is_name(tag)) || (mark != '\0' && !is_name(name)))
		return false;
	if (tag.len > 0)
		tag_hash = (uint32_t)str_hash_nocase(tag);
	else if (mark == '\0')
		return true; /* "*": what resets browsers' defaults */
	if (mark == '\0')
		sheet->has_tag_rules = true;
	add_rule(sheet, key_of(tag_hash, mark, name), style);
	return true;
}

/* The last part of ".footer td.dark.big:hover[x]": "td.dark". */
static struct str
last_part(struct str selector)
{
	size_t from = selector.len, len = 0, n_marks = 0;

	while (from > 0 && !ascii_is_space(selector.p[from - 1]) &&
	       selector.p[from - 1] != '>' && selector.p[from - 1] != '+' &&
	       selector.p[from - 1] != '~')
		from--;
	selector = str_from(selector, from);
	for (; len < selector.len; len++) {
		char c = selector.p[len];

		if (c == '.' || c == '#')
			n_marks++;
		if (c == ':' || c == '[' || n_marks > 1)
			break;
	}
	return str_sub(selector, 0, len);
}

static void
read_selector(struct html_sheet *sheet, struct str selector,
    const struct html_style *style)
{
	struct html_style vague = { 0 };

	selector = str_trim(selector);
	if (selector.len == 0 || add_selector(sheet, selector, style) ||
	    (style->set >> HTML_BEHIND & 1) == 0)
		return;
	/* It may be behind any such element, and white text be seen on it. */
	html_style_set(&vague, HTML_BEHIND, HTML_COLOR_UNKNOWN);
	add_selector(sheet, last_part(selector), &vague);
}

static void
read_rule(struct html_sheet *sheet, struct str selectors, struct str body)
{
	struct html_style style = { 0 };

	html_style_read(&style, body);
	if (style.set == 0)
		return;
	while (selectors.len > 0)
		read_selector(sheet, str_take(&selectors, ','), &style);
}

/* "@media screen" is for all who read; one with a size, or print, is not. */
static bool
is_for_all(struct str at_rule)
{
	return str_starts(at_rule, STR("@media")) &&
	       str_find(at_rule, '(') < 0 &&
	       !str_ends_nocase(str_trim(at_rule), STR("print"));
}

/* From behind an opening brace to behind the one that closes it. */
static struct str
skip_block(struct str css)
{
	size_t depth = 1, at = 0;

	for (; at < css.len && depth > 0; at++) {
		if (css.p[at] == '{')
			depth++;
		else if (css.p[at] == '}')
			depth--;
	}
	return str_from(css, at);
}

/* "<!--" and "-->" around a sheet, once for old browsers, and "}" too many. */
static struct str
skip_junk(struct str css)
{
	for (;;) {
		css = str_trim(css);
		if (css.len > 0 && css.p[0] == '}')
			css = str_from(css, 1);
		else if (str_starts(css, STR("<!--")))
			css = str_from(css, 4);
		else if (str_starts(css, STR("-->")))
			css = str_from(css, 3);
		else
			return css;
	}
}

static struct str
read_one(struct html_sheet *sheet, struct str css)
{
	ptrdiff_t brace = str_find(css, '{'), semicolon, end;
	struct str head = str_sub(css, 0, brace >= 0 ? (size_t)brace : css.len);

	/* "@import …;" */
	if (css.p[0] == '@' && (semicolon = str_find(head, ';')) >= 0)
		return str_from(css, (size_t)semicolon + 1);
	if (brace < 0)
		return str_from(css, css.len);
	css = str_from(css, (size_t)brace + 1);
	if (is_for_all(head))
		return css; /* its end is a "}" too many */
	if (head.len > 0 && head.p[0] == '@')
		return skip_block(css);
	end = str_find(css, '}');
	if (end < 0)
		end = (ptrdiff_t)css.len;
	read_rule(sheet, head, str_sub(css, 0, (size_t)end));
	return str_from(css, (size_t)end + 1);
}

void
html_sheet_read(struct html_sheet *sheet, struct str css, struct buf *scratch)
{
	buf_clear(scratch);
	html_style_clean(scratch, css);
	css = skip_junk(buf_str(scratch));
	while (css.len > 0)
		css = skip_junk(read_one(sheet, css));
}

static void
apply_key(
    const struct html_sheet *sheet, uint64_t key, struct html_style *style)
{
	const struct html_rule *rule = find_place(sheet, key);

	if (rule->key != 0)
		html_style_add(style, &rule->style);
}

static void
apply_name(const struct html_sheet *sheet, uint32_t tag_hash, char mark,
    struct str name, struct html_style *style)
{
	apply_key(sheet, key_of(0, mark, name), style);
	apply_key(sheet, key_of(tag_hash, mark, name), style);
}

static void
apply_classes(const struct html_sheet *sheet, const struct html_tag *tag,
    struct html_style *style)
{
	struct str classes = str_trim(tag->values[HTML_CLASS]);

	for (int i = 0; i < CLASSES_MAX && classes.len > 0; i++) {
		size_t len = 0;

		while (len < classes.len && !ascii_is_space(classes.p[len]))
			len++;
		apply_name(
		    sheet, tag->hash, '.', str_sub(classes, 0, len), style);
		classes = str_trim(str_from(classes, len));
	}
}

void
html_sheet_apply(const struct html_sheet *sheet, const struct html_tag *tag,
    struct html_style *style)
{
	if (sheet->rules == NULL)
		return;
	if (sheet->has_tag_rules)
		apply_key(sheet, key_of(tag->hash, '\0', (struct str){ "", 0 }),
		    style);
	if (html_tag_has(tag, HTML_CLASS))
		apply_classes(sheet, tag, style);
	if (html_tag_has(tag, HTML_ID_ATTRIBUTE))
		apply_name(sheet, tag->hash, '#',
		    str_trim(tag->values[HTML_ID_ATTRIBUTE]), style);
}
