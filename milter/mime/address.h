/*
 * address: the addresses in a header field (RFC 5322 section 3.4).
 *
 * Lenient, bounded and not recursive: comments nest to a counter, groups are
 * read as their members, routes are skipped, quoted local parts lose their
 * quotes, missing brackets and stray commas are survived.
 */
#ifndef SLUICE_MIME_ADDRESS_H
#define SLUICE_MIME_ADDRESS_H

#include "base/arena.h"
#include "mime/damage.h"

#define ADDRESSES_MAX 100

struct mime_address {
	struct str name;    /* display name, decoded to UTF-8; may be empty */
	struct str address; /* "anna@example.org", as written, no brackets */
	struct str local;   /* before the last "@" */
	struct str domain;  /* after it; empty if there is none */
};

/*
 * raw: the field's value as it came (folded, encoded). Returns how many were
 * written to list_out (an array in the arena). Sets bits of *damage.
 */
size_t address_list(struct arena *arena, struct str raw,
    struct mime_address **list_out, uint64_t *damage);

/*
 * One envelope path (RFC 5321 section 4.1.2) as an MTA passes it: brackets,
 * blanks and a source route are removed. "<>" and "" give the empty string.
 * *local_out and *domain_out: as above. Points into path.
 */
struct str address_of_path(
    struct str path, struct str *local_out, struct str *domain_out);

#endif
