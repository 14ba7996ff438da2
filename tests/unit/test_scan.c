/*
 * Patterns scanned together: what rules say of mail is the same with libhs and
 * without, and what runs out of budget is told of the rule that asked.
 */
#include "engine/state.h"
#include "rules/prefilter.h"
#include "session_kit.h"

#define TOLD_MAX 32

/* Two facts at two stages, of one value and of several, and a table. */
static const char rules_text[] =
    "table words regex file \"words.txt\"\n"
    "on headers {\n"
    "  s1: tag \"s1\" if subject =~ /\\bwon\\b/i\n"
    "  s2: tag \"s2\" if subject =~ /fr[e3]{2}/i\n"
    "  s3: tag \"s3\" if subject =~ /^\\s*$/\n"
    "  s4: tag \"s4\" if subject =~ /(a)\\1x/\n"
    "  s5: tag \"s5\" if subject =~ /[0-9]{3}-[0-9]{4}/\n"
    "  s6: tag \"s6\" if not (subject =~ /viagra/i)\n"
    "  s7: tag \"s7\" if subject !~ /k[i1]ss/i\n"
    "  s8: tag \"s8\" if subject =~ /gr\xc3\xbc\xc3\x9f/i\n"
    "  s9: tag \"s9\" if every subject =~ /./\n"
    "  t1: tag \"t-${value(words, subject)}\" if subject in words\n"
    "}\n"
    "on message {\n"
    "  m1: tag \"m1-${match}\" if subject =~ /w[o0]n|lost/i\n"
    "  m2: tag \"m2\" if subject =~ /\\bwon\\b/i\n"
    "  x1: tag \"x1\" if header[\"X\"] =~ /one/\n"
    "  x2: tag \"x2\" if header[\"X\"] =~ /two/\n"
    "  x3: tag \"x3\" if header[\"x\"] =~ /three/\n"
    "  x4: tag \"x4\" if every header[\"X\"] =~ /e$/\n"
    "  x5: tag \"x5\" if header[\"X\"] =~ /five/\n"
    "  x6: tag \"x6\" if header[\"X\"] =~ /six/\n"
    "  x7: tag \"x7\" if header[\"X\"] =~ /sev(?=en)/\n"
    "  x8: tag \"x8\" if header[\"X\"] !~ /eight/\n"
    "  b1: tag \"b1\" if body.raw =~ /\\bwon\\b/i\n"
    "  b2: tag \"b2\" if body.raw =~ /\\xe9/\n"
    "  b3: tag \"b3\" if body.raw =~ /^line/m\n"
    "  b4: tag \"b4\" if body.raw =~ /end\\z/\n"
    "  b5: tag \"b5\" if body.raw =~ /a.c/s\n"
    "  b6: tag \"b6\" if body.raw =~ /[^\\x00-\\x7f]{2}/\n"
    "  b7: tag \"b7\" if body.raw =~ /kiss/i\n"
    "  b8: tag \"b8\" if body.raw =~ /(?:x\\d+){3}/\n"
    "}\n";

static const char words_text[] =
    "/\\bwon\\b/i first\n/fr[e3]{2}/i second\n/^\\s*$/ none\n/(a)\\1x/ third\n"
    "/[0-9]{3}-[0-9]{4}/ phone\n/viagra/i pill\n/k[i1]ss/i kiss\n"
    "/gr\xc3\xbc\xc3\x9f/i gruss\n/\\xff/ byte\n/w.n/ never\n";

static struct ruleset *
load(const char *text, bool one_by_one, uint32_t budget_ms)
{
	static struct kit_files files;
	static struct rules_io io;
	struct rules_options options;
	struct diags *diags = diags_new();
	struct buf said = { 0 };
	struct ruleset *rules;

	kit_options(&options);
	if (files.n == 0)
		kit_write(&files, "words.txt", str_of(words_text));
	io = kit_io(&files);
	options.one_by_one = one_by_one;
	options.scan_budget_ms = budget_ms;
	rules =
	    ruleset_load_text(&io, "a.rules", str_of(text), &options, diags);
	diags_render(diags, &said);
	if (rules == NULL)
		fail_msg("%s", said.p);
	buf_done(&said);
	diags_free(diags);
	return rules;
}

static struct session *
begin_mail(struct ruleset *rules)
{
	struct session_client client = { .name = STR("a.example"), .port = 1 };
	struct session *session = session_new(&kit_engine, rules);

	session_now(session, KIT_NOW_MS, true);
	session_connect(session, &client);
	kit_mail(session, "<anna@example.org>", NULL);
	kit_rcpt(session, "<bob@example.net>");
	session_data(session);
	return session;
}

/* The tags that a mail gets, joined. */
static void
tags_of(struct ruleset *rules, const char *const *subjects,
    const char *const *xs, const char *body, struct buf *out)
{
	struct session *session = begin_mail(rules);
	const struct scope *scope;

	for (; *subjects != NULL; subjects++)
		session_header(session, STR("Subject"), str_of(*subjects));
	for (; *xs != NULL; xs++)
		session_header(session, STR("X"), str_of(*xs));
	session_end_of_headers(session);
	session_body(session, str_of(body));
	session_end(session);
	scope = &session->message->scope;
	for (size_t i = 0; i < scope->n_tags; i++)
		buf_printf(out, "%.*s ", STR_ARG(scope->tags[i]));
	session_free(session);
}

static const char *const subjects[][4] = { { NULL }, { "", NULL },
	{ "You won", NULL }, { "you WON a fr33 kiss", NULL },
	{ "wonder", "frozen", "k1ss", NULL }, { "aax", NULL },
	{ "=?utf-8?q?GR=C3=9C=E1=BA=9E?=", NULL },
	{ "=?utf-8?q?=E2=84=AAi=C5=BF=C5=BF?=", NULL }, { "   ", NULL },
	{ "call 555-1234", "Viagra", NULL }, { "\xff\xfe", NULL } };
static const char *const xs[][4] = { { NULL }, { "one", NULL },
	{ "two", "three", "one", NULL }, { "se", "five", NULL },
	{ "seven", "seve", NULL }, { "six", "eight", NULL } };
static const char *const bodies[] = { "", "you won\r\n", "x\nline 2\r\n",
	"caf\xe9", "\xe2\x84\xaaiss KISS", "a\nc", "x1x22x333", "the end",
	"\xc3\xbc\xc3\xbc" };

static void
test_rules_say_the_same_with_and_without_libhs(void **state)
{
	struct ruleset *together = load(rules_text, false, 10000);
	struct ruleset *alone = load(rules_text, true, 10000);
	const struct program *program = ruleset_program(together);

	(void)state;
	assert_int_equal(program->n_scans, 3);
	for (size_t i = 0; i < program->n_scans; i++)
		assert_int_equal(program->scans[i].prefilter != NULL,
		    prefilter_is_available());
	for (size_t i = 0; i < N_OF(subjects) * N_OF(xs) * N_OF(bodies); i++) {
		struct buf a = { 0 }, b = { 0 };
		const char *const *subject = subjects[i % N_OF(subjects)];
		const char *const *x = xs[i / N_OF(subjects) % N_OF(xs)];
		const char *body = bodies[i / N_OF(subjects) / N_OF(xs)];

		tags_of(together, subject, x, body, &a);
		tags_of(alone, subject, x, body, &b);
		if (!str_eq(buf_str(&a), buf_str(&b)))
			fail_msg("mail %zu: %s; without: %s", i, a.p, b.p);
		buf_done(&a);
		buf_done(&b);
	}
	ruleset_put(together);
	ruleset_put(alone);
}

/* A scan that finds nothing worth asking is what all this is for: of a mail
 * that no pattern matches, the second stage costs no scan at all. */
static void
test_a_value_is_scanned_once(void **state)
{
	struct ruleset *rules = load(rules_text, false, 10000);
	struct session *session = begin_mail(rules);
	struct scan_found *found;

	(void)state;
	session_header(session, STR("Subject"), STR("nothing of it"));
	session_end_of_headers(session);
	found = session->message->found;
	assert_int_equal(found != NULL, prefilter_is_available());
	session_end(session);
	assert_ptr_equal(session->message->found == NULL ? NULL : found, found);
	/* The next message begins anew. */
	kit_mail(session, "<anna@example.org>", NULL);
	assert_null(session->message->found);
	session_free(session);
	ruleset_put(rules);
}

/* What on_spent told: "rule action;". */
static struct buf told;

static void
note_spent(void *context, struct str rule, const char *action)
{
	(void)context;
	buf_printf(&told, "%.*s %s;", STR_ARG(rule), action);
}

static void
send_subject(struct session *session, struct str subject)
{
	kit_mail(session, "<anna@example.org>", NULL);
	kit_rcpt(session, "<bob@example.net>");
	session_data(session);
	session_header(session, STR("Subject"), subject);
	session_end_of_headers(session);
	session_end(session);
}

static void
expect_told(const char *want)
{
	assert_string_equal(told.len > 0 ? told.p : "", want);
	buf_clear(&told);
}

static const char spent_rules[] =
    "table slow regex { /^(b+b+)+[yz]$/ }\n"
    "on headers if subject !~ /^(c+c+)+[yz]$/ {\n"
    "  fine: tag \"a\" if subject =~ /^x/\n"
    "  bad:  tag \"b\" if subject =~ /^(a+a+)+[yz]$/ or"
    "        subject =~ /^(a+a+)+[xyz]$/\n"
    "  tab:  tag \"c\" if subject in slow\n"
    "}\n"
    "on message {\n"
    "  again: tag \"d\" if subject =~ /^(a+a+)+[wz]$/\n"
    "  words: tag \"e-${value(slow, subject)}\"\n"
    "}\n";

/* Once for a message, rule and reason; also of a block, a table, a text. */
static void
test_what_runs_out_is_told_of_its_rule(void **state)
{
	struct ruleset *rules = load(spent_rules, false, 10000);
	struct session_client client = { .name = STR("a.example"), .port = 1 };
	struct session *session;

	(void)state;
	kit_engine.on_spent = note_spent;
	session = session_new(&kit_engine, rules);
	session_now(session, KIT_NOW_MS, true);
	session_connect(session, &client);
	send_subject(session, STR("fine"));
	expect_told("");
	for (int i = 0; i < 2; i++) {
		send_subject(
		    session, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
		expect_told("bad regex-limit;again regex-limit;");
	}
	send_subject(session, STR("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
	expect_told("tab regex-limit;words regex-limit;");
	send_subject(session, STR("cccccccccccccccccccccccccccccccccccccc"));
	expect_told("fine regex-limit;");
	session_free(session);
	ruleset_put(rules);
	buf_done(&told);
}

/* A budget of nothing: every rule that asks has no answer, and is told so. */
static void
test_a_spent_budget_is_told_of_each_rule(void **state)
{
	static const char text[] =
	    "on message {\n"
	    "  one: tag \"1\" if body.raw =~ /(?:a|b)*[cd]/\n"
	    "  two: tag \"2\" if body.raw =~ /x/ or body.raw =~ /y/\n"
	    "  far: tag \"3\" if mime.damage == \"scan-budget\"\n"
	    "}\n";
	struct ruleset *rules = load(text, true, 0);
	struct session *session;
	size_t len = 60000;
	char *body = xmalloc(len);

	(void)state;
	memset(body, 'a', len);
	kit_engine.on_spent = note_spent;
	session = begin_mail(rules);
	session_end_of_headers(session);
	for (int i = 0; i < 8; i++)
		session_body(session, (struct str){ body, len });
	session_end(session);
	assert_true(session_has_tag(session, STR("3")));
	/* The first may have run into the other limit before. */
	assert_non_null(strstr(told.p, "two scan-budget;"));
	assert_null(strstr(strstr(told.p, "two scan-budget;") + 1, "two"));
	session_free(session);
	ruleset_put(rules);
	buf_done(&told);
	free(body);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_rules_say_the_same_with_and_without_libhs,
		    kit_engine_begin, kit_engine_end),
		cmocka_unit_test_setup_teardown(test_a_value_is_scanned_once,
		    kit_engine_begin, kit_engine_end),
		cmocka_unit_test_setup_teardown(
		    test_what_runs_out_is_told_of_its_rule, kit_engine_begin,
		    kit_engine_end),
		cmocka_unit_test_setup_teardown(
		    test_a_spent_budget_is_told_of_each_rule, kit_engine_begin,
		    kit_engine_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
