/*
 * redis_tls: Redis over TLS, where hiredis was built with it (SLUICE_TLS).
 *
 * Debian 12's hiredis was not; there all of this is one message that names
 * stunnel.
 */
#ifndef SLUICE_STORE_REDIS_TLS_H
#define SLUICE_STORE_REDIS_TLS_H

#include "base/buf.h"

#include <hiredis/read.h>

struct redis_failure;
struct store_url;

/* 0, or -1 and what to do instead where this build knows no TLS. */
int redis_tls_check(struct buf *error);

/*
 * Whom to trust and who we are, for all connections of a store; any thread.
 * Without a file of authorities (tls_ca) it is the system's. NULL and a message
 * for people if a file cannot be read or used.
 */
struct redis_tls;
struct redis_tls *redis_tls_new(const struct store_url *url, struct buf *error);
void redis_tls_free(struct redis_tls *tls); /* NULL is fine */

/*
 * One connection over fd, which is connected, does not block, and belongs to it
 * from now on. host is what the server's certificate must name. NULL and
 * *failure; then fd is closed.
 */
struct redis_tls_conn;
struct redis_tls_conn *redis_tls_open(const struct redis_tls *tls, int fd,
    const char *host, int64_t deadline_us, struct redis_failure *failure);
void redis_tls_close(struct redis_tls_conn *conn);
/* Where what was received can be read; lasts as long as the connection. */
redisReader *redis_tls_reader(struct redis_tls_conn *conn);
/* 0, or -1 and *failure. */
int redis_tls_send(struct redis_tls_conn *conn, struct str bytes,
    int64_t deadline_us, struct redis_failure *failure);
/* Waits for some bytes and hands them to the reader. 0, or -1 and *failure. */
int redis_tls_receive(struct redis_tls_conn *conn, int64_t deadline_us,
    struct redis_failure *failure);

#endif
