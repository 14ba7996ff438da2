/*
 * redis_group: the items of a round that are of one slot, and so are asked in
 * one run of the script. For redis/round.c.
 */
#ifndef SLUICE_STORE_REDIS_GROUP_H
#define SLUICE_STORE_REDIS_GROUP_H

#include "store/redis/redis.h"

enum group_state { GROUP_OPEN, GROUP_ANSWERED, GROUP_FAILED };

/* The items of one slot. */
struct group {
	struct redis_item *items;
	size_t n_items;
	unsigned slot;
	struct redis_node *node;
	bool is_body;
	bool is_asking;
	unsigned n_tries;
	enum group_state state;
};

/* All groups of a round; returns how many. Those of no node have failed. */
size_t groups_make(
    const struct redis_round *round, struct group groups[CALL_ITEMS_MAX]);
/* Give-backs of other data than these have nothing to be taken from. */
void group_drop_stale(struct group *group, uint64_t generation);
/* The command (after ASKING, where that is due). */
void group_put(const struct redis_round *round, const struct group *group,
    struct buf *out);
/* It was answered, of these data. */
void group_settle(struct group *group, uint64_t generation);
/* What was taken for its answer may have been another's. */
void group_distrust(struct group *group);

#endif
