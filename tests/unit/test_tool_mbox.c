/*
 * Mailbox files in mails: what begins one, what is quoted, what is dropped; the
 * same for every cut of the file.
 */
#include "tool/corpus/mbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))
#define FROM        "From a@b Thu Jan  1 00:00:00 2026\n"
#define MAX_BYTES   5000

/* want: "NUMBER<TEXT>" of each mail, "NUMBER!" of one that is too large. */
struct mbox_case {
	const char *what;
	const char *file;
	const char *want;
};

static const struct mbox_case cases[] = {
	{ "two mails", FROM "A: b\n\nx\n\n" FROM "C: d\n\ny\n\n",
	    "1<A: b\n\nx\n>2<C: d\n\ny\n>" },
	{ "the only mail", FROM "A: b\n\nx\n", "1only<A: b\n\nx\n>" },
	{ "no line end at the end", FROM "A: b\n\nx\n\n" FROM "C: d",
	    "1<A: b\n\nx\n>2<C: d>" },
	{ "a From line amid a paragraph is text", FROM "A: b\n\nx\n" FROM "y\n",
	    "1only<A: b\n\nx\n" FROM "y\n>" },
	{ "a sentence that begins so is text",
	    FROM "A: b\n\nx\n\nFrom here on all is well.\n",
	    "1only<A: b\n\nx\n\nFrom here on all is well.\n>" },
	{ "a time without a year is none", FROM "\nx\n\nFrom 12:30 on\n",
	    "1only<\nx\n\nFrom 12:30 on\n>" },
	{ "the first line may be any", "From x\nA: b\n", "1only<A: b\n>" },
	{ "quoted From loses one >", FROM "\n>From x\n>>From y\n> From z\n",
	    "1only<\nFrom x\n>From y\n> From z\n>" },
	{ "what only looks quoted does not", FROM "\n>Fromage\n>>x\n",
	    "1only<\n>Fromage\n>>x\n>" },
	{ "CR LF",
	    "From a@b Thu Jan  1 00:00:00 2026\r\nA: b\r\n\r\nx\r\n\r\n"
	    "From a@b Thu Jan  1 00:00:00 2026\r\nC: d\r\n",
	    "1<A: b\r\n\r\nx\r\n>2<C: d\r\n>" },
	{ "of many empty lines one is the mailbox's",
	    FROM "A: b\n\nx\n\n\n\n" FROM "C: d\n",
	    "1<A: b\n\nx\n\n\n>2<C: d\n>" },
	{ "Content-Length is not looked at",
	    FROM "Content-Length: 999\n\nx\n\n" FROM "C: d\n",
	    "1<Content-Length: 999\n\nx\n>2<C: d\n>" },
	{ "an empty mail", FROM "\n" FROM "C: d\n", "1<>2<C: d\n>" },
	{ "a zone and a name in the line",
	    FROM
	    "A: b\n\nFrom \"x y\"@z  Fri Jul  8 12:08:34 2011 +0200\nC: d\n",
	    "1<A: b\n>2<C: d\n>" },
};

static bool
note_mail(void *context, struct mbox_mail *mail)
{
	struct buf *out = context;

	buf_printf(out, "%llu%s", (unsigned long long)mail->number,
	    mail->is_only ? "only" : "");
	if (mail->is_too_large) {
		buf_byte(out, '!');
		return true;
	}
	buf_byte(out, '<');
	buf_add(out, buf_str(mail->text));
	buf_byte(out, '>');
	return true;
}

static void
read_cut(struct str file, size_t piece, struct buf *out)
{
	struct mbox mbox;

	mbox_init(&mbox, MAX_BYTES, note_mail, out);
	for (size_t at = 0; at < file.len; at += piece)
		assert_true(mbox_push(&mbox, str_sub(file, at, at + piece)));
	mbox_end(&mbox);
	mbox_done(&mbox);
}

static void
a_mailbox_falls_into_its_mails(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct str file = str_of(cases[i].file);

		for (size_t piece = 1; piece <= file.len; piece++) {
			buf_clear(&out);
			read_cut(file, piece, &out);
			if (!str_is(buf_str(&out), cases[i].want))
				fail_msg("%s (pieces of %zu): %s",
				    cases[i].what, piece, buf_str(&out).p);
		}
	}
	buf_done(&out);
}

static void
a_mail_that_is_too_large_is_told_and_the_next_is_read(void **state)
{
	struct buf file = { 0 }, out = { 0 };

	(void)state;
	buf_add_cstr(&file, FROM);
	for (int i = 0; i < 1000; i++)
		buf_add_cstr(&file, "a line\n");
	buf_add_cstr(&file, "\n" FROM "A: b\n");
	read_cut(buf_str(&file), 700, &out);
	assert_true(str_is(buf_str(&out), "1!2<A: b\n>"));
	buf_done(&file);
	buf_done(&out);
}

/* Its beginning is taken before its end is known. */
static void
a_long_line_is_kept_as_it_is(void **state)
{
	struct buf file = { 0 }, out = { 0 };
	size_t begin;

	(void)state;
	buf_add_cstr(&file, FROM "\n>From ");
	begin = strlen(FROM "\n>");
	for (int i = 0; i < 3000; i++)
		buf_byte(&file, 'x');
	buf_add_cstr(&file, "\ny\n");
	for (size_t piece = 1; piece < 2000; piece += 97) {
		buf_clear(&out);
		read_cut(buf_str(&file), piece, &out);
		assert_int_equal(
		    out.len, strlen("1only<\n>") + file.len - begin);
		assert_true(str_starts(buf_str(&out), STR("1only<\nFrom x")));
	}
	buf_done(&file);
	buf_done(&out);
}

static bool
stop_after_two(void *context, struct mbox_mail *mail)
{
	unsigned *n = context;

	(void)mail;
	return ++*n < 2;
}

static void
who_wants_no_more_gets_no_more(void **state)
{
	struct mbox mbox;
	unsigned n = 0;

	(void)state;
	mbox_init(&mbox, MAX_BYTES, stop_after_two, &n);
	assert_false(
	    mbox_push(&mbox, STR(FROM "\na\n\n" FROM "\nb\n\n" FROM "\nc\n")));
	mbox_end(&mbox);
	assert_int_equal(n, 2);
	mbox_done(&mbox);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mailbox_falls_into_its_mails),
		cmocka_unit_test(
		    a_mail_that_is_too_large_is_told_and_the_next_is_read),
		cmocka_unit_test(a_long_line_is_kept_as_it_is),
		cmocka_unit_test(who_wants_no_more_gets_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
