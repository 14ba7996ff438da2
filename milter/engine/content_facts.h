/*
 * content_facts: what rules know of the parts of a message. Readers for the
 * table of facts.c.
 */
#ifndef SLUICE_ENGINE_CONTENT_FACTS_H
#define SLUICE_ENGINE_CONTENT_FACTS_H

#include "engine/facts.h"

/* A list, made once a message: texts or, of attachments, numbers. */
void content_read(struct session *session, const struct fact_ref *ref,
    struct fact_value *value);
void content_read_count(struct session *session, const struct fact_ref *ref,
    struct fact_value *value);
void content_read_encrypted(struct session *session, const struct fact_ref *ref,
    struct fact_value *value);

#endif
