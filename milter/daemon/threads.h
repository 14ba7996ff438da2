/*
 * threads: the daemon's own, and what becomes of one that libmilter cannot have.
 *
 * Linking this file gives the program a pthread_create(3) of its own. libmilter
 * only logs when it gets no worker for a connection that has something to say:
 * that connection is then never served, nor closed. So a failure ends the
 * daemon in good order, as being out of memory does, and the service manager
 * starts it again.
 */
#ifndef SLUICE_DAEMON_THREADS_H
#define SLUICE_DAEMON_THREADS_H

/* A thread of that name (at most 15 bytes) which nobody waits for; it inherits
 * which signals are blocked. 0, or -1 with errno. */
int threads_start(
    const char *name, void *(*run)(void *argument), void *argument);

/* Main, once serving begins: from now on a thread that cannot be made is logged
 * and ends the daemon. */
void threads_watch(void);

#endif
