/*
 * top: the keys that are near or over their limits, or locked, by the second.
 *
 * Only the hot sets are asked for keys, however many there are elsewhere. A
 * key that has cooled down is dropped from its set - well below what made it
 * hot, so that one which is just becoming hot again is not lost.
 */
#include "tool/desk/desk.h"

#include "base/clock.h"
#include "store/raise.h"
#include "tool/desk/reading.h"
#include "tool/show/grid.h"
#include "tool/show/json.h"
#include "tool/show/screen.h"
#include "tool/show/when.h"

#include <stdlib.h>

#define HOT_KEYS_MAX 3000 /* looked at: the newest of each limit */
#define COLD_PERCENT 50
#define DRAW_MS      1000
#define ARENA_BYTES  16384

struct hot_key {
	struct reading reading; /* its fullest window */
	unsigned long long percent;
	int64_t locked_until_ms;
	bool is_granted;
};

struct top {
	struct desk *desk;
	const struct limit **limits;
	size_t n_limits;
	/* of one look: */
	struct arena *arena;
	int64_t now_ms;
	struct store_asked *asked;
	const struct limit **whose; /* of each that is asked */
	size_t n_asked;
	const struct limit *limit; /* whose hot keys are read */
	size_t n_of_limit;
	struct hot_key *keys;
	size_t n_keys;
};

static bool
keep_identity(void *context, struct str identity)
{
	struct top *top = context;
	const struct limit *limit = top->limit;
	struct store_asked *asked;

	top->asked = arena_grow(
	    top->arena, top->asked, top->n_asked, sizeof(*top->asked));
	top->whose = arena_grow(
	    top->arena, top->whose, top->n_asked, sizeof(struct limit *));
	asked = &top->asked[top->n_asked];
	*asked = (struct store_asked){
		.limit = limit->name,
		.identity = arena_str(top->arena, identity),
		.is_distinct = limit->unit == UNIT_DISTINCT,
		.rates = limit->rates,
		.n_rates = limit->n_rates,
	};
	top->whose[top->n_asked++] = limit;
	return ++top->n_of_limit < HOT_KEYS_MAX / top->n_limits;
}

/* The maximum now: of the grant, if there is one; else as of the last charge
 * if the rules do not know the window. */
static void
use_maximum(const struct limit *limit, const struct store_account *account,
    struct reading *reading)
{
	const struct store_standing *standing = &account->standing;
	struct store_rate rates[STORE_RATES_MAX];
	size_t n = limit->n_rates;

	for (size_t i = 0; i < n; i++)
		rates[i] = limit->rates[i];
	if (standing->grant.until_ms > 0) {
		reading->is_unlimited = standing->raise.kind == RAISE_UNLIMITED;
		n = raise_apply(
		    &standing->raise, limit->rates, limit->n_rates, rates);
	}
	for (size_t i = 0; i < n; i++)
		if (rates[i].period == reading->period &&
		    rates[i].window_sec == reading->window_sec)
			reading->max = rates[i].max;
	if (!reading_is_over(reading))
		reading->free_at_ms = 0;
}

/* Of several windows the one that is fullest tells how it stands. */
static bool
take_account(void *context, size_t i, const struct store_account *account)
{
	struct top *top = context;
	struct hot_key *key = &top->keys[i];

	*key = (struct hot_key){ .is_granted =
				     account->standing.grant.until_ms > 0 };
	key->reading.limit = top->asked[i].limit;
	key->reading.key = top->asked[i].identity;
	key->locked_until_ms = account->standing.lock.until_ms;
	for (size_t k = 0; k < account->n_counters; k++) {
		struct reading reading =
		    reading_of_counter(&account->counters[k]);
		unsigned long long percent;

		use_maximum(top->whose[i], account, &reading);
		percent = reading.is_unlimited ? 0 : reading_percent(&reading);
		if (k > 0 && percent < key->percent)
			continue;
		key->percent = percent;
		key->reading = reading;
		key->reading.limit = top->asked[i].limit;
		key->reading.key = top->asked[i].identity;
		key->reading.unit = arena_str(top->arena, reading.unit);
	}
	return true;
}

/* A lock lasts, whatever the windows say. */
static bool
is_hot(const struct hot_key *key)
{
	return key->locked_until_ms > 0 || key->percent >= NEAR_PERCENT;
}

static bool
is_cold(const struct hot_key *key)
{
	return key->locked_until_ms == 0 && key->percent < COLD_PERCENT;
}

/* Those of one limit stand together. */
static int
drop_cold(struct top *top, struct buf *error)
{
	struct str *cold =
	    arena_alloc(top->arena, (top->n_keys + 1) * sizeof(*cold));
	size_t n = 0;

	for (size_t i = 0; i < top->n_keys; i++) {
		bool is_last =
		    i + 1 == top->n_keys || top->whose[i + 1] != top->whose[i];

		if (is_cold(&top->keys[i]))
			cold[n++] = top->asked[i].identity;
		if (!is_last || n == 0)
			continue;
		if (store_hot_drop(top->desk->store, top->whose[i]->name, cold,
			n, error) == -1)
			return -1;
		n = 0;
	}
	return 0;
}

/* The worst first: locked, then by percent. */
static int
compare_keys(const void *left, const void *right)
{
	const struct hot_key *a = left, *b = right;
	int order;

	if ((a->locked_until_ms > 0) != (b->locked_until_ms > 0))
		return a->locked_until_ms > 0 ? -1 : 1;
	if (a->percent != b->percent)
		return a->percent > b->percent ? -1 : 1;
	order = str_cmp(a->reading.limit, b->reading.limit);
	return order != 0 ? order : str_cmp(a->reading.key, b->reading.key);
}

static void
keep_hot(struct top *top)
{
	size_t n = 0;

	for (size_t i = 0; i < top->n_keys; i++)
		if (is_hot(&top->keys[i]))
			top->keys[n++] = top->keys[i];
	top->n_keys = n;
	if (n > 0)
		qsort(top->keys, n, sizeof(*top->keys), compare_keys);
}

/* Looks once; what it finds lives until the next look. */
static int
look(struct top *top, struct buf *error)
{
	struct store *store = top->desk->store;
	struct store_asking asking;

	arena_free(top->arena);
	top->arena = arena_new(ARENA_BYTES);
	top->now_ms = clock_wall_ms();
	top->asked = NULL;
	top->whose = NULL;
	top->n_asked = 0;
	top->n_keys = 0;
	for (size_t i = 0; i < top->n_limits; i++) {
		top->limit = top->limits[i];
		top->n_of_limit = 0;
		if (store_hot(store, top->limit->name, keep_identity, top,
			error) == -1)
			return -1;
	}
	top->keys =
	    arena_calloc(top->arena, (top->n_asked + 1) * sizeof(*top->keys));
	asking = (struct store_asking){ top->asked, top->n_asked, STORE_NOW };
	if (top->n_asked > 0 &&
	    store_accounts(store, &asking, take_account, top, error) == -1)
		return -1;
	top->n_keys = top->n_asked;
	if (drop_cold(top, error) == -1)
		return -1;
	keep_hot(top);
	return 0;
}

static struct str
state_text(const struct top *top, const struct hot_key *key)
{
	const char *granted = key->is_granted ? ", granted" : "";
	char when[WHEN_MAX];

	if (key->locked_until_ms > 0)
		return arena_printf(top->arena, "locked until %s%s",
		    when_both(key->locked_until_ms, top->now_ms, when).p,
		    granted);
	if (!reading_is_over(&key->reading))
		return arena_printf(top->arena, "near%s", granted);
	if (key->reading.free_at_ms <= 0)
		return arena_printf(top->arena, "over%s", granted);
	return arena_printf(top->arena, "over until %s%s",
	    when_both(key->reading.free_at_ms, top->now_ms, when).p, granted);
}

static void
print_keys(const struct top *top, struct buf *out)
{
	struct grid_column columns[READING_COLUMNS];
	struct str cells[READING_COLUMNS];
	struct grid grid;

	for (size_t i = 0; i < READING_COLUMNS; i++)
		columns[i] = reading_columns[i];
	columns[READING_COLUMNS - 1].head = "STATE";
	grid_init(&grid, top->arena, columns, READING_COLUMNS);
	for (size_t i = 0; i < top->n_keys; i++) {
		reading_cells(
		    &top->keys[i].reading, top->arena, top->now_ms, cells);
		cells[READING_COLUMNS - 1] = state_text(top, &top->keys[i]);
		grid_add(&grid, cells);
	}
	grid_print(&grid, out);
}

static void
print_head(const struct top *top, struct buf *out)
{
	size_t n_over = 0, n_locked = 0;
	char now[WHEN_MAX];

	for (size_t i = 0; i < top->n_keys; i++) {
		n_locked += top->keys[i].locked_until_ms > 0;
		n_over += top->keys[i].locked_until_ms == 0 &&
			  reading_is_over(&top->keys[i].reading);
	}
	buf_printf(out,
	    "sluice top  %s  %zu locked, %zu over, %zu near  (q ends)\n\n",
	    when_text(top->now_ms, top->now_ms, now).p, n_locked, n_over,
	    top->n_keys - n_locked - n_over);
}

/* A store that is away is shown in place of the keys, and asked again in a
 * second: whoever watches wants to see it come back. */
static void
draw(struct top *top)
{
	struct buf out = { 0 }, error = { 0 };

	if (look(top, &error) == -1) {
		buf_printf(&out, "sluice top: the store cannot be asked: %s\n",
		    buf_str(&error).p);
	} else {
		print_head(top, &out);
		if (top->n_keys > 0)
			print_keys(top, &out);
		else
			buf_add_cstr(&out, "nothing is near a limit\n");
	}
	screen_draw(buf_str(&out));
	buf_done(&out);
	buf_done(&error);
}

static void
run_live(struct top *top)
{
	enum screen_event event = SCREEN_TIME_OUT;

	while (event != SCREEN_END) {
		draw(top);
		event = screen_wait(DRAW_MS);
	}
	screen_close();
}

static void
print_json(const struct top *top, struct buf *out)
{
	json_open(out, NULL, '[');
	for (size_t i = 0; i < top->n_keys; i++) {
		json_newline(out);
		json_open(out, NULL, '{');
		reading_json(&top->keys[i].reading, out);
		json_time(out, "locked_until", top->keys[i].locked_until_ms);
		json_bool(out, "granted", top->keys[i].is_granted);
		json_close(out, '}');
	}
	buf_add_cstr(out, top->n_keys > 0 ? "\n]\n" : "]\n");
}

static int
run_once(struct top *top, bool as_json)
{
	struct buf out = { 0 }, error = { 0 };

	if (look(top, &error) == -1)
		return desk_no_store(top->desk, &error);
	if (as_json)
		print_json(top, &out);
	else if (top->n_keys > 0)
		print_keys(top, &out);
	else
		tool_error("nothing is near a limit");
	tool_out(buf_str(&out));
	buf_done(&out);
	return TOOL_FINE;
}

static int
choose_limits(struct top *top, int n, char **argv)
{
	const struct program *program = ruleset_program(top->desk->rules);
	size_t n_all = n > 0 ? (size_t)n : program->n_limits;

	top->limits = arena_calloc(
	    top->desk->arena, (n_all + 1) * sizeof(struct limit *));
	for (size_t i = 0; i < n_all; i++) {
		if (n == 0)
			top->limits[i] = program->limits[i];
		else if (desk_limit(top->desk, argv[i], &top->limits[i]) == -1)
			return -1;
	}
	top->n_limits = n_all;
	return 0;
}

int
top_run(struct tool *tool, int argc, char **argv)
{
	bool once = false, as_json = false;
	const struct tool_option options[] = {
		{ "--once", &once, NULL },
		{ "--json", &as_json, NULL },
		{ 0 },
	};
	struct top top = { .desk = NULL };
	struct desk desk;
	int n, rc = TOOL_FINE;

	if ((n = tool_arguments(tool, argc, argv, 0, LIMITS_MAX, options)) ==
	    -1)
		return TOOL_USAGE;
	if (desk_open(&desk, tool, DESK_RULES_NEEDED) == -1)
		return TOOL_FINDING;
	top.desk = &desk;
	if (choose_limits(&top, n, argv) == -1)
		rc = TOOL_FINDING;
	else if (once || as_json || screen_open() == -1)
		rc = run_once(&top, as_json);
	else
		run_live(&top);
	arena_free(top.arena);
	desk_close(&desk);
	return rc;
}
