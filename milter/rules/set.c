/*
 * Texts stand in one open hash table, hashed without case so that both ways
 * of comparing find them. Networks stand in one sorted array; a look-up tries
 * the prefix lengths that occur, the longest first. Regular expressions are
 * tried in order. About 60 bytes an entry with its text; values cost only the
 * tables that have some.
 */
#include "rules/set.h"

#include "base/xalloc.h"
#include "rules/entry.h"
#include "store/raise.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* at: number of the entry as it was added, by which its value is found. */
struct net_entry {
	struct ip_net net;
	uint32_t at;
};

/* A subject is text or bytes, and "." is one character or one byte. */
struct regex_entry {
	struct pattern *of_text;
	struct pattern *of_bytes;
};

struct set {
	atomic_uint n_refs;
	enum table_type type;
	struct set_form form;
	struct arena *arena;
	struct str *texts; /* as added, before set_finish */
	struct net_entry *nets;
	struct regex_entry *regexes;
	struct str *values; /* as added; NULL: there are none */
	size_t n_added;
	size_t room;
	size_t n;
	struct str *slots; /* a power of two; an empty one has p == NULL */
	uint32_t *slot_at; /* NULL without values */
	size_t n_slots;
	uint8_t bits_v4[5]; /* bitmaps of the prefix lengths that occur */
	uint8_t bits_v6[17];
};

struct set *
set_new(enum table_type type, struct set_form form)
{
	struct set *set = xcalloc(1, sizeof(*set));

	atomic_init(&set->n_refs, 1);
	set->type = type;
	set->form = form;
	set->arena = arena_new(4096);
	return set;
}

struct set *
set_get(struct set *set)
{
	atomic_fetch_add(&set->n_refs, 1);
	return set;
}

void
set_put(struct set *set)
{
	if (set == NULL || atomic_fetch_sub(&set->n_refs, 1) > 1)
		return;
	for (size_t i = 0; set->regexes != NULL && i < set->n_added; i++) {
		pattern_free(set->regexes[i].of_text);
		pattern_free(set->regexes[i].of_bytes);
	}
	free(set->texts);
	free(set->nets);
	free(set->regexes);
	free(set->values);
	free(set->slots);
	free(set->slot_at);
	arena_free(set->arena);
	free(set);
}

static void
reserve(struct set *set)
{
	size_t room = set->room > 0 ? set->room * 2 : 16;

	if (set->n_added < set->room)
		return;
	set->room = room;
	if (set->type == TABLE_CIDR)
		set->nets = xrealloc(set->nets, room * sizeof(*set->nets));
	else if (set->type == TABLE_REGEX)
		set->regexes =
		    xrealloc(set->regexes, room * sizeof(*set->regexes));
	else
		set->texts = xrealloc(set->texts, room * sizeof(*set->texts));
	if (set->values != NULL)
		set->values =
		    xrealloc(set->values, room * sizeof(*set->values));
}

/* The value of the entry that is added next. */
static void
add_value(struct set *set, struct str value)
{
	if (set->values == NULL) {
		if (value.len == 0)
			return;
		set->values = xcalloc(set->room, sizeof(*set->values));
	}
	set->values[set->n_added] =
	    value.len > 0 ? arena_str(set->arena, value) : STR("");
}

static int
check_raise(struct str value, struct buf *error)
{
	struct buf reason = { 0 };
	struct store_raise raise;
	int rc;

	if (value.len == 0) {
		buf_add_cstr(error, "has no value: expected x5, unlimited or "
				    "rates (40/1m, 2000 daily) behind a "
				    "blank");
		return -1;
	}
	if ((rc = raise_parse(value, &raise, &reason)) == -1)
		buf_printf(error, "has a value that gives no rates: %s",
		    reason.p == NULL ? "" : reason.p);
	buf_done(&reason);
	return rc;
}

static struct pattern *
compile(const struct regex_text *regex, bool is_utf8, struct buf *error,
    size_t *offset_out)
{
	size_t offset;
	struct pattern *pattern =
	    pattern_new(regex->pattern, regex->flags, is_utf8, error, &offset);

	if (pattern == NULL)
		*offset_out = regex->at + offset;
	return pattern;
}

static int
add_regex(
    struct set *set, struct str entry, struct buf *error, size_t *offset_out)
{
	struct buf reason = { 0 };
	struct regex_entry added = { NULL, NULL };
	struct regex_text regex;

	if (regex_text_read(entry, &regex) == -1) {
		buf_add_cstr(
		    error, "is no regular expression: expected /…/ or m{…}");
		return -1;
	}
	added.of_text = compile(&regex, true, &reason, offset_out);
	if (added.of_text != NULL)
		added.of_bytes = compile(&regex, false, &reason, offset_out);
	if (added.of_bytes != NULL)
		set->regexes[set->n_added] = added;
	else
		buf_printf(error, "is a wrong regular expression: %s",
		    reason.p == NULL ? "" : reason.p);
	buf_done(&reason);
	if (added.of_bytes != NULL)
		return 0;
	pattern_free(added.of_text);
	return -1;
}

static int
add_entry(
    struct set *set, struct str entry, struct buf *error, size_t *offset_out)
{
	switch (set->type) {
	case TABLE_CIDR:
		set->nets[set->n_added].at = (uint32_t)set->n_added;
		return entry_net(entry, &set->nets[set->n_added].net, error);
	case TABLE_REGEX:
		return add_regex(set, entry, error, offset_out);
	case TABLE_STRING:
	case TABLE_ADDRESS:
	case TABLE_DOMAIN:
		break;
	}
	return entry_normal(
	    set->type, entry, set->arena, &set->texts[set->n_added], error);
}

int
set_add(struct set *set, struct str text, struct buf *error, size_t *offset_out)
{
	struct str entry, value;

	*offset_out = 0;
	entry_split(set->type, set->form.has_values, text, &entry, &value);
	if (set->type != TABLE_REGEX && entry.len > ENTRY_MAX_BYTES) {
		buf_printf(error, "is longer than %d bytes", ENTRY_MAX_BYTES);
		return -1;
	}
	if (set->form.has_raises && check_raise(value, error) == -1)
		return -1;
	reserve(set);
	if (add_entry(set, entry, error, offset_out) == -1)
		return -1;
	add_value(set, value);
	set->n_added++;
	return 0;
}

static int
compare_nets(const void *a, const void *b)
{
	const struct ip_net *x = &((const struct net_entry *)a)->net;
	const struct ip_net *y = &((const struct net_entry *)b)->net;

	if (x->ip.family != y->ip.family)
		return x->ip.family < y->ip.family ? -1 : 1;
	if (x->bits != y->bits)
		return x->bits < y->bits ? -1 : 1;
	return memcmp(x->ip.b, y->ip.b, sizeof(x->ip.b));
}

static int
compare_added(const void *a, const void *b)
{
	const struct net_entry *x = a, *y = b;
	int order = compare_nets(a, b);

	if (order != 0)
		return order;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void
finish_nets(struct set *set)
{
	if (set->n_added > 0) /* qsort wants an array even for nothing */
		qsort(
		    set->nets, set->n_added, sizeof(*set->nets), compare_added);
	for (size_t i = 0; i < set->n_added; i++) {
		const struct net_entry *net = &set->nets[i];
		uint8_t *map =
		    net->net.ip.family == IP_V4 ? set->bits_v4 : set->bits_v6;

		map[net->net.bits / 8] |= (uint8_t)(1u << net->net.bits % 8);
		if (i == 0 || compare_nets(net, net - 1) != 0)
			set->nets[set->n++] = *net;
	}
}

/* The slot where text stands, or the empty one where it would. */
static size_t
find_slot(const struct set *set, struct str text, bool ignore_case)
{
	size_t mask = set->n_slots - 1;
	size_t at = (size_t)str_hash_nocase(text) & mask;

	while (set->slots[at].p != NULL) {
		struct str slot = set->slots[at];

		if (ignore_case ? str_eq_nocase(slot, text)
				: str_eq(slot, text))
			break;
		at = (at + 1) & mask;
	}
	return at;
}

static void
finish_texts(struct set *set)
{
	set->n_slots = 16;
	while (set->n_slots < set->n_added * 2)
		set->n_slots *= 2;
	set->slots = xcalloc(set->n_slots, sizeof(*set->slots));
	if (set->values != NULL)
		set->slot_at = xcalloc(set->n_slots, sizeof(*set->slot_at));
	for (size_t i = 0; i < set->n_added; i++) {
		size_t slot =
		    find_slot(set, set->texts[i], set->type != TABLE_STRING);

		if (set->slots[slot].p != NULL)
			continue;
		set->n++;
		set->slots[slot] = set->texts[i];
		if (set->slot_at != NULL)
			set->slot_at[slot] = (uint32_t)i;
	}
	free(set->texts);
	set->texts = NULL;
}

void
set_finish(struct set *set)
{
	assert(set->n_added < UINT32_MAX);
	if (set->type == TABLE_CIDR)
		finish_nets(set);
	else if (set->type == TABLE_REGEX)
		set->n = set->n_added;
	else
		finish_texts(set);
}

size_t
set_size(const struct set *set)
{
	return set->n;
}

static void
tell_value(const struct set *set, size_t at, struct str *value_out)
{
	if (value_out != NULL)
		*value_out = set->values == NULL ? STR("") : set->values[at];
}

static bool
find(const struct set *set, struct str text, bool ignore_case,
    struct str *value_out)
{
	size_t slot;

	if (text.len == 0)
		return false;
	slot = find_slot(set, text, ignore_case);
	if (set->slots[slot].p == NULL)
		return false;
	tell_value(
	    set, set->slot_at == NULL ? 0 : set->slot_at[slot], value_out);
	return true;
}

bool
set_find_text(const struct set *set, struct str text, bool ignore_case,
    struct str *value_out)
{
	struct arena *arena;
	struct str *entries;
	bool found = false;
	size_t n;

	if (text.len > ENTRY_TEXT_MAX || set->n == 0)
		return false;
	if (set->type == TABLE_STRING)
		return find(set, text, ignore_case, value_out);
	arena = arena_new(1024);
	n = table_candidates_text(set->type, text, true, arena, &entries);
	for (size_t i = 0; i < n && !found; i++)
		found = find(set, entries[i], true, value_out);
	arena_free(arena);
	return found;
}

bool
set_find_ip(const struct set *set, const struct ip *ip, struct str *value_out)
{
	const uint8_t *map = ip->family == IP_V4 ? set->bits_v4 : set->bits_v6;
	const struct net_entry *found;

	assert(set->type == TABLE_CIDR);
	if (ip->family == IP_NONE || set->n == 0)
		return false;
	for (unsigned bits = ip_bits(ip) + 1; bits-- > 0;) {
		struct net_entry wanted = { .net.bits = (uint8_t)bits };

		if ((map[bits / 8] & 1u << bits % 8) == 0)
			continue; /* no network has so many */
		wanted.net.ip = ip_masked(ip, bits);
		found = bsearch(
		    &wanted, set->nets, set->n, sizeof(wanted), compare_nets);
		if (found == NULL)
			continue;
		tell_value(set, found->at, value_out);
		return true;
	}
	return false;
}

enum pattern_result
set_match(const struct set *set, struct str text, struct pattern_budget *budget,
    struct str *value_out)
{
	bool is_utf8 = utf8_bad(text) < 0;
	enum pattern_result result = PATTERN_NO, one;

	assert(set->type == TABLE_REGEX);
	for (size_t i = 0; i < set->n; i++) {
		const struct regex_entry *regex = &set->regexes[i];

		one = pattern_match(is_utf8 ? regex->of_text : regex->of_bytes,
		    text, budget, NULL);
		if (one == PATTERN_YES) {
			tell_value(set, i, value_out);
			return PATTERN_YES;
		}
		if (one != PATTERN_NO)
			result = one; /* another may still match */
		if (one == PATTERN_OVER_BUDGET)
			break;
	}
	return result;
}
