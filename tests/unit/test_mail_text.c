/*
 * A mail's text as fields and body: what an MTA would have handed on, whatever
 * the lines end with and however small the pieces that the body is asked for in.
 */
#include "mime/mail_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table)  (sizeof(table) / sizeof((table)[0]))
#define PIECE_MAX    9
#define PIECE_FILLED 'Q' /* what no test says */

/* fields: "NAME=VALUE|" of each. */
struct mail_case {
	const char *what;
	const char *text;
	const char *fields;
	const char *body;
};

static const struct mail_case cases[] = {
	{ "LF becomes CR LF in the body",
	    "From: a@example.org\nSubject: x\n\none\ntwo\n",
	    "From=a@example.org|Subject=x|", "one\r\ntwo\r\n" },
	{ "CR LF stays", "A: b\r\nC: d\r\n\r\none\r\ntwo\r\n", "A=b|C=d|",
	    "one\r\ntwo\r\n" },
	{ "a bare LF on the wire stays one", "A: b\r\n\r\none\ntwo\r\n", "A=b|",
	    "one\ntwo\r\n" },
	{ "CR LF amid lines of LF is not doubled", "A: b\n\none\r\ntwo\n",
	    "A=b|", "one\r\ntwo\r\n" },
	{ "a CR amid a line stays", "A: b\n\non\re\n", "A=b|", "on\re\r\n" },
	{ "a folded field is joined by LF", "A: b\n c\n\td\n\n",
	    "A=b\n c\n\td|", "" },
	{ "a folded field with CR LF, too", "A:\r\n b\r\n\r\n", "A=\n b|", "" },
	{ "one blank behind the colon is none of the value",
	    "A:  b\nC:d\nE:\tf\nG:\n\n", "A= b|C=d|E=f|G=|", "" },
	{ "blanks before the colon", "A : b\n\n", "A=b|", "" },
	{ "a line with a blank only goes on with its field",
	    "A: b\n \nC: d\n\n", "A=b\n |C=d|", "" },
	{ "a line that is no field begins the body", "A: b\nno field\nC: d\n",
	    "A=b|", "no field\r\nC: d\r\n" },
	{ "a name with a blank is none", "A b: c\n", "", "A b: c\r\n" },
	{ "a name with 8 bits is none", "\303\204: c\n", "",
	    "\303\204: c\r\n" },
	{ "a colon alone is none", ": c\n", "", ": c\r\n" },
	{ "a blank at the very beginning", " A: b\n", "", " A: b\r\n" },
	{ "a last line without its end gets one", "A: b\n\nend", "A=b|",
	    "end\r\n" },
	{ "also behind a CR", "A: b\n\nend\r", "A=b|", "end\r\r\n" },
	{ "a field without its end", "A: b", "A=b|", "" },
	{ "a body only", "\nbody\n", "", "body\r\n" },
	{ "nothing", "", "", "" },
	{ "an empty line only", "\n", "", "" },
	{ "empty lines", "A: b\n\n\n\n", "A=b|", "\r\n\r\n" },
	{ "a From line of a mailbox is skipped",
	    "From a@example.org Mon Jan  1 00:00:00 2026\nA: b\n\nx\n", "A=b|",
	    "x\r\n" },
	{ "only the first", "From a\nFrom b\nA: b\n", "",
	    "From b\r\nA: b\r\n" },
	{ "a From line alone, without its end", "From a", "", "From a\r\n" },
};

static void
read_fields(struct mail_text *mail, struct buf *out)
{
	struct str name, value;

	while (mail_text_field(mail, &name, &value)) {
		buf_add(out, name);
		buf_byte(out, '=');
		buf_add(out, value);
		buf_byte(out, '|');
	}
}

static void
read_body(struct mail_text *mail, size_t size, struct buf *out)
{
	char piece[PIECE_MAX + 1];
	size_t n;

	do {
		memset(piece, PIECE_FILLED, sizeof(piece));
		n = mail_text_body(mail, piece, size);
		assert_true(n <= size);
		assert_int_equal(piece[size], PIECE_FILLED);
		buf_add(out, (struct str){ piece, n });
	} while (n > 0);
	assert_int_equal(mail_text_body(mail, piece, size), 0);
}

static void
check_case(const struct mail_case *c, size_t size)
{
	struct buf fields = { 0 }, body = { 0 };
	struct mail_text mail;
	bool is_right;

	mail_text_init(&mail, str_of(c->text));
	read_fields(&mail, &fields);
	read_body(&mail, size, &body);
	is_right = str_is(buf_str(&fields), c->fields) &&
		   str_is(buf_str(&body), c->body);
	if (!is_right)
		fail_msg("%s (pieces of %zu): fields \"%.*s\", body \"%.*s\"",
		    c->what, size, STR_ARG(buf_str(&fields)),
		    STR_ARG(buf_str(&body)));
	mail_text_done(&mail);
	buf_done(&fields);
	buf_done(&body);
}

static void
a_mail_is_read_as_an_mta_hands_it_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		for (size_t size = 2; size <= PIECE_MAX; size++)
			check_case(&cases[i], size);
}

static void
bytes_that_end_strings_are_bytes(void **state)
{
	struct buf fields = { 0 }, body = { 0 };
	struct mail_text mail;

	(void)state;
	mail_text_init(&mail, STR("A: b\0c\n\nd\0\ne\0"));
	read_fields(&mail, &fields);
	read_body(&mail, PIECE_MAX, &body);
	assert_true(str_eq(buf_str(&fields), STR("A=b\0c|")));
	assert_true(str_eq(buf_str(&body), STR("d\0\r\ne\0\r\n")));
	mail_text_done(&mail);
	buf_done(&fields);
	buf_done(&body);
}

static void
the_body_needs_no_fields_read_before(void **state)
{
	struct buf body = { 0 };
	struct mail_text mail;
	struct str name, value;

	(void)state;
	mail_text_init(&mail, STR("\nx: y\n"));
	assert_false(mail_text_field(&mail, &name, &value));
	assert_false(mail_text_field(&mail, &name, &value));
	read_body(&mail, 2, &body);
	assert_true(str_is(buf_str(&body), "x: y\r\n"));
	assert_false(mail_text_field(&mail, &name, &value));
	mail_text_done(&mail);
	buf_done(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail_is_read_as_an_mta_hands_it_on),
		cmocka_unit_test(bytes_that_end_strings_are_bytes),
		cmocka_unit_test(the_body_needs_no_fields_read_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
