/*
 * table: what stands in tables that live in Redis, edited while all runs.
 *
 *   table add NAME ENTRY [VALUE] [for DURATION] [reason TEXT]
 *   table remove NAME ENTRY [reason TEXT]
 *   table list [NAME]
 *
 * Entries are kept in the form in which mail is looked up. The trap: a string
 * table that is asked with a login is asked in lower case, another one is not;
 * what its rules compare decides.
 */
#include "tool/desk/desk.h"

#include "tool/show/grid.h"
#include "tool/show/json.h"
#include "tool/show/when.h"

#include <stdlib.h>
#include <string.h>

static const struct grid_column entry_columns[] = {
	{ "ENTRY", false },
	{ "VALUE", false },
	{ "UNTIL", false },
};

#define N_ENTRY_COLUMNS (sizeof(entry_columns) / sizeof(entry_columns[0]))

static const struct grid_column table_columns[] = {
	{ "TABLE", false },
	{ "TYPE", false },
	{ "ENTRIES", true },
};

#define N_TABLE_COLUMNS (sizeof(table_columns) / sizeof(table_columns[0]))

/* With what the rules ask a table. */
struct asking {
	const struct table *table;
	size_t n;
	size_t n_nocase; /* with facts that ignore case */
	size_t n_logins; /* with sasl.user */
};

static void
note_fact(struct asking *asking, const struct fact *fact)
{
	asking->n++;
	asking->n_nocase += fact_ignores_case(fact);
	asking->n_logins += fact->id == FACT_SASL_USER;
}

static void
note_condition(struct asking *asking, const struct condition *cond)
{
	if (cond == NULL)
		return;
	if (cond->kind == COND_IN && cond->in == IN_TABLE && !cond->has_text &&
	    cond->table == asking->table)
		note_fact(asking, cond->ref.fact);
	if (cond->is_value && cond->value_table == asking->table)
		note_fact(asking, cond->ref.fact);
	for (size_t i = 0; i < cond->n_terms; i++)
		note_condition(asking, cond->terms[i]);
}

static struct asking
asking_of(const struct program *program, const struct table *table)
{
	struct asking asking = { .table = table };

	for (size_t i = 0; i < program->n_rules; i++)
		note_condition(&asking, program->rules[i]->cond);
	for (size_t i = 0; i < program->n_blocks; i++)
		note_condition(&asking, program->blocks[i]->cond);
	for (size_t i = 0; i < program->n_limits; i++)
		note_condition(&asking, program->limits[i]->cond);
	return asking;
}

/* A table of logins has them in full, as sasl.user does. */
static struct str
complete(struct desk *desk, const struct asking *asking, struct str entry)
{
	if (asking->n == 0 || asking->n_logins < asking->n ||
	    desk->conf->sasl_domain == NULL || str_find(entry, '@') >= 0)
		return entry;
	return arena_printf(
	    desk->arena, "%.*s@%s", STR_ARG(entry), desk->conf->sasl_domain);
}

/* One that stands in a file or in the rules is edited there. */
static const struct table *
find_table(struct desk *desk, const char *name)
{
	const struct table *table =
	    program_table(ruleset_program(desk->rules), str_of(name));

	if (table == NULL) {
		names_no_table(desk->rules, str_of(name));
	} else if (!table->is_redis) {
		tool_error("'%s' (%.*s) does not live in Redis: %s%.*s", name,
		    STR_ARG(names_place(desk->arena, table->pos)),
		    table->is_file ? "edit its file, " : "edit the rules",
		    STR_ARG(table->is_file ? table->path : STR("")));
		return NULL;
	}
	return table;
}

static int
normal_entry(struct desk *desk, const struct table *table, const char *text,
    struct str *entry_out)
{
	struct asking asking = asking_of(ruleset_program(desk->rules), table);
	struct buf error = { 0 };
	int rc = table_entry_normal(table->type,
	    complete(desk, &asking, str_of(text)), asking.n_nocase > 0,
	    desk->arena, entry_out, &error);

	if (rc == -1)
		tool_error("'%s' is no entry of the %s table '%.*s': %s", text,
		    table_type_name(table->type), STR_ARG(table->name),
		    buf_str(&error).p);
	buf_done(&error);
	return rc;
}

static void
say_added(struct desk *desk, const struct table *table,
    const struct store_entry *entry)
{
	struct buf out = { 0 };
	char until[WHEN_MAX];

	text_line(&out, entry->entry, GRID_CELL_MAX);
	buf_printf(&out, " is in %.*s", STR_ARG(table->name));
	if (entry->value.len > 0) {
		buf_add_cstr(&out, " with '");
		text_line(&out, entry->value, GRID_CELL_MAX);
		buf_byte(&out, '\'');
	}
	if (entry->until_ms > 0)
		buf_printf(&out, " until %s",
		    when_both(entry->until_ms, desk->now_ms, until).p);
	buf_byte(&out, '\n');
	tool_out(buf_str(&out));
	buf_done(&out);
}

/* argv: NAME ENTRY and the words behind them. */
static int
add(struct desk *desk, int n, char **argv)
{
	const struct table *table;
	struct operator_act act = { .did = "table-add" };
	struct store_entry entry = { .until_ms = 0 };
	struct buf error = { 0 };
	struct clause clause;

	if (n < 2)
		return tool_usage(desk->tool, "'add' needs a table and an "
					      "entry");
	if (desk_clause(desk, n - 2, argv + 2, &clause) == -1)
		return TOOL_USAGE;
	if ((table = find_table(desk, argv[0])) == NULL ||
	    normal_entry(desk, table, argv[1], &entry.entry) == -1)
		return TOOL_FINDING;
	entry.value = clause.subject;
	if (clause.has_for)
		entry.until_ms = desk_until_ms(desk, clause.for_sec);
	if (store_table_add(desk->store, table->name, &entry, &error) == -1)
		return desk_no_store(desk, &error);
	/* Said and recorded when the store has it, not before. */
	say_added(desk, table, &entry);
	act.table = table->name;
	act.entry = entry.entry;
	act.until_ms = entry.until_ms;
	act.reason = clause.reason;
	desk_record(desk, &act);
	return TOOL_FINE;
}

static int
remove_entry(struct desk *desk, int n, char **argv)
{
	const struct table *table;
	struct operator_act act = { .did = "table-remove" };
	struct buf error = { 0 }, out = { 0 };
	bool was_there = false;
	struct clause clause;
	struct str entry;

	if (n < 2)
		return tool_usage(desk->tool, "'remove' needs a table and an "
					      "entry");
	if (desk_clause(desk, n - 2, argv + 2, &clause) == -1)
		return TOOL_USAGE;
	if (clause.subject.len > 0 || clause.has_for)
		return tool_usage(
		    desk->tool, "'remove' needs a table, an entry and no more");
	if ((table = find_table(desk, argv[0])) == NULL ||
	    normal_entry(desk, table, argv[1], &entry) == -1)
		return TOOL_FINDING;
	if (store_table_remove(
		desk->store, table->name, entry, &was_there, &error) == -1)
		return desk_no_store(desk, &error);
	/* Most likely it was written otherwise: nothing is recorded. */
	if (!was_there) {
		tool_error("'%.*s' is not in %.*s", STR_ARG(entry),
		    STR_ARG(table->name));
		return TOOL_FINDING;
	}
	text_line(&out, entry, GRID_CELL_MAX);
	buf_printf(&out, " is in %.*s no more\n", STR_ARG(table->name));
	tool_out(buf_str(&out));
	buf_done(&out);
	act.table = table->name;
	act.entry = entry;
	act.reason = clause.reason;
	desk_record(desk, &act);
	return TOOL_FINE;
}

struct listing {
	struct arena *arena;
	int64_t now_ms;
	struct store_entry *items;
	size_t n;
};

/* All of them first: the store has them in no order. */
static bool
keep_entry(void *context, const struct store_entry *entry)
{
	struct listing *listing = context;
	struct store_entry *copy;

	listing->items = arena_grow(
	    listing->arena, listing->items, listing->n, sizeof(*copy));
	copy = &listing->items[listing->n++];
	copy->entry = arena_str(listing->arena, entry->entry);
	copy->value = arena_str(listing->arena, entry->value);
	copy->until_ms = entry->until_ms;
	return true;
}

static int
compare_entries(const void *left, const void *right)
{
	const struct store_entry *a = left, *b = right;

	return str_cmp(a->entry, b->entry);
}

static void
print_entries(const struct listing *listing, struct buf *out)
{
	struct grid grid;

	grid_init(&grid, listing->arena, entry_columns, N_ENTRY_COLUMNS);
	for (size_t i = 0; i < listing->n; i++) {
		const struct store_entry *entry = &listing->items[i];
		char until[WHEN_MAX];
		struct str cells[N_ENTRY_COLUMNS] = { entry->entry,
			entry->value, STR("-") };

		if (entry->until_ms > 0)
			cells[2] =
			    when_both(entry->until_ms, listing->now_ms, until);
		grid_add(&grid, cells);
	}
	grid_print(&grid, out);
}

static void
print_json(const struct listing *listing, struct buf *out)
{
	json_open(out, NULL, '[');
	for (size_t i = 0; i < listing->n; i++) {
		json_newline(out);
		json_open(out, NULL, '{');
		json_text(out, "entry", listing->items[i].entry);
		json_text(out, "value", listing->items[i].value);
		json_time(out, "until", listing->items[i].until_ms);
		json_close(out, '}');
	}
	buf_add_cstr(out, listing->n > 0 ? "\n]\n" : "]\n");
}

static int
read_entries(
    struct desk *desk, const struct table *table, struct listing *listing)
{
	struct buf error = { 0 };

	*listing =
	    (struct listing){ .arena = desk->arena, .now_ms = desk->now_ms };
	if (store_table_list(desk->store, table->name, desk->now_ms, keep_entry,
		listing, &error) == -1) {
		desk_no_store(desk, &error);
		return -1;
	}
	if (listing->n > 0)
		qsort(listing->items, listing->n, sizeof(*listing->items),
		    compare_entries);
	return 0;
}

static int
list_entries(struct desk *desk, const char *name, bool as_json)
{
	const struct table *table = find_table(desk, name);
	struct listing listing;
	struct buf out = { 0 };

	if (table == NULL || read_entries(desk, table, &listing) == -1)
		return TOOL_FINDING;
	if (as_json)
		print_json(&listing, &out);
	else if (listing.n > 0)
		print_entries(&listing, &out);
	else
		tool_error("'%s' is empty", name);
	tool_out(buf_str(&out));
	buf_done(&out);
	return TOOL_FINE;
}

/* All tables that live in Redis. Both forms are made on the way, and the one
 * that was not asked for is dropped: there are few tables. */
static int
list_tables(struct desk *desk, bool as_json)
{
	const struct program *program = ruleset_program(desk->rules);
	struct listing listing;
	struct buf out = { 0 };
	int rc = TOOL_FINE;
	struct grid grid;

	grid_init(&grid, desk->arena, table_columns, N_TABLE_COLUMNS);
	json_open(&out, NULL, '[');
	for (size_t i = 0; i < program->n_tables; i++) {
		const struct table *table = program->tables[i];
		const char *type = table_type_name(table->type);

		if (!table->is_redis)
			continue;
		/* What one of them is wrong in says nothing of the others. */
		if (read_entries(desk, table, &listing) == -1) {
			rc = TOOL_FINDING;
			if (store_is_up(desk->store))
				continue;
			break;
		}
		grid_add(
		    &grid, (struct str[]){ table->name, str_of(type),
			       arena_printf(desk->arena, "%zu", listing.n) });
		json_newline(&out);
		json_open(&out, NULL, '{');
		json_text(&out, "table", table->name);
		json_text(&out, "type", str_of(type));
		json_number(&out, "entries", listing.n);
		json_close(&out, '}');
	}
	buf_add_cstr(&out, grid.n_rows > 0 ? "\n]\n" : "]\n");
	if (!as_json)
		buf_clear(&out);
	if (!as_json && grid.n_rows > 0)
		grid_print(&grid, &out);
	else if (!as_json && rc == TOOL_FINE)
		tool_error("the rules have no table in Redis");
	tool_out(buf_str(&out));
	buf_done(&out);
	return rc;
}

static int
table_with(struct desk *desk, int n, char **argv, bool as_json)
{
	bool is_list = strcmp(argv[0], "list") == 0;

	if (as_json && !is_list)
		return tool_usage(desk->tool, "'--json' is for 'table list'");
	if (strcmp(argv[0], "add") == 0)
		return add(desk, n - 1, argv + 1);
	if (strcmp(argv[0], "remove") == 0)
		return remove_entry(desk, n - 1, argv + 1);
	if (!is_list || n > 2)
		return tool_usage(desk->tool,
		    "'table %s' is none of 'table "
		    "add', 'table remove' and "
		    "'table list [NAME]'",
		    argv[0]);
	return n == 2 ? list_entries(desk, argv[1], as_json)
		      : list_tables(desk, as_json);
}

int
table_run(struct tool *tool, int argc, char **argv)
{
	bool as_json = false;
	const struct tool_option options[] = {
		{ "--json", &as_json, NULL },
		{ 0 },
	};
	struct desk desk;
	int n, rc;

	if ((n = tool_arguments(tool, argc, argv, 1, 99, options)) == -1)
		return TOOL_USAGE;
	if (desk_open(&desk, tool, DESK_RULES_NEEDED) == -1)
		return TOOL_FINDING;
	rc = table_with(&desk, n, argv, as_json);
	desk_close(&desk);
	return rc;
}
