/*
 * Diagnostics are kept as data and rendered at the end, so that a list can be
 * put in the order of the files (the checker finds things later than the
 * parser), cut after 20 errors without losing the count, and logged by the
 * daemon line by line as the tool prints it.
 *
 * The trap is text that is not UTF-8: its bytes reach no terminal, and each
 * counts as one column.
 */
#include "rules/diag.h"

#include "base/glyph.h"
#include "base/utf8.h"
#include "base/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DIAG_KEPT_MAX   1000 /* more are only counted */
#define DIAG_TEXT_MAX   1000
#define DIAG_SOURCE_MAX 160 /* bytes of a source line that are shown */
#define DIAG_BEFORE_MAX 80  /* of these, before the caret */

struct diag {
	enum diag_kind kind;
	struct pos pos;
	char *text;
};

struct diags {
	struct diag *items;
	size_t n;
	size_t n_errors;
	size_t n_warnings;
	struct {
		void *object;
		void (*free_object)(void *object);
	} * kept;
	size_t n_kept;
};

static const char *const kind_names[] = {
	[DIAG_ERROR] = "error",
	[DIAG_WARNING] = "warning",
	[DIAG_NOTE] = "note",
};

struct diags *
diags_new(void)
{
	return xcalloc(1, sizeof(struct diags));
}

void
diags_free(struct diags *diags)
{
	if (diags == NULL)
		return;
	for (size_t i = 0; i < diags->n; i++)
		free(diags->items[i].text);
	for (size_t i = 0; i < diags->n_kept; i++)
		diags->kept[i].free_object(diags->kept[i].object);
	free(diags->kept);
	free(diags->items);
	free(diags);
}

void
diags_keep(struct diags *diags, void *object, void (*free_object)(void *object))
{
	diags->kept =
	    xrealloc(diags->kept, (diags->n_kept + 1) * sizeof(*diags->kept));
	diags->kept[diags->n_kept].object = object;
	diags->kept[diags->n_kept++].free_object = free_object;
}

void
diag_add(struct diags *diags, enum diag_kind kind, struct pos pos,
    const char *format, ...)
{
	char text[DIAG_TEXT_MAX];
	va_list args;

	diags->n_errors += kind == DIAG_ERROR;
	diags->n_warnings += kind == DIAG_WARNING;
	if (diags->n == DIAG_KEPT_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	diags->items =
	    xrealloc(diags->items, (diags->n + 1) * sizeof(*diags->items));
	diags->items[diags->n++] =
	    (struct diag){ .kind = kind, .pos = pos, .text = xstrdup(text) };
}

size_t
diags_n_errors(const struct diags *diags)
{
	return diags->n_errors;
}

size_t
diags_n_warnings(const struct diags *diags)
{
	return diags->n_warnings;
}

static size_t
line_start(struct pos pos)
{
	size_t at = pos.at;

	while (at > 0 && pos.source->text.p[at - 1] != '\n')
		at--;
	return at;
}

/* Bytes of the character at the start of s; a wrong byte is one as well. */
static size_t
character_len(struct str s)
{
	size_t len = utf8_sequence(s);

	return len > 0 ? len : 1;
}

static unsigned
n_characters(struct str s)
{
	unsigned n = 0;

	for (size_t at = 0; at < s.len; n++)
		at += character_len(str_from(s, at));
	return n;
}

void
pos_line_column(struct pos pos, unsigned *line_out, unsigned *column_out)
{
	struct str text = pos.source->text;
	size_t start = line_start(pos);
	unsigned line = 1;

	for (size_t i = 0; i < start; i++)
		line += text.p[i] == '\n';
	*line_out = line;
	*column_out = n_characters(str_sub(text, start, pos.at)) + 1;
}

/* The caret's line: tabs stay tabs, so that it stands below what it means. */
static void
render_caret(struct str before, struct str under, struct buf *out)
{
	unsigned width = n_characters(under);

	buf_add_cstr(out, "      | ");
	for (size_t at = 0; at < before.len;) {
		buf_byte(out, before.p[at] == '\t' ? '\t' : ' ');
		at += character_len(str_from(before, at));
	}
	buf_byte(out, '^');
	for (unsigned i = 1; i < width; i++)
		buf_byte(out, '~');
	buf_byte(out, '\n');
}

/* One column for each character, or the caret would stand below another. */
static void
render_text(struct str text, struct buf *out)
{
	while (text.len > 0) {
		struct glyph glyph = glyph_at(text);

		if (glyph.is_seen || glyph.code == '\t')
			buf_add(out, str_sub(text, 0, glyph.len));
		else
			buf_byte(out, '?');
		text = str_from(text, glyph.len);
	}
}

static void
render_source(struct pos pos, unsigned line, struct buf *out)
{
	struct str text = pos.source->text;
	size_t start = line_start(pos), end = pos.at, until;

	while (end < text.len && text.p[end] != '\n')
		end++;
	if (end > pos.at && text.p[end - 1] == '\r')
		end--;
	until = pos.at + pos.len < end ? pos.at + pos.len : end;
	if (pos.at - start > DIAG_BEFORE_MAX) {
		start = pos.at - DIAG_BEFORE_MAX;
		while (start < pos.at && utf8_is_inner(text.p[start]))
			start++;
	}
	if (end - start > DIAG_SOURCE_MAX) {
		end = start + DIAG_SOURCE_MAX;
		while (end > pos.at && utf8_is_inner(text.p[end]))
			end--;
	}
	if (until > end)
		until = end;
	buf_printf(out, "%5u | ", line);
	render_text(str_sub(text, start, end), out);
	buf_byte(out, '\n');
	render_caret(
	    str_sub(text, start, pos.at), str_sub(text, pos.at, until), out);
}

static bool
is_same_place(struct pos a, struct pos b)
{
	return a.source == b.source && a.at == b.at && a.len == b.len;
}

/* before: what this is a note to, or NULL; its source is not shown twice. */
static void
render(const struct diag *diag, const struct diag *before, struct buf *out)
{
	const struct source *source = diag->pos.source;
	unsigned line = 0, column;

	if (source != NULL) {
		pos_line_column(diag->pos, &line, &column);
		render_text(str_of(source->path), out);
		buf_printf(out, ":%u:%u: ", line, column);
	}
	buf_printf(out, "%s: ", kind_names[diag->kind]);
	render_text(str_of(diag->text), out);
	buf_byte(out, '\n');
	if (source == NULL)
		return;
	if (before == NULL || !is_same_place(before->pos, diag->pos))
		render_source(diag->pos, line, out);
}

static void
render_count(size_t n, const char *what, struct buf *out)
{
	if (n > 0)
		buf_printf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

/* A diagnostic with the notes behind it. */
struct group {
	const struct diag *first;
	size_t n;
	size_t file; /* the first diagnostic that is about the same file */
};

static int
compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->first->pos.at != y->first->pos.at)
		return x->first->pos.at < y->first->pos.at ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static size_t
make_groups(const struct diags *diags, struct group *groups)
{
	size_t n = 0;

	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *diag = &diags->items[i];
		size_t file = 0;

		if (diag->kind == DIAG_NOTE && n > 0) {
			groups[n - 1].n++;
			continue;
		}
		while (diags->items[file].pos.source != diag->pos.source)
			file++;
		groups[n++] = (struct group){ diag, 1, file };
	}
	qsort(groups, n, sizeof(*groups), compare_groups);
	return n;
}

void
diags_render(const struct diags *diags, struct buf *out)
{
	struct group *groups = xcalloc(diags->n + 1, sizeof(*groups));
	size_t n = make_groups(diags, groups);
	size_t total = diags->n_errors + diags->n_warnings;

	for (size_t i = 0; i < n && i < DIAG_SHOWN_MAX; i++)
		for (size_t j = 0; j < groups[i].n; j++)
			render(&groups[i].first[j],
			    j > 0 ? groups[i].first : NULL, out);
	free(groups);
	if (total > DIAG_SHOWN_MAX)
		buf_printf(out, "… and %zu more\n", total - DIAG_SHOWN_MAX);
	render_count(diags->n_errors, "error", out);
	if (diags->n_errors > 0 && diags->n_warnings > 0)
		buf_add_cstr(out, ", ");
	render_count(diags->n_warnings, "warning", out);
	if (total > 0)
		buf_byte(out, '\n');
}

struct str
diags_first_error(struct str text)
{
	struct str rest = text;

	while (rest.len > 0) {
		struct str line = str_take(&rest, '\n');

		if (str_has(line, STR("error:")) ||
		    str_has(line, STR("failed")))
			return line;
	}
	return str_take(&text, '\n');
}
