/*
 * rehearsal: one mail through the rules as sluiced would run it, with nothing
 * that lasts: counts and tables are in memory and forgotten before the next
 * mail, nothing is logged, the clock stands still.
 *
 * A rehearsal belongs to one thread; rules and inspector may be shared.
 */
#ifndef SLUICE_TOOL_CORPUS_REHEARSAL_H
#define SLUICE_TOOL_CORPUS_REHEARSAL_H

#include "engine/session.h"
#include "rules/program.h"
#include "tool/corpus/envelope.h"

/* What became of the mail. */
enum rehearsal_end {
	REHEARSAL_ACCEPT,
	REHEARSAL_REJECT,
	REHEARSAL_TEMPFAIL,
	REHEARSAL_DISCARD,
	REHEARSAL_END_N
};

struct rehearsal_verdict {
	enum rehearsal_end end;
	enum stage stage;        /* that came last */
	const struct rule *rule; /* that decided; NULL: none, it was accepted */
	struct reply reply;      /* until the next mail */
};

/* As in session.h, for the rule that was looked at last. */
struct rehearsal_listener {
	void *context;
	void (*on_rule)(void *context, const struct rule_report *report);
	void (*on_verdict)(void *context, const struct rule *rule,
	    const struct verdict_report *report);
	void (*on_hit)(
	    void *context, const struct rule *rule, const char *action);
	void (*on_spent)(void *context, struct str rule, const char *action);
};

struct rehearsal;

/* What is given must outlive it, but for the reference to rules. */
struct rehearsal *rehearsal_new(struct ruleset *rules,
    struct inspector *inspector, const struct rehearsal_listener *listener,
    int64_t now_ms);
void rehearsal_free(struct rehearsal *rehearsal); /* NULL is fine */

/* The mail, as a file has it. Forgets the one before. */
struct rehearsal_verdict rehearsal_run(struct rehearsal *rehearsal,
    const struct envelope *envelope, struct str mail);

/* Of that mail; until the next one. */
struct session *rehearsal_session(struct rehearsal *rehearsal);

const char *rehearsal_end_name(enum rehearsal_end end);

#endif
