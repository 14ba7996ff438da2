/*
 * facts: the values of facts in a session.
 */
#ifndef SLUICE_ENGINE_FACTS_H
#define SLUICE_ENGINE_FACTS_H

#include "engine/state.h"

struct fact_value {
	const struct str *texts; /* n of them, for types that are text */
	size_t n;                /* 0: no value; 1 for a truth or IP */
	struct str one;          /* what texts points to if there is one */
	double number;
	const double *numbers; /* n of them, if there may be several */
	/* The part of the message that says it, for each; NULL: no part. */
	const struct mime_part *const *parts;
	size_t first;    /* of one attachment: so many of others were before */
	bool is_partial; /* there may be more: not all could be asked for */
	bool truth;
	const struct ip *ip;
};

/* Values live at least until the end of the event. */
void fact_read(struct session *session, const struct fact_ref *ref,
    struct fact_value *value_out);

/* A macro that the MTA told, or the empty string. */
struct str session_macro_value(const struct session *session, struct str name);

/* All values as one text for people: joined by ", ". */
void fact_append(
    struct session *session, const struct fact_ref *ref, struct buf *out);

#endif
