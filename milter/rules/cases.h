/*
 * cases: the other cases of a character over 0x7f, as PCRE2 has them. Asked of
 * PCRE2 itself, since each version knows more. For one thread.
 */
#ifndef SLUICE_RULES_CASES_H
#define SLUICE_RULES_CASES_H

#include <stddef.h>
#include <stdint.h>

#define CASES_MAX 6

struct cases;

struct cases *cases_new(void);
void cases_free(struct cases *cases);

/* All characters that are this one without case, it among them; 0: not known,
 * or more than CASES_MAX. */
size_t cases_of(struct cases *cases, uint32_t code, uint32_t out[CASES_MAX]);

#endif
