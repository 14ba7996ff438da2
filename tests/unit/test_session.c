/* What stories cannot see of a session: which changes it asks the MTA for. */
#include "engine/session.h"

#include "base/log.h"
#include "rules_kit.h"

static const struct rules_io no_files;
static struct store *store;
static struct engine engine;

static int
set_up(void **state)
{
	const struct store_options memory = { .url = "memory" };
	struct buf error = { 0 };

	(void)state;
	log_setup("test", LOG_SINK_NONE, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	store = store_open(&memory, &error);
	engine_init(&engine, store, store, 1);
	return store == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	store_close(store);
	return 0;
}

/* A client that has connected, under these rules. */
static struct session *
begin(const char *text)
{
	struct session_client client = { .name = STR("a.example"), .port = 1 };
	struct ruleset *rules = kit_load_fine(&no_files, text);
	struct session *session = session_new(&engine, rules);

	ruleset_put(rules);
	assert_int_equal(ip_parse(STR("192.0.2.1"), &client.ip), 0);
	session_now(session, KIT_NOW_MS, true);
	session_connect(session, &client);
	return session;
}

static void
begin_message(struct session *session)
{
	session_mail(session, STR("<anna@example.org>"), NULL, 0);
	session_rcpt(session, STR("<bob@example.net>"), NULL, 0);
	session_data(session);
}

/* Ends the message; all its changes as one text. */
static void
end_message(struct session *session, struct buf *text)
{
	static const char *const names[] = { [CHANGE_ADD_HEADER] = "add",
		[CHANGE_SET_HEADER] = "set",
		[CHANGE_REMOVE_HEADER] = "remove",
		[CHANGE_QUARANTINE] = "quarantine",
		[CHANGE_ADD_RECIPIENT] = "add-recipient",
		[CHANGE_REMOVE_RECIPIENT] = "remove-recipient",
		[CHANGE_SET_SENDER] = "set-sender" };
	const struct change *changes;
	size_t n;

	buf_clear(text);
	session_end_of_headers(session);
	assert_int_equal(session_end(session).kind, REPLY_CONTINUE);
	changes = session_changes(session, &n);
	for (size_t i = 0; i < n; i++)
		buf_printf(text, "%s %.*s=%.*s/%zu; ", names[changes[i].kind],
		    STR_ARG(changes[i].name), STR_ARG(changes[i].value),
		    changes[i].n_present);
}

static void
what_is_set_or_removed_overrules_what_was_asked_for_before(void **state)
{
	static const struct {
		const char *actions, *changes;
	} cases[] = {
		{ "set-header \"X\" \"1\", set-header \"x\" \"2\"",
		    "set x=2/1; " },
		{ "set-header \"X\" \"1\", remove-header \"X\"",
		    "remove X=/1; " },
		{ "remove-header \"X\", set-header \"X\" \"1\"",
		    "set X=1/1; " },
		{ "set-header \"X\" \"1\", add-header \"X\" \"2\"",
		    "set X=1/1; add X=2/1; " },
		{ "add-header \"X\" \"1\", set-header \"X\" \"2\"",
		    "set X=2/1; " },
		{ "set-header \"X\" \"1\", set-header \"Y\" \"2\", "
		  "quarantine \"q\"",
		    "set X=1/1; set Y=2/0; quarantine =q/0; " },
	};
	struct buf rules = { 0 }, text = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct session *session;

		buf_clear(&rules);
		buf_printf(&rules, "on message { r: %s }", cases[i].actions);
		session = begin(rules.p);
		begin_message(session);
		session_header(session, STR("X"), STR("forged"));
		end_message(session, &text);
		assert_string_equal(text.p, cases[i].changes);
		session_free(session);
	}
	buf_done(&rules);
	buf_done(&text);
}

static void
forged_fields_behind_the_cap_are_counted(void **state)
{
	struct session *session =
	    begin("on connect { c: remove-header \"X-A\" }"
		  "on message { m: set-header \"X-B\" \"1\" }");
	struct buf text = { 0 };

	(void)state;
	for (int round = 0; round < 2; round++) {
		begin_message(session);
		session_header(session, STR("X-A"), STR("forged"));
		for (int i = 0; i < 1000; i++)
			session_header(session, STR("X"), STR("1"));
		session_header(session, STR("x-a"), STR("forged"));
		session_header(session, STR("X-B"), STR("forged"));
		session_header(session, STR("X-B"), STR("forged"));
		end_message(session, &text);
		assert_string_equal(text.p, "remove X-A=/2; set X-B=1/2; ");
	}
	session_free(session);
	buf_done(&text);
}

/* Were the connection to the MTA lost in between, nobody would lose mail. */
static void
changes_come_in_an_order_that_loses_nothing(void **state)
{
	struct session *session =
	    begin("on message { m: quarantine \"q\", "
		  "redirect \"new@example.net\", set-sender \"\", "
		  "add-header \"X-Sluice-A\" \"1\" }");
	struct buf text = { 0 };

	(void)state;
	begin_message(session);
	session_header(session, STR("x-sluice-a"), STR("forged"));
	end_message(session, &text);
	assert_string_equal(text.p,
	    "remove X-Sluice-A=/1; add X-Sluice-A=1/1; "
	    "add-recipient =new@example.net/0; "
	    "remove-recipient =bob@example.net/0; set-sender =/0; "
	    "quarantine =q/0; ");
	session_free(session);
	buf_done(&text);
}

/* Their number is the client's to choose. */
static void
thousands_of_recipients_are_redirected_each(void **state)
{
	struct session *session = begin("on rcpt { r: redirect "
					"\"${rcpt.to.local}@b.example\" }");
	struct buf path = { 0 };
	size_t n;

	(void)state;
	session_mail(session, STR("<anna@example.org>"), NULL, 0);
	for (int i = 0; i < 10000; i++) {
		buf_clear(&path);
		buf_printf(&path, "<r%d@a.example>", i);
		assert_int_equal(
		    session_rcpt(session, buf_str(&path), NULL, 0).kind,
		    REPLY_CONTINUE);
	}
	session_data(session);
	session_end_of_headers(session);
	session_end(session);
	session_changes(session, &n);
	assert_int_equal(n, 20000);
	session_free(session);
	buf_done(&path);
}

/* libmilter refuses an empty reason, and the message would go on its way. */
static void
a_reason_for_quarantine_is_one_line_and_never_empty(void **state)
{
	static const struct {
		const char *subject, *changes;
	} cases[] = {
		{ "odd", "quarantine =odd/0; " },
		{ "", "quarantine =hold/0; " },
		{ "=?utf-8?q?=00?=", "quarantine =hold/0; " },
		{ "=?utf-8?q?a=01b?=", "quarantine =a?b/0; " },
	};
	struct session *session =
	    begin("on headers { hold: quarantine \"${subject}\" }");
	struct buf text = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		begin_message(session);
		session_header(
		    session, STR("Subject"), str_of(cases[i].subject));
		end_message(session, &text);
		assert_string_equal(text.p, cases[i].changes);
	}
	session_free(session);
	buf_done(&text);
}

static void
a_message_that_was_accepted_for_good_is_not_open(void **state)
{
	struct session *session = begin("on mail { a: accept if bounce }");
	struct reply reply;

	(void)state;
	reply = session_mail(session, STR("<anna@example.org>"), NULL, 0);
	assert_int_equal(reply.kind, REPLY_CONTINUE);
	assert_true(session_in_message(session));
	reply = session_mail(session, STR("<>"), NULL, 0);
	assert_int_equal(reply.kind, REPLY_ACCEPT);
	assert_false(session_in_message(session));
	session_free(session);
}

static void
a_second_connect_begins_anew(void **state)
{
	struct session *session =
	    begin("on connect { c: score 1 } "
		  "on helo { h: score 10 if client.ptr == \"a.example\" } "
		  "on mail { m: tag \"${helo.name}\" if helo.name }");
	const struct session_client client = { .name = STR("a.example") };

	(void)state;
	session_macro(session, "{client_ptr}", "a.example");
	session_helo(session, STR("one.example"));
	session_connect(session, &client);
	assert_true(session_score(session) == 1);
	session_helo(session, STR("two.example"));
	session_helo(session, STR("two.example"));
	assert_true(session_score(session) == 11);
	session_connect(session, &client);
	session_mail(session, STR("<anna@example.org>"), NULL, 0);
	assert_false(session_has_tag(session, STR("two.example")));
	session_free(session);
}

/* libmilter lets it through behind an end that an old MTA tells twice. */
static void
a_field_behind_the_body_is_none(void **state)
{
	struct session *session =
	    begin("on message { t: add-header \"X\" \"${part.type}\" "
		  "if body =~ /hello/ and subject =~ /first/ }");
	struct buf text = { 0 };

	(void)state;
	begin_message(session);
	session_header(session, STR("Subject"), STR("first"));
	session_end_of_headers(session);
	session_body(session, STR("hello\r\n"));
	session_rcpt(session, STR("<carl@example.net>"), NULL, 0);
	session_header(session, STR("Content-Type"), STR("text/html"));
	session_header(session, STR("Subject"), STR("second"));
	session_body(session, STR("hello again\r\n"));
	end_message(session, &text);
	assert_string_equal(buf_str(&text).p, "add X=text/plain/0; ");
	buf_done(&text);
	session_free(session);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_is_set_or_removed_overrules_what_was_asked_for_before),
		cmocka_unit_test(forged_fields_behind_the_cap_are_counted),
		cmocka_unit_test(changes_come_in_an_order_that_loses_nothing),
		cmocka_unit_test(thousands_of_recipients_are_redirected_each),
		cmocka_unit_test(
		    a_reason_for_quarantine_is_one_line_and_never_empty),
		cmocka_unit_test(
		    a_message_that_was_accepted_for_good_is_not_open),
		cmocka_unit_test(a_second_connect_begins_anew),
		cmocka_unit_test(a_field_behind_the_body_is_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
