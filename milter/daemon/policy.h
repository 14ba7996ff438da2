/*
 * policy: the rules in force and what the MTA must be asked for them.
 *
 * A connection keeps the policy it began with, so several may be alive after a
 * reload; each is freed with its last connection. Any thread.
 */
#ifndef SLUICE_DAEMON_POLICY_H
#define SLUICE_DAEMON_POLICY_H

#include "conf/conf.h"
#include "daemon/steps.h"
#include "rules/ruleset.h"

/* Never changes but for its links and references. */
struct policy {
	struct ruleset *rules;
	struct macro_lists macros;
	/* Below: policy.c only. */
	struct arena *arena;
	struct policy *prev, *next;
	size_t n_refs;
};

/*
 * Loads the rules of conf and, with test_on_load, runs the tests beside them.
 * Returns a policy with one reference, or NULL; what there is to say stands in
 * diagnostics either way.
 */
struct policy *policy_load(const struct conf *conf, struct buf *diagnostics);

/* Makes it the one that new connections begin with; takes the reference. */
void policy_publish(struct policy *policy);
/* The one in force, with a reference. */
struct policy *policy_current(void);
void policy_put(struct policy *policy); /* NULL is fine */

/* Re-reads changed tables of every policy that is alive. One thread. */
void policy_refresh_tables(void);

#endif
