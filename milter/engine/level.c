/*
 * Of several rates one is told: for a client who must wait the one that takes
 * longest, else the fullest.
 */
#include "engine/level.h"

const struct limit_level level_fits = { .over = TRI_FALSE };
const struct limit_level level_unknown = { .over = TRI_UNKNOWN };

/* A number of 0 is full from the beginning. */
static double
percent_of(uint64_t used, uint64_t max)
{
	return max == 0 ? 100 : (double)used * 100 / (double)max;
}

static bool
was_charged(const struct store_use *use, const struct store_answer *answer)
{
	return use->op == STORE_ATTEMPT ||
	       (use->op == STORE_CHARGE && answer->fits);
}

/* Of different values only the store knows which ones were new. */
static uint64_t
used_before(const struct store_use *use, const struct store_answer *answer,
    const struct store_level *level)
{
	uint64_t amount = use->members != NULL ? use->n_members : use->amount;

	if (!was_charged(use, answer))
		return level->used;
	return level->used > amount ? level->used - amount : 0;
}

double
level_percent_before(
    const struct store_use *use, const struct store_answer *answer)
{
	double highest = 0;

	for (size_t i = 0; i < answer->n_levels; i++) {
		const struct store_level *level = &answer->levels[i];
		double percent =
		    percent_of(used_before(use, answer, level), level->max);

		if (percent > highest)
			highest = percent;
	}
	return highest;
}

/* Is a to be told rather than b? */
static bool
tells_more(const struct store_level *a, const struct store_level *b)
{
	if (a->retry_ms == b->retry_ms)
		return percent_of(a->used, a->max) >
		       percent_of(b->used, b->max);
	if (a->retry_ms == -1 || b->retry_ms == -1)
		return a->retry_ms == -1;
	return a->retry_ms > b->retry_ms;
}

struct limit_level
level_read(const struct store_use *use, const struct store_answer *answer)
{
	const struct store_level *told = &answer->levels[0];
	struct limit_level level = { .identity = use->identity,
		.over = answer->fits ? TRI_FALSE : TRI_TRUE,
		.is_unlimited = answer->is_unlimited };

	if (answer->failed)
		return level_unknown;
	for (size_t i = 0; i < answer->n_levels; i++) {
		const struct store_level *one = &answer->levels[i];
		double percent = percent_of(one->used, one->max);

		if (i > 0 && tells_more(one, told))
			told = one;
		if (percent > level.percent && !answer->is_unlimited)
			level.percent = percent;
	}
	level.rate =
	    (struct store_rate){ told->max, told->window_sec, told->period };
	level.used = told->used;
	level.used_before = used_before(use, answer, told);
	level.retry_ms = answer->fits ? 0 : told->retry_ms;
	if (level.retry_ms != -1 && answer->locked_ms > level.retry_ms)
		level.retry_ms = answer->locked_ms;
	return level;
}

struct limit_level
level_too_many(const struct limit *limit)
{
	return (struct limit_level){ .over = TRI_TRUE,
		.rate = limit->rates[0],
		.retry_ms = -1,
		.percent = 100 };
}

/* The later one of two that are equally bad. */
static bool
is_worse(const struct limit_level *a, const struct limit_level *b)
{
	static const int order[] = {
		[TRI_FALSE] = 0,
		[TRI_UNKNOWN] = 1,
		[TRI_TRUE] = 2,
	};

	if (a->over != b->over)
		return order[a->over] > order[b->over];
	return a->percent >= b->percent;
}

/*
 * A key of the recipient is another one later, so an identity that will be
 * told is kept; any other can be made again.
 */
static struct str
kept_identity(struct session *session, const struct limit *limit,
    const struct limit_level *level)
{
	bool is_told =
	    level->over == TRI_TRUE || level->percent >= NEAR_PERCENT;

	if (!is_told || session->message == NULL ||
	    session->stage != STAGE_RCPT || limit->unit == UNIT_CONNECTIONS)
		return STR("");
	return arena_str(session->message->arena, level->identity);
}

void
level_note(struct session *session, const struct limit *limit,
    const struct limit_level *level, bool is_charge)
{
	struct limit_state *state = &session->limits[limit->index];

	state->now = *level;
	if (!is_charge)
		return;
	state->was_unknown = state->was_unknown || level->over == TRI_UNKNOWN;
	if (level->percent > state->was_percent)
		state->was_percent = level->percent;
	if (is_worse(level, &state->was)) {
		state->was = *level;
		state->was.identity = kept_identity(session, limit, level);
	}
}

void
level_clear(struct session *session, const struct limit *limit)
{
	struct limit_state *state = &session->limits[limit->index];

	state->now = level_fits;
	/* The latest HELO and sender count, not those before them. */
	if (limit->unit == UNIT_CONNECTIONS)
		*state = (struct limit_state){ 0 };
}
