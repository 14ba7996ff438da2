/*
 * version: which Sluice this is.
 */
#include "tool/tool.h"

int
version_run(struct tool *tool, int argc, char **argv)
{
	if (tool_arguments(tool, argc, argv, 0, 0, NULL) == -1)
		return TOOL_USAGE;
	tool_out(STR("sluice " SLUICE_VERSION "\n"));
	return TOOL_FINE;
}
