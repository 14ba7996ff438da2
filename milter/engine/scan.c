/*
 * What was found is kept with the message, by scan and number of the value. A
 * fact that is scanned does not change until the message ends; that it is the
 * same text is looked at all the same, for what is wrong here would let mail
 * through.
 */
#include "engine/scan.h"

#include "engine/spent.h"
#include "rules/prefilter.h"

#define VALUES_MAX ((size_t)4096) /* more are matched one by one */

struct scanned {
	struct str value;
	uint64_t *bits; /* NULL: not yet */
};

struct scan_found {
	struct scanned *values;
	size_t room;
};

static struct scan_found *
found_of(struct session *session, size_t scan)
{
	struct message *message = session->message;
	const struct program *program = session->program;

	if (message->found == NULL)
		message->found = arena_calloc(
		    message->arena, program->n_scans * sizeof(*message->found));
	return &message->found[scan];
}

/* Room for value number `at`, among those that may follow. */
static struct scanned *
value_of(struct arena *arena, struct scan_found *found, size_t at)
{
	struct scanned *values;
	size_t room = found->room > 0 ? found->room : 1;

	if (at < found->room)
		return &found->values[at];
	while (room <= at)
		room *= 2;
	values = arena_calloc(arena, room * sizeof(*values));
	for (size_t i = 0; i < found->room; i++)
		values[i] = found->values[i];
	found->values = values;
	found->room = room;
	return &values[at];
}

static void
scan_value(struct session *session, const struct scan *scan,
    struct scanned *scanned, struct str value)
{
	if (scanned->bits == NULL)
		scanned->bits = arena_alloc(session->message->arena,
		    PREFILTER_WORDS(scan->n) * sizeof(*scanned->bits));
	/* The first rule that asks does not pay for all. */
	if (session->rule != NULL)
		spent_tell_cpu(session, session->rule->name);
	prefilter_scan(scan->prefilter, value, &session->budget, scanned->bits);
	spent_tell_cpu(session, STR(""));
	scanned->value = value;
}

bool
scan_is_candidate(struct session *session, const struct condition *cond,
    size_t at, struct str value)
{
	const struct program *program = session->program;
	const struct scan *scan;
	struct scanned *scanned;

	if (cond->scan == NO_SCAN || session->message == NULL ||
	    at >= VALUES_MAX)
		return true;
	scan = &program->scans[cond->scan];
	if (scan->prefilter == NULL)
		return true;
	scanned = value_of(
	    session->message->arena, found_of(session, cond->scan), at);
	if (scanned->bits == NULL || scanned->value.p != value.p ||
	    scanned->value.len != value.len) {
		if (session->budget.cpu_us < 0)
			return true; /* which PCRE2 is not asked, either */
		scan_value(session, scan, scanned, value);
	}
	return (scanned->bits[cond->scan_at / 64] >> cond->scan_at % 64 & 1) !=
	       0;
}
