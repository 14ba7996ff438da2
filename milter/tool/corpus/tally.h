/*
 * tally: what a ruleset did to a corpus. Each thread counts for itself; at the
 * end the tallies are added up. Nothing is kept of a mail but counts and a few
 * names.
 */
#ifndef SLUICE_TOOL_CORPUS_TALLY_H
#define SLUICE_TOOL_CORPUS_TALLY_H

#include "mime/damage.h"
#include "tool/corpus/examples.h"
#include "tool/corpus/rehearsal.h"

/* What a rule did to one mail. */
enum tally_mark { TALLY_NOTHING, TALLY_WOULD, TALLY_HIT };

struct tally_rule {
	uint64_t n_hits;  /* mails */
	uint64_t n_would; /* mails that it fired for, being observed */
	uint64_t n_spent; /* mails for which it had no time left */
	uint64_t cpu_ns;
	struct examples examples; /* of hits and would-have hits */
};

struct tally {
	const struct program *program;
	struct tally_rule *rules; /* by index */
	/* By the rule that decided, none behind the last. */
	uint64_t *verdicts[REHEARSAL_END_N];
	uint64_t damage[DAMAGE_N]; /* mails */
	uint64_t n_mails;
	uint64_t n_spent; /* mails */
	uint64_t cpu_ns;  /* of all that the mails took */
	/* Of the mail under way: */
	unsigned char *marks; /* enum tally_mark, by rule */
	bool is_spent;
};

void tally_init(struct tally *tally, const struct ruleset *rules);
void tally_done(struct tally *tally);

/* The listener of its rehearsal. */
struct rehearsal_listener tally_listener(struct tally *tally);

/* Runs one mail; the marks are those of this mail then. */
struct rehearsal_verdict tally_run(struct tally *tally,
    struct rehearsal *rehearsal, const struct envelope *envelope,
    const struct corpus_name *name, struct str mail);

/* Both of the same ruleset. */
void tally_merge(struct tally *into, const struct tally *from);

#endif
