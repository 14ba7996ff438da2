/*
 * control: questions of operators on this host, by a unix socket: a line, and
 * an answer of lines.
 *
 *   status     as life_print tells
 *   reload     begins one: "number N"; for root and our own user only
 *   reload N   what became of it: "result pending", "result good" or "result
 *              refused", and a line "said TEXT" for each line of diagnostics
 *
 * An answer begins with "sluice 1" (the number of this form of speech) and ends
 * with "end"; what went wrong is a line "error TEXT".
 */
#ifndef SLUICE_DAEMON_LIFE_CONTROL_H
#define SLUICE_DAEMON_LIFE_CONTROL_H

#include "conf/conf.h"

#define CONTROL_GREETING "sluice 1"
#define CONTROL_END      "end"

/*
 * Opens the socket that conf wants, if any. One that stands in the file must be
 * had; that of the default is tried, and that it cannot be had is only logged.
 * 0, or -1 and a message.
 */
int control_listen(const struct conf *conf, struct buf *error);
/* One whole question ("status\n"), answered: for tests. */
void control_answer(struct str request, bool is_cut, struct buf *answer);

#endif
