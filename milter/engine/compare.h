/*
 * compare: what ==, < and `in` say of one value of a condition's left side.
 * What negates (!=) is the caller's.
 */
#ifndef SLUICE_ENGINE_COMPARE_H
#define SLUICE_ENGINE_COMPARE_H

#include "engine/side.h"

bool compare_numbers(enum comparison cmp, double a, double b);

/* one: a value by itself (n is 1), or that there is none (n is 0). */
enum tri compare_value(struct session *session, const struct condition *cond,
    const struct side *one, struct evidence *evidence);
/* Not for tables in the store. */
enum tri compare_in(struct session *session, const struct condition *cond,
    const struct side *one, struct evidence *evidence);
/* A text with facts on the left of `in`. */
enum tri compare_text_in(struct session *session, const struct condition *cond,
    struct evidence *evidence);

#endif
