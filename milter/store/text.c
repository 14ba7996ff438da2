/*
 * What people read by redis-cli is what the programs parse, so it must not
 * break whatever a reason has in it: it is escaped as in the log.
 */
#include "store/text.h"

#include "base/log.h"
#include "store/raise.h"

/* 9e15 ms, in seconds: what a Lua number and an int64_t both hold. */
#define SECONDS_MAX INT64_C(9007199254740)

void
hold_put(struct buf *out, const struct store_hold *hold)
{
	/* Rounded up: nothing ends before it was said to. */
	buf_printf(out, "until=%lld reason=\"",
	    (long long)((hold->until_ms + 999) / 1000));
	log_escape(out, hold->reason, HOLD_REASON_MAX);
	buf_add_cstr(out, "\" by=");
	for (size_t i = 0; i < hold->by.len && i < HOLD_BY_MAX; i++) {
		unsigned char c = (unsigned char)hold->by.p[i];

		buf_byte(out, c <= ' ' || c == 0x7f ? '_' : (char)c);
	}
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

static int
hex_digit(char c)
{
	ptrdiff_t at = str_find(STR("0123456789abcdef"), ascii_lower(c));

	return (int)at;
}

/* Undoes the \xNN. */
static struct str
unescape(struct arena *arena, struct str text)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\\' && i + 3 < text.len &&
		    text.p[i + 1] == 'x' && hex_digit(text.p[i + 2]) >= 0 &&
		    hex_digit(text.p[i + 3]) >= 0) {
			out[n++] = (char)(hex_digit(text.p[i + 2]) * 16 +
					  hex_digit(text.p[i + 3]));
			i += 3;
		} else {
			out[n++] = text.p[i];
		}
	}
	out[n] = '\0';
	return (struct str){ out, n };
}

int
hold_parse(struct str text, struct arena *arena, struct store_hold *hold_out)
{
	int64_t seconds;
	ptrdiff_t quote;

	if (!skip(&text, STR("until=")) || !take_seconds(&text, &seconds) ||
	    !skip(&text, STR(" reason=\"")) ||
	    (quote = str_find(text, '"')) < 0)
		return -1;
	hold_out->until_ms = seconds * 1000;
	hold_out->reason = unescape(arena, str_sub(text, 0, (size_t)quote));
	text = str_from(text, (size_t)quote + 1);
	hold_out->by =
	    skip(&text, STR(" by=")) ? arena_str(arena, text) : STR("");
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
	struct buf why = { 0 };
	struct store_raise raise;
	int rc;

	if (blank < 0)
		return -1;
	rc = raise_parse(str_sub(text, 0, (size_t)blank), &raise, &why);
	buf_done(&why);
	if (rc == -1 || hold_parse(str_from(text, (size_t)blank + 1), arena,
			    &grant_out->hold) == -1)
		return -1;
	grant_out->raise = raise;
	return 0;
}

void
table_value_put(struct buf *out, int64_t until_ms, struct str value)
{
	buf_printf(out, "%lld ", (long long)((until_ms + 999) / 1000));
	buf_add(out, value);
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
