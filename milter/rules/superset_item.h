/*
 * superset_item: what a pattern is made of, as it is written into its superset,
 * with how often it is repeated. For superset.c only.
 */
#ifndef SLUICE_RULES_SUPERSET_ITEM_H
#define SLUICE_RULES_SUPERSET_ITEM_H

#include "rules/superset_reader.h"

/* What was just written, and may be repeated. */
struct item {
	size_t at; /* in out */
	size_t cost;
	unsigned least; /* bytes of a class that stands for one character */
	unsigned most;
	bool is_word; /* ends with a letter, digit or "_" of ASCII */
};

bool item_is_word_byte(uint32_t code);

/* Behind what was written: reads how often it is repeated, and writes that. 0,
 * or -1 if all becomes too large. */
int item_end(struct reader *reader, const struct item *item);

/* They write an item and end it. 0 or -1. */
int item_add_character(struct reader *reader, uint32_t code);
/* One character of a set: of text up to four bytes. */
int item_add_set(struct reader *reader, const struct byteset *set);
/* ".", and \N, which is the same but for the flag s. */
int item_add_dot(struct reader *reader, bool has_newline);
/* Something of any length, or nothing. */
int item_add_anything(struct reader *reader);
/* \R */
int item_add_newline(struct reader *reader);

#endif
