/*
 * A row of places that is kept in order, the latest first: so few of them that
 * moving all costs nothing, and warnings are rare by what they are.
 *
 * The trap is the one message that comes a thousand times and takes every
 * place: the same text keeps one.
 */
#include "daemon/life/troubles.h"

#include "base/clock.h"

#include <pthread.h>
#include <string.h>

struct place {
	struct trouble trouble;
	char bytes[TROUBLE_BYTES_MAX];
};

static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
static struct place places[TROUBLES_MAX];
static size_t n_places;

static _Thread_local bool is_ignoring;

/* Where the same stands, else where there is room for another. */
static size_t
find_place(enum log_level level, struct str text)
{
	for (size_t i = 0; i < n_places; i++) {
		const struct place *place = &places[i];
		struct str kept = { place->bytes, place->trouble.text.len };

		if (place->trouble.level == level && str_eq(kept, text))
			return i;
	}
	if (n_places == TROUBLES_MAX)
		n_places--; /* the oldest is forgotten */
	places[n_places].trouble = (struct trouble){ .level = level };
	return n_places++;
}

/* Bytes of places move, so a text is pointed to only when it is told. */
static void
note(struct place *place, struct str text, int64_t now_ms)
{
	struct trouble *trouble = &place->trouble;

	memcpy(place->bytes, text.p, text.len);
	trouble->text.len = text.len;
	if (trouble->n_times++ == 0)
		trouble->first_ms = now_ms;
	trouble->last_ms = now_ms;
}

void
troubles_see(enum log_level level, struct str text)
{
	int64_t now_ms = clock_wall_ms();
	struct place place;
	size_t at;

	if (is_ignoring || text.len == 0)
		return;
	if (text.len > TROUBLE_BYTES_MAX)
		text.len = TROUBLE_BYTES_MAX;
	pthread_mutex_lock(&places_lock);
	at = find_place(level, text);
	place = places[at];
	note(&place, text, now_ms);
	memmove(&places[1], &places[0], at * sizeof(*places));
	places[0] = place;
	pthread_mutex_unlock(&places_lock);
}

void
troubles_ignore(bool is_ignored)
{
	is_ignoring = is_ignored;
}

void
troubles_each(
    void (*each)(void *context, const struct trouble *trouble), void *context)
{
	pthread_mutex_lock(&places_lock);
	for (size_t i = 0; i < n_places; i++) {
		struct trouble trouble = places[i].trouble;

		trouble.text.p = places[i].bytes;
		each(context, &trouble);
	}
	pthread_mutex_unlock(&places_lock);
}
