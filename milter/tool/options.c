/*
 * Options of commands. They may stand anywhere ("counters user-pace --json"),
 * end at "--", and take their value as "--store URL" or "--store=URL".
 */
#include "tool/tool.h"

#include <string.h>

/* argv[*i] is an option; moves *i on to its value if that is the next word. */
static int
take_option(const struct tool_option *option, int argc, char **argv, int *i)
{
	const char *equals = strchr(argv[*i], '=');

	if (option->value_out == NULL) {
		*option->is_given_out = true;
		return equals == NULL ? 0 : -1;
	}
	if (equals == NULL && *i + 1 == argc)
		return -1;
	*option->value_out = equals != NULL ? equals + 1 : argv[++*i];
	return 0;
}

static bool
is_named(const char *argument, const char *name)
{
	size_t len = strlen(name);

	return strncmp(argument, name, len) == 0 &&
	       (argument[len] == '\0' || argument[len] == '=');
}

/* Of several rows of one name the first that has no value yet; or the last. */
static const struct tool_option *
find_option(const struct tool_option *options, const char *argument)
{
	const struct tool_option *found = NULL;

	for (; options->name != NULL; options++) {
		if (!is_named(argument, options->name))
			continue;
		found = options;
		if (found->value_out == NULL || *found->value_out == NULL)
			break;
	}
	return found;
}

/* One that may be given several times has a row for each. */
static bool
is_full(const struct tool_option *options, const struct tool_option *found)
{
	return found != options && strcmp(found[-1].name, found->name) == 0 &&
	       *found->value_out != NULL;
}

static void
report_option(const struct tool *tool, const char *argument)
{
	if (strncmp(argument, "-c", 2) == 0)
		tool_usage(tool, "'-c FILE' stands before the command");
	else
		tool_usage(tool, "'%s' has no option '%s'", tool->command->name,
		    argument);
}

int
tool_options(
    struct tool *tool, int argc, char **argv, const struct tool_option *options)
{
	const struct tool_option *option;
	bool has_ended = false;
	int n = 0;

	for (int i = 0; i < argc; i++) {
		if (has_ended || argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[n++] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			has_ended = true;
			continue;
		}
		if ((option = find_option(options, argv[i])) == NULL) {
			report_option(tool, argv[i]);
			return -1;
		}
		if (is_full(options, option)) {
			tool_usage(tool, "the option '%s' is given too often",
			    option->name);
			return -1;
		}
		if (take_option(option, argc, argv, &i) == -1) {
			tool_usage(tool,
			    option->value_out == NULL
				? "the option '%s' takes no value"
				: "the option '%s' needs a value behind it",
			    option->name);
			return -1;
		}
	}
	return n;
}

int
tool_arguments(struct tool *tool, int argc, char **argv, int least, int most,
    const struct tool_option *options)
{
	static const struct tool_option none[] = { { 0 } };
	int n =
	    tool_options(tool, argc, argv, options != NULL ? options : none);

	if (n == -1 || (n >= least && n <= most))
		return n;
	tool_usage(tool,
	    n < least ? "'%s' needs more arguments"
		      : "'%s' was given more arguments than it takes",
	    tool->command->name);
	return -1;
}
