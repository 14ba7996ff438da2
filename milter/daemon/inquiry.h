/*
 * inquiry: short questions to the daemon by others than MTAs - `sluice status`
 * on the control socket, Prometheus on the metrics port - on one thread of its
 * own, so that no mail waits for them.
 *
 * Bounded: INQUIRY_OPEN_MAX at a time on each socket (what is more waits in its
 * backlog, and takes no room from another socket's), each has INQUIRY_TIMEOUT_MS from its accept to the last byte of its answer, asks
 * at most request_max bytes and is closed after one answer. Descriptors that ran
 * out make the thread wait, not spin.
 */
#ifndef SLUICE_DAEMON_INQUIRY_H
#define SLUICE_DAEMON_INQUIRY_H

#include "base/buf.h"
#include "conf/endpoint.h"

#include <sys/types.h>

#define INQUIRY_OPEN_MAX    8
#define INQUIRY_TIMEOUT_MS  3000
#define INQUIRY_SOCKETS_MAX 4

/* One kind of question. Must outlive the process' threads. */
struct inquiry_kind {
	const char *name; /* for the log: "control", "metrics" */
	size_t request_max;
	/* Is all of the question here? */
	bool (*is_whole)(struct str request);
	/* The whole answer. Must not wait for the store or the disk. is_cut: the
	 * question was not whole within its bounds. An empty answer is
	 * none: the connection is closed. */
	void (*answer)(struct str request, bool is_cut, struct buf *answer);
};

/*
 * Opens a socket for such questions, before inquiry_start. mode and group
 * (NULL: as it comes) are for unix sockets; one that nobody serves any more is
 * replaced, one that is served is an error. 0, or -1 and a message for people.
 */
int inquiry_listen(const struct endpoint *at, uint32_t mode, const char *group,
    const struct inquiry_kind *kind, struct buf *error);
/* Inside answer: the user who asks, (uid_t)-1 over TCP. */
uid_t inquiry_asker(void);
/* Main, after signals were blocked. Nothing to listen on: nothing happens. 0,
 * or -1 with errno. */
int inquiry_start(void);
/* Main: removes unix sockets that are still ours. */
void inquiry_leave(void);

#endif
