/*
 * Texts with facts filled in. Facts that exist only in texts (${match},
 * ${limit.max}) come from the evidence of the rule's condition.
 */
#include "base/quantity.h"
#include "base/utf8.h"
#include "engine/eval.h"
#include "engine/side.h"

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
append_window(const struct store_rate *rate, struct buf *out)
{
	char text[QUANTITY_TEXT_MAX];

	switch (rate->period) {
	case STORE_ROLLING:
		buf_add(out, duration_text(rate->window_sec, text));
		break;
	case STORE_DAILY:
		buf_add_cstr(out, "one day");
		break;
	case STORE_MONTHLY:
		buf_add_cstr(out, "one month");
		break;
	}
}

static void
append_limit(struct session *session, enum fact_id id,
    const struct evidence *evidence, struct buf *out)
{
	const struct limit_level *level = &evidence->level;

	if (evidence->limit == NULL)
		return;
	if (id == FACT_LIMIT_NAME)
		buf_add(out, evidence->limit->name);
	else if (id == FACT_LIMIT_MAX)
		buf_printf(out, "%llu", (unsigned long long)level->rate.max);
	else if (id == FACT_LIMIT_USED)
		buf_printf(out, "%llu", (unsigned long long)level->used);
	else if (id == FACT_LIMIT_WINDOW)
		append_window(&level->rate, out);
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

/* ${value(TABLE, FACT)}; false: not all of it could be asked for. */
static bool
append_value(struct session *session, const struct text_part *part,
    struct evidence *why, struct buf *out)
{
	const struct value_source source = {
		.table = part->table, .lookup = part->lookup, .ref = &part->ref
	};
	struct side side = value_read(session, &source, why);

	for (size_t i = 0; i < side.value.n; i++) {
		buf_add_cstr(out, i > 0 ? ", " : "");
		buf_add(out, side.value.texts[i]);
	}
	return !side.is_partial;
}

static void
append_part(struct session *session, const struct text_part *part,
    const struct evidence *evidence, struct buf *out)
{
	struct evidence none = { 0 };
	enum fact_id id;

	switch (part->kind) {
	case PART_LITERAL:
		buf_add(out, part->literal);
		break;
	case PART_GROUP:
		append_group(evidence, part->group, out);
		break;
	case PART_VALUE:
		append_value(session, part, &none, out);
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

/* At most max bytes, and no half of a character. */
static void
cut(struct buf *out, size_t max)
{
	if (out->len <= max)
		return;
	max = utf8_back(buf_str(out), max);
	out->len = max;
	out->p[max] = '\0';
}

void
eval_text(struct session *session, const struct text *text,
    const struct evidence *evidence, struct buf *out)
{
	size_t max = out->len + session_caps.text_bytes;

	for (size_t i = 0; i < text->n && out->len < max; i++)
		append_part(session, &text->parts[i], evidence, out);
	cut(out, max);
}

bool
eval_whole_text(struct session *session, const struct text *text,
    struct evidence *why, struct buf *out)
{
	size_t max = out->len + session_caps.text_bytes;
	bool is_whole = true;

	for (size_t i = 0; i < text->n && out->len < max; i++) {
		const struct text_part *part = &text->parts[i];

		if (part->kind != PART_VALUE)
			append_part(session, part, NULL, out);
		else if (!append_value(session, part, why, out))
			is_whole = false;
	}
	cut(out, max);
	return is_whole;
}
