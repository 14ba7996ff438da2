/*
 * pulse: makes libmilter look at its queue, four times a second.
 *
 * Its pool gives a packet that came to a worker that it takes for idle, and
 * looks at what it gave away again only when some worker becomes free. When the
 * idle ones have just taken packets that never become whole (an MTA that
 * stopped in the middle of one), a good conversation waits until something else
 * happens. So something happens: the daemon has a connection to itself and says
 * "abort" on it, which no session hears.
 */
#ifndef SLUICE_DAEMON_PULSE_H
#define SLUICE_DAEMON_PULSE_H

#include "conf/endpoint.h"

/* Main, before serving. at: where the daemon listens; it must outlive the
 * thread. 0, or -1 with errno. */
int pulse_start(const struct endpoint *at);

#endif
