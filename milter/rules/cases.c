/*
 * All characters that may have a case stand in one text, and the character is
 * looked for in it: some hundred microseconds, once for each.
 */
#include "rules/cases.h"

#include "base/utf8.h"
#include "base/xalloc.h"
#include "rules/pattern.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 0x80
#define END   0x20000 /* behind it no character has another case */
#define KNOWN 512     /* remembered */

struct known {
	uint32_t code; /* 0: none */
	uint32_t n;
	uint32_t all[CASES_MAX];
};

struct cases {
	struct buf text; /* all characters; made when it is needed */
	struct known known[KNOWN];
};

struct cases *
cases_new(void)
{
	return xcalloc(1, sizeof(struct cases));
}

void
cases_free(struct cases *cases)
{
	if (cases == NULL)
		return;
	buf_done(&cases->text);
	free(cases);
}

static void
make_text(struct buf *text)
{
	char bytes[4] = { 0 };

	for (uint32_t code = FIRST; code < END; code++) {
		struct str one = { bytes, utf8_write(code, bytes) };

		if (utf8_bad(one) < 0) /* no surrogates */
			buf_add(text, one);
	}
}

static size_t
search(struct str text, const struct pattern *pattern, uint32_t out[CASES_MAX])
{
	struct pattern_budget budget = { 10000, INT64_MAX / 2, 0, 0 };
	struct pattern_captures captures;
	size_t n = 0, len;

	while (
	    pattern_match(pattern, text, &budget, &captures) == PATTERN_YES) {
		struct str found = captures.groups[0];

		if (n == CASES_MAX || found.len == 0)
			return 0;
		out[n++] = utf8_read(found.p, &len);
		text = str_from(text, (size_t)(found.p - text.p) + found.len);
	}
	return n;
}

static struct known *
ask(struct cases *cases, uint32_t code)
{
	struct known *known = &cases->known[code % KNOWN];
	struct buf error = { 0 };
	struct pattern *pattern;
	char bytes[4] = { 0 };
	size_t offset;

	if (known->code == code)
		return known;
	*known = (struct known){ .code = code };
	if (cases->text.len == 0)
		make_text(&cases->text);
	pattern = pattern_new((struct str){ bytes, utf8_write(code, bytes) },
	    STR("i"), true, &error, &offset);
	if (pattern != NULL)
		known->n = (uint32_t)search(
		    buf_str(&cases->text), pattern, known->all);
	pattern_free(pattern);
	buf_done(&error);
	return known;
}

size_t
cases_of(struct cases *cases, uint32_t code, uint32_t out[CASES_MAX])
{
	const struct known *known;

	if (code < FIRST || code >= END)
		return 0;
	known = ask(cases, code);
	memcpy(out, known->all, sizeof(known->all));
	return known->n;
}
