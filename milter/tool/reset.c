/*
 * reset: forget what a limit has counted for a key, and end its lock: the way
 * to let somebody send again. That nothing was there is a finding: most likely
 * the key was written differently from how it is counted.
 */
#include "rules/key.h"
#include "tool/desk/desk.h"

/* A limit that the rules have no more may still have counters. */
static int
find_key(struct desk *desk, const char *limit_name, const char *text,
    struct str *key_out)
{
	const struct limit *limit =
	    desk->rules != NULL ? program_limit(ruleset_program(desk->rules),
				      str_of(limit_name))
				: NULL;
	struct identity identity;

	if (limit == NULL) {
		*key_out = key_encode(desk->arena, str_of(text));
		return 0;
	}
	if (desk_key(desk, limit, text, &identity) == -1)
		return -1;
	*key_out = identity.key;
	return 0;
}

static int
say_nothing_there(struct desk *desk, struct str limit, struct str key)
{
	if (desk->rules != NULL &&
	    program_limit(ruleset_program(desk->rules), limit) == NULL)
		names_no_limit(desk->rules, limit);
	else
		tool_error("%s has counted nothing for '%s'; 'sluice counters "
			   "%s' lists its keys",
		    limit.p, key.p, limit.p);
	return TOOL_FINDING;
}

static int
reset(struct desk *desk, struct str limit, struct str key, struct str reason)
{
	const struct operator_act act = {
		.did = "reset", .limit = limit, .key = key, .reason = reason
	};
	struct buf error = { 0 }, out = { 0 };
	size_t n = 0;

	if (store_reset(desk->store, limit, key, &n, &error) == -1)
		return desk_no_store(desk, &error);
	if (n == 0)
		return say_nothing_there(desk, limit, key);
	buf_printf(&out, "%s starts again from 0 for %s\n", limit.p, key.p);
	tool_out(buf_str(&out));
	buf_done(&out);
	desk_record(desk, &act);
	return TOOL_FINE;
}

static int
reset_with(struct desk *desk, int n, char **argv)
{
	struct clause clause;
	struct str key;

	if (desk_clause(desk, n - 2, argv + 2, &clause) == -1)
		return TOOL_USAGE;
	if (clause.subject.len > 0 || clause.has_for)
		return tool_usage(
		    desk->tool, "'reset' needs a limit, a key and no more");
	if (find_key(desk, argv[0], argv[1], &key) == -1)
		return TOOL_FINDING;
	return reset(desk, str_of(argv[0]), key, clause.reason);
}

int
reset_run(struct tool *tool, int argc, char **argv)
{
	struct desk desk;
	int n, rc;

	if ((n = tool_arguments(tool, argc, argv, 2, 99, NULL)) == -1)
		return TOOL_USAGE;
	/* To a store an empty name means all of them. */
	if (argv[0][0] == '\0' || argv[1][0] == '\0')
		return tool_usage(
		    tool, "'reset' needs a limit and a key that are not empty");
	if (desk_open(&desk, tool, DESK_RULES_IF_FINE) == -1)
		return TOOL_FINDING;
	rc = reset_with(&desk, n, argv);
	desk_close(&desk);
	return rc;
}
