/*
 * milter: the only file that knows libmilter's callbacks. It turns them into
 * events of a session, and the session's replies into statuses.
 */
#ifndef SLUICE_DAEMON_MILTER_H
#define SLUICE_DAEMON_MILTER_H

#include "engine/session.h"

/* Before the socket is opened. engine must live as long as the process. 0, or
 * -1 (libmilter is of another version). */
int milter_register(struct engine *engine);

/* Serves connections; returns only when libmilter gave up. */
int milter_run(void);

#endif
