/*
 * What a round asks, sorted by slot. Items of one key keep their order: a
 * give-back must not come before the charge that it takes from.
 */
#include "store/redis/group.h"

#include <assert.h>

static unsigned
slot_of(const struct redis_round *round, const struct redis_item *item)
{
	const struct redis_layout *layout = round->redis->layout;

	return layout->slot_of != NULL ? layout->slot_of(redis_item_key(item))
				       : 0;
}

/* By slot; items of one slot keep their order, and lists are short. */
static void
sort_items(const struct redis_round *round, unsigned *slots)
{
	for (size_t i = 1; i < round->n_items; i++) {
		struct redis_item item = round->items[i];
		unsigned slot = slots[i];
		size_t at = i;

		for (; at > 0 && slots[at - 1] > slot; at--) {
			round->items[at] = round->items[at - 1];
			slots[at] = slots[at - 1];
		}
		round->items[at] = item;
		slots[at] = slot;
	}
}

static void
add_group(const struct redis_round *round, struct group *group, size_t from,
    size_t to, unsigned slot)
{
	struct redis_node *node =
	    round->redis->layout->node_of(round->redis, slot);

	*group = (struct group){
		.items = round->items + from,
		.n_items = to - from,
		.slot = slot,
		.node = node,
		.state = node != NULL ? GROUP_OPEN : GROUP_FAILED,
	};
}

size_t
groups_make(
    const struct redis_round *round, struct group groups[CALL_ITEMS_MAX])
{
	unsigned slots[CALL_ITEMS_MAX];
	size_t from = 0, n = 0;

	assert(round->n_items <= CALL_ITEMS_MAX);
	if (round->redis->layout->slot_of == NULL) {
		add_group(round, &groups[0], 0, round->n_items, 0);
		return 1;
	}
	for (size_t i = 0; i < round->n_items; i++)
		slots[i] = slot_of(round, &round->items[i]);
	sort_items(round, slots);
	for (size_t i = 1; i <= round->n_items; i++)
		if (i == round->n_items || slots[i] != slots[from]) {
			add_group(round, &groups[n++], from, i, slots[from]);
			from = i;
		}
	return n;
}

void
group_drop_stale(struct group *group, uint64_t generation)
{
	size_t n = 0;

	for (size_t i = 0; i < group->n_items; i++) {
		struct redis_item item = group->items[i];

		if (item.is_give_back &&
		    (generation == 0 || item.use->generation != generation)) {
			group->items[i].is_answered = true;
			continue;
		}
		group->items[i] = group->items[n];
		group->items[n++] = item;
	}
	group->n_items = n;
	if (n == 0)
		group->state = GROUP_ANSWERED;
}

void
group_put(
    const struct redis_round *round, const struct group *group, struct buf *out)
{
	const struct redis_question question = { group->items, group->n_items,
		round->now_ms };

	if (group->is_asking) {
		redis_put_begin(out, 1);
		redis_put_arg(out, STR("ASKING"));
	}
	redis_script_put(out, group->is_body, &question);
}

void
group_settle(struct group *group, uint64_t generation)
{
	group->state = GROUP_ANSWERED;
	for (size_t i = 0; i < group->n_items; i++) {
		struct redis_item *item = &group->items[i];

		item->is_answered = true;
		if (item->use != NULL && !item->is_give_back)
			item->use->generation = generation;
	}
}

void
group_distrust(struct group *group)
{
	group->state = GROUP_FAILED;
	for (size_t i = 0; i < group->n_items; i++)
		group->items[i].is_answered = false;
}
