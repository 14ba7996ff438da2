/*
 * The tree of well-formed mail, and of what is odd but means one thing only.
 * Each mail is split whole, in small blocks, and cut at each byte.
 */
#include "mime_kit.h"

static void
a_mail_without_structure_is_one_leaf(void **state)
{
	const struct mail_case cases[] = {
		{ "no header", STR("\nhello\n"), "text/plain =hello\\r\\n\n" },
		{ "no body", STR("Subject: x\n"), "text/plain\n" },
		{ "no type", STR("Subject: x\n\nhello\nyou\n"),
		    "text/plain =hello\\r\\nyou\\r\\n\n" },
		{ "a type without MIME-Version",
		    STR("Content-Type: text/html; charset=UTF-8\n\n<p>\n"),
		    "text/html charset=utf-8 =<p>\\r\\n\n" },
		{ "base64",
		    STR("Content-Transfer-Encoding: BASE64\n\naGVs\nbG8=\n"),
		    "text/plain base64 =hello\n" },
		{ "quoted-printable",
		    STR("Content-Transfer-Encoding: quoted-printable\n\n"
			"a=3D=\nb\n"),
		    "text/plain quoted-printable =a=b\\r\\n\n" },
		{ "a program",
		    STR("Content-Type: application/x-msdownload;\n"
			"\tname=\"a.exe\"\n\nMZ\n"),
		    "application/x-msdownload +'a.exe' =MZ\\r\\n\n" },
		{ "delimiters of nobody", STR("Subject: x\n\n--a\n--\n--a--\n"),
		    "text/plain =--a\\r\\n--\\r\\n--a--\\r\\n\n" },
		{ "folded, as a milter is given it",
		    STR("Content-Type: text/html;\n charset=\n  utf-8\n\nx\n"),
		    "text/html charset=utf-8 =x\\r\\n\n" },
		{ "a text of a kind nobody knows",
		    STR("Content-Type: text/x-strange\n\nx\n"),
		    "text/x-strange =x\\r\\n\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

static void
a_multipart_has_its_parts(void **state)
{
	const struct mail_case cases[] = {
		{ "two",
		    STR(MIXED "--b\n\none\n--b\nContent-Type: text/html\n\n"
			      "two\n\n--b--\n"),
		    "multipart/mixed\n text/plain =one\n"
		    " text/html =two\\r\\n\n" },
		{ "preamble and epilogue",
		    STR(MIXED "\n pre\namble\n--b\n\none\n--b--\n\nepi\n\n"),
		    "multipart/mixed\n text/plain preamble =pre\\r\\namble\n"
		    " text/plain =one\n"
		    " text/plain epilogue =epi\\r\\n\\r\\n\n" },
		{ "blanks only around it",
		    STR(MIXED " \n\t\n--b\n\none\n--b--\n \n\n"),
		    "multipart/mixed\n text/plain =one\n" },
		{ "blanks behind delimiters",
		    STR(MIXED "--b \t\n\none\n--b-- \n"),
		    "multipart/mixed\n text/plain =one\n" },
		{ "empty parts", STR(MIXED "--b\n\n--b\n--b\n\n\n--b--\n"),
		    "multipart/mixed\n text/plain\n text/plain\n"
		    " text/plain\n" },
		{ "no end of the last line", STR(MIXED "--b\n\none\n--b--"),
		    "multipart/mixed\n text/plain =one\n" },
		{ "what only looks like a delimiter",
		    STR(MIXED "--b\n\n-\n--\n--c\n -b\n--a--b\n--b--\n"),
		    "multipart/mixed\n"
		    " text/plain =-\\r\\n--\\r\\n--c\\r\\n -b\\r\\n--a--b\n" },
		{ "a subtype that nobody knows",
		    STR("Content-Type: Multipart/Strange; Boundary=\"b\"\n\n"
			"--b\n\none\n--b--\n"),
		    "multipart/strange\n text/plain =one\n" },
		{ "a quoted boundary with blanks",
		    STR("Content-Type: multipart/mixed; boundary=\"a b:c\"\n\n"
			"--a b:c\n\none\n--a b:c--\n"),
		    "multipart/mixed\n text/plain =one\n" },
		{ "a boundary in sections",
		    STR("Content-Type: multipart/mixed; boundary*0=a;\n"
			" boundary*1=\"b c\"\n\n--ab c\n\none\n--ab c--\n"),
		    "multipart/mixed\n text/plain =one\n" },
		{ "an extended boundary",
		    STR("Content-Type: multipart/mixed;\n"
			" boundary*=us-ascii''a%2Db\n\n--a-b\n\none\n"
			"--a-b--\n"),
		    "multipart/mixed !boundary,ambiguous\n"
		    " text/plain =one\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
multiparts_nest(void **state)
{
	const struct mail_case cases[] = {
		{ "one in another",
		    STR(MIXED "--b\nContent-Type: multipart/alternative;\n"
			      " boundary=c\n\n--c\n\none\n--c\n\ntwo\n--c--\n\n"
			      "--b\n\nthree\n--b--\n"),
		    "multipart/mixed\n multipart/alternative\n"
		    "  text/plain =one\n  text/plain =two\n"
		    " text/plain =three\n" },
		{ "the longer boundary inside",
		    STR(MIXED "--b\nContent-Type: multipart/related;\n"
			      " boundary=bb\n\n--bb\n\none\n--bb--\n"
			      "--b\n\ntwo\n--b--\n"),
		    "multipart/mixed\n multipart/related\n  text/plain =one\n"
		    " text/plain =two\n" },
		{ "the longer boundary outside",
		    STR("Content-Type: multipart/mixed; boundary=bb\n\n"
			"--bb\nContent-Type: multipart/related;\n boundary=b\n"
			"\n--b\n\none\n--b--\n--bb\n\ntwo\n--bb--\n"),
		    "multipart/mixed\n multipart/related\n  text/plain =one\n"
		    " text/plain =two\n" },
		{ "one that ends like a closing delimiter",
		    STR(MIXED "--b\nContent-Type: multipart/related;\n"
			      " boundary=\"b--\"\n\n--b--\n\none\n--b----\n"
			      "--b\n\ntwo\n--b--\n"),
		    "multipart/mixed\n multipart/related\n  text/plain =one\n"
		    " text/plain =two\n" },
		{ "an epilogue inside",
		    STR(MIXED "--b\nContent-Type: multipart/related;\n"
			      " boundary=c\n\n--c\n\none\n--c--\nepi\n"
			      "--b--\n"),
		    "multipart/mixed\n multipart/related\n  text/plain =one\n"
		    "  text/plain epilogue =epi\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
messages_are_looked_into(void **state)
{
	const struct mail_case cases[] = {
		{ "message/rfc822",
		    STR(MIXED "--b\nContent-Type: message/rfc822\n\n"
			      "Subject: in\nContent-Type: text/html\n\nx\n"
			      "--b--\n"),
		    "multipart/mixed\n message/rfc822\n"
		    "  text/html =x\n" },
		{ "a message with parts",
		    STR(MIXED "--b\nContent-Type: message/global\n\n"
			      "Content-Type: multipart/mixed; boundary=c\n\n"
			      "--c\n\nx\n--c--\n\n--b\n\ny\n--b--\n"),
		    "multipart/mixed\n message/global\n  multipart/mixed\n"
		    "   text/plain =x\n text/plain =y\n" },
		{ "a whole mail that is a message",
		    STR("Content-Type: message/rfc822\n\nSubject: x\n\nhi\n"),
		    "message/rfc822\n text/plain =hi\\r\\n\n" },
		{ "a message in a message in a message",
		    STR("Content-Type: message/rfc822\n\n"
			"Content-Type: message/rfc822\n\n"
			"Content-Type: message/rfc822\n\n\nhi\n"),
		    "message/rfc822\n message/rfc822\n  message/rfc822\n"
		    "   text/plain =hi\\r\\n\n" },
		{ "a digest",
		    STR("Content-Type: multipart/digest; boundary=b\n\n"
			"--b\n\nSubject: one\n\nx\n"
			"--b\nContent-Type: text/plain\n\ny\n--b--\n"),
		    "multipart/digest\n message/rfc822\n  text/plain =x\n"
		    " text/plain =y\n" },
		{ "a delivery report",
		    STR(MIXED "--b\nContent-Type: message/delivery-status\n\n"
			      "Reporting-MTA: x\n\nFinal: y\n--b--\n"),
		    "multipart/mixed\n message/delivery-status "
		    "=Reporting-MTA: x\\r\\n\\r\\nFinal: y\n" },
		{ "an empty message",
		    STR(MIXED "--b\nContent-Type: message/rfc822\n\n--b--\n"),
		    "multipart/mixed\n message/rfc822\n  text/plain\n" },
		{ "a fragment",
		    STR("Content-Type: message/partial; number=1; total=2\n\n"
			"Content-Type: text/html\n\nx\n"),
		    "message/partial !partial-message\n text/html =x\\r\\n\n" },
		{ "a later fragment",
		    STR("Content-Type: message/partial; number=2; total=2\n\n"
			"rest\n"),
		    "message/partial =rest\\r\\n !partial-message\n" },
		{ "an external body",
		    STR("Content-Type: message/external-body; name=x.exe\n\n"
			"Content-Type: application/x\n\n"),
		    "message/external-body +'x.exe' !partial-message\n"
		    " application/x +\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
the_first_boundary_may_follow_the_header_at_once(void **state)
{
	const struct mail_case cases[] = {
		{ "of the mail",
		    STR("Content-Type: multipart/mixed; boundary=b\n"
			"--b\n\none\n--b--\n"),
		    "multipart/mixed\n text/plain =one\n" },
		{ "of a part",
		    STR(MIXED "--b\nContent-Type: multipart/related;\n"
			      " boundary=c\n--c\n\none\n--c--\n--b--\n"),
		    "multipart/mixed\n multipart/related !part-header\n"
		    "  text/plain =one\n" },
		{ "after a header without a body",
		    STR(MIXED "--b\nContent-Type: text/html\n--b\n\none\n"
			      "--b--\n"),
		    "multipart/mixed\n text/html\n text/plain =one\n" },
		{ "after a message's empty header",
		    STR(MIXED "--b\nContent-Type: message/rfc822\n--b--\n"),
		    "multipart/mixed\n message/rfc822\n  text/plain\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
all_line_ends_are_line_ends(void **state)
{
	const struct mail_case cases[] = {
		{ "LF",
		    STR("Content-Type: multipart/mixed; boundary=b\r\n\r\n"
			"--b\nContent-Type: text/html\n\none\n--b--\n"),
		    "multipart/mixed !bare-newline\n"
		    " text/html =one !bare-newline\n" },
		{ "CR",
		    STR("Content-Type: multipart/mixed; boundary=b\r\n\r\n"
			"--b\rContent-Type: text/html\r\rone\r\r--b--\r"),
		    "multipart/mixed !bare-newline\n"
		    " text/html =one\\r !bare-newline\n" },
		{ "all of them",
		    STR("Subject: x\r\n\r\na\r\nb\nc\rd\n\re\r\r\nf"),
		    "text/plain =a\\r\\nb\\nc\\rd\\n\\re\\r\\r\\nf\\r\\n"
		    " !bare-newline\n" },
		{ "a CR at the end",
		    STR("Content-Type: multipart/mixed; boundary=b\r\n\r\n"
			"--b\r\n\r\na\r--b\r\n\r\n-\r--b--\r"),
		    "multipart/mixed !bare-newline\n"
		    " text/plain =a !bare-newline\n"
		    " text/plain =- !bare-newline\n" },
		{ "only right ones",
		    STR("Subject: x\r\n\r\na\r\n\r\n\r\nb\r\n"),
		    "text/plain =a\\r\\n\\r\\n\\r\\nb\\r\\n\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
files_inside_of_a_text_are_attachments(void **state)
{
	const struct mail_case cases[] = {
		{ "one",
		    STR("Subject: x\n\nsee\nbegin 644 a b.exe\n#0V%T\n`\nend\n"
			"bye\n"),
		    "text/plain =see\\r\\nbegin 644 a b.exe\\r\\n#0V%T\\r\\n`"
		    "\\r\\nend\\r\\nbye\\r\\n\n"
		    " application/octet-stream uuencode uuencode +'a b.exe'"
		    " =Cat\n" },
		{ "two, the first at the beginning",
		    STR("Subject: x\n\nbegin 644 a\n#0V%T\n`\nend\n"
			"begin 755 b\n#0V%T\n`\nend"),
		    "text/plain =begin 644 a\\r\\n#0V%T\\r\\n`\\r\\nend\\r\\n"
		    "begin 755 b\\r\\n#0V%T\\r\\n`\\r\\nend\\r\\n\n"
		    " application/octet-stream uuencode uuencode +'a' =Cat\n"
		    " application/octet-stream uuencode uuencode +'b' =Cat\n" },
		{ "coded itself",
		    STR("Content-Transfer-Encoding: quoted-printable\n\n"
			"beg=\nin 644 a\n#0V%T\n`\nend\n"),
		    "text/plain quoted-printable =begin 644 a\\r\\n#0V%T\\r\\n"
		    "`\\r\\nend\\r\\n\n"
		    " application/octet-stream uuencode uuencode +'a' =Cat\n" },
		{ "only words",
		    STR("Subject: x\n\nbegin the day\n begin 644 a\n"
			"to begin 644 a\nbeg\nbegin"),
		    "text/plain =begin the day\\r\\n begin 644 a\\r\\n"
		    "to begin 644 a\\r\\nbeg\\r\\nbegin\\r\\n\n" },
		{ "not in HTML",
		    STR("Content-Type: text/html\n\nbegin 644 a\n#0V%T\nend\n"),
		    "text/html =begin 644 a\\r\\n#0V%T\\r\\nend\\r\\n\n" },
		{ "CR",
		    STR("Subject: x\r\n\r\na\rbegin 644 "
			"a\r#0V%T\r`\rend\rb\r\n"),
		    "text/plain =a\\rbegin 644 a\\r#0V%T\\r`\\rend\\rb\\r\\n"
		    " !bare-newline\n"
		    " application/octet-stream uuencode uuencode +'a' =Cat\n" },
		{ "as the part's own encoding",
		    STR("Content-Type: application/x; name=b\n"
			"Content-Transfer-Encoding: x-uuencode\n\n"
			"begin 644 a\n#0V%T\n`\nend\n"),
		    "application/x uuencode +'b' =Cat\n" },
		{ "without an end", STR("Subject: x\n\nbegin 644 a\n#0V%T\n"),
		    "text/plain =begin 644 a\\r\\n#0V%T\\r\\n\n"
		    " application/octet-stream uuencode uuencode +'a' =Cat"
		    " !uuencode\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static const struct mime_part *
part_of(const struct mime *mime, unsigned number)
{
	const struct mime_part *part = mime_root(mime);

	while (part != NULL && part->number != number)
		part = part->following;
	if (part == NULL)
		abort();
	return part;
}

static void
parts_are_linked_numbered_and_placed(void **state)
{
	struct mime_limits limits = mime_limits_of(KIT_SCAN_LIMIT);
	struct mime *mime = kit_split(
	    STR("Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n"
		"--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n"
		"\r\nA: b\r\n\r\ntwo\r\n--b--\r\nepi"),
	    &limits, 5);
	const struct mime_part *root = mime_root(mime);

	(void)state;
	assert_int_equal(mime_n_parts(mime), 6);
	assert_null(root->parent);
	assert_ptr_equal(root->children, part_of(mime, 2));
	assert_ptr_equal(part_of(mime, 2)->next, part_of(mime, 3));
	assert_ptr_equal(part_of(mime, 3)->next, part_of(mime, 4));
	assert_ptr_equal(part_of(mime, 4)->children, part_of(mime, 5));
	assert_ptr_equal(part_of(mime, 5)->parent, part_of(mime, 4));
	assert_null(part_of(mime, 5)->next);
	assert_ptr_equal(part_of(mime, 4)->next, part_of(mime, 6));
	assert_null(part_of(mime, 6)->following);
	assert_int_equal(part_of(mime, 5)->depth, 2);
	/* "pre\r\n--b\r\n", … */
	assert_int_equal(part_of(mime, 2)->at, 0);
	assert_int_equal(part_of(mime, 3)->at, 10);
	assert_int_equal(part_of(mime, 4)->at, 22);
	assert_int_equal(part_of(mime, 5)->at, 54);
	assert_int_equal(part_of(mime, 6)->at, 74);
	assert_int_equal(part_of(mime, 3)->size, 3);
	mime_free(mime);
}

static void
bytes_can_be_given_up(void **state)
{
	struct mime_limits limits = mime_limits_of(KIT_SCAN_LIMIT);
	struct mime *mime =
	    kit_split(STR("Subject: x\n\nhello\n"), &limits, 100);

	(void)state;
	assert_int_equal(mime_bytes_kept(mime), 7);
	mime_give_up(mime, mime_root(mime));
	assert_int_equal(mime_bytes_kept(mime), 0);
	assert_int_equal(mime_root(mime)->content.len, 0);
	assert_int_equal(mime_root(mime)->size, 7);
	mime_free(mime);
}

static void
one_may_stop_at_any_time(void **state)
{
	struct mime_limits limits = mime_limits_of(KIT_SCAN_LIMIT);
	const struct str body =
	    STR("--b\r\nContent-Type: message/rfc822\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n"
		"U3ViamVjdDogeAo=\r\n--b\r\n\r\nbegin 644 x");

	(void)state;
	mime_free(NULL);
	for (size_t len = 0; len <= body.len; len++) {
		struct mime *mime = mime_new(&limits);

		mime_header(mime, STR("content-type"),
		    STR("multipart/mixed; boundary=b"));
		if (len > 0) {
			mime_body(mime, STR(""));
			mime_feed(mime, str_sub(body, 0, len));
		}
		mime_free(mime);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail_without_structure_is_one_leaf),
		cmocka_unit_test(a_multipart_has_its_parts),
		cmocka_unit_test(multiparts_nest),
		cmocka_unit_test(messages_are_looked_into),
		cmocka_unit_test(
		    the_first_boundary_may_follow_the_header_at_once),
		cmocka_unit_test(all_line_ends_are_line_ends),
		cmocka_unit_test(files_inside_of_a_text_are_attachments),
		cmocka_unit_test(parts_are_linked_numbered_and_placed),
		cmocka_unit_test(bytes_can_be_given_up),
		cmocka_unit_test(one_may_stop_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
