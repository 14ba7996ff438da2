/*
 * sluice: the operator's program. Finds the command and runs it.
 */
#include "tool/tool.h"

#include "conf/secret.h"
#include "inspect/inspect.h"

#include <stdio.h>
#include <string.h>

static int
refuse_command(const char *name, const struct command *command)
{
	struct str nearest = command_suggest(str_of(name));

	if (command != NULL)
		tool_error("'%s' is not available in this version", name);
	else if (nearest.len > 0)
		tool_error("there is no command '%s'; did you mean '%.*s'?",
		    name, STR_ARG(nearest));
	else
		tool_error(
		    "there is no command '%s'; 'sluice help' lists them", name);
	return TOOL_USAGE;
}

/* What was written may still sit in a buffer that the disk has no room for. */
static int
close_output(int rc)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	tool_error("the output could not be written");
	return rc == TOOL_FINE ? TOOL_FINDING : rc;
}

static bool
is_help(const char *argument)
{
	return strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0;
}

static int
run(struct tool *tool, const char *name, int argc, char **argv)
{
	int rc;

	tool->command = command_find(str_of(name));
	if (tool->command == NULL || tool->command->run == NULL)
		return refuse_command(name, tool->command);
	if (argc == 1 && is_help(argv[0]) && tool->command->help != NULL)
		return help_command(tool->command);
	rc = tool->command->run(tool, argc, argv);
	conf_free(tool->conf);
	return close_output(rc);
}

/* People try these before they read anything. */
static const char *
command_of(const char *argument)
{
	if (is_help(argument))
		return "help";
	if (strcmp(argument, "-V") == 0 || strcmp(argument, "--version") == 0)
		return "version";
	return argument;
}

int
main(int argc, char **argv)
{
	struct tool tool = { 0 };
	const char *name;
	int i = 1;

	if (inspect_is_helper(argc, argv))
		return inspect_serve();
	secret_forbid_dumps();
	/* What goes wrong, commands say themselves. */
	log_setup("sluice", LOG_SINK_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	if (i < argc && strcmp(argv[i], "-c") == 0) {
		if (i + 1 == argc) {
			return tool_usage(&tool, "'-c' needs a file behind it");
		}
		tool.conf_path = argv[i + 1];
		i += 2;
	}
	if (i >= argc)
		return tool_usage(&tool, "there is nothing to do");
	name = command_of(argv[i]);
	if (name[0] == '-') {
		return tool_usage(
		    &tool, "there is no option '%s' before the command", name);
	}
	return run(&tool, name, argc - i - 1, argv + i + 1);
}
