/*
 * Texts stand in one open hash table, hashed without case so that both ways
 * of comparing find them. Networks stand in one sorted array; a look-up tries
 * the prefix lengths that occur. About 60 bytes an entry with its text.
 */
#include "rules/set.h"

#include "base/domain.h"
#include "base/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_MAX 1024
#define TEXT_MAX  4096 /* longer texts are in no table */

struct set {
	enum table_type type;
	struct arena *arena;
	struct str *texts; /* as added, before set_finish */
	struct ip_net *nets;
	size_t n;
	size_t room;
	struct str *slots; /* a power of two; an empty one has p == NULL */
	size_t n_slots;
	uint8_t bits_v4[5]; /* bitmaps of the prefix lengths that occur */
	uint8_t bits_v6[17];
};

struct set *
set_new(enum table_type type)
{
	struct set *set = xcalloc(1, sizeof(*set));

	set->type = type;
	set->arena = arena_new(4096);
	return set;
}

void
set_free(struct set *set)
{
	if (set == NULL)
		return;
	free(set->texts);
	free(set->nets);
	free(set->slots);
	arena_free(set->arena);
	free(set);
}

static void
reserve(struct set *set)
{
	if (set->n < set->room)
		return;
	set->room = set->room > 0 ? set->room * 2 : 16;
	if (set->type == TABLE_CIDR)
		set->nets = xrealloc(set->nets, set->room * sizeof(*set->nets));
	else
		set->texts =
		    xrealloc(set->texts, set->room * sizeof(*set->texts));
}

static bool
has_blank(struct str entry)
{
	return str_find(entry, ' ') >= 0 || str_find(entry, '\t') >= 0;
}

/* An address in the spelling in which both sides are compared. */
static struct str
normal_address(struct arena *arena, struct str text)
{
	ptrdiff_t at = str_find_last(text, '@');
	size_t local_len = (size_t)(at + 1); /* with the @ */

	if (at < 0)
		return text;
	return arena_join(arena, str_sub(text, 0, local_len),
	    domain_normal(arena, str_from(text, local_len)));
}

static struct str
normal_domain(struct arena *arena, struct str text)
{
	if (!str_starts(text, STR(".")))
		return domain_normal(arena, text);
	return arena_join(
	    arena, STR("."), domain_normal(arena, str_from(text, 1)));
}

static int
add_net(struct set *set, struct str entry, struct buf *error)
{
	char text[IP_TEXT_MAX];
	struct ip_net net;

	switch (ip_net_parse(entry, &net)) {
	case 0:
		reserve(set);
		set->nets[set->n++] = net;
		return 0;
	case -2:
		ip_net_text(&net, text);
		buf_printf(error,
		    "has bits behind its prefix: did you mean \"%s\"?", text);
		return -1;
	default:
		buf_add_cstr(error, "is no address or network: expected "
				    "\"192.0.2.0/24\" or \"2001:db8::/32\"");
		return -1;
	}
}

static int
normal_entry(
    struct set *set, struct str entry, struct str *out, struct buf *error)
{
	ptrdiff_t at = str_find(entry, '@');

	switch (set->type) {
	case TABLE_STRING:
	case TABLE_CIDR:
		*out = arena_str(set->arena, entry);
		return 0;
	case TABLE_ADDRESS:
		if (at < 0 || entry.len < 2) {
			buf_add_cstr(error, "is no address: expected "
					    "\"user@example.org\", \"user@\" "
					    "or \"@example.org\"");
			return -1;
		}
		*out = normal_address(set->arena, entry);
		return 0;
	case TABLE_DOMAIN:
		if (at >= 0 || str_find(entry, '*') >= 0 || entry.len < 2) {
			buf_add_cstr(error, "is no domain: expected "
					    "\"example.org\", or "
					    "\".example.org\" for what is "
					    "below it");
			return -1;
		}
		*out = normal_domain(set->arena, entry);
		return 0;
	}
	return -1;
}

int
set_add(struct set *set, struct str entry, struct buf *error)
{
	struct str text;

	if (entry.len > ENTRY_MAX) {
		buf_printf(error, "is longer than %d bytes", ENTRY_MAX);
		return -1;
	}
	if (set->type != TABLE_STRING && has_blank(entry)) {
		buf_add_cstr(error, "has a value behind a blank: values are "
				    "not available in this version");
		return -1;
	}
	if (set->type == TABLE_CIDR)
		return add_net(set, entry, error);
	if (normal_entry(set, entry, &text, error) == -1)
		return -1;
	reserve(set);
	set->texts[set->n++] = text;
	return 0;
}

static int
compare_nets(const void *a, const void *b)
{
	const struct ip_net *x = a, *y = b;

	if (x->ip.family != y->ip.family)
		return x->ip.family < y->ip.family ? -1 : 1;
	if (x->bits != y->bits)
		return x->bits < y->bits ? -1 : 1;
	return memcmp(x->ip.b, y->ip.b, sizeof(x->ip.b));
}

static void
finish_nets(struct set *set)
{
	size_t n_unique = 0;

	if (set->n > 0) /* qsort wants an array even for nothing */
		qsort(set->nets, set->n, sizeof(*set->nets), compare_nets);
	for (size_t i = 0; i < set->n; i++) {
		const struct ip_net *net = &set->nets[i];
		uint8_t *map =
		    net->ip.family == IP_V4 ? set->bits_v4 : set->bits_v6;

		map[net->bits / 8] |= (uint8_t)(1u << net->bits % 8);
		if (i == 0 || compare_nets(net, net - 1) != 0)
			set->nets[n_unique++] = *net;
	}
	set->n = n_unique;
}

/* The slot where text stands, or the empty one where it would. */
static struct str *
find_slot(const struct set *set, struct str text, bool ignore_case)
{
	size_t mask = set->n_slots - 1;
	size_t at = (size_t)str_hash_nocase(text) & mask;

	while (set->slots[at].p != NULL) {
		struct str *slot = &set->slots[at];

		if (ignore_case ? str_eq_nocase(*slot, text)
				: str_eq(*slot, text))
			return slot;
		at = (at + 1) & mask;
	}
	return &set->slots[at];
}

static void
finish_texts(struct set *set)
{
	size_t n_unique = 0;

	set->n_slots = 16;
	while (set->n_slots < set->n * 2)
		set->n_slots *= 2;
	set->slots = xcalloc(set->n_slots, sizeof(*set->slots));
	for (size_t i = 0; i < set->n; i++) {
		struct str *slot =
		    find_slot(set, set->texts[i], set->type != TABLE_STRING);

		n_unique += slot->p == NULL;
		*slot = set->texts[i];
	}
	set->n = n_unique;
	free(set->texts);
	set->texts = NULL;
}

void
set_finish(struct set *set)
{
	if (set->type == TABLE_CIDR)
		finish_nets(set);
	else
		finish_texts(set);
}

size_t
set_size(const struct set *set)
{
	return set->n;
}

static bool
has(const struct set *set, struct str text, bool ignore_case)
{
	return text.len > 0 && find_slot(set, text, ignore_case)->p != NULL;
}

static bool
has_address(const struct set *set, struct arena *arena, struct str text)
{
	struct str whole = normal_address(arena, text);
	ptrdiff_t at = str_find_last(whole, '@');

	if (has(set, whole, true))
		return true;
	if (at < 0)
		return false;
	return has(set, str_sub(whole, 0, (size_t)at + 1), true) ||
	       has(set, str_from(whole, (size_t)at), true);
}

/* The name itself, then ".example.org", ".org" for what is above it. */
static bool
has_domain(const struct set *set, struct arena *arena, struct str text)
{
	struct str name = domain_normal(arena, text);

	if (has(set, name, true))
		return true;
	for (size_t i = 1; i < name.len; i++)
		if (name.p[i] == '.' && has(set, str_from(name, i), true))
			return true;
	return false;
}

bool
set_has_text(const struct set *set, struct str text, bool ignore_case)
{
	struct arena *arena;
	bool found = false;

	if (text.len > TEXT_MAX || set->n == 0)
		return false;
	if (set->type == TABLE_STRING)
		return has(set, text, ignore_case);
	arena = arena_new(1024);
	if (set->type == TABLE_ADDRESS)
		found = has_address(set, arena, text);
	else if (set->type == TABLE_DOMAIN)
		found = has_domain(set, arena, text);
	arena_free(arena);
	return found;
}

bool
set_has_ip(const struct set *set, const struct ip *ip)
{
	const uint8_t *map = ip->family == IP_V4 ? set->bits_v4 : set->bits_v6;

	assert(set->type == TABLE_CIDR);
	if (ip->family == IP_NONE || set->n == 0)
		return false;
	for (unsigned bits = 0; bits <= ip_bits(ip); bits++) {
		struct ip_net net = { .bits = (uint8_t)bits };

		if ((map[bits / 8] & 1u << bits % 8) == 0)
			continue; /* no network has so many */
		net.ip = ip_masked(ip, bits);
		if (bsearch(&net, set->nets, set->n, sizeof(net),
			compare_nets) != NULL)
			return true;
	}
	return false;
}
