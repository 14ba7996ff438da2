/*
 * over, near and used: at the stage that charges a limit, and before it, as
 * this charge or peek left it; behind that stage as the worst charge did.
 */
#include "engine/compare.h"
#include "engine/eval.h"

/* All that is known of how full a limit is: this much at least. */
struct fullness {
	double percent;
	bool is_least; /* it may be more */
};

static bool
is_behind(const struct session *session, const struct limit *limit)
{
	return limit->stage < session->stage;
}

static struct fullness
fullness_of(const struct session *session, const struct limit *limit)
{
	const struct limit_state *state = &session->limits[limit->index];

	if (is_behind(session, limit))
		return (
		    struct fullness){ state->was_percent, state->was_unknown };
	return (struct fullness){ state->now.percent,
		state->now.over == TRI_UNKNOWN };
}

static enum tri
compare_fullness(
    const struct fullness *full, enum comparison cmp, double percent)
{
	bool holds = compare_numbers(cmp, full->percent, percent);

	if (!full->is_least)
		return tri_of(holds);
	switch (cmp) { /* what more of it cannot change */
	case CMP_GT:
	case CMP_GE:
		return holds ? TRI_TRUE : TRI_UNKNOWN;
	case CMP_LT:
	case CMP_LE:
		return holds ? TRI_UNKNOWN : TRI_FALSE;
	case CMP_EQ:
	case CMP_NE:
		break;
	}
	return TRI_UNKNOWN;
}

static bool
waits_longer(const struct limit_level *a, const struct limit_level *b)
{
	if (a->retry_ms == -1 || b->retry_ms == -1)
		return a->retry_ms == -1 && b->retry_ms != -1;
	return a->retry_ms > b->retry_ms;
}

static enum tri
limit_holds(const struct session *session, const struct condition *cond,
    const struct limit_level *level)
{
	struct fullness full = fullness_of(session, cond->limit);

	if (cond->kind == COND_OVER)
		return level->over;
	if (cond->kind == COND_USED)
		return compare_fullness(&full, cond->cmp, cond->percent);
	if (level->over == TRI_TRUE)
		return TRI_TRUE;
	return compare_fullness(&full, CMP_GE, cond->percent);
}

enum tri
eval_limit(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	const struct limit *limit = cond->limit;
	const struct limit_state *state = &session->limits[limit->index];
	const struct limit_level *level =
	    is_behind(session, limit) ? &state->was : &state->now;
	enum tri holds = limit_holds(session, cond, level);

	evidence->is_by_limit = evidence->is_by_limit || holds == TRI_TRUE;
	if (holds == TRI_TRUE && (evidence->limit == NULL ||
				     waits_longer(level, &evidence->level))) {
		evidence->limit = limit;
		evidence->level = *level;
	}
	if (holds == TRI_UNKNOWN && limit->on_outage == OUTAGE_TEMPFAIL)
		evidence->is_tempfail = true;
	return holds;
}
