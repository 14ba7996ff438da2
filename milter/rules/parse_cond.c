/*
 * Conditions: or < and < not < comparison. Mixing `and` and `or` without
 * parentheses is an error, because people do not agree on what it means.
 */
#include "rules/parser.h"

#include "base/ip.h"
#include "base/quantity.h"

#include <string.h>

static struct condition *
new_condition(struct parser *parser, enum condition_kind kind)
{
	struct condition *cond = arena_calloc(parser->arena, sizeof(*cond));

	cond->kind = kind;
	cond->lookup = cond->value_lookup = NO_LOOKUP;
	cond->scan = NO_SCAN;
	cond->pos = parser->lexer.token.pos;
	return cond;
}

static int
complain_of_number(struct parser *parser)
{
	struct token token = parser->lexer.token;
	struct ip ip;

	parser_expected(parser, "a number (20, -2.5, 10M)");
	if (ip_parse(token.text, &ip) == 0)
		diag_add(parser->diags, DIAG_NOTE, token.pos,
		    "an IP address stands in quotes");
	return -1;
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
		return complain_of_number(parser);
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

	if (token.kind != TOKEN_REGEX) {
		parser_expected(parser, "a regular expression: /…/ or m{…}");
		if (lexer_is_word(&parser->lexer, "m"))
			diag_add(parser->diags, DIAG_NOTE, token.pos,
			    "m stands directly before a brace: m{…}");
		return -1;
	}
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

/* -1: the present token is none. */
static int
parse_comparison_sign(struct parser *parser, enum comparison *cmp_out)
{
	size_t n = sizeof(comparisons) / sizeof(comparisons[0]);

	for (size_t i = 0; i < n; i++) {
		if (!lexer_is(&parser->lexer, comparisons[i].punct))
			continue;
		*cmp_out = comparisons[i].cmp;
		lexer_next(&parser->lexer);
		return 0;
	}
	return -1;
}

/* Comparisons as other languages write them. */
static const struct {
	const char *word;
	const char *meant;
} foreign[] = {
	{ "=", "`==` or `=~`" },
	{ "~", "`=~`" },
	{ "matches", "`=~ /…/`" },
	{ "match", "`=~ /…/`" },
	{ "like", "`=~ /…/`" },
	{ "contains", "`=~ /…/`" },
	{ "has", "`=~ /…/`" },
	{ "is", "`==`" },
	{ "equals", "`==`" },
	{ "eq", "`==`" },
	{ "ne", "`!=`" },
	{ "exists", "the fact alone, which holds if it is not empty" },
};

/* -1: that is what the present token is, and told. */
static int
refuse_foreign(struct parser *parser)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		if (!lexer_is(&parser->lexer, foreign[i].word) &&
		    !lexer_is_word(&parser->lexer, foreign[i].word))
			continue;
		diag_add(parser->diags, DIAG_ERROR, parser->lexer.token.pos,
		    "'%s' means nothing here: did you mean %s?",
		    foreign[i].word, foreign[i].meant);
		return -1;
	}
	return 0;
}

static int
parse_comparison(struct parser *parser, struct condition *cond)
{
	if (parse_comparison_sign(parser, &cond->cmp) == 0) {
		cond->kind = COND_COMPARE;
		if (parse_operand(parser, &cond->right) == -1)
			return -1;
		cond->pos = pos_until(cond->pos, cond->right.pos);
		return 0;
	}
	return refuse_foreign(parser);
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
parse_limit_name(struct parser *parser, struct condition *cond)
{
	struct token token = parser->lexer.token;

	if (token.kind != TOKEN_WORD)
		return parser_expected(parser, "a limit's name");
	cond->name = arena_str(parser->arena, token.text);
	cond->name_pos = token.pos;
	cond->pos = pos_until(cond->pos, token.pos);
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_percent(struct parser *parser, struct condition *cond)
{
	struct token *token = &parser->lexer.token;

	if (token->kind != TOKEN_NUMBER ||
	    decimal_parse(parser, token->text, &cond->percent) == -1 ||
	    cond->percent < 0)
		return parser_expected(parser, "a percentage (90%)");
	cond->right.written = arena_str(parser->arena, token->text);
	cond->right.pos = token->pos;
	cond->has_percent = true;
	lexer_next(&parser->lexer);
	cond->pos = pos_until(cond->pos, token->pos);
	return parser_punct(parser, "%", "'%' behind the number");
}

static int
parse_over(struct parser *parser, struct condition *cond)
{
	return parse_limit_name(parser, cond);
}

/* near LIMIT [at 90%] */
static int
parse_near(struct parser *parser, struct condition *cond)
{
	cond->percent = NEAR_PERCENT;
	if (parse_limit_name(parser, cond) == -1)
		return -1;
	if (!lexer_is_word(&parser->lexer, "at"))
		return 0;
	lexer_next(&parser->lexer);
	if (parse_percent(parser, cond) == -1)
		return -1;
	if (cond->percent > 0 && cond->percent <= 100)
		return 0;
	diag_add(parser->diags, DIAG_ERROR, cond->right.pos,
	    "near is a part of the limit: expected more than 0%% and at most "
	    "100%%");
	return -1;
}

/* used LIMIT >= 50% */
static int
parse_used(struct parser *parser, struct condition *cond)
{
	if (parse_limit_name(parser, cond) == -1)
		return -1;
	if (parse_comparison_sign(parser, &cond->cmp) == -1)
		return parser_expected(
		    parser, "a comparison with a percentage (>= 50%)");
	return parse_percent(parser, cond);
}

static const struct {
	const char *word;
	enum condition_kind kind;
	int (*parse)(struct parser *parser, struct condition *cond);
} askings[] = {
	{ "over", COND_OVER, parse_over },
	{ "near", COND_NEAR, parse_near },
	{ "used", COND_USED, parse_used },
};

/* 1: the present token asks nothing about a limit. */
static int
parse_asking(struct parser *parser, struct condition **out)
{
	for (size_t i = 0; i < sizeof(askings) / sizeof(askings[0]); i++) {
		struct condition *cond;

		if (!lexer_is_word(&parser->lexer, askings[i].word))
			continue;
		cond = new_condition(parser, askings[i].kind);
		lexer_next(&parser->lexer);
		*out = cond;
		return askings[i].parse(parser, cond);
	}
	return 1;
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

/* value(TABLE, FACT) or FACT */
static int
parse_left(struct parser *parser, struct condition *cond)
{
	if (lexer_is_word(&parser->lexer, "value")) {
		cond->is_value = true;
		cond->pos = pos_until(cond->pos, parser->lexer.token.pos);
		if (parse_value(parser, &cond->value_table_name,
			&cond->value_table_pos, &cond->ref) == -1)
			return -1;
		cond->pos = pos_until(cond->pos, cond->ref.pos);
		return 0;
	}
	if (parse_fact(parser, &cond->ref) == -1)
		return -1;
	cond->pos = pos_until(cond->pos, cond->ref.pos);
	return 0;
}

static int
parse_fact_test(struct parser *parser, struct condition **out)
{
	struct condition *cond = new_condition(parser, COND_FACT);

	*out = cond;
	if (parse_left(parser, cond) == -1)
		return -1;
	return parse_test(parser, cond);
}

/* every FACT in …, == …, =~ … */
static int
parse_every(struct parser *parser, struct condition **out)
{
	struct condition *cond = new_condition(parser, COND_FACT);

	lexer_next(&parser->lexer);
	cond->is_every = true;
	*out = cond;
	if (lexer_is_word(&parser->lexer, "attachment")) {
		diag_add(parser->diags, DIAG_ERROR, parser->lexer.token.pos,
		    "`every` goes with a fact; that all attachments are so is "
		    "written: not attachment with (not (…))");
		return -1;
	}
	if (parse_left(parser, cond) == -1 || parse_test(parser, cond) == -1)
		return -1;
	if (cond->kind != COND_FACT)
		return 0;
	return parser_expected(
	    parser, "what holds for every value: in, ==, !=, =~ or !~");
}

static int parse_unary(struct parser *parser, struct condition **out);

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

/* What holds one other condition. */
static struct condition *
new_holder(struct parser *parser, enum condition_kind kind)
{
	struct condition *cond = new_condition(parser, kind);

	cond->terms = arena_calloc(parser->arena, sizeof(struct condition *));
	cond->n_terms = 1;
	return cond;
}

/* The condition in the parentheses. */
static int
parse_with_group(struct parser *parser, struct condition *cond)
{
	bool was_with = parser->is_with;
	int rc;

	if (!lexer_is(&parser->lexer, "("))
		return parser_expected(parser,
		    "'(' behind `attachment with`: attachment with (name =~ "
		    "/…/ and size > 10k)");
	parser->is_with = true;
	rc = parse_group(parser, &cond->terms[0]);
	parser->is_with = was_with;
	return rc;
}

/* attachment with (…): the present token is the word attachment. */
static int
parse_with(struct parser *parser, struct condition **out)
{
	struct condition *cond = new_holder(parser, COND_WITH);

	lexer_next(&parser->lexer);
	if (!lexer_is_word(&parser->lexer, "with")) {
		diag_add(parser->diags, DIAG_ERROR, cond->pos,
		    "there is no fact 'attachment': did you mean "
		    "`attachment.name` or `attachment with (…)`?");
		return -1;
	}
	cond->pos = pos_until(cond->pos, parser->lexer.token.pos);
	lexer_next(&parser->lexer);
	*out = cond;
	return parse_with_group(parser, cond);
}

static int
parse_not(struct parser *parser, struct condition **out)
{
	struct condition *cond = new_holder(parser, COND_NOT);

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

static int
parse_unary(struct parser *parser, struct condition **out)
{
	int rc;

	if (lexer_is(&parser->lexer, "("))
		return parse_group(parser, out);
	if (lexer_is_word(&parser->lexer, "not"))
		return parse_not(parser, out);
	if ((rc = parse_asking(parser, out)) != 1)
		return rc;
	if (lexer_is_word(&parser->lexer, "every"))
		return parse_every(parser, out);
	if (lexer_is_word(&parser->lexer, "attachment"))
		return parse_with(parser, out);
	if (parser->lexer.token.kind == TOKEN_STRING)
		return parse_text_in(parser, out);
	if (parser->lexer.token.kind != TOKEN_WORD)
		return parser_expected(parser,
		    "a condition, which begins with a fact, `not`, `over`, "
		    "`near`, `used`, `every`, a text or '('");
	return parse_fact_test(parser, out);
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
