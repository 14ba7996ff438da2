/*
 * The prefilter: never does a pattern match whose bit is not set. Tables of
 * what the two libraries read differently, and patterns made at random.
 */
#include "base/utf8.h"
#include "rules/prefilter.h"
#include "rules/superset.h"
#include "rules_kit.h"

#include <pthread.h>
#include <time.h>

#define N_THREADS 8
#define FILLERS   PREFILTER_MIN

static struct pattern *
compile(struct str text, const char *flags, bool is_utf8)
{
	struct buf error = { 0 };
	size_t offset;
	struct pattern *pattern =
	    pattern_new(text, str_of(flags), is_utf8, &error, &offset);

	buf_done(&error);
	return pattern;
}

/* Patterns of which nothing matches in what is tried here. */
static size_t
add_fillers(const struct pattern **patterns, bool is_utf8)
{
	for (size_t i = 0; i < FILLERS; i++)
		patterns[i] = compile(STR("~filler~[0-9]+~"), "", is_utf8);
	return FILLERS;
}

static void
free_all(const struct pattern **patterns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pattern_free((struct pattern *)(uintptr_t)patterns[i]);
}

static bool
is_set(const uint64_t *bits, size_t i)
{
	return (bits[i / 64] >> i % 64 & 1) != 0;
}

static struct pattern_budget
big_budget(void)
{
	return (struct pattern_budget){ 1000000, 1000000000, 0, 0 };
}

/* Aborts the test if a pattern matches that is no candidate. */
static void
expect_superset(const struct prefilter *prefilter,
    const struct pattern *const *patterns, size_t n, struct str text)
{
	uint64_t bits[64] = { 0 };
	struct pattern_budget budget = big_budget();

	assert_true(PREFILTER_WORDS(n) <= N_OF(bits));
	prefilter_scan(prefilter, text, &budget, bits);
	for (size_t i = 0; i < n; i++) {
		struct pattern_budget each = big_budget();

		if (is_set(bits, i) || pattern_match(patterns[i], text, &each,
					   NULL) != PATTERN_YES)
			continue;
		fail_msg("/%.*s/%.*s %s matches \"%.*s\" but is no candidate",
		    STR_ARG(pattern_text(patterns[i])),
		    STR_ARG(pattern_flags(patterns[i])),
		    pattern_is_utf8(patterns[i]) ? "text" : "bytes",
		    STR_ARG(text));
	}
}

static const char *const snippets[] = { "a", "b", "k", "K", "s", "S", "ü", "Ü",
	"ß", "в", "В", "€", "😀", "ᲀ", "7", "-", "_", " ", "  ", ".", ".",
	"\\.", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\h", "\\H", "\\v",
	"\\V", "\\b", "\\B", "\\R", "\\N", "\\X", "\\K", "\\A", "\\Z", "\\z",
	"\\G", "^", "$", "\\n", "\\r", "\\t", "\\x41", "\\x{e9}", "\\xe9",
	"\\x{17f}", "\\pL", "\\p{Lu}", "\\P{L}", "\\p{Cyrillic}", "[ab]",
	"[^a]", "[^k]", "[a-z]", "[^a-z]", "[\\w-]", "[^\\w]", "[^\\W_]",
	"[[:alpha:]]", "[[:^digit:]]", "[^[:space:]]", "[[:punct:]]", "[äöü]",
	"[^ä]", "[А-я]", "[]a]", "[^]a]", "[\\d.]", "[^\\n]", "[k-s]",
	"[[:upper:]x]", "\\Qa.b\\E", "(?i)", "(?-i)", "(?s)", "(?m)", "(?x) ",
	"(?#no)", "(?=a)", "(?!a)", "(?<=a)", "(?<!b)", "(?<=\\s)", "\\1",
	"foo", "free", "viagra", "Kiss", "\\x{212a}", "{", "{,2}", "{2}x" };

static const char *const pieces[] = { "a", "b", "A", "k", "K", "s", "S",
	"\xe2\x84\xaa", "\xc5\xbf", "ü", "Ü", "ß", "ẞ", "в", "В", "ᲀ", "é",
	"€", "😀", "7", "٣", "-", "_", " ", "\t", "\n", "\r\n", "\r", "\v", "\f",
	"\xc2\x85", "\xe2\x80\xa8", "\xc2\xa0", ".", "foo", "FREE", "viagra",
	"kiss", "KISS", "!", "{", "aaa", "ab", "ba", "0" };

static unsigned
dice(unsigned sides)
{
	return (unsigned)rand() % sides;
}

static void
add_snippets(struct buf *out, unsigned depth)
{
	static const char *const repeats[] = { "*", "+", "?", "{2}", "{1,3}",
		"{0,2}", "{3,}", "*?", "++", "{0}", "{40}", "{2,200}" };
	static const char *const heads[] = { "(", "(?:", "(?i:", "(?>",
		"(?=", "(?!", "(?<n>", "(?|", "(?s-i:", "(?-i:" };
	unsigned n = 1 + dice(4);

	for (unsigned i = 0; i < n; i++) {
		if (depth < 3 && dice(5) == 0) {
			buf_add_cstr(out, heads[dice(N_OF(heads))]);
			add_snippets(out, depth + 1);
			buf_byte(out, ')');
		} else {
			buf_add_cstr(out, snippets[dice(N_OF(snippets))]);
		}
		if (dice(4) == 0)
			buf_add_cstr(out, repeats[dice(N_OF(repeats))]);
		if (dice(8) == 0)
			buf_byte(out, '|');
	}
}

static void
add_pieces(struct buf *out, bool is_utf8)
{
	unsigned n = dice(12);

	for (unsigned i = 0; i < n; i++) {
		buf_add_cstr(out, pieces[dice(N_OF(pieces))]);
		if (!is_utf8 && dice(8) == 0)
			buf_byte(out, (char)(0x80 + dice(0x80)));
		if (dice(30) == 0)
			buf_byte(out, '\0');
	}
}

static const struct pattern *
random_pattern(bool is_utf8)
{
	static const char *const flags[] = { "", "", "i", "i", "s", "m", "x",
		"im", "ixs" };
	struct pattern *pattern = NULL;
	struct buf text = { 0 };

	while (pattern == NULL) {
		buf_clear(&text);
		add_snippets(&text, 0);
		pattern =
		    compile(buf_str(&text), flags[dice(N_OF(flags))], is_utf8);
	}
	buf_done(&text);
	return pattern;
}

/* One set of patterns made at random, and texts. */
static void
try_random(unsigned seed, size_t *n_refused, size_t *n_tried)
{
	const struct pattern *patterns[40];
	size_t n = 0;
	bool is_utf8 = seed % 3 != 0;
	struct prefilter *prefilter;
	struct buf text = { 0 };

	srand(seed);
	while (n < N_OF(patterns))
		patterns[n++] = random_pattern(is_utf8);
	prefilter = prefilter_new(patterns, n);
	for (int i = 0; i < 60 && prefilter != NULL; i++) {
		buf_clear(&text);
		add_pieces(&text, is_utf8);
		expect_superset(prefilter, patterns, n, buf_str(&text));
	}
	for (size_t i = 0; i < n && prefilter != NULL; i++)
		*n_refused += prefilter_refusal(prefilter, i) != NULL;
	*n_tried += n;
	buf_done(&text);
	prefilter_free(prefilter);
	free_all(patterns, n);
}

static void
test_no_pattern_matches_that_is_no_candidate(void **state)
{
	const char *more = getenv("PREFILTER_SEEDS");
	unsigned n = more != NULL ? (unsigned)atoi(more) : 20;
	size_t n_refused = 0, n_tried = 0;

	(void)state;
	for (unsigned seed = 1; seed <= n; seed++)
		try_random(seed, &n_refused, &n_tried);
	if (more != NULL)
		print_message("%zu of %zu refused\n", n_refused, n_tried);
}

/* Of PREFILTER_MIN patterns and more: the first is the one that is tried. */
static struct prefilter *
make_one(const char *text, const char *flags, bool is_utf8,
    const struct pattern **patterns)
{
	patterns[FILLERS] = compile(str_of(text), flags, is_utf8);
	add_fillers(patterns, is_utf8);
	if (patterns[FILLERS] == NULL)
		fail_msg("/%s/%s is none", text, flags);
	return prefilter_new(patterns, FILLERS + 1);
}

static bool
is_candidate(const struct prefilter *prefilter, struct str text)
{
	struct pattern_budget budget = big_budget();
	uint64_t bits[1];

	prefilter_scan(prefilter, text, &budget, bits);
	return is_set(bits, FILLERS);
}

#define TEXT  true
#define BYTES false

static const struct {
	const char *regex, *flags;
	bool is_utf8;
	const char *yes, *no;
} plain[] = {
	{ "viagra", "i", TEXT, "buy ViAgRa now", "buy via gra now" },
	{ "kiss", "i", TEXT, "a \xe2\x84\xaai\xc5\xbf\xc5\xbf", "kid" },
	{ "kiss", "i", BYTES, "KISS", "a \xe2\x84\xaai\xc5\xbf\xc5\xbf" },
	{ "\\bwon\\b", "", TEXT, "you won it", "you win it" },
	{ "\\bwon\\b", "", TEXT, "won", "a wonder" },
	{ "\\bwon\\b", "", TEXT, "(won)", "swon" },
	{ "\\b(?:cat|dog)\\b", "i", TEXT, "hot DOG!", "dogma concat" },
	{ "\\b(?:cat|dog)s?\\b", "", TEXT, "dogs", "dogsx" },
	{ "x\\b(?:-|y)", "", TEXT, "x-", "yy" },
	{ "x\\b(?:a|\\W)", "", TEXT, "x ", "ya" },
	{ "[a-z]{2}\\b!", "", TEXT, "ab!", "a_!" },
	{ "\\b\xc3\xa9t", "", TEXT, "l'\xc3\xa9t\xc3\xa9", "et" },
	{ "t\xc3\xa9\\b", "", TEXT, "\xc3\xa9t\xc3\xa9", "te" },
	{ "(?:a+\\b|b) c", "", TEXT, "a c", "ac" },
	{ "\\bkiss\\b", "i", TEXT, "\xe2\x84\xaai\xc5\xbfs", "akiss" },
	{ "free\\s+money", "i", TEXT, "FREE \t\n money", "freemoney" },
	{ "free\\s+money", "i", TEXT, "free\xc2\xa0money", "fre money" },
	{ "a.c", "", TEXT,
	    "a\xe2\x82\xac"
	    "c",
	    "a\nc" },
	{ "a.c", "s", TEXT, "a\nc", "ac" },
	{ "^ab", "", TEXT, "abc", "xabc" },
	{ "^ab", "m", TEXT, "x\nabc", "ac" },
	{ "\\d{3}-\\d{4}", "", TEXT, "555-1234", "55-1234" },
	{ "\\d\\d", "", TEXT, "\xd9\xa3\xd9\xa3", "x7" },
	{ "gr\xc3\xbc\xc3\x9f", "", TEXT, "gr\xc3\xbc\xc3\x9f", "gruss" },
	{ "gr\xc3\xbc\xc3\x9f", "i", TEXT, "GR\xc3\x9c\xe1\xba\x9e",
	    "gr\xc3\xb6\xc3\x9f" },
	{ "\xd0\xb2", "i", TEXT, "\xe1\xb2\x80", "\xd0\xb3" },
	{ "\xd0\xb2{2}", "i", TEXT, "\xd0\x92\xd0\xb2", "\xd0\xb2" },
	{ "(ab)+\\1x", "", TEXT, "ababx", "abab" },
	{ "foo(?!bar)", "", TEXT, "foobaz", "fo bar" },
	{ "(?<=foo)bar", "", TEXT, "foobar", "fooba" },
	{ "(?>a+)b", "", TEXT, "aab", "aaa" },
	{ "foo\\Kbar", "", TEXT, "foobar", "foo bar" },
	{ "(?i)won(?-i)X", "", TEXT, "WONX", "WONx" },
	{ "(?i:won)x", "", TEXT, "WoNx", "WoNX" },
	{ "a b # c\n d", "x", TEXT, "abd", "ab d" },
	{ "a{3,1000}b", "", TEXT, "aaaab", "aab" },
	{ "(?:[a-f]{8}-){4}x", "", TEXT,
	    "abcdefab-abcdefab-abcdefab-abcdefab-x", "abcdefab-x" },
	{ "a$", "", TEXT, "ba\n", "b" },
	{ "a\\z", "", TEXT, "ba", "b" },
	{ "\\xff\\xfe", "", BYTES, "a\xff\xfe", "a\xfe\xff" },
	{ "[^\\x00-\\x7f]{2}", "", BYTES, "a\xc3\xbc", "a\xc3" },
	{ "\xc3\xbc", "i", BYTES, "\xc3\xbc", "\xc3\x9c" },
	{ "x\\Ry", "", TEXT, "x\r\ny", "xy" },
	{ "x\\Ry", "", TEXT, "x\xe2\x80\xa8y", "x y" },
	{ "[[:alpha:]]7", "", TEXT,
	    "\xc3\xbc"
	    "7",
	    "-7" },
	{ "[^[:alpha:]]7", "", TEXT, "-7", "-8" },
	{ "[\\w.-]+@x", "", TEXT, "a.b-c@x", "a.b-c@y" },
	{ "\\x{1F600}!", "", TEXT, "\xf0\x9f\x98\x80!", "!" },
	{ "a(?#b)c", "", TEXT, "ac", "abc" },
	{ "(?<n>a)\\k<n>b", "", TEXT, "aab", "aa" },
	{ "a{0}bc", "", TEXT, "bc", "ab" },
	{ "{x}", "", TEXT, "{x}", "x" },
};

/* What is left out is what does not hold the word that it takes. */
static void
test_candidates_are_few_where_patterns_are_plain(void **state)
{
	const struct pattern *patterns[FILLERS + 1];

	(void)state;
	for (size_t i = 0; i < N_OF(plain); i++) {
		struct prefilter *prefilter = make_one(
		    plain[i].regex, plain[i].flags, plain[i].is_utf8, patterns);
		struct str yes = str_of(plain[i].yes), no = str_of(plain[i].no);

		assert_non_null(prefilter);
		if (prefilter_refusal(prefilter, FILLERS) != NULL)
			fail_msg("/%s/ is refused: %s", plain[i].regex,
			    prefilter_refusal(prefilter, FILLERS));
		if (!is_candidate(prefilter, yes) ||
		    is_candidate(prefilter, no))
			fail_msg("case %zu: /%s/%s", i, plain[i].regex,
			    plain[i].flags);
		expect_superset(prefilter, patterns, FILLERS + 1, yes);
		expect_superset(prefilter, patterns, FILLERS + 1, no);
		prefilter_free(prefilter);
		free_all(patterns, FILLERS + 1);
	}
}

/* Always candidates; the reason is for `check -v`. */
static void
test_what_is_not_read_for_sure_is_asked_always(void **state)
{
	static const struct {
		const char *regex, *flags, *reason;
	} cases[] = {
		{ "(*LIMIT_MATCH=10)abc", "", "verb" },
		{ "abc(*SKIP)d", "", "verb" }, { "(a|b(?R)?c)d", "", "group" },
		{ "(a)(?(1)b|c)d", "", "group" },
		{ "(?:a)(?1)?|(x)", "", "group" },
		{ "\\Qa.b\\E", "", "escape" }, { "a\\Xb", "", "escape" },
		{ "a\\012", "", "reference" }, { "a{,3}b", "", "repetition" },
		{ "a b +", "x", "repetition" },
		{ "\xc3\xbc"
		  "b",
		    "x", "flag x" },
		{ "x?", "", "nothing at all" }, { "\\b", "", "nothing at all" },
		{ "$", "", "nothing at all" },
		{ "(?=abc)", "", "nothing at all" },
		{ "(?:won\\b )+x", "", "repeated" },
		{ "a\xe2\x84\xaa", "", "U+212A" },
		{ "a|b^c", "", "anchor" }, /* what libhs itself says */
	};
	const struct pattern *patterns[FILLERS + 1];

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct prefilter *prefilter =
		    make_one(cases[i].regex, cases[i].flags, TEXT, patterns);
		const char *reason;

		assert_non_null(prefilter);
		reason = prefilter_refusal(prefilter, FILLERS);
		if (reason == NULL || strstr(reason, cases[i].reason) == NULL)
			fail_msg("/%s/: %s", cases[i].regex,
			    reason != NULL ? reason : "taken");
		assert_true(is_candidate(prefilter, STR("nothing of it")));
		prefilter_free(prefilter);
		free_all(patterns, FILLERS + 1);
	}
}

static void
test_few_patterns_have_no_prefilter(void **state)
{
	const struct pattern *patterns[FILLERS];

	(void)state;
	add_fillers(patterns, TEXT);
	assert_null(prefilter_new(patterns, PREFILTER_MIN - 1));
	free_all(patterns, FILLERS);
}

/* Whatever their bounds say, libhs is not given more than it can take. */
static void
test_large_repetitions_compile_soon(void **state)
{
	static const char *const regexes[] = { "a.{1000}b.{2000}c",
		"(?:(?:a{30}b){30}c){9}d", "(.{0,500}a){20}b",
		"[ab]{1,60}[bc]{1,60}[cd]{1,60}[de]{1,60}x",
		"(a|b|c|d|e){50}(b|c|d|e|f){50}(x|y|z){32}0",
		"(?:a?){100}a{100}", "x(.{1,30}){1,30}y",
		"[a-z]+.{0,30}[0-9]{0,30}.{0,30}[a-f]+.{0,30}z",
		"(\\w+\\s+){1,30}foo(\\w+\\s+){1,30}bar", "a{60000}b" };
	const struct pattern *patterns[FILLERS + N_OF(regexes)];
	size_t n = add_fillers(patterns, TEXT);
	struct prefilter *prefilter;
	clock_t begin;

	(void)state;
	for (size_t i = 0; i < N_OF(regexes); i++)
		if ((patterns[n] = compile(str_of(regexes[i]), "i", TEXT)) ==
		    NULL)
			fail_msg("/%s/ is none", regexes[i]);
		else
			n++;
	begin = clock();
	prefilter = prefilter_new(patterns, n);
	assert_non_null(prefilter);
	assert_true(clock() - begin < 5 * TIMES_SLOWER * CLOCKS_PER_SEC);
	if (getenv("PREFILTER_SEEDS") != NULL)
		print_message("%ld ms\n", (clock() - begin) / 1000);
	for (size_t i = 0; i < n; i++)
		if (prefilter_refusal(prefilter, i) != NULL)
			print_message("/%.*s/: %s\n",
			    STR_ARG(pattern_text(patterns[i])),
			    prefilter_refusal(prefilter, i));
	prefilter_free(prefilter);
	free_all(patterns, n);
}

/* The claim that superset_fold rests on: there are no others. */
static void
test_two_characters_are_ascii_letters_without_case(void **state)
{
	struct pattern *letter = compile(STR("[\\x00-\\x7f]"), "i", TEXT);
	struct pattern *cased = compile(STR("[\\x{80}-\\x{1ffff}]"), "i", TEXT);
	struct pattern_budget budget = big_budget();

	(void)state;
	for (uint32_t code = 0x80; code < 0x110000; code++) {
		char text[4] = { (char)(0xf0 | code >> 18),
			(char)(0x80 | (code >> 12 & 0x3f)),
			(char)(0x80 | (code >> 6 & 0x3f)),
			(char)(0x80 | (code & 0x3f)) };
		struct str one = { text, 4 };

		if (code < 0x800) {
			text[2] = (char)(0xc0 | code >> 6);
			one = str_from(one, 2);
		} else if (code < 0x10000) {
			text[1] = (char)(0xe0 | code >> 12);
			one = str_from(one, 1);
		}
		if (utf8_bad(one) >= 0)
			continue;
		/* And what cases.c rests on. */
		if (code >= 0x20000)
			assert_int_equal(
			    pattern_match(cased, one, &budget, NULL),
			    PATTERN_NO);
		assert_int_equal(pattern_match(letter, one, &budget, NULL),
		    code == 0x17f || code == 0x212a ? PATTERN_YES : PATTERN_NO);
	}
	pattern_free(letter);
	pattern_free(cased);
}

static void
test_folding_replaces_two_characters(void **state)
{
	static const char *const cases[][2] = {
		{ "", NULL },
		{ "kiss", NULL },
		{ "\xe2\x84\xaai\xc5\xbf\xc5\xbf", "kiss" },
		{ "a\xe2\x84\xaa", "ak" },
		{ "\xc5\xbf"
		  "b\xe2\x82\xac",
		    "sb\xe2\x82\xac" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct buf out = { 0 };

		assert_int_equal(superset_fold(str_of(cases[i][0]), &out),
		    cases[i][1] != NULL);
		if (cases[i][1] != NULL)
			assert_string_equal(out.p, cases[i][1]);
		buf_done(&out);
	}
}

/* Time spent in libhs is time of the message. */
static void
test_a_scan_is_paid_for(void **state)
{
	const struct pattern *patterns[FILLERS + 1];
	struct prefilter *prefilter = make_one("fo+bar", "", TEXT, patterns);
	struct pattern_budget budget = big_budget();
	int64_t before = budget.cpu_us;
	size_t len = 64 * 1024 * 1024;
	char *text = xmalloc(len);

	(void)state;
	memset(text, 'o', len);
	assert_false(is_candidate(prefilter, (struct str){ text, len }));
	{
		uint64_t bits[1];

		prefilter_scan(
		    prefilter, (struct str){ text, len }, &budget, bits);
	}
	assert_true(budget.cpu_us < before);
	free(text);
	prefilter_free(prefilter);
	free_all(patterns, FILLERS + 1);
}

struct crowd {
	const struct prefilter *prefilter;
	const struct pattern *const *patterns;
	size_t n;
};

static void *
scan_often(void *context)
{
	const struct crowd *crowd = context;

	for (int i = 0; i < 500; i++) {
		expect_superset(crowd->prefilter, crowd->patterns, crowd->n,
		    STR("you won 555-1234"));
		expect_superset(
		    crowd->prefilter, crowd->patterns, crowd->n, STR("free"));
	}
	return NULL;
}

static void
test_many_threads_scan_at_once(void **state)
{
	const struct pattern *patterns[FILLERS + 1];
	struct prefilter *prefilter =
	    make_one("won \\d{3}-", "", TEXT, patterns);
	struct crowd crowd = { prefilter, patterns, FILLERS + 1 };
	pthread_t threads[N_THREADS];

	(void)state;
	for (int i = 0; i < N_THREADS; i++)
		pthread_create(&threads[i], NULL, scan_often, &crowd);
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	prefilter_free(prefilter);
	free_all(patterns, FILLERS + 1);
}

static void
test_without_libhs_there_is_no_prefilter(void **state)
{
	const struct pattern *patterns[FILLERS];

	(void)state;
	add_fillers(patterns, TEXT);
	assert_null(prefilter_new(patterns, FILLERS));
	assert_string_not_equal(prefilter_version(), "");
	free_all(patterns, FILLERS);
}

int
main(void)
{
	static const struct CMUnitTest with[] = {
		cmocka_unit_test(
		    test_candidates_are_few_where_patterns_are_plain),
		cmocka_unit_test(
		    test_what_is_not_read_for_sure_is_asked_always),
		cmocka_unit_test(test_few_patterns_have_no_prefilter),
		cmocka_unit_test(test_large_repetitions_compile_soon),
		cmocka_unit_test(
		    test_two_characters_are_ascii_letters_without_case),
		cmocka_unit_test(test_folding_replaces_two_characters),
		cmocka_unit_test(test_a_scan_is_paid_for),
		cmocka_unit_test(test_many_threads_scan_at_once),
		cmocka_unit_test(test_no_pattern_matches_that_is_no_candidate),
	};
	static const struct CMUnitTest without[] = {
		cmocka_unit_test(
		    test_two_characters_are_ascii_letters_without_case),
		cmocka_unit_test(test_folding_replaces_two_characters),
		cmocka_unit_test(test_without_libhs_there_is_no_prefilter),
	};

	if (!prefilter_is_available())
		return cmocka_run_group_tests(without, NULL, NULL);
	return cmocka_run_group_tests(with, NULL, NULL);
}
