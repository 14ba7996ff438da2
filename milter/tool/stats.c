/*
 * stats: how often each rule acted, or would have, by day; how often it had no
 * answer for want of budget; which never did anything in the time that is kept,
 * and which the rules have no more.
 */
#include "tool/desk/desk.h"

#include "base/calendar.h"
#include "base/quantity.h"
#include "mime/damage.h"
#include "tool/show/grid.h"
#include "tool/show/json.h"

#include <stdlib.h>
#include <string.h>

#define DAYS_DEFAULT 7
#define DAYS_MAX     90 /* as long as hits are kept */
#define WIDE_MAX     14 /* days that fit side by side */
#define FIRST_DAYS   4  /* columns before the days */

struct hit {
	struct str rule;
	struct str action;
	bool is_observed;
	struct str day;
	uint64_t n;
};

struct stats {
	struct desk *desk;
	char **asked; /* names of rules; none: all */
	int n_asked;
	struct switches switches;
	struct str days[DAYS_MAX]; /* newest first */
	size_t n_days;
	struct hit *hits;
	size_t n;
};

static bool
is_asked(const struct stats *stats, struct str rule)
{
	for (int i = 0; i < stats->n_asked; i++)
		if (str_is(rule, stats->asked[i]))
			return true;
	return stats->n_asked == 0;
}

/* What the store gives lives for this call only. */
static bool
keep_hit(void *context, const struct store_hit *hit)
{
	struct stats *stats = context;
	struct arena *arena = stats->desk->arena;
	struct hit *copy;

	if (!is_asked(stats, hit->rule))
		return true;
	stats->hits =
	    arena_grow(arena, stats->hits, stats->n, sizeof(*stats->hits));
	copy = &stats->hits[stats->n++];
	copy->rule = arena_str(arena, hit->rule);
	copy->action = arena_str(arena, hit->action);
	copy->day = arena_str(arena, hit->day);
	copy->is_observed = hit->is_observed;
	copy->n = hit->n;
	return true;
}

/* Today and those before it. Yesterday ends when today begins. */
static void
name_days(struct stats *stats, size_t n)
{
	int64_t at_ms = stats->desk->now_ms;

	for (stats->n_days = 0; stats->n_days < n; stats->n_days++) {
		struct calendar_span day = calendar_at(CALENDAR_DAY, at_ms);
		char text[CALENDAR_TEXT_MAX];

		calendar_text(CALENDAR_DAY, day.label, text);
		stats->days[stats->n_days] =
		    arena_str(stats->desk->arena, str_of(text));
		at_ms = day.begins_ms - 1;
	}
}

/* By rule, then what was done, then newest first. */
static int
compare_hits(const void *left, const void *right)
{
	const struct hit *a = left, *b = right;
	int order;

	if ((order = str_cmp(a->rule, b->rule)) != 0)
		return order;
	if (a->is_observed != b->is_observed)
		return (int)a->is_observed - (int)b->is_observed;
	if ((order = str_cmp(a->action, b->action)) != 0)
		return order;
	return str_cmp(b->day, a->day);
}

static bool
is_same_row(const struct hit *a, const struct hit *b)
{
	return str_eq(a->rule, b->rule) && str_eq(a->action, b->action) &&
	       a->is_observed == b->is_observed;
}

/* -1: before the days that are shown. */
static ptrdiff_t
column_of(const struct stats *stats, struct str day)
{
	for (size_t i = 0; i < stats->n_days; i++)
		if (str_eq(stats->days[i], day))
			return (ptrdiff_t)i;
	return -1;
}

/* It did nothing: a pattern of it ran into a limit. */
static bool
had_no_answer(const struct hit *hit)
{
	return str_is(hit->action, damage_word(DAMAGE_REGEX_LIMIT)) ||
	       str_is(hit->action, damage_word(DAMAGE_SCAN_BUDGET));
}

static struct str
action_phrase(const struct stats *stats, const struct hit *hit)
{
	if (had_no_answer(hit))
		return arena_printf(stats->desk->arena, "no answer: %.*s",
		    STR_ARG(hit->action));
	return hit->is_observed ? arena_printf(stats->desk->arena, "would %.*s",
				      STR_ARG(hit->action))
				: hit->action;
}

/* Nothing, or why the rule's numbers are as they are. */
static struct str
note_of(const struct stats *stats, struct str name)
{
	const struct rule *rule =
	    program_rule(ruleset_program(stats->desk->rules), name);
	const struct store_switch *one = switches_find(&stats->switches, name);

	if (rule == NULL)
		return STR("not in the rules any more");
	if (rule_is_observed(stats->desk->rules, rule))
		return STR("observed");
	return one != NULL
		   ? switch_text(stats->desk->arena, one, stats->desk->now_ms)
		   : STR("");
}

/* The hits [from, to) are of one rule and action. */
static void
sum_row(const struct stats *stats, size_t from, size_t to, uint64_t *sums,
    uint64_t *total)
{
	memset(sums, 0, DAYS_MAX * sizeof(*sums));
	*total = 0;
	for (size_t i = from; i < to; i++) {
		ptrdiff_t column = column_of(stats, stats->hits[i].day);

		if (column < 0)
			continue; /* kept, but older than what is shown */
		sums[column] += stats->hits[i].n;
		*total += stats->hits[i].n;
	}
}

static struct str
number_text(const struct stats *stats, uint64_t number)
{
	return number == 0 ? STR("-")
			   : arena_printf(stats->desk->arena, "%llu",
				 (unsigned long long)number);
}

static void
add_row(const struct stats *stats, size_t from, size_t to, struct grid *grid)
{
	struct str cells[FIRST_DAYS + WIDE_MAX + 1];
	const struct hit *first = &stats->hits[from];
	uint64_t sums[DAYS_MAX], total;
	size_t n = 0;

	sum_row(stats, from, to, sums, &total);
	cells[n++] = first->rule;
	cells[n++] = action_phrase(stats, first);
	cells[n++] = number_text(stats, total);
	cells[n++] = first->day; /* the newest: see compare_hits */
	for (size_t i = stats->n_days; i > 0; i--)
		cells[n++] = number_text(stats, sums[i - 1]);
	cells[n++] = note_of(stats, first->rule);
	grid_add(grid, cells);
}

/* "11-23" is enough beside each other. */
static void
head_columns(const struct stats *stats, struct grid_column *columns, size_t *n)
{
	static const struct grid_column first[FIRST_DAYS] = {
		{ "RULE", false },
		{ "DID", false },
		{ "TIMES", true },
		{ "LAST", false },
	};

	memcpy(columns, first, sizeof(first));
	*n = FIRST_DAYS;
	for (size_t i = stats->n_days; i > 0; i--)
		columns[(*n)++] =
		    (struct grid_column){ arena_cstr(stats->desk->arena,
					      str_from(stats->days[i - 1], 5)),
			    true };
	columns[(*n)++] = (struct grid_column){ "", false };
}

/* A row for each day, where the days do not fit side by side. */
static void
print_days(const struct stats *stats, struct buf *out)
{
	static const struct grid_column columns[] = {
		{ "RULE", false },
		{ "DAY", false },
		{ "DID", false },
		{ "TIMES", true },
		{ "", false },
	};
	struct grid grid;

	grid_init(&grid, stats->desk->arena, columns, 5);
	for (size_t i = 0; i < stats->n; i++) {
		const struct hit *hit = &stats->hits[i];

		if (column_of(stats, hit->day) >= 0)
			grid_add(&grid, (struct str[]){ hit->rule, hit->day,
					    action_phrase(stats, hit),
					    number_text(stats, hit->n),
					    note_of(stats, hit->rule) });
	}
	if (grid.n_rows > 0)
		grid_print(&grid, out);
}

static void
print_rows(const struct stats *stats, struct buf *out)
{
	struct grid_column columns[FIRST_DAYS + WIDE_MAX + 1];
	struct grid grid;
	size_t n;

	head_columns(stats, columns, &n);
	grid_init(&grid, stats->desk->arena, columns, n);
	for (size_t from = 0, to; from < stats->n; from = to) {
		for (to = from + 1;
		     to < stats->n &&
		     is_same_row(&stats->hits[from], &stats->hits[to]);)
			to++;
		add_row(stats, from, to, &grid);
	}
	if (grid.n_rows > 0)
		grid_print(&grid, out);
}

/* Ever, in the time that is kept: not only in the days that are shown. */
static bool
was_hit(const struct stats *stats, struct str rule)
{
	for (size_t i = 0; i < stats->n; i++)
		if (str_eq(stats->hits[i].rule, rule) &&
		    !had_no_answer(&stats->hits[i]))
			return true;
	return false;
}

static void
print_never(const struct stats *stats, struct buf *out)
{
	const struct program *program = ruleset_program(stats->desk->rules);
	const char *before = "Never hit in the 90 days that are kept: ";

	for (size_t i = 0; i < program->n_rules; i++) {
		const struct rule *rule = program->rules[i];
		struct str note = note_of(stats, rule->name);

		if (!is_asked(stats, rule->name) || was_hit(stats, rule->name))
			continue;
		buf_printf(out, "%s%.*s (%.*s%s%.*s)", before,
		    STR_ARG(rule->name),
		    STR_ARG(names_place(stats->desk->arena, rule->pos)),
		    note.len > 0 ? "; " : "", STR_ARG(note));
		before = ",\n  ";
	}
	if (before[0] == ',')
		buf_byte(out, '\n');
}

static void
json_state(const struct stats *stats, struct str name, struct buf *out)
{
	const struct rule *rule =
	    program_rule(ruleset_program(stats->desk->rules), name);
	const struct store_switch *one = switches_find(&stats->switches, name);

	json_bool(out, "exists", rule != NULL);
	json_bool(out, "observed",
	    one != NULL ||
		(rule != NULL && rule_is_observed(stats->desk->rules, rule)));
}

/* A rule that was never hit has one object, without a day. */
static void
print_json(const struct stats *stats, struct buf *out)
{
	const struct program *program = ruleset_program(stats->desk->rules);

	json_open(out, NULL, '[');
	for (size_t i = 0; i < stats->n; i++) {
		const struct hit *hit = &stats->hits[i];

		if (column_of(stats, hit->day) < 0)
			continue;
		json_newline(out);
		json_open(out, NULL, '{');
		json_text(out, "rule", hit->rule);
		json_text(out, "day", hit->day);
		json_text(out, "action", hit->action);
		json_bool(out, "would", hit->is_observed);
		json_number(out, "hits", hit->n);
		json_state(stats, hit->rule, out);
		json_close(out, '}');
	}
	for (size_t i = 0; i < program->n_rules; i++) {
		struct str name = program->rules[i]->name;

		if (!is_asked(stats, name) || was_hit(stats, name))
			continue;
		json_newline(out);
		json_open(out, NULL, '{');
		json_text(out, "rule", name);
		json_null(out, "day");
		json_number(out, "hits", 0);
		json_state(stats, name, out);
		json_close(out, '}');
	}
	buf_add_cstr(out, "\n]\n");
}

/* A name that neither the rules nor the hits know is a slip of the pen. */
static int
check_names(const struct stats *stats)
{
	for (int i = 0; i < stats->n_asked; i++) {
		struct str name = str_of(stats->asked[i]);

		if (program_rule(ruleset_program(stats->desk->rules), name) !=
			NULL ||
		    was_hit(stats, name))
			continue;
		names_no_rule(stats->desk->rules, name);
		return -1;
	}
	return 0;
}

static int
show(struct stats *stats, bool as_json)
{
	struct desk *desk = stats->desk;
	struct buf error = { 0 }, out = { 0 };

	if (store_hits(desk->store, STR(""), keep_hit, stats, &error) == -1 ||
	    switches_read(desk->store, desk->arena, &stats->switches, &error) ==
		-1)
		return desk_no_store(desk, &error);
	/* Only now: a rule that is gone from the files may have hits. */
	if (check_names(stats) == -1)
		return TOOL_FINDING;
	if (stats->n > 0)
		qsort(
		    stats->hits, stats->n, sizeof(*stats->hits), compare_hits);
	if (as_json) {
		print_json(stats, &out);
	} else {
		if (stats->n_days > WIDE_MAX)
			print_days(stats, &out);
		else
			print_rows(stats, &out);
		print_never(stats, &out);
	}
	tool_out(buf_str(&out));
	buf_done(&out);
	return TOOL_FINE;
}

static int
parse_days(struct tool *tool, const char *text, size_t *days_out)
{
	uint64_t days = DAYS_DEFAULT;

	if (text != NULL && (amount_parse(str_of(text), &days) == -1 ||
				days == 0 || days > DAYS_MAX)) {
		tool_usage(tool, "'--days' is a number from 1 to %d", DAYS_MAX);
		return -1;
	}
	*days_out = (size_t)days;
	return 0;
}

int
stats_run(struct tool *tool, int argc, char **argv)
{
	const char *days_text = NULL;
	bool as_json = false;
	struct stats stats = { .asked = argv };
	const struct tool_option options[] = {
		{ "--days", NULL, &days_text },
		{ "--json", &as_json, NULL },
		{ 0 },
	};
	struct desk desk;
	size_t n_days;
	int rc;

	stats.n_asked = tool_arguments(tool, argc, argv, 0, 999, options);
	if (stats.n_asked == -1 || parse_days(tool, days_text, &n_days) == -1)
		return TOOL_USAGE;
	if (desk_open(&desk, tool, DESK_RULES_NEEDED) == -1)
		return TOOL_FINDING;
	stats.desk = &desk;
	name_days(&stats, n_days);
	rc = show(&stats, as_json);
	desk_close(&desk);
	return rc;
}
