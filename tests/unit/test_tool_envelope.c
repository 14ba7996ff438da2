/*
 * What a mail in a file may have come with: from options, from the mail, or
 * made up and said so.
 */
#include "tool/corpus/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

/* want: IP|NAME|HELO|FROM|RCPT with the first letter of where each is from. */
struct envelope_case {
	const char *what;
	const char *mail;
	const char *want;
};

static const struct envelope_case cases[] = {
	{ "nothing is known", "Subject: x\n\n",
	    "192.0.2.1 client.example.net (p)|client.example.net (p)|"
	    "sender@example.net (p)|recipient@example.org (p)" },
	{ "Postfix",
	    "Return-Path: <a@example.net>\n"
	    "Delivered-To: b@example.org\n"
	    "Received: from helo.example (name.example [198.51.100.7])\n"
	    "\tby mx (Postfix) with ESMTP\n"
	    "From: c@example.com\nTo: d@example.org\n\n",
	    "198.51.100.7 name.example (R)|helo.example (R)|"
	    "a@example.net (R)|b@example.org (D)" },
	{ "our own hops are stepped over",
	    "Received: from x (localhost [127.0.0.1]) by y\n"
	    "Received: from x (filter [10.1.2.3]) by y\n"
	    "Received: by y with local\n"
	    "Received: from h6 (unknown [IPv6:2001:db8::7]) by y\n"
	    "Received: from far (far [203.0.113.9]) by x\n\n",
	    "2001:db8::7  (R)|h6 (R)|sender@example.net (p)|"
	    "recipient@example.org (p)" },
	{ "Sendmail's words around the name",
	    "Received: from helo (root@name.example [198.51.100.7] (may be "
	    "forged))\n\n",
	    "198.51.100.7 name.example (R)|helo (R)|"
	    "sender@example.net (p)|recipient@example.org (p)" },
	{ "a bounce", "Return-Path: <>\nFrom: c@example.com\n\n",
	    "192.0.2.1 client.example.net (p)|client.example.net (p)|"
	    " (R)|recipient@example.org (p)" },
	{ "From and To, the first of them",
	    "From: C <c@example.com>\nTo: D <d@example.org>, e@example.org\n\n",
	    "192.0.2.1 client.example.net (p)|client.example.net (p)|"
	    "c@example.com (F)|d@example.org (T)" },
	{ "an empty To tells nothing", "To: undisclosed-recipients:;\n\n",
	    "192.0.2.1 client.example.net (p)|client.example.net (p)|"
	    "sender@example.net (p)|recipient@example.org (p)" },
	{ "the first of two of one kind",
	    "Delivered-To: a@example.org\nDelivered-To: b@example.org\n"
	    "X-Original-To: c@example.org\n\n",
	    "192.0.2.1 client.example.net (p)|client.example.net (p)|"
	    "sender@example.net (p)|c@example.org (X)" },
	{ "only of the header", "A: b\n\nReturn-Path: <x@example.org>\n",
	    "192.0.2.1 client.example.net (p)|client.example.net (p)|"
	    "sender@example.net (p)|recipient@example.org (p)" },
	{ "Received that makes no sense",
	    "Received: from\nReceived: from [\nReceived: from ]x[\n"
	    "Received: from x ([999.1.1.1])\nReceived:\n\n",
	    "192.0.2.1 client.example.net (p)|client.example.net (p)|"
	    "sender@example.net (p)|recipient@example.org (p)" },
};

static void
add_text(struct buf *out, const struct envelope_text *text)
{
	buf_printf(out, "|%.*s (%c)", STR_ARG(text->text), text->origin[0]);
}

static void
describe(const struct envelope *envelope, struct buf *out)
{
	char text[IP_TEXT_MAX];

	buf_printf(out, "%s %.*s (%c)", ip_text(&envelope->client.ip, text).p,
	    STR_ARG(envelope->client.name), envelope->client_origin[0]);
	add_text(out, &envelope->helo);
	add_text(out, &envelope->from);
	for (size_t i = 0; i < envelope->n_rcpts; i++)
		add_text(out, &envelope->rcpts[i]);
}

static void
the_mail_tells_what_it_came_with(void **state)
{
	const struct envelope_options none = { 0 };
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct arena *arena = arena_new(1000);
		struct envelope envelope;

		buf_clear(&out);
		envelope_of_mail(
		    &none, str_of(cases[i].mail), arena, &envelope);
		describe(&envelope, &out);
		if (!str_is(buf_str(&out), cases[i].want))
			fail_msg("%s: %s", cases[i].what, buf_str(&out).p);
		arena_free(arena);
	}
	buf_done(&out);
}

static void
options_come_before_the_mail(void **state)
{
	struct envelope_options options = { .client = "203.0.113.1",
		.from = "<x@example.net>",
		.user = "anna",
		.rcpts = { "y@example.org", "<z@example.org>" } };
	struct arena *arena = arena_new(1000);
	struct envelope envelope;
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(envelope_check(NULL, &options), 0);
	envelope_of_mail(&options, str_of(cases[1].mail), arena, &envelope);
	describe(&envelope, &out);
	/* The name and the greeting were those of another client. */
	assert_string_equal(out.p,
	    "203.0.113.1  (-)|client.example.net (p)|x@example.net (-)|"
	    "y@example.org (-)|z@example.org (-)");
	assert_true(str_is(envelope.user.text, "anna"));
	assert_true(str_is(envelope.daemon.text, "mx"));
	buf_done(&out);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mail_tells_what_it_came_with),
		cmocka_unit_test(options_come_before_the_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
