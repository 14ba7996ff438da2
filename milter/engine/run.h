/*
 * run: the rules of one stage, from top to bottom, around the stage's one call
 * to the store.
 */
#ifndef SLUICE_ENGINE_RUN_H
#define SLUICE_ENGINE_RUN_H

#include "engine/charge.h"
#include "engine/eval.h"

enum outcome_kind {
	OUTCOME_NONE, /* no rule decided: on */
	OUTCOME_ACCEPT,
	OUTCOME_REJECT,
	OUTCOME_TEMPFAIL,
	OUTCOME_DISCARD,
};

struct outcome {
	enum outcome_kind kind;
	struct reply reply; /* of a refusal or discard */
};

/*
 * session->stage (and rcpt) are set. Charges of the stage are kept or given
 * back by the outcome; verdicts are reported.
 */
struct outcome run_stage(struct session *session);

/* Did an earlier accept exempt what this stage is about from rules? */
bool run_is_exempt(const struct session *session);

bool outcome_is_refusal(const struct outcome *outcome);

#endif
