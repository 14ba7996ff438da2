/*
 * sessions: every connection of an MTA that is open, and the way to an end.
 *
 * libmilter calls neither abort nor close for what is open when the daemon
 * ends, so the daemon keeps this list of its own: at the end it refunds what
 * was never accepted. Any thread, except where it says "main".
 */
#ifndef SLUICE_DAEMON_SESSIONS_H
#define SLUICE_DAEMON_SESSIONS_H

#include "daemon/policy.h"
#include "engine/session.h"

#include <pthread.h>

/* One connection of an MTA. Its fields belong to who holds `busy`. */
struct open_session {
	pthread_mutex_t busy;
	struct policy *policy;
	struct steps steps;          /* as negotiated */
	struct session *session;     /* NULL: before connect, or it is over */
	const struct reply *refusal; /* if session is NULL: the answer to all */
	_Atomic int64_t entered_us;  /* steady clock; 0: in no callback */
	struct open_session *prev, *next; /* sessions.c only */
};

void sessions_set_max(uint32_t max);

/* Takes the reference to policy. */
struct open_session *sessions_open(struct policy *policy, struct steps steps);
/* Aborts and refunds what is open in it. */
void sessions_close(struct open_session *open);

/*
 * Begins a callback: holds the session until sessions_leave. False: there is
 * no session (any more), nothing is held, and open->refusal is the answer.
 */
bool sessions_enter(struct open_session *open);
void sessions_leave(struct open_session *open);

/* At connect: makes open->session, or sets open->refusal. */
bool sessions_connect(struct open_session *open, struct engine *engine);
/* Connections that are open now. */
size_t sessions_n_connected(void);
/* The same and more, for metrics. */
struct sessions_counts {
	uint64_t n_connected;
	uint64_t n_messages; /* open; whoever is in a callback counts as one */
	uint64_t max;
	uint64_t n_ever;    /* connections, since the start */
	uint64_t n_refused; /* that found max_connections in use */
};
void sessions_count(struct sessions_counts *counts_out);
/*
 * For the watchdog: when the callback began that has been running for the
 * longest (steady clock; 0: none runs), and how many have ended until now.
 */
int64_t sessions_oldest_us(void);
uint64_t sessions_n_callbacks(void);
/* The answer to new messages while stopping, else NULL. */
const struct reply *sessions_refusal(void);

/*
 * Main: no new connections and messages from now on; waits until no message
 * is open and no callback runs, at most wait_ms. Returns how many messages
 * were still open then.
 */
size_t sessions_drain(unsigned wait_ms);
/* Main: ends every session, refunding; later callbacks find none. */
void sessions_end_all(unsigned wait_ms);

#endif
