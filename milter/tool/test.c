/*
 * test: run stories against rules (engine/trace.h).
 *
 * The trap: a test file may name its own rules, so it must run even where the
 * configuration's rules cannot be loaded; only a file that relies on them
 * fails then, and says why.
 */
#include "tool/tool.h"

#include "base/calendar.h"
#include "conf/files.h"
#include "conf/load.h"
#include "conf/secret.h"
#include "engine/trace.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

static int
say_result(const struct trace_options *options, struct trace_result *result)
{
	trace_report_end(options, result);
	tool_out(buf_str(&result->report));
	return result->n_failed == 0 ? TOOL_FINE : TOOL_FINDING;
}

static int
test_files(const struct trace_options *options, int n_files, char **files)
{
	struct trace_result result = { 0 };
	int rc;

	for (int i = 0; i < n_files; i++)
		trace_run_file(options, files[i], &result);
	rc = say_result(options, &result);
	trace_result_done(&result);
	return rc;
}

static int
test_beside(const struct trace_options *options, const struct conf *conf)
{
	struct trace_result result = { 0 };
	int rc;

	trace_run_beside(options, conf->rules.items, conf->rules.n, &result);
	rc = say_result(options, &result);
	if (result.n_files == 0 && result.n_failed == 0) {
		tool_error("there is no test: no file *.test stands beside the "
			   "rules of the configuration");
		rc = TOOL_FINDING;
	}
	trace_result_done(&result);
	return rc;
}

static bool
is_rules(const char *path)
{
	return str_ends_nocase(str_of(path), STR(".rules"));
}

static int
test_with(
    struct tool *tool, const struct trace_options *asked, int n, char **files)
{
	const struct conf *conf = tool_conf(tool);
	struct trace_options options = *asked;
	struct rules_options rules_options;
	struct buf why;
	int rc;

	if (conf == NULL)
		return TOOL_FINDING;
	conf_rules_options(conf, &rules_options);
	options.rules_options = &rules_options;
	options.inspector = conf_test_inspector(conf);
	if (n == 0) {
		rc = test_beside(&options, conf);
		inspector_free(options.inspector);
		return rc;
	}
	buf_init(&why);
	options.rules =
	    trace_load_rules(&options, conf->rules.items, conf->rules.n, &why);
	options.rules_error = buf_str(&why).p;
	rc = test_files(&options, n, files);
	ruleset_put(options.rules);
	inspector_free(options.inspector);
	buf_done(&why);
	return rc;
}

static bool
is_store(struct tool *tool, const char *url)
{
	struct store_options options = { .url = url };
	struct store *store;
	struct buf error;

	buf_init(&error);
	store = store_open(&options, &error);
	if (store == NULL)
		tool_usage(
		    tool, "the store cannot be used: %s", buf_str(&error).p);
	buf_done(&error);
	store_close(store);
	return store != NULL;
}

int
test_run(struct tool *tool, int argc, char **argv)
{
	struct trace_options options = { .io = &files_io,
		.may_set_zone = true };
	const struct tool_option tool_options[] = {
		{ "--store", NULL, &options.store_url },
		{ "--tap", &options.as_tap, NULL },
		{ 0 },
	};
	int n;

	n = tool_arguments(tool, argc, argv, 0, INT_MAX, tool_options);
	if (n == -1)
		return TOOL_USAGE;
	for (int i = 0; i < n; i++)
		if (is_rules(argv[i]))
			return tool_usage(tool,
			    "'%s' is a file of rules; 'test' runs files of "
			    "tests (*.test), 'check' looks at rules",
			    argv[i]);
	if (options.store_url != NULL &&
	    secret_is_in_url(str_of(options.store_url)))
		return tool_usage(tool,
		    "`ps` would show this password to every user; take a store "
		    "without one for tests");
	if (options.store_url != NULL && !is_store(tool, options.store_url))
		return TOOL_USAGE;
	/* Stories run in UTC, wherever they are run. */
	setenv("TZ", "UTC", 1);
	calendar_zone_changed();
	return test_with(tool, &options, n, argv);
}
