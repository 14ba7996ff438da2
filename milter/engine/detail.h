/*
 * detail: what a verdict was made of, for those who ask why.
 */
#ifndef SLUICE_ENGINE_DETAIL_H
#define SLUICE_ENGINE_DETAIL_H

#include "engine/eval.h"

/*
 * Completes a report that has its stage, action, code and text: the rule and
 * what it and its block read (rule may be NULL), the limit that decided
 * (evidence may be NULL), who and what it was about. All of it lives in arena.
 */
void detail_verdict(struct session *session, const struct rule *rule,
    const struct evidence *evidence, struct arena *arena,
    struct verdict_report *report);

/* Where it was found that the rule is true, in arena; NULL: nowhere. */
const struct verdict_match *detail_match(
    const struct evidence *evidence, struct arena *arena);

#endif
