/*
 * parser: tokens to a program.
 *
 * Errors go to diags and parsing goes on at the next rule or statement, so one
 * run finds several. Names are not resolved here: see check.h.
 */
#ifndef SLUICE_RULES_PARSER_H
#define SLUICE_RULES_PARSER_H

#include "rules/lexer.h"
#include "rules/program.h"
#include "rules/suggest.h"

struct parser {
	struct lexer lexer;
	struct program *program;
	struct arena *arena; /* the program's */
	struct diags *diags;
	unsigned depth;  /* of parentheses */
	unsigned braces; /* of lists that are open */
	bool is_with;    /* inside of `attachment with (…)` */
	/* Called for `include "glob"`. */
	void (*include)(void *context, struct str glob, struct pos pos);
	void *context;
};

/* One whole file, appended to the program. */
void parser_run(struct parser *parser, const struct source *source);

/* Between the parser's files. */

/* Is the present token a word that begins a statement? */
bool parser_at_statement(const struct parser *parser);
/* Is it a word of the grammar? */
bool word_is_reserved(struct str word);
/* The words that begin statements, those of the grammar, and the options of
 * limits, for words.c; NULL behind the last. */
const char *statement_word(size_t i);
const char *reserved_word(size_t i);
const char *limit_option_word(size_t i);
/* "expected WHAT, found …" at the present token; -1 always. */
int parser_expected(struct parser *parser, const char *what);
/* "did you mean …?" behind an error about the present word, if one is near. */
void parser_suggest(struct parser *parser, const struct suggestion *near);
/* "'WHAT' is not available in this version" at pos; -1 always. */
int parser_reserved(struct parser *parser, struct str what, struct pos pos);
int parser_punct(struct parser *parser, const char *punct, const char *what);
int parser_string(
    struct parser *parser, const char *what, struct token *token_out);
/*
 * A name for something new: [a-z][a-z0-9-]*, not a word of the grammar; a
 * TOKEN_LABEL for a rule, else a TOKEN_WORD.
 */
int parser_name(struct parser *parser, enum token_kind kind, const char *what,
    struct str *name_out, struct pos *pos_out);
/*
 * The statement that gives this name is wrong: who uses the name is not told
 * that it is unknown, too. -1 always.
 */
int parser_broken(struct parser *parser, struct str name);

/* parse_text.c: the inside of a string token, to a literal or to parts. */
int parse_literal(struct parser *parser, const struct token *token,
    const char *what, struct str *out);
int parse_text(
    struct parser *parser, const struct token *token, struct text *out);
/* RFC 5322 section 3.6.8: printable ASCII but the colon; at most 76 bytes. */
bool field_name_is_valid(struct str name);

/* parse_cond.c */
int parse_condition(struct parser *parser, struct condition **out);

/* parse_fact.c */
/* The present token is a word; reads name, ["argument"], (bits). */
int parse_fact(struct parser *parser, struct fact_ref *out);
/* The present token is the word value; reads value(TABLE, FACT). */
int parse_value(struct parser *parser, struct str *table_out,
    struct pos *pos_out, struct fact_ref *out);
/* From where something began up to what was read last. */
struct pos pos_until(struct pos from, struct pos last);
/* "20", "-2.5"; -1 if it is no such number. */
int decimal_parse(struct parser *parser, struct str text, double *out);

/* parse_rule.c: behind `on STAGE [if …] {`, up to the closing brace. */
int parse_rules(struct parser *parser, struct block *block);

/* parse_table.c, parse_limit.c: behind the word table or limit; appended to
 * the program. */
int parse_table(struct parser *parser);
int parse_limit(struct parser *parser);

#endif
