/*
 * What a replay found, for people.
 */
#include "tool/replay.h"

#include "tool/desk/names.h"
#include "tool/show/grid.h"
#include "tool/show/when.h"

#define ARENA_BYTES  4096
#define RULE_COLUMNS 7

static struct str
number(struct arena *arena, uint64_t n)
{
	return n == 0 ? STR("-")
		      : arena_printf(arena, "%llu", (unsigned long long)n);
}

static struct str
count(struct arena *arena, uint64_t n, const char *what)
{
	return arena_printf(
	    arena, "%llu %s%s", (unsigned long long)n, what, n == 1 ? "" : "s");
}

static struct str
example_text(struct arena *arena, const struct examples *examples, size_t i)
{
	struct buf text = { 0 };
	struct str copy;

	if (i >= examples->n)
		return STR("");
	corpus_name_add(&text, &examples->names[i]);
	copy = arena_str(arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

/* The other examples, each in a line of its own below the first. */
static void
add_examples(struct grid *grid, const struct examples *examples)
{
	struct str cells[GRID_COLUMNS_MAX];

	for (size_t i = 1; i < examples->n; i++) {
		for (size_t j = 0; j < grid->n_columns; j++)
			cells[j] = STR("");
		cells[grid->n_columns - 1] =
		    example_text(grid->arena, examples, i);
		grid_add(grid, cells);
	}
}

static void
print_head(const struct replay *replay, struct arena *arena, struct buf *out)
{
	double seconds = (double)replay->took_us / 1000000;
	uint64_t n = replay->tally.n_mails;

	if (replay->is_interrupted)
		buf_add_cstr(out, "Interrupted. This is what was found in ");
	buf_printf(out, "%.*s in %.1f s (%.0f/s)\n",
	    STR_ARG(count(arena, n, "mail")), seconds,
	    seconds > 0 ? (double)n / seconds : 0);
}

static void
print_unreadable(
    const struct replay *replay, struct arena *arena, struct buf *out)
{
	const struct examples *examples = &replay->unreadable;

	if (replay->n_unreadable == 0)
		return;
	buf_printf(out, "\nNot read: %.*s\n",
	    STR_ARG(count(arena, replay->n_unreadable, "file")));
	for (size_t i = 0; i < examples->n; i++) {
		buf_add_cstr(out, "  ");
		text_line(out, example_text(arena, examples, i), GRID_CELL_MAX);
		buf_printf(out, ": %s\n", examples->why[i]);
	}
}

static struct str
percent(struct arena *arena, uint64_t part, uint64_t whole)
{
	double value = whole == 0 ? 0 : (double)part * 100 / (double)whole;

	/* What is there is never told as nothing, nor what lacks as all. */
	if (part > 0 && value < 0.1)
		return STR("<0.1%");
	if (part < whole && value > 99.9)
		return STR(">99.9%");
	return arena_printf(arena, "%.1f%%", value);
}

static void
add_rule(const struct tally *tally, size_t i, struct grid *grid)
{
	const struct tally_rule *rule = &tally->rules[i];
	double us = (double)rule->cpu_ns / 1000 / (double)tally->n_mails;
	struct arena *arena = grid->arena;
	struct str cells[RULE_COLUMNS];
	size_t n = 0;

	cells[n++] = tally->program->rules[i]->name;
	cells[n++] = number(arena, rule->n_hits);
	cells[n++] = number(arena, rule->n_would);
	cells[n++] = percent(arena, rule->cpu_ns, tally->cpu_ns);
	cells[n++] = arena_printf(arena, "%.1fus", us);
	if (tally->n_spent > 0)
		cells[n++] = number(arena, rule->n_spent);
	cells[n++] = example_text(arena, &rule->examples, 0);
	grid_add(grid, cells);
	add_examples(grid, &rule->examples);
}

/* SPENT, mails for which the rule had no time left, only where there are. */
static void
print_rules(const struct tally *tally, struct arena *arena, struct buf *out)
{
	struct grid_column columns[RULE_COLUMNS] = {
		{ "RULE", false },
		{ "HITS", true },
		{ "WOULD", true },
		{ "CPU", true },
		{ "CPU/MAIL", true },
	};
	struct grid grid;
	size_t n = 5;

	if (tally->n_spent > 0)
		columns[n++] = (struct grid_column){ "SPENT", true };
	columns[n++] = (struct grid_column){ "EXAMPLES", false };
	grid_init(&grid, arena, columns, n);
	for (size_t i = 0; i < tally->program->n_rules; i++)
		add_rule(tally, i, &grid);
	if (grid.n_rows == 0)
		return;
	buf_byte(out, '\n');
	grid_print(&grid, out);
}

static struct str
verdict_text(
    struct arena *arena, enum rehearsal_end end, const struct rule *rule)
{
	if (rule == NULL)
		return str_of(rehearsal_end_name(end));
	return arena_printf(
	    arena, "%s by %.*s", rehearsal_end_name(end), STR_ARG(rule->name));
}

static void
print_verdicts(const struct tally *tally, struct arena *arena, struct buf *out)
{
	static const struct grid_column columns[] = {
		{ "VERDICT", false },
		{ "MAILS", true },
		{ "", true },
	};
	const struct program *program = tally->program;
	struct grid grid;

	grid_init(&grid, arena, columns, 3);
	for (int end = 0; end < REHEARSAL_END_N; end++) {
		/* What no rule decided comes first. */
		for (size_t i = 0; i <= program->n_rules; i++) {
			size_t by =
			    (i + program->n_rules) % (program->n_rules + 1);
			uint64_t n = tally->verdicts[end][by];

			if (n == 0)
				continue;
			grid_add(&grid,
			    (struct str[]){
				verdict_text(arena, (enum rehearsal_end)end,
				    by < program->n_rules ? program->rules[by]
							  : NULL),
				number(arena, n),
				percent(arena, n, tally->n_mails) });
		}
	}
	if (grid.n_rows == 0)
		return;
	buf_byte(out, '\n');
	grid_print(&grid, out);
}

static void
print_damage(const struct tally *tally, struct arena *arena, struct buf *out)
{
	static const struct grid_column columns[] = {
		{ "DAMAGE", false },
		{ "MAILS", true },
		{ "", true },
	};
	struct grid grid;

	grid_init(&grid, arena, columns, 3);
	for (int i = 0; i < DAMAGE_N; i++)
		if (tally->damage[i] > 0)
			grid_add(&grid,
			    (struct str[]){ str_of(damage_word((enum damage)i)),
				number(arena, tally->damage[i]),
				percent(
				    arena, tally->damage[i], tally->n_mails) });
	if (grid.n_rows > 0) {
		buf_byte(out, '\n');
		grid_print(&grid, out);
	}
	if (tally->n_spent > 0)
		buf_printf(out,
		    "\n%.*s had no time left for some rule "
		    "(regex_match_limit, scan_budget)\n",
		    STR_ARG(count(arena, tally->n_spent, "mail")));
}

void
replay_print(const struct replay *replay, struct buf *out)
{
	struct arena *arena = arena_new(ARENA_BYTES);

	print_head(replay, arena, out);
	if (replay->tally.n_mails > 0) {
		print_rules(&replay->tally, arena, out);
		print_verdicts(&replay->tally, arena, out);
		print_damage(&replay->tally, arena, out);
	}
	print_unreadable(replay, arena, out);
	arena_free(arena);
}

static void
print_pairs(const struct diff *diff, struct arena *arena, struct buf *out)
{
	static const struct grid_column columns[] = {
		{ "VERDICT WAS", false },
		{ "IS", false },
		{ "MAILS", true },
		{ "EXAMPLES", false },
	};
	struct grid grid;

	grid_init(&grid, arena, columns, 4);
	for (size_t i = 0; i < diff->n_pairs; i++) {
		const struct diff_pair *pair = &diff->pairs[i];

		grid_add(&grid,
		    (struct str[]){
			verdict_text(arena, pair->before, pair->rule_before),
			verdict_text(arena, pair->now, pair->rule_now),
			number(arena, pair->n),
			example_text(arena, &pair->examples, 0) });
		add_examples(&grid, &pair->examples);
	}
	if (grid.n_rows == 0)
		return;
	buf_byte(out, '\n');
	grid_print(&grid, out);
}

/* "12", "3 would", "12 + 3 would", "-"; not in these rules: "no rule". */
static struct str
hits_text(
    struct arena *arena, const struct tally *tally, const struct rule *rule)
{
	const struct tally_rule *counted;

	if (rule == NULL)
		return STR("no rule");
	counted = &tally->rules[rule->index];
	if (counted->n_would == 0)
		return number(arena, counted->n_hits);
	if (counted->n_hits == 0)
		return arena_printf(
		    arena, "%llu would", (unsigned long long)counted->n_would);
	return arena_printf(arena, "%llu + %llu would",
	    (unsigned long long)counted->n_hits,
	    (unsigned long long)counted->n_would);
}

static void
print_rule_diffs(
    const struct replay *replay, struct arena *arena, struct buf *out)
{
	static const struct grid_column columns[] = {
		{ "RULE", false },
		{ "HITS WERE", true },
		{ "ARE", true },
		{ "MAILS", true },
		{ "EXAMPLES", false },
	};
	const struct diff *diff = &replay->diff;
	struct grid grid;

	grid_init(&grid, arena, columns, 5);
	for (size_t i = 0; i < diff->n_rules; i++) {
		const struct diff_rule *rule = &diff->rules[i];

		if (rule->n == 0)
			continue;
		grid_add(
		    &grid, (struct str[]){ rule->name,
			       hits_text(arena, &replay->tally, rule->before),
			       hits_text(arena, &replay->tally_now, rule->now),
			       number(arena, rule->n),
			       example_text(arena, &rule->examples, 0) });
		add_examples(&grid, &rule->examples);
	}
	if (grid.n_rows == 0)
		return;
	buf_byte(out, '\n');
	grid_print(&grid, out);
}

void
replay_print_diff(const struct replay *replay, struct buf *out)
{
	struct arena *arena = arena_new(ARENA_BYTES);

	print_head(replay, arena, out);
	if (diff_is_empty(&replay->diff) && replay->tally.n_mails > 0)
		buf_add_cstr(out, "\nNothing changes: the same verdicts, and "
				  "each rule hits the same mails.\n");
	print_pairs(&replay->diff, arena, out);
	print_rule_diffs(replay, arena, out);
	print_unreadable(replay, arena, out);
	arena_free(arena);
}
