/*
 * facts: what rules can know. The table is the rules' own.
 */
#include "rules/facts.h"

#include "tool/tool.h"

int
facts_run(struct tool *tool, int argc, char **argv)
{
	bool as_json = false;
	const struct tool_option options[] = {
		{ "--json", &as_json, NULL },
		{ 0 },
	};
	struct buf out;

	if (tool_arguments(tool, argc, argv, 0, 0, options) == -1)
		return TOOL_USAGE;
	buf_init(&out);
	facts_print(&out, as_json);
	tool_out(buf_str(&out));
	buf_done(&out);
	return TOOL_FINE;
}
