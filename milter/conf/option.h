/*
 * option: the one table of what may stand in sluice.conf.
 */
#ifndef SLUICE_CONF_OPTION_H
#define SLUICE_CONF_OPTION_H

#include "conf/conf.h"

struct option {
	const char *name;
	/* Sets the field at offset. 0, or -1; then error may say why, and if
	 * it says nothing, the value is not what `expected` says. */
	int (*set)(struct conf *conf, const struct option *option,
	    struct str value, struct buf *error);
	size_t offset;
	const char *fallback; /* the default; NULL: leave the field alone */
	const char *expected; /* "a duration such as 100ms" */
	const char *help;
	const char *shown; /* the default in words, if fallback is NULL */
	uint64_t min;      /* for numbers, both inclusive */
	uint64_t max;
	const struct choice *choices; /* for set_choice */
	bool is_list;                 /* several words; set once for each */
	bool at_start;                /* a reload cannot change it */
};

struct choice {
	const char *name; /* NULL ends the list */
	int value;
};

extern const struct option options[];
extern const size_t n_options;

/* The row of that name, or NULL. */
const struct option *option_find(struct str name);
/* The name most like it, or NULL if none is like it. */
const char *option_nearest(struct str name);

#endif
