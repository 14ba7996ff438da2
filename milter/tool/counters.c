/*
 * counters: what limits have counted, as of now. Keys are shown as they stand
 * in Redis, so that they can be copied from here to redis-cli and back.
 *
 * Of one key the numbers are those that the next mail would be told, by the
 * rules as they are. A listing of many is read as it stands in the store,
 * where the maximum is that of the last charge; it has to look at every key.
 */
#include "tool/desk/desk.h"

#include "rules/key.h"
#include "tool/desk/reading.h"
#include "tool/show/json.h"

#include <stdlib.h>
#include <string.h>

#define COUNTERS_MAX 1000000

struct counters {
	struct desk desk; /* perhaps without rules */
	bool as_json;
	bool over; /* only what is over */
	bool near; /* or near */
	struct reading *items;
	size_t n;
	bool is_cut; /* there are more than COUNTERS_MAX */
	/* Of a key: whose readings they are, in that order. */
	struct account *accounts;
	size_t n_accounts;
};

/* Only the rules know how many different values a limit allows. */
static void
fill_in_distinct(const struct counters *counters, struct reading *reading)
{
	const struct limit *limit;

	if (reading->max > 0 || counters->desk.rules == NULL)
		return;
	limit = program_limit(
	    ruleset_program(counters->desk.rules), reading->limit);
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

/* Near includes over, as a rule's `near` does. */
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
	reading.limit = arena_str(counters->desk.arena, counter->limit);
	reading.key = arena_str(counters->desk.arena, counter->identity);
	reading.unit = arena_str(counters->desk.arena, counter->unit);
	counters->items = arena_grow(counters->desk.arena, counters->items,
	    counters->n, sizeof(*counters->items));
	counters->items[counters->n++] = reading;
	return true;
}

/* As people look for them: by limit, key, then from short to long windows. */
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

static const struct account *
account_of(const struct counters *counters, const struct reading *reading)
{
	for (size_t i = 0; i < counters->n_accounts; i++)
		if (str_eq(counters->accounts[i].limit->name, reading->limit))
			return &counters->accounts[i];
	return NULL;
}

static void
add_json(const struct counters *counters, struct buf *out)
{
	json_open(out, NULL, '[');
	for (size_t i = 0; i < counters->n; i++) {
		const struct reading *reading = &counters->items[i];
		const struct account *account = account_of(counters, reading);

		json_newline(out);
		json_open(out, NULL, '{');
		reading_json(reading, out);
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

	grid_init(
	    &grid, counters->desk.arena, reading_columns, READING_COLUMNS);
	for (size_t i = 0; i < counters->n; i++) {
		reading_cells(&counters->items[i], counters->desk.arena,
		    counters->desk.now_ms, cells);
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
say_counters(const struct counters *counters)
{
	struct buf out = { 0 };

	if (counters->as_json)
		add_json(counters, &out);
	else if (counters->n > 0)
		add_table(counters, &out);
	for (size_t i = 0; i < counters->n_accounts && !counters->as_json; i++)
		standing_lines(
		    &counters->accounts[i], counters->desk.now_ms, &out);
	if (out.len == 0)
		say_none(counters);
	tool_out(buf_str(&out));
	buf_done(&out);
	if (counters->is_cut)
		tool_error("there are more: only the first %d are shown; give "
			   "a limit to see fewer",
		    COUNTERS_MAX);
}

/* All counters, of one limit or of limits that the rules do not have. */
static int
list_counters(struct counters *counters, struct str limit, struct str key)
{
	const struct ruleset *rules = counters->desk.rules;
	struct store_query query = { .limit = limit, .now_ms = STORE_NOW };
	struct buf error = { 0 };

	if (key.len > 0)
		query.identity = key_encode(counters->desk.arena, key);
	if (store_counters(counters->desk.store, &query, keep_counter, counters,
		&error) == -1)
		return desk_no_store(&counters->desk, &error);
	if (counters->n == 0 && limit.len > 0 && rules != NULL &&
	    program_limit(ruleset_program(rules), limit) == NULL) {
		names_no_limit(rules, limit);
		return TOOL_FINDING;
	}
	if (counters->n > 0)
		qsort(counters->items, counters->n, sizeof(*counters->items),
		    compare_readings);
	say_counters(counters);
	return TOOL_FINE;
}

/* What was never counted is not shown, unless it is locked or granted. */
static void
add_account(struct counters *counters, const struct account *account)
{
	const struct store_standing *standing = &account->standing;

	if (!account->has_counted && standing->lock.until_ms == 0 &&
	    standing->grant.until_ms == 0)
		return;
	for (size_t i = 0; i < account->answer.n_levels; i++) {
		struct reading reading =
		    reading_of_level(account, i, counters->desk.now_ms);

		if (!is_wanted(counters, &reading))
			continue;
		counters->items = arena_grow(counters->desk.arena,
		    counters->items, counters->n, sizeof(*counters->items));
		counters->items[counters->n++] = reading;
	}
}

/* Without a search through the store. */
static int
show_accounts(struct counters *counters)
{
	struct desk *desk = &counters->desk;
	struct buf error = { 0 };

	if (accounts_read(desk->store, desk->arena, counters->accounts,
		counters->n_accounts, &error) == -1)
		return desk_no_store(desk, &error);
	for (size_t i = 0; i < counters->n_accounts; i++)
		add_account(counters, &counters->accounts[i]);
	say_counters(counters);
	return TOOL_FINE;
}

/* A key of one limit. */
static int
show_key(struct counters *counters, const char *limit_name, const char *key)
{
	struct desk *desk = &counters->desk;
	const struct limit *limit =
	    desk->rules != NULL ? program_limit(ruleset_program(desk->rules),
				      str_of(limit_name))
				: NULL;
	struct identity identity;

	if (limit == NULL)
		return list_counters(counters, str_of(limit_name), str_of(key));
	if (desk_key(desk, limit, key, &identity) == -1)
		return TOOL_FINDING;
	counters->accounts =
	    arena_calloc(desk->arena, sizeof(*counters->accounts));
	counters->n_accounts = 1;
	account_init(counters->accounts, desk->arena, limit, &identity);
	return show_accounts(counters);
}

/* A key of whichever limits can count it. */
static int
show_everywhere(struct counters *counters, const char *key)
{
	struct desk *desk = &counters->desk;

	counters->accounts = accounts_of_key(desk->arena, desk->rules,
	    str_of(key), desk->conf->sasl_domain, &counters->n_accounts);
	return show_accounts(counters);
}

/* What no limit can be called, but an address, a network or a pair can. */
static bool
is_key(const char *word)
{
	return strpbrk(word, "@.:,/%+") != NULL;
}

static int
show_counters(struct counters *counters, int n, char **argv)
{
	if (n == 2)
		return show_key(counters, argv[0], argv[1]);
	if (n == 1 && is_key(argv[0]) && counters->desk.rules != NULL)
		return show_everywhere(counters, argv[0]);
	return list_counters(counters, str_of(n > 0 ? argv[0] : NULL), STR(""));
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
	int n, rc;

	if ((n = tool_arguments(tool, argc, argv, 0, 2, options)) == -1)
		return TOOL_USAGE;
	/* Without rules there is less to know, but what is counted is there. */
	if (desk_open(&counters.desk, tool, DESK_RULES_IF_FINE) == -1)
		return TOOL_FINDING;
	rc = show_counters(&counters, n, argv);
	desk_close(&counters.desk);
	return rc;
}
