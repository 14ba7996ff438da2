/*
 * The match limit of PCRE2 is counted anew for every start position, so it
 * does not bound the time of a match; segments do, together with the budget
 * of CPU time that is looked at between them.
 */
#include "rules/pattern.h"

#include "base/utf8.h"
#include "base/xalloc.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define PARENS_NEST_MAX 100
#define JIT_STACK_FIRST ((size_t)32 * 1024)
#define UNTIMED_MAX     1024 /* asking the clock would cost more */
#define UNTIMED_RUN     16   /* but many of them add up */
#define JIT_STACK_MAX   ((size_t)1024 * 1024)

struct pattern {
	pcre2_code *code;
	bool is_utf8;
	unsigned n_groups;
	uint32_t text_len;
	uint32_t flags_len;
	char text[]; /* and the flags */
};

/* What one match needs. A free list keeps them, not the threads: libmilter
 * starts and ends workers all the time, and a JIT stack is expensive. */
struct scratch {
	struct scratch *next;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
};

static pthread_mutex_t scratch_lock = PTHREAD_MUTEX_INITIALIZER;
static struct scratch *scratch_free;

static struct scratch *
new_scratch(void)
{
	struct scratch *scratch = xcalloc(1, sizeof(*scratch));

	scratch->data = pcre2_match_data_create(PATTERN_CAPTURES_MAX, NULL);
	scratch->context = pcre2_match_context_create(NULL);
	scratch->stack =
	    pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MAX, NULL);
	assert(scratch->data != NULL && scratch->context != NULL);
	if (scratch->stack != NULL)
		pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
	return scratch;
}

static struct scratch *
borrow_scratch(void)
{
	struct scratch *scratch;

	pthread_mutex_lock(&scratch_lock);
	if ((scratch = scratch_free) != NULL)
		scratch_free = scratch->next;
	pthread_mutex_unlock(&scratch_lock);
	return scratch != NULL ? scratch : new_scratch();
}

/* There are never more than there were matches at one time. */
static void
give_back_scratch(struct scratch *scratch)
{
	pthread_mutex_lock(&scratch_lock);
	scratch->next = scratch_free;
	scratch_free = scratch;
	pthread_mutex_unlock(&scratch_lock);
}

static const struct {
	char letter;
	uint32_t option;
} flag_options[] = {
	{ 'i', PCRE2_CASELESS },
	{ 'm', PCRE2_MULTILINE },
	{ 's', PCRE2_DOTALL },
	{ 'x', PCRE2_EXTENDED },
};

/* -1 if all are known, or which of them is not. */
static int
parse_flags(struct str flags, uint32_t *options, struct buf *error)
{
	size_t n = sizeof(flag_options) / sizeof(flag_options[0]);

	for (size_t i = 0; i < flags.len; i++) {
		size_t j = 0;

		while (j < n && flag_options[j].letter != flags.p[i])
			j++;
		if (j == n) {
			buf_printf(error,
			    "unknown flag '%c': expected i, m, s or x",
			    flags.p[i]);
			return (int)i;
		}
		*options |= flag_options[j].option;
	}
	return -1;
}

static pcre2_code *
compile(struct str text, uint32_t options, struct buf *error, size_t *offset)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	unsigned char message[256];
	pcre2_code *code;
	int number;

	assert(context != NULL);
	pcre2_set_parens_nest_limit(context, PARENS_NEST_MAX);
	code = pcre2_compile(
	    (PCRE2_SPTR)text.p, text.len, options, &number, offset, context);
	pcre2_compile_context_free(context);
	if (code == NULL) {
		pcre2_get_error_message(number, message, sizeof(message));
		buf_add_cstr(error, (const char *)message);
	}
	return code;
}

/* flags are known letters, each perhaps more than once. */
static struct pattern *
new_pattern(struct str text, struct str flags)
{
	struct pattern *pattern =
	    xcalloc(1, sizeof(*pattern) + text.len + flags.len);

	pattern->text_len = (uint32_t)text.len;
	pattern->flags_len = (uint32_t)flags.len;
	if (text.len > 0)
		memcpy(pattern->text, text.p, text.len);
	if (flags.len > 0)
		memcpy(pattern->text + text.len, flags.p, flags.len);
	return pattern;
}

struct pattern *
pattern_new(struct str text, struct str flags, bool is_utf8, struct buf *error,
    size_t *offset_out)
{
	uint32_t options = PCRE2_NEVER_BACKSLASH_C, n_groups = 0;
	struct pattern *pattern;
	pcre2_code *code;
	int wrong;

	/* UTF follows from the fact, never from "(*UTF)" in the text. */
	options |= is_utf8 ? PCRE2_UTF | PCRE2_UCP : PCRE2_NEVER_UTF;
	if ((wrong = parse_flags(flags, &options, error)) >= 0) {
		*offset_out = text.len + 1 + (size_t)wrong;
		return NULL;
	}
	if (text.len > PATTERN_MAX_BYTES) {
		*offset_out = PATTERN_MAX_BYTES;
		buf_printf(
		    error, "it is longer than %d bytes", PATTERN_MAX_BYTES);
		return NULL;
	}
	if ((code = compile(text, options, error, offset_out)) == NULL)
		return NULL;
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* slower without */
	pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &n_groups);
	pattern = new_pattern(text, flags);
	pattern->code = code;
	pattern->is_utf8 = is_utf8;
	pattern->n_groups = n_groups;
	return pattern;
}

void
pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_code_free(pattern->code);
	free(pattern);
}

unsigned
pattern_n_groups(const struct pattern *pattern)
{
	return pattern->n_groups;
}

struct str
pattern_text(const struct pattern *pattern)
{
	return (struct str){ pattern->text, pattern->text_len };
}

struct str
pattern_flags(const struct pattern *pattern)
{
	return (struct str){ pattern->text + pattern->text_len,
		pattern->flags_len };
}

bool
pattern_is_utf8(const struct pattern *pattern)
{
	return pattern->is_utf8;
}

bool
pattern_newline_is_lf(void)
{
	uint32_t newline = 0;

	pcre2_config(PCRE2_CONFIG_NEWLINE, &newline);
	return newline == PCRE2_NEWLINE_LF;
}

bool
pattern_is_fast(void)
{
	struct buf error = { 0 };
	size_t offset, n_bytes = 0;
	pcre2_code *code = compile(STR("a+b"), 0, &error, &offset);

	if (code != NULL) {
		pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
		pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &n_bytes);
		pcre2_code_free(code);
	}
	buf_done(&error);
	return n_bytes > 0;
}

static void
read_captures(struct str subject, const pcre2_match_data *data, int n,
    struct pattern_captures *captures)
{
	pcre2_match_data *all = (pcre2_match_data *)(uintptr_t)data;
	const PCRE2_SIZE *ovector = pcre2_get_ovector_pointer(all);

	*captures = (struct pattern_captures){ 0 };
	if (n == 0 || n > PATTERN_CAPTURES_MAX)
		n = PATTERN_CAPTURES_MAX; /* more groups than we keep */
	for (int i = 0; i < n; i++) {
		PCRE2_SIZE from = ovector[2 * i], to = ovector[2 * i + 1];

		/* \K in a look-ahead may put the end before the start. */
		if (from != PCRE2_UNSET && from <= to)
			captures->groups[i] = str_sub(subject, from, to);
	}
}

/* Did the match begin so near to the end that the next segment sees it, too? */
static bool
is_in_overlap(const pcre2_match_data *data, size_t end)
{
	pcre2_match_data *all = (pcre2_match_data *)(uintptr_t)data;

	return pcre2_get_ovector_pointer(all)[0] + PATTERN_OVERLAP >= end;
}

/*
 * The segment from `from` to `end`. What is before it stays in sight of "^",
 * "\A", "\b" and look-behind; what is behind it does not, so a match near the
 * end is left to the next segment, which knows how it goes on.
 */
static enum pattern_result
match_segment(const struct pattern *pattern, struct scratch *scratch,
    struct str subject, size_t from, size_t end,
    struct pattern_captures *captures)
{
	uint32_t options = pattern->is_utf8 ? PCRE2_NO_UTF_CHECK : 0;
	const char *text = subject.len > 0 ? subject.p : "";
	int rc;

	if (end < subject.len)
		options |= PCRE2_NOTEOL;
	rc = pcre2_match(pattern->code, (PCRE2_SPTR)text, end, from, options,
	    scratch->data, scratch->context);
	if (rc == PCRE2_ERROR_NOMATCH)
		return PATTERN_NO;
	if (rc < 0)
		return PATTERN_OVER_LIMIT;
	if (end < subject.len && is_in_overlap(scratch->data, end))
		return PATTERN_NO;
	if (captures != NULL)
		read_captures(
		    str_sub(subject, 0, end), scratch->data, rc, captures);
	return PATTERN_YES;
}

static int64_t
thread_cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
pattern_budget_spend(struct pattern_budget *budget)
{
	int64_t now_us = thread_cpu_us();

	if (budget->clock_us != 0)
		budget->cpu_us -= now_us - budget->clock_us;
	budget->clock_us = now_us;
}

/* Where a segment ends: not inside a character. */
static size_t
segment_end(const struct pattern *pattern, struct str subject, size_t from)
{
	size_t end = from + PATTERN_SEGMENT;

	if (end >= subject.len)
		return subject.len;
	return pattern->is_utf8 ? utf8_back(subject, end) : end;
}

static size_t
segment_start(const struct pattern *pattern, struct str subject, size_t end)
{
	size_t start = end - PATTERN_OVERLAP;

	return pattern->is_utf8 ? utf8_back(subject, start) : start;
}

static enum pattern_result
match_segments(const struct pattern *pattern, struct scratch *scratch,
    struct str subject, struct pattern_budget *budget,
    struct pattern_captures *captures)
{
	enum pattern_result result = PATTERN_NO, one;
	bool is_timed =
	    subject.len > UNTIMED_MAX || ++budget->n_short % UNTIMED_RUN == 0;
	size_t from = 0, end;

	if (is_timed && budget->clock_us == 0)
		pattern_budget_spend(budget);
	for (;;) {
		if (budget->cpu_us < 0)
			return PATTERN_OVER_BUDGET;
		end = segment_end(pattern, subject, from);
		one = match_segment(
		    pattern, scratch, subject, from, end, captures);
		if (is_timed)
			pattern_budget_spend(budget);
		if (one == PATTERN_YES)
			return PATTERN_YES;
		if (one != PATTERN_NO)
			result = one; /* a later segment may still match */
		if (end == subject.len)
			return result;
		from = segment_start(pattern, subject, end);
	}
}

enum pattern_result
pattern_match(const struct pattern *pattern, struct str subject,
    struct pattern_budget *budget, struct pattern_captures *captures_out)
{
	struct scratch *scratch = borrow_scratch();
	enum pattern_result result;

	pcre2_set_match_limit(scratch->context, budget->match_limit);
	result =
	    match_segments(pattern, scratch, subject, budget, captures_out);
	give_back_scratch(scratch);
	return result;
}
