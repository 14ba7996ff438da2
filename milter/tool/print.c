/*
 * print: the rules in their normal form, which loads to the same. That is why
 * it alone may write control bytes, if a string of the rules holds one - but
 * not to a terminal.
 */
#include "tool/tool.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

int
print_run(struct tool *tool, int argc, char **argv)
{
	struct ruleset *rules;
	struct buf out;
	int n;

	if ((n = tool_arguments(tool, argc, argv, 0, INT_MAX, NULL)) == -1)
		return TOOL_USAGE;
	if ((rules = tool_load_rules(tool, n, argv)) == NULL)
		return TOOL_FINDING;
	buf_init(&out);
	ruleset_print(rules, &out);
	if (isatty(STDOUT_FILENO))
		tool_out(buf_str(&out));
	else
		fwrite(buf_str(&out).p, 1, buf_str(&out).len, stdout);
	buf_done(&out);
	ruleset_put(rules);
	return TOOL_FINE;
}
