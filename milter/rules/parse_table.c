/*
 * table NAME TYPE SOURCE [at-least N]
 */
#include "base/quantity.h"
#include "rules/parser.h"

static int
parse_entry(struct parser *parser, struct table *table)
{
	struct token token;
	struct str entry;

	if (parser_string(parser, "an entry in quotes, or '}'", &token) == -1 ||
	    parse_literal(parser, &token, "an entry", &entry) == -1)
		return -1;
	table->entries = arena_grow(parser->arena, table->entries,
	    table->n_entries, sizeof(*table->entries));
	table->entry_pos = arena_grow(parser->arena, table->entry_pos,
	    table->n_entries, sizeof(*table->entry_pos));
	table->entries[table->n_entries] = entry;
	table->entry_pos[table->n_entries++] = token.pos;
	return 0;
}

static int
parse_entries(struct parser *parser, struct table *table)
{
	lexer_next(&parser->lexer);
	while (!lexer_is(&parser->lexer, "}")) {
		if (parse_entry(parser, table) == -1)
			return -1;
		if (lexer_is(&parser->lexer, "}"))
			break;
		if (parser_punct(parser, ",", "',' or '}'") == -1)
			return -1;
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
parse_table_source(struct parser *parser, struct table *table)
{
	struct token token;

	if (lexer_is(&parser->lexer, "{"))
		return parse_entries(parser, table);
	token = parser->lexer.token;
	if (lexer_is_word(&parser->lexer, "redis"))
		return parser_reserved(parser, STR("redis"), token.pos);
	if (!lexer_is_word(&parser->lexer, "file"))
		return parser_expected(
		    parser, "entries in { … }, or file \"…\"");
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
parse_table_type(struct parser *parser, struct table *table)
{
	struct token *token = &parser->lexer.token;
	struct suggestion near = { .wrong = token->text };

	if (lexer_is_word(&parser->lexer, "regex"))
		return parser_reserved(parser, STR("regex"), token->pos);
	if (token->kind == TOKEN_WORD &&
	    table_type_parse(token->text, &table->type) == 0) {
		lexer_next(&parser->lexer);
		return 0;
	}
	parser_expected(
	    parser, "the table's type (string, address, domain or cidr)");
	for (int i = 0; i <= TABLE_CIDR; i++)
		suggest(&near, str_of(table_type_name((enum table_type)i)));
	parser_suggest(parser, &near);
	return -1;
}

static int
parse_at_least(struct parser *parser, struct table *table)
{
	struct token *token = &parser->lexer.token;

	if (!lexer_is_word(&parser->lexer, "at-least"))
		return 0;
	lexer_next(&parser->lexer);
	if (token->kind != TOKEN_NUMBER ||
	    amount_parse(token->text, &table->at_least) == -1)
		return parser_expected(parser, "a number of entries");
	lexer_next(&parser->lexer);
	return 0;
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
	    parse_at_least(parser, table) == -1)
		return parser_broken(parser, table->name);
	program->tables = arena_grow(parser->arena, program->tables,
	    program->n_tables, sizeof(struct table *));
	program->tables[program->n_tables++] = table;
	return 0;
}
