/*
 * reload: new rules for the running daemon, and fresh tables.
 */
#ifndef SLUICE_DAEMON_RELOAD_H
#define SLUICE_DAEMON_RELOAD_H

#include "conf/conf.h"

/*
 * Starts the thread that reloads on request and looks every 2 s whether a
 * table has changed. conf: what the daemon started with, now the thread's; it
 * is read again from conf_path (NULL: where it is by default). 0, or -1 with
 * errno.
 */
int reload_start(struct conf *conf, const char *conf_path);
/*
 * Any thread; does not wait. Requests that meet a reload that has not begun are
 * one. Returns its number, by which to ask for what became of it.
 */
uint64_t reload_request(void);

enum reload_state { RELOAD_PENDING, RELOAD_GOOD, RELOAD_REFUSED };

/* What became of that reload, or (only the last is kept) of the one that was
 * done in its place; diagnostics gets what there was to say. Any thread. */
enum reload_state reload_result(uint64_t number, struct buf *diagnostics);

/* Logs text line by line. */
void reload_log_lines(struct str text, enum log_level level);

#endif
