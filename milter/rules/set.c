/*
 * Texts stand in one hash table. Networks stand in one sorted array; a look-up
 * tries the prefix lengths that occur, the longest first. Regular expressions
 * are tried in order, those that may match. Values cost only the tables that
 * have some.
 */
#include "rules/set.h"

#include "base/domain.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "rules/entry.h"
#include "rules/prefilter.h"
#include "rules/text_set.h"
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

#define SCRATCH_BYTES ((size_t)16 * 1024)

/* A subject is text or bytes, and "." is one character or one byte. */
enum { OF_BYTES, OF_TEXT, SUBJECT_KINDS };

struct set {
	atomic_uint n_refs;
	enum table_type type;
	struct set_form form;
	struct arena *arena;   /* of values */
	struct arena *scratch; /* while entries are added */
	struct text_set texts;
	struct net_entry *nets;
	const struct pattern **patterns[SUBJECT_KINDS];
	uint32_t *numbers; /* of patterns */
	uint32_t number;
	struct prefilter *prefilters[SUBJECT_KINDS];
	struct str *values; /* as added; NULL: there are none */
	size_t n_added;
	size_t room;
	size_t n;
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

static void
free_patterns(struct set *set, int kind)
{
	prefilter_free(set->prefilters[kind]);
	for (size_t i = 0; set->patterns[kind] != NULL && i < set->n_added; i++)
		pattern_free(
		    (struct pattern *)(uintptr_t)set->patterns[kind][i]);
	free(set->patterns[kind]);
}

void
set_put(struct set *set)
{
	if (set == NULL || atomic_fetch_sub(&set->n_refs, 1) > 1)
		return;
	for (int kind = 0; kind < SUBJECT_KINDS; kind++)
		free_patterns(set, kind);
	text_set_done(&set->texts);
	free(set->nets);
	free(set->values);
	free(set->numbers);
	arena_free(set->arena);
	arena_free(set->scratch);
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
	if (set->type == TABLE_REGEX)
		set->numbers =
		    xrealloc(set->numbers, room * sizeof(*set->numbers));
	for (int kind = 0; kind < SUBJECT_KINDS; kind++)
		if (set->type == TABLE_REGEX)
			set->patterns[kind] = xrealloc(set->patterns[kind],
			    room * sizeof(*set->patterns[kind]));
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
	struct pattern *of_text, *of_bytes = NULL;
	struct regex_text regex;

	if (regex_text_read(entry, &regex) == -1) {
		buf_add_cstr(
		    error, "is no regular expression: expected /…/ or m{…}");
		return -1;
	}
	of_text = compile(&regex, true, &reason, offset_out);
	if (of_text != NULL)
		of_bytes = compile(&regex, false, &reason, offset_out);
	if (of_bytes != NULL) {
		set->patterns[OF_TEXT][set->n_added] = of_text;
		set->patterns[OF_BYTES][set->n_added] = of_bytes;
		set->numbers[set->n_added] = set->number;
	} else {
		buf_printf(error, "is a wrong regular expression: %s",
		    reason.p == NULL ? "" : reason.p);
		pattern_free(of_text);
	}
	buf_done(&reason);
	return of_bytes != NULL ? 0 : -1;
}

/* The normal form is kept nowhere else, so memory for it begins anew when much
 * has come together. */
static int
add_text(struct set *set, struct str entry, struct buf *error)
{
	struct str normal;

	if (set->scratch != NULL && arena_used(set->scratch) > SCRATCH_BYTES) {
		arena_free(set->scratch);
		set->scratch = NULL;
	}
	if (set->scratch == NULL)
		set->scratch = arena_new(2 * SCRATCH_BYTES);
	if (entry_normal(set->type, entry, set->scratch, &normal, error) == -1)
		return -1;
	if (text_set_add(&set->texts, normal) == 0)
		return 0;
	buf_add_cstr(error, "is one too many: a table has at most 4 GB");
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
	return add_text(set, entry, error);
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

static void
finish_texts(struct set *set)
{
	text_set_finish(
	    &set->texts, set->type != TABLE_STRING, set->values != NULL);
	set->n = set->texts.n;
}

static void
finish_regexes(struct set *set)
{
	set->n = set->n_added;
	for (int kind = 0; kind < SUBJECT_KINDS; kind++)
		if (!set->form.is_one_by_one)
			set->prefilters[kind] =
			    prefilter_new(set->patterns[kind], set->n);
}

void
set_finish(struct set *set)
{
	assert(set->n_added < UINT32_MAX);
	if (set->type == TABLE_CIDR)
		finish_nets(set);
	else if (set->type == TABLE_REGEX)
		finish_regexes(set);
	else
		finish_texts(set);
	arena_free(set->scratch);
	set->scratch = NULL;
}

void
set_number(struct set *set, size_t number)
{
	set->number = (uint32_t)number;
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
	size_t at;

	if (!text_set_find(&set->texts, text, ignore_case, &at))
		return false;
	tell_value(set, at, value_out);
	return true;
}

/*
 * A name that has one spelling needs no other form of it: it, then what is
 * above it, from each of its dots on. As domain_candidates in entry.c has it.
 */
static bool
find_plain_domain(const struct set *set, struct str name, struct str *value_out)
{
	if (find(set, name, true, value_out))
		return true;
	for (size_t i = 1; i < name.len; i++)
		if (name.p[i] == '.' &&
		    find(set, str_from(name, i), true, value_out))
			return true;
	return false;
}

/* ASCII without a dot at its end, and not longer than names are. */
static bool
is_plain_domain(struct str name)
{
	if (name.len > DOMAIN_MAX || name.p[name.len - 1] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.p[i] >= 0x80)
			return false;
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

	if (text.len == 0 || text.len > ENTRY_TEXT_MAX || set->n == 0)
		return false;
	if (set->type == TABLE_STRING)
		return find(set, text, ignore_case, value_out);
	if (set->type == TABLE_DOMAIN && is_plain_domain(text))
		return find_plain_domain(set, text, value_out);
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

void
set_patterns(const struct set *set,
    void (*each)(void *context, const struct table_pattern *entry),
    void *context)
{
	const struct prefilter *prefilter = set->prefilters[OF_TEXT];

	for (size_t i = 0; i < set->n; i++) {
		struct table_pattern entry = {
			.pattern = set->patterns[OF_TEXT][i],
			.number = set->numbers[i],
		};

		if (prefilter != NULL)
			entry.refusal = prefilter_refusal(prefilter, i);
		each(context, &entry);
	}
}

static bool
is_candidate(const uint64_t *bits, size_t i)
{
	return bits == NULL || (bits[i / 64] >> i % 64 & 1) != 0;
}

/* Those of a kind that may match; NULL: any. */
static uint64_t *
find_candidates(const struct set *set, int kind, struct str text,
    struct pattern_budget *budget)
{
	uint64_t *bits;

	if (set->prefilters[kind] == NULL || budget->cpu_us < 0)
		return NULL;
	bits = xmalloc(PREFILTER_WORDS(set->n) * sizeof(*bits));
	prefilter_scan(set->prefilters[kind], text, budget, bits);
	return bits;
}

enum pattern_result
set_match(const struct set *set, struct str text, struct pattern_budget *budget,
    struct str *value_out)
{
	int kind = utf8_bad(text) < 0 ? OF_TEXT : OF_BYTES;
	uint64_t *bits = find_candidates(set, kind, text, budget);
	enum pattern_result result = PATTERN_NO, one;

	assert(set->type == TABLE_REGEX);
	for (size_t i = 0; i < set->n; i++) {
		if (!is_candidate(bits, i))
			continue;
		one = pattern_match(set->patterns[kind][i], text, budget, NULL);
		if (one == PATTERN_YES)
			tell_value(set, i, value_out);
		if (one != PATTERN_NO)
			result = one; /* another may still match */
		if (one == PATTERN_YES || one == PATTERN_OVER_BUDGET)
			break;
	}
	free(bits);
	return result;
}
