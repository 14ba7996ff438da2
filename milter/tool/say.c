/*
 * Everything that the tool writes goes through here, so that one function
 * keeps control bytes away from terminals. C1 controls (U+0080 to U+009F) are
 * two bytes in UTF-8 and steer terminals, too; what is not UTF-8 might be read
 * as one of them.
 */
#include "tool/tool.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 2000 /* bytes of one sentence; the rest is cut */

bool
tool_is_shown(struct str rest, size_t len)
{
	unsigned char c = (unsigned char)rest.p[0];

	if (len == 0)
		return false;
	if (len == 1)
		return (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t';
	return c != 0xc2 || (unsigned char)rest.p[1] >= 0xa0;
}

static void
write_shown(FILE *file, struct str text)
{
	while (text.len > 0) {
		size_t len = utf8_sequence(text);

		if (tool_is_shown(text, len))
			fwrite(text.p, 1, len, file);
		else
			fputc('?', file);
		text = str_from(text, len > 0 ? len : 1);
	}
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
	buf_printf(&line, "sluice: %s\n", text);
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
