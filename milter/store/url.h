/*
 * url: where a store is, as written in sluice.conf.
 */
#ifndef SLUICE_STORE_URL_H
#define SLUICE_STORE_URL_H

#include "base/arena.h"
#include "base/buf.h"

#define STORE_HOSTS_MAX 16 /* sentinels, or nodes to ask first */

enum store_kind {
	STORE_KIND_MEMORY,
	STORE_KIND_TCP,
	STORE_KIND_UNIX,
	STORE_KIND_SENTINEL, /* hosts are sentinels */
	STORE_KIND_CLUSTER   /* hosts are some of its nodes */
};

/* A name or an address without brackets, or the path of a socket. */
struct store_host {
	const char *host;
	unsigned port;
};

/* Texts are of the arena; what is not given is NULL. */
struct store_url {
	enum store_kind kind;
	struct store_host hosts[STORE_HOSTS_MAX]; /* one but for the last two */
	size_t n_hosts;
	unsigned db;
	const char *user;
	const char *password;

	const char *service; /* how the sentinels call the master */
	const char *sentinel_user;
	const char *sentinel_password;

	bool is_tls; /* then all below are paths, or NULL */
	const char *tls_ca;
	const char *tls_cert;
	const char *tls_key;
};

/* 0, or -1 with a message for people (that repeats no part of the URL). */
int store_url_parse(struct arena *arena, struct str text,
    struct store_url *url_out, struct buf *error);
/*
 * "memory", "redis 127.0.0.1:6379/0", "redis /run/redis.sock/0",
 * "redis sentinel mymaster/0", "redis cluster 127.0.0.1:7000"; no password.
 */
struct str store_url_name(struct arena *arena, const struct store_url *url);

#endif
