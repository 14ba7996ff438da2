/*
 * superset_reader: how far a pattern was read, and what its characters,
 * escapes and classes are. For superset.c only.
 */
#ifndef SLUICE_RULES_SUPERSET_READER_H
#define SLUICE_RULES_SUPERSET_READER_H

#include "rules/byteset.h"
#include "rules/cases.h"
#include "rules/pattern.h"

#define DEPTH_MAX 101 /* as PCRE2 is told, and the pattern itself */

enum {
	FLAG_I = 1 << 0,
	FLAG_M = 1 << 1,
	FLAG_S = 1 << 2,
	FLAG_X = 1 << 3,
};

struct level {
	size_t at; /* in out */
	size_t cost;
	unsigned flags; /* behind it */
	bool looks_around;
	bool was_word;     /* ends_word before it */
	bool all_end_word; /* its alternatives so far */
	size_t n_boundaries;
};

struct reader {
	struct str text;
	size_t at;
	bool is_text;
	unsigned flags;
	struct level levels[DEPTH_MAX];
	size_t depth;
	size_t cost;
	/* What was read last ends with a letter, digit or "_" of ASCII. */
	bool ends_word;
	bool has_no_end;     /* it may be of any length so far */
	size_t n_boundaries; /* written that end a word */
	struct cases *cases;
	struct buf *out;
	struct buf *reason;
};

/* Says what is not read, and where; -1. */
int reader_give_up(struct reader *reader, const char *what);
bool reader_is_at_end(const struct reader *reader);
/* The byte that is `ahead` of here; 0 behind the end. */
char reader_peek(const struct reader *reader, size_t ahead);
/* Moves behind the word, if it is here. */
bool reader_skip(struct reader *reader, const char *word);
/* Moves behind the next `end`, if there is one. */
bool reader_skip_behind(struct reader *reader, char end);
struct byteset_kind reader_kind(const struct reader *reader);

/* A character as it stands there; there is one. */
uint32_t reader_character(struct reader *reader);
/* An escape that is one character, from behind its backslash. 0 or -1. */
int reader_escaped_character(struct reader *reader, uint32_t *code_out);
/* The same of one that is a set. 1: it was one; 0: it is none; -1. */
int reader_escaped_set(struct reader *reader, struct byteset *set);
/* A class, from behind its "[". 0 or -1. */
int reader_class(struct reader *reader, struct byteset *set);

#endif
