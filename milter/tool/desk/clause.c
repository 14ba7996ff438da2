/*
 * Words are joined by one blank each: whether a shell got `40/1m, 400/1h` in
 * quotes or as two words, and a reason with quotes or without, is the same.
 */
#include "tool/desk/clause.h"

#include "base/quantity.h"
#include "base/utf8.h"

#include <string.h>

#define REASON_MAX 200 /* bytes that are kept */

static struct str
join_words(struct arena *arena, int n, char *const *words)
{
	struct buf line = { 0 };
	struct str joined;

	for (int i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(&line, ' ');
		buf_add_cstr(&line, words[i]);
	}
	/* A reason is kept in one line of Redis and shown in one. */
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.p[i] < 0x20)
			line.p[i] = ' ';
	joined = arena_str(arena, str_trim(buf_str(&line)));
	buf_done(&line);
	return joined;
}

static bool
is_word(const char *word, const char *wanted)
{
	return strcmp(word, wanted) == 0;
}

/* At most max bytes, and no half of a character. */
static struct str
cut(struct str text, size_t max)
{
	if (text.len <= max)
		return text;
	return str_sub(text, 0, utf8_back(text, max));
}

static int
parse_reason(struct arena *arena, int n, char *const *words,
    struct clause *clause, struct buf *error)
{
	struct str reason = join_words(arena, n, words);

	if (reason.len == 0) {
		buf_add_cstr(error, "'reason' needs a text behind it");
		return -1;
	}
	clause->reason = cut(reason, REASON_MAX);
	clause->has_reason = true;
	return 0;
}

int
clause_parse(struct arena *arena, int n, char *const *words,
    struct clause *clause_out, struct buf *error)
{
	struct clause clause = { .has_for = false };
	int i = 0;

	while (
	    i < n && !is_word(words[i], "for") && !is_word(words[i], "reason"))
		i++;
	clause.subject = join_words(arena, i, words);
	if (i < n && is_word(words[i], "for")) {
		if (i + 1 == n || duration_parse(str_of(words[i + 1]),
				      &clause.for_sec) == -1) {
			buf_printf(error,
			    "'for' needs a duration behind it, such as 30m, "
			    "4h or 2d%s%s%s",
			    i + 1 < n ? ", not '" : "",
			    i + 1 < n ? words[i + 1] : "",
			    i + 1 < n ? "'" : "");
			return -1;
		}
		clause.has_for = true;
		i += 2;
	}
	if (i < n && !is_word(words[i], "reason")) {
		buf_printf(error, "'%s' was not expected here", words[i]);
		return -1;
	}
	if (i < n &&
	    parse_reason(arena, n - i - 1, words + i + 1, &clause, error) == -1)
		return -1;
	*clause_out = clause;
	return 0;
}
