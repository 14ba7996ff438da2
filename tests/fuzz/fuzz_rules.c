/*
 * Any bytes as a rule file: nothing crashes, diagnostics are clean text of a
 * bounded length, and what loads prints to a text that loads again, without a
 * word, and prints to the same.
 *
 * There are no other files: `include` and file tables find nothing.
 */
#include "base/utf8.h"
#include "rules/ruleset.h"

#include <stdlib.h>

#define INPUT_MAX    16384
#define RENDERED_MAX 200000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert would be silent in a build with NDEBUG. */
static void
require(bool is_true)
{
	if (!is_true)
		abort();
}

static int
read_nothing(void *context, const char *path, size_t max_bytes, struct buf *out,
    struct buf *error)
{
	(void)context;
	(void)path;
	(void)max_bytes;
	(void)out;
	buf_add_cstr(error, "No such file or directory");
	return -1;
}

static int
glob_nothing(void *context, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context,
    struct buf *error)
{
	(void)context;
	(void)pattern;
	(void)each;
	(void)each_context;
	(void)error;
	return 0;
}

static int
stamp_nothing(void *context, const char *path, uint64_t stamp_out[2])
{
	(void)context;
	(void)path;
	(void)stamp_out;
	return -1;
}

static const struct rules_io no_files = {
	.read = read_nothing, .glob = glob_nothing, .stamp = stamp_nothing
};

static void
check_diagnostics(const struct diags *diags, bool is_loaded)
{
	struct buf text = { 0 };

	diags_render(diags, &text);
	require(is_loaded == (diags_n_errors(diags) == 0));
	require(is_loaded || text.len > 0);
	require(text.len < RENDERED_MAX);
	require(utf8_bad(buf_str(&text)) < 0);
	for (size_t i = 0; i < text.len; i++)
		require((unsigned char)text.p[i] >= ' ' || text.p[i] == '\n' ||
			text.p[i] == '\t');
	buf_done(&text);
}

static struct ruleset *
load(struct str text)
{
	struct rules_options options;
	struct diags *diags = diags_new();
	struct ruleset *rules;

	rules_options_init(&options);
	options.now_ms = INT64_C(1767225600000); /* 2026-01-01 */
	rules =
	    ruleset_load_text(&no_files, "fuzz.rules", text, &options, diags);
	check_diagnostics(diags, rules != NULL);
	diags_free(diags);
	return rules;
}

static void
check_round_trip(const struct ruleset *rules)
{
	struct buf once = { 0 }, twice = { 0 };
	struct ruleset *again;

	ruleset_print(rules, &once);
	again = load(buf_str(&once));
	require(again != NULL);
	ruleset_print(again, &twice);
	require(str_eq(buf_str(&once), buf_str(&twice)));
	require(str_is(str_of(ruleset_hash(rules)), ruleset_hash(again)));
	ruleset_put(again);
	buf_done(&once);
	buf_done(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf explained = { 0 };
	struct ruleset *rules;

	if (size > INPUT_MAX)
		return 0;
	rules = load((struct str){ (const char *)data, size });
	if (rules == NULL)
		return 0;
	check_round_trip(rules);
	ruleset_explain(rules, &explained);
	buf_done(&explained);
	ruleset_put(rules);
	return 0;
}
