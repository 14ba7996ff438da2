/*
 * One order for all tables, in memory and in Redis: the whole, then what is
 * less and less of it. So the first that is there is the best match, and both
 * kinds of table agree on which value is told.
 *
 * The trap is that Redis compares bytes: what is put into a table, by whom
 * ever, must get the very spelling in which it will be asked for.
 */
#include "rules/entry.h"

#include "rules/key.h"

/* Where the entry ends and the value, if any, begins. */
static size_t
find_value(enum table_type type, bool has_values, struct str text)
{
	struct regex_text regex;
	size_t at = 0;

	if (type == TABLE_REGEX)
		return regex_text_read(text, &regex) == 0 ? regex.len
							  : text.len;
	if (type == TABLE_STRING && !has_values)
		return text.len;
	while (at < text.len && text.p[at] != ' ' && text.p[at] != '\t')
		at++;
	return at;
}

void
entry_split(enum table_type type, bool has_values, struct str text,
    struct str *entry_out, struct str *value_out)
{
	size_t end;

	if (type != TABLE_STRING || has_values)
		text = str_trim(text);
	end = find_value(type, has_values, text);
	*entry_out = str_sub(text, 0, end);
	*value_out = str_trim(str_from(text, end));
}

int
entry_net(struct str entry, struct ip_net *net_out, struct buf *error)
{
	char text[IP_TEXT_MAX];

	switch (ip_net_parse(entry, net_out)) {
	case 0:
		return 0;
	case -2:
		ip_net_text(net_out, text);
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
normal_address(struct str entry, struct arena *arena, struct str *entry_out,
    struct buf *error)
{
	if (str_find(entry, '@') < 0 || entry.len < 2) {
		buf_add_cstr(error, "is no address: expected "
				    "\"user@example.org\", \"user@\" or "
				    "\"@example.org\"");
		return -1;
	}
	*entry_out = key_address(arena, entry);
	return 0;
}

static int
normal_domain(struct str entry, struct arena *arena, struct str *entry_out,
    struct buf *error)
{
	if (str_find(entry, '@') >= 0 || str_find(entry, '*') >= 0 ||
	    entry.len < 2) {
		buf_add_cstr(error, "is no domain: expected \"example.org\", "
				    "or \".example.org\" for what is below "
				    "it");
		return -1;
	}
	if (str_starts(entry, STR(".")))
		*entry_out = arena_join(
		    arena, STR("."), key_domain(arena, str_from(entry, 1)));
	else
		*entry_out = key_domain(arena, entry);
	return 0;
}

int
entry_normal(enum table_type type, struct str entry, struct arena *arena,
    struct str *entry_out, struct buf *error)
{
	switch (type) {
	case TABLE_STRING:
		*entry_out = arena_str(arena, entry);
		return 0;
	case TABLE_ADDRESS:
		return normal_address(entry, arena, entry_out, error);
	case TABLE_DOMAIN:
		return normal_domain(entry, arena, entry_out, error);
	case TABLE_CIDR:
	case TABLE_REGEX:
		break;
	}
	return -1;
}

static struct str
lower(struct arena *arena, struct str text)
{
	char *copy = arena_cstr(arena, text);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = ascii_lower(copy[i]);
	return (struct str){ copy, text.len };
}

/* An address stands for itself; a network has its prefix. */
static struct str
net_spelling(struct arena *arena, const struct ip_net *net)
{
	char text[IP_TEXT_MAX];

	if (net->bits == ip_bits(&net->ip))
		return arena_str(arena, ip_text(&net->ip, text));
	return arena_str(arena, ip_net_text(net, text));
}

int
table_entry_normal(enum table_type type, struct str entry, bool ignore_case,
    struct arena *arena, struct str *entry_out, struct buf *error)
{
	struct str trimmed = str_trim(entry);
	struct ip_net net;

	if (trimmed.len == 0 || trimmed.len > ENTRY_MAX_BYTES) {
		buf_printf(error, "is %s",
		    trimmed.len == 0 ? "empty" : "longer than 1024 bytes");
		return -1;
	}
	if (type == TABLE_CIDR) {
		if (entry_net(trimmed, &net, error) == -1)
			return -1;
		*entry_out = net_spelling(arena, &net);
		return 0;
	}
	if (type == TABLE_STRING && ignore_case) {
		*entry_out = lower(arena, trimmed);
		return 0;
	}
	return entry_normal(type, trimmed, arena, entry_out, error);
}

/* The whole address, then "user@", then "@example.org". */
static size_t
address_candidates(struct arena *arena, struct str text, struct str **out)
{
	struct str whole = key_address(arena, text);
	struct str *entries = arena_alloc(arena, 3 * sizeof(*entries));
	ptrdiff_t at = str_find_last(whole, '@');

	*out = entries;
	entries[0] = whole;
	if (at < 0)
		return 1;
	entries[1] = str_sub(whole, 0, (size_t)at + 1);
	entries[2] = str_from(whole, (size_t)at);
	return 3;
}

static size_t
count_dots(struct str text)
{
	size_t n = 0;

	for (size_t i = 1; i < text.len; i++)
		n += text.p[i] == '.';
	return n;
}

/* The name itself, then ".example.org", ".org" for what is above it. Of a name
 * that is longer than any can be the last ones: they are what tables have. */
static size_t
domain_candidates(struct arena *arena, struct str text, struct str **out)
{
	struct str name = key_domain(arena, text);
	size_t n_dots = count_dots(name), n = 0;
	size_t n_skipped = n_dots < TABLE_CANDIDATES_MAX
			       ? 0
			       : n_dots - TABLE_CANDIDATES_MAX + 1;
	struct str *entries =
	    arena_alloc(arena, (n_dots - n_skipped + 1) * sizeof(*entries));

	entries[n++] = name;
	for (size_t i = 1; i < name.len; i++) {
		if (name.p[i] != '.')
			continue;
		if (n_skipped > 0)
			n_skipped--;
		else
			entries[n++] = str_from(name, i);
	}
	*out = entries;
	return n;
}

size_t
table_candidates_text(enum table_type type, struct str text, bool ignore_case,
    struct arena *arena, struct str **entries_out)
{
	if (text.len == 0 || text.len > ENTRY_TEXT_MAX)
		return 0;
	switch (type) {
	case TABLE_STRING:
		/* Entries have no blanks around them: what is remembered of a
		 * header field must be found by the same field. */
		text = str_trim(text);
		if (text.len == 0)
			return 0;
		*entries_out = arena_alloc(arena, sizeof(**entries_out));
		**entries_out = ignore_case ? lower(arena, text) : text;
		return 1;
	case TABLE_ADDRESS:
		return address_candidates(arena, text, entries_out);
	case TABLE_DOMAIN:
		return domain_candidates(arena, text, entries_out);
	case TABLE_CIDR:
	case TABLE_REGEX:
		break;
	}
	return 0;
}

size_t
table_candidates_ip(
    const struct ip *ip, struct arena *arena, struct str **entries_out)
{
	struct str *entries =
	    arena_alloc(arena, TABLE_CANDIDATES_MAX * sizeof(*entries));
	char text[IP_TEXT_MAX];
	size_t n = 0;

	if (ip->family == IP_NONE)
		return 0;
	/* Who edits by hand may have written either. */
	entries[n++] = arena_str(arena, ip_text(ip, text));
	for (unsigned bits = ip_bits(ip) + 1; bits-- > 0;) {
		struct ip_net net = { ip_masked(ip, bits), (uint8_t)bits };

		entries[n++] = arena_str(arena, ip_net_text(&net, text));
	}
	*entries_out = entries;
	return n;
}
