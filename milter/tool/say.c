/*
 * Everything that the tool writes goes through here. Commands escape each value
 * where they know what stands around it; this is the last gate, behind which no
 * byte steers a terminal even where one of them forgot.
 */
#include "tool/tool.h"

#include "base/glyph.h"
#include "tool/show/grid.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 2000 /* bytes of one sentence; the rest is cut */

static void
write_shown(FILE *file, struct str text)
{
	struct buf out = { 0 };

	glyph_add_lines(&out, text);
	fwrite(buf_str(&out).p, 1, out.len, file);
	buf_done(&out);
}

void
tool_out(struct str text)
{
	write_shown(stdout, text);
}

/* What was said before stays before it where both are one terminal. */
void
tool_err(struct str text)
{
	fflush(stdout);
	write_shown(stderr, text);
}

__attribute__((format(printf, 1, 0))) static void
say_error(const char *format, va_list args)
{
	char text[TEXT_MAX];
	struct buf line;

	vsnprintf(text, sizeof(text), format, args);
	buf_init(&line);
	buf_add_cstr(&line, "sluice: ");
	text_line(&line, str_of(text), 4 * sizeof(text));
	buf_byte(&line, '\n');
	tool_err(buf_str(&line));
	buf_done(&line);
}

void
tool_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_error(format, args);
	va_end(args);
}

int
tool_usage(const struct tool *tool, const char *format, ...)
{
	struct buf usage;
	va_list args;

	va_start(args, format);
	say_error(format, args);
	va_end(args);
	buf_init(&usage);
	if (tool->command != NULL)
		buf_printf(&usage, "usage: sluice [-c FILE] %s %s\n",
		    tool->command->name, tool->command->arguments);
	else
		buf_add_cstr(&usage,
		    "usage: sluice [-c FILE] COMMAND ...; 'sluice help' lists "
		    "the commands\n");
	tool_err(buf_str(&usage));
	buf_done(&usage);
	return TOOL_USAGE;
}
