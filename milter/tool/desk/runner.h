/*
 * runner: starts a program for each thing that happened, with its text on
 * standard input: no shell, a few at a time, none for longer than its time.
 * What goes wrong is said and stops nothing.
 */
#ifndef SLUICE_TOOL_DESK_RUNNER_H
#define SLUICE_TOOL_DESK_RUNNER_H

#include "base/str.h"

#define RUNNER_AT_ONCE   4
#define RUNNER_WAITING   1000 /* that wait for their turn */
#define RUNNER_TIMEOUT_S 30
#define RUNNER_END_S     5 /* for those that run at the end */

struct runner;

/* program is kept, not copied: a path, or a name that is looked for in PATH. */
struct runner *runner_new(const char *program);
/* what: how it is called if something goes wrong. */
void runner_add(struct runner *runner, struct str input, struct str what);
/* Starts what can be started, ends what takes too long; never waits. */
void runner_step(struct runner *runner);
bool runner_is_busy(const struct runner *runner);
/* Waits for those that run (RUNNER_END_S), not for those that wait. */
void runner_free(struct runner *runner);

#endif
