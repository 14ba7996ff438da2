/*
 * redis_conn: one connection to Redis and the bytes on it.
 *
 * Every wait ends by a deadline on the steady clock. After any failure the
 * connection is broken for good: whoever holds it closes it, so a late answer
 * can never be taken for another's. One thread at a time.
 */
#ifndef SLUICE_STORE_REDIS_CONN_H
#define SLUICE_STORE_REDIS_CONN_H

#include "base/buf.h"

#include <hiredis/read.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define REDIS_ADDRESSES_MAX 8

enum redis_failure_kind {
	REDIS_FAILURE_CONNECT, /* nobody listens there */
	REDIS_FAILURE_LATE,    /* no answer in time */
	REDIS_FAILURE_LOST,    /* closed or broken in the middle */
	REDIS_FAILURE_GARBAGE, /* that is not Redis, or not our question's */
	REDIS_FAILURE_REFUSED, /* an error reply: OOM, LOADING, NOAUTH, … */
	REDIS_FAILURE_AGAIN,   /* an error reply that only says to ask again */
};

/* Why something did not work, for the log. */
struct redis_failure {
	enum redis_failure_kind kind;
	char text[160];
};

void redis_fail(struct redis_failure *failure, enum redis_failure_kind kind,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

struct redis_tls;
struct redis_tls_conn;

struct redis_addresses {
	struct sockaddr_storage items[REDIS_ADDRESSES_MAX];
	socklen_t lens[REDIS_ADDRESSES_MAX];
	size_t n;
};

/* Where Redis is and what is said first; lives as long as its connections. */
struct redis_target {
	char *name; /* "redis 127.0.0.1:6379/0", for the log */
	char *host; /* or the path */
	unsigned port;
	bool is_unix;
	unsigned db;
	char *user;     /* or NULL */
	char *password; /* or NULL */
	char *prefix;
	int64_t timeout_us; /* of one call; see redis/conn.c */
	bool is_plain;      /* says who we are, and no more */
	bool is_cluster;
	/* Of a node of a Cluster: its marker is PREFIX:generation:{TAG}. */
	_Atomic uint32_t marker_tag;
	const struct redis_tls *tls; /* NULL: none */
	/* Grows when data were lost or replaced anywhere in the store. */
	_Atomic uint64_t *epoch;
};

#define REDIS_NO_TAG UINT32_MAX /* it has no slot, and no marker */

struct redis_conn {
	int fd;
	redisReader *reader;
	struct buf out;             /* the command under construction */
	struct redis_tls_conn *tls; /* NULL: none */
	uint64_t marker;            /* 0: not known */
	uint64_t generation; /* of the data: differs after they were lost; 0:
				not known, never the same as another */
	uint64_t cohort;     /* see redis/pool.h */
	uint64_t era;
	int64_t timeout_us;        /* recv waits so long; 0: it does not wait */
	struct redis_batch *batch; /* the pool's; NULL or a block to be freed */
};

/* Numeric addresses and paths only, never asks DNS: 0, or -1. */
int redis_addresses_of(
    const struct redis_target *target, struct redis_addresses *addresses_out);
/* Asks DNS: may take as long as it likes. */
int redis_addresses_look_up(
    const struct redis_target *target, struct redis_addresses *addresses_out);
bool redis_addresses_eq(
    const struct redis_addresses *a, const struct redis_addresses *b);

/*
 * Connects, says who we are, selects the database and reads the generation
 * marker. Also proves that Redis is willing to write. NULL and *failure.
 */
struct redis_conn *redis_conn_open(const struct redis_target *target,
    const struct redis_addresses *addresses, int64_t deadline_us,
    struct redis_failure *failure);
void redis_conn_close(struct redis_conn *conn); /* NULL is fine */
/* Nothing came since the last answer, not even the end. */
bool redis_conn_is_quiet(const struct redis_conn *conn);

/*
 * A command: begin (n arguments, the name of the command included), then n
 * arguments. Several may follow one another; send sends them all, and each
 * has one reply.
 */
void redis_put_begin(struct buf *out, size_t n);
void redis_put_arg(struct buf *out, struct str arg);
void redis_put_number(struct buf *out, int64_t number);
int redis_conn_send(struct redis_conn *conn, int64_t deadline_us,
    struct redis_failure *failure);
/* The caller frees it by freeReplyObject. An error reply is a reply. */
struct redisReply *redis_conn_receive(struct redis_conn *conn,
    int64_t deadline_us, struct redis_failure *failure);
/* True after the last reply, when nothing else is there. */
bool redis_conn_is_empty(const struct redis_conn *conn);

#endif
