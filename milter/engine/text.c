/*
 * Texts with facts filled in. Facts that exist only in texts (${match},
 * ${limit.max}) come from the evidence of the rule's condition.
 */
#include "base/quantity.h"
#include "engine/eval.h"
#include "engine/facts.h"

#include <time.h>

#define SOON_MS (INT64_C(10) * 60 * 1000) /* below it seconds are told */

/* "14:05", on another day "2026-01-02 14:05": rounded up, never too early. */
static void
append_until(int64_t now_ms, int64_t retry_ms, struct buf *out)
{
	int64_t step_ms = retry_ms < SOON_MS ? 1000 : 60000;
	int64_t until_ms =
	    (now_ms + retry_ms + step_ms - 1) / step_ms * step_ms;
	time_t now = (time_t)(now_ms / 1000), until = (time_t)(until_ms / 1000);
	struct tm today, then;
	char text[64];

	if (retry_ms < 0) {
		buf_add_cstr(out, "never");
		return;
	}
	localtime_r(&now, &today);
	localtime_r(&until, &then);
	if (today.tm_year != then.tm_year || today.tm_yday != then.tm_yday) {
		strftime(text, sizeof(text), "%Y-%m-%d ", &then);
		buf_add_cstr(out, text);
	}
	strftime(
	    text, sizeof(text), step_ms == 1000 ? "%H:%M:%S" : "%H:%M", &then);
	buf_add_cstr(out, text);
}

static void
append_retry(int64_t retry_ms, struct buf *out)
{
	if (retry_ms < 0)
		buf_add_cstr(out, "never");
	else
		buf_printf(out, "%llds", (long long)((retry_ms + 999) / 1000));
}

static void
append_limit(struct session *session, enum fact_id id,
    const struct evidence *evidence, struct buf *out)
{
	const struct limit_level *level = &evidence->level;
	char text[QUANTITY_TEXT_MAX];

	if (evidence->limit == NULL)
		return;
	if (id == FACT_LIMIT_NAME)
		buf_add(out, evidence->limit->name);
	else if (id == FACT_LIMIT_MAX)
		buf_printf(out, "%llu", (unsigned long long)level->max);
	else if (id == FACT_LIMIT_USED)
		buf_printf(out, "%llu", (unsigned long long)level->used);
	else if (id == FACT_LIMIT_WINDOW)
		buf_add(out, duration_text(level->window_sec, text));
	else if (id == FACT_LIMIT_RETRY)
		append_retry(level->retry_ms, out);
	else
		append_until(session->now_ms, level->retry_ms, out);
}

static void
append_group(const struct evidence *evidence, unsigned group, struct buf *out)
{
	if (evidence != NULL && evidence->has_match)
		buf_add(out, evidence->captures.groups[group]);
}

static void
append_part(struct session *session, const struct text_part *part,
    const struct evidence *evidence, struct buf *out)
{
	enum fact_id id;

	switch (part->kind) {
	case PART_LITERAL:
		buf_add(out, part->literal);
		break;
	case PART_GROUP:
		append_group(evidence, part->group, out);
		break;
	case PART_FACT:
		id = part->ref.fact->id;
		if (id == FACT_MATCH)
			append_group(evidence, 0, out);
		else if (id < FACT_MATCH)
			fact_append(session, &part->ref, out);
		else if (evidence != NULL)
			append_limit(session, id, evidence, out);
		break;
	}
}

void
eval_text(struct session *session, const struct text *text,
    const struct evidence *evidence, struct buf *out)
{
	size_t max = out->len + session_caps.text_bytes;

	for (size_t i = 0; i < text->n && out->len < max; i++)
		append_part(session, &text->parts[i], evidence, out);
	if (out->len > max) {
		while (max > 0 && ((unsigned char)out->p[max] & 0xc0) == 0x80)
			max--;
		out->len = max;
		out->p[max] = '\0';
	}
}
