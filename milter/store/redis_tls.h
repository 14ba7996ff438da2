/*
 * redis_tls: Redis over TLS, where hiredis was built with it.
 *
 * Debian 12's hiredis was not; there all of this is one message that names
 * stunnel.
 */
#ifndef SLUICE_STORE_REDIS_TLS_H
#define SLUICE_STORE_REDIS_TLS_H

#include "base/buf.h"

/* 0, or -1 and what to do instead where this build knows no TLS. */
int redis_tls_check(struct buf *error);

#endif
