/*
 * Files of tests: reading, loading their rules, running one after the other,
 * and writing down how they went.
 *
 * The trap: the report is shown on terminals and goes into logs, while names
 * and texts in it come from files, so all of it is escaped.
 */
#include "engine/trace.h"

#include "base/log.h"
#include "base/utf8.h"
#include "engine/trace_run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES 4096
#define SHOWN_MAX  300
#define FILES_MAX  10000 /* beside one configuration */

void
trace_result_done(struct trace_result *result)
{
	buf_done(&result->report);
}

/* Adds text to the report; in TAP every line of it is a comment. */
static void
report(const struct trace_options *options, struct trace_result *result,
    struct str text)
{
	while (text.len > 0) {
		struct str line = str_take(&text, '\n');

		if (options->as_tap)
			buf_add_cstr(&result->report, "# ");
		buf_add(&result->report, line);
		buf_byte(&result->report, '\n');
	}
}

/* "ok 3 - NAME", without its end. */
static void
tell_tap(struct trace_result *result, struct str name, bool is_passed)
{
	buf_printf(&result->report, "%s %u - ", is_passed ? "ok" : "not ok",
	    result->n_passed + result->n_failed + result->n_left_out);
	/* TAP reads "#" as the start of a directive. */
	for (size_t at = 0; at < name.len;) {
		struct str rest = str_from(name, at);
		ptrdiff_t hash = str_find(rest, '#');
		size_t len = hash == -1 ? rest.len : (size_t)hash;

		log_escape(&result->report, str_sub(rest, 0, len), SHOWN_MAX);
		if (hash != -1)
			buf_add_cstr(&result->report, "\\#");
		at += len + (hash != -1);
	}
}

/* Counts one test; name: of the test, or of a file that cannot be used. */
static void
count(const struct trace_options *options, struct trace_result *result,
    struct str name, bool is_passed)
{
	if (is_passed)
		result->n_passed++;
	else
		result->n_failed++;
	if (!options->as_tap)
		return;
	tell_tap(result, name, is_passed);
	buf_byte(&result->report, '\n');
}

static void
leave_out(const struct trace_options *options, struct trace_result *result,
    const struct trace_test *test)
{
	result->n_left_out++;
	if (!options->as_tap)
		return;
	tell_tap(result, test->name, true);
	buf_printf(
	    &result->report, " # SKIP this build has no %s\n", test->lacks);
}

/* A file that cannot be used counts as one failed test. */
static int
fail_file(const struct trace_options *options, struct trace_result *result,
    const char *path, struct str why)
{
	count(options, result, str_of(path), false);
	report(options, result, why);
	return -1;
}

static struct rules_options
options_for_tests(const struct trace_options *options)
{
	struct rules_options wanted;

	if (options->rules_options != NULL)
		wanted = *options->rules_options;
	else
		rules_options_init(&wanted);
	wanted.timezone = "UTC";
	wanted.observe_all = false;
	wanted.now_ms = TRACE_START_MS;
	return wanted;
}

static struct ruleset *
load_rules(const struct trace_options *options,
    const struct rules_options *wanted, const char *const *patterns,
    size_t n_patterns, struct buf *report_out)
{
	struct diags *diags = diags_new();
	struct ruleset *rules;

	assert(options->io != NULL);
	rules = ruleset_load(options->io, patterns, n_patterns, wanted, diags);
	/* Warnings are for `sluice check`; here only what stops us counts. */
	if (rules == NULL)
		diags_render(diags, report_out);
	diags_free(diags);
	return rules;
}

struct ruleset *
trace_load_rules(const struct trace_options *options,
    const char *const *patterns, size_t n_patterns, struct buf *report_out)
{
	struct rules_options wanted = options_for_tests(options);

	return load_rules(options, &wanted, patterns, n_patterns, report_out);
}

/* The line of the file on which a test failed, without its indentation. */
static void
report_line(struct pos pos, struct buf *out)
{
	struct str text = str_sub(pos.source->text, pos.at, pos.at + pos.len);
	unsigned line, column;

	pos_line_column(pos, &line, &column);
	buf_printf(out, "%5u | ", line);
	for (size_t i = 0; i < text.len && i < SHOWN_MAX; i++) {
		bool is_control =
		    (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f;

		buf_byte(out, is_control ? ' ' : text.p[i]);
	}
	buf_byte(out, '\n');
}

static void
report_failure(const struct trace_test *test, const struct trace_step *step,
    const struct buf *expected, const struct buf *came, struct buf *out)
{
	struct pos pos = step == NULL ? test->pos : step->pos;
	unsigned line, column;

	pos_line_column(pos, &line, &column);
	buf_printf(out, "%s:%u:%u: failed: ", pos.source->path, line, column);
	log_escape(out, test->name, SHOWN_MAX);
	buf_byte(out, '\n');
	report_line(pos, out);
	buf_add_cstr(out, "      | expected ");
	buf_add(out, buf_str(expected));
	buf_add_cstr(out, "; came ");
	buf_add(out, buf_str(came));
	buf_byte(out, '\n');
}

static void
run_test(const struct trace_options *options, const struct trace_place *place,
    const struct trace_test *test, struct trace_result *result)
{
	const struct trace_step *step;
	struct buf expected, came, text;
	bool is_passed;

	if (test->lacks != NULL) {
		leave_out(options, result, test);
		return;
	}
	buf_init(&expected);
	buf_init(&came);
	buf_init(&text);
	is_passed =
	    trace_run_test(options, place, test, &expected, &came, &step) == 0;
	if (!is_passed)
		report_failure(test, step, &expected, &came, &text);
	count(options, result, test->name, is_passed);
	report(options, result, buf_str(&text));
	buf_done(&expected);
	buf_done(&came);
	buf_done(&text);
}

static void
add_left_out(unsigned n, struct buf *line)
{
	if (n > 0)
		buf_printf(line,
		    ", %u left out, which need what this build "
		    "does not have",
		    n);
}

static int
run_story(const struct trace_options *options, const struct trace_place *place,
    const struct trace_story *story, struct trace_result *result)
{
	unsigned n_failed = result->n_failed, n_passed = result->n_passed;
	unsigned n_left_out = result->n_left_out;
	struct buf line;

	for (size_t i = 0; i < story->n_tests; i++)
		run_test(options, place, &story->tests[i], result);
	n_failed = result->n_failed - n_failed;
	n_passed = result->n_passed - n_passed;
	buf_init(&line);
	buf_printf(&line, "%s: %u passed", story->source->path, n_passed);
	if (n_failed > 0)
		buf_printf(&line, ", %u failed", n_failed);
	add_left_out(result->n_left_out - n_left_out, &line);
	if (story->n_tests == 0)
		buf_add_cstr(&line, ": there are no tests in it");
	report(options, result, buf_str(&line));
	buf_done(&line);
	return n_failed == 0 ? 0 : -1;
}

/* The rules of a story: its own, or those of the caller. A reference. */
static struct ruleset *
story_rules(const struct trace_options *options,
    const struct trace_story *story, int64_t start_ms, struct buf *why)
{
	struct rules_options wanted = options_for_tests(options);

	wanted.now_ms = start_ms;
	if (story->zone.len > 0)
		wanted.timezone = story->zone.p;
	if (story->n_patterns > 0)
		return load_rules(
		    options, &wanted, story->patterns, story->n_patterns, why);
	if (options->rules != NULL)
		return ruleset_get(options->rules);
	if (options->rules_error != NULL) {
		buf_add_cstr(why, options->rules_error);
		return NULL;
	}
	buf_printf(why,
	    "%s: error: it is not said which rules these tests are about; "
	    "begin the file with: rules \"NAME.rules\"\n",
	    story->source->path);
	return NULL;
}

/* In the time zone of the process. */
static int
run_here(const struct trace_options *options, const struct trace_story *story,
    int64_t start_ms, struct trace_result *result)
{
	struct trace_place place = { .start_ms = start_ms };
	struct buf why = { 0 };
	int rc;

	place.rules = story_rules(options, story, start_ms, &why);
	if (place.rules != NULL)
		rc = run_story(options, &place, story, result);
	else
		rc = fail_file(
		    options, result, story->source->path, buf_str(&why));
	ruleset_put(place.rules);
	buf_done(&why);
	return rc;
}

/* In a zone of its own; what was before is there again afterwards. */
static int
run_in_zone(const struct trace_options *options,
    const struct trace_story *story, struct trace_result *result)
{
	const char *path = story->source->path;
	struct buf why = { 0 };
	char *before;
	int64_t start_ms;
	int rc;

	if (!options->may_set_zone) {
		log_info("%s: left out: it is about time zone %s, which only "
			 "`sluice test` can go to",
		    path, story->zone.p);
		return 0;
	}
	before = trace_zone_get();
	if (trace_zone_set(story->zone, &start_ms) == 0) {
		rc = run_here(options, story, start_ms, result);
		trace_zone_restore(before);
	} else {
		buf_printf(&why, "%s: error: there is no time zone '%s'\n",
		    path, story->zone.p);
		rc = fail_file(options, result, path, buf_str(&why));
	}
	free(before);
	buf_done(&why);
	return rc;
}

static int
run_source(const struct trace_options *options, const struct source *source,
    struct trace_result *result)
{
	struct arena *arena = arena_new(FILE_BYTES);
	struct diags *diags = diags_new();
	struct trace_story story;
	struct buf why = { 0 };
	int rc;

	trace_parse(arena, source, diags, &story);
	if (diags_n_errors(diags) > 0) {
		diags_render(diags, &why);
		rc = fail_file(options, result, source->path, buf_str(&why));
	} else if (story.zone.len > 0) {
		rc = run_in_zone(options, &story, result);
	} else {
		rc = run_here(options, &story, TRACE_START_MS, result);
	}
	buf_done(&why);
	diags_free(diags);
	arena_free(arena);
	return rc;
}

int
trace_run(const struct trace_options *options, const char *path,
    struct str text, struct trace_result *result)
{
	struct source source = { .path = path, .text = text };
	struct buf why;
	int rc;

	result->n_files++;
	if (utf8_bad(text) == -1 && str_find(text, '\0') == -1 &&
	    text.len <= TRACE_FILE_MAX_BYTES)
		return run_source(options, &source, result);
	buf_init(&why);
	buf_printf(&why,
	    "%s: error: this is no text: tests are UTF-8 without NUL bytes, at "
	    "most %zu of them; write other bytes as \\xNN\n",
	    path, TRACE_FILE_MAX_BYTES);
	rc = fail_file(options, result, path, buf_str(&why));
	buf_done(&why);
	return rc;
}

int
trace_run_file(const struct trace_options *options, const char *path,
    struct trace_result *result)
{
	struct buf text, error, why;
	int rc;

	buf_init(&text);
	buf_init(&error);
	buf_init(&why);
	assert(options->io != NULL);
	if (options->io->read(options->io->context, path, TRACE_FILE_MAX_BYTES,
		&text, &error) == 0) {
		rc = trace_run(options, path, buf_str(&text), result);
	} else {
		result->n_files++;
		buf_printf(&why, "%s: error: cannot read this file: %s\n", path,
		    buf_str(&error).p);
		rc = fail_file(options, result, path, buf_str(&why));
	}
	buf_done(&text);
	buf_done(&error);
	buf_done(&why);
	return rc;
}

/* Patterns of tests, each once: one for every folder of rules. */
struct folders {
	struct arena *arena;
	char **patterns;
	size_t n;
};

static void
add_folder(void *context, const char *path)
{
	struct folders *folders = context;
	const char *slash = strrchr(path, '/');
	int len = slash == NULL ? 0 : (int)(slash - path) + 1;
	struct str pattern;

	pattern = arena_printf(folders->arena, "%.*s*.test", len, path);
	for (size_t i = 0; i < folders->n; i++)
		if (str_is(pattern, folders->patterns[i]))
			return;
	if (folders->n == FILES_MAX)
		return;
	folders->patterns = arena_grow(folders->arena, folders->patterns,
	    folders->n, sizeof(*folders->patterns));
	folders->patterns[folders->n++] = arena_cstr(folders->arena, pattern);
}

/* Files, on their way through io->glob. */
struct files_run {
	const struct trace_options *options;
	struct trace_result *result;
	int rc;
};

static void
run_globbed(void *context, const char *path)
{
	struct files_run *run = context;

	if (trace_run_file(run->options, path, run->result) == -1)
		run->rc = -1;
}

static int
run_folders(const struct trace_options *options, const struct folders *folders,
    struct trace_result *result)
{
	struct files_run run = { .options = options, .result = result };
	const struct rules_io *io = options->io;
	struct buf error;

	buf_init(&error);
	for (size_t i = 0; i < folders->n; i++) {
		buf_clear(&error);
		if (io->glob(io->context, folders->patterns[i], run_globbed,
			&run, &error) == -1)
			run.rc = fail_file(options, result,
			    folders->patterns[i], buf_str(&error));
	}
	buf_done(&error);
	return run.rc;
}

int
trace_run_beside(const struct trace_options *options,
    const char *const *patterns, size_t n_patterns, struct trace_result *result)
{
	struct trace_options with_rules = *options;
	struct folders folders = { .arena = arena_new(FILE_BYTES) };
	const struct rules_io *io = options->io;
	struct buf why;
	int rc;

	buf_init(&why);
	for (size_t i = 0; i < n_patterns; i++)
		io->glob(io->context, patterns[i], add_folder, &folders, &why);
	buf_clear(&why); /* what cannot be listed, the loader complains of */
	if (options->rules == NULL)
		with_rules.rules =
		    trace_load_rules(options, patterns, n_patterns, &why);
	else
		ruleset_get(with_rules.rules);
	if (with_rules.rules != NULL)
		rc = run_folders(&with_rules, &folders, result);
	else
		rc = fail_file(options, result, "the rules", buf_str(&why));
	ruleset_put(with_rules.rules);
	buf_done(&why);
	arena_free(folders.arena);
	return rc;
}

void
trace_report_end(
    const struct trace_options *options, struct trace_result *result)
{
	if (options->as_tap)
		buf_printf(&result->report, "1..%u\n",
		    result->n_passed + result->n_failed + result->n_left_out);
	else
		buf_printf(&result->report, "%u passed, %u failed",
		    result->n_passed, result->n_failed);
	if (options->as_tap)
		return;
	add_left_out(result->n_left_out, &result->report);
	buf_byte(&result->report, '\n');
}
