/*
 * superset: a regular expression that matches wherever another one does, and
 * is made of so little that no two libraries read it differently: bytes,
 * classes, groups, alternatives, repetitions and "^" at the start of the text.
 *
 * What looks around (\b, $, look-ahead, …) is left out, a back-reference is
 * anything, repetitions lose their upper bound when they grow large.
 */
#ifndef SLUICE_RULES_SUPERSET_H
#define SLUICE_RULES_SUPERSET_H

#include "rules/cases.h"
#include "rules/pattern.h"

/*
 * Appends it to out: ASCII, without NUL, with "." nowhere in it. It is to be
 * matched against bytes, with case; of a text pattern against text as
 * superset_fold leaves it. 0, or -1: why there is none, for people, in reason.
 * cases may serve many patterns.
 */
int superset_of(const struct pattern *pattern, struct cases *cases,
    struct buf *out, struct buf *reason);

/*
 * U+212A and U+017F, which are k and s without case, as these. True if there
 * are some, then out has the text.
 */
bool superset_fold(struct str text, struct buf *out);

#endif
