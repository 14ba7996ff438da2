/*
 * help: which commands there are and how one is used. Made from the table, so
 * that it cannot differ from what the program does.
 */
#include "tool/tool.h"

#define USAGE_MAX 36 /* what is longer has a line of its own */

#define ENVELOPE_HELP                                                          \
	"  --json          for programs\n"                                     \
	"\nWhat it came with, unless the mail tells (Received, Return-Path, "  \
	"From, To and\nthe like):\n"                                           \
	"  --client IP --name HOST --helo HOST --from ADDRESS --rcpt ADDRESS " \
	"(several)\n"                                                          \
	"  --user NAME --daemon NAME (mx)\n"

static void
add_command(const struct command *command, struct buf *out)
{
	struct buf usage;

	buf_init(&usage);
	buf_printf(&usage, "%s %s", command->name, command->arguments);
	if (usage.len > USAGE_MAX)
		buf_printf(out, "  %s\n  %*s  %s\n", buf_str(&usage).p,
		    USAGE_MAX, "", command->help);
	else
		buf_printf(out, "  %-*s  %s\n", USAGE_MAX, buf_str(&usage).p,
		    command->help);
	buf_done(&usage);
}

static int
help_all(void)
{
	const struct command *command;
	struct buf out;

	buf_init(&out);
	buf_add_cstr(&out, "usage: sluice [-c FILE] COMMAND ...\n\n");
	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		if (command->run != NULL && command->help != NULL)
			add_command(command, &out);
	buf_printf(&out,
	    "\n  -c FILE  the configuration to use instead of %s\n"
	    "\nFILEs take the place of the configuration's 'rules'. Exit "
	    "codes: 0 fine,\n1 something was found, 2 asked wrongly.\n",
	    CONF_DEFAULT_PATH);
	tool_out(buf_str(&out));
	buf_done(&out);
	return TOOL_FINE;
}

/* What does not fit into a line, of commands that need it. */
static const struct details {
	int (*run)(struct tool *tool, int argc, char **argv);
	const char *text;
} details[] = {
	{ explain_run,
	    "MAIL is a file, '-', or FILE:NUMBER of a mailbox. Nothing is "
	    "counted, logged\nor remembered.\n\n"
	    "  --full          shorten nothing\n" ENVELOPE_HELP },
	{ replay_run,
	    "A DIR is a Maildir or any folder of mails; '-' is one mail or "
	    "mailbox. Each\nmail meets empty counters and tables in Redis, "
	    "now. Ctrl-C ends it with what\nwas found. The first rule that "
	    "reads the body bears the time of decoding it.\n\n"
	    "  --against FILE  print only what changes if FILEs take the place "
	    "of the rules;\n"
	    "                  exit code 1 if something does\n"
	    "  --threads N     instead of one for each core\n" ENVELOPE_HELP },
};

static const char *
details_of(const struct command *command)
{
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (details[i].run == command->run)
			return details[i].text;
	return NULL;
}

int
help_command(const struct command *command)
{
	const char *more = details_of(command);
	struct buf out;

	buf_init(&out);
	buf_printf(&out, "usage: sluice [-c FILE] %s %s\n%s\n", command->name,
	    command->arguments, command->help);
	if (more != NULL)
		buf_printf(&out, "\n%s", more);
	tool_out(buf_str(&out));
	buf_done(&out);
	return TOOL_FINE;
}

int
help_run(struct tool *tool, int argc, char **argv)
{
	const struct command *command;
	int n;

	if ((n = tool_arguments(tool, argc, argv, 0, 1, NULL)) == -1)
		return TOOL_USAGE;
	if (n == 0)
		return help_all();
	command = command_find(str_of(argv[0]));
	if (command == NULL || command->run == NULL || command->help == NULL)
		return tool_usage(tool,
		    command == NULL || command->run != NULL
			? "there is no command '%s'"
			: "'%s' is not available in this version",
		    argv[0]);
	return help_command(command);
}
