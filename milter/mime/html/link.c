/*
 * Targets are joined with the base, if there is one.
 *
 * The trap is a base of a megabyte: each of 50,000 links would be as long. Of a
 * long one only the host counts, and of its user nothing.
 */
#include "mime/html/link.h"

#include "base/utf8.h"
#include "mime/html/entity.h"

#include <string.h>

#define BASE_BYTES 512

void
html_links_init(struct html_links *links, struct html_reader *reader)
{
	*links = (struct html_links){ .reader = reader };
}

void
html_links_done(struct html_links *links)
{
	buf_done(&links->base);
	buf_done(&links->value);
	buf_done(&links->joined);
}

/* Letters, digits, "+", "-" and "." before a ":". */
static bool
has_scheme(struct str target)
{
	size_t i = 0;

	while (i < target.len &&
	       (ascii_is_alnum(target.p[i]) || target.p[i] == '+' ||
		   target.p[i] == '-' || target.p[i] == '.'))
		i++;
	return i > 0 && i < target.len && target.p[i] == ':';
}

static bool
is_slash(struct str s, size_t at)
{
	return at < s.len && (s.p[at] == '/' || s.p[at] == '\\');
}

static bool
is_absolute(struct str target)
{
	return target.len == 0 || target.p[0] == '#' || has_scheme(target) ||
	       (is_slash(target, 0) && is_slash(target, 1)) ||
	       (target.len > 4 && str_starts_nocase(target, STR("www.")));
}

/* Of "https://host/a/b?c": "https://host" for "/x", "https://host/a/" for
 * "x". */
static struct str
head_of_base(struct str base, bool is_rooted)
{
	ptrdiff_t colon = str_find(base, ':');
	size_t root = colon >= 0 ? (size_t)colon + 1 : 0, end;

	while (is_slash(base, root))
		root++;
	while (root < base.len && !is_slash(base, root) &&
	       base.p[root] != '?' && base.p[root] != '#')
		root++;
	if (is_rooted)
		return str_sub(base, 0, root);
	for (end = root;
	     end < base.len && base.p[end] != '?' && base.p[end] != '#';)
		end++;
	while (end > root && !is_slash(base, end - 1))
		end--;
	return str_sub(base, 0, end);
}

void
html_link_tell(struct html_links *links, struct str target, struct str text)
{
	struct html_link link = { .text = text };
	struct str head;

	if (links->reader->on_link == NULL)
		return;
	link.target = target = str_trim(target);
	if (links->base.len > 0 && !is_absolute(target)) {
		head = head_of_base(buf_str(&links->base), is_slash(target, 0));
		buf_clear(&links->joined);
		buf_add(&links->joined, head);
		if (!is_slash(head, head.len - 1) && !is_slash(target, 0))
			buf_byte(&links->joined, '/');
		buf_add(&links->joined, target);
		link.target = buf_str(&links->joined);
	}
	if (link.target.len > 0)
		links->reader->on_link(links->reader->context, &link);
}

static struct str
decode(struct html_links *links, struct str value)
{
	if (str_find(value, '&') < 0)
		return value;
	buf_clear(&links->value);
	html_decode(&links->value, value);
	return buf_str(&links->value);
}

void
html_link_attribute(struct html_links *links, struct str value)
{
	html_link_tell(links, decode(links, value), (struct str){ "", 0 });
}

static void
set_base(struct html_links *links, struct str base)
{
	struct str host = head_of_base(base, true);
	ptrdiff_t at = str_find_last(host, '@');

	if (base.len > BASE_BYTES && at >= 0) {
		buf_add(&links->base,
		    str_sub(base, 0, (size_t)str_find(base, ':') + 1));
		buf_add_cstr(&links->base, "//");
		host = str_from(host, (size_t)at + 1);
	}
	base = base.len > BASE_BYTES ? host : base;
	if (base.len > BASE_BYTES)
		base = str_sub(base, 0, utf8_back(base, BASE_BYTES));
	buf_add(&links->base, base);
}

void
html_link_base(struct html_links *links, struct str value)
{
	html_link_attribute(links, value);
	value = str_trim(decode(links, value));
	if (links->base.len == 0 && has_scheme(value))
		set_base(links, value);
}

/* Its length, up to one of these. */
static size_t
len_until(struct str s, const char *marks)
{
	size_t len = 0;

	while (len < s.len &&
	       (s.p[len] == '\0' || strchr(marks, s.p[len]) == NULL))
		len++;
	return len;
}

/* An address ends at a blank, and a comma at its end is none of it; between
 * the blank and the next comma stands for which screen it is. */
void
html_link_srcset(struct html_links *links, struct str value)
{
	static const char blanks[] = " \t\n\f\r";
	struct str target;

	for (value = decode(links, value); value.len > 0;) {
		if (value.p[0] == ',' || ascii_is_space(value.p[0])) {
			value = str_from(value, 1);
			continue;
		}
		target = str_sub(value, 0, len_until(value, blanks));
		value = str_from(value, target.len);
		if (target.p[target.len - 1] == ',')
			target.len--;
		else
			value = str_from(value, len_until(value, ","));
		html_link_tell(links, target, (struct str){ "", 0 });
	}
}

static struct str
unquoted(struct str s)
{
	s = str_trim(s);
	if (s.len > 0 && (s.p[0] == '"' || s.p[0] == '\''))
		s = str_from(s, 1);
	if (s.len > 0 && (s.p[s.len - 1] == '"' || s.p[s.len - 1] == '\''))
		s.len--;
	return s;
}

static void
tell_css(struct html_links *links, struct str target)
{
	html_link_tell(links, unquoted(target), (struct str){ "", 0 });
}

static void
read_css_urls(struct html_links *links, struct str css)
{
	ptrdiff_t found, end;

	while ((found = str_find(css, '(')) >= 0) {
		size_t at = (size_t)found + 1;
		bool is_url =
		    found >= 3 &&
		    str_eq_nocase(str_sub(css, at - 4, at - 1), STR("url"));

		css = str_from(css, at);
		if (!is_url)
			continue;
		if ((end = str_find(css, ')')) < 0)
			return;
		tell_css(links, str_sub(css, 0, (size_t)end));
		css = str_from(css, (size_t)end + 1);
	}
}

static void
read_css_imports(struct html_links *links, struct str css)
{
	ptrdiff_t found;

	while ((found = str_find(css, '@')) >= 0) {
		size_t len = 0;

		css = str_from(css, (size_t)found + 1);
		if (css.len < 8 || !str_starts_nocase(css, STR("import")))
			continue;
		css = str_trim(str_from(css, 6));
		while (len < css.len && css.p[len] != ';' && css.p[len] != '\n')
			len++;
		if (css.len > 0 && (css.p[0] == '"' || css.p[0] == '\''))
			tell_css(links, str_sub(css, 0, len));
		css = str_from(css, len);
	}
}

void
html_link_css(struct html_links *links, struct str css)
{
	if (links->reader->on_link == NULL)
		return;
	read_css_urls(links, css);
	read_css_imports(links, css);
}

void
html_link_refresh(struct html_links *links, struct str value)
{
	ptrdiff_t found;
	struct str before;

	value = decode(links, value);
	/* "5;" and then the address, "url=" before it or not */
	while (value.len > 0 &&
	       (ascii_is_space(value.p[0]) ||
		   str_find(STR("0123456789.;,"), value.p[0]) >= 0))
		value = str_from(value, 1);
	found = str_find(value, '=');
	before = str_trim(str_sub(value, 0, found < 0 ? 0 : (size_t)found));
	if (str_eq_nocase(before, STR("url")))
		value = str_from(value, (size_t)found + 1);
	tell_css(links, value);
}
