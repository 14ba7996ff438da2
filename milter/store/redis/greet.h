/*
 * redis_greet: what is said first on a connection, and the marker of the data.
 */
#ifndef SLUICE_STORE_REDIS_GREET_H
#define SLUICE_STORE_REDIS_GREET_H

#include "store/redis/conn.h"

/* 0, and marker of conn is set if it is known; or -1 and *failure. */
int redis_greet(struct redis_conn *conn, const struct redis_target *target,
    int64_t deadline_us, struct redis_failure *failure);
/* Reads the marker again, if it had one: are the data those of before? */
int redis_conn_check(struct redis_conn *conn, const struct redis_target *target,
    int64_t deadline_us, bool *is_same_out, struct redis_failure *failure);

#endif
