/*
 * listen: taking the place at which the MTA finds us, and leaving it.
 *
 * Before libmilter opens its socket everything is tried here, since its own
 * messages go to syslog only, and since it would take a socket away from a
 * daemon that still serves it.
 */
#ifndef SLUICE_DAEMON_LISTEN_H
#define SLUICE_DAEMON_LISTEN_H

#include "conf/conf.h"

#include <sys/types.h>

/* Outlives the configuration, which a reload frees; { 0 } is none. */
struct listener {
	struct arena *arena;
	struct endpoint at;
	int lock_fd;  /* unix: PATH.lock, held while we run; else -1 */
	dev_t device; /* unix: which socket is ours */
	ino_t inode;
};

/*
 * Makes sure that nobody else listens there, and removes a socket that
 * nobody answers on. 0, or -1 and a message for people.
 */
int listen_claim(
    struct listener *listener, const struct endpoint *at, struct buf *error);
/* Opens the socket, after milter_register. 0, or -1 and a message. */
int listen_open(
    struct listener *listener, const struct conf *conf, struct buf *error);
/*
 * Gives a unix socket that was just made its group (NULL: as it came), and
 * makes sure that umask left the mode that was wanted. For sockets that are
 * opened otherwise than by listen_open. 0, or -1 and a message.
 */
int listen_secure(struct listener *listener, uint32_t mode, const char *group,
    struct buf *error);
/* Removes a unix socket if it is still ours, and the lock. Again: nothing. */
void listen_leave(struct listener *listener);

#endif
