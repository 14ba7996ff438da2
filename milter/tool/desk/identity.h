/*
 * identity: a key as a person writes it - "anna", "anna@Example.org",
 * "192.0.2.7", "192.0.2.7,bob@example.net", or copied from Redis - and the
 * identities by which limits count it. Pure.
 *
 * A limit by client.ip counts 2001:db8::1 by its /64, one by sasl.user.domain
 * counts anna@example.org by example.org: what a limit makes of a key depends
 * on its facts.
 */
#ifndef SLUICE_TOOL_DESK_IDENTITY_H
#define SLUICE_TOOL_DESK_IDENTITY_H

#include "rules/program.h"

/* How sure it is that a key of this shape is one of the limit. */
enum identity_fit {
	IDENTITY_NO,    /* an address is no IP */
	IDENTITY_MAYBE, /* any text could be */
	IDENTITY_YES
};

struct identity {
	struct str key;   /* as it stands in Redis; empty: it fits not */
	struct str first; /* its first part, for an override table */
	enum identity_fit fit;
};

/* What limit makes of text. sasl_domain may be NULL. */
struct identity identity_for(struct arena *arena, const struct limit *limit,
    struct str text, const char *sasl_domain);
/* The text itself, completed and in normal form: whom it is about. */
struct str identity_name(
    struct arena *arena, struct str text, const char *sasl_domain);
/* Does it count those who send (not those who are sent to)? */
bool identity_is_sender(const struct limit *limit);

#endif
