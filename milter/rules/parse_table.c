/*
 * table NAME TYPE SOURCE [at-least N | on-outage …]
 */
#include "base/quantity.h"
#include "rules/parser.h"

static void
add_entry(struct parser *parser, struct table *table, struct str entry,
    struct pos pos)
{
	table->entries = arena_grow(parser->arena, table->entries,
	    table->n_entries, sizeof(*table->entries));
	table->entry_pos = arena_grow(parser->arena, table->entry_pos,
	    table->n_entries, sizeof(*table->entry_pos));
	table->entries[table->n_entries] = entry;
	table->entry_pos[table->n_entries++] = pos;
}

static int
parse_entry(struct parser *parser, struct table *table)
{
	struct token token;
	struct str entry;

	if (parser_string(parser, "an entry in quotes, or '}'", &token) == -1 ||
	    parse_literal(parser, &token, "an entry", &entry) == -1)
		return -1;
	add_entry(parser, table, entry, token.pos);
	return 0;
}

/* /…/flags, kept as written, and perhaps a value in quotes. */
static int
parse_regex_entry(struct parser *parser, struct table *table)
{
	struct token token = parser->lexer.token;
	struct str entry, value;
	struct pos pos = token.pos;

	if (token.kind != TOKEN_REGEX)
		return parser_expected(
		    parser, "a regular expression (/…/ or m{…}), or '}'");
	entry = str_sub(pos.source->text, pos.at, (size_t)pos.at + pos.len);
	lexer_next(&parser->lexer);
	token = parser->lexer.token;
	if (token.kind == TOKEN_STRING) {
		lexer_next(&parser->lexer);
		if (parse_literal(parser, &token, "a value", &value) == -1)
			return -1;
		entry = arena_printf(
		    parser->arena, "%.*s %.*s", STR_ARG(entry), STR_ARG(value));
	}
	add_entry(parser, table, arena_str(parser->arena, entry), pos);
	return 0;
}

static int
parse_entries(struct parser *parser, struct table *table)
{
	bool is_regex = table->type == TABLE_REGEX;

	for (;;) {
		/* Behind '{' and ','. */
		parser->lexer.wants_regex = is_regex;
		lexer_next(&parser->lexer);
		if (lexer_is(&parser->lexer, "}"))
			break;
		if ((is_regex ? parse_regex_entry(parser, table)
			      : parse_entry(parser, table)) == -1)
			return -1;
		if (lexer_is(&parser->lexer, "}"))
			break;
		if (!lexer_is(&parser->lexer, ","))
			return parser_expected(parser, "',' or '}'");
	}
	lexer_next(&parser->lexer);
	return 0;
}

/* A relative path is meant from the folder of the file that names it. */
static struct str
join_path(struct parser *parser, struct str path)
{
	struct str here = str_of(parser->lexer.source->path);
	ptrdiff_t slash = str_find_last(here, '/');

	if (slash < 0 || str_starts(path, STR("/")))
		return path;
	return arena_printf(
	    parser->arena, "%.*s%.*s", (int)slash + 1, here.p, STR_ARG(path));
}

static int
parse_file(struct parser *parser, struct table *table)
{
	struct token token;

	lexer_next(&parser->lexer);
	if (parser_string(parser, "a file name in quotes", &token) == -1 ||
	    parse_literal(parser, &token, "a file name", &table->path) == -1)
		return -1;
	table->path = join_path(parser, table->path);
	table->path_pos = token.pos;
	table->is_file = true;
	return 0;
}

static int
parse_redis(struct parser *parser, struct table *table)
{
	if (table->type == TABLE_REGEX) {
		diag_add(parser->diags, DIAG_ERROR, parser->lexer.token.pos,
		    "regular expressions cannot be looked up in Redis: "
		    "expected entries in { … }, or file \"…\"");
		return -1;
	}
	table->is_redis = true;
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_table_source(struct parser *parser, struct table *table)
{
	struct token *token = &parser->lexer.token;
	struct suggestion near = { .wrong = token->text };

	if (lexer_is(&parser->lexer, "{"))
		return parse_entries(parser, table);
	if (lexer_is_word(&parser->lexer, "redis"))
		return parse_redis(parser, table);
	if (lexer_is_word(&parser->lexer, "file"))
		return parse_file(parser, table);
	parser_expected(parser, "entries in { … }, file \"…\" or redis");
	suggest(&near, STR("file"));
	suggest(&near, STR("redis"));
	parser_suggest(parser, &near);
	return -1;
}

static int
parse_table_type(struct parser *parser, struct table *table)
{
	struct token *token = &parser->lexer.token;
	struct suggestion near = { .wrong = token->text };

	if (token->kind == TOKEN_WORD &&
	    table_type_parse(token->text, &table->type) == 0) {
		table->ignores_case = table->type != TABLE_STRING;
		lexer_next(&parser->lexer);
		return 0;
	}
	parser_expected(parser,
	    "the table's type (string, address, domain, cidr or regex)");
	for (int i = 0; i < TABLE_TYPE_N; i++)
		suggest(&near, str_of(table_type_name((enum table_type)i)));
	parser_suggest(parser, &near);
	return -1;
}

static int
parse_at_least(struct parser *parser, struct table *table)
{
	struct token *token = &parser->lexer.token;

	if (table->is_redis) {
		diag_add(parser->diags, DIAG_ERROR, token->pos,
		    "`at-least` is about entries that are read from a file: "
		    "a table in Redis is never read as a whole");
		return -1;
	}
	lexer_next(&parser->lexer);
	if (token->kind != TOKEN_NUMBER ||
	    amount_parse(token->text, &table->at_least) == -1)
		return parser_expected(parser, "a number of entries");
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_on_outage(struct parser *parser, struct table *table)
{
	struct token *token = &parser->lexer.token;
	struct suggestion near = { 0 };

	if (!table->is_redis) {
		diag_add(parser->diags, DIAG_ERROR, token->pos,
		    "`on-outage` is about tables in Redis: this one is always "
		    "there");
		return -1;
	}
	lexer_next(&parser->lexer);
	if (token->kind == TOKEN_WORD &&
	    table_outage_parse(token->text, &table->on_outage) == 0) {
		table->has_on_outage = true;
		lexer_next(&parser->lexer);
		return 0;
	}
	parser_expected(parser, "keep, pass or tempfail");
	near.wrong = token->text;
	for (int i = 0; i <= TABLE_TEMPFAIL; i++)
		suggest(&near, str_of(table_outage_name((enum table_outage)i)));
	parser_suggest(parser, &near);
	return -1;
}

static int
parse_option(struct parser *parser, struct table *table)
{
	if (lexer_is_word(&parser->lexer, "at-least"))
		return parse_at_least(parser, table);
	if (lexer_is_word(&parser->lexer, "on-outage"))
		return parse_on_outage(parser, table);
	return 0;
}

/* A stage asks all of them in one call. */
static int
check_room(struct parser *parser, const struct table *table)
{
	const struct program *program = parser->program;
	size_t n = 0;

	for (size_t i = 0; i < program->n_tables; i++)
		n += program->tables[i]->is_redis;
	if (!table->is_redis || n < STORE_LOOKUPS_MAX)
		return 0;
	diag_add(parser->diags, DIAG_ERROR, table->pos,
	    "there are more than %d tables in Redis", STORE_LOOKUPS_MAX);
	return -1;
}

int
parse_table(struct parser *parser)
{
	struct table *table = arena_calloc(parser->arena, sizeof(*table));
	struct program *program = parser->program;

	if (parser_name(parser, TOKEN_WORD, "a name for the table",
		&table->name, &table->pos) == -1)
		return -1;
	if (parse_table_type(parser, table) == -1 ||
	    parse_table_source(parser, table) == -1 ||
	    parse_option(parser, table) == -1 ||
	    check_room(parser, table) == -1)
		return parser_broken(parser, table->name);
	program->tables = arena_grow(parser->arena, program->tables,
	    program->n_tables, sizeof(struct table *));
	program->tables[program->n_tables++] = table;
	return 0;
}
