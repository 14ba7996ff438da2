/*
 * mailbox: an address that a rule gives to a message: its new recipient or
 * sender. Narrower than what comes in from the world, for the MTA takes it as
 * it is.
 */
#ifndef SLUICE_RULES_MAILBOX_H
#define SLUICE_RULES_MAILBOX_H

#include "base/str.h"

#define MAILBOX_LOCAL_MAX  64  /* RFC 5321 section 4.5.3.1.1 */
#define MAILBOX_DOMAIN_MAX 255 /* section 4.5.3.1.2 */

/* Why this cannot be one ("it has no '@'"), or NULL: local@domain, without
 * brackets, quotes, blanks, lists and what is not ASCII. */
const char *mailbox_flaw(struct str address);

#endif
