/*
 * check: is everything as it should be, and what will it do? Errors are what
 * keeps the daemon from starting; notes are what it would start with and its
 * administrator may not have meant.
 *
 * With --bypass it tells, for each accept, what it goes around.
 * With -v it also tells how patterns are scanned; with --slow it tries each on
 * texts that make bad ones explode. What is slow is a warning: it works, and
 * the limits bound it.
 *
 * A rule file is right or wrong without the store; that is only asked which
 * rules an operator has switched to being observed.
 */
#include "tool/desk/effect.h"
#include "tool/slow.h"
#include "tool/tool.h"

#include "base/clock.h"
#include "conf/load.h"

#include <limits.h>
#include <string.h>

#define ARENA_BYTES 1024

static void
add_count(struct buf *out, size_t n, const char *what, const char *tail)
{
	buf_printf(out, "%zu %s%s%s", n, what, n == 1 ? "" : "s", tail);
}

/* Rules that an operator has switched to being observed, as notes. */
static void
add_switches(struct tool *tool, struct store *store,
    const struct ruleset *rules, struct buf *out)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct switches switches;
	struct buf error;

	buf_init(&error);
	conf_use_timezone(tool->conf);
	if (switches_read(store, arena, &switches, &error) == -1)
		buf_printf(out,
		    "note: whether rules are observed for now is not known: "
		    "%s\n",
		    buf_str(&error).p);
	for (size_t i = 0; i < switches.n; i++) {
		const struct store_switch *one = &switches.items[i];
		struct str text = switch_text(arena, one, clock_wall_ms());

		buf_printf(out, "note: rule '%.*s' is %.*s%s\n",
		    STR_ARG(one->rule), STR_ARG(text),
		    program_rule(ruleset_program(rules), one->rule) == NULL
			? " (there is no such rule any more)"
			: "");
	}
	buf_done(&error);
	arena_free(arena);
}

/* Would sluiced get a store of this configuration? What it says of the rules
 * goes to notes. */
static int
check_store(struct tool *tool, const struct ruleset *rules, struct buf *notes)
{
	struct buf diagnostics;
	struct store *store;

	buf_init(&diagnostics);
	store = conf_open_store(tool->conf, &diagnostics);
	tool_err(buf_str(&diagnostics));
	buf_done(&diagnostics);
	if (store == NULL)
		return -1;
	if (strcmp(tool->conf->store, "memory") != 0)
		add_switches(tool, store, rules, notes);
	store_close(store);
	return 0;
}

static void
add_notes(const struct conf *conf, const struct ruleset *rules, struct buf *out)
{
	if (conf->mode == CONF_MODE_OBSERVE)
		buf_add_cstr(out,
		    "note: mode = observe: every rule is only observed, and "
		    "nothing is refused\n");
	if (strcmp(conf->store, "memory") == 0 && ruleset_n_limits(rules) > 0)
		buf_add_cstr(out,
		    "note: store = memory: each sluiced counts for itself, and "
		    "its counts end with it\n");
	if (ruleset_n_rules(rules) == 0)
		buf_add_cstr(
		    out, "note: there are no rules: all mail is accepted\n");
}

/* What is wanted beside the errors. */
struct wish {
	bool is_verbose;
	bool finds_slow;
	bool tells_bypass;
};

static void
find_slow(const struct ruleset *rules, struct buf *out, struct buf *notes)
{
	size_t n_slow;
	size_t n = slow_patterns(rules, notes, &n_slow);

	add_count(out, n, "pattern", " tried, ");
	buf_printf(out, "%zu slow\n", n_slow);
}

static void
say_fine(const struct conf *conf, const struct ruleset *rules,
    const struct wish *wish, struct buf *notes)
{
	struct buf out;

	buf_init(&out);
	add_count(&out, ruleset_n_rules(rules), "rule", ", ");
	add_count(&out, ruleset_n_limits(rules), "limit", ", ");
	add_count(&out, ruleset_n_tables(rules), "table", ": fine\n");
	if (wish->tells_bypass)
		ruleset_explain_bypass(rules, &out);
	else
		ruleset_explain(rules, &out);
	if (wish->is_verbose)
		ruleset_explain_patterns(rules, &out);
	if (wish->finds_slow)
		find_slow(rules, &out, notes);
	add_notes(conf, rules, notes);
	tool_out(buf_str(&out));
	tool_err(buf_str(notes));
	buf_done(&out);
}

int
check_run(struct tool *tool, int argc, char **argv)
{
	struct wish wish = { false, false, false };
	const struct tool_option options[] = {
		{ "-v", &wish.is_verbose, NULL },
		{ "--slow", &wish.finds_slow, NULL },
		{ "--bypass", &wish.tells_bypass, NULL },
		{ NULL, NULL, NULL },
	};
	struct ruleset *rules;
	struct buf notes;
	int n, rc = TOOL_FINE;

	if ((n = tool_arguments(tool, argc, argv, 0, INT_MAX, options)) == -1)
		return TOOL_USAGE;
	if ((rules = tool_load_rules(tool, n, argv)) == NULL)
		return TOOL_FINDING;
	buf_init(&notes);
	/* Files that are being written need no store yet. */
	if (n == 0 && check_store(tool, rules, &notes) == -1)
		rc = TOOL_FINDING;
	else
		say_fine(tool->conf, rules, &wish, &notes);
	buf_done(&notes);
	ruleset_put(rules);
	return rc;
}
