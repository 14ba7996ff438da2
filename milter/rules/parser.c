/*
 * Statements, and what all parts of the parser share. Recursive descent; the
 * only recursion is that of parentheses in conditions, and it is counted.
 */
#include "rules/parser.h"

/* Words that no table, limit or rule may be called by. */
static const char *const grammar_words[] = { "and", "or", "not", "in", "over",
	"near", "used", "with", "every", "at", "if", "expires", "observe", "on",
	"table", "limit", "include", "by", "counts", "on-outage", "locks",
	"override", "for", "file", "redis", "at-least", "value", "daily",
	"monthly", "distinct" };

static const char *const statement_words[] = { "include", "table", "limit",
	"on" };

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const char *
statement_word(size_t i)
{
	return i < LENGTH(statement_words) ? statement_words[i] : NULL;
}

const char *
reserved_word(size_t i)
{
	return i < LENGTH(grammar_words) ? grammar_words[i] : NULL;
}

bool
parser_at_statement(const struct parser *parser)
{
	for (size_t i = 0; i < LENGTH(statement_words); i++)
		if (lexer_is_word(&parser->lexer, statement_words[i]))
			return true;
	return false;
}

int
parser_expected(struct parser *parser, const char *what)
{
	char text[80];
	struct token *token = &parser->lexer.token;

	if (token->kind != TOKEN_BAD)
		diag_add(parser->diags, DIAG_ERROR, token->pos,
		    "expected %s, found %s", what, token_describe(token, text));
	return -1;
}

void
parser_suggest(struct parser *parser, const struct suggestion *near)
{
	struct token *token = &parser->lexer.token;

	if (token->kind == TOKEN_WORD && near->best.len > 0 &&
	    !str_eq(near->best, token->text))
		diag_add(parser->diags, DIAG_NOTE, token->pos,
		    "did you mean `%.*s`?", STR_ARG(near->best));
}

int
parser_reserved(struct parser *parser, struct str what, struct pos pos)
{
	diag_add(parser->diags, DIAG_ERROR, pos,
	    "'%.*s' is not available in this version", STR_ARG(what));
	return -1;
}

int
parser_punct(struct parser *parser, const char *punct, const char *what)
{
	if (!lexer_is(&parser->lexer, punct))
		return parser_expected(parser, what);
	lexer_next(&parser->lexer);
	return 0;
}

int
parser_string(struct parser *parser, const char *what, struct token *token_out)
{
	if (parser->lexer.token.kind != TOKEN_STRING)
		return parser_expected(parser, what);
	*token_out = parser->lexer.token;
	lexer_next(&parser->lexer);
	return 0;
}

bool
word_is_reserved(struct str word)
{
	for (size_t i = 0; i < LENGTH(grammar_words); i++)
		if (str_is(word, grammar_words[i]))
			return true;
	return false;
}

/* [a-z][a-z0-9-]* */
static bool
is_name(struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.p[i];

		if (c >= 'a' && c <= 'z')
			continue;
		if (i == 0 || !((c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return word.len > 0;
}

int
parser_broken(struct parser *parser, struct str name)
{
	struct program *program = parser->program;

	program->broken = arena_grow(parser->arena, program->broken,
	    program->n_broken, sizeof(*program->broken));
	program->broken[program->n_broken++] = name;
	return -1;
}

int
parser_name(struct parser *parser, enum token_kind kind, const char *what,
    struct str *name_out, struct pos *pos_out)
{
	struct token *token = &parser->lexer.token;

	if (token->kind != kind)
		return parser_expected(parser, what);
	if (word_is_reserved(token->text)) {
		diag_add(parser->diags, DIAG_ERROR, token->pos,
		    "expected %s, but '%.*s' is a word of the language", what,
		    STR_ARG(token->text));
		return parser_broken(parser, token->text);
	}
	if (!is_name(token->text)) {
		diag_add(parser->diags, DIAG_ERROR, token->pos,
		    "'%.*s' cannot be a name: names begin with a letter and "
		    "have only a to z, 0 to 9 and -",
		    STR_ARG(token->text));
		return parser_broken(parser, token->text);
	}
	*name_out = arena_str(parser->arena, token->text);
	*pos_out = token->pos;
	lexer_next(&parser->lexer);
	return 0;
}

static struct statement *
add_statement(struct parser *parser, enum statement_kind kind)
{
	struct program *program = parser->program;

	program->statements = arena_grow(parser->arena, program->statements,
	    program->n_statements, sizeof(*program->statements));
	program->statements[program->n_statements] =
	    (struct statement){ .kind = kind };
	return &program->statements[program->n_statements++];
}

static int
parse_include(struct parser *parser)
{
	struct token token;
	struct str glob;

	if (parser_string(parser, "a file name in quotes", &token) == -1 ||
	    parse_literal(parser, &token, "a file name", &glob) == -1)
		return -1;
	/* The other file is parsed now: what it says stands here. */
	parser->include(parser->context, glob, token.pos);
	return 0;
}

static int
parse_table_statement(struct parser *parser)
{
	struct program *program = parser->program;

	if (parse_table(parser) == -1)
		return -1;
	add_statement(parser, STATEMENT_TABLE)->table =
	    program->tables[program->n_tables - 1];
	return 0;
}

static int
parse_limit_statement(struct parser *parser)
{
	struct program *program = parser->program;

	if (parse_limit(parser) == -1)
		return -1;
	add_statement(parser, STATEMENT_LIMIT)->limit =
	    program->limits[program->n_limits - 1];
	return 0;
}

static int
parse_stage(struct parser *parser, enum stage *stage_out)
{
	struct token *token = &parser->lexer.token;
	struct suggestion near = { .wrong = token->text };

	if (token->kind == TOKEN_WORD &&
	    stage_parse(token->text, stage_out) == 0) {
		lexer_next(&parser->lexer);
		return 0;
	}
	parser_expected(parser,
	    "a stage (connect, helo, mail, rcpt, data, headers or message)");
	for (int i = 0; i < STAGE_N; i++)
		suggest(&near, str_of(stage_name((enum stage)i)));
	parser_suggest(parser, &near);
	return -1;
}

static int
parse_block(struct parser *parser)
{
	struct block *block = arena_calloc(parser->arena, sizeof(*block));
	struct program *program = parser->program;

	block->pos = parser->lexer.token.pos;
	if (parse_stage(parser, &block->stage) == -1)
		return -1;
	if (lexer_is_word(&parser->lexer, "if")) {
		lexer_next(&parser->lexer);
		if (parse_condition(parser, &block->cond) == -1)
			return -1;
	}
	if (parser_punct(parser, "{", "'{' or a condition (if …)") == -1)
		return -1;
	parser->lexer.is_torn = false;
	block->index = program->n_blocks;
	program->blocks = arena_grow(parser->arena, program->blocks,
	    program->n_blocks, sizeof(struct block *));
	program->blocks[program->n_blocks++] = block;
	add_statement(parser, STATEMENT_BLOCK)->block = block;
	return parse_rules(parser, block);
}

static const struct {
	const char *word;
	int (*parse)(struct parser *parser);
} statements[] = {
	{ "include", parse_include },
	{ "table", parse_table_statement },
	{ "limit", parse_limit_statement },
	{ "on", parse_block },
};

static int
parse_statement(struct parser *parser)
{
	struct token *token = &parser->lexer.token;
	struct suggestion near = { .wrong = token->text };

	for (size_t i = 0; i < LENGTH(statements); i++) {
		if (!lexer_is_word(&parser->lexer, statements[i].word))
			continue;
		lexer_next(&parser->lexer);
		return statements[i].parse(parser);
	}
	if (token->kind == TOKEN_LABEL) {
		diag_add(parser->diags, DIAG_ERROR, token->pos,
		    "the rule '%.*s' stands outside of a block: expected "
		    "`on STAGE {` before it",
		    STR_ARG(token->text));
		return -1;
	}
	parser_expected(parser, "table, limit, on or include");
	for (size_t i = 0; i < LENGTH(statements); i++)
		suggest(&near, str_of(statements[i].word));
	parser_suggest(parser, &near);
	return -1;
}

/* Behind an error: on to the next word that begins a statement. */
static void
skip_statement(struct parser *parser)
{
	parser->lexer.is_quiet = true;
	lexer_next(&parser->lexer);
	while (parser->lexer.token.kind != TOKEN_END &&
	       !parser_at_statement(parser))
		lexer_next(&parser->lexer);
	parser->lexer.is_quiet = false;
}

void
parser_run(struct parser *parser, const struct source *source)
{
	struct lexer outer = parser->lexer;

	lexer_init(&parser->lexer, source, parser->diags);
	while (parser->lexer.token.kind != TOKEN_END) {
		parser->depth = parser->braces = 0;
		if (parse_statement(parser) == -1 &&
		    !parser_at_statement(parser))
			skip_statement(parser);
	}
	parser->lexer = outer;
}
