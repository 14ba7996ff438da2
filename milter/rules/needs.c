/*
 * The checker adds each fact that a rule reads. What nobody names is needed,
 * too: lines of the log tell client, user and queue, whatever the rules are.
 */
#include "rules/needs.h"

#include "rules/check.h"

#include <string.h>

static int
add_macro(
    struct needs *needs, struct str name, enum stage stage, struct arena *arena)
{
	for (size_t i = 0; i < needs->n_macros; i++) {
		if (!str_is(name, needs->macros[i].name))
			continue;
		if (stage < needs->macros[i].stage)
			needs->macros[i].stage = stage;
		return 0;
	}
	if (needs->n_macros == NEEDS_MACROS_MAX)
		return -1;
	needs->macros[needs->n_macros].name = arena_cstr(arena, name);
	needs->macros[needs->n_macros++].stage = stage;
	return 0;
}

static int
add_macros(struct needs *needs, struct str names, enum stage stage)
{
	while (names.len > 0) {
		ptrdiff_t blank = str_find(names, ' ');
		size_t len = blank < 0 ? names.len : (size_t)blank;

		if (add_macro(needs, str_sub(names, 0, len), stage,
			needs->arena) == -1)
			return -1;
		names = str_trim(str_from(names, len));
	}
	return 0;
}

/* macro["{name}"]: a rule may ask for it from connect on, but the MTA may tell
 * it at any stage. */
static int
add_macro_anywhere(struct needs *needs, struct str name)
{
	if (add_macro(needs, name, STAGE_CONNECT, needs->arena) == -1)
		return -1;
	for (size_t i = 0; i < needs->n_macros; i++)
		if (str_is(name, needs->macros[i].name))
			needs->macros[i].at_all_stages = true;
	return 0;
}

void
needs_add_damage(struct needs *needs, struct str word)
{
	if (str_is(word, "body-cut"))
		needs->body = true;
}

void
needs_init(struct needs *needs)
{
	static const enum fact_id always[] = { FACT_CLIENT_NAME,
		FACT_DAEMON_NAME, FACT_CLIENT_PORT, FACT_SASL_USER,
		FACT_QUEUE_ID };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		struct fact_ref ref = { .fact = fact_by_id(always[i]) };

		needs_add(needs, &ref);
	}
}

int
needs_add(struct needs *needs, const struct fact_ref *ref)
{
	const struct fact *fact = ref->fact;

	needs->helo = needs->helo || fact->stage == STAGE_HELO;
	needs->headers = needs->headers || (fact->flags & FACT_HEADERS) != 0;
	needs->body = needs->body || (fact->flags & FACT_BODY_BYTES) != 0;
	needs->whole_body = needs->whole_body || fact->id == FACT_MESSAGE_SIZE;
	if (fact->id == FACT_MACRO)
		return add_macro_anywhere(needs, ref->argument);
	return add_macros(needs, str_of(fact->macros), fact->stage);
}
