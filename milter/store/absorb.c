/*
 * Two tokens as one. A message with thousands of recipients holds a call for
 * each until its end, and nearly all of them were charged to the same keys in
 * the same slots: giving back the sum is giving back each.
 */
#include "store/call.h"

static bool
same_slots(const struct call_use *a, const struct call_use *b)
{
	for (size_t i = 0; i < a->n_charged; i++)
		if (a->slots[i] != b->slots[i] ||
		    a->charged[i].window_sec != b->charged[i].window_sec ||
		    a->charged[i].period != b->charged[i].period)
			return false;
	return true;
}

/* Members are given back by name, so they are not added up. */
static bool
is_same_token(const struct call_use *a, const struct call_use *b)
{
	return a->is_charged && !a->is_distinct && a->hash == b->hash &&
	       a->tag == b->tag && a->generation == b->generation &&
	       a->n_charged == b->n_charged && str_eq(a->key, b->key) &&
	       str_eq(a->unit, b->unit) && same_slots(a, b);
}

static struct call_use *
find_token(struct store_call *call, const struct call_use *wanted)
{
	for (size_t i = 0; i < call->n_uses; i++)
		if (is_same_token(&call->uses[i], wanted))
			return &call->uses[i];
	return NULL;
}

/* Nobody else reads or changes its tokens now. */
static bool
is_at_rest(struct store_call *call)
{
	if (atomic_load(&call->state) != CALL_ANSWERED)
		return false;
	for (size_t i = 0; i < call->n_uses; i++)
		if (atomic_load(&call->uses[i].refund) != REFUND_NONE)
			return false;
	return true;
}

bool
store_call_absorb(struct store_call *call, struct store_call *other)
{
	if (call->store != other->store || !is_at_rest(call) ||
	    !is_at_rest(other))
		return false;
	for (size_t i = 0; i < other->n_uses; i++)
		if (other->uses[i].is_charged &&
		    find_token(call, &other->uses[i]) == NULL)
			return false;
	for (size_t i = 0; i < other->n_uses; i++)
		if (other->uses[i].is_charged)
			find_token(call, &other->uses[i])->amount +=
			    other->uses[i].amount;
	store_call_put(other);
	return true;
}
