/*
 * url_host: the host of an address, as a browser finds it.
 *
 * Private to url*.c and content*.c.
 */
#ifndef SLUICE_MIME_URL_HOST_H
#define SLUICE_MIME_URL_HOST_H

#include "base/arena.h"

#define URL_HOST_MAX 1024 /* bytes of one as written; the rest is cut */

/* "%41" at the beginning of s? */
bool url_percent(struct str s, char *byte_out);

/*
 * written: without user and port. Lower case, A-labels, no dot at the end, or
 * an address; in the arena. Empty: there is none.
 */
struct str url_host(struct arena *arena, struct str written);

/* Do both names belong to one owner, as far as their last labels tell? */
bool url_host_is_kin(struct str a, struct str b);

#endif
