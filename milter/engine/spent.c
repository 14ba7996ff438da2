#include "engine/spent.h"

#include <string.h>

#define WORDS(session) ((2 * (session)->program->n_rules + 63) / 64)

/* Two bits for each rule, made when the first is needed. */
static bool
was_told(struct session *session, const struct rule *rule, bool is_limit)
{
	size_t bit = 2 * rule->index + is_limit;
	uint64_t mask = UINT64_C(1) << bit % 64;
	bool was_set;

	if (session->spent == NULL)
		session->spent = arena_calloc(
		    session->arena, WORDS(session) * sizeof(*session->spent));
	was_set = (session->spent[bit / 64] & mask) != 0;
	session->spent[bit / 64] |= mask;
	return was_set;
}

static void
tell(struct session *session, enum damage damage)
{
	const struct engine *engine = session->engine;
	const struct rule *rule = session->rule;

	if (rule != NULL && engine->on_spent != NULL &&
	    !was_told(session, rule, damage == DAMAGE_REGEX_LIMIT))
		engine->on_spent(
		    engine->context, rule->name, damage_word(damage));
}

enum tri
tri_of_pattern(struct session *session, enum pattern_result result)
{
	enum damage damage = DAMAGE_SCAN_BUDGET;

	switch (result) {
	case PATTERN_NO:
		return TRI_FALSE;
	case PATTERN_YES:
		return TRI_TRUE;
	case PATTERN_OVER_LIMIT:
		damage = DAMAGE_REGEX_LIMIT;
		break;
	case PATTERN_OVER_BUDGET:
		break;
	}
	if (session->message != NULL)
		session->message->damage |= DAMAGE_BIT(damage);
	tell(session, damage);
	return TRI_UNKNOWN;
}

void
spent_tell_cpu(struct session *session, struct str rule)
{
	const struct engine *engine = session->engine;
	int64_t us = session->told_cpu_us - session->budget.cpu_us;

	session->told_cpu_us = session->budget.cpu_us;
	if (us > 0 && engine->on_cpu != NULL)
		engine->on_cpu(engine->context, rule, (uint64_t)us);
}

void
spent_forget(struct session *session)
{
	session->told_cpu_us = session->budget.cpu_us;
	if (session->spent != NULL)
		memset(session->spent, 0,
		    WORDS(session) * sizeof(*session->spent));
}
