/*
 * judge: is a rule true? In the order of the stage, since a block's condition
 * holds as it was when the block was entered.
 */
#ifndef SLUICE_ENGINE_JUDGE_H
#define SLUICE_ENGINE_JUDGE_H

#include "engine/eval.h"

struct judge {
	struct session *session;
	const struct block *block;
	enum tri block_value;
	struct evidence block_evidence;
};

/* With its block; a rule that has expired is false. */
enum tri judge_rule(
    struct judge *judge, struct rule *rule, struct evidence *evidence_out);

/* By its word, by the mode, or told so while running. Asked once a verdict:
 * the answer may change at any time. */
bool judge_is_observed(const struct session *session, const struct rule *rule);

#endif
