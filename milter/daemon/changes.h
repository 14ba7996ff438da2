/*
 * changes: telling the MTA, at the end of a message, what is to be changed of
 * it.
 */
#ifndef SLUICE_DAEMON_CHANGES_H
#define SLUICE_DAEMON_CHANGES_H

#include "daemon/steps.h"
#include "engine/session.h"

#include <libmilter/mfapi.h>

/* In the callback of the message's end only. steps: as negotiated. What could
 * not be done is logged. */
void changes_send(
    SMFICTX *ctx, const struct session *session, struct steps steps);

#endif
