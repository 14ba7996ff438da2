/*
 * redis_sentinel: one Redis whose address is known by Sentinels.
 * https://redis.io/docs/reference/sentinel-clients/
 */
#ifndef SLUICE_STORE_REDIS_SENTINEL_H
#define SLUICE_STORE_REDIS_SENTINEL_H

#include "store/redis/node.h"

struct store_url;

extern const struct redis_layout redis_layout_sentinel;

/* Sets redis->layout_data, and makes the one node; it has no address yet. */
void redis_sentinel_open(struct redis *redis, const struct store_url *url);

#endif
