/*
 * All policies that are alive hang on one list, since the content of a table
 * changes for every connection at once, old rules or new. The lock is held for
 * a few instructions only: never while files are read or a ruleset is freed.
 */
#include "daemon/policy.h"

#include "conf/files.h"
#include "conf/load.h"
#include "engine/trace.h"

#include <assert.h>
#include <pthread.h>

#define ARENA_FIRST_BYTES ((size_t)2048)

static pthread_mutex_t policies_lock = PTHREAD_MUTEX_INITIALIZER;
static struct policy *policies; /* newest first */
static struct policy *current;

/* Takes the reference to rules. */
static struct policy *
policy_new(struct ruleset *rules)
{
	struct arena *arena = arena_new(ARENA_FIRST_BYTES);
	struct policy *policy = arena_calloc(arena, sizeof(*policy));

	policy->arena = arena;
	policy->rules = rules;
	policy->n_refs = 1;
	macro_lists_init(&policy->macros, arena, ruleset_needs(rules));
	pthread_mutex_lock(&policies_lock);
	policy->next = policies;
	if (policies != NULL)
		policies->prev = policy;
	policies = policy;
	pthread_mutex_unlock(&policies_lock);
	return policy;
}

/* 0 if all tests beside the rules passed, or there are none. */
static int
run_tests(const struct conf *conf, struct buf *diagnostics)
{
	struct rules_options rules_options;
	struct trace_options options = {
		.io = &files_io,
		.rules_options = &rules_options,
	};
	struct trace_result result = { 0 };
	int rc;

	conf_rules_options(conf, &rules_options);
	options.inspector = conf_test_inspector(conf);
	rc = trace_run_beside(
	    &options, conf->rules.items, conf->rules.n, &result);
	if (rc == -1) {
		trace_report_end(&options, &result);
		buf_add(diagnostics, buf_str(&result.report));
	}
	trace_result_done(&result);
	inspector_free(options.inspector);
	return rc;
}

struct policy *
policy_load(const struct conf *conf, struct buf *diagnostics)
{
	struct ruleset *rules = conf_load_rules(conf, diagnostics);

	if (rules == NULL)
		return NULL;
	if (conf->test_on_load && run_tests(conf, diagnostics) == -1) {
		ruleset_put(rules);
		return NULL;
	}
	return policy_new(rules);
}

void
policy_publish(struct policy *policy)
{
	struct policy *old;

	pthread_mutex_lock(&policies_lock);
	old = current;
	current = policy;
	pthread_mutex_unlock(&policies_lock);
	policy_put(old);
}

struct policy *
policy_current(void)
{
	struct policy *policy;

	pthread_mutex_lock(&policies_lock);
	policy = current;
	assert(policy != NULL);
	policy->n_refs++;
	pthread_mutex_unlock(&policies_lock);
	return policy;
}

static void
unlink_policy(struct policy *policy)
{
	if (policy->prev != NULL)
		policy->prev->next = policy->next;
	else
		policies = policy->next;
	if (policy->next != NULL)
		policy->next->prev = policy->prev;
}

void
policy_put(struct policy *policy)
{
	bool is_last;

	if (policy == NULL)
		return;
	pthread_mutex_lock(&policies_lock);
	assert(policy->n_refs > 0);
	is_last = --policy->n_refs == 0;
	if (is_last)
		unlink_policy(policy);
	pthread_mutex_unlock(&policies_lock);
	if (!is_last)
		return;
	ruleset_put(policy->rules);
	arena_free(policy->arena);
}

/* after is referenced by the caller, so its link can be followed. */
static struct policy *
next_policy(const struct policy *after)
{
	struct policy *policy;

	pthread_mutex_lock(&policies_lock);
	policy = after == NULL ? policies : after->next;
	if (policy != NULL)
		policy->n_refs++;
	pthread_mutex_unlock(&policies_lock);
	return policy;
}

void
policy_refresh_tables(void)
{
	struct policy *policy = next_policy(NULL), *next;

	while (policy != NULL) {
		ruleset_refresh_tables(policy->rules);
		next = next_policy(policy);
		policy_put(policy);
		policy = next;
	}
}
