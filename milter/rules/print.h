/*
 * print: a program as text in normal form. What is printed loads to the same
 * program, and prints to the same text.
 */
#ifndef SLUICE_RULES_PRINT_H
#define SLUICE_RULES_PRINT_H

#include "rules/program.h"

void print_program(const struct program *program, struct buf *out);
void print_condition(const struct condition *cond, struct buf *out);
/* With its whole name, also inside of `attachment with (…)`. */
void print_ref(const struct fact_ref *ref, struct buf *out);
void print_text(const struct text *text, struct buf *out);
void print_unit(const struct limit *limit, struct buf *out);

#endif
