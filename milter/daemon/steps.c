/*
 * The trap is that the protocol's flags are negations of three kinds: "do not
 * send step X", "send X but wait for no answer", "I understand Y". A flag that
 * was not offered makes libmilter drop the session, so everything is masked;
 * the flags of the second kind are always offered, since libmilter itself
 * fakes them.
 */
#include "daemon/steps.h"

#include "base/buf.h"

#include <libmilter/mfapi.h>
#include <string.h>

/* What tells of a recipient that the MTA refuses. */
static const char refused_rcpt_macros[] =
    "{rcpt_addr} {rcpt_mailer} {rcpt_host}";

static const int list_of_stage[STAGE_N] = {
	[STAGE_CONNECT] = SMFIM_CONNECT,
	[STAGE_HELO] = SMFIM_HELO,
	[STAGE_MAIL] = SMFIM_ENVFROM,
	[STAGE_RCPT] = SMFIM_ENVRCPT,
	[STAGE_DATA] = SMFIM_DATA,
	[STAGE_HEADERS] = SMFIM_EOH,
	[STAGE_MESSAGE] = SMFIM_EOM,
};

/* The flag for a step: none if it is answered, else the one that makes it
 * cheap (is_read) or that leaves it out. */
static unsigned long
step_flag(bool is_answered, bool is_read, unsigned long no_reply,
    unsigned long not_at_all)
{
	if (is_answered)
		return 0;
	return is_read ? no_reply : not_at_all;
}

/* Without the right to skip, waiting for the answer to a chunk is for nothing;
 * and with message.size, or parts that may begin anywhere, every chunk is
 * wanted. */
static unsigned long
body_flags(const struct needs *needs, unsigned long offered)
{
	bool is_whole = needs->whole_body || needs->mime;

	if (!needs->body && !is_whole)
		return SMFIP_NOBODY;
	if (is_whole || (offered & SMFIP_SKIP) == 0)
		return SMFIP_NR_BODY;
	return SMFIP_SKIP;
}

#define CHANGES_RCPTS (SMFIF_ADDRCPT | SMFIF_DELRCPT)

static unsigned long
wanted_actions(const struct needs *needs)
{
	unsigned long actions = SMFIF_SETSYMLIST;

	if (needs->add_headers)
		actions |= SMFIF_ADDHDRS;
	if (needs->change_headers)
		actions |= SMFIF_CHGHDRS;
	if (needs->quarantine)
		actions |= SMFIF_QUARANTINE;
	if (needs->recipients)
		actions |= CHANGES_RCPTS;
	if (needs->sender)
		actions |= SMFIF_CHGFROM;
	return actions;
}

/* An MTA that only removes recipients would lose mail that is redirected. */
static unsigned long
chosen_actions(const struct needs *needs, unsigned long offered)
{
	unsigned long actions = wanted_actions(needs) & offered;

	if ((actions & CHANGES_RCPTS) != CHANGES_RCPTS)
		actions &= ~(unsigned long)CHANGES_RCPTS;
	return actions;
}

struct steps
steps_choose(const struct needs *needs, struct steps offered)
{
	const bool *answers = needs->answers;
	unsigned long protocol = SMFIP_NOUNKNOWN;

	protocol |= step_flag(
	    answers[STAGE_HELO], needs->helo, SMFIP_NR_HELO, SMFIP_NOHELO);
	protocol |=
	    step_flag(answers[STAGE_DATA], false, SMFIP_NR_DATA, SMFIP_NODATA);
	protocol |=
	    step_flag(false, needs->headers, SMFIP_NR_HDR, SMFIP_NOHDRS);
	protocol |=
	    step_flag(answers[STAGE_HEADERS], false, SMFIP_NR_EOH, SMFIP_NOEOH);
	protocol |= body_flags(needs, offered.protocol);
	if (needs->refused_rcpt)
		protocol |= SMFIP_RCPT_REJ;
	protocol &= offered.protocol;
	/* An old MTA that cannot leave a step out need not wait for it. */
	if (!answers[STAGE_DATA] && (protocol & SMFIP_NODATA) == 0)
		protocol |= SMFIP_NR_DATA & offered.protocol;
	if (!answers[STAGE_HEADERS] && (protocol & SMFIP_NOEOH) == 0)
		protocol |= SMFIP_NR_EOH & offered.protocol;
	return (
	    struct steps){ chosen_actions(needs, offered.actions), protocol };
}

/* What an MTA of long ago may lack, and what comes of it. */
static const struct {
	unsigned long action; /* SMFIF_*, or 0: recipients that it refuses */
	const char *text;
} lacks[STEPS_LACKS] = {
	{ SMFIF_ADDHDRS,
	    "adding header fields: add-header and set-header add none" },
	{ SMFIF_CHGHDRS,
	    "changing header fields: set-header and remove-header leave what "
	    "is there, forged X-Sluice- fields too" },
	{ SMFIF_QUARANTINE,
	    "quarantine: messages go on as if the rule did not say it" },
	{ CHANGES_RCPTS,
	    "changes of recipients: add-recipient, remove-recipient and "
	    "redirect are left out" },
	{ SMFIF_CHGFROM, "a change of the sender: set-sender is left out" },
	{ SMFIF_SETSYMLIST,
	    "a choice of macros: facts that need one that it does not send by "
	    "itself are empty" },
	{ 0, "recipients that it refuses itself: limits of unknown-recipients "
	     "count none" },
};

const char *
steps_missing(const struct needs *needs, struct steps offered, size_t i)
{
	unsigned long action = lacks[i].action;
	bool is_missing;

	if (action == 0)
		is_missing = needs->refused_rcpt &&
			     (offered.protocol & SMFIP_RCPT_REJ) == 0;
	else
		is_missing =
		    (wanted_actions(needs) & ~offered.actions & action) != 0;
	return is_missing ? lacks[i].text : NULL;
}

static bool
has_name(const struct macro_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->names[i], name) == 0)
			return true;
	return false;
}

static void
add_name(struct macro_list *list, struct arena *arena, struct str name)
{
	char *copy = arena_cstr(arena, name);

	if (has_name(list, copy))
		return;
	list->names =
	    arena_grow(arena, list->names, list->n, sizeof(*list->names));
	list->names[list->n++] = copy;
}

static void
add_needed(struct macro_list *list, struct arena *arena, struct str name)
{
	add_name(list, arena, name);
	list->read =
	    arena_grow(arena, list->read, list->n_read, sizeof(*list->read));
	list->read[list->n_read++] = arena_cstr(arena, name);
}

static void
add_names(struct macro_list *list, struct arena *arena, struct str names)
{
	while (names.len > 0)
		add_name(list, arena, str_take(&names, ' '));
}

static char *
joined(const struct macro_list *list, struct arena *arena)
{
	struct buf text = { 0 };
	char *copy;

	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			buf_byte(&text, ' ');
		buf_add_cstr(&text, list->names[i]);
	}
	copy = arena_cstr(arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

/*
 * Is the macro asked for at this stage? At its own. Those of TLS at MAIL, too,
 * for not every client says EHLO again; the queue id at every stage of a
 * message, since MTAs disagree on when they know it.
 */
static bool
is_told(const struct needs *needs, size_t i, enum stage stage)
{
	enum stage told = needs->macros[i].stage;

	return needs->macros[i].at_all_stages || told == stage ||
	       (told == STAGE_HELO && stage == STAGE_MAIL) ||
	       (strcmp(needs->macros[i].name, "i") == 0 && stage >= STAGE_MAIL);
}

void
macro_lists_init(
    struct macro_lists *lists, struct arena *arena, const struct needs *needs)
{
	memset(lists, 0, sizeof(*lists));
	for (int stage = STAGE_CONNECT; stage < STAGE_N; stage++) {
		int at = list_of_stage[stage];
		struct macro_list *list = &lists->at[at];

		if (stage == STAGE_RCPT && needs->refused_rcpt)
			add_names(list, arena, STR(refused_rcpt_macros));
		for (size_t i = 0; i < needs->n_macros; i++)
			if (is_told(needs, i, (enum stage)stage))
				add_needed(
				    list, arena, str_of(needs->macros[i].name));
		list->text = joined(list, arena);
	}
}
