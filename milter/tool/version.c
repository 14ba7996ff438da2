/*
 * version: which Sluice this is.
 */
#include "tool/tool.h"

#include "inspect/inspect.h"
#include "rules/prefilter.h"

#include <string.h>

int
version_run(struct tool *tool, int argc, char **argv)
{
	const char *scanner = prefilter_version();
	bool is_there = strcmp(scanner, "none") != 0;

	if (tool_arguments(tool, argc, argv, 0, 0, NULL) == -1)
		return TOOL_USAGE;
	tool_out(STR("sluice " SLUICE_VERSION "\n"));
	tool_out(str_of(inspect_versions()));
	tool_out(is_there ? STR(", libhs ") : STR(", no libhs"));
	tool_out(is_there ? str_of(scanner) : STR(""));
	tool_out(STR("\n"));
	return TOOL_FINE;
}
