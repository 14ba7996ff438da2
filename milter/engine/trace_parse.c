/*
 * A file of tests, line by line. What can be wrong in a line is found here,
 * before anything runs: a test with a slip of the pen must not pass by
 * accident. What is left for running is only what came out differently.
 *
 * The trap: "->" splits a line before the verb's words are counted, and the
 * rule's name behind it may be any name, so it comes last.
 */
#include "engine/trace_story.h"

#include "base/quantity.h"
#include "inspect/inspect.h"

#include <string.h>

struct parser {
	struct arena *arena;
	struct diags *diags;
	struct trace_story *story;
	bool is_connected; /* in the test so far */
	bool had_event;
};

/* One line. words[0] is its first word. */
struct line {
	const struct trace_word *words;
	size_t n;
	struct pos pos;
};

static const char *const outcomes[] = {
	[TRACE_ACCEPT] = "accept",
	[TRACE_REJECT] = "reject",
	[TRACE_TEMPFAIL] = "tempfail",
	[TRACE_DISCARD] = "discard",
};

#define N_OUTCOMES (sizeof(outcomes) / sizeof(outcomes[0]))

int
trace_number(
    struct str text, unsigned least, unsigned most, unsigned *number_out)
{
	uint64_t number;

	if (number_parse(text, most, &number) == -1 || number < least)
		return -1;
	*number_out = (unsigned)number;
	return 0;
}

/* From the first to the last word of a line. */
static struct pos
pos_of(const struct trace_word *words, size_t n)
{
	struct pos pos = words[0].pos;

	pos.len = words[n - 1].pos.at + words[n - 1].pos.len - pos.at;
	return pos;
}

static bool
word_is(const struct trace_word *word, const char *text)
{
	return !word->is_quoted && str_is(word->text, text);
}

char *
trace_join_folder(struct arena *arena, const char *path, struct str pattern)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	char *joined;

	if (len == 0 || str_starts(pattern, STR("/")))
		return arena_cstr(arena, pattern);
	joined = arena_alloc(arena, len + pattern.len + 1);
	memcpy(joined, path, len);
	memcpy(joined + len, pattern.p, pattern.len);
	joined[len + pattern.len] = '\0';
	return joined;
}

static void
parse_rules(struct parser *parser, const struct line *line)
{
	struct trace_story *story = parser->story;

	if (story->n_tests > 0) {
		diag_add(parser->diags, DIAG_ERROR, line->pos,
		    "'rules' stands before the first test: all tests of a file "
		    "run against the same rules");
		return;
	}
	if (line->n < 2) {
		diag_add(parser->diags, DIAG_ERROR, line->pos,
		    "expected a file behind 'rules': rules \"NAME.rules\"");
		return;
	}
	for (size_t i = 1; i < line->n; i++) {
		story->patterns = arena_grow(parser->arena, story->patterns,
		    story->n_patterns, sizeof(*story->patterns));
		story->patterns[story->n_patterns++] = trace_join_folder(
		    parser->arena, story->source->path, line->words[i].text);
	}
}

static void
parse_zone(struct parser *parser, const struct line *line)
{
	struct trace_story *story = parser->story;

	if (story->n_tests > 0 || story->zone.len > 0 || line->n != 2)
		diag_add(parser->diags, DIAG_ERROR, line->pos,
		    "expected once, before the first test: time-zone NAME "
		    "(Europe/Berlin, say)");
	else
		story->zone = line->words[1].text;
}

static void
parse_test(struct parser *parser, const struct line *line)
{
	struct trace_story *story = parser->story;
	struct trace_test *test;

	if (line->n != 2 || line->words[1].text.len == 0) {
		diag_add(parser->diags, DIAG_ERROR, line->pos,
		    "expected one name behind 'test': test \"what it shows\"");
		return;
	}
	story->tests = arena_grow(
	    parser->arena, story->tests, story->n_tests, sizeof(*test));
	test = &story->tests[story->n_tests++];
	*test = (struct trace_test){ .name = line->words[1].text,
		.pos = line->pos };
	parser->is_connected = false;
	parser->had_event = false;
}

/* `needs libarchive libmagic`: a build without one leaves the test out. */
static void
parse_needs(struct parser *parser, const struct line *line)
{
	struct trace_story *story = parser->story;
	struct trace_test *test = &story->tests[story->n_tests - 1];

	if (test->n_steps > 0 || line->n < 2) {
		diag_add(parser->diags, DIAG_ERROR, line->pos,
		    "expected directly below 'test': needs libarchive, needs "
		    "libmagic, or needs libarchive libmagic");
		return;
	}
	for (size_t i = 1; i < line->n; i++) {
		if (word_is(&line->words[i], "libarchive")) {
			if (!inspect_has_archive())
				test->lacks = "libarchive";
		} else if (word_is(&line->words[i], "libmagic")) {
			if (!inspect_has_magic())
				test->lacks = "libmagic";
		} else {
			diag_add(parser->diags, DIAG_ERROR, line->words[i].pos,
			    "expected libarchive or libmagic");
		}
	}
}

/* The words behind the outcome: [CODE [X.Y.Z]] [RULE]. */
static void
parse_details(struct parser *parser, const struct line *line,
    struct trace_expected *expected)
{
	const struct trace_word *words = line->words;
	unsigned first = expected->outcome == TRACE_REJECT ? 500 : 400;
	bool is_refusal = expected->outcome == TRACE_REJECT ||
			  expected->outcome == TRACE_TEMPFAIL;
	size_t i = 0;

	if (i < line->n && words[i].text.p[0] >= '0' &&
	    words[i].text.p[0] <= '9') {
		if (!is_refusal || trace_number(words[i].text, first,
				       first + 99, &expected->code) == -1)
			diag_add(parser->diags, DIAG_ERROR, words[i].pos,
			    "this is no code that '%s' can have",
			    outcomes[expected->outcome]);
		i++;
		if (i < line->n && str_find(words[i].text, '.') != -1)
			expected->xcode = words[i++].text;
	}
	if (i < line->n)
		expected->rule = words[i++].text;
	if (i < line->n)
		diag_add(parser->diags, DIAG_ERROR, words[i].pos,
		    "nothing may follow the name of the rule; expected is "
		    "OUTCOME [CODE [X.Y.Z]] [RULE]");
}

/* line: the words behind "->". */
static void
parse_expected(struct parser *parser, const struct line *line,
    struct trace_expected *expected)
{
	struct line rest = { line->words + 1, line->n - 1, line->pos };

	for (size_t i = 0; i < N_OUTCOMES; i++) {
		if (line->n == 0 || !word_is(&line->words[0], outcomes[i]))
			continue;
		expected->outcome = (enum trace_outcome)i;
		parse_details(parser, &rest, expected);
		return;
	}
	diag_add(parser->diags, DIAG_ERROR,
	    line->n == 0 ? line->pos : line->words[0].pos,
	    "expected accept, reject, tempfail or discard behind '->'");
}

static size_t
find_arrow(const struct line *line)
{
	size_t i = 0;

	while (i < line->n && !word_is(&line->words[i], "->"))
		i++;
	return i;
}

static void
report_verb(struct parser *parser, struct pos pos, struct str nearest)
{
	if (nearest.len > 0)
		diag_add(parser->diags, DIAG_ERROR, pos,
		    "there is no such verb; did you mean '%.*s'?",
		    STR_ARG(nearest));
	else
		diag_add(parser->diags, DIAG_ERROR, pos,
		    "there is no such verb (sluice.rules(5) lists them)");
}

/* The order of a test: what needs a connection, what needs an event. */
static void
check_order(struct parser *parser, const struct trace_step *step)
{
	unsigned flags = step->verb->flags;

	if (flags & TRACE_NEEDS && !parser->is_connected)
		diag_add(parser->diags, DIAG_ERROR, step->pos,
		    "'%s' needs a connection: write connect ADDRESS (or "
		    "non-smtp) before it",
		    step->verb->name);
	if (flags & TRACE_FOLLOWS && !parser->had_event)
		diag_add(parser->diags, DIAG_ERROR, step->pos,
		    "'%s' speaks of the event before it, and there is none",
		    step->verb->name);
	if (flags & TRACE_OPENS)
		parser->is_connected = true;
	if (flags & TRACE_CLOSES)
		parser->is_connected = false;
	if (flags & TRACE_EVENT)
		parser->had_event = true;
}

static void
check_step(struct parser *parser, const struct trace_step *step)
{
	const struct trace_verb *verb = step->verb;

	if (step->n_times > 1 && verb->flags & TRACE_ONCE)
		diag_add(parser->diags, DIAG_ERROR, step->pos,
		    "'%s' cannot be repeated", verb->name);
	check_order(parser, step);
	if (step->n_words < verb->min_words || step->n_words > verb->max_words)
		diag_add(parser->diags, DIAG_ERROR, step->pos,
		    "%s words behind '%s'; expected: %s",
		    step->n_words < verb->min_words ? "too few" : "too many",
		    verb->name, verb->usage);
	else if (verb->check != NULL)
		verb->check(parser->diags, step);
}

static void
add_step(struct parser *parser, const struct trace_step *step)
{
	struct trace_story *story = parser->story;
	struct trace_test *test = &story->tests[story->n_tests - 1];
	struct trace_step *copy;
	struct trace_word *words;

	words = arena_alloc(parser->arena, step->n_words * sizeof(*words));
	if (step->n_words > 0)
		memcpy(words, step->words, step->n_words * sizeof(*words));
	test->steps = arena_grow(
	    parser->arena, test->steps, test->n_steps, sizeof(*step));
	copy = &test->steps[test->n_steps++];
	*copy = *step;
	copy->words = words;
}

/* Takes `repeat N` off the line. */
static int
parse_repeat(struct parser *parser, struct line *line, unsigned *n_times)
{
	*n_times = 1;
	if (!word_is(&line->words[0], "repeat"))
		return 0;
	if (line->n < 3 || trace_number(line->words[1].text, 1,
			       TRACE_REPEAT_MAX, n_times) == -1) {
		diag_add(parser->diags, DIAG_ERROR, line->pos,
		    "expected: repeat N VERB …, N from 1 to %d",
		    TRACE_REPEAT_MAX);
		return -1;
	}
	line->words += 2;
	line->n -= 2;
	return 0;
}

static void
parse_step(struct parser *parser, const struct line *whole)
{
	struct trace_step step = { .pos = whole->pos };
	struct line line = *whole, expected;
	struct str nearest;
	size_t arrow;

	if (parse_repeat(parser, &line, &step.n_times) == -1)
		return;
	step.verb = trace_verb_find(line.words[0].text, &nearest);
	if (step.verb == NULL) {
		report_verb(parser, line.words[0].pos, nearest);
		return;
	}
	if ((arrow = find_arrow(&line)) < line.n) {
		expected = (struct line){ line.words + arrow + 1,
			line.n - arrow - 1, line.words[arrow].pos };
		parse_expected(parser, &expected, &step.expected);
		if (!(step.verb->flags & TRACE_EVENT))
			diag_add(parser->diags, DIAG_ERROR, expected.pos,
			    "'%s' is never answered: nothing may be expected "
			    "of it",
			    step.verb->name);
	}
	step.words = line.words + 1;
	step.n_words = arrow - 1;
	check_step(parser, &step);
	add_step(parser, &step);
}

static void
parse_line(struct parser *parser, const struct line *line)
{
	if (word_is(&line->words[0], "rules"))
		parse_rules(parser, line);
	else if (word_is(&line->words[0], "time-zone"))
		parse_zone(parser, line);
	else if (word_is(&line->words[0], "test"))
		parse_test(parser, line);
	else if (parser->story->n_tests > 0 &&
		 word_is(&line->words[0], "needs"))
		parse_needs(parser, line);
	else if (parser->story->n_tests > 0)
		parse_step(parser, line);
	else
		diag_add(parser->diags, DIAG_ERROR, line->pos,
		    "expected 'rules \"FILE\"' or 'test \"NAME\"' before the "
		    "first step");
}

void
trace_parse(struct arena *arena, const struct source *source,
    struct diags *diags, struct trace_story *story_out)
{
	struct parser parser = {
		.arena = arena, .diags = diags, .story = story_out
	};
	struct trace_word words[TRACE_WORDS_MAX];
	struct line line = { .words = words };
	uint32_t at = 0;

	*story_out = (struct trace_story){ .source = source };
	while (at < source->text.len) {
		line.n = trace_words_read(arena, source, &at, diags, words);
		if (line.n == 0)
			continue;
		line.pos = pos_of(words, line.n);
		parse_line(&parser, &line);
	}
}
