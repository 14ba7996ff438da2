/*
 * A rule may fire for each recipient and yet it is one mail: what it does is
 * marked first and counted when the mail is over.
 */
#include "tool/corpus/tally.h"

#include "base/clock.h"
#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

void
tally_init(struct tally *tally, const struct ruleset *rules)
{
	const struct program *program = ruleset_program(rules);
	size_t n = program->n_rules;

	*tally = (struct tally){ .program = program };
	tally->rules = xcalloc(n + 1, sizeof(*tally->rules));
	tally->marks = xcalloc(n + 1, sizeof(*tally->marks));
	for (int i = 0; i < REHEARSAL_END_N; i++)
		tally->verdicts[i] =
		    xcalloc(n + 1, sizeof(*tally->verdicts[i]));
}

void
tally_done(struct tally *tally)
{
	for (size_t i = 0; i < tally->program->n_rules; i++)
		examples_done(&tally->rules[i].examples);
	for (int i = 0; i < REHEARSAL_END_N; i++)
		free(tally->verdicts[i]);
	free(tally->rules);
	free(tally->marks);
}

static void
mark(struct tally *tally, const struct rule *rule, enum tally_mark as)
{
	if (tally->marks[rule->index] < as)
		tally->marks[rule->index] = (unsigned char)as;
}

static void
note_rule(void *context, const struct rule_report *report)
{
	struct tally *tally = context;

	tally->rules[report->rule->index].cpu_ns += report->cpu_ns;
}

static void
note_verdict(
    void *context, const struct rule *rule, const struct verdict_report *report)
{
	if (rule != NULL)
		mark(context, rule,
		    report->is_observed ? TALLY_WOULD : TALLY_HIT);
}

static void
note_hit(void *context, const struct rule *rule, const char *action)
{
	(void)action;
	mark(context, rule, TALLY_HIT);
}

static void
note_spent(void *context, struct str name, const char *action)
{
	struct tally *tally = context;
	const struct rule *rule = program_rule(tally->program, name);

	(void)action;
	tally->is_spent = true;
	if (rule != NULL)
		tally->rules[rule->index].n_spent++;
}

struct rehearsal_listener
tally_listener(struct tally *tally)
{
	return (struct rehearsal_listener){ .context = tally,
		.on_rule = note_rule,
		.on_verdict = note_verdict,
		.on_hit = note_hit,
		.on_spent = note_spent };
}

static void
count_damage(struct tally *tally, struct session *session)
{
	struct buf word = { 0 };

	for (size_t i = 0; i < DAMAGE_N; i++) {
		buf_clear(&word);
		if (!session_fact_value(session, FACT_MIME_DAMAGE, i, &word))
			break;
		for (int j = 0; j < DAMAGE_N; j++)
			if (str_is(buf_str(&word), damage_word((enum damage)j)))
				tally->damage[j]++;
	}
	buf_done(&word);
}

static void
count_rules(struct tally *tally, const struct corpus_name *name)
{
	for (size_t i = 0; i < tally->program->n_rules; i++) {
		struct tally_rule *rule = &tally->rules[i];

		if (tally->marks[i] == TALLY_NOTHING)
			continue;
		rule->n_hits += tally->marks[i] == TALLY_HIT;
		rule->n_would += tally->marks[i] == TALLY_WOULD;
		examples_add(&rule->examples, name, NULL);
	}
}

struct rehearsal_verdict
tally_run(struct tally *tally, struct rehearsal *rehearsal,
    const struct envelope *envelope, const struct corpus_name *name,
    struct str mail)
{
	int64_t since_ns = clock_cpu_ns();
	struct rehearsal_verdict verdict;
	size_t by;

	memset(tally->marks, 0, tally->program->n_rules);
	tally->is_spent = false;
	verdict = rehearsal_run(rehearsal, envelope, mail);
	count_rules(tally, name);
	count_damage(tally, rehearsal_session(rehearsal));
	by = verdict.rule != NULL ? verdict.rule->index
				  : tally->program->n_rules;
	tally->verdicts[verdict.end][by]++;
	tally->n_mails++;
	tally->n_spent += tally->is_spent;
	tally->cpu_ns += (uint64_t)(clock_cpu_ns() - since_ns);
	return verdict;
}

static void
add_all(uint64_t *into, const uint64_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		into[i] += from[i];
}

void
tally_merge(struct tally *into, const struct tally *from)
{
	size_t n = into->program->n_rules;

	for (size_t i = 0; i < n; i++) {
		into->rules[i].n_hits += from->rules[i].n_hits;
		into->rules[i].n_would += from->rules[i].n_would;
		into->rules[i].n_spent += from->rules[i].n_spent;
		into->rules[i].cpu_ns += from->rules[i].cpu_ns;
		examples_merge(
		    &into->rules[i].examples, &from->rules[i].examples);
	}
	for (int i = 0; i < REHEARSAL_END_N; i++)
		add_all(into->verdicts[i], from->verdicts[i], n + 1);
	add_all(into->damage, from->damage, DAMAGE_N);
	into->n_mails += from->n_mails;
	into->n_spent += from->n_spent;
	into->cpu_ns += from->cpu_ns;
}
