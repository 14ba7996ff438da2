/*
 * facts: what rules can know, and every word in which they and their tests are
 * written. The tables are the language's own.
 */
#include "rules/facts.h"

#include "engine/trace.h"
#include "rules/words.h"
#include "tool/tool.h"

static void
add_word(void *context, const char *kind, const char *word)
{
	buf_printf(context, "%s %s\n", kind, word);
}

/* "KIND WORD" in each line. */
static void
print_words(struct buf *out)
{
	language_words(add_word, out);
	for (size_t i = 0; trace_verb_word(i) != NULL; i++)
		add_word(out, "verb", trace_verb_word(i));
	for (size_t i = 0; trace_also_word(i) != NULL; i++)
		add_word(out, "also", trace_also_word(i));
}

int
facts_run(struct tool *tool, int argc, char **argv)
{
	bool as_json = false, are_words = false;
	const struct tool_option options[] = {
		{ "--json", &as_json, NULL },
		{ "--words", &are_words, NULL },
		{ 0 },
	};
	struct buf out;

	if (tool_arguments(tool, argc, argv, 0, 0, options) == -1)
		return TOOL_USAGE;
	buf_init(&out);
	if (are_words)
		print_words(&out);
	else
		facts_print(&out, as_json);
	tool_out(buf_str(&out));
	buf_done(&out);
	return TOOL_FINE;
}
