/*
 * What a replay found, for programs.
 */
#include "tool/replay.h"

#include "tool/show/json.h"

static void
add_examples(const char *name, const struct examples *examples, struct buf *out)
{
	struct buf text = { 0 };

	json_open(out, name, '[');
	for (size_t i = 0; i < examples->n; i++) {
		buf_clear(&text);
		corpus_name_add(&text, &examples->names[i]);
		json_text(out, NULL, buf_str(&text));
	}
	json_close(out, ']');
	buf_done(&text);
}

static void
add_head(const struct replay *replay, struct buf *out)
{
	json_number(out, "mails", replay->tally.n_mails);
	json_number(out, "took_ms", (uint64_t)(replay->took_us / 1000));
	json_number(out, "threads", replay->n_threads);
	json_bool(out, "interrupted", replay->is_interrupted);
	json_number(out, "unreadable", replay->n_unreadable);
	add_examples("unreadable_examples", &replay->unreadable, out);
}

static void
add_rule_name(const char *name, const struct rule *rule, struct buf *out)
{
	if (rule == NULL)
		json_null(out, name);
	else
		json_text(out, name, rule->name);
}

static void
add_rules(const struct tally *tally, struct buf *out)
{
	json_open(out, "rules", '[');
	for (size_t i = 0; i < tally->program->n_rules; i++) {
		const struct tally_rule *rule = &tally->rules[i];

		json_newline(out);
		json_open(out, NULL, '{');
		json_text(out, "rule", tally->program->rules[i]->name);
		json_number(out, "hits", rule->n_hits);
		json_number(out, "would", rule->n_would);
		json_number(out, "out_of_budget", rule->n_spent);
		json_number(out, "cpu_us", rule->cpu_ns / 1000);
		add_examples("examples", &rule->examples, out);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void
add_verdicts(const struct tally *tally, struct buf *out)
{
	const struct program *program = tally->program;

	json_open(out, "verdicts", '[');
	for (int end = 0; end < REHEARSAL_END_N; end++) {
		for (size_t by = 0; by <= program->n_rules; by++) {
			if (tally->verdicts[end][by] == 0)
				continue;
			json_newline(out);
			json_open(out, NULL, '{');
			json_text(out, "verdict",
			    str_of(
				rehearsal_end_name((enum rehearsal_end)end)));
			add_rule_name("rule",
			    by < program->n_rules ? program->rules[by] : NULL,
			    out);
			json_number(out, "mails", tally->verdicts[end][by]);
			json_close(out, '}');
		}
	}
	json_close(out, ']');
}

static void
add_damage(const struct tally *tally, struct buf *out)
{
	json_open(out, "damage", '{');
	for (int i = 0; i < DAMAGE_N; i++)
		if (tally->damage[i] > 0)
			json_number(
			    out, damage_word((enum damage)i), tally->damage[i]);
	json_close(out, '}');
}

void
replay_json(const struct replay *replay, struct buf *out)
{
	json_open(out, NULL, '{');
	add_head(replay, out);
	json_number(out, "out_of_budget", replay->tally.n_spent);
	json_number(out, "cpu_us", replay->tally.cpu_ns / 1000);
	add_rules(&replay->tally, out);
	add_verdicts(&replay->tally, out);
	add_damage(&replay->tally, out);
	json_close(out, '}');
	buf_byte(out, '\n');
}

static void
add_pairs(const struct diff *diff, struct buf *out)
{
	json_open(out, "verdicts", '[');
	for (size_t i = 0; i < diff->n_pairs; i++) {
		const struct diff_pair *pair = &diff->pairs[i];

		json_newline(out);
		json_open(out, NULL, '{');
		json_text(out, "was", str_of(rehearsal_end_name(pair->before)));
		add_rule_name("rule_was", pair->rule_before, out);
		json_text(out, "is", str_of(rehearsal_end_name(pair->now)));
		add_rule_name("rule_is", pair->rule_now, out);
		json_number(out, "mails", pair->n);
		add_examples("examples", &pair->examples, out);
		json_close(out, '}');
	}
	json_close(out, ']');
}

/* Null: there is no such rule in these rules. */
static void
add_hits(const char *name, const struct tally *tally, const struct rule *rule,
    struct buf *out)
{
	if (rule == NULL) {
		json_null(out, name);
		return;
	}
	json_open(out, name, '{');
	json_number(out, "hits", tally->rules[rule->index].n_hits);
	json_number(out, "would", tally->rules[rule->index].n_would);
	json_close(out, '}');
}

static void
add_rule_diffs(const struct replay *replay, struct buf *out)
{
	json_open(out, "rules", '[');
	for (size_t i = 0; i < replay->diff.n_rules; i++) {
		const struct diff_rule *rule = &replay->diff.rules[i];

		if (rule->n == 0)
			continue;
		json_newline(out);
		json_open(out, NULL, '{');
		json_text(out, "rule", rule->name);
		add_hits("was", &replay->tally, rule->before, out);
		add_hits("is", &replay->tally_now, rule->now, out);
		json_number(out, "mails", rule->n);
		add_examples("examples", &rule->examples, out);
		json_close(out, '}');
	}
	json_close(out, ']');
}

void
replay_json_diff(const struct replay *replay, struct buf *out)
{
	json_open(out, NULL, '{');
	add_head(replay, out);
	add_pairs(&replay->diff, out);
	add_rule_diffs(replay, out);
	json_close(out, '}');
	buf_byte(out, '\n');
}
