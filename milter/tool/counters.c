/*
 * counters: what limits have counted, as of now. Keys are shown as they stand
 * in Redis, so that they can be copied from here to redis-cli and back.
 */
#include "tool/tool.h"

#include "conf/load.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/xalloc.h"
#include "rules/key.h"

#include <stdlib.h>
#include <time.h>

#define ARENA_BYTES  4096
#define TEXT_MAX     400 /* bytes of a name or key that are shown */
#define N_COLUMNS    6
#define GAP          2
#define TIME_MAX     32
#define COUNTERS_MAX 1000000

struct counters {
	struct arena *arena;
	struct store_counter *items;
	size_t n;
	bool is_cut; /* there are more than COUNTERS_MAX */
};

static bool
keep_counter(void *context, const struct store_counter *counter)
{
	struct counters *counters = context;
	struct store_counter *copy;

	if (counters->n == COUNTERS_MAX) {
		counters->is_cut = true;
		return false;
	}
	counters->items = arena_grow(counters->arena, counters->items,
	    counters->n, sizeof(*counters->items));
	copy = &counters->items[counters->n++];
	*copy = *counter;
	copy->limit = arena_str(counters->arena, counter->limit);
	copy->identity = arena_str(counters->arena, counter->identity);
	copy->unit = arena_str(counters->arena, counter->unit);
	return true;
}

static int
compare_counters(const void *left, const void *right)
{
	const struct store_counter *a = left, *b = right;
	int order;

	if ((order = str_cmp(a->limit, b->limit)) != 0 ||
	    (order = str_cmp(a->identity, b->identity)) != 0 ||
	    (order = str_cmp(a->unit, b->unit)) != 0)
		return order;
	return (a->window_sec > b->window_sec) -
	       (a->window_sec < b->window_sec);
}

static unsigned long long
percent(const struct store_counter *counter)
{
	if (counter->max == 0)
		return 100;
	return (unsigned long long)((double)counter->used * 100 /
				    (double)counter->max);
}

/* For programs in UTC, for people in their own time. */
static const char *
time_text(int64_t time_ms, bool is_for_people, char text[TIME_MAX])
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm date = { 0 };
	size_t len;

	if (is_for_people) {
		localtime_r(&seconds, &date);
		len = strftime(text, TIME_MAX, "%Y-%m-%d %H:%M:%S", &date);
	} else {
		gmtime_r(&seconds, &date);
		len = strftime(text, TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &date);
	}
	return len > 0 ? text : "";
}

static struct str
escaped(struct arena *arena, struct str text)
{
	struct buf buf;
	struct str copy;

	buf_init(&buf);
	log_escape(&buf, text, TEXT_MAX);
	copy = arena_str(arena, buf_str(&buf));
	buf_done(&buf);
	return copy;
}

static void
make_row(struct arena *arena, const struct store_counter *counter,
    struct str row[N_COLUMNS])
{
	char window[QUANTITY_TEXT_MAX], time[TIME_MAX];

	row[0] = escaped(arena, counter->limit);
	row[1] = escaped(arena, counter->identity);
	row[2] = arena_printf(arena, "%.*s/%s",
	    STR_ARG(escaped(arena, counter->unit)),
	    duration_text(counter->window_sec, window).p);
	row[3] =
	    arena_printf(arena, "%llu/%llu", (unsigned long long)counter->used,
		(unsigned long long)counter->max);
	row[4] = arena_printf(arena, "%llu%%", percent(counter));
	row[5] = str_of(counter->free_at_ms < 0 ? "never" : "now");
	if (counter->free_at_ms > 0)
		row[5] = arena_str(
		    arena, str_of(time_text(counter->free_at_ms, true, time)));
}

static void
add_row(
    struct buf *out, struct str row[N_COLUMNS], const size_t widths[N_COLUMNS])
{
	for (size_t i = 0; i < N_COLUMNS; i++) {
		size_t gap = widths[i] - row[i].len;
		bool is_right = i == 3 || i == 4; /* numbers */

		for (; is_right && gap > 0; gap--)
			buf_byte(out, ' ');
		buf_add(out, row[i]);
		for (gap += GAP; i + 1 < N_COLUMNS && gap > 0; gap--)
			buf_byte(out, ' ');
	}
	buf_byte(out, '\n');
}

static void
add_table(const struct counters *counters, struct buf *out)
{
	struct str head[N_COLUMNS] = { STR("LIMIT"), STR("KEY"), STR("COUNTS"),
		STR("USED"), STR("PERCENT"), STR("FREE AGAIN") };
	struct str(*rows)[N_COLUMNS] = xcalloc(counters->n, sizeof(*rows));
	size_t widths[N_COLUMNS];

	for (size_t column = 0; column < N_COLUMNS; column++)
		widths[column] = head[column].len;
	for (size_t i = 0; i < counters->n; i++) {
		make_row(counters->arena, &counters->items[i], rows[i]);
		for (size_t column = 0; column < N_COLUMNS; column++)
			if (rows[i][column].len > widths[column])
				widths[column] = rows[i][column].len;
	}
	add_row(out, head, widths);
	for (size_t i = 0; i < counters->n; i++)
		add_row(out, rows[i], widths);
	free(rows);
}

static void
add_json_text(struct buf *out, const char *name, struct str text)
{
	buf_printf(out, "\"%s\":\"", name);
	log_escape_json(out, text, text.len);
	buf_add_cstr(out, "\",");
}

static void
add_json_counter(const struct store_counter *counter, struct buf *out)
{
	char window[QUANTITY_TEXT_MAX], time[TIME_MAX];

	buf_byte(out, '{');
	add_json_text(out, "limit", counter->limit);
	add_json_text(out, "key", counter->identity);
	add_json_text(out, "unit", counter->unit);
	add_json_text(
	    out, "window", duration_text(counter->window_sec, window));
	buf_printf(out, "\"window_sec\":%u,\"used\":%llu,\"max\":%llu,",
	    (unsigned)counter->window_sec, (unsigned long long)counter->used,
	    (unsigned long long)counter->max);
	buf_printf(out, "\"percent\":%llu,\"free_at\":", percent(counter));
	if (counter->free_at_ms > 0)
		buf_printf(out, "\"%s\"}",
		    time_text(counter->free_at_ms, false, time));
	else
		buf_add_cstr(
		    out, counter->free_at_ms < 0 ? "\"never\"}" : "null}");
}

static void
add_json(const struct counters *counters, struct buf *out)
{
	buf_byte(out, '[');
	for (size_t i = 0; i < counters->n; i++) {
		buf_add_cstr(out, i > 0 ? ",\n " : "\n ");
		add_json_counter(&counters->items[i], out);
	}
	buf_add_cstr(out, counters->n > 0 ? "\n]\n" : "]\n");
}

static void
say_counters(struct counters *counters, bool as_json)
{
	struct buf out;

	if (counters->n > 0)
		qsort(counters->items, counters->n, sizeof(*counters->items),
		    compare_counters);
	buf_init(&out);
	if (as_json)
		add_json(counters, &out);
	else if (counters->n > 0)
		add_table(counters, &out);
	tool_out(buf_str(&out));
	buf_done(&out);
	if (counters->n == 0 && !as_json)
		tool_error("nothing has been counted");
	if (counters->is_cut)
		tool_error("there are more: only the first %d are shown; give "
			   "a limit to see fewer",
		    COUNTERS_MAX);
}

static int
show_counters(struct tool *tool, struct store *store, struct str limit,
    struct str key, bool as_json)
{
	struct counters counters = { .arena = arena_new(ARENA_BYTES) };
	struct store_query query = { .limit = limit, .now_ms = STORE_NOW };
	struct buf error;
	int rc = TOOL_FINE;

	buf_init(&error);
	conf_use_timezone(tool->conf); /* times as the rules mean them */
	if (key.len > 0)
		query.identity = key_encode(counters.arena, key);
	if (store_counters(store, &query, keep_counter, &counters, &error) ==
	    0) {
		say_counters(&counters, as_json);
	} else {
		tool_error("the counters cannot be read: %s; is 'store' in the "
			   "configuration right, and is Redis running?",
		    buf_str(&error).p);
		rc = TOOL_FINDING;
	}
	buf_done(&error);
	arena_free(counters.arena);
	return rc;
}

int
counters_run(struct tool *tool, int argc, char **argv)
{
	bool as_json = false;
	const struct tool_option options[] = {
		{ "--json", &as_json, NULL },
		{ 0 },
	};
	struct store *store;
	int n, rc;

	if ((n = tool_arguments(tool, argc, argv, 0, 2, options)) == -1)
		return TOOL_USAGE;
	if ((store = tool_open_store(tool)) == NULL)
		return TOOL_FINDING;
	rc = show_counters(tool, store, str_of(n > 0 ? argv[0] : NULL),
	    str_of(n > 1 ? argv[1] : NULL), as_json);
	store_close(store);
	return rc;
}
