/*
 * Near is told by the one charge that crosses the line. Over has no such
 * charge: everything that does not fit is over. So the process remembers for a
 * minute what it has told, in a small table without locks: two threads at once,
 * or a table that is full of newer keys, may tell a thing twice.
 */
#include "engine/crossing.h"

#include "base/log.h"
#include "base/quantity.h"
#include "engine/level.h"
#include "engine/report.h"

#include <stdio.h>

#define TOLD_SEC  60
#define TOLD_WAYS 4 /* slots in which a key may stand */

static uint64_t
hash_crossing(enum crossing_kind kind, struct str limit, struct str identity)
{
	uint64_t hash = str_hash(limit) * UINT64_C(0x9e3779b97f4a7c15);

	hash ^= str_hash(identity) + (uint64_t)kind;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	return hash ^ hash >> 32;
}

/* A slot is 32 bits of hash and the second of the telling. */
static bool
is_news(struct engine *engine, uint64_t hash, uint32_t now_sec)
{
	size_t first = hash % (ENGINE_TOLD_SLOTS / TOLD_WAYS) * TOLD_WAYS;
	uint64_t mine = hash & UINT64_C(0xffffffff00000000);
	uint64_t oldest = UINT64_MAX;
	size_t oldest_at = first;

	for (size_t i = first; i < first + TOLD_WAYS; i++) {
		uint64_t slot = atomic_load(&engine->told[i]);
		uint32_t age_sec = now_sec - (uint32_t)slot;

		if ((slot & UINT64_C(0xffffffff00000000)) == mine) {
			if (slot != 0 && age_sec < TOLD_SEC)
				return false;
			oldest_at = i;
			break;
		}
		if ((uint32_t)slot < (uint32_t)oldest) {
			oldest = slot;
			oldest_at = i;
		}
	}
	atomic_store(&engine->told[oldest_at], mine | now_sec);
	return true;
}

static void
tell(struct session *session, enum crossing_kind kind,
    const struct limit *limit, const struct store_answer *answer,
    const struct limit_level *level)
{
	struct crossing_report report = { .kind = kind,
		.limit = { .name = limit->name,
		    .identity = level->identity,
		    .used_before = level->used_before,
		    .used = level->used,
		    .max = level->rate.max,
		    .rate = level->rate,
		    .retry_ms = level->retry_ms },
		.ref = session_ref(session) };

	if (kind == CROSSING_LOCKED)
		report.locked_ms = answer->locked_ms;
	report_crossing(session, &report);
}

static bool
is_first(struct session *session, enum crossing_kind kind,
    const struct limit *limit, const struct limit_level *level)
{
	uint64_t hash = hash_crossing(kind, limit->name, level->identity);

	return is_news(
	    session->engine, hash, (uint32_t)(session->now_ms / 1000));
}

/* Of different values it is not known which were new, so it is told again
 * only after a while. */
static bool
came_near(struct session *session, const struct limit *limit,
    const struct store_use *use, const struct store_answer *answer,
    const struct limit_level *level)
{
	if (use->op == STORE_PEEK || level->percent < NEAR_PERCENT ||
	    level_percent_before(use, answer) >= NEAR_PERCENT)
		return false;
	return use->members == NULL ||
	       is_first(session, CROSSING_NEAR, limit, level);
}

void
crossing_note(struct session *session, const struct limit *limit,
    const struct store_use *use, const struct store_answer *answer,
    const struct limit_level *level)
{
	if (answer->failed)
		return;
	if (came_near(session, limit, use, answer, level))
		tell(session, CROSSING_NEAR, limit, answer, level);
	if (level->over == TRI_TRUE &&
	    is_first(session, CROSSING_OVER, limit, level))
		tell(session, CROSSING_OVER, limit, answer, level);
	if (answer->has_locked)
		tell(session, CROSSING_LOCKED, limit, answer, level);
}
