/*
 * places: how many connections of MTAs fit into the descriptors of this
 * process, and what happens while one more does not.
 *
 * Linking this file gives the program an accept(2) of its own, which libmilter
 * then calls: libmilter's loop, when descriptors have run out, tries again at
 * once and forever, with all of a processor. Ours waits: the connection stays
 * in the backlog until another one ends, and the log says so.
 */
#ifndef SLUICE_DAEMON_PLACES_H
#define SLUICE_DAEMON_PLACES_H

#include "base/buf.h"

#include <stdint.h>

#define PLACES_FILES_MIN 64 /* with fewer files the daemon does not start */

/* How the files that may be open are shared out. */
struct places {
	uint32_t own;     /* store, helpers, tables, log: never an MTA's */
	uint32_t refused; /* connections that only hear 451 */
	uint32_t served;  /* what is left: the most max_connections can be */
};

/* Pure. n_files: at least PLACES_FILES_MIN. */
struct places places_share(uint64_t n_files);

/*
 * Main, before there are threads: raises the soft limit of open files to the
 * hard one. 0, or -1 and a message: fewer than PLACES_FILES_MIN.
 */
int places_init(struct buf *error);

/* How many of the wanted connections fit, with a line in the log if it is not
 * all of them. Any thread after places_init. */
uint32_t places_fit(uint32_t wanted);

/* Connections accepted since the start. Any thread. */
uint64_t places_n_accepted(void);

#endif
