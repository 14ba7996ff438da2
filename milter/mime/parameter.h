/*
 * parameter: the value of Content-Type and Content-Disposition.
 *
 * RFC 2045 section 5.1, RFC 2183, RFC 2231 (continuations, charset, language,
 * percent coding) and, though it forbids them there, RFC 2047 words. Comments
 * and blanks are allowed where RFC 822 allows them; what is broken is read as
 * mail programs read it, and noted.
 */
#ifndef SLUICE_MIME_PARAMETER_H
#define SLUICE_MIME_PARAMETER_H

#include "base/arena.h"
#include "mime/damage.h"
#include "mime/limits.h"

struct parameter {
	struct str name;    /* lower case, without "*0*" */
	struct str raw;     /* unquoted, nothing decoded */
	struct str decoded; /* valid UTF-8 */
};

struct parameters {
	struct str value;       /* "text/html", "attachment": lower case */
	struct parameter *list; /* in order; of two of one name both */
	size_t n;
};

/* raw: as it came, folded. Output lives in the arena. */
void parameters_read(struct arena *arena, struct str raw,
    const struct mime_limits *limits, struct parameters *out, uint64_t *damage);
/* The first of that name, from number *at on (0 to begin with; moved behind
 * it); NULL: none. */
const struct parameter *parameters_next(
    const struct parameters *parameters, const char *name, size_t *at);

#endif
