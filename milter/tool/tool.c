/*
 * Configuration, rules and store as commands want them. Each is loaded when
 * it is asked for: `sluice facts` works where there is no configuration.
 */
#include "tool/tool.h"

#include "conf/files.h"
#include "conf/load.h"

#include <string.h>

#define PATIENCE_MS 3000

const struct conf *
tool_conf(struct tool *tool)
{
	struct buf diagnostics;

	if (tool->conf != NULL)
		return tool->conf;
	buf_init(&diagnostics);
	tool->conf = conf_load(tool->conf_path, &diagnostics);
	tool_err(buf_str(&diagnostics));
	buf_done(&diagnostics);
	return tool->conf;
}

static void
choose_patterns(const struct conf *conf, int n_files, char **files,
    const char *const **patterns_out, size_t *n_out)
{
	if (n_files > 0) {
		*patterns_out = (const char *const *)files;
		*n_out = (size_t)n_files;
	} else {
		*patterns_out = conf->rules.items;
		*n_out = conf->rules.n;
	}
}

struct ruleset *
tool_load_rules(struct tool *tool, int n_files, char **files)
{
	const struct conf *conf = tool_conf(tool);
	struct rules_options options;
	const char *const *patterns;
	struct ruleset *rules;
	struct diags *diags;
	struct buf text;
	size_t n;

	if (conf == NULL)
		return NULL;
	conf_rules_options(conf, &options);
	choose_patterns(conf, n_files, files, &patterns, &n);
	diags = diags_new();
	rules = ruleset_load(&files_io, patterns, n, &options, diags);
	buf_init(&text);
	diags_render(diags, &text);
	tool_err(buf_str(&text));
	buf_done(&text);
	diags_free(diags);
	return rules;
}

struct store *
tool_open_store(struct tool *tool)
{
	const struct conf *conf = tool_conf(tool);
	struct conf patient;
	struct store *store;
	struct buf diagnostics;

	if (conf == NULL)
		return NULL;
	if (strcmp(conf->store, "memory") == 0) {
		tool_error(
		    "the configuration says 'store = memory': each "
		    "sluiced keeps its counts to itself, and they can be "
		    "neither seen nor changed from here");
		return NULL;
	}
	/* A person waits longer than mail may. */
	patient = *conf;
	if (patient.store_timeout_ms < PATIENCE_MS)
		patient.store_timeout_ms = PATIENCE_MS;
	buf_init(&diagnostics);
	store = conf_open_store(&patient, &diagnostics);
	tool_err(buf_str(&diagnostics));
	buf_done(&diagnostics);
	return store;
}
