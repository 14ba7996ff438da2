/*
 * Each address once, found by a hash that nobody outside can foresee (where
 * the message's memory is goes into it), so that a mail full of addresses that
 * fall on one place is not slow.
 */
#include "mime/content_own.h"

#include "base/utf8.h"
#include "mime/url.h"

/* Of one target: more than any browser wants, but for what hides its host
 * behind a very long name of a user. */
#define TARGET_BYTES  ((size_t)64 * 1024)
#define SCRATCH_BYTES ((size_t)64 * 1024)

static uint64_t
hash_of(const struct content_url_set *set, struct str url)
{
	uint64_t hash = str_hash(url) ^ (uintptr_t)set->places;

	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

/* The place of url, or the free one where it belongs. */
static uint32_t *
find_place(const struct content_url_set *set, struct str url)
{
	size_t at = (size_t)hash_of(set, url) & (set->n_places - 1);

	while (set->places[at] != 0 &&
	       !str_eq(set->list[set->places[at] - 1].url, url))
		at = (at + 1) & (set->n_places - 1);
	return &set->places[at];
}

static void
make_places(struct content_url_set *set)
{
	set->n_places = 8;
	while (set->n_places < 2 * set->urls_max)
		set->n_places *= 2;
	set->places =
	    arena_calloc(set->arena, set->n_places * sizeof(*set->places));
}

static struct arena *
fresh_scratch(struct content_url_set *set)
{
	if (set->scratch != NULL && arena_used(set->scratch) < SCRATCH_BYTES)
		return set->scratch;
	arena_free(set->scratch);
	set->scratch = arena_new(4096);
	return set->scratch;
}

static void
add(struct content_url_set *set, struct str url, struct str host,
    const struct mime_part *part, uint64_t *damage)
{
	uint32_t *place;

	if (set->places == NULL)
		make_places(set);
	place = find_place(set, url);
	if (*place != 0)
		return;
	if (set->n == set->urls_max || url.len > set->bytes_left) {
		*damage |= DAMAGE_BIT(DAMAGE_URL_COUNT);
		return;
	}
	set->bytes_left -= url.len;
	set->list =
	    arena_grow(set->arena, set->list, set->n, sizeof(*set->list));
	set->list[set->n++] = (struct content_url){
		.url = arena_str(set->arena, url),
		.host = arena_str(set->arena, host),
		.part = part,
	};
	*place = (uint32_t)set->n;
}

/* "view-source:http://host/" and "ms-word:ofe|u|http://host/" lead where the
 * address in them does. */
static void
add_inner(struct content_url_set *set, struct str outer,
    const struct mime_part *part, struct str *host_out, uint64_t *damage)
{
	static const char *const others[] = { "data:", "mailto:", "cid:" };
	struct str inner, url;
	size_t at = 0;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_starts(outer, str_of(others[i])))
			return;
	if (url_next(outer, &at, &inner) &&
	    url_normal(set->scratch, inner, &url, host_out) == 0)
		add(set, url, *host_out, part, damage);
}

void
content_url_add(struct content_url_set *set, struct str target,
    const struct mime_part *part, struct str *host_out, uint64_t *damage)
{
	struct arena *scratch = fresh_scratch(set);
	struct str url;

	*host_out = (struct str){ "", 0 };
	if (target.len > TARGET_BYTES)
		target = utf8_whole(str_sub(target, 0, TARGET_BYTES));
	/* A picture that stands in its address: how it begins will do. */
	if (target.len > set->url_bytes_max &&
	    str_starts_nocase(target, STR("data:")))
		target = utf8_whole(str_sub(target, 0, set->url_bytes_max));
	if (target.len > set->work_left) {
		*damage |= DAMAGE_BIT(DAMAGE_URL_COUNT);
		return;
	}
	set->work_left -= target.len;
	if (url_normal(scratch, target, &url, host_out) == -1)
		return;
	if (url.len > set->url_bytes_max)
		url = utf8_whole(str_sub(url, 0, set->url_bytes_max));
	add(set, url, *host_out, part, damage);
	if (host_out->len == 0)
		add_inner(set, url, part, host_out, damage);
}

void
content_url_set_done(struct content_url_set *set)
{
	arena_free(set->scratch);
	set->scratch = NULL;
}
