/*
 * needs: which steps, bytes and macros of an SMTP conversation a ruleset can
 * ever look at. The daemon negotiates by it.
 */
#ifndef SLUICE_RULES_NEEDS_H
#define SLUICE_RULES_NEEDS_H

#include "rules/stage.h"

#include <stdbool.h>
#include <stddef.h>

#define NEEDS_MACROS_MAX 64

struct arena;

struct needs {
	struct arena *arena;   /* the ruleset's: names of macros */
	bool answers[STAGE_N]; /* a rule or a waited-for charge stands there */
	bool helo;             /* helo.name is read somewhere (logs included) */
	bool headers;          /* header fields are read */
	bool body;             /* body bytes are read, as they came */
	bool mime;             /* the message is to be taken apart */
	bool inspect;          /* attachments are to be looked into by a helper;
			    mime is wanted, too */
	bool whole_body; /* message.size: bytes behind scan_limit count, too */
	bool refused_rcpt; /* recipients refused by the MTA are wanted */
	bool changes;      /* the message may be changed in some way */
	bool add_headers;
	bool change_headers; /* set, remove, or take out forged ones */
	bool quarantine;
	bool recipients; /* recipients may be added or removed */
	bool sender;     /* the sender may be changed */
	/* Macro names as the MTA knows them ("i", "{auth_authen}"), and the
	 * stage at which they are told; at_all_stages: nobody knows when. */
	struct {
		const char *name;
		enum stage stage;
		bool at_all_stages;
	} macros[NEEDS_MACROS_MAX];
	size_t n_macros;
};

#endif
