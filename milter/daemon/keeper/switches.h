/*
 * switches: rules that somebody told to be observed while running, as this
 * process last read them from the store. While the store is away they stay as
 * they were and end when they were to end.
 */
#ifndef SLUICE_DAEMON_KEEPER_SWITCHES_H
#define SLUICE_DAEMON_KEEPER_SWITCHES_H

#include "store/ledger.h"

#define SWITCHES_MAX 1000

struct switches;

struct switches *switches_new(void);
void switches_free(struct switches *switches);
/* Any thread, for every rule that fires: costs nothing while there are none.
 * now_ms: wall clock. */
bool switches_has(struct switches *switches, struct str rule, int64_t now_ms);
/* Any thread: those in force now. Strings live for the call. */
void switches_each(struct switches *switches, int64_t now_ms,
    void (*each)(void *context, const struct store_switch *one), void *context);
/* One thread, for each second: asks the store; what began and what ended is
 * logged. May wait as ledger.h says. 0, or -1: it did not answer. */
int switches_poll(
    struct switches *switches, struct store *store, int64_t now_ms);
/* The same while the store is away: only what was to end ends. */
void switches_expire(struct switches *switches, int64_t now_ms);

#endif
