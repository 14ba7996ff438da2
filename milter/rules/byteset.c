/*
 * The trap is Unicode. Its versions differ between libraries, and so do the
 * letters, digits and cases over 0x7f: nothing there is told apart. And two
 * characters over 0x7f are, without case, the letters k and s (U+212A and
 * U+017F): who scans reads them as these, so whatever has wide characters has
 * both letters, too.
 */
#include "rules/byteset.h"

#define BYTES 256
#define ASCII 128

static void
set_bit(uint64_t *bits, unsigned byte)
{
	bits[byte / 64] |= UINT64_C(1) << byte % 64;
}

static bool
has_bit(const uint64_t *bits, unsigned byte)
{
	return (bits[byte / 64] >> byte % 64 & 1) != 0;
}

static bool
is_letter(unsigned byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

/* What is over 0x7f. */
static void
add_high(struct byteset *set)
{
	set->may[2] = set->may[3] = UINT64_MAX;
}

static void
make_wide(struct byteset *set, bool has_letters)
{
	set->is_wide = true;
	add_high(set);
	for (const char *letter = "kKsS"; has_letters && *letter != 0; letter++)
		set_bit(set->may, (unsigned char)*letter);
}

void
byteset_add_range(
    struct byteset *set, struct byteset_kind kind, uint32_t from, uint32_t to)
{
	unsigned end = kind.is_text ? ASCII : BYTES;

	for (uint32_t byte = from; byte <= to && byte < end; byte++) {
		set_bit(set->may, byte);
		set_bit(set->must, byte);
		if (!kind.ignores_case || !is_letter(byte))
			continue;
		set_bit(set->may, byte ^ 0x20);
		set_bit(set->must, byte ^ 0x20);
	}
	if (kind.is_text && to >= ASCII)
		make_wide(set, true);
}

void
byteset_add_all(struct byteset *set, struct byteset_kind kind)
{
	for (int i = 0; i < 4; i++)
		set->may[i] = UINT64_MAX;
	set->is_wide = kind.is_text;
}

/* Bytes of text; what is in the string and, perhaps, what is over 0x7f. */
static void
add_members(struct byteset *set, struct byteset_kind kind, const char *members,
    bool has_letters)
{
	for (; *members != 0; members++) {
		set_bit(set->may, (unsigned char)*members);
		set_bit(set->must, (unsigned char)*members);
	}
	if (kind.is_text)
		make_wide(set, has_letters);
	else
		add_high(set); /* what the tables of PCRE2 say of them */
}

bool
byteset_add_letter(struct byteset *set, struct byteset_kind kind, char letter)
{
	static const struct {
		char letter;
		bool has_letters; /* over 0x7f */
		const char *members;
	} rows[] = {
		{ 'd', false, "0123456789" },
		{ 'w', true,
		    "0123456789abcdefghijklmnopqrstuvwxyz_"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
		{ 's', false, " \t\n\v\f\r" },
		{ 'h', false, " \t" },
		{ 'v', false, "\n\v\f\r" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct byteset one = { 0 };

		if (rows[i].letter != ascii_lower(letter))
			continue;
		add_members(&one, kind, rows[i].members, rows[i].has_letters);
		if (letter != rows[i].letter)
			byteset_negate(&one, kind);
		for (int word = 0; word < 4; word++) {
			set->may[word] |= one.may[word];
			set->must[word] |= one.must[word];
		}
		set->is_wide = set->is_wide || one.is_wide;
		return true;
	}
	return false;
}

/* Only few rules have these, so no more than ASCII is said of them. */
bool
byteset_add_posix(
    struct byteset *set, struct byteset_kind kind, struct str name)
{
	static const struct {
		const char *name;
		const char *ranges; /* pairs */
	} rows[] = {
		{ "alpha", "azAZ" },
		{ "lower", "azAZ" }, /* the same without case */
		{ "upper", "azAZ" },
		{ "alnum", "azAZ09" },
		{ "word", "azAZ09__" },
		{ "digit", "09" },
		{ "xdigit", "afAF09" },
		{ "space", "\t\r  " },
		{ "blank", "\t\t  " },
		{ "punct", "!/:@[`{~" },
		{ "print", " ~\t\r" },
		{ "graph", "!~" },
		{ "cntrl", "\001\037\177\177" },
		{ "ascii", "\001\177" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *range = rows[i].ranges;

		if (!str_is(name, rows[i].name))
			continue;
		for (; *range != 0; range += 2)
			for (int byte = range[0]; byte <= range[1]; byte++)
				set_bit(set->may, (unsigned)byte);
		set_bit(set->may, 0); /* of cntrl and ascii */
		if (kind.is_text)
			make_wide(set, true);
		else
			add_high(set);
		return true;
	}
	return false;
}

void
byteset_negate(struct byteset *set, struct byteset_kind kind)
{
	struct byteset old = *set;

	for (int i = 0; i < 4; i++) {
		set->may[i] = ~old.must[i];
		set->must[i] = ~old.may[i];
	}
	set->is_wide = false;
	if (kind.is_text)
		make_wide(set, true);
}

bool
byteset_is_word(const struct byteset *set)
{
	for (unsigned byte = 0; byte < BYTES; byte++)
		if (has_bit(set->may, byte) && byte != '_' &&
		    (byte >= ASCII || !ascii_is_alnum((char)byte)))
			return false;
	return true;
}

bool
byteset_is_empty(const struct byteset *set)
{
	return (set->may[0] | set->may[1] | set->may[2] | set->may[3]) == 0;
}

void
byteset_print(const struct byteset *set, struct buf *out)
{
	buf_byte(out, '[');
	for (unsigned from = 0, to; from < BYTES; from = to + 1) {
		to = from;
		if (!has_bit(set->may, from))
			continue;
		while (to + 1 < BYTES && has_bit(set->may, to + 1))
			to++;
		buf_printf(out, "\\x%02x", from);
		if (to > from)
			buf_printf(out, "-\\x%02x", to);
	}
	buf_byte(out, ']');
}
