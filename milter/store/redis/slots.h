/*
 * redis_slots: the nodes of a Redis Cluster, and which has which slot.
 */
#ifndef SLUICE_STORE_REDIS_SLOTS_H
#define SLUICE_STORE_REDIS_SLOTS_H

#include "store/redis/node.h"

struct store_url;

extern const struct redis_layout redis_layout_cluster;

/* Sets redis->layout_data; nodes are found by the thread behind. */
void redis_slots_open(struct redis *redis, const struct store_url *url);

#endif
