/*
 * Any pattern and any text: where the prefilter says that a pattern does not
 * match, PCRE2 does not say that it does.
 *
 * The first byte chooses flags and whether it is of text or of bytes, the
 * pattern ends with the first newline, the rest is the text. A pattern that
 * costs too much to compile is none of ours: PCRE2 bounds its length only.
 */
#include "base/utf8.h"
#include "rules/prefilter.h"

#include <stdlib.h>
#include <string.h>

#define PATTERN_BYTES 60
#define TEXT_BYTES    512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pattern *
compile(struct str text, struct str flags, bool is_utf8)
{
	struct buf error = { 0 };
	size_t offset;
	struct pattern *pattern =
	    pattern_new(text, flags, is_utf8, &error, &offset);

	buf_done(&error);
	return pattern;
}

static void
check_text(const struct prefilter *prefilter, const struct pattern *pattern,
    struct str text)
{
	struct pattern_budget budget = { 100000, 1000000, 0, 0 };
	uint64_t bits[1];

	prefilter_scan(prefilter, text, &budget, bits);
	if ((bits[0] & 1) == 0 &&
	    pattern_match(pattern, text, &budget, NULL) == PATTERN_YES)
		abort();
}

/* Fillers make the set large enough; they match nothing. */
static void
check_pattern(const struct pattern *pattern, struct str text)
{
	static struct pattern *fillers[2];
	bool is_utf8 = pattern_is_utf8(pattern);
	const struct pattern *patterns[PREFILTER_MIN];
	struct prefilter *prefilter;

	if (fillers[is_utf8] == NULL)
		fillers[is_utf8] = compile(STR("~~~~"), STR(""), is_utf8);
	patterns[0] = pattern;
	for (size_t i = 1; i < PREFILTER_MIN; i++)
		patterns[i] = fillers[is_utf8];
	if ((prefilter = prefilter_new(patterns, PREFILTER_MIN)) == NULL)
		abort();
	if (prefilter_refusal(prefilter, 0) == NULL)
		check_text(prefilter, pattern, text);
	prefilter_free(prefilter);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char letters[] = "imsx";
	struct str rest = { (const char *)data, size };
	struct pattern *pattern;
	char flags[4];
	size_t n = 0;
	bool is_utf8;
	ptrdiff_t end = str_find(rest, '\n');

	if (end < 2 || end > PATTERN_BYTES || size > TEXT_BYTES ||
	    !prefilter_is_available())
		return 0;
	is_utf8 = (data[0] & 16) != 0;
	for (size_t i = 0; i < 4; i++)
		if ((data[0] >> i & 1) != 0)
			flags[n++] = letters[i];
	if (is_utf8 && utf8_bad(str_from(rest, 1)) >= 0)
		return 0;
	pattern = compile(
	    str_sub(rest, 1, (size_t)end), (struct str){ flags, n }, is_utf8);
	if (pattern != NULL)
		check_pattern(pattern, str_from(rest, (size_t)end + 1));
	pattern_free(pattern);
	return 0;
}
