/*
 * reset: forget what a limit has counted for a key: the way to let somebody
 * send again. That nothing was there is a finding: most likely the key was
 * written differently from how it is counted.
 */
#include "tool/tool.h"

#include "rules/key.h"

#define ARENA_BYTES 1024

static int
reset(struct store *store, struct str limit, struct str key)
{
	struct buf error, out;
	size_t n = 0;
	int rc = TOOL_FINE;

	buf_init(&error);
	buf_init(&out);
	if (store_reset(store, limit, key, &n, &error) == -1) {
		tool_error("the counters cannot be reset: %s; is 'store' in "
			   "the configuration right, and is Redis running?",
		    buf_str(&error).p);
		rc = TOOL_FINDING;
	} else if (n == 0) {
		tool_error("%s has counted nothing for '%s'; 'sluice counters "
			   "%s' lists its keys",
		    limit.p, key.p, limit.p);
		rc = TOOL_FINDING;
	} else {
		buf_printf(
		    &out, "%s starts again from 0 for %s\n", limit.p, key.p);
		tool_out(buf_str(&out));
	}
	buf_done(&error);
	buf_done(&out);
	return rc;
}

int
reset_run(struct tool *tool, int argc, char **argv)
{
	struct arena *arena;
	struct store *store;
	int rc;

	if (tool_arguments(tool, argc, argv, 2, 2, NULL) == -1)
		return TOOL_USAGE;
	/* To a store an empty name means all of them. */
	if (argv[0][0] == '\0' || argv[1][0] == '\0')
		return tool_usage(
		    tool, "'reset' needs a limit and a key that are not empty");
	if ((store = tool_open_store(tool)) == NULL)
		return TOOL_FINDING;
	arena = arena_new(ARENA_BYTES);
	rc = reset(store, str_of(argv[0]), key_encode(arena, str_of(argv[1])));
	arena_free(arena);
	store_close(store);
	return rc;
}
