/*
 * libmilter tells by its answers whether a change could be sent, never whether
 * the MTA carried it out. The trap is the change that is silently lost: what
 * the MTA did not offer at the negotiation is refused here, and each such
 * message is named in the log.
 */
#include "daemon/changes.h"

#include "base/log.h"

/* All but the first n_kept; from the last one on, since each removal renumbers
 * what follows. */
static int
remove_headers(SMFICTX *ctx, char *name, size_t n_present, size_t n_kept)
{
	int rc = MI_SUCCESS;

	for (size_t i = n_present; i > n_kept; i--)
		if (smfi_chgheader(ctx, name, (int)i, NULL) == MI_FAILURE)
			rc = MI_FAILURE;
	return rc;
}

/* libmilter takes no empty text, yet the sender of a bounce is one. */
static int
set_sender(SMFICTX *ctx, char *address)
{
	char none[] = "<>";

	return smfi_chgfrom(ctx, *address == '\0' ? none : address, NULL);
}

/* name and value are copies: libmilter's parameters are not const. */
static int
carry_out(SMFICTX *ctx, const struct change *change, char *name, char *value)
{
	switch (change->kind) {
	case CHANGE_ADD_HEADER:
		return smfi_addheader(ctx, name, value);
	case CHANGE_SET_HEADER:
		if (change->n_present == 0)
			return smfi_addheader(ctx, name, value);
		/* A forged second one must not survive beside ours. */
		if (remove_headers(ctx, name, change->n_present, 1) ==
		    MI_FAILURE)
			return MI_FAILURE;
		return smfi_chgheader(ctx, name, 1, value);
	case CHANGE_REMOVE_HEADER:
		return remove_headers(ctx, name, change->n_present, 0);
	case CHANGE_QUARANTINE:
		return smfi_quarantine(ctx, value);
	case CHANGE_ADD_RECIPIENT:
		return smfi_addrcpt(ctx, value);
	case CHANGE_REMOVE_RECIPIENT:
		return smfi_delrcpt(ctx, value);
	case CHANGE_SET_SENDER:
		return set_sender(ctx, value);
	}
	return MI_FAILURE;
}

/* SMFIF_*, what the MTA must have offered. */
static unsigned long
action_of(const struct change *change)
{
	switch (change->kind) {
	case CHANGE_ADD_HEADER:
		return SMFIF_ADDHDRS;
	case CHANGE_SET_HEADER:
		return change->n_present == 0 ? SMFIF_ADDHDRS : SMFIF_CHGHDRS;
	case CHANGE_REMOVE_HEADER:
		return SMFIF_CHGHDRS;
	case CHANGE_QUARANTINE:
		return SMFIF_QUARANTINE;
	case CHANGE_ADD_RECIPIENT:
		return SMFIF_ADDRCPT;
	case CHANGE_REMOVE_RECIPIENT:
		return SMFIF_DELRCPT;
	case CHANGE_SET_SENDER:
		return SMFIF_CHGFROM;
	}
	return 0;
}

static void
complain(const struct session *session, const struct change *change,
    struct steps steps)
{
	bool is_offered = (steps.actions & action_of(change)) != 0;

	log_error("%s was not done to message %.*s: %s",
	    change_name(change->kind), STR_ARG(session_ref(session)),
	    is_offered ? "libmilter refused it" : "the MTA does not offer it");
}

void
changes_send(SMFICTX *ctx, const struct session *session, struct steps steps)
{
	size_t n;
	const struct change *changes = session_changes(session, &n);
	struct buf name, value;
	bool is_added = true;

	buf_init(&name);
	buf_init(&value);
	for (size_t i = 0; i < n; i++) {
		/* Who did not get a new recipient keeps the old ones. */
		if (changes[i].kind == CHANGE_REMOVE_RECIPIENT && !is_added)
			continue;
		buf_clear(&name);
		buf_add(&name, changes[i].name);
		buf_byte(&name, '\0');
		buf_clear(&value);
		buf_add(&value, changes[i].value);
		buf_byte(&value, '\0');
		if (carry_out(ctx, &changes[i], name.p, value.p) != MI_FAILURE)
			continue;
		if (changes[i].kind == CHANGE_ADD_RECIPIENT)
			is_added = false;
		complain(session, &changes[i], steps);
	}
	buf_done(&name);
	buf_done(&value);
}
