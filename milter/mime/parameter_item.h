/*
 * parameter_item: parameters as they are written, before RFC 2231 joins them.
 *
 * Private: parameter.c reads them, parameter_join.c puts them together.
 */
#ifndef SLUICE_MIME_PARAMETER_ITEM_H
#define SLUICE_MIME_PARAMETER_ITEM_H

#include "mime/parameter.h"

#define PARAMETER_SECTION_MAX 9999

struct parameter_item {
	struct str name;  /* lower case, without "*0*" */
	struct str value; /* unquoted */
	int section;      /* of RFC 2231 section 3, or -1 */
	bool is_extended; /* percent coded, of RFC 2231 section 4 */
	bool is_again;    /* the item before, as other programs read it */
	bool is_joined;   /* with an earlier section of the same parameter */
};

/* Takes "*0*" off the name and says in the item what it meant. */
void parameter_item_name(
    struct parameter_item *item, struct str name, uint64_t *damage);

/* items becomes out->list. Sets DAMAGE_AMBIGUOUS for two that differ. */
void parameter_join(struct arena *arena, struct parameter_item *items, size_t n,
    struct parameters *out, uint64_t *damage);

#endif
