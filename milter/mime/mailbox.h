/*
 * mailbox: is a text one address that may be handed to an MTA?
 *
 * Texts of rules have facts filled in, and these come from strangers. An MTA
 * reads more into an address than one mailbox (lists, comments, programs,
 * line ends), so what goes there is only what RFC 5321 section 4.1.2 calls a
 * Mailbox, less blanks, address literals and a local part that begins like a
 * command; or a bare name ("postmaster") of letters, digits and . _ + -.
 */
#ifndef SLUICE_MIME_MAILBOX_H
#define SLUICE_MIME_MAILBOX_H

#include "base/str.h"

#define MAILBOX_MAX 320 /* bytes: 64, "@" and 255 */

/* may_be_utf8: RFC 6531, where the client has asked for it. */
bool mailbox_is_safe(struct str text, bool may_be_utf8);

#endif
