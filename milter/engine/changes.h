/*
 * changes: what is done to a message that passes. Asked for while rules run,
 * worked out at the message's end.
 *
 * Header fields whose names begin with OWN_HEADERS and that some rule adds or
 * sets are ours: what came under such a name is taken out of every message,
 * whether or not the rule fires, unless the client or its HELO was accepted.
 * Under another name add-header leaves what there is, as Received must stay.
 */
#ifndef SLUICE_ENGINE_CHANGES_H
#define SLUICE_ENGINE_CHANGES_H

#include "engine/state.h"

/* Says once for each scope that rules ask for more than a cap allows. */
void changes_tell_cap(const struct session *session, struct scope *scope,
    const char *what, size_t max);
/* name: of a header field, or empty. value: as a rule said it; of a header it
 * is made safe here. */
void changes_add(struct session *session, enum change_kind kind,
    struct str name, struct str value);

/* A field that is not kept: counted if rules may change it. */
void changes_drop_header(struct session *session, struct str name);

/* At the message's end: what is told to the MTA, and in which order, becomes
 * the changes of the message's scope. Headers, recipients, sender,
 * quarantine. */
void changes_collect(struct session *session);

#endif
