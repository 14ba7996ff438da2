/*
 * A hash table with open places that only grows. A place is set once, from NULL
 * to a counter, and two threads that bring the same name at once go for the
 * same place: the one that comes second finds the counter of the other there.
 */
#include "daemon/metrics/counts.h"

#include "base/xalloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct count {
	struct count_of of;
	_Atomic uint64_t n;
	char name[];
};

struct counts {
	size_t max;
	size_t n_places;       /* twice max, so that a free one is near */
	_Atomic size_t n_used; /* may pass max by those who came at once */
	_Atomic uint64_t n_other;
	_Atomic(struct count *) places[];
};

struct counts *
counts_new(size_t max)
{
	size_t n_places = 2 * max;
	struct counts *counts = xcalloc(
	    1, sizeof(*counts) + n_places * sizeof(_Atomic(struct count *)));

	counts->max = max;
	counts->n_places = n_places;
	return counts;
}

void
counts_free(struct counts *counts)
{
	for (size_t i = 0; i < counts->n_places; i++)
		free(atomic_load(&counts->places[i]));
	free(counts);
}

static bool
is_same(const struct count_of *a, const struct count_of *b)
{
	return a->is_observed == b->is_observed && str_eq(a->name, b->name) &&
	       strcmp(a->word, b->word) == 0;
}

static struct count *
make_count(const struct count_of *of)
{
	struct count *count = xcalloc(1, sizeof(*count) + of->name.len + 1);

	memcpy(count->name, of->name.p, of->name.len);
	count->of = *of;
	count->of.name.p = count->name;
	return count;
}

/* Puts a counter into a free place. What is there then: it, or another that
 * came first; NULL: there is no more room. */
static struct count *
take_place(struct counts *counts, size_t at, const struct count_of *of)
{
	struct count *mine, *there = NULL;

	if (atomic_load(&counts->n_used) >= counts->max)
		return NULL;
	mine = make_count(of);
	if (atomic_compare_exchange_strong(&counts->places[at], &there, mine)) {
		atomic_fetch_add(&counts->n_used, 1);
		return mine;
	}
	free(mine);
	return there;
}

/* The counter of that name, made if it is new; NULL: there is no more room. */
static struct count *
find_count(struct counts *counts, const struct count_of *of)
{
	size_t at = (str_hash(of->name) >> 16) % counts->n_places;

	for (size_t i = 0; i < counts->n_places; i++) {
		struct count *there = atomic_load_explicit(
		    &counts->places[at], memory_order_acquire);

		if (there == NULL)
			there = take_place(counts, at, of);
		if (there == NULL || is_same(&there->of, of))
			return there;
		at = (at + 1) % counts->n_places;
	}
	return NULL;
}

void
counts_add(struct counts *counts, struct count_of of, uint64_t n)
{
	struct count *count = find_count(counts, &of);

	atomic_fetch_add_explicit(count != NULL ? &count->n : &counts->n_other,
	    n, memory_order_relaxed);
}

void
counts_each(const struct counts *counts,
    void (*each)(void *context, struct count_of of, uint64_t n), void *context)
{
	const struct count_of other = { STR(COUNTS_OTHER), "", false };
	uint64_t n_other = atomic_load(&counts->n_other);

	for (size_t i = 0; i < counts->n_places; i++) {
		const struct count *count = atomic_load_explicit(
		    &counts->places[i], memory_order_acquire);

		if (count != NULL)
			each(context, count->of, atomic_load(&count->n));
	}
	if (n_other > 0)
		each(context, other, n_other);
}
