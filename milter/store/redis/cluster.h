/*
 * redis_cluster: what is said between a Redis Cluster and its clients: which
 * slot a key is in, who has which slot, and the errors that lead elsewhere.
 *
 * Plain data, no connections; what a node says is not trusted.
 * https://redis.io/docs/reference/cluster-spec/
 */
#ifndef SLUICE_STORE_REDIS_CLUSTER_H
#define SLUICE_STORE_REDIS_CLUSTER_H

#include "base/str.h"

struct redisReply;

#define CLUSTER_SLOTS     16384
#define CLUSTER_NODES_MAX 64  /* masters */
#define CLUSTER_HOST_MAX  256 /* bytes, the NUL included */
#define CLUSTER_NOBODY    UINT16_MAX

/*
 * CRC16/XMODEM of the key or, if it has a first '{' and a '}' behind it with
 * something between the two, of that; modulo CLUSTER_SLOTS.
 */
unsigned cluster_slot(struct str key);

/* The smallest number whose digits, as a tag, are in this slot. */
unsigned cluster_tag(unsigned slot);

struct cluster_address {
	char host[CLUSTER_HOST_MAX];
	unsigned port;
};

/* Who has which slot: its master. 100 KiB: not for the stack. */
struct cluster_map {
	struct cluster_address nodes[CLUSTER_NODES_MAX];
	size_t n_nodes;
	uint16_t owners[CLUSTER_SLOTS]; /* index of nodes, or CLUSTER_NOBODY */
};

/*
 * Reads the answer to CLUSTER SLOTS that asked gave; an empty name of a node
 * means asked's own. 0, or -1 if that is no such answer, or nobody has a slot;
 * then map is of no use.
 */
int cluster_map_read(struct cluster_map *map, const struct redisReply *reply,
    const struct cluster_address *asked);

enum cluster_error {
	CLUSTER_ERROR_OTHER, /* none of those below */
	CLUSTER_ERROR_MOVED, /* that node has the slot, from now on */
	CLUSTER_ERROR_ASK,   /* only this time, and after ASKING */
	CLUSTER_ERROR_TRYAGAIN,
	CLUSTER_ERROR_DOWN,     /* the Cluster, or this slot */
	CLUSTER_ERROR_CROSSSLOT /* keys of several slots: our own mistake */
};

struct cluster_redirect {
	unsigned slot;
	struct cluster_address to;
};

/*
 * What the text of an error reply means. Sets redirect for MOVED and ASK; one
 * that cannot be read is CLUSTER_ERROR_OTHER.
 */
enum cluster_error cluster_error_read(struct str text,
    const struct cluster_address *asked, struct cluster_redirect *redirect_out);

#endif
