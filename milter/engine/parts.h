/*
 * parts: the message taken apart while it comes in, and what helpers see in its
 * attachments. Nothing of it costs anything unless rules (or who explains them)
 * need it. Ends with the message.
 */
#ifndef SLUICE_ENGINE_PARTS_H
#define SLUICE_ENGINE_PARTS_H

#include "engine/state.h"
#include "mime/content.h"

/* A part that is an attachment, or may be read as one. */
struct attachment {
	const struct mime_part *part;
	size_t at; /* which of them it is */
	/* The same bytes as another, read in another way: no attachment more. */
	bool is_again;
	const struct inspect_item *seen; /* NULL: nobody has looked into it */
};

/* Events of the message that is open. */
void parts_header(struct session *session, struct str name, struct str value);
void parts_body(struct session *session, struct str chunk);
void parts_end(struct session *session); /* then all below may be asked */
void parts_free(struct message *message);

/* Is the message taken apart, so that each byte of its body is wanted? */
bool parts_are_wanted(const struct session *session);

/* NULL: it was not taken apart, or has not ended. */
struct mime *parts_mime(const struct session *session);
/* What its texts are; NULL as above. */
struct content *parts_content(struct session *session);
size_t parts_attachments(
    struct session *session, const struct attachment **out);

/* Looks into the attachments, all at once, if nobody did. Waits for helpers:
 * at most their time-out. False: some could not be looked into. */
bool parts_inspect(struct session *session);
/* Would reading this fact do so? For who had better not wait. */
bool parts_would_inspect(struct session *session, const struct fact_ref *ref);

/* Of what was asked of them until now. */
uint64_t parts_damage_so_far(const struct session *session);
/* Of all that is known of the parts. */
uint64_t parts_damage(struct session *session);

#endif
