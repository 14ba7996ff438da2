/*
 * counters: what limits have counted, as of now. Keys are shown as they stand
 * in Redis, so that they can be copied from here to redis-cli and back.
 *
 * Of one key the numbers are those that the next mail would be told, by the
 * rules as they are. A listing of many is read as it stands in the store,
 * where the maximum is that of the last charge; it has to look at every key.
 */
#include "tool/tool.h"

#include "conf/load.h"

#include "base/clock.h"
#include "rules/key.h"
#include "tool/json.h"
#include "tool/names.h"
#include "tool/reading.h"

#include <stdlib.h>

#define ARENA_BYTES  4096
#define COUNTERS_MAX 1000000

struct counters {
	struct arena *arena;
	const struct ruleset *rules; /* may be NULL */
	int64_t now_ms;
	bool as_json;
	bool over; /* only what is over */
	bool near; /* or near */
	struct reading *items;
	size_t n;
	bool is_cut; /* there are more than COUNTERS_MAX */
};

/* Only the rules know how many different values a limit allows. */
static void
fill_in_distinct(const struct counters *counters, struct reading *reading)
{
	const struct limit *limit;

	if (reading->max > 0 || counters->rules == NULL)
		return;
	limit = names_limit(counters->rules, reading->limit);
	if (limit == NULL || limit->unit != UNIT_DISTINCT)
		return;
	reading->window_sec = 0;
	for (size_t i = 0; i < limit->n_rates; i++) {
		if (limit->rates[i].window_sec < reading->window_sec)
			continue;
		reading->window_sec = limit->rates[i].window_sec;
		reading->max = limit->rates[i].max;
	}
}

static bool
is_wanted(const struct counters *counters, const struct reading *reading)
{
	if (counters->near)
		return reading_is_near(reading);
	return !counters->over || reading_is_over(reading);
}

static bool
keep_counter(void *context, const struct store_counter *counter)
{
	struct counters *counters = context;
	struct reading reading = reading_of_counter(counter);

	fill_in_distinct(counters, &reading);
	if (!is_wanted(counters, &reading))
		return true;
	if (counters->n == COUNTERS_MAX) {
		counters->is_cut = true;
		return false;
	}
	reading.limit = arena_str(counters->arena, counter->limit);
	reading.key = arena_str(counters->arena, counter->identity);
	reading.unit = arena_str(counters->arena, counter->unit);
	counters->items = arena_grow(counters->arena, counters->items,
	    counters->n, sizeof(*counters->items));
	counters->items[counters->n++] = reading;
	return true;
}

static int
compare_readings(const void *left, const void *right)
{
	const struct reading *a = left, *b = right;
	int order;

	if ((order = str_cmp(a->limit, b->limit)) != 0 ||
	    (order = str_cmp(a->key, b->key)) != 0 ||
	    (order = str_cmp(a->unit, b->unit)) != 0)
		return order;
	return a->period != b->period ? (int)a->period - (int)b->period
				      : (a->window_sec > b->window_sec) -
					    (a->window_sec < b->window_sec);
}

/* account: whose lock and grant belong to them, or NULL. */
static void
add_json(const struct counters *counters, const struct account *account,
    struct buf *out)
{
	json_open(out, NULL, '[');
	for (size_t i = 0; i < counters->n; i++) {
		json_newline(out);
		json_open(out, NULL, '{');
		reading_json(&counters->items[i], out);
		if (account != NULL)
			standing_json(account, out);
		json_close(out, '}');
	}
	buf_add_cstr(out, counters->n > 0 ? "\n]\n" : "]\n");
}

static void
add_table(const struct counters *counters, struct buf *out)
{
	struct str cells[READING_COLUMNS];
	struct grid grid;

	grid_init(&grid, counters->arena, reading_columns, READING_COLUMNS);
	for (size_t i = 0; i < counters->n; i++) {
		reading_cells(&counters->items[i], counters->arena,
		    counters->now_ms, cells);
		grid_add(&grid, cells);
	}
	grid_print(&grid, out);
}

static void
say_none(const struct counters *counters)
{
	if (counters->over || counters->near)
		tool_error("nothing is %s",
		    counters->near ? "near or over a limit" : "over a limit");
	else
		tool_error("nothing has been counted");
}

static void
say_counters(const struct counters *counters, const struct account *account)
{
	struct buf out = { 0 };

	if (counters->as_json)
		add_json(counters, account, &out);
	else if (counters->n > 0)
		add_table(counters, &out);
	if (account != NULL && !counters->as_json)
		standing_lines(account, "", counters->now_ms, &out);
	if (out.len == 0)
		say_none(counters);
	tool_out(buf_str(&out));
	buf_done(&out);
	if (counters->is_cut)
		tool_error("there are more: only the first %d are shown; give "
			   "a limit to see fewer",
		    COUNTERS_MAX);
}

static int
say_unreadable(struct buf *error)
{
	tool_error("the counters cannot be read: %s; is 'store' in the "
		   "configuration right, and is Redis running?",
	    buf_str(error).p);
	buf_done(error);
	return TOOL_FINDING;
}

/* All counters, of one limit or of limits that the rules do not have. */
static int
list_counters(struct counters *counters, struct store *store, struct str limit,
    struct str key)
{
	struct store_query query = { .limit = limit, .now_ms = STORE_NOW };
	struct buf error = { 0 };

	if (key.len > 0)
		query.identity = key_encode(counters->arena, key);
	if (store_counters(store, &query, keep_counter, counters, &error) == -1)
		return say_unreadable(&error);
	if (counters->n == 0 && limit.len > 0 && counters->rules != NULL &&
	    names_limit(counters->rules, limit) == NULL) {
		names_no_limit(counters->rules, limit);
		return TOOL_FINDING;
	}
	if (counters->n > 0)
		qsort(counters->items, counters->n, sizeof(*counters->items),
		    compare_readings);
	say_counters(counters, NULL);
	return TOOL_FINE;
}

/* One key of a limit: without a search through the store. */
static int
show_account(struct counters *counters, struct store *store,
    const struct limit *limit, const struct identity *identity)
{
	struct buf error = { 0 };
	struct account account;

	account_init(&account, counters->arena, limit, identity);
	if (accounts_read(store, counters->arena, &account, 1, &error) == -1)
		return say_unreadable(&error);
	for (size_t i = 0; account.has_counted && i < account.answer.n_levels;
	     i++) {
		struct reading reading =
		    reading_of_level(&account, i, counters->now_ms);

		if (!is_wanted(counters, &reading))
			continue;
		counters->items = arena_grow(counters->arena, counters->items,
		    counters->n, sizeof(*counters->items));
		counters->items[counters->n++] = reading;
	}
	say_counters(counters, &account);
	return TOOL_FINE;
}

static int
show_key(struct tool *tool, struct counters *counters, struct store *store,
    struct str limit_name, struct str key)
{
	const struct limit *limit =
	    counters->rules != NULL ? names_limit(counters->rules, limit_name)
				    : NULL;
	struct identity identity;

	if (limit == NULL)
		return list_counters(counters, store, limit_name, key);
	identity = identity_for(
	    counters->arena, limit, key, tool_conf(tool)->sasl_domain);
	if (identity.fit == IDENTITY_NO) {
		names_no_key(limit, key);
		return TOOL_FINDING;
	}
	return show_account(counters, store, limit, &identity);
}

static int
show_counters(struct tool *tool, struct counters *counters, int n, char **argv)
{
	struct str limit = str_of(n > 0 ? argv[0] : NULL);
	struct str key = str_of(n > 1 ? argv[1] : NULL);
	struct store *store = tool_open_store(tool);
	struct ruleset *rules;
	int rc;

	if (store == NULL)
		return TOOL_FINDING;
	conf_use_timezone(tool->conf); /* times as the rules mean them */
	/* Without rules there is less to know, but what is counted is there. */
	rules = names_rules(tool);
	counters->rules = rules;
	counters->arena = arena_new(ARENA_BYTES);
	counters->now_ms = clock_wall_ms();
	rc = key.len > 0 ? show_key(tool, counters, store, limit, key)
			 : list_counters(counters, store, limit, key);
	arena_free(counters->arena);
	ruleset_put(rules);
	store_close(store);
	return rc;
}

int
counters_run(struct tool *tool, int argc, char **argv)
{
	struct counters counters = { .n = 0 };
	const struct tool_option options[] = {
		{ "--json", &counters.as_json, NULL },
		{ "--over", &counters.over, NULL },
		{ "--near", &counters.near, NULL },
		{ 0 },
	};
	int n;

	if ((n = tool_arguments(tool, argc, argv, 0, 2, options)) == -1)
		return TOOL_USAGE;
	return show_counters(tool, &counters, n, argv);
}
