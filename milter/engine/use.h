/*
 * use: what a limit counts of what the present stage is about: for whom, how
 * much, by which rates.
 */
#ifndef SLUICE_ENGINE_USE_H
#define SLUICE_ENGINE_USE_H

#include "engine/state.h"

/* What the store is told about a use, so that refunds find it. */
enum use_tag { TAG_MESSAGE, TAG_CONNECTION };

enum use_kind {
	USE_NONE, /* the limit does not apply here */
	USE_ASK,
	USE_TOO_MANY /* more different values than one call can carry */
};

/*
 * Texts and rates of use_out live in session->scratch. A peek asks whether one
 * more would fit: of bytes what SIZE= announced, of different values those that
 * are known so far.
 */
enum use_kind use_make(struct session *session, const struct limit *limit,
    bool is_peek, struct store_use *use_out);

/* The identity that the limit counts by, in arena; empty: it does not apply. */
struct str use_identity(
    struct session *session, const struct limit *limit, struct arena *arena);

#endif
