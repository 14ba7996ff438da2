/*
 * recipients: who shall get the message, and who not, besides whom the client
 * named. Rules say what they wish; what is to be told to the MTA is worked out
 * once, at the message's end, so that what is asked for later counts.
 *
 * The client's recipients come before all wishes, be they named before or
 * after: in which order it names them is its affair.
 */
#ifndef SLUICE_ENGINE_RECIPIENTS_H
#define SLUICE_ENGINE_RECIPIENTS_H

#include "engine/state.h"

/* Each is one wish more, of the message or, at rcpt, of this recipient: it
 * vanishes if that is refused. address: see rules/mailbox.h; it is copied.
 * False: there are too many wishes. */
bool recipients_add(struct session *session, struct str address);
bool recipients_remove(struct session *session, struct str address);
/* In place of this recipient (at rcpt), or of all that there are then, those
 * that rules have added included. */
void recipients_redirect(struct session *session, struct str address);

/* Writes what is to be told to the MTA: additions, then removals (were it to
 * fail in between, nobody would lose mail). In the message's arena. */
size_t recipients_changes(struct session *session, struct change **changes_out);

#endif
