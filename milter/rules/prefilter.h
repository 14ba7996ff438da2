/*
 * prefilter: which of many patterns may match a text, found in one scan.
 *
 * Where libhs (vectorscan or hyperscan) is there, the patterns that it accepts
 * are compiled into one database, as a superset: a pattern whose bit is not set
 * does not match, one whose bit is set is asked of PCRE2. So what matches is
 * the same with and without it. Never changes once made; any thread. The only
 * user of libhs.
 */
#ifndef SLUICE_RULES_PREFILTER_H
#define SLUICE_RULES_PREFILTER_H

#include "rules/pattern.h"

#define PREFILTER_MIN 8 /* fewer patterns are faster one by one */

struct prefilter;

/* Is libhs there, built in and able to run on this processor? */
bool prefilter_is_available(void);
const char *prefilter_version(void); /* "hyperscan 5.4.0"; "none" */

/*
 * Of patterns of one kind (all text or all bytes); they outlive it. NULL if
 * libhs is not there, if they are fewer than PREFILTER_MIN or if none of them
 * is accepted: then all are candidates always.
 */
struct prefilter *prefilter_new(
    const struct pattern *const *patterns, size_t n);
void prefilter_free(struct prefilter *prefilter); /* NULL is fine */

/* Was pattern i refused by libhs, so that it is always a candidate? The reason
 * for people, or NULL. */
const char *prefilter_refusal(const struct prefilter *prefilter, size_t i);

/*
 * Sets in bits (PREFILTER_WORDS(n) of them, cleared first) the candidates in
 * text; time is taken from budget. If it cannot be asked, all are.
 */
#define PREFILTER_WORDS(n) (((n) + 63) / 64)

void prefilter_scan(const struct prefilter *prefilter, struct str text,
    struct pattern_budget *budget, uint64_t *bits);

#endif
