/*
 * domain: host names in the one form in which all hosts compare them.
 */
#ifndef SLUICE_BASE_DOMAIN_H
#define SLUICE_BASE_DOMAIN_H

#include "base/arena.h"

#define DOMAIN_MAX 255 /* RFC 1035 section 2.3.4 */

/*
 * Lower case, U-labels as A-labels (RFC 5891, without the transitional
 * mapping), no dot at the end. What IDNA refuses only becomes lower case, so
 * that damaged names still have one spelling.
 */
struct str domain_normal(struct arena *arena, struct str name);

#endif
