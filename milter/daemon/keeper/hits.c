/*
 * A hash table with open places. Flushing exchanges it for an empty one, so
 * the lock is held for a few instructions however many rules there are.
 */
#include "daemon/keeper/hits.h"

#include "base/arena.h"
#include "base/calendar.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PLACES      (2 * (size_t)HITS_MAX) /* so that an empty one is near */
#define ARENA_BYTES ((size_t)4096)

struct hit_table {
	struct arena *arena; /* NULL: nothing was hit */
	size_t n;
	uint64_t n_lost;
	struct store_hit places[PLACES]; /* n 0: empty */
};

struct hits {
	pthread_mutex_t lock;
	struct hit_table *table;
	uint64_t n_lost; /* of all tables that were */
	struct calendar_span day;
	char day_text[CALENDAR_TEXT_MAX];
};

struct hits *
hits_new(void)
{
	struct hits *hits = xcalloc(1, sizeof(*hits));

	pthread_mutex_init(&hits->lock, NULL);
	hits->table = xcalloc(1, sizeof(*hits->table));
	return hits;
}

void
hits_free(struct hits *hits)
{
	if (hits->table->arena != NULL)
		arena_free(hits->table->arena);
	free(hits->table);
	pthread_mutex_destroy(&hits->lock);
	free(hits);
}

/* The lock is held. Asking for the time zone costs more than all the rest, so
 * the day is remembered until it is over. */
static struct str
day_of(struct hits *hits, int64_t now_ms)
{
	if (now_ms < hits->day.begins_ms || now_ms >= hits->day.ends_ms) {
		hits->day = calendar_at(CALENDAR_DAY, now_ms);
		calendar_text(CALENDAR_DAY, hits->day.label, hits->day_text);
	}
	return str_of(hits->day_text);
}

static bool
is_same(const struct store_hit *a, const struct store_hit *b)
{
	return a->is_observed == b->is_observed && str_eq(a->rule, b->rule) &&
	       str_eq(a->action, b->action) && str_eq(a->day, b->day);
}

/* Its place, or an empty one; NULL: there is no more room. */
static struct store_hit *
find_place(struct hit_table *table, const struct store_hit *wanted)
{
	size_t at = str_hash(wanted->rule) % PLACES;

	while (table->places[at].n > 0) {
		if (is_same(&table->places[at], wanted))
			return &table->places[at];
		at = (at + 1) % PLACES;
	}
	return table->n == HITS_MAX ? NULL : &table->places[at];
}

static void
begin_hit(struct hit_table *table, struct store_hit *place,
    const struct store_hit *hit)
{
	if (table->arena == NULL)
		table->arena = arena_new(ARENA_BYTES);
	*place = *hit;
	place->rule = arena_str(table->arena, hit->rule);
	place->day = arena_str(table->arena, hit->day);
	table->n++;
}

void
hits_add(struct hits *hits, struct str rule, const char *action,
    bool is_observed, int64_t now_ms)
{
	struct store_hit hit = { .rule = rule,
		.action = str_of(action),
		.is_observed = is_observed };
	struct store_hit *place;

	pthread_mutex_lock(&hits->lock);
	hit.day = day_of(hits, now_ms);
	place = find_place(hits->table, &hit);
	if (place != NULL && place->n == 0)
		begin_hit(hits->table, place, &hit);
	if (place != NULL) {
		place->n++;
	} else {
		hits->table->n_lost++;
		hits->n_lost++;
	}
	pthread_mutex_unlock(&hits->lock);
}

uint64_t
hits_n_lost(struct hits *hits)
{
	uint64_t n;

	pthread_mutex_lock(&hits->lock);
	n = hits->n_lost;
	pthread_mutex_unlock(&hits->lock);
	return n;
}

static struct hit_table *
take_table(struct hits *hits)
{
	struct hit_table *fresh = xcalloc(1, sizeof(*fresh)), *table;

	pthread_mutex_lock(&hits->lock);
	table = hits->table;
	hits->table = fresh;
	pthread_mutex_unlock(&hits->lock);
	return table;
}

void
hits_flush(struct hits *hits,
    void (*write)(void *context, const struct store_hit *hits, size_t n),
    void *context)
{
	struct hit_table *table = take_table(hits);
	struct store_hit batch[HITS_BATCH];
	size_t n = 0;

	for (size_t i = 0; i < PLACES && table->n > 0; i++) {
		if (table->places[i].n == 0)
			continue;
		batch[n++] = table->places[i];
		if (n == HITS_BATCH) {
			write(context, batch, n);
			n = 0;
		}
	}
	if (n > 0)
		write(context, batch, n);
	if (table->n_lost > 0)
		log_warning("%llu hits of rules were not counted: more than "
			    "%d kinds in a few seconds",
		    (unsigned long long)table->n_lost, HITS_MAX);
	if (table->arena != NULL)
		arena_free(table->arena);
	free(table);
}
