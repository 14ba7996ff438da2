/*
 * One loop takes text up to a "<", then what stands there: a tag, a comment, a
 * declaration, or a "<" that is nothing. Each of them ends somewhere, and the
 * trap is looking for an end that never comes: again and again, that would be
 * quadratic. So what was not found once is not looked for a second time (a
 * comment's end, an end tag of <script>), or only a few times (a tag's end).
 * What is never closed is read as text rather than hidden, since programs
 * differ in what they do with it.
 */
#include "mime/html/html.h"

#include "base/utf8.h"
#include "mime/html/entity.h"
#include "mime/html/link.h"
#include "mime/html/sheet.h"
#include "mime/html/stack.h"
#include "mime/html/text.h"

#include <string.h>

#define ENDLESS_MAX   16 /* tags whose end is looked for in vain */
#define UNCLOSED_MAX  8  /* elements without markup that exist */
#define LINK_TEXT_MAX 1024
#define CONDITION_MAX 100 /* of "[if mso]" */

/* What was looked for in vain, up to the end of what is read now. */
struct missed {
	bool has_no_comment_end;
	unsigned n_endless;
	const struct html_element *unclosed[UNCLOSED_MAX];
	size_t n_unclosed;
};

struct work {
	struct html_text text;
	struct html_links links;
	struct html_stack stack;
	struct html_sheet sheet;
	struct buf style; /* for reading CSS */
	struct buf target;
	bool has_link;         /* <a> is open, and its target is in target */
	size_t link_from;      /* in the visible text */
	bool is_outlook;       /* in a comment that Outlook reads */
	const char *cdata_end; /* of what was read last; or NULL */
	struct missed missed;
};

static void
note_look(struct work *work)
{
	html_text_to(&work->text,
	    work->is_outlook ||
		html_look_is_hidden(html_stack_look(&work->stack)));
	work->text.keeps_lines = work->stack.n_pre > 0;
}

/* The text of a link is what was added to the visible text since. */
static void
end_link(struct work *work)
{
	const struct buf *visible = work->text.visible.buf;
	struct str text = { "", 0 };

	if (!work->has_link)
		return;
	work->has_link = false;
	if (visible->len > work->link_from)
		text = utf8_whole(str_sub(buf_str(visible), work->link_from,
		    work->link_from + LINK_TEXT_MAX));
	html_link_tell(&work->links, buf_str(&work->target), str_trim(text));
}

static void
begin_link(struct work *work, struct str href)
{
	end_link(work);
	buf_clear(&work->target);
	html_decode(&work->target, href);
	work->link_from = work->text.visible.buf->len;
	work->has_link = true;
}

/* What is for Outlook breaks no line for others. */
static void
add_gap(struct work *work, enum html_gap gap, const struct html_look *look)
{
	html_text_gap(&work->text, gap, look->is_gone || work->is_outlook);
}

/* The gap at the beginning and at the end of an element. */
static void
put_gap(struct work *work, const struct html_look *look)
{
	if (look->is_block)
		add_gap(work, HTML_LINE, look);
	else if (look->is_cell)
		add_gap(work, HTML_BLANK, look);
}

static void
pop(struct work *work, size_t n)
{
	for (; n > 0; n--) {
		const struct html_look *look = html_stack_look(&work->stack);
		const struct html_open *top =
		    &work->stack.open[work->stack.n - 1];

		put_gap(work, look);
		if (top->element->id == HTML_A && !work->is_outlook)
			end_link(work);
		html_stack_pop(&work->stack);
	}
}

static void
set_color(struct html_style *style, enum html_property property,
    const char *declaration, struct str value, struct buf *scratch)
{
	struct html_style one = { 0 };

	buf_clear(scratch);
	buf_add_cstr(scratch, declaration);
	html_style_clean(scratch, value);
	html_style_read(&one, buf_str(scratch));
	if ((one.set >> property & 1) != 0)
		html_style_set(style, property, one.values[property]);
}

/* What attributes said before there was CSS. */
static void
read_old_style(
    struct work *work, const struct html_tag *tag, struct html_style *style)
{
	if (html_tag_has(tag, HTML_HIDDEN))
		html_style_set(style, HTML_DISPLAY, HTML_NONE);
	if (html_tag_has(tag, HTML_BACKGROUND))
		set_color(style, HTML_BEHIND, "background:url(x) ", STR(""),
		    &work->style);
	else if (html_tag_has(tag, HTML_BGCOLOR))
		set_color(style, HTML_BEHIND,
		    "background-color:", tag->values[HTML_BGCOLOR],
		    &work->style);
	if (html_tag_has(tag, HTML_COLOR) &&
	    str_eq_nocase(tag->name, STR("font")))
		set_color(style, HTML_FOREGROUND,
		    "color:", tag->values[HTML_COLOR], &work->style);
	if (html_tag_has(tag, HTML_TEXT_COLOR) && tag->element->id == HTML_BODY)
		set_color(style, HTML_FOREGROUND,
		    "color:", tag->values[HTML_TEXT_COLOR], &work->style);
}

static void
read_inline_style(struct work *work, struct str value, struct html_style *style)
{
	struct html_style own = { 0 };

	if (str_find(value, '&') >= 0) {
		buf_clear(&work->links.value);
		html_decode(&work->links.value, value);
		value = buf_str(&work->links.value);
	}
	buf_clear(&work->style);
	html_style_clean(&work->style, value);
	html_style_read(&own, buf_str(&work->style));
	html_style_add(style, &own);
	html_link_css(&work->links, value);
}

static struct html_look
read_look(struct work *work, const struct html_tag *tag)
{
	struct html_style style = { 0 };

	read_old_style(work, tag, &style);
	html_sheet_apply(&work->sheet, tag, &style);
	if (html_tag_has(tag, HTML_STYLE_ATTRIBUTE))
		read_inline_style(
		    work, tag->values[HTML_STYLE_ATTRIBUTE], &style);
	return html_look_of(html_stack_look(&work->stack), tag, &style);
}

static void
read_meta(struct work *work, const struct html_tag *tag)
{
	if (html_tag_has(tag, HTML_CONTENT) &&
	    html_tag_has(tag, HTML_HTTP_EQUIV) &&
	    str_eq_nocase(
		str_trim(tag->values[HTML_HTTP_EQUIV]), STR("refresh")))
		html_link_refresh(&work->links, tag->values[HTML_CONTENT]);
}

static void
read_links(struct work *work, const struct html_tag *tag)
{
	static const enum html_attribute targets[] = { HTML_ACTION,
		HTML_BACKGROUND, HTML_DATA, HTML_FORMACTION, HTML_POSTER,
		HTML_SRC };
	size_t n = sizeof(targets) / sizeof(targets[0]);
	enum html_id id = tag->element->id;

	for (size_t i = 0; i < n; i++)
		if (html_tag_has(tag, targets[i]))
			html_link_attribute(
			    &work->links, tag->values[targets[i]]);
	if (html_tag_has(tag, HTML_SRCSET))
		html_link_srcset(&work->links, tag->values[HTML_SRCSET]);
	if (id == HTML_META)
		read_meta(work, tag);
	if (!html_tag_has(tag, HTML_HREF))
		return;
	if (id == HTML_BASE)
		html_link_base(&work->links, tag->values[HTML_HREF]);
	else if (id == HTML_A && !work->is_outlook)
		begin_link(work, tag->values[HTML_HREF]);
	else
		html_link_attribute(&work->links, tag->values[HTML_HREF]);
}

/* Text that stands in an attribute. */
static void
read_text_attribute(struct work *work, const struct html_tag *tag)
{
	enum html_id id = tag->element->id;
	struct str value = { "", 0 };

	if (id == HTML_IMG && html_tag_has(tag, HTML_ALT)) {
		value = tag->values[HTML_ALT];
	} else if (id == HTML_INPUT && html_tag_has(tag, HTML_VALUE)) {
		struct str type = html_tag_has(tag, HTML_TYPE)
				      ? str_trim(tag->values[HTML_TYPE])
				      : STR("text");

		if (!str_eq_nocase(type, STR("hidden")))
			value = tag->values[HTML_VALUE];
	}
	html_text_read(&work->text, value.p, value.p + value.len, false);
}

/* A void element is never pushed; what it shows is shown at once. */
static void
read_void(
    struct work *work, const struct html_tag *tag, const struct html_look *look)
{
	put_gap(work, look);
	/* A counting pixel that is not shown has no text either. */
	if (html_look_is_hidden(look) && !work->text.is_hidden)
		return;
	read_text_attribute(work, tag);
}

/* "</script" and the like, from p on; NULL: none. */
static const char *
find_end_tag(struct str name, const char *p, const char *end)
{
	while ((p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		struct str rest = { p, (size_t)(end - p) };

		if (rest.len >= name.len + 2 && p[1] == '/' &&
		    str_eq_nocase(str_sub(rest, 2, name.len + 2), name) &&
		    (rest.len == name.len + 2 ||
			!ascii_is_alnum(p[name.len + 2])))
			return p;
		p++;
	}
	return NULL;
}

static bool
is_known_unclosed(struct work *work, const struct html_element *element)
{
	for (size_t i = 0; i < work->missed.n_unclosed; i++)
		if (work->missed.unclosed[i] == element)
			return true;
	return false;
}

static void
read_sheet(struct work *work, struct str css)
{
	html_sheet_read(&work->sheet, css, &work->style);
	html_link_css(&work->links, css);
}

/* p: behind the tag. Where its content ends; p if it has no end. */
static const char *
read_without_markup(struct work *work, const struct html_tag *tag,
    const char *p, const char *end)
{
	const struct html_element *element = tag->element;
	const char *until;

	if (is_known_unclosed(work, element))
		return p;
	if ((until = find_end_tag(str_of(element->name), p, end)) == NULL) {
		if (work->missed.n_unclosed < UNCLOSED_MAX)
			work->missed.unclosed[work->missed.n_unclosed++] =
			    element;
		return p;
	}
	if ((element->flags & HTML_RAW_TEXT) != 0)
		html_text_read(&work->text, p, until, false);
	else if (element->id == HTML_STYLE)
		read_sheet(work, (struct str){ p, (size_t)(until - p) });
	return until;
}

static const char *
read_start_tag(struct work *work, const struct html_tag *tag, const char *p,
    const char *end)
{
	const struct html_element *element = tag->element;
	struct html_look look;

	pop(work, html_stack_ended_by(&work->stack, tag));
	note_look(work);
	look = read_look(work, tag);
	read_links(work, tag);
	if ((element->flags & HTML_VOID) != 0) {
		read_void(work, tag, &look);
		return p;
	}
	put_gap(work, &look);
	html_stack_push(&work->stack, tag, &look);
	note_look(work);
	if ((element->flags & (HTML_RAW | HTML_RAW_TEXT)) != 0 ||
	    (element->id == HTML_XML && work->is_outlook))
		return read_without_markup(work, tag, p, end);
	return p;
}

static void
read_end_tag(struct work *work, const struct html_tag *tag)
{
	size_t n = html_stack_ended_by(&work->stack, tag);
	enum html_id id = tag->element->id;

	pop(work, n);
	note_look(work);
	/* These two, without a beginning, are as good as start tags. */
	if (n == 0 && (id == HTML_BR || id == HTML_P))
		add_gap(work, HTML_LINE, html_stack_look(&work->stack));
}

static const char *
read_tag(struct work *work, const char *p, const char *end)
{
	const char *behind = NULL;
	struct html_tag tag;

	if (work->missed.n_endless < ENDLESS_MAX &&
	    (behind = html_tag_read(p, end, &tag)) == NULL)
		work->missed.n_endless++;
	if (behind == NULL) {
		/* A quote that is never closed: up to the next ">". */
		behind = memchr(p, '>', (size_t)(end - p));
		behind = behind != NULL ? behind + 1 : end;
		(void)html_tag_read(p, behind, &tag);
	}
	if (!tag.is_end)
		return read_start_tag(work, &tag, behind, end);
	read_end_tag(work, &tag);
	return behind;
}

/* Where the comment that begins at p ("<!--") ends, at its "-->" or "--!>".
 * *behind_out: behind that. NULL: nowhere. */
static const char *
find_comment_end(
    struct work *work, const char *p, const char *end, const char **behind_out)
{
	const char *from = p + 4, *at = from;

	if (work->missed.has_no_comment_end)
		return NULL;
	for (; (at = memchr(at, '>', (size_t)(end - at))) != NULL; at++) {
		const char *dashes = at;

		if (at - p >= 7 && at[-1] == '!')
			dashes--;
		/* "<!-->" and "<!--->" are whole comments. */
		if (dashes - p < 4 || dashes[-1] != '-' || dashes[-2] != '-')
			continue;
		*behind_out = at + 1;
		return dashes - 2 < from ? from : dashes - 2;
	}
	work->missed.has_no_comment_end = true;
	return NULL;
}

static bool
has_word(struct str s, const char *word)
{
	struct str want = str_of(word);

	for (size_t i = 0; i + want.len <= s.len; i++)
		if (str_eq_nocase(str_sub(s, i, i + want.len), want))
			return true;
	return false;
}

static bool
is_true_for_outlook(struct str condition)
{
	bool is_not = condition.len > 0 && condition.p[0] == '!';

	if (has_word(condition, "mso") || has_word(condition, "vml"))
		return !is_not;
	return is_not || has_word(condition, "true");
}

/* "[if mso]>", "[if gte mso 9]>", but not "[if !mso]>": how long it is. */
static size_t
outlook_condition_len(struct str comment)
{
	struct str condition;
	ptrdiff_t close;

	comment = str_sub(comment, 0, CONDITION_MAX);
	if (comment.len < 4 || comment.p[0] != '[' ||
	    !str_eq_nocase(str_sub(comment, 1, 3), STR("if")) ||
	    (close = str_find(comment, '>')) < 0)
		return 0;
	condition = str_trim(str_sub(comment, 3, (size_t)close));
	return is_true_for_outlook(condition) ? (size_t)close + 1 : 0;
}

static void read_markup(struct work *work, const char *p, const char *end);

/*
 * Markup for Outlook alone, in a comment for all others. Its text is hidden
 * from those, so that it does not cut words in two, but no trick by itself.
 * No comment is in it, since it ends with the first end of one: this does not
 * go deeper than once.
 */
static void
read_for_outlook(struct work *work, const char *p, const char *end)
{
	struct missed missed = work->missed;

	work->missed = (struct missed){ 0 };
	work->stack.floor = work->stack.n;
	work->is_outlook = work->text.is_outlook = true;
	note_look(work);
	read_markup(work, p, end);
	pop(work, work->stack.n - work->stack.floor);
	work->is_outlook = work->text.is_outlook = false;
	work->stack.floor = 0;
	work->missed = missed;
	note_look(work);
}

static const char *
read_comment(struct work *work, const char *p, const char *end)
{
	const char *behind;
	const char *until = find_comment_end(work, p, end, &behind);
	size_t len;

	if (until == NULL) {
		behind = memchr(p, '>', (size_t)(end - p));
		return behind != NULL ? behind + 1 : end;
	}
	p += 4;
	if (work->is_outlook)
		return behind;
	len = outlook_condition_len((struct str){ p, (size_t)(until - p) });
	if (len > 0)
		read_for_outlook(work, p + len, until);
	return behind;
}

/*
 * "<![CDATA[…]]>" is text in a picture (SVG) and a comment up to the next ">"
 * in a page. The text is kept for both, where it splits no word; what stands
 * in one that was read is not read again, or it would be quadratic.
 */
static void
read_cdata(struct work *work, const char *p, const char *end)
{
	static const char begin[] = "<![CDATA[";
	const size_t len = sizeof(begin) - 1;
	const char *until;

	if ((size_t)(end - p) < len || memcmp(p, begin, len) != 0 ||
	    p < work->cdata_end)
		return;
	until = memmem(p, (size_t)(end - p), "]]>", 3);
	work->cdata_end = until != NULL ? until : end;
	if (until == NULL || work->is_outlook)
		return;
	work->text.is_outlook = true;
	html_text_to(&work->text, true);
	html_text_read(&work->text, p + len, until, false);
	work->text.is_outlook = false;
	note_look(work);
}

static bool
is_letter(char c)
{
	c = ascii_lower(c);
	return c >= 'a' && c <= 'z';
}

/* p: at a "<". */
static const char *
read_less(struct work *work, const char *p, const char *end)
{
	size_t len = (size_t)(end - p);

	if (len > 1 && is_letter(p[1]))
		return read_tag(work, p, end);
	if (len > 2 && p[1] == '/' && is_letter(p[2]))
		return read_tag(work, p, end);
	if (len > 3 && memcmp(p, "<!--", 4) == 0)
		return read_comment(work, p, end);
	if (len > 1 && (p[1] == '!' || p[1] == '?' || p[1] == '/')) {
		read_cdata(work, p, end);
		/* <!DOCTYPE>, <![endif]>, <?xml>, </>: no text at all */
		p = memchr(p, '>', len);
		return p != NULL ? p + 1 : end;
	}
	html_text_read(&work->text, p, p + 1, false);
	return p + 1;
}

static void
read_markup(struct work *work, const char *p, const char *end)
{
	while (p < end) {
		p = html_text_read(&work->text, p, end, true);
		if (p < end)
			p = read_less(work, p, end);
	}
}

void
html_read(struct html_reader *reader, struct str source)
{
	struct work work = { 0 };

	reader->is_cut = false;
	reader->has_hidden = false;
	html_text_init(&work.text, reader);
	html_links_init(&work.links, reader);
	html_stack_init(&work.stack);
	if (source.len > 0)
		read_markup(&work, source.p, source.p + source.len);
	end_link(&work);
	html_sheet_done(&work.sheet);
	html_links_done(&work.links);
	buf_done(&work.style);
	buf_done(&work.target);
}
