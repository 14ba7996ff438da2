/*
 * listing: the names of an archive that were found so far, and how much may
 * still be done to find more. What the readers of archives have in common;
 * nobody else includes it.
 */
#ifndef SLUICE_INSPECT_LISTING_H
#define SLUICE_INSPECT_LISTING_H

#include "inspect/inspect.h"

/* An archive, or what is inside of one. */
struct source {
	struct str folder; /* what its names begin with; empty: the outer one */
	struct str name;   /* its own, perhaps empty */
	struct str head;
	uint64_t n_missing; /* bytes behind head, before tail */
	struct str tail;
	unsigned depth; /* 0: the attachment */
	bool is_cut;    /* not all of it was unpacked */
	struct source *next;
};

struct listing {
	struct inspect_item *item;
	const struct inspect_options *options;
	struct arena *arena;
	/* Numbers of entries from 1, by the hash of the name; 0 is free. */
	uint32_t *seen;
	size_t mask;
	uint64_t unpacked_left; /* bytes */
	uint64_t probe_left;    /* bytes, of what is no archive by its name */
	int64_t until_us;       /* enough is enough */
	struct source *last;    /* archives that wait for their turn */
};

/* Everything of item that is out of an archive becomes empty. */
void listing_init(struct listing *listing, struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena);

/*
 * A name as it stands in the archive, in any charset, with any bytes. Names
 * that are there already, and empty ones, are left out. One with a NUL byte is
 * read both ways: up to it, and as a whole.
 */
void listing_add(
    struct listing *listing, const struct source *source, struct str name);

/* "inner.zip" below the archive at hand, as listing_add would write it. */
struct str listing_path(
    struct listing *listing, const struct source *source, struct str name);

/* Nothing more is wanted: too many names, or too late. Says so in the item. */
bool listing_is_over(struct listing *listing);

#endif
