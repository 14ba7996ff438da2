/*
 * check: is everything as it should be, and what will it do? Errors are what
 * keeps the daemon from starting; notes are what it would start with and its
 * administrator may not have meant.
 *
 * The store is not asked: a rule file is right or wrong without it.
 */
#include "tool/tool.h"

#include "conf/load.h"

#include <limits.h>
#include <string.h>

static void
add_count(struct buf *out, size_t n, const char *what, const char *tail)
{
	buf_printf(out, "%zu %s%s%s", n, what, n == 1 ? "" : "s", tail);
}

/* Would sluiced get a store of this configuration? */
static int
check_store(struct tool *tool)
{
	struct buf diagnostics;
	struct store *store;

	buf_init(&diagnostics);
	store = conf_open_store(tool->conf, &diagnostics);
	tool_err(buf_str(&diagnostics));
	buf_done(&diagnostics);
	if (store == NULL)
		return -1;
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

static void
say_fine(const struct conf *conf, const struct ruleset *rules)
{
	struct buf out, notes;

	buf_init(&out);
	buf_init(&notes);
	add_count(&out, ruleset_n_rules(rules), "rule", ", ");
	add_count(&out, ruleset_n_limits(rules), "limit", ", ");
	add_count(&out, ruleset_n_tables(rules), "table", ": fine\n");
	ruleset_explain(rules, &out);
	add_notes(conf, rules, &notes);
	tool_out(buf_str(&out));
	tool_err(buf_str(&notes));
	buf_done(&out);
	buf_done(&notes);
}

int
check_run(struct tool *tool, int argc, char **argv)
{
	struct ruleset *rules;
	int n, rc = TOOL_FINE;

	if ((n = tool_arguments(tool, argc, argv, 0, INT_MAX, NULL)) == -1)
		return TOOL_USAGE;
	if ((rules = tool_load_rules(tool, n, argv)) == NULL)
		return TOOL_FINDING;
	/* Files that are being written need no store yet. */
	if (n == 0 && check_store(tool) == -1)
		rc = TOOL_FINDING;
	else
		say_fine(tool->conf, rules);
	ruleset_put(rules);
	return rc;
}
