#include "rules/places.h"

#include "mime/limits.h"
#include "rules/prefilter.h"

#include <assert.h>

struct walk {
	const struct program *program;
	struct arena *arena;
	void (*each)(void *context, const struct pattern_place *place);
	void *context;
	struct str owner;
	const struct table *table;
};

static struct str
where_is(struct arena *arena, struct pos pos)
{
	unsigned line, column;

	pos_line_column(pos, &line, &column);
	return arena_printf(arena, "%s:%u", pos.source->path, line);
}

static const char *
refusal_of(const struct program *program, const struct condition *cond)
{
	const struct scan *scan;

	if (cond->scan == NO_SCAN)
		return NULL;
	scan = &program->scans[cond->scan];
	return scan->prefilter == NULL
		   ? NULL
		   : prefilter_refusal(scan->prefilter, cond->scan_at);
}

/* As far as the cap is small enough to matter. */
static size_t
longest_of(const struct condition *cond)
{
	const struct mime_limits limits = mime_limits_of(0);

	if (cond->is_value)
		return 0;
	if (cond->ref.fact->id == FACT_ATTACHMENT_NAME ||
	    cond->ref.fact->id == FACT_ARCHIVE_NAME)
		return limits.name_bytes;
	if (cond->ref.fact->id == FACT_URL ||
	    cond->ref.fact->id == FACT_URL_HOST)
		return limits.url_bytes;
	return 0;
}

static void
walk_condition(struct walk *walk, const struct condition *cond)
{
	struct pattern_place place = { .owner = walk->owner };

	if (cond == NULL)
		return;
	for (size_t i = 0; i < cond->n_terms; i++)
		walk_condition(walk, cond->terms[i]);
	if (cond->pattern == NULL)
		return;
	place.pattern = cond->pattern;
	place.where = where_is(walk->arena, cond->regex_pos);
	place.refusal = refusal_of(walk->program, cond);
	place.longest = longest_of(cond);
	walk->each(walk->context, &place);
}

static void
walk_entry(void *context, const struct table_pattern *entry)
{
	struct walk *walk = context;
	const struct table *table = walk->table;
	struct pattern_place place = { entry->pattern, walk->owner, STR(""),
		entry->refusal, 0 };

	assert(table->is_file || entry->number < table->n_entries);
	place.where = table->is_file ? arena_printf(walk->arena, "%.*s:%zu",
					   STR_ARG(table->path), entry->number)
				     : where_is(walk->arena,
					   table->entry_pos[entry->number]);
	walk->each(walk->context, &place);
}

static void
walk_tables(struct walk *walk)
{
	for (size_t i = 0; i < walk->program->n_tables; i++) {
		walk->table = walk->program->tables[i];
		walk->owner =
		    arena_join(walk->arena, STR("table "), walk->table->name);
		table_patterns(walk->table, walk_entry, walk);
	}
}

void
pattern_places(const struct program *program,
    void (*each)(void *context, const struct pattern_place *place),
    void *context)
{
	struct walk walk = { .program = program,
		.arena = arena_new(1024),
		.each = each,
		.context = context };

	for (size_t i = 0; i < program->n_limits; i++) {
		walk.owner = arena_join(
		    walk.arena, STR("limit "), program->limits[i]->name);
		walk_condition(&walk, program->limits[i]->cond);
	}
	for (size_t i = 0; i < program->n_blocks; i++) {
		walk.owner = arena_printf(
		    walk.arena, "on %s", stage_name(program->blocks[i]->stage));
		walk_condition(&walk, program->blocks[i]->cond);
	}
	for (size_t i = 0; i < program->n_rules; i++) {
		walk.owner = arena_join(
		    walk.arena, STR("rule "), program->rules[i]->name);
		walk_condition(&walk, program->rules[i]->cond);
	}
	walk_tables(&walk);
	arena_free(walk.arena);
}
