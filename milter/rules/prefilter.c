/*
 * libhs is given a superset of each pattern (superset.h), not the pattern
 * itself: the two libraries differ in too much, from Unicode's versions to what
 * ends a line. What has no superset, or one that libhs does not take, is a
 * candidate always.
 *
 * The trap is to depend on libhs: whatever it answers wrongly or not at all,
 * all are candidates then, after one line in the log.
 */
#include "rules/prefilter.h"

#include "base/log.h"
#include "base/xalloc.h"
#include "rules/superset.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#ifdef SLUICE_HS
#include <hs.h>

#define TRIES_MAX 8 /* of the whole, before each is tried alone */

/* hs_scratch_t is for one scan at a time. */
struct scratch {
	struct scratch *next;
	hs_scratch_t *memory;
};

struct prefilter {
	size_t n;
	char **refusals;  /* to each pattern; NULL: libhs has it */
	uint64_t *always; /* those that were refused */
	bool is_text;
	hs_database_t *database;
	pthread_mutex_t lock; /* scratches that are free */
	struct scratch *free;
	hs_scratch_t *model;
	atomic_flag has_failed; /* and it was logged */
};

/* What is being compiled. */
struct draft {
	struct prefilter *prefilter;
	struct cases *cases;
	struct buf *texts; /* to each pattern */
	const char **expressions;
	unsigned *flags;
	unsigned *ids;
};

#define HS_FLAGS (HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH | HS_FLAG_PREFILTER)

bool
prefilter_is_available(void)
{
	return hs_valid_platform() == HS_SUCCESS;
}

const char *
prefilter_version(void)
{
	if (!prefilter_is_available())
		return "not for this processor";
	return hs_version();
}

static void
refuse(struct prefilter *prefilter, size_t i, const char *reason)
{
	free(prefilter->refusals[i]);
	prefilter->refusals[i] = xstrdup(reason);
	prefilter->always[i / 64] |= UINT64_C(1) << i % 64;
}

/* Cheap to ask: what has no superset, or one that may be empty. */
static void
draft_one(struct draft *draft, const struct pattern *pattern, size_t i)
{
	struct buf *text = &draft->texts[i], reason = { 0 };
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;

	if (superset_of(pattern, draft->cases, text, &reason) == -1)
		refuse(draft->prefilter, i, reason.p);
	else if (hs_expression_info(text->p, HS_FLAGS, &info, &error) !=
		 HS_SUCCESS)
		refuse(draft->prefilter, i,
		    error != NULL ? error->message : "libhs does not say why");
	else if (info->min_width == 0)
		refuse(draft->prefilter, i, "it may match nothing at all");
	hs_free_compile_error(error);
	free(info);
	buf_done(&reason);
}

/* Those that were not refused, or only number `only`. */
static unsigned
collect(struct draft *draft, size_t only)
{
	unsigned n = 0;

	for (size_t i = 0; i < draft->prefilter->n; i++) {
		if (draft->prefilter->refusals[i] != NULL ||
		    (only < draft->prefilter->n && only != i))
			continue;
		draft->expressions[n] = draft->texts[i].p;
		draft->flags[n] = HS_FLAGS;
		draft->ids[n++] = (unsigned)i;
	}
	return n;
}

/* A database, or NULL: then one was refused if a certain one was to blame. */
static hs_database_t *
try_compile(struct draft *draft, unsigned n, bool *is_certain_out)
{
	hs_database_t *database = NULL;
	hs_compile_error_t *error = NULL;

	*is_certain_out = false;
	if (hs_compile_multi(draft->expressions, draft->flags, draft->ids, n,
		HS_MODE_BLOCK, NULL, &database, &error) == HS_SUCCESS)
		return database;
	if (error != NULL && error->expression >= 0) {
		*is_certain_out = true;
		refuse(draft->prefilter, draft->ids[error->expression],
		    error->message);
	} else {
		log_warning("libhs: %s; patterns are tried one by one",
		    error != NULL ? error->message : "no reason given");
	}
	hs_free_compile_error(error);
	return NULL;
}

/* Where more than a few are to blame, each is asked by itself. */
static void
try_each(struct draft *draft)
{
	bool is_certain;

	for (size_t i = 0; i < draft->prefilter->n; i++)
		if (draft->prefilter->refusals[i] == NULL &&
		    collect(draft, i) > 0)
			hs_free_database(try_compile(draft, 1, &is_certain));
}

static void
compile_draft(struct draft *draft)
{
	struct prefilter *prefilter = draft->prefilter;
	bool is_certain = true;
	unsigned n;

	for (int i = 0; i <= TRIES_MAX && is_certain; i++) {
		if (i == TRIES_MAX)
			try_each(draft);
		if ((n = collect(draft, prefilter->n)) == 0)
			return;
		prefilter->database = try_compile(draft, n, &is_certain);
		if (prefilter->database != NULL)
			break;
	}
	if (prefilter->database == NULL)
		return;
	if (hs_alloc_scratch(prefilter->database, &prefilter->model) ==
	    HS_SUCCESS)
		return;
	log_warning("libhs: no scratch space; patterns are tried one by one");
	hs_free_database(prefilter->database);
	prefilter->database = NULL;
}

static void
make_database(
    struct prefilter *prefilter, const struct pattern *const *patterns)
{
	size_t n = prefilter->n;
	struct draft draft = { .prefilter = prefilter,
		.cases = cases_new(),
		.texts = xcalloc(n, sizeof(*draft.texts)),
		.expressions = xcalloc(n, sizeof(*draft.expressions)),
		.flags = xcalloc(n, sizeof(*draft.flags)),
		.ids = xcalloc(n, sizeof(*draft.ids)) };

	for (size_t i = 0; i < n; i++)
		draft_one(&draft, patterns[i], i);
	compile_draft(&draft);
	for (size_t i = 0; i < n; i++)
		buf_done(&draft.texts[i]);
	cases_free(draft.cases);
	free(draft.texts);
	free(draft.expressions);
	free(draft.flags);
	free(draft.ids);
}

struct prefilter *
prefilter_new(const struct pattern *const *patterns, size_t n)
{
	struct prefilter *prefilter;

	if (n < PREFILTER_MIN || !prefilter_is_available())
		return NULL;
	prefilter = xcalloc(1, sizeof(*prefilter));
	prefilter->n = n;
	prefilter->is_text = pattern_is_utf8(patterns[0]);
	prefilter->refusals = xcalloc(n, sizeof(*prefilter->refusals));
	prefilter->always =
	    xcalloc(PREFILTER_WORDS(n), sizeof(*prefilter->always));
	pthread_mutex_init(&prefilter->lock, NULL);
	atomic_flag_clear(&prefilter->has_failed);
	make_database(prefilter, patterns);
	if (prefilter->database != NULL)
		return prefilter;
	prefilter_free(prefilter);
	return NULL;
}

void
prefilter_free(struct prefilter *prefilter)
{
	struct scratch *scratch;

	if (prefilter == NULL)
		return;
	while ((scratch = prefilter->free) != NULL) {
		prefilter->free = scratch->next;
		hs_free_scratch(scratch->memory);
		free(scratch);
	}
	hs_free_scratch(prefilter->model);
	hs_free_database(prefilter->database);
	for (size_t i = 0; i < prefilter->n; i++)
		free(prefilter->refusals[i]);
	free(prefilter->refusals);
	free(prefilter->always);
	pthread_mutex_destroy(&prefilter->lock);
	free(prefilter);
}

const char *
prefilter_refusal(const struct prefilter *prefilter, size_t i)
{
	return prefilter->refusals[i];
}

/* NULL: there is no memory for one more. */
static struct scratch *
borrow_scratch(struct prefilter *prefilter)
{
	struct scratch *scratch;

	pthread_mutex_lock(&prefilter->lock);
	if ((scratch = prefilter->free) != NULL)
		prefilter->free = scratch->next;
	pthread_mutex_unlock(&prefilter->lock);
	if (scratch != NULL)
		return scratch;
	scratch = xcalloc(1, sizeof(*scratch));
	if (hs_clone_scratch(prefilter->model, &scratch->memory) == HS_SUCCESS)
		return scratch;
	free(scratch);
	return NULL;
}

static void
give_back_scratch(struct prefilter *prefilter, struct scratch *scratch)
{
	pthread_mutex_lock(&prefilter->lock);
	scratch->next = prefilter->free;
	prefilter->free = scratch;
	pthread_mutex_unlock(&prefilter->lock);
}

static int
note_candidate(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *context)
{
	uint64_t *bits = context;

	(void)from;
	(void)to;
	(void)flags;
	bits[id / 64] |= UINT64_C(1) << id % 64;
	return 0;
}

static int
scan(struct prefilter *prefilter, struct str text, uint64_t *bits)
{
	struct scratch *scratch = borrow_scratch(prefilter);
	int rc = HS_NOMEM;

	if (scratch != NULL && text.len <= UINT32_MAX) {
		rc = hs_scan(prefilter->database, text.len > 0 ? text.p : "",
		    (unsigned)text.len, 0, scratch->memory, note_candidate,
		    bits);
		give_back_scratch(prefilter, scratch);
	}
	if (rc != HS_SUCCESS &&
	    !atomic_flag_test_and_set(&prefilter->has_failed))
		log_warning("libhs: error %d in a scan; patterns are tried one "
			    "by one where it fails",
		    rc);
	return rc == HS_SUCCESS ? 0 : -1;
}

void
prefilter_scan(const struct prefilter *prefilter, struct str text,
    struct pattern_budget *budget, uint64_t *bits)
{
	/* Of what is behind const only the scratches and the flag change. */
	struct prefilter *shared = (struct prefilter *)(uintptr_t)prefilter;
	size_t words = PREFILTER_WORDS(prefilter->n);
	struct buf folded = { 0 };

	if (budget->clock_us == 0)
		pattern_budget_spend(budget);
	memcpy(bits, prefilter->always, words * sizeof(*bits));
	if (prefilter->is_text && superset_fold(text, &folded))
		text = buf_str(&folded);
	if (scan(shared, text, bits) == -1)
		memset(bits, 0xff, words * sizeof(*bits));
	buf_done(&folded);
	pattern_budget_spend(budget);
}

#else

bool
prefilter_is_available(void)
{
	return false;
}

const char *
prefilter_version(void)
{
	return "none";
}

struct prefilter *
prefilter_new(const struct pattern *const *patterns, size_t n)
{
	(void)patterns;
	(void)n;
	return NULL;
}

void
prefilter_free(struct prefilter *prefilter)
{
	(void)prefilter;
}

const char *
prefilter_refusal(const struct prefilter *prefilter, size_t i)
{
	(void)prefilter;
	(void)i;
	return NULL;
}

void
prefilter_scan(const struct prefilter *prefilter, struct str text,
    struct pattern_budget *budget, uint64_t *bits)
{
	(void)prefilter;
	(void)text;
	(void)budget;
	(void)bits;
}

#endif
