/*
 * mailbox: an address that a rule gives to a message: its new recipient or
 * sender. Narrower than what comes in from the world, for the MTA takes it as
 * it is, and reads more into a text than one address (lists, comments,
 * programs, ends of lines), while facts that are filled in come from strangers.
 */
#ifndef SLUICE_RULES_MAILBOX_H
#define SLUICE_RULES_MAILBOX_H

#include "base/str.h"

#define MAILBOX_LOCAL_MAX  64  /* RFC 5321 section 4.5.3.1.1 */
#define MAILBOX_DOMAIN_MAX 255 /* section 4.5.3.1.2 */

/* Why this cannot be one ("it has no '@'"), or NULL: local@domain, without
 * brackets, blanks, lists and, unless may_be_utf8 (RFC 6531), what is not
 * ASCII. The local part may be quoted. */
const char *mailbox_flaw(struct str address, bool may_be_utf8);

#endif
