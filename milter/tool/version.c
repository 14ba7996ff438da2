/*
 * version: which Sluice this is.
 */
#include "tool/tool.h"

#include "inspect/inspect.h"

int
version_run(struct tool *tool, int argc, char **argv)
{
	if (tool_arguments(tool, argc, argv, 0, 0, NULL) == -1)
		return TOOL_USAGE;
	tool_out(STR("sluice " SLUICE_VERSION "\n"));
	tool_out(str_of(inspect_versions()));
	tool_out(STR("\n"));
	return TOOL_FINE;
}
