/*
 * background: being a daemon, so that whoever starts one learns whether it
 * works. Main thread, before there are others.
 */
#ifndef SLUICE_DAEMON_BACKGROUND_H
#define SLUICE_DAEMON_BACKGROUND_H

#include "base/buf.h"

/*
 * Returns in the child only. The starter waits: it ends with 0 once the child
 * calls background_ready, with the child's status if that ends before. 0, or
 * -1 with errno.
 */
int background_start(void);
/* Lets the starter go, and the terminal. Nothing happens without a start. */
void background_ready(bool keep_stderr);

/* Writes our process number. 0, or -1 and a message. */
int pid_file_write(const char *path, struct buf *error);
/* Removes the file if it still has our number. */
void pid_file_remove(const char *path);

#endif
