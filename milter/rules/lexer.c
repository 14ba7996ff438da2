/*
 * Each kind of token has a small function that moves lexer->at behind it.
 * Nothing is copied: a token points into the source. The trap is "/": it
 * divides an amount from a duration and begins a regular expression; only the
 * token before it tells which.
 */
#include "rules/lexer.h"

#include "base/utf8.h"
#include "rules/regex_text.h"

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
	if (peek(lexer, 0) == ':') { /* no name, but meant as one */
		lexer->token.kind = TOKEN_LABEL;
		lexer->at++;
	}
}

static void
complain(struct lexer *lexer, struct pos pos, const char *what)
{
	lexer->token.kind = TOKEN_BAD;
	if (!lexer->is_quiet)
		diag_add(lexer->diags, DIAG_ERROR, pos, "%s", what);
}

static bool
at_line_end(const struct lexer *lexer)
{
	return at_end(lexer) || peek(lexer, 0) == '\n';
}

/*
 * Behind a $ in a string: "$$", or "${header["Subject"]}" with quotes and
 * perhaps braces of its own. False if the brace is not closed.
 */
static bool
skip_dollar(struct lexer *lexer)
{
	bool is_quoted = false;

	if (peek(lexer, 0) == '$') {
		lexer->at++;
		return true;
	}
	if (peek(lexer, 0) != '{')
		return true;
	while (!at_line_end(lexer) && (is_quoted || peek(lexer, 0) != '}')) {
		if (peek(lexer, 0) == '"')
			is_quoted = !is_quoted;
		else if (peek(lexer, 0) == '\\' && is_quoted)
			lexer->at++;
		lexer->at += !at_line_end(lexer);
	}
	return !at_line_end(lexer);
}

/* What stands between delimiters has no end on its line. */
static int
read_torn(struct lexer *lexer, uint32_t from, const char *what)
{
	while (!at_line_end(lexer))
		lexer->at++;
	lexer->is_torn = true;
	lexer->token.pos = span(lexer, from);
	complain(lexer, lexer->token.pos, what);
	return -1;
}

/* Up to an unescaped quote on the same line; -1 if there is none. */
static int
read_quoted(struct lexer *lexer)
{
	uint32_t from = lexer->at++;

	for (;;) {
		uint32_t at = lexer->at;
		char c = peek(lexer, 0);

		if (at_line_end(lexer))
			return read_torn(lexer, from,
			    "this text is not closed: expected \" before the "
			    "end of the line");
		lexer->at++;
		if (c == '"')
			break;
		if (c == '\\' && !at_line_end(lexer))
			lexer->at++;
		else if (c == '$' && !skip_dollar(lexer))
			return read_torn(lexer, at,
			    "this ${ is not closed: expected } behind the "
			    "fact");
	}
	lexer->token.text = text_between(lexer, from + 1, lexer->at - 1);
	lexer->token.pos = span(lexer, from);
	return 0;
}

static void
read_string(struct lexer *lexer)
{
	if (read_quoted(lexer) == 0)
		lexer->token.kind = TOKEN_STRING;
}

static void
read_regex(struct lexer *lexer, struct str rest)
{
	struct token *token = &lexer->token;
	uint32_t from = lexer->at;
	struct regex_text regex;

	if (regex_text_read(rest, &regex) == -1) {
		read_torn(lexer, from,
		    peek(lexer, 0) == '/'
			? "this regular expression is not closed: expected / "
			  "before the end of the line"
			: "this regular expression is not closed: expected a "
			  "} for each { before the end of the line");
		return;
	}
	lexer->at += (uint32_t)regex.len;
	token->kind = TOKEN_REGEX;
	token->text = regex.pattern;
	token->flags = regex.flags;
	token->pos = span(lexer, from);
}

/* What people write who come from other languages, or word processors. */
static const struct {
	const char *text;
	const char *hint;
} strangers[] = {
	{ "&&", "'&&' means nothing here: did you mean `and`?" },
	{ "||", "'||' means nothing here: did you mean `or`?" },
	{ "&", "'&' means nothing here: did you mean `and`?" },
	{ "|", "'|' means nothing here: did you mean `or`?" },
	{ "!", "'!' means nothing here: did you mean `not`?" },
	{ "~", "'~' means nothing here: did you mean `=~`?" },
	{ ";", "';' means nothing here: a rule ends where the next one begins "
	       "(name:) or with '}'" },
	{ ":", "':' stands alone: a rule's name is written directly before it "
	       "(name:)" },
	{ "'", "this quote means nothing here: texts stand in \"…\"" },
	{ "“", "this quote means nothing here: texts stand in \"…\"" },
	{ "”", "this quote means nothing here: texts stand in \"…\"" },
	{ "„", "this quote means nothing here: texts stand in \"…\"" },
};

static void
read_stranger(struct lexer *lexer, struct str rest)
{
	const char *hint = "this character means nothing here (texts stand in "
			   "\"…\", patterns in /…/)";
	uint32_t from = lexer->at;
	size_t len = utf8_sequence(rest);

	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		struct str text = str_of(strangers[i].text);

		if (str_starts(rest, text)) {
			len = text.len;
			hint = strangers[i].hint;
			break;
		}
	}
	lexer->at += (uint32_t)len;
	lexer->token.pos = span(lexer, from);
	complain(lexer, lexer->token.pos, hint);
}

static void
read_punct(struct lexer *lexer)
{
	static const char *const puncts[] = { "==", "!=", "<=", ">=", "=~",
		"!~", "<", ">", "=", "{", "}", "(", ")", "[", "]", ",", "/",
		"%" };
	struct str rest = str_from(lexer->source->text, lexer->at);
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
	read_stranger(lexer, rest);
}

void
lexer_next(struct lexer *lexer)
{
	bool wants_regex = lexer->wants_regex;
	struct str rest;
	char c;

	skip_blanks(lexer);
	lexer->wants_regex = false;
	lexer->token = (struct token){ .kind = TOKEN_END,
		.pos = { lexer->source, lexer->at, 0 } };
	if (at_end(lexer))
		return;
	c = peek(lexer, 0);
	rest = str_from(lexer->source->text, lexer->at);
	if (c == '"')
		read_string(lexer);
	else if (wants_regex && regex_text_begins(rest))
		read_regex(lexer, rest);
	else if (ascii_is_digit(c) ||
		 ((c == '-' || c == '+') && ascii_is_digit(peek(lexer, 1))))
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
	bool is_long = token->text.len > 40;
	const char *more = is_long ? "…" : "";
	int len = (int)(is_long ? utf8_back(token->text, 40) : token->text.len);

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
