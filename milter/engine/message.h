/*
 * message: the part of a session that begins with MAIL. For this layer only;
 * its events are in session.h.
 */
#ifndef SLUICE_ENGINE_MESSAGE_H
#define SLUICE_ENGINE_MESSAGE_H

#include "engine/state.h"

/* Ends the message that is open, if any: what it was charged is given back
 * unless it was accepted; its memory is freed. */
void message_abort(struct session *session);

/* session.c: the facts of TLS as the MTA tells them now. */
void session_set_tls(struct session *session);
/* session.c: what patterns may spend from now on. */
void session_budget_reset(struct session *session);

/*
 * envelope.c: the facts of MAIL and RCPT. May this connection be a local
 * submission? MAIL will tell; until then nothing is refused.
 */
bool envelope_may_be_local(const struct session *session);
void envelope_set_sender(struct session *session, struct str path,
    const struct str *params, size_t n_params);
void envelope_set_recipient(struct session *session, struct str path);
/* One spelling of an address, to find those that are the same. */
struct str envelope_key(struct arena *arena, struct str path);

#endif
