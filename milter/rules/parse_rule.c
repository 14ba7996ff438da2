/*
 * NAME: [observe] ACTION[, ACTION …] [if CONDITION] [expires DATE]
 */
#include "base/quantity.h"
#include "rules/parser.h"

#include <stdlib.h>
#include <string.h>

static int
parse_code(struct parser *parser, struct action *action)
{
	struct token *token = &parser->lexer.token;
	struct str text = token->text;

	if (token->kind != TOKEN_NUMBER)
		return 0;
	if (text.len != 3 || text.p[0] < '2' || text.p[0] > '5' ||
	    str_find(text, '.') >= 0)
		return parser_expected(parser,
		    "a reply code (550, 550 5.7.1) or the text in quotes");
	action->code = (unsigned)strtoul(text.p, NULL, 10);
	action->has_code = true;
	action->code_pos = token->pos;
	lexer_next(&parser->lexer);
	return 0;
}

/* RFC 3463: class.subject.detail, each of one to three digits. */
static bool
is_xcode(struct str text)
{
	unsigned n_dots = 0, n_digits = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '.') {
			if (n_digits == 0)
				return false;
			n_dots++;
			n_digits = 0;
		} else if (text.p[i] < '0' || text.p[i] > '9' ||
			   ++n_digits > 3) {
			return false;
		}
	}
	return n_dots == 2 && n_digits > 0 && text.p[1] == '.';
}

static int
parse_xcode(struct parser *parser, struct action *action)
{
	struct token *token = &parser->lexer.token;

	if (token->kind != TOKEN_NUMBER)
		return 0;
	if (!is_xcode(token->text))
		return parser_expected(parser,
		    "an enhanced status code (5.7.1) or the text in quotes");
	action->xcode = arena_str(parser->arena, token->text);
	action->has_xcode = true;
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_action_text(
    struct parser *parser, struct action *action, const char *what)
{
	struct token token;

	if (parser_string(parser, what, &token) == -1)
		return -1;
	return parse_text(parser, &token, &action->text);
}

static int
parse_refusal(struct parser *parser, struct action *action)
{
	const struct action_type *type = action_type(action->kind);

	action->code = type->code;
	action->xcode = str_of(type->xcode);
	if (parse_code(parser, action) == -1 ||
	    (action->has_code && parse_xcode(parser, action) == -1))
		return -1;
	if (parse_action_text(
		parser, action, "the text of the reply in quotes") == -1)
		return -1;
	if (action->text.n > 0)
		return 0;
	diag_add(parser->diags, DIAG_ERROR, action->text.pos,
	    "the reply has no text: expected words that tell the sender why");
	return -1;
}

static int
parse_field(struct parser *parser, struct action *action)
{
	struct token token;

	if (parser_string(
		parser, "the name of a header field in quotes", &token) == -1 ||
	    parse_literal(parser, &token, "the name of a header field",
		&action->name) == -1)
		return -1;
	if (!field_name_is_valid(action->name)) {
		diag_add(parser->diags, DIAG_ERROR, token.pos,
		    "this cannot be the name of a header field (printable "
		    "ASCII without blanks and colons, at most 76)");
		return -1;
	}
	if (action->kind == ACTION_REMOVE_HEADER)
		return 0;
	return parse_action_text(parser, action, "the value in quotes");
}

static int
parse_score(struct parser *parser, struct action *action)
{
	struct token *token = &parser->lexer.token;

	if (token->kind != TOKEN_NUMBER ||
	    decimal_parse(parser, token->text, &action->score) == -1)
		return parser_expected(parser, "a number (2.5, -1)");
	action->written = arena_str(parser->arena, token->text);
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_words(struct parser *parser, struct action *action)
{
	return parse_action_text(parser, action, "a text in quotes");
}

static int
parse_for(struct parser *parser, struct action *action)
{
	struct token *token = &parser->lexer.token;

	if (!lexer_is_word(&parser->lexer, "for"))
		return parser_expected(parser, "`for` and how long (for 1d)");
	lexer_next(&parser->lexer);
	if (token->kind != TOKEN_NUMBER ||
	    duration_parse(token->text, &action->for_sec) == -1)
		return parser_expected(
		    parser, "how long, from 1s to 10 years (30m, 4h, 1d)");
	lexer_next(&parser->lexer);
	return 0;
}

/* remember FACT|"text" in TABLE for DURATION, forget FACT|"text" in TABLE */
static int
parse_remember(struct parser *parser, struct action *action)
{
	struct token token = parser->lexer.token;

	action->is_text = token.kind == TOKEN_STRING;
	if (action->is_text) {
		lexer_next(&parser->lexer);
		if (parse_text(parser, &token, &action->text) == -1)
			return -1;
	} else if (token.kind != TOKEN_WORD) {
		return parser_expected(parser, "a fact or a text in quotes");
	} else if (parse_fact(parser, &action->fact) == -1) {
		return -1;
	} else if (!action->fact.has_bits) {
		action->fact.bits_v6 = 128; /* no key: the address itself */
	}
	if (!lexer_is_word(&parser->lexer, "in"))
		return parser_expected(parser, "`in` and a table's name");
	lexer_next(&parser->lexer);
	token = parser->lexer.token;
	if (token.kind != TOKEN_WORD)
		return parser_expected(parser, "a table's name");
	action->table_name = arena_str(parser->arena, token.text);
	action->table_pos = token.pos;
	lexer_next(&parser->lexer);
	if (action->kind == ACTION_REMEMBER)
		return parse_for(parser, action);
	if (!lexer_is_word(&parser->lexer, "for"))
		return 0;
	diag_add(parser->diags, DIAG_ERROR, parser->lexer.token.pos,
	    "what is forgotten is gone at once: `forget` takes no `for`");
	return -1;
}

static int
parse_nothing(struct parser *parser, struct action *action)
{
	(void)parser;
	(void)action;
	return 0;
}

static int
parse_address(struct parser *parser, struct action *action)
{
	return parse_action_text(parser, action,
	    action->kind == ACTION_SET_SENDER
		? "an address in quotes (\"\" is the null sender)"
		: "an address in quotes");
}

static int (*const parse_operands[])(
    struct parser *parser, struct action *action) = {
	[ACTION_ACCEPT] = parse_nothing,
	[ACTION_REJECT] = parse_refusal,
	[ACTION_TEMPFAIL] = parse_refusal,
	[ACTION_DISCARD] = parse_nothing,
	[ACTION_QUARANTINE] = parse_words,
	[ACTION_ADD_RECIPIENT] = parse_address,
	[ACTION_REMOVE_RECIPIENT] = parse_address,
	[ACTION_REDIRECT] = parse_address,
	[ACTION_SET_SENDER] = parse_address,
	[ACTION_ADD_HEADER] = parse_field,
	[ACTION_SET_HEADER] = parse_field,
	[ACTION_REMOVE_HEADER] = parse_field,
	[ACTION_SCORE] = parse_score,
	[ACTION_TAG] = parse_words,
	[ACTION_LOG] = parse_words,
	[ACTION_REMEMBER] = parse_remember,
	[ACTION_FORGET] = parse_remember,
};

static int
unknown_action(struct parser *parser)
{
	struct token *token = &parser->lexer.token;
	struct suggestion near = { .wrong = token->text };

	parser_expected(parser, "an action (accept, reject, tempfail, …)");
	action_suggest(&near);
	suggest(&near, STR("observe"));
	parser_suggest(parser, &near);
	return -1;
}

static int
parse_action(struct parser *parser, struct rule *rule)
{
	struct token *token = &parser->lexer.token;
	struct action *action;

	rule->actions = arena_grow(parser->arena, rule->actions,
	    rule->n_actions, sizeof(*rule->actions));
	action = &rule->actions[rule->n_actions];
	memset(action, 0, sizeof(*action));
	action->pos = token->pos;
	if (token->kind != TOKEN_WORD ||
	    action_parse(token->text, &action->kind) == -1)
		return unknown_action(parser);
	lexer_next(&parser->lexer);
	if (parse_operands[action->kind](parser, action) == -1)
		return -1;
	rule->n_actions++;
	return 0;
}

static int
parse_actions(struct parser *parser, struct rule *rule)
{
	if (lexer_is_word(&parser->lexer, "observe")) {
		rule->is_observed = true;
		lexer_next(&parser->lexer);
	}
	for (;;) {
		if (parse_action(parser, rule) == -1)
			return -1;
		if (!lexer_is(&parser->lexer, ","))
			return 0;
		lexer_next(&parser->lexer);
	}
}

static int
parse_expires(struct parser *parser, struct rule *rule)
{
	struct token *token = &parser->lexer.token;

	if (!lexer_is_word(&parser->lexer, "expires"))
		return 0;
	lexer_next(&parser->lexer);
	if (token->kind != TOKEN_NUMBER || token->text.len != 10)
		return parser_expected(parser, "a date (2027-03-01)");
	rule->expires = arena_str(parser->arena, token->text);
	rule->expires_pos = token->pos;
	lexer_next(&parser->lexer);
	return 0;
}

static bool
at_rule_end(const struct parser *parser)
{
	const struct token *token = &parser->lexer.token;

	return token->kind == TOKEN_LABEL || token->kind == TOKEN_END ||
	       lexer_is(&parser->lexer, "}") || parser_at_statement(parser);
}

/* What stands behind a rule is none of its parts. */
static int
complain_of_rest(struct parser *parser, const struct rule *rule)
{
	static const char *const words[] = { "if", "expires", "and", "or" };
	struct token *token = &parser->lexer.token;
	struct suggestion near = { .wrong = token->text };

	if (rule->expires.len > 0 && lexer_is_word(&parser->lexer, "if")) {
		diag_add(parser->diags, DIAG_ERROR, token->pos,
		    "the condition stands before `expires`, not behind it");
		return -1;
	}
	parser_expected(parser,
	    rule->expires.len > 0 ? "the next rule (name:) or '}'"
	    : rule->cond == NULL
		? "',', `if`, `expires`, the next rule (name:) or '}'"
		: "`and`, `or`, `expires`, the next rule (name:) or '}'");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		suggest(&near, str_of(words[i]));
	parser_suggest(parser, &near);
	return -1;
}

static int
parse_parts(struct parser *parser, struct rule *rule)
{
	if (parse_actions(parser, rule) == -1)
		return -1;
	if (lexer_is_word(&parser->lexer, "if")) {
		lexer_next(&parser->lexer);
		if (parse_condition(parser, &rule->cond) == -1)
			return -1;
	}
	if (parse_expires(parser, rule) == -1)
		return -1;
	return at_rule_end(parser) ? 0 : complain_of_rest(parser, rule);
}

static int
parse_rule(struct parser *parser, struct block *block)
{
	struct rule *rule = arena_calloc(parser->arena, sizeof(*rule));
	struct program *program = parser->program;

	atomic_flag_clear(&rule->was_told);
	rule->block = block;
	if (parser_name(parser, TOKEN_LABEL, "a name for the rule", &rule->name,
		&rule->pos) == -1 ||
	    parse_parts(parser, rule) == -1)
		return -1;
	rule->index = program->n_rules;
	program->rules = arena_grow(parser->arena, program->rules,
	    program->n_rules, sizeof(struct rule *));
	program->rules[program->n_rules++] = rule;
	block->rules = arena_grow(
	    parser->arena, block->rules, block->n_rules, sizeof(struct rule *));
	block->rules[block->n_rules++] = rule;
	return 0;
}

/*
 * Behind an error: on to the next rule, or out of the block. The error may
 * have been inside of a list, whose '}' is not the block's.
 */
static void
skip_rule(struct parser *parser, bool is_first)
{
	struct lexer *lexer = &parser->lexer;

	lexer->is_quiet = true;
	if (is_first)
		lexer_next(lexer);
	while (!at_rule_end(parser) ||
	       (parser->braces > 0 && lexer_is(lexer, "}"))) {
		if (lexer_is(lexer, "{"))
			parser->braces++;
		else if (parser->braces > 0 && lexer_is(lexer, "}"))
			parser->braces--;
		lexer_next(lexer);
	}
	lexer->is_quiet = false;
}

/* A string that was torn may have had the '}': that was told. */
static int
complain_of_end(struct parser *parser, const struct block *block)
{
	if (parser->lexer.is_torn)
		return -1;
	parser_expected(parser, "a rule (name: …) or '}'");
	diag_add(parser->diags, DIAG_NOTE, block->pos, "the block begins here");
	return -1;
}

static void
complain_of_no_name(struct parser *parser)
{
	const struct token *token = &parser->lexer.token;
	struct str text = token->pos.source->text;
	size_t at = token->pos.at + token->pos.len;

	parser_expected(parser, "a rule (name: …) or '}'");
	while (at < text.len && ascii_is_space(text.p[at]))
		at++;
	if (token->kind == TOKEN_WORD && at < text.len && text.p[at] == ':')
		diag_add(parser->diags, DIAG_NOTE, token->pos,
		    "the colon stands directly behind the name");
}

int
parse_rules(struct parser *parser, struct block *block)
{
	const struct token *token = &parser->lexer.token;

	while (!lexer_is(&parser->lexer, "}")) {
		uint32_t before = token->pos.at;

		if (token->kind == TOKEN_END || parser_at_statement(parser))
			return complain_of_end(parser, block);
		parser->depth = parser->braces = 0;
		if (token->kind != TOKEN_LABEL) {
			complain_of_no_name(parser);
			skip_rule(parser, true);
		} else if (parse_rule(parser, block) == -1) {
			skip_rule(parser, token->pos.at == before);
		}
	}
	lexer_next(&parser->lexer);
	return 0;
}
