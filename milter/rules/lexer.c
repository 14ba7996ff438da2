/*
 * Each kind of token has a small function that moves lexer->at behind it.
 * Nothing is copied: a token points into the source. The trap is "/": it
 * divides an amount from a duration and begins a regular expression; only the
 * token before it tells which.
 */
#include "rules/lexer.h"

#include <stdio.h>

static char
peek(const struct lexer *lexer, uint32_t ahead)
{
	size_t at = (size_t)lexer->at + ahead;

	return at < lexer->source->text.len ? lexer->source->text.p[at] : '\0';
}

static bool
at_end(const struct lexer *lexer)
{
	return lexer->at >= lexer->source->text.len;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_';
}

static struct pos
span(const struct lexer *lexer, uint32_t from)
{
	return (struct pos){ lexer->source, from, lexer->at - from };
}

static struct str
text_between(const struct lexer *lexer, uint32_t from, uint32_t to)
{
	return str_sub(lexer->source->text, from, to);
}

static void
skip_blanks(struct lexer *lexer)
{
	while (!at_end(lexer)) {
		if (peek(lexer, 0) == '#') {
			while (!at_end(lexer) && peek(lexer, 0) != '\n')
				lexer->at++;
		} else if (ascii_is_space(peek(lexer, 0))) {
			lexer->at++;
		} else {
			return;
		}
	}
}

static void
read_word(struct lexer *lexer)
{
	uint32_t from = lexer->at;
	struct token *token = &lexer->token;

	while (is_word_byte(peek(lexer, 0)))
		lexer->at++;
	token->kind = TOKEN_WORD;
	token->text = text_between(lexer, from, lexer->at);
	token->pos = span(lexer, from);
	if (peek(lexer, 0) == ':') {
		token->kind = TOKEN_LABEL;
		lexer->at++;
	}
}

static void
read_number(struct lexer *lexer)
{
	uint32_t from = lexer->at;

	lexer->at++; /* a sign, or the first digit */
	while (is_word_byte(peek(lexer, 0)))
		lexer->at++;
	lexer->token.kind = TOKEN_NUMBER;
	lexer->token.text = text_between(lexer, from, lexer->at);
	lexer->token.pos = span(lexer, from);
}

/* Behind a $ in a string: "$$", or "${header["Subject"]}" with its quotes. */
static void
skip_dollar(struct lexer *lexer)
{
	if (peek(lexer, 0) == '$') {
		lexer->at++;
		return;
	}
	if (peek(lexer, 0) != '{')
		return;
	while (
	    !at_end(lexer) && peek(lexer, 0) != '}' && peek(lexer, 0) != '\n')
		lexer->at++;
}

/* Up to an unescaped delimiter on the same line; -1 if there is none. */
static int
read_delimited(struct lexer *lexer, char delimiter, const char *what)
{
	uint32_t from = lexer->at++;

	for (;;) {
		char c = peek(lexer, 0);

		if (at_end(lexer) || c == '\n') {
			lexer->token.kind = TOKEN_BAD;
			lexer->token.pos = (struct pos){ lexer->source, from,
				lexer->at - from };
			diag_add(lexer->diags, DIAG_ERROR, lexer->token.pos,
			    "%s is not closed: expected %c before the end of "
			    "the line",
			    what, delimiter);
			return -1;
		}
		lexer->at++;
		if (c == delimiter)
			break;
		if (c == '\\' && !at_end(lexer) && peek(lexer, 0) != '\n')
			lexer->at++;
		else if (c == '$' && delimiter == '"')
			skip_dollar(lexer);
	}
	lexer->token.text = text_between(lexer, from + 1, lexer->at - 1);
	lexer->token.pos = span(lexer, from);
	return 0;
}

static void
read_string(struct lexer *lexer)
{
	if (read_delimited(lexer, '"', "this string") == 0)
		lexer->token.kind = TOKEN_STRING;
}

static void
read_regex(struct lexer *lexer)
{
	uint32_t flags;

	if (read_delimited(lexer, '/', "this regular expression") == -1)
		return;
	flags = lexer->at;
	while (ascii_is_alnum(peek(lexer, 0)))
		lexer->at++;
	lexer->token.kind = TOKEN_REGEX;
	lexer->token.flags = text_between(lexer, flags, lexer->at);
	lexer->token.pos.len = lexer->at - lexer->token.pos.at;
}

static void
read_punct(struct lexer *lexer)
{
	static const char *const puncts[] = { "==", "!=", "<=", ">=", "=~",
		"!~", "<", ">", "=", "{", "}", "(", ")", "[", "]", ",", "/",
		"%" };
	struct str rest =
	    text_between(lexer, lexer->at, (uint32_t)lexer->source->text.len);
	uint32_t from = lexer->at;

	for (size_t i = 0; i < sizeof(puncts) / sizeof(puncts[0]); i++) {
		struct str punct = str_of(puncts[i]);

		if (!str_starts(rest, punct))
			continue;
		lexer->at += (uint32_t)punct.len;
		lexer->token.kind = TOKEN_PUNCT;
		lexer->token.text = text_between(lexer, from, lexer->at);
		lexer->token.pos = span(lexer, from);
		return;
	}
	lexer->at += (uint32_t)utf8_sequence(rest);
	lexer->token.kind = TOKEN_BAD;
	lexer->token.pos = span(lexer, from);
	diag_add(lexer->diags, DIAG_ERROR, lexer->token.pos,
	    peek(lexer, 0) == ':' || rest.p[0] == ':'
		? "':' stands alone: a rule's name is written directly before "
		  "it (name:)"
		: "this character means nothing here (texts stand in \"…\", "
		  "patterns in /…/)");
}

void
lexer_next(struct lexer *lexer)
{
	bool wants_regex = lexer->wants_regex;
	char c;

	skip_blanks(lexer);
	lexer->wants_regex = false;
	lexer->token = (struct token){ .kind = TOKEN_END,
		.pos = { lexer->source, lexer->at, 0 } };
	if (at_end(lexer))
		return;
	c = peek(lexer, 0);
	if (c == '"')
		read_string(lexer);
	else if (c == '/' && wants_regex)
		read_regex(lexer);
	else if (is_digit(c) ||
		 ((c == '-' || c == '+') && is_digit(peek(lexer, 1))))
		read_number(lexer);
	else if (ascii_is_alnum(c))
		read_word(lexer);
	else
		read_punct(lexer);
	lexer->wants_regex = lexer_is(lexer, "=~") || lexer_is(lexer, "!~");
}

void
lexer_init(
    struct lexer *lexer, const struct source *source, struct diags *diags)
{
	*lexer = (struct lexer){ .source = source, .diags = diags };
	lexer_next(lexer);
}

bool
lexer_is(const struct lexer *lexer, const char *punct)
{
	return lexer->token.kind == TOKEN_PUNCT &&
	       str_is(lexer->token.text, punct);
}

bool
lexer_is_word(const struct lexer *lexer, const char *word)
{
	return lexer->token.kind == TOKEN_WORD &&
	       str_is(lexer->token.text, word);
}

const char *
token_describe(const struct token *token, char text[80])
{
	int len = token->text.len > 40 ? 40 : (int)token->text.len;
	const char *more = token->text.len > 40 ? "…" : "";

	while (*more != '\0' && len > 0 &&
	       ((unsigned char)token->text.p[len] & 0xc0) == 0x80)
		len--;

	switch (token->kind) {
	case TOKEN_END:
		return "the end of the file";
	case TOKEN_BAD:
		return "something that cannot be read";
	case TOKEN_LABEL:
		snprintf(text, 80, "'%.*s:%s'", len, token->text.p, more);
		break;
	case TOKEN_STRING:
		snprintf(text, 80, "\"%.*s%s\"", len, token->text.p, more);
		break;
	case TOKEN_REGEX:
		snprintf(text, 80, "/%.*s%s/", len, token->text.p, more);
		break;
	case TOKEN_WORD:
	case TOKEN_NUMBER:
	case TOKEN_PUNCT:
		snprintf(text, 80, "'%.*s%s'", len, token->text.p, more);
		break;
	}
	return text;
}
