/*
 * patterns - what patterns on one body cost, together and one by one.
 *
 * CPU time of one body of 100 KiB, the least of several turns, for each number
 * of patterns; then ratios, from which the machine's own speed falls out.
 * Patterns are of kinds that rules have; the body is words. The first pattern
 * matches in the middle of it, the others have words that are longer than those
 * of the body. Ends with 1 if both ways do not find the same.
 */
#include "rules/prefilter.h"

#include "base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY_BYTES ((size_t)100 * 1024)
#define N_MOST     1000
#define TURNS      7
#define TURN_US    30000
#define LINE_BYTES 70

struct bench {
	struct buf body;
	const struct pattern *patterns[N_MOST];
};

struct figures {
	double together_us;
	double alone_us;
	size_t n_candidates;
	size_t n_matches;
	double compile_ms;
};

/* The same on all machines. */
static unsigned
dice(unsigned sides)
{
	static uint32_t state = 1;

	state = state * 1664525u + 1013904223u;
	return (state >> 8) % sides;
}

static void
add_word(struct buf *out, unsigned least, unsigned most)
{
	unsigned n = least + dice(most - least + 1);

	while (n-- > 0)
		buf_byte(out, "etaoinshrdlucmfwygpbvk"[dice(22)]);
}

static void
make_body(struct buf *body)
{
	size_t line = 0;

	while (body->len < BODY_BYTES) {
		size_t before = body->len;

		add_word(body, 2, 9);
		line += body->len - before + 1;
		buf_byte(body, line > LINE_BYTES ? '\n' : ' ');
		if (line > LINE_BYTES)
			line = 0;
		if (before < BODY_BYTES / 2 && body->len >= BODY_BYTES / 2)
			buf_add(body, STR("cheap watches "));
	}
}

static const struct pattern *
make_pattern(unsigned i)
{
	struct buf words[3] = { { 0 }, { 0 }, { 0 } };
	struct buf text = { 0 }, error = { 0 };
	struct pattern *pattern;
	size_t offset;

	for (int w = 0; w < 3; w++)
		add_word(&words[w], 5, 10);
	if (i == 0) {
		buf_clear(&words[0]);
		buf_clear(&words[1]);
		buf_add(&words[0], STR("cheap"));
		buf_add(&words[1], STR("watches"));
	}
	switch (i % 5) {
	case 0:
		buf_printf(&text, "\\b%s\\s+%s\\b", words[0].p, words[1].p);
		break;
	case 1:
		buf_printf(&text, "%s.{0,20}%s", words[0].p, words[1].p);
		break;
	case 2:
		buf_printf(&text, "\\b(?:%s|%s|%s)\\b", words[0].p, words[1].p,
		    words[2].p);
		break;
	case 3:
		buf_printf(&text, "%s[0-9]{2,6}-%s", words[0].p, words[1].p);
		break;
	default:
		buf_printf(&text, "https?://[a-z0-9.-]{1,40}%s\\.(?:com|net)",
		    words[0].p);
	}
	pattern = pattern_new(buf_str(&text), STR("i"), true, &error, &offset);
	if (pattern == NULL)
		abort();
	buf_done(&text);
	for (int w = 0; w < 3; w++)
		buf_done(&words[w]);
	return pattern;
}

static double
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* How many match. prefilter NULL: all are asked. */
static size_t
match_all(const struct bench *bench, size_t n,
    const struct prefilter *prefilter, size_t *n_candidates_out)
{
	struct pattern_budget budget = { 10000, INT64_MAX / 2, 0, 0 };
	uint64_t bits[PREFILTER_WORDS(N_MOST)];
	size_t n_matches = 0;

	*n_candidates_out = 0;
	memset(bits, 0xff, sizeof(bits));
	if (prefilter != NULL)
		prefilter_scan(prefilter, buf_str(&bench->body), &budget, bits);
	for (size_t i = 0; i < n; i++) {
		if ((bits[i / 64] >> i % 64 & 1) == 0)
			continue;
		++*n_candidates_out;
		n_matches +=
		    pattern_match(bench->patterns[i], buf_str(&bench->body),
			&budget, NULL) == PATTERN_YES;
	}
	return n_matches;
}

/* The least of several turns, each long enough to be timed. */
static double
measure(const struct bench *bench, size_t n, const struct prefilter *prefilter)
{
	double least = 0;

	for (int turn = 0; turn < TURNS; turn++) {
		double began = now_us(), took = 0;
		size_t n_candidates;
		unsigned times = 0;

		while (took < TURN_US) {
			match_all(bench, n, prefilter, &n_candidates);
			times++;
			took = now_us() - began;
		}
		if (turn == 0 || took / times < least)
			least = took / times;
	}
	return least;
}

static struct figures
measure_number(const struct bench *bench, size_t n)
{
	struct figures figures;
	double began = now_us();
	struct prefilter *prefilter = prefilter_new(bench->patterns, n);
	size_t n_alone, n_all;

	figures.compile_ms = (now_us() - began) / 1000;
	figures.n_matches =
	    match_all(bench, n, prefilter, &figures.n_candidates);
	n_alone = match_all(bench, n, NULL, &n_all);
	if (figures.n_matches != n_alone) {
		printf("%zu patterns: %zu match together, %zu one by one\n", n,
		    figures.n_matches, n_alone);
		exit(1);
	}
	figures.together_us = measure(bench, n, prefilter);
	figures.alone_us = measure(bench, n, NULL);
	prefilter_free(prefilter);
	return figures;
}

int
main(void)
{
	static struct bench bench;
	static const size_t numbers[] = { 10, 100, N_MOST };
	struct figures first = { 0 };

	make_body(&bench.body);
	for (size_t i = 0; i < N_MOST; i++)
		bench.patterns[i] = make_pattern((unsigned)i);
	printf("libhs: %s; body of %zu KiB\n", prefilter_version(),
	    BODY_BYTES / 1024);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct figures one = measure_number(&bench, numbers[i]);

		if (i == 0)
			first = one;
		printf("patterns %4zu: together %7.0f us (%.2f times that of "
		       "10), %zu candidates, %zu match; one by one %7.0f us "
		       "(%.2f); libhs compiles %.0f ms\n",
		    numbers[i], one.together_us,
		    one.together_us / first.together_us, one.n_candidates,
		    one.n_matches, one.alone_us, one.alone_us / first.alone_us,
		    one.compile_ms);
	}
	for (size_t i = 0; i < N_MOST; i++)
		pattern_free((struct pattern *)(uintptr_t)bench.patterns[i]);
	buf_done(&bench.body);
	return 0;
}
