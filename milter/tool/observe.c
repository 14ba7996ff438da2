/*
 * observe, enforce: a rule that refuses nothing for a time, on all hosts at
 * once, and back again. What stands in the rule file is stronger: a rule that
 * is observed there can only be enforced there.
 */
#include "tool/desk/desk.h"

#include "tool/show/when.h"

static int
find_rule(struct desk *desk, const char *name, const struct rule **rule_out)
{
	*rule_out = program_rule(ruleset_program(desk->rules), str_of(name));
	if (*rule_out != NULL)
		return 0;
	names_no_rule(desk->rules, str_of(name));
	return -1;
}

static struct str
place_of(struct desk *desk, const struct rule *rule)
{
	return names_place(desk->arena, rule->pos);
}

static int
observe(struct desk *desk, const struct rule *rule, const struct clause *clause)
{
	struct store_switch one = { .rule = rule->name };
	struct operator_act act = {
		.did = "observe", .rule = rule->name, .reason = clause->reason
	};
	struct buf error = { 0 }, out = { 0 };
	char until[WHEN_MAX];

	if (rule->is_observed) {
		tool_error("'%.*s' is observed by its file, %.*s, already",
		    STR_ARG(rule->name), STR_ARG(place_of(desk, rule)));
		return TOOL_FINDING;
	}
	one.hold.until_ms = desk_until_ms(desk, clause->for_sec);
	one.hold.reason = clause->reason;
	one.hold.by = desk_by(desk);
	if (store_switch_set(desk->store, &one, &error) == -1)
		return desk_no_store(desk, &error);
	buf_printf(&out,
	    "%.*s (%.*s) is only observed on all hosts until %s; 'sluice "
	    "enforce %.*s' ends it\n",
	    STR_ARG(rule->name), STR_ARG(place_of(desk, rule)),
	    when_both(one.hold.until_ms, desk->now_ms, until).p,
	    STR_ARG(rule->name));
	tool_out(buf_str(&out));
	buf_done(&out);
	act.until_ms = one.hold.until_ms;
	desk_record(desk, &act);
	return TOOL_FINE;
}

static int
enforce(struct desk *desk, const struct rule *rule, struct str reason)
{
	const struct operator_act act = {
		.did = "enforce", .rule = rule->name, .reason = reason
	};
	struct buf error = { 0 }, out = { 0 };
	bool was_there = false;

	if (store_switch_drop(desk->store, rule->name, &was_there, &error) ==
	    -1)
		return desk_no_store(desk, &error);
	/* The switch goes in any case: it must not come back to life when the
	 * file or the mode is changed. */
	if (was_there)
		desk_record(desk, &act);
	if (rule->is_observed) {
		tool_error("'%.*s' is observed by its file: take the word "
			   "'observe' out at %.*s, and reload",
		    STR_ARG(rule->name), STR_ARG(place_of(desk, rule)));
		return TOOL_FINDING;
	}
	if (ruleset_options(desk->rules)->observe_all) {
		tool_error("the configuration says 'mode = observe': all "
			   "rules are only observed");
		return TOOL_FINDING;
	}
	/* A finding: whoever asked for it believed something else. */
	if (!was_there) {
		tool_error("'%.*s' is enforced already", STR_ARG(rule->name));
		return TOOL_FINDING;
	}
	buf_printf(&out, "%.*s (%.*s) is enforced again on all hosts\n",
	    STR_ARG(rule->name), STR_ARG(place_of(desk, rule)));
	tool_out(buf_str(&out));
	buf_done(&out);
	return TOOL_FINE;
}

static int
observe_with(struct desk *desk, int n, char **argv)
{
	const struct rule *rule;
	struct clause clause;

	if (desk_clause(desk, n - 1, argv + 1, &clause) == -1)
		return TOOL_USAGE;
	if (clause.subject.len > 0 || !clause.has_for || !clause.has_reason)
		return tool_usage(desk->tool,
		    "'observe' needs a time and a reason: for 1d reason "
		    "\"refuses our own newsletter\"");
	if (find_rule(desk, argv[0], &rule) == -1)
		return TOOL_FINDING;
	return observe(desk, rule, &clause);
}

static int
enforce_with(struct desk *desk, int n, char **argv)
{
	const struct rule *rule;
	struct clause clause;

	if (desk_clause(desk, n - 1, argv + 1, &clause) == -1)
		return TOOL_USAGE;
	if (clause.subject.len > 0 || clause.has_for)
		return tool_usage(
		    desk->tool, "'enforce' needs a rule and no more");
	if (find_rule(desk, argv[0], &rule) == -1)
		return TOOL_FINDING;
	return enforce(desk, rule, clause.reason);
}

static int
run(struct tool *tool, int argc, char **argv,
    int (*with)(struct desk *desk, int n, char **argv))
{
	struct desk desk;
	int n, rc;

	if ((n = tool_arguments(tool, argc, argv, 1, 99, NULL)) == -1)
		return TOOL_USAGE;
	if (desk_open(&desk, tool, DESK_RULES_NEEDED) == -1)
		return TOOL_FINDING;
	rc = with(&desk, n, argv);
	desk_close(&desk);
	return rc;
}

int
observe_run(struct tool *tool, int argc, char **argv)
{
	return run(tool, argc, argv, observe_with);
}

int
enforce_run(struct tool *tool, int argc, char **argv)
{
	return run(tool, argc, argv, enforce_with);
}
