/*
 * diag: what is wrong with a rule file, and where.
 *
 * Rendered as FILE:LINE:COLUMN: error: TEXT, the source line and a caret.
 * Columns count characters (not bytes) from 1; a tab is one column.
 */
#ifndef SLUICE_RULES_DIAG_H
#define SLUICE_RULES_DIAG_H

#include "base/arena.h"
#include "base/buf.h"

#define DIAG_SHOWN_MAX 20 /* errors; then only a count */

/* One file's text, kept for as long as the ruleset that came from it. */
struct source {
	const char *path; /* as shown to people */
	struct str text;  /* valid UTF-8, no NUL, followed by a NUL byte */
};

/* len: of what the caret underlines; may be 0. source NULL: no position. */
struct pos {
	const struct source *source;
	uint32_t at;
	uint32_t len;
};

enum diag_kind { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diags; /* one list for one load; used by one thread */

struct diags *diags_new(void);
void diags_free(struct diags *diags);

/* A note belongs to the error or warning before it. */
void diag_add(struct diags *diags, enum diag_kind kind, struct pos pos,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
size_t diags_n_errors(const struct diags *diags);
size_t diags_n_warnings(const struct diags *diags);

/* Positions point into sources: object is freed by free_object with diags,
 * not before. */
void diags_keep(
    struct diags *diags, void *object, void (*free_object)(void *object));

/*
 * All of it as text, in the order of each file, closed by "2 errors" or
 * "1 warning" (none: nothing).
 */
void diags_render(const struct diags *diags, struct buf *out);

/* Of such a text, or of what failed tests say: the first line that is an error,
 * else the first line. Warnings may stand before it. */
struct str diags_first_error(struct str text);

/* Line and column (both from 1) of a position. */
void pos_line_column(struct pos pos, unsigned *line_out, unsigned *column_out);

#endif
