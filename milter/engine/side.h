/*
 * side: the left side of a condition - the values of a fact, or what a table
 * says of them.
 */
#ifndef SLUICE_ENGINE_SIDE_H
#define SLUICE_ENGINE_SIDE_H

#include "engine/eval.h"
#include "engine/facts.h"

struct side {
	const struct fact *fact; /* how values compare */
	struct fact_value value;
	size_t at;       /* of one value by itself: which */
	bool is_partial; /* there may be more: not all could be asked for */
};

/* Texts live in session->scratch. */
void side_read(struct session *session, const struct condition *cond,
    struct side *side_out, struct evidence *evidence);

/* value(TABLE, FACT) */
struct value_source {
	const struct table *table;
	size_t lookup; /* of a table in the store */
	const struct fact_ref *ref;
	bool is_every; /* what has no entry is the empty text, not nothing */
};

struct side value_read(struct session *session,
    const struct value_source *source, struct evidence *evidence);

#endif
