/*
 * What people read by redis-cli is what the programs parse. The trap is a reason
 * that says `" until=9999999999`: whoever gives one must not get a longer grant,
 * so quotes are always escaped, and until stands first. charge.lua reads that
 * much, and no more leniently: else a listing would tell what does not count.
 */
#include "store/text.h"

#include "base/glyph.h"
#include "store/raise.h"

/* 9e15 ms, in seconds: what a Lua number and an int64_t both hold. */
#define SECONDS_MAX INT64_C(9007199254740)

/* Does it need no quotes? */
static bool
is_plain(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_alnum(text.p[i]) &&
		    str_find(STR("._:/+@-"), text.p[i]) < 0)
			return false;
	return text.len > 0;
}

/* At most max bytes of text; a character is put whole or not at all. */
static void
put_quoted(struct buf *out, struct str text, size_t max)
{
	buf_byte(out, '"');
	while (text.len > 0) {
		struct glyph glyph = glyph_at(text);

		if (glyph.len > max)
			break;
		if (glyph.code == '"' || glyph.code == '\\')
			buf_byte(out, '\\');
		if (glyph.is_seen)
			buf_add(out, str_sub(text, 0, glyph.len));
		else
			for (size_t i = 0; i < glyph.len; i++)
				buf_printf(
				    out, "\\x%02x", (unsigned char)text.p[i]);
		text = str_from(text, glyph.len);
		max -= glyph.len;
	}
	buf_byte(out, '"');
}

void
hold_put(struct buf *out, const struct store_hold *hold)
{
	/* Rounded up: nothing ends before it was said to. */
	buf_printf(out,
	    "until=%lld reason=", (long long)((hold->until_ms + 999) / 1000));
	put_quoted(out, hold->reason, HOLD_REASON_MAX);
	buf_add_cstr(out, " by=");
	if (hold->by.len <= HOLD_BY_MAX && is_plain(hold->by))
		buf_add(out, hold->by);
	else
		put_quoted(out, hold->by, HOLD_BY_MAX);
}

/* Takes head from the start of text. */
static bool
skip(struct str *text, struct str head)
{
	if (!str_starts(*text, head))
		return false;
	*text = str_from(*text, head.len);
	return true;
}

static bool
take_seconds(struct str *text, int64_t *seconds_out)
{
	int64_t n = 0;
	size_t at = 0;

	for (; at < text->len && text->p[at] >= '0' && text->p[at] <= '9';
	     at++) {
		n = n * 10 + (text->p[at] - '0');
		if (n > SECONDS_MAX)
			return false;
	}
	*text = str_from(*text, at);
	*seconds_out = n;
	return at > 0;
}

/* Takes one byte, perhaps escaped, from the head of text. */
static char
take_byte(struct str *text)
{
	char c = text->p[0];
	int high, low;

	*text = str_from(*text, 1);
	if (c != '\\' || text->len == 0)
		return c;
	c = text->p[0];
	if (c == 'x' && text->len >= 3 && (high = ascii_hex(text->p[1])) >= 0 &&
	    (low = ascii_hex(text->p[2])) >= 0) {
		*text = str_from(*text, 3);
		return (char)(high * 16 + low);
	}
	*text = str_from(*text, 1);
	return c;
}

/* A value up to its quote, or to a blank; where that is missing, to the end. */
static struct str
take_value(struct str *text, struct arena *arena)
{
	char *value = arena_alloc(arena, text->len + 1);
	bool is_quoted = skip(text, STR("\""));
	size_t n = 0;

	while (text->len > 0) {
		if (is_quoted ? text->p[0] == '"'
			      : ascii_is_space(text->p[0])) {
			*text = str_from(*text, 1);
			break;
		}
		value[n++] = is_quoted ? take_byte(text) : text->p[0];
		if (!is_quoted)
			*text = str_from(*text, 1);
	}
	value[n] = '\0';
	return (struct str){ value, n };
}

/* The name before '='; the empty string for a word that has none. */
static struct str
take_name(struct str *text)
{
	struct str name;
	size_t n = 0;

	*text = str_trim(*text);
	while (
	    n < text->len && text->p[n] != '=' && !ascii_is_space(text->p[n]))
		n++;
	name = str_sub(*text, 0, n);
	if (n == text->len || text->p[n] != '=') {
		*text = str_from(*text, n);
		return STR("");
	}
	*text = str_from(*text, n + 1);
	return name;
}

/* The words behind until. */
static void
take_words(struct str text, struct arena *arena, struct store_hold *hold)
{
	while (text.len > 0) {
		struct str name = take_name(&text), value;

		if (name.len == 0)
			continue;
		value = take_value(&text, arena);
		if (str_is(name, "reason"))
			hold->reason = value;
		if (str_is(name, "by"))
			hold->by = value;
	}
}

int
hold_parse(struct str text, struct arena *arena, struct store_hold *hold_out)
{
	struct store_hold hold = { 0, STR(""), STR("") };
	int64_t seconds;

	if (!skip(&text, STR("until=")) || !take_seconds(&text, &seconds) ||
	    (text.len > 0 && !ascii_is_space(text.p[0])))
		return -1;
	hold.until_ms = seconds * 1000;
	take_words(text, arena, &hold);
	*hold_out = hold;
	return 0;
}

void
grant_put(struct buf *out, const struct store_grant *grant)
{
	raise_text(&grant->raise, out);
	buf_byte(out, ' ');
	hold_put(out, &grant->hold);
}

int
grant_parse(struct str text, struct arena *arena, struct store_grant *grant_out)
{
	ptrdiff_t blank = str_find(text, ' ');
	struct store_raise raise;
	struct store_hold hold;
	struct buf why = { 0 };
	int rc;

	if (blank < 0)
		return -1;
	rc = raise_parse(str_sub(text, 0, (size_t)blank), &raise, &why);
	buf_done(&why);
	if (rc == -1 ||
	    hold_parse(str_from(text, (size_t)blank + 1), arena, &hold) == -1)
		return -1;
	grant_out->raise = raise;
	grant_out->hold = hold;
	return 0;
}

void
table_value_parse(struct str text, int64_t *until_ms_out, struct str *value_out)
{
	struct str rest = text;
	int64_t seconds;

	*until_ms_out = 0;
	*value_out = text;
	if (!take_seconds(&rest, &seconds) || !skip(&rest, STR(" ")))
		return;
	*until_ms_out = seconds * 1000;
	*value_out = rest;
}
