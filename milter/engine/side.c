/*
 * value(TABLE, FACT) is a text for each value of the fact that is in the
 * table. For `every` a value without an entry counts as the empty text: what
 * is to hold for all must not hold for want of one.
 */
#include "engine/side.h"

#include "engine/lookup.h"
#include "engine/spent.h"

/* Compared byte by byte, whatever was looked up. */
static const struct fact value_fact = { .name = "value",
	.type = FACT_TYPE_STRING };

/* What a table of this process says of value number i. */
static enum tri
find_here(struct session *session, const struct value_source *source,
    const struct fact_value *value, size_t i, struct str *text_out)
{
	const struct table *table = source->table;

	if (value->ip != NULL)
		return tri_of(table_value_ip(
		    table, value->ip, session->scratch, text_out));
	if (value->texts == NULL)
		return TRI_FALSE;
	if (table->type == TABLE_REGEX)
		return tri_of_pattern(
		    session, table_match(table, value->texts[i],
				 &session->budget, session->scratch, text_out));
	return tri_of(table_value_text(table, value->texts[i],
	    fact_ignores_case(source->ref->fact), session->scratch, text_out));
}

struct side
value_read(struct session *session, const struct value_source *source,
    struct evidence *evidence)
{
	struct side side = { .fact = &value_fact };
	bool is_redis = source->table->is_redis;
	struct str *texts = NULL;
	struct fact_value value;
	size_t n;

	fact_read(session, source->ref, &value);
	n = is_redis ? lookup_n_values(session, source->lookup) : value.n;
	/* Before anybody was asked nothing is known of what there is. */
	side.is_partial = is_redis && session->lookups == NULL && value.n > 0;
	for (size_t i = 0; i < n; i++) {
		struct str text = STR("");
		enum tri is_there =
		    is_redis ? lookup_value(
				   session, source->lookup, i, &text, evidence)
			     : find_here(session, source, &value, i, &text);

		if (is_there == TRI_UNKNOWN)
			side.is_partial = true;
		if (is_there == TRI_UNKNOWN ||
		    (is_there == TRI_FALSE && !source->is_every))
			continue;
		texts = arena_grow(
		    session->scratch, texts, side.value.n, sizeof(*texts));
		texts[side.value.n++] = text;
	}
	side.value.texts = texts;
	return side;
}

void
side_read(struct session *session, const struct condition *cond,
    struct side *side_out, struct evidence *evidence)
{
	const struct value_source source = { cond->value_table,
		cond->value_lookup, &cond->ref, cond->is_every };

	if (cond->is_value) {
		*side_out = value_read(session, &source, evidence);
		return;
	}
	*side_out = (struct side){ .fact = cond->ref.fact };
	fact_read(session, &cond->ref, &side_out->value);
	side_out->is_partial = side_out->value.is_partial;
}
