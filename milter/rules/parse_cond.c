/*
 * Conditions: or < and < not < comparison. Mixing `and` and `or` without
 * parentheses is an error, because people do not agree on what it means.
 */
#include "rules/parser.h"

#include "base/quantity.h"

#include <stdlib.h>
#include <string.h>

static struct condition *
new_condition(struct parser *parser, enum condition_kind kind)
{
	struct condition *cond = arena_calloc(parser->arena, sizeof(*cond));

	cond->kind = kind;
	cond->pos = parser->lexer.token.pos;
	return cond;
}

/* From where a condition began up to what was read last. */
static struct pos
pos_until(struct pos from, struct pos last)
{
	from.len = last.at + last.len - from.at;
	return from;
}

/* Words of DESIGN's language that come with later versions. */
static bool
is_later_word(struct str word)
{
	static const char *const later[] = { "near", "used", "every", "value",
		"attachment" };

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (str_is(word, later[i]))
			return true;
	return false;
}

int
parse_fact_name(struct parser *parser, struct str name, struct pos pos,
    struct fact_ref *out)
{
	const struct fact *fact = fact_find(name);
	struct str near;

	if (fact == NULL && (fact_is_reserved(name) || is_later_word(name)))
		return parser_reserved(parser, name, pos);
	if (fact == NULL && word_is_reserved(name)) {
		diag_add(parser->diags, DIAG_ERROR, pos,
		    "expected a fact, but '%.*s' is a word of the language",
		    STR_ARG(name));
		return -1;
	}
	if (fact == NULL) {
		near = fact_suggest(name);
		diag_add(parser->diags, DIAG_ERROR, pos,
		    near.len > 0 ? "there is no fact '%.*s': did you mean "
				   "`%.*s`?"
				 : "there is no fact '%.*s' (`sluice facts` "
				   "lists them)%.*s",
		    STR_ARG(name), STR_ARG(near));
		return -1;
	}
	*out = (struct fact_ref){
		.fact = fact, .bits_v4 = 32, .bits_v6 = 64, .pos = pos
	};
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

static int
parse_number(struct parser *parser, struct operand *operand)
{
	struct token *token = &parser->lexer.token;
	uint64_t amount;

	operand->kind = OPERAND_NUMBER;
	operand->written = arena_str(parser->arena, token->text);
	if (amount_parse(token->text, &amount) == 0)
		operand->number = (double)amount;
	else if (decimal_parse(parser, token->text, &operand->number) == -1)
		return parser_expected(parser, "a number (20, -2.5, 10M)");
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_operand(struct parser *parser, struct operand *operand)
{
	struct token token = parser->lexer.token;

	operand->pos = token.pos;
	switch (token.kind) {
	case TOKEN_STRING:
		operand->kind = OPERAND_TEXT;
		lexer_next(&parser->lexer);
		return parse_text(parser, &token, &operand->text);
	case TOKEN_NUMBER:
		return parse_number(parser, operand);
	case TOKEN_WORD:
		operand->kind = OPERAND_FACT;
		if (parse_fact(parser, &operand->ref) == -1)
			return -1;
		operand->pos = operand->ref.pos;
		return 0;
	case TOKEN_END:
	case TOKEN_LABEL:
	case TOKEN_REGEX:
	case TOKEN_PUNCT:
	case TOKEN_BAD:
		break;
	}
	parser_expected(parser, "a text in quotes, a number or a fact");
	if (lexer_is(&parser->lexer, "/"))
		diag_add(parser->diags, DIAG_NOTE, token.pos,
		    "a regular expression stands behind `=~` or `!~`");
	return -1;
}

static int
parse_regex(struct parser *parser, struct condition *cond)
{
	struct token token = parser->lexer.token;

	if (lexer_is_word(&parser->lexer, "m"))
		return parser_reserved(parser, STR("m{…}"), token.pos);
	if (token.kind != TOKEN_REGEX)
		return parser_expected(parser, "a regular expression: /…/");
	cond->kind = COND_MATCH;
	cond->regex = arena_str(parser->arena, token.text);
	cond->regex_flags = arena_str(parser->arena, token.flags);
	cond->regex_pos = token.pos;
	cond->pos = pos_until(cond->pos, token.pos);
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_list(struct parser *parser, struct condition *cond)
{
	lexer_next(&parser->lexer);
	parser->braces++;
	cond->in = IN_LIST;
	for (;;) {
		struct operand *operand;
		bool is_value = parser->lexer.token.kind == TOKEN_STRING ||
				parser->lexer.token.kind == TOKEN_NUMBER;

		if (!is_value)
			return parser_expected(
			    parser, "a text in quotes or a number");
		cond->list = arena_grow(parser->arena, cond->list, cond->n_list,
		    sizeof(*cond->list));
		operand = &cond->list[cond->n_list];
		memset(operand, 0, sizeof(*operand));
		if (parse_operand(parser, operand) == -1)
			return -1;
		cond->n_list++;
		if (lexer_is(&parser->lexer, "}"))
			break;
		if (parser_punct(parser, ",", "',' or '}'") == -1)
			return -1;
		if (lexer_is(&parser->lexer, "}"))
			break;
	}
	lexer_next(&parser->lexer);
	parser->braces--;
	return 0;
}

static int
parse_in(struct parser *parser, struct condition *cond)
{
	struct token token = parser->lexer.token;

	cond->kind = COND_IN;
	if (lexer_is(&parser->lexer, "{"))
		return parse_list(parser, cond);
	cond->pos = pos_until(cond->pos, token.pos);
	if (token.kind == TOKEN_STRING) {
		cond->in = IN_LIST;
		cond->is_bare_network = true;
		cond->list = arena_calloc(parser->arena, sizeof(*cond->list));
		cond->n_list = 1;
		return parse_operand(parser, &cond->list[0]);
	}
	if (token.kind != TOKEN_WORD)
		return parser_expected(parser,
		    "a table's name, {\"a\", \"list\"} or a network in quotes");
	cond->in = IN_TABLE;
	cond->name = arena_str(parser->arena, token.text);
	cond->name_pos = token.pos;
	lexer_next(&parser->lexer);
	return 0;
}

static const struct {
	const char *punct;
	enum comparison cmp;
} comparisons[] = {
	{ "==", CMP_EQ },
	{ "!=", CMP_NE },
	{ "<", CMP_LT },
	{ "<=", CMP_LE },
	{ ">", CMP_GT },
	{ ">=", CMP_GE },
};

static int
parse_comparison(struct parser *parser, struct condition *cond)
{
	size_t n = sizeof(comparisons) / sizeof(comparisons[0]);

	for (size_t i = 0; i < n; i++) {
		if (!lexer_is(&parser->lexer, comparisons[i].punct))
			continue;
		cond->kind = COND_COMPARE;
		cond->cmp = comparisons[i].cmp;
		lexer_next(&parser->lexer);
		if (parse_operand(parser, &cond->right) == -1)
			return -1;
		cond->pos = pos_until(cond->pos, cond->right.pos);
		return 0;
	}
	if (!lexer_is(&parser->lexer, "="))
		return 0;
	diag_add(parser->diags, DIAG_ERROR, parser->lexer.token.pos,
	    "'=' means nothing here: did you mean `==` or `=~`?");
	return -1;
}

/* Behind the left side. */
static int
parse_test(struct parser *parser, struct condition *cond)
{
	cond->kind = COND_FACT;
	cond->is_negated = lexer_is(&parser->lexer, "!~");
	if (cond->is_negated || lexer_is(&parser->lexer, "=~")) {
		lexer_next(&parser->lexer);
		return parse_regex(parser, cond);
	}
	if (lexer_is_word(&parser->lexer, "in")) {
		lexer_next(&parser->lexer);
		return parse_in(parser, cond);
	}
	return parse_comparison(parser, cond);
}

static int
parse_over(struct parser *parser, struct condition **out)
{
	struct condition *cond = new_condition(parser, COND_OVER);
	struct token token;

	lexer_next(&parser->lexer);
	token = parser->lexer.token;
	if (token.kind != TOKEN_WORD)
		return parser_expected(parser, "a limit's name");
	cond->name = arena_str(parser->arena, token.text);
	cond->name_pos = token.pos;
	cond->pos = pos_until(cond->pos, token.pos);
	lexer_next(&parser->lexer);
	*out = cond;
	return 0;
}

static int
parse_text_in(struct parser *parser, struct condition **out)
{
	struct condition *cond = new_condition(parser, COND_IN);
	struct token token = parser->lexer.token;

	lexer_next(&parser->lexer);
	cond->has_text = true;
	if (parse_text(parser, &token, &cond->text) == -1)
		return -1;
	if (!lexer_is_word(&parser->lexer, "in"))
		return parser_expected(
		    parser, "`in` behind a text on the left side");
	lexer_next(&parser->lexer);
	*out = cond;
	return parse_in(parser, cond);
}

static int
parse_fact_test(struct parser *parser, struct condition **out)
{
	struct condition *cond = new_condition(parser, COND_FACT);

	if (parse_fact(parser, &cond->ref) == -1)
		return -1;
	cond->pos = cond->ref.pos;
	*out = cond;
	return parse_test(parser, cond);
}

static int
go_deeper(struct parser *parser)
{
	if (++parser->depth <= CONDITION_DEPTH)
		return 0;
	diag_add(parser->diags, DIAG_ERROR, parser->lexer.token.pos,
	    "more than %d parentheses and `not` inside each other",
	    CONDITION_DEPTH);
	return -1;
}

static int
parse_group(struct parser *parser, struct condition **out)
{
	if (go_deeper(parser) == -1)
		return -1;
	lexer_next(&parser->lexer);
	if (parse_condition(parser, out) == -1 ||
	    parser_punct(parser, ")", "')', `and` or `or`") == -1)
		return -1;
	parser->depth--;
	return 0;
}

static int
parse_unary(struct parser *parser, struct condition **out)
{
	struct condition *cond;

	if (lexer_is(&parser->lexer, "("))
		return parse_group(parser, out);
	if (lexer_is_word(&parser->lexer, "over"))
		return parse_over(parser, out);
	if (parser->lexer.token.kind == TOKEN_STRING)
		return parse_text_in(parser, out);
	if (!lexer_is_word(&parser->lexer, "not")) {
		if (parser->lexer.token.kind != TOKEN_WORD)
			return parser_expected(parser,
			    "a condition, which begins with a fact, `not`, "
			    "`over`, a text or '('");
		return parse_fact_test(parser, out);
	}
	cond = new_condition(parser, COND_NOT);
	cond->terms = arena_alloc(parser->arena, sizeof(struct condition *));
	cond->n_terms = 1;
	if (go_deeper(parser) == -1)
		return -1;
	lexer_next(&parser->lexer);
	if (parse_unary(parser, &cond->terms[0]) == -1)
		return -1;
	parser->depth--;
	cond->pos = pos_until(cond->pos, cond->terms[0]->pos);
	*out = cond;
	return 0;
}

static void
add_term(struct parser *parser, struct condition *list, struct condition *term)
{
	list->terms = arena_grow(parser->arena, list->terms, list->n_terms,
	    sizeof(struct condition *));
	list->terms[list->n_terms++] = term;
	list->pos = pos_until(list->pos, term->pos);
}

int
parse_condition(struct parser *parser, struct condition **out)
{
	struct condition *first, *term, *list;
	const char *word, *other;

	if (parse_unary(parser, &first) == -1)
		return -1;
	*out = first;
	if (lexer_is_word(&parser->lexer, "and")) {
		list = new_condition(parser, COND_AND);
		word = "and", other = "or";
	} else if (lexer_is_word(&parser->lexer, "or")) {
		list = new_condition(parser, COND_OR);
		word = "or", other = "and";
	} else {
		return 0;
	}
	list->pos = first->pos;
	add_term(parser, list, first);
	while (lexer_is_word(&parser->lexer, word)) {
		lexer_next(&parser->lexer);
		if (parse_unary(parser, &term) == -1)
			return -1;
		add_term(parser, list, term);
	}
	if (lexer_is_word(&parser->lexer, other)) {
		diag_add(parser->diags, DIAG_ERROR, parser->lexer.token.pos,
		    "`and` and `or` are mixed: expected parentheses that say "
		    "what belongs together");
		return -1;
	}
	*out = list;
	return 0;
}
