/*
 * str: a pointer and a length, the way all text is passed about.
 *
 * A struct str never owns its bytes. They need no NUL behind them (those made
 * by an arena have one) and may contain any byte. "Without case" means ASCII
 * letters only.
 */
#ifndef SLUICE_BASE_STR_H
#define SLUICE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *p;
	size_t len;
};

#define STR(literal) ((struct str){ literal, sizeof(literal) - 1 })

/* For printf's "%.*s". Only for text known to be short. */
#define STR_ARG(s) (int)(s).len, (s).len > 0 ? (s).p : ""

struct str str_of(const char *text); /* NULL is the empty string */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *b);
bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str head);
bool str_starts_nocase(struct str s, struct str head);
bool str_ends_nocase(struct str s, struct str tail);
bool str_has(struct str s, struct str what); /* anywhere in it */
int str_cmp(struct str a, struct str b);     /* <0, 0, >0; bytes, for sorting */

/* Position of the first (last) c, or -1. */
ptrdiff_t str_find(struct str s, char c);
ptrdiff_t str_find_last(struct str s, char c);

struct str str_sub(struct str s, size_t from, size_t to); /* [from, to) */
struct str str_from(struct str s, size_t from);
/* What stands before the first c, all of it if there is none; *rest moves on
 * behind that c. Line by line: while (text.len > 0) line = str_take(&text,
 * '\n'). */
struct str str_take(struct str *rest, char c);
struct str str_trim(struct str s); /* blanks, tabs, CR, LF at both ends */

char ascii_lower(char c);
bool ascii_is_alnum(char c);
bool ascii_is_space(char c); /* blank, tab, CR, LF, VT, FF */
bool ascii_is_digit(char c);
int ascii_hex(char c); /* what a hexadecimal digit stands for, or -1 */

/* 64 bits of FNV-1a, for hash tables (bytes lowered first by _nocase). */
uint64_t str_hash(struct str s);
uint64_t str_hash_nocase(struct str s);

#endif
