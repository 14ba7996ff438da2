/*
 * outlook: when the next message of somebody will pass, as a sentence that can
 * be read aloud. Pure.
 */
#ifndef SLUICE_TOOL_DESK_OUTLOOK_H
#define SLUICE_TOOL_DESK_OUTLOOK_H

#include "tool/desk/account.h"

/*
 * "anna@example.org waits until 15:20 (in 12 min): user-pace is over, 20 of 20
 * recipients in 1m." One line, or a second one about mail to that address.
 * Only limits whose rules refuse have a say.
 */
void outlook_print(struct str name, const struct account *accounts, size_t n,
    int64_t now_ms, struct buf *out);

#endif
