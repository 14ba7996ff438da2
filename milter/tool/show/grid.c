/*
 * Cells are copied as they come and measured at the end, since the widest may be
 * the last. Blanks are only written before something: so no line ends with any,
 * and what is copied from a terminal can be compared.
 */
#include "tool/show/grid.h"

#include "base/glyph.h"
#include "base/utf8.h"

#include <assert.h>

#define GAP 2

void
grid_init(struct grid *grid, struct arena *arena,
    const struct grid_column *columns, size_t n_columns)
{
	assert(n_columns > 0 && n_columns <= GRID_COLUMNS_MAX);
	*grid = (struct grid){
		.arena = arena, .columns = columns, .n_columns = n_columns
	};
}

void
text_line(struct buf *out, struct str text, size_t max)
{
	size_t begin = out->len;

	while (text.len > 0) {
		struct glyph glyph = glyph_at(text);
		size_t before = out->len;

		glyph_add(out, text, glyph);
		if (out->len - begin > max) {
			out->len = before;
			buf_add_cstr(out, "...");
			return;
		}
		text = str_from(text, glyph.len);
	}
}

void
grid_add(struct grid *grid, const struct str *cells)
{
	struct buf line = { 0 };

	for (size_t i = 0; i < grid->n_columns; i++) {
		size_t n = grid->n_rows * grid->n_columns + i;

		buf_clear(&line);
		text_line(&line, cells[i], GRID_CELL_MAX);
		grid->cells = arena_grow(
		    grid->arena, grid->cells, n, sizeof(*grid->cells));
		grid->cells[n] = arena_str(grid->arena, buf_str(&line));
	}
	buf_done(&line);
	grid->n_rows++;
}

/* Blanks are only written before something: no line ends with one. */
static void
add_blanks(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_byte(out, ' ');
}

static void
print_row(const struct grid *grid, const struct str *cells,
    const size_t *widths, struct buf *out)
{
	size_t blanks = 0; /* owed, in case that more follows */

	for (size_t i = 0; i < grid->n_columns; i++) {
		size_t room = widths[i] - utf8_length(cells[i]);

		if (cells[i].len > 0) {
			if (grid->columns[i].is_right)
				blanks += room;
			add_blanks(out, blanks);
			buf_add(out, cells[i]);
			blanks = grid->columns[i].is_right ? 0 : room;
		} else {
			blanks += room;
		}
		blanks += GAP;
	}
	buf_byte(out, '\n');
}

void
grid_print(const struct grid *grid, struct buf *out)
{
	struct str heads[GRID_COLUMNS_MAX];
	size_t widths[GRID_COLUMNS_MAX];

	for (size_t i = 0; i < grid->n_columns; i++) {
		heads[i] = str_of(grid->columns[i].head);
		widths[i] = utf8_length(heads[i]);
	}
	for (size_t i = 0; i < grid->n_rows * grid->n_columns; i++) {
		size_t width = utf8_length(grid->cells[i]);

		if (width > widths[i % grid->n_columns])
			widths[i % grid->n_columns] = width;
	}
	print_row(grid, heads, widths, out);
	for (size_t i = 0; i < grid->n_rows; i++)
		print_row(grid, &grid->cells[i * grid->n_columns], widths, out);
}
