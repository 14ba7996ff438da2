/*
 * url: addresses of web pages, in text and by themselves.
 */
#ifndef SLUICE_MIME_URL_H
#define SLUICE_MIME_URL_H

#include "base/arena.h"

/*
 * The next address in a plain text from *at on (moved behind it): http, https,
 * ftp, or one that a mail program makes a link of ("www.example.org/x").
 * Wrapped in <>, followed by punctuation, … False: there is none.
 */
bool url_next(struct str text, size_t *at, struct str *url_out);

/*
 * As a browser reads it: blanks and line ends inside dropped, backslashes as
 * slashes, scheme and host in lower case, percent coding of what needs none
 * undone, user and password dropped from the host, host as A-labels, an IPv4
 * address in any notation (decimal, octal, hexadecimal) as four numbers. host
 * is empty for schemes without one (mailto:, data:, cid:). Of a target without
 * scheme ("//host/x", "www.host") http is meant. Both live in the arena. -1: no
 * address (a mere path, "#top", empty).
 */
int url_normal(struct arena *arena, struct str target, struct str *url_out,
    struct str *host_out);

#endif
