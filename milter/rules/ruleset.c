/*
 * Loading: read, look at the bytes, parse with what is included, check, load
 * the tables, plan. One arena holds it all; a failed load leaves nothing.
 */
#include "rules/ruleset.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "inspect/inspect.h"
#include "rules/check.h"
#include "rules/parser.h"
#include "rules/print.h"
#include "rules/scan.h"

#include <sha256.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INCLUDE_DEPTH_MAX 16
#define FILES_MAX         1000 /* folders that include each other: m^n */
#define HASH_DIGITS       12

struct ruleset {
	atomic_uint n_refs;
	struct program program;
	struct needs needs;
	struct rules_options options;
	const struct rules_io *io;
	char hash[HASH_DIGITS + 1];
};

/* One load under way. */
struct loader {
	struct ruleset *rules;
	struct diags *diags;
	struct parser parser;
	struct source *open[INCLUDE_DEPTH_MAX]; /* files inside each other */
	size_t n_open;
	struct pos from;  /* of the include or none */
	size_t n_matches; /* files that the present glob has found */
	size_t n_files;   /* all that were read */
};

static const struct pos no_pos;

void
rules_options_init(struct rules_options *options)
{
	*options = (struct rules_options){
		.on_outage = "count-locally",
		.scan_limit = 1000000,
		.scan_budget_ms = 250,
		.regex_match_limit = 10000,
		.now_ms = clock_wall_ms(),
		.lacks_archive = !inspect_has_archive(),
		.lacks_magic = !inspect_has_magic(),
	};
}

static struct source *
new_source(struct loader *loader, const char *path, struct str text)
{
	struct arena *arena = loader->rules->program.arena;
	struct source *source = arena_alloc(arena, sizeof(*source));

	source->path = arena_cstr(arena, str_of(path));
	source->text = arena_str(arena, text);
	return source;
}

/* Bytes that no rule file may have. */
static int
check_bytes(struct loader *loader, const struct source *source)
{
	struct str text = source->text;
	ptrdiff_t nul = str_find(text, '\0'), bad = utf8_bad(text);
	struct pos pos = { source, 0, 0 };

	if (nul >= 0 && (bad < 0 || nul < bad)) {
		pos.at = (uint32_t)nul;
		diag_add(loader->diags, DIAG_ERROR, pos,
		    "a NUL byte: this is no text file");
		return -1;
	}
	if (bad >= 0) {
		pos.at = (uint32_t)bad;
		diag_add(loader->diags, DIAG_ERROR, pos,
		    "the byte 0x%02x is not UTF-8",
		    (unsigned)(unsigned char)text.p[bad]);
		return -1;
	}
	return 0;
}

static void
parse_source(struct loader *loader, struct source *source)
{
	/* A byte order mark is no sin. */
	if (str_starts(source->text, STR("\xef\xbb\xbf")))
		source->text = str_from(source->text, 3);
	if (check_bytes(loader, source) == -1)
		return;
	loader->open[loader->n_open++] = source;
	parser_run(&loader->parser, source);
	loader->n_open--;
}

static bool
is_open(const struct loader *loader, const char *path)
{
	for (size_t i = 0; i < loader->n_open; i++)
		if (strcmp(loader->open[i]->path, path) == 0)
			return true;
	return false;
}

static void
load_file(void *context, const char *path)
{
	struct loader *loader = context;
	const struct rules_io *io = loader->rules->io;
	struct buf text = { 0 }, error = { 0 };
	struct pos from = loader->from;

	loader->n_matches++;
	if (is_open(loader, path)) {
		diag_add(loader->diags, DIAG_ERROR, from,
		    "%s would include itself", path);
		return;
	}
	if (loader->n_open == INCLUDE_DEPTH_MAX) {
		diag_add(loader->diags, DIAG_ERROR, from,
		    "more than %d files include each other", INCLUDE_DEPTH_MAX);
		return;
	}
	if (++loader->n_files > FILES_MAX) {
		if (loader->n_files == FILES_MAX + 1)
			diag_add(loader->diags, DIAG_ERROR, from,
			    "there are more than %d rule files", FILES_MAX);
		return;
	}
	if (io->read(io->context, path, RULES_FILE_MAX_BYTES, &text, &error) ==
	    -1)
		diag_add(loader->diags, DIAG_ERROR, from, "cannot read %s: %s",
		    path, error.p);
	else
		parse_source(loader, new_source(loader, path, buf_str(&text)));
	loader->from = from;
	buf_done(&text);
	buf_done(&error);
}

static void
load_glob(struct loader *loader, const char *glob, struct pos from)
{
	const struct rules_io *io = loader->rules->io;
	struct buf error = { 0 };

	loader->from = from;
	loader->n_matches = 0;
	if (io->glob(io->context, glob, load_file, loader, &error) == -1)
		diag_add(loader->diags, DIAG_ERROR, from,
		    "cannot look for %s: %s", glob, error.p);
	else if (loader->n_matches == 0)
		diag_add(loader->diags, DIAG_ERROR, from, "no file matches %s",
		    glob);
	buf_done(&error);
}

static void
include(void *context, struct str glob, struct pos pos)
{
	struct loader *loader = context;
	struct arena *arena = loader->rules->program.arena;
	struct str here = str_of(pos.source->path);
	ptrdiff_t slash = str_find_last(here, '/');
	size_t n_matches = loader->n_matches;

	if (slash >= 0 && !str_starts(glob, STR("/")))
		glob = arena_printf(
		    arena, "%.*s%.*s", (int)slash + 1, here.p, STR_ARG(glob));
	load_glob(loader, glob.p, pos);
	loader->n_matches = n_matches;
}

static const char *
copy(struct ruleset *rules, const char *option)
{
	if (option == NULL)
		return NULL;
	return arena_cstr(rules->program.arena, str_of(option));
}

static struct ruleset *
new_ruleset(const struct rules_io *io, const struct rules_options *options)
{
	struct ruleset *rules = xcalloc(1, sizeof(*rules));

	atomic_init(&rules->n_refs, 1);
	rules->io = io;
	rules->options = *options;
	rules->program.arena = arena_new(16384);
	rules->needs.arena = rules->program.arena;
	rules->options.sasl_domain = copy(rules, options->sasl_domain);
	rules->options.timezone = copy(rules, options->timezone);
	rules->options.on_outage = copy(rules, options->on_outage);
	return rules;
}

static void
begin_load(struct loader *loader, struct ruleset *rules, struct diags *diags)
{
	*loader = (struct loader){ .rules = rules, .diags = diags };
	loader->parser = (struct parser){ .program = &rules->program,
		.arena = rules->program.arena,
		.diags = diags,
		.include = include,
		.context = loader };
}

static void
free_conditions(struct condition *cond)
{
	if (cond == NULL)
		return;
	for (size_t i = 0; i < cond->n_terms; i++)
		free_conditions(cond->terms[i]);
	pattern_free(cond->pattern);
}

/* The arena has everything but what libraries allocated. */
static void
free_ruleset(void *memory)
{
	struct ruleset *rules = memory;
	struct program *program = &rules->program;

	scans_free(program);
	for (size_t i = 0; i < program->n_rules; i++)
		free_conditions(program->rules[i]->cond);
	for (size_t i = 0; i < program->n_blocks; i++)
		free_conditions(program->blocks[i]->cond);
	for (size_t i = 0; i < program->n_limits; i++)
		free_conditions(program->limits[i]->cond);
	for (size_t i = 0; i < program->n_tables; i++)
		table_unload(program->tables[i]);
	arena_free(program->arena);
	free(rules);
}

static void
make_hash(struct ruleset *rules)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct buf text = { 0 };
	SHA2_CTX context;

	print_program(&rules->program, &text);
	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)buf_str(&text).p, text.len);
	SHA256Final(digest, &context);
	buf_done(&text);
	for (size_t i = 0; i < HASH_DIGITS / 2; i++)
		snprintf(rules->hash + 2 * i, 3, "%02x", digest[i]);
}

/* After parsing. The sources of the diagnostics live in the ruleset's arena,
 * so one that failed is kept until they are gone. */
static bool
finish_load(struct loader *loader)
{
	struct ruleset *rules = loader->rules;
	struct program *program = &rules->program;
	struct checker checker = { .program = program,
		.diags = loader->diags,
		.options = &rules->options,
		.needs = &rules->needs };

	if (on_outage_parse(
		str_of(rules->options.on_outage), &checker.on_outage) == -1)
		checker.on_outage = OUTAGE_COUNT_LOCALLY;
	needs_init(&rules->needs);
	check_program(&checker);
	for (size_t i = 0; i < program->n_tables; i++) {
		program->tables[i]->is_one_by_one = rules->options.one_by_one;
		table_load(program->tables[i], rules->io, loader->diags);
	}
	if (diags_n_errors(loader->diags) > 0)
		return false;
	plan_program(program, &rules->needs);
	if (!rules->options.one_by_one)
		scans_make(program);
	make_hash(rules);
	return true;
}

struct ruleset *
ruleset_load(const struct rules_io *io, const char *const *patterns,
    size_t n_patterns, const struct rules_options *options, struct diags *diags)
{
	struct ruleset *rules = new_ruleset(io, options);
	struct loader loader;

	begin_load(&loader, rules, diags);
	for (size_t i = 0; i < n_patterns; i++)
		load_glob(&loader, patterns[i], no_pos);
	if (finish_load(&loader))
		return rules;
	diags_keep(diags, rules, free_ruleset);
	return NULL;
}

struct ruleset *
ruleset_load_text(const struct rules_io *io, const char *path, struct str text,
    const struct rules_options *options, struct diags *diags)
{
	struct ruleset *rules = new_ruleset(io, options);
	struct loader loader;

	begin_load(&loader, rules, diags);
	parse_source(&loader, new_source(&loader, path, text));
	if (finish_load(&loader))
		return rules;
	diags_keep(diags, rules, free_ruleset);
	return NULL;
}

struct ruleset *
ruleset_get(struct ruleset *rules)
{
	atomic_fetch_add(&rules->n_refs, 1);
	return rules;
}

void
ruleset_put(struct ruleset *rules)
{
	if (rules != NULL && atomic_fetch_sub(&rules->n_refs, 1) == 1)
		free_ruleset(rules);
}

const struct needs *
ruleset_needs(const struct ruleset *rules)
{
	return &rules->needs;
}

const char *
ruleset_hash(const struct ruleset *rules)
{
	return rules->hash;
}

size_t
ruleset_n_rules(const struct ruleset *rules)
{
	return rules->program.n_rules;
}

size_t
ruleset_n_limits(const struct ruleset *rules)
{
	return rules->program.n_limits;
}

size_t
ruleset_n_tables(const struct ruleset *rules)
{
	return rules->program.n_tables;
}

const struct program *
ruleset_program(const struct ruleset *rules)
{
	return &rules->program;
}

const struct rules_options *
ruleset_options(const struct ruleset *rules)
{
	return &rules->options;
}

void
ruleset_refresh_tables(struct ruleset *rules)
{
	for (size_t i = 0; i < rules->program.n_tables; i++)
		table_refresh(rules->program.tables[i], rules->io);
}

void
ruleset_print(const struct ruleset *rules, struct buf *out)
{
	print_program(&rules->program, out);
}
