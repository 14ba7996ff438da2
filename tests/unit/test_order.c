/*
 * Events in an order that no MTA should send: steps that are missing, come
 * twice or belong to nothing. Rules run all the same, once, and limits count
 * what was accepted and nothing else.
 */
#include "session_kit.h"

#define N_EVENTS 20000
#define PACE_MAX 300

static const char each_stage[] =
    "on data { d: tag \"data\", score 1 } "
    "on headers { h: tag \"headers\", score 10 } "
    "on message { m: reject \"no\" if score != 11 }";

static void
steps_that_were_left_out_are_made_up_for_at_the_end(void **state)
{
	static const char *const cases[] = { "", "d", "h", "dh", "hd", "ddhh",
		"dhdh", "b", "db", "hb", "dhb", "bdh" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct session *session = kit_connect(each_stage, true);
		enum reply_kind kind;

		kit_mail(session, "<a@example.org>", NULL);
		kit_rcpt(session, "<b@example.net>");
		for (const char *step = cases[i]; *step != '\0'; step++) {
			if (*step == 'd')
				session_data(session);
			else if (*step == 'h')
				session_end_of_headers(session);
			else
				session_body(session, STR("body"));
		}
		kind = session_end(session).kind;
		if (kind != REPLY_CONTINUE)
			fail_msg("\"%s\": a stage was left out, or ran twice",
			    cases[i]);
		session_free(session);
	}
}

static void
a_refusal_of_a_step_that_was_left_out_comes_at_the_end(void **state)
{
	static const char *const stages[] = { "data", "headers", "message" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char text[100];
		struct session *session;
		struct reply reply;

		snprintf(text, sizeof(text),
		    "on %s { r: tempfail 451 4.7.5 \"later\" }", stages[i]);
		session = kit_connect(text, true);
		kit_mail(session, "<a@example.org>", NULL);
		kit_rcpt(session, "<b@example.net>");
		reply = session_end(session);
		assert_int_equal(reply.kind, REPLY_TEMPFAIL);
		assert_int_equal(reply.code, 451);
		session_free(session);
	}
}

static void
what_belongs_to_no_message_does_nothing(void **state)
{
	struct session *session = kit_connect(each_stage, true);

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    kit_rcpt(session, "<b@example.net>"), REPLY_CONTINUE);
		assert_int_equal(session_data(session).kind, REPLY_CONTINUE);
		session_header(session, STR("Subject"), STR("x"));
		assert_int_equal(
		    session_end_of_headers(session).kind, REPLY_CONTINUE);
		assert_int_equal(
		    session_body(session, STR("x")).kind, REPLY_CONTINUE);
		assert_int_equal(session_end(session).kind, REPLY_CONTINUE);
		session_abort(session);
		assert_false(session_in_message(session));
		kit_mail(session, "<a@example.org>", NULL);
		session_abort(session);
	}
	session_free(session);
}

/* What is known of a connection by what was sent and answered. */
struct model {
	unsigned random;
	bool is_open;
	unsigned n_open; /* recipients of the open message */
	unsigned n_kept;
};

static unsigned
any(struct model *model, unsigned below)
{
	model->random = model->random * 1103515245u + 12345u;
	return (model->random >> 16) % below;
}

static void
check_rcpt(struct session *session, struct model *model)
{
	bool has_room = model->n_kept + model->n_open < PACE_MAX;
	enum reply_kind kind = kit_rcpt(session, "<b@example.net>");

	assert_int_equal(kind,
	    model->is_open && !has_room ? REPLY_TEMPFAIL : REPLY_CONTINUE);
	if (model->is_open && has_room)
		model->n_open++;
}

static void
begin_or_drop(struct model *model, bool is_open)
{
	model->is_open = is_open;
	model->n_open = 0;
}

static void
any_event(struct session *session, struct model *model)
{
	struct session_client client = { .name = STR("a.example"), .port = 1 };

	assert_int_equal(ip_parse(STR("192.0.2.1"), &client.ip), 0);
	switch (any(model, 16)) {
	case 0:
		session_connect(session, &client);
		begin_or_drop(model, false);
		return;
	case 1:
		session_helo(session, STR("h"));
		begin_or_drop(model, false);
		return;
	case 2:
		session_abort(session);
		begin_or_drop(model, false);
		return;
	case 3:
	case 4:
		kit_mail(session, "<a@example.org>", NULL);
		begin_or_drop(model, true);
		return;
	case 5:
		session_data(session);
		return;
	case 6:
		session_header(session, STR("Subject"), STR("x"));
		return;
	case 7:
		session_end_of_headers(session);
		return;
	case 8:
		session_body(session, STR("body"));
		return;
	case 9:
		assert_int_equal(session_end(session).kind, REPLY_CONTINUE);
		model->n_kept += model->n_open;
		begin_or_drop(model, false);
		return;
	default:
		check_rcpt(session, model);
	}
}

static void
limits_count_what_was_accepted_in_whatever_order(void **state)
{
	struct model model = { .random = 1 };
	unsigned n_full = 0;

	(void)state;
	while (n_full < 20) {
		char text[200];
		struct session *session;

		snprintf(text, sizeof(text),
		    "limit l%u %d/1h recipients by mail.from "
		    "on rcpt { r: tempfail \"later\" if over l%u } "
		    "on message { s: score 1 if subject == \"x\" }",
		    n_full, PACE_MAX, n_full);
		session = kit_connect(text, true);
		for (int i = 0; i < N_EVENTS; i++)
			any_event(session, &model);
		assert_int_equal(model.n_kept, PACE_MAX);
		session_free(session);
		model = (struct model){ .random = model.random };
		n_full++;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    steps_that_were_left_out_are_made_up_for_at_the_end),
		cmocka_unit_test(
		    a_refusal_of_a_step_that_was_left_out_comes_at_the_end),
		cmocka_unit_test(what_belongs_to_no_message_does_nothing),
		cmocka_unit_test(
		    limits_count_what_was_accepted_in_whatever_order),
	};

	return cmocka_run_group_tests(tests, kit_engine_begin, kit_engine_end);
}
