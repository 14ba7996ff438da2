/*
 * lexer: a rule file as tokens.
 *
 * The parser asks for one token after the other and may look at the present
 * one as long as it likes. The only thing that depends on what came before is
 * the regular expression: it is read behind "=~" and "!~", and where the
 * parser asks for one (entries of regex tables).
 */
#ifndef SLUICE_RULES_LEXER_H
#define SLUICE_RULES_LEXER_H

#include "rules/diag.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* accept, mail.from, user-pace */
	TOKEN_LABEL,  /* pace: (text is without the colon) */
	TOKEN_STRING, /* text is the raw inside of the quotes */
	TOKEN_REGEX, /* /…/ or m{…}: text is the raw pattern; flags in flags */
	TOKEN_NUMBER, /* 20, 1h, 10M, -2.5, 4.7.1, 2027-03-01 */
	TOKEN_PUNCT,  /* == != <= >= =~ !~ < > = { } ( ) [ ] , / % */
	TOKEN_BAD,    /* already reported */
};

struct token {
	enum token_kind kind;
	struct str text;
	struct str flags;
	struct pos pos;
};

struct lexer {
	const struct source *source;
	struct diags *diags;
	uint32_t at;
	bool wants_regex;
	bool is_quiet; /* behind an error: what is skipped is not reported */
	bool is_torn;  /* a text or pattern was not closed, and took the rest
	                * of its line along */
	struct token token; /* the present one */
};

/* source outlives the lexer. The first token is read. */
void lexer_init(
    struct lexer *lexer, const struct source *source, struct diags *diags);
void lexer_next(struct lexer *lexer);
/* Is the present token this punctuation, this word? */
bool lexer_is(const struct lexer *lexer, const char *punct);
bool lexer_is_word(const struct lexer *lexer, const char *word);

/* "the word 'foo'", "'=='", "the end of the file": for messages. */
const char *token_describe(const struct token *token, char text[80]);

#endif
