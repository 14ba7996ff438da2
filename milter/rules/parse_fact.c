/*
 * Facts where they are used: name, ["argument"], (prefixes); value(TABLE, FACT).
 * And numbers.
 */
#include "rules/parser.h"

#include "base/quantity.h"

#include <stdlib.h>

struct pos
pos_until(struct pos from, struct pos last)
{
	from.len = last.at + last.len - from.at;
	return from;
}

/* What other languages say where this one needs no word. */
static const struct {
	const char *word;
	const char *instead;
} needless[] = {
	{ "any", "it is enough if one of several values fits: leave it out" },
	{ "some", "it is enough if one of several values fits: leave it out" },
	{ "all", "did you mean `every`?" },
	{ "true", "what is yes or no stands alone, or behind `not`" },
	{ "false", "what is yes or no stands alone, or behind `not`" },
	{ "yes", "what is yes or no stands alone, or behind `not`" },
	{ "no", "what is yes or no stands alone, or behind `not`" },
};

/* -1: it is none of them. */
static int
complain_of_needless(struct parser *parser, struct str name, struct pos pos)
{
	for (size_t i = 0; i < sizeof(needless) / sizeof(needless[0]); i++) {
		if (!str_is(name, needless[i].word))
			continue;
		diag_add(parser->diags, DIAG_ERROR, pos,
		    "'%s' means nothing here: %s", needless[i].word,
		    needless[i].instead);
		return 0;
	}
	return -1;
}

/* -1 always. */
static int
complain_of_name(struct parser *parser, struct str name, struct pos pos)
{
	const struct fact *fact = fact_of_attachment(name);
	struct str near = parser->is_with ? fact_suggest_of_attachment(name)
					  : fact_suggest(name);

	if (complain_of_needless(parser, name, pos) == 0)
		return -1;
	if (fact_is_reserved(name))
		return parser_reserved(parser, name, pos);
	if (word_is_reserved(name)) {
		diag_add(parser->diags, DIAG_ERROR, pos,
		    "expected a fact, but '%.*s' is a word of the language",
		    STR_ARG(name));
		return -1;
	}
	diag_add(parser->diags, DIAG_ERROR, pos,
	    near.len > 0 ? "there is no fact '%.*s': did you mean `%.*s`?"
			 : "there is no fact '%.*s' (`sluice facts` lists "
			   "them)%.*s",
	    STR_ARG(name), STR_ARG(near));
	if (fact != NULL)
		diag_add(parser->diags, DIAG_NOTE, pos,
		    "only inside of `attachment with (…)` '%.*s' means "
		    "`%s` of that attachment",
		    STR_ARG(name), fact->name);
	return -1;
}

static int
parse_fact_name(struct parser *parser, struct str name, struct pos pos,
    struct fact_ref *out)
{
	const struct fact *fact = fact_find(name);

	if (fact == NULL && parser->is_with)
		fact = fact_of_attachment(name);
	if (fact == NULL)
		return complain_of_name(parser, name, pos);
	*out = (struct fact_ref){ .fact = fact,
		.bits_v4 = 32,
		.bits_v6 = 64,
		.of_one =
		    parser->is_with && (fact->flags & FACT_ATTACHMENT) != 0,
		.pos = pos };
	return 0;
}

static int
parse_argument(struct parser *parser, struct fact_ref *ref)
{
	struct token token;

	if ((ref->fact->flags & FACT_ARGUMENT) == 0) {
		if (!lexer_is(&parser->lexer, "["))
			return 0;
		diag_add(parser->diags, DIAG_ERROR, parser->lexer.token.pos,
		    "'%s' takes no argument in brackets", ref->fact->name);
		return -1;
	}
	if (parser_punct(parser, "[", "a name in brackets: [\"…\"]") == -1 ||
	    parser_string(parser, "a name in quotes", &token) == -1 ||
	    parse_literal(parser, &token, "a name", &ref->argument) == -1)
		return -1;
	ref->pos = pos_until(ref->pos, parser->lexer.token.pos);
	return parser_punct(parser, "]", "']'");
}

static int
parse_bits(struct parser *parser, uint8_t max, uint8_t *bits)
{
	struct token *token = &parser->lexer.token;
	uint64_t number;

	if (token->kind != TOKEN_NUMBER ||
	    amount_parse(token->text, &number) == -1 || number > max ||
	    number == 0)
		return parser_expected(
		    parser, max == 32 ? "a prefix length from 1 to 32"
				      : "a prefix length from 1 to 128");
	*bits = (uint8_t)number;
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_prefixes(struct parser *parser, struct fact_ref *ref)
{
	if (!lexer_is(&parser->lexer, "("))
		return 0;
	if (ref->fact->type != FACT_TYPE_IP) {
		diag_add(parser->diags, DIAG_ERROR, parser->lexer.token.pos,
		    "'%s' is %s: only an IP address has a prefix",
		    ref->fact->name, fact_type_phrase(ref->fact->type));
		return -1;
	}
	lexer_next(&parser->lexer);
	if (parse_bits(parser, 32, &ref->bits_v4) == -1)
		return -1;
	if (lexer_is(&parser->lexer, ",")) {
		lexer_next(&parser->lexer);
		if (parse_bits(parser, 128, &ref->bits_v6) == -1)
			return -1;
	}
	ref->has_bits = true;
	ref->pos = pos_until(ref->pos, parser->lexer.token.pos);
	return parser_punct(parser, ")", "')'");
}

int
parse_fact(struct parser *parser, struct fact_ref *out)
{
	struct token token = parser->lexer.token;
	struct fact_ref ref;

	if (token.kind != TOKEN_WORD)
		return parser_expected(parser, "a fact");
	if (parse_fact_name(parser, token.text, token.pos, &ref) == -1)
		return -1;
	lexer_next(&parser->lexer);
	if (parse_argument(parser, &ref) == -1 ||
	    parse_prefixes(parser, &ref) == -1)
		return -1;
	*out = ref;
	return 0;
}

int
parse_value(struct parser *parser, struct str *table_out, struct pos *pos_out,
    struct fact_ref *out)
{
	struct token *token = &parser->lexer.token;

	lexer_next(&parser->lexer);
	if (parser_punct(parser, "(", "'(' and a table: value(TABLE, FACT)") ==
	    -1)
		return -1;
	if (token->kind != TOKEN_WORD)
		return parser_expected(parser, "a table's name");
	*table_out = arena_str(parser->arena, token->text);
	*pos_out = token->pos;
	lexer_next(&parser->lexer);
	if (parser_punct(parser, ",", "',' and a fact: value(TABLE, FACT)") ==
		-1 ||
	    parse_fact(parser, out) == -1)
		return -1;
	return parser_punct(parser, ")", "')'");
}

/* [+-]DIGITS[.DIGITS]; strtod would know many more spellings. */
int
decimal_parse(struct parser *parser, struct str text, double *out)
{
	size_t at = text.len > 0 && (text.p[0] == '-' || text.p[0] == '+');
	bool has_dot = false;

	for (size_t i = at; i < text.len; i++) {
		bool is_dot = text.p[i] == '.';

		if (!is_dot && (text.p[i] < '0' || text.p[i] > '9'))
			return -1;
		if (is_dot && (has_dot || i == at || i + 1 == text.len))
			return -1;
		has_dot = has_dot || is_dot;
	}
	if (at == text.len)
		return -1;
	*out = strtod(arena_cstr(parser->arena, text), NULL);
	return 0;
}
