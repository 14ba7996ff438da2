/*
 * grid: a table for people, its columns aligned. Pure: rows in, text out.
 *
 * Cells are copied into the arena and made fit for one line of a terminal:
 * what would steer it, end the line or hide is written out. Widths are in
 * characters, each one column wide.
 */
#ifndef SLUICE_TOOL_SHOW_GRID_H
#define SLUICE_TOOL_SHOW_GRID_H

#include "base/arena.h"
#include "base/buf.h"

#define GRID_COLUMNS_MAX 24
#define GRID_CELL_MAX    400 /* bytes that are shown of one cell */

struct grid_column {
	const char *head;
	bool is_right; /* numbers */
};

struct grid {
	struct arena *arena;
	const struct grid_column *columns;
	size_t n_columns;
	struct str *cells; /* n_rows * n_columns */
	size_t n_rows;
};

/* columns must outlive the grid. */
void grid_init(struct grid *grid, struct arena *arena,
    const struct grid_column *columns, size_t n_columns);
/* One cell for each column. */
void grid_add(struct grid *grid, const struct str *cells);
/* Its head and all rows, each ended by a newline, no blanks before it. */
void grid_print(const struct grid *grid, struct buf *out);

/* Adds text as at most max bytes of one line that steers no terminal, then
 * "..." if there was more. */
void text_line(struct buf *out, struct str text, size_t max);

#endif
