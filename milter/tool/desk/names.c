/*
 * Names are few (hundreds at most) and asked for once in a command, so they are
 * looked for one by one. The rules are loaded anew by every command: what an
 * operator sees is what the files say now, which `hosts` compares with what the
 * daemons run.
 */
#include "tool/desk/names.h"

#include "base/quantity.h"
#include "conf/files.h"
#include "conf/load.h"
#include "rules/print.h"
#include "rules/suggest.h"

struct ruleset *
names_rules(struct tool *tool)
{
	const struct conf *conf = tool_conf(tool);
	struct rules_options options;
	struct ruleset *rules;
	struct diags *diags;

	if (conf == NULL)
		return NULL;
	conf_rules_options(conf, &options);
	options.one_by_one = true;
	diags = diags_new();
	rules = ruleset_load(
	    &files_io, conf->rules.items, conf->rules.n, &options, diags);
	if (rules == NULL)
		tool_error("the rules of the configuration cannot be loaded: "
			   "%zu error%s, which 'sluice check' shows",
		    diags_n_errors(diags),
		    diags_n_errors(diags) == 1 ? "" : "s");
	diags_free(diags);
	return rules;
}

static void
say_none(const char *what, const struct suggestion *near)
{
	if (near->best.len > 0)
		tool_error("there is no %s '%.*s'; did you mean '%.*s'?", what,
		    STR_ARG(near->wrong), STR_ARG(near->best));
	else
		tool_error("there is no %s '%.*s'; 'sluice print' shows the "
			   "rules",
		    what, STR_ARG(near->wrong));
}

void
names_no_limit(const struct ruleset *rules, struct str name)
{
	const struct program *program = ruleset_program(rules);
	struct suggestion near = { .wrong = name };

	for (size_t i = 0; i < program->n_limits; i++)
		suggest(&near, program->limits[i]->name);
	say_none("limit", &near);
}

void
names_no_rule(const struct ruleset *rules, struct str name)
{
	const struct program *program = ruleset_program(rules);
	struct suggestion near = { .wrong = name };

	for (size_t i = 0; i < program->n_rules; i++)
		suggest(&near, program->rules[i]->name);
	say_none("rule", &near);
}

void
names_no_table(const struct ruleset *rules, struct str name)
{
	const struct program *program = ruleset_program(rules);
	struct suggestion near = { .wrong = name };

	for (size_t i = 0; i < program->n_tables; i++)
		suggest(&near, program->tables[i]->name);
	say_none("table", &near);
}

void
names_no_key(const struct limit *limit, struct str text)
{
	struct buf keys = { 0 };

	for (size_t i = 0; i < limit->n_keys; i++) {
		buf_add_cstr(&keys, i > 0 ? ", " : "");
		print_ref(&limit->keys[i], &keys);
	}
	if (limit->n_keys > 1)
		tool_error("'%.*s' is no key of %.*s, which counts by %s: "
			   "write all %zu parts, with commas between them",
		    STR_ARG(text), STR_ARG(limit->name), buf_str(&keys).p,
		    limit->n_keys);
	else
		tool_error("'%.*s' is no key of %.*s, which counts by %s",
		    STR_ARG(text), STR_ARG(limit->name), buf_str(&keys).p);
	buf_done(&keys);
}

struct str
names_window(uint32_t window_sec, enum store_period period, char text[32])
{
	switch (period) {
	case STORE_DAILY:
		return STR("day");
	case STORE_MONTHLY:
		return STR("month");
	case STORE_ROLLING:
		break;
	}
	return duration_text(window_sec, text);
}

struct str
names_place(struct arena *arena, struct pos pos)
{
	unsigned line, column;

	pos_line_column(pos, &line, &column);
	return arena_printf(arena, "%s:%u", pos.source->path, line);
}
