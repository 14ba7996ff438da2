/*
 * Diagnostics are kept as data and rendered at the end, so that a list can be
 * cut after 20 errors without losing the count, and so that the daemon can log
 * line by line what the tool prints.
 */
#include "rules/diag.h"

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

/* Characters, not bytes: continuation bytes of UTF-8 do not count. */
static unsigned
n_characters(struct str s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
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
	for (size_t i = 0; i < before.len; i++) {
		if (before.p[i] == '\t')
			buf_byte(out, '\t');
		else if (((unsigned char)before.p[i] & 0xc0) != 0x80)
			buf_byte(out, ' ');
	}
	buf_byte(out, '^');
	for (unsigned i = 1; i < width; i++)
		buf_byte(out, '~');
	buf_byte(out, '\n');
}

/* Other control bytes than tabs would move the caret, or the terminal. */
static void
render_text(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];
		bool is_control = (unsigned char)c < 0x20 || c == 0x7f;

		buf_byte(out, is_control && c != '\t' ? '?' : c);
	}
}

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static void
render_source(struct pos pos, unsigned line, struct buf *out)
{
	struct str text = pos.source->text;
	size_t start = line_start(pos), end = pos.at, until;

	while (end < text.len && text.p[end] != '\n')
		end++;
	until = pos.at + pos.len < end ? pos.at + pos.len : end;
	if (pos.at - start > DIAG_BEFORE_MAX) {
		start = pos.at - DIAG_BEFORE_MAX;
		while (start < pos.at && is_continuation(text.p[start]))
			start++;
	}
	if (end - start > DIAG_SOURCE_MAX) {
		end = start + DIAG_SOURCE_MAX;
		while (end > pos.at && is_continuation(text.p[end]))
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

static void
render(const struct diag *diag, struct buf *out)
{
	unsigned line, column;

	if (diag->pos.source == NULL) {
		buf_printf(out, "%s: %s\n", kind_names[diag->kind], diag->text);
		return;
	}
	pos_line_column(diag->pos, &line, &column);
	buf_printf(out, "%s:%u:%u: %s: ", diag->pos.source->path, line, column,
	    kind_names[diag->kind]);
	buf_printf(out, "%s\n", diag->text);
	render_source(diag->pos, line, out);
}

static void
render_count(size_t n, const char *what, struct buf *out)
{
	if (n > 0)
		buf_printf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

void
diags_render(const struct diags *diags, struct buf *out)
{
	size_t n_shown = 0;
	bool is_shown = true;

	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *diag = &diags->items[i];

		/* A note shares the fate of what it explains. */
		if (diag->kind != DIAG_NOTE)
			is_shown = n_shown++ < DIAG_SHOWN_MAX;
		if (is_shown)
			render(diag, out);
	}
	if (n_shown > DIAG_SHOWN_MAX)
		buf_printf(out, "… and %zu more\n", n_shown - DIAG_SHOWN_MAX);
	render_count(diags->n_errors, "error", out);
	if (diags->n_errors > 0 && diags->n_warnings > 0)
		buf_add_cstr(out, ", ");
	render_count(diags->n_warnings, "warning", out);
	if (diags->n_errors + diags->n_warnings > 0)
		buf_byte(out, '\n');
}
