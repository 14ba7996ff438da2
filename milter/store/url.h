/*
 * url: where a store is, as written in sluice.conf.
 */
#ifndef SLUICE_STORE_URL_H
#define SLUICE_STORE_URL_H

#include "base/arena.h"
#include "base/buf.h"

enum store_kind { STORE_KIND_MEMORY, STORE_KIND_TCP, STORE_KIND_UNIX };

/* Texts are of the arena; user and password may be NULL. */
struct store_url {
	enum store_kind kind;
	const char *host; /* a name or an address without brackets, or a path */
	unsigned port;
	unsigned db;
	const char *user;
	const char *password;
};

/* 0, or -1 with a message for people (that never shows a password). */
int store_url_parse(struct arena *arena, struct str text,
    struct store_url *url_out, struct buf *error);
/* "memory", "redis 127.0.0.1:6379/0", "redis /run/redis.sock/0"; no password */
struct str store_url_name(struct arena *arena, const struct store_url *url);

#endif
