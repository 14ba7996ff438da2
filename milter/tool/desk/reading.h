/*
 * reading: one counter as it is shown - of which limit and key, used, maximum,
 * when there is room again - whether it comes from a listing or an account.
 */
#ifndef SLUICE_TOOL_DESK_READING_H
#define SLUICE_TOOL_DESK_READING_H

#include "tool/desk/account.h"
#include "tool/show/grid.h"

#define READING_COLUMNS 6

struct reading {
	struct str limit;
	struct str key;
	struct str unit;
	uint32_t window_sec;
	enum store_period period;
	uint64_t used;
	uint64_t max;
	bool is_unlimited;
	int64_t free_at_ms; /* 0: now; -1: never */
};

extern const struct grid_column reading_columns[READING_COLUMNS];

struct reading reading_of_counter(const struct store_counter *counter);
/* Level number i of an account. */
struct reading reading_of_level(
    const struct account *account, size_t i, int64_t now_ms);

/* Of its maximum, rounded down; 100 if that is 0. */
unsigned long long reading_percent(const struct reading *reading);
bool reading_is_over(const struct reading *reading);
bool reading_is_near(const struct reading *reading); /* or over */

/* READING_COLUMNS cells, in the arena. */
void reading_cells(const struct reading *reading, struct arena *arena,
    int64_t now_ms, struct str *cells);
/* The members of an object that the caller opens and closes. */
void reading_json(const struct reading *reading, struct buf *out);

/* "user-pace: locked until …: reason", "user-pace: granted x5 until …", as
 * lines; nothing if there is neither. */
void standing_lines(
    const struct account *account, int64_t now_ms, struct buf *out);
/* "locked": {…} or null, "grant": {…} or null. */
void standing_json(const struct account *account, struct buf *out);

#endif
