/*
 * The checker adds each fact that a rule reads. What nobody names is needed,
 * too: lines of the log tell client, user and queue, whatever the rules are.
 */
#include "rules/needs.h"

#include "rules/check.h"

#include <assert.h>
#include <string.h>

/* Where the words of mime.damage come from. */
enum {
	IN_HEADER = 1 << 0, /* known before the body */
	IN_BODY = 1 << 1,   /* from its bytes */
	IN_PARTS = 1 << 2,  /* from the message taken apart */
	IN_INSIDE = 1 << 3, /* from inside of attachments */
	OF_RULES = 1 << 4,  /* from the rules themselves */
};

/* Parts have header fields, too. */
static const unsigned char origins[DAMAGE_N] = {
	[DAMAGE_ENCODED_WORD] = IN_HEADER | IN_PARTS,
	[DAMAGE_CHARSET] = IN_HEADER | IN_PARTS,
	[DAMAGE_RAW_8BIT] = IN_HEADER | IN_PARTS,
	[DAMAGE_CONTROL] = IN_HEADER | IN_PARTS,
	[DAMAGE_ADDRESS] = IN_HEADER,
	[DAMAGE_ADDRESS_COUNT] = IN_HEADER,
	[DAMAGE_HEADER_SIZE] = IN_HEADER | IN_PARTS,
	[DAMAGE_HEADER_COUNT] = IN_HEADER | IN_PARTS,
	[DAMAGE_DUPLICATE_HEADER] = IN_HEADER,
	[DAMAGE_MIME_DEPTH] = IN_PARTS,
	[DAMAGE_PART_COUNT] = IN_PARTS,
	[DAMAGE_PART_HEADER] = IN_PARTS,
	[DAMAGE_BOUNDARY] = IN_PARTS,
	[DAMAGE_UNCLOSED] = IN_PARTS,
	[DAMAGE_PARAMETER] = IN_PARTS,
	[DAMAGE_AMBIGUOUS] = IN_PARTS,
	[DAMAGE_BARE_NEWLINE] = IN_PARTS,
	[DAMAGE_PARTIAL] = IN_PARTS,
	[DAMAGE_FILE_NAME] = IN_PARTS,
	[DAMAGE_TRANSFER_ENCODING] = IN_PARTS,
	[DAMAGE_BASE64] = IN_PARTS,
	[DAMAGE_QUOTED_PRINTABLE] = IN_PARTS,
	[DAMAGE_UUENCODE] = IN_PARTS,
	[DAMAGE_PART_CUT] = IN_PARTS,
	[DAMAGE_HIDDEN_TEXT] = IN_PARTS,
	[DAMAGE_LINK_MISMATCH] = IN_PARTS,
	[DAMAGE_URL_COUNT] = IN_PARTS,
	[DAMAGE_ARCHIVE] = IN_INSIDE,
	[DAMAGE_ARCHIVE_LIMIT] = IN_INSIDE,
	[DAMAGE_INSPECTION] = IN_INSIDE,
	[DAMAGE_BODY_CUT] = IN_BODY,
	[DAMAGE_REGEX_LIMIT] = OF_RULES,
	[DAMAGE_SCAN_BUDGET] = OF_RULES,
};

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
		struct str name = str_take(&names, ' ');

		if (add_macro(needs, name, stage, needs->arena) == -1)
			return -1;
		names = str_trim(names);
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

enum stage
damage_stage(enum damage damage)
{
	assert(damage < DAMAGE_N && origins[damage] != 0);
	return (origins[damage] & (IN_HEADER | OF_RULES)) != 0 ? STAGE_HEADERS
							       : STAGE_MESSAGE;
}

void
needs_add_damage(struct needs *needs, enum damage damage)
{
	unsigned from =
	    damage == DAMAGE_N ? IN_BODY | IN_INSIDE : origins[damage];

	needs->body = needs->body || (from & IN_BODY) != 0;
	needs->mime = needs->mime || (from & (IN_PARTS | IN_INSIDE)) != 0;
	needs->inspect = needs->inspect || (from & IN_INSIDE) != 0;
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
	needs->mime =
	    needs->mime || (fact->flags & (FACT_MIME | FACT_INSPECT)) != 0;
	needs->inspect = needs->inspect || (fact->flags & FACT_INSPECT) != 0;
	needs->whole_body = needs->whole_body || fact->id == FACT_MESSAGE_SIZE;
	if (fact->id == FACT_MACRO)
		return add_macro_anywhere(needs, ref->argument);
	return add_macros(needs, str_of(fact->macros), fact->stage);
}
