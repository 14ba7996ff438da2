/*
 * charge: the one call of a stage to the store, and what is given back.
 *
 * charge_prepare when the stage begins (a limit's `if` sees score and tags as
 * they are then), then one of charge_wait, charge_send or nothing, then
 * charge_keep or charge_refund.
 */
#ifndef SLUICE_ENGINE_CHARGE_H
#define SLUICE_ENGINE_CHARGE_H

#include "engine/state.h"

struct charge_use {
	const struct limit *limit;
	struct store_use use;
	bool is_once; /* remembered, so that its key is not charged again */
	bool is_owed; /* it may have to be given back with its message */
};

struct charge {
	struct charge_use *uses; /* in session->scratch */
	size_t n_uses;
	struct store_call *calls[2]; /* made: on the store, on the local one */
	size_t n_calls;
};

void charge_prepare(struct session *session, const struct stage_plan *plan,
    struct charge *charge_out);
/* Asks, and fills in session->limits and session->lookups; a store that is
 * away decides by the on-outage of each. */
void charge_wait(struct session *session, struct charge *charge);
/* Charges without waiting; peeks are left out. */
void charge_send(struct session *session, struct charge *charge);

/* What came of one use: for rules, for later stages, for reports. */
void charge_note(struct session *session, const struct charge_use *use,
    const struct limit_level *level);

/* What the stage was about goes on: a message remembers its charges. */
void charge_keep(struct session *session, struct charge *charge);
/* Nothing of it will ever be given back. */
void charge_keep_none(struct charge *charge);
/* It was refused. */
void charge_refund(struct session *session, struct charge *charge);

/* All of a message: refused, aborted or dropped; or accepted for good. */
void charge_refund_message(struct session *session);
void charge_keep_message(struct session *session);

/*
 * Limits that are charged when it happens: without waiting, never given back.
 * A rule of ours, and no limit, rejected what this stage is about …
 */
void charge_rejected(struct session *session);
/* … or the MTA refused this recipient because it does not exist. */
void charge_unknown_recipient(struct session *session);

#endif
