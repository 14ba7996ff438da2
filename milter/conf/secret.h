/*
 * secret: what sluice.conf must not give away - in a message that shows one of
 * its lines, to other users of the host, or in a core file.
 */
#ifndef SLUICE_CONF_SECRET_H
#define SLUICE_CONF_SECRET_H

#include "base/arena.h"

/* Is there a password in the URL of a store? A user alone is no secret. */
bool secret_is_in_url(struct str url);

/*
 * The text of a sluice.conf of the same length, for diagnostics: in lines of
 * `store` a '*' for each byte of the login and of passwords, and for all that
 * stands behind a name that is no option, since it may be a password as well.
 */
struct str secret_mask(struct arena *arena, struct str text);

/* From now on the process leaves no core file (which would hold the password
 * of the store, and mail), and none of its user's other processes may look
 * into it. At the start of a program. */
void secret_forbid_dumps(void);

#endif
