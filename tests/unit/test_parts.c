/* A message that is taken apart in a session: when, for how long, and what
 * holds of attachments that nobody could look into. */
#include "session_kit.h"

#include "mime/mime.h"

/* A text, a page, a program and an archive with a name in both fields. */
#define MULTIPART                                                              \
	"--b\r\n\r\nhello\r\n"                                                 \
	"--b\r\nContent-Type: text/html\r\n\r\n<p>page</p>\r\n"                \
	"--b\r\nContent-Disposition: attachment; filename=a.exe\r\n"           \
	"Content-Type: application/octet-stream\r\n\r\nMZ\r\n"                 \
	"--b\r\nContent-Disposition: attachment; filename=\"b.zip\"\r\n"       \
	"Content-Type: application/zip; name=c.doc\r\n\r\nPK\r\n--b--\r\n"

static void
begin_mail(struct session *session)
{
	kit_mail(session, "<anna@example.org>", NULL);
	kit_rcpt(session, "<bob@example.net>");
	session_data(session);
	session_header(session, STR("Subject"), STR("hello"));
	session_header(
	    session, STR("Content-Type"), STR("multipart/mixed; boundary=b"));
	session_end_of_headers(session);
}

/* What the message's end is answered. */
static enum reply_kind
send_mail(struct session *session)
{
	begin_mail(session);
	session_body(session, STR(MULTIPART));
	return session_end(session).kind;
}

/* The rule at the end refuses if its condition is true. */
static bool
holds(const char *condition)
{
	struct buf rules = { 0 };
	struct session *session;
	enum reply_kind kind;

	buf_printf(&rules, "on message { r: reject \"no\" if %s }", condition);
	session = kit_connect(rules.p, true);
	kind = send_mail(session);
	session_free(session);
	buf_done(&rules);
	return kind == REPLY_REJECT;
}

static void
conditions_speak_of_one_attachment_or_of_all(void **state)
{
	static const struct {
		const char *condition;
		bool holds;
	} cases[] = {
		{ "attachment.count == 2", true },
		{ "attachment.name == \"a.exe\"", true },
		{ "attachment.name == \"b.zip\"", true },
		{ "attachment.name == \"c.doc\"", true },
		{ "attachment.size == 2", true },
		{ "attachment.size", true },
		{ "attachment.size > 2", false },
		{ "attachment.size in { 2 }", true },
		{ "part.type == \"text/html\"", true },
		{ "attachment.name == \"a.exe\" and "
		  "attachment.type == \"application/zip\"",
		    true },
		{ "attachment with (name == \"a.exe\" and "
		  "type == \"application/zip\")",
		    false },
		{ "attachment with (name == \"b.zip\" and "
		  "name == \"c.doc\")",
		    true },
		{ "attachment with (name == \"c.doc\" and "
		  "type == \"application/zip\" and subject == \"hello\")",
		    true },
		{ "attachment with (not name =~ /exe$/)", true },
		{ "not attachment with (name =~ /exe$/)", false },
		{ "attachment with (attachment.count == 2 and size < 3)",
		    true },
		/* The long word is no other than the short one. */
		{ "attachment with (name == \"b.zip\" and "
		  "attachment.name == \"a.exe\")",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		if (holds(cases[i].condition) != cases[i].holds)
			fail_msg("%s", cases[i].condition);
}

/* No helper is there: what it would have said is not known, nor its opposite.
 * Where the build has nothing that could say it, it is empty, as check warns. */
static void
what_nobody_could_look_into_is_unknown(void **state)
{
	static const char *const unknown[] = { "archive.name =~ /x/",
		"archive.name", "attachment.magic == \"x/y\"",
		"attachment.magic in { \"x/y\" }", "attachment.encrypted",
		"attachment with (archive =~ /x/)",
		"attachment with (name == \"a.exe\" and encrypted)" };
	bool could = inspect_has_magic() || inspect_has_archive();
	struct buf negated = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(unknown); i++) {
		buf_clear(&negated);
		buf_printf(&negated, "not (%s)", unknown[i]);
		if (holds(unknown[i]) || holds(negated.p) == could)
			fail_msg("%s: %s", could ? "known" : "not empty",
			    unknown[i]);
	}
	assert_int_equal(holds("mime.damage == \"inspection\""), could);
	assert_false(holds("mime.damage == \"archive\""));
	buf_done(&negated);
}

static void
rules_that_need_no_parts_cost_none(void **state)
{
	struct session *session =
	    kit_connect("on message { r: tag \"x\" if subject }", true);

	(void)state;
	begin_mail(session);
	assert_int_equal(
	    session_body(session, STR(MULTIPART)).kind, REPLY_SKIP);
	session_end(session);
	assert_null(session_mime(session));
	session_free(session);
}

static void
parts_last_until_the_next_event(void **state)
{
	struct session *session = kit_connect(
	    "on message { r: reject \"no\" if body =~ /hello/ }", true);
	struct buf text = { 0 };

	(void)state;
	begin_mail(session);
	assert_int_equal(
	    session_body(session, STR(MULTIPART)).kind, REPLY_CONTINUE);
	assert_null(session_mime(session)); /* it has not ended */
	assert_false(session_fact_value(session, FACT_BODY, 0, &text));
	assert_int_equal(session_end(session).kind, REPLY_REJECT);
	assert_non_null(session_mime(session));
	assert_int_equal(mime_n_parts(session_mime(session)), 5);
	assert_true(session_fact_value(session, FACT_BODY, 1, &text));
	assert_string_equal(text.p, "page");
	assert_false(session_fact_value(session, FACT_BODY, 2, &text));
	session_abort(session);
	assert_null(session_mime(session));
	kit_mail(session, "<anna@example.org>", NULL);
	assert_null(session_mime(session));
	assert_false(session_fact_value(session, FACT_BODY, 0, &text));
	session_free(session);
	buf_done(&text);
}

static void
who_is_exempt_is_not_taken_apart(void **state)
{
	struct session *session =
	    kit_connect("on headers { h: accept if subject } "
			"on message { r: add-header \"X\" \"1\" if body }",
		true);

	(void)state;
	begin_mail(session);
	assert_int_equal(
	    session_body(session, STR(MULTIPART)).kind, REPLY_SKIP);
	assert_int_equal(session_end(session).kind, REPLY_CONTINUE);
	session_free(session);
}

static void
tools_may_want_what_no_rule_needs(void **state)
{
	struct session *session = kit_connect("", true);
	struct buf text = { 0 };

	(void)state;
	session_want_content(session);
	send_mail(session);
	assert_true(session_fact_value(session, FACT_BODY, 0, &text));
	assert_true(
	    session_fact_value(session, FACT_ATTACHMENT_SIZE, 1, &text));
	assert_string_equal(text.p, "hello2");
	session_free(session);
	buf_done(&text);
}

static struct {
	unsigned part;
	size_t value, offset;
	char fact[64], text[64];
} told;

static void
note_match(void *context, const struct verdict_report *report)
{
	const struct verdict_match *match = report->match;

	(void)context;
	if (match == NULL)
		return;
	told.part = match->part == NULL ? 0 : match->part->number;
	told.value = match->value;
	told.offset = match->offset;
	snprintf(told.fact, sizeof(told.fact), "%.*s", STR_ARG(match->fact));
	snprintf(told.text, sizeof(told.text), "%.*s", STR_ARG(match->text));
}

static void
a_report_says_where_it_was_found(void **state)
{
	static const struct {
		const char *condition, *fact, *text;
		size_t value, offset;
		unsigned part;
	} cases[] = {
		{ "body =~ /ag./", "body", "age", 1, 1, 3 },
		{ "subject =~ /l+/", "subject", "ll", 0, 2, 0 },
		{ "attachment with (type =~ /zip/)", "attachment.type", "zip",
		    1, 12, 5 },
		{ "attachment with (name == \"c.doc\")", "attachment.name",
		    "c.doc", 2, 0, 5 },
		{ "attachment with (name == \"c.doc\" and type =~ /app/)",
		    "attachment.type", "app", 1, 0, 5 },
		{ "part.type in { \"text/html\" } and subject == \"hello\"",
		    "part.type", "text/html", 2, 0, 3 },
		{ "subject == \"hello\"", "", "", 0, 0, 0 },
		{ "not body =~ /none/ and attachment.size < 3", "", "", 0, 0,
		    0 },
	};

	(void)state;
	kit_engine.on_verdict = note_match;
	for (size_t i = 0; i < N_OF(cases); i++) {
		memset(&told, 0, sizeof(told));
		assert_true(holds(cases[i].condition));
		if (told.part != cases[i].part ||
		    told.value != cases[i].value ||
		    told.offset != cases[i].offset ||
		    strcmp(told.fact, cases[i].fact) != 0 ||
		    strcmp(told.text, cases[i].text) != 0)
			fail_msg("%s: %s[%zu] at %zu, \"%s\", part %u",
			    cases[i].condition, told.fact, told.value,
			    told.offset, told.text, told.part);
	}
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, kit_engine_begin, kit_engine_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(conditions_speak_of_one_attachment_or_of_all),
		TEST(what_nobody_could_look_into_is_unknown),
		TEST(rules_that_need_no_parts_cost_none),
		TEST(parts_last_until_the_next_event),
		TEST(who_is_exempt_is_not_taken_apart),
		TEST(tools_may_want_what_no_rule_needs),
		TEST(a_report_says_where_it_was_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
