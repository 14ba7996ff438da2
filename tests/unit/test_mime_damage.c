/*
 * Mail that is malformed, or that two programs read in two ways: what is noted,
 * and that each reading is there.
 */
#include "mime_kit.h"

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

static void
delimiters_may_lack_or_be_odd(void **state)
{
	const struct mail_case cases[] = {
		{ "no closing one", STR(MIXED "--b\n\none\n"),
		    "multipart/mixed !unclosed\n text/plain =one\\r\\n\n" },
		{ "none at all", STR(MIXED "one\n"),
		    "multipart/mixed !unclosed\n"
		    " text/plain preamble =one\\r\\n\n" },
		{ "an outer one closes the inner",
		    STR(MIXED "--b\nContent-Type: multipart/related;"
			      "boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--\n"),
		    "multipart/mixed\n multipart/related !unclosed\n"
		    "  text/plain =one\n text/plain =two\n" },
		{ "no boundary parameter",
		    STR("Content-Type: multipart/mixed\n\npre\n-- \n--x\n\n"
			"one\n--x--\n"),
		    "multipart/mixed !boundary\n"
		    " text/plain preamble =pre\\r\\n-- \n"
		    " text/plain =one\n" },
		{ "an empty one",
		    STR("Content-Type: multipart/mixed; boundary=\"\"\n\n"
			"--x\n\none\n--x--\n"),
		    "multipart/mixed !boundary\n text/plain =one\n" },
		{ "none, and nothing that looks like one",
		    STR("Content-Type: multipart/mixed\n\none\n--\n--a--\n"
			"--\xff\n"),
		    "multipart/mixed !boundary,unclosed\n"
		    " text/plain preamble =one\\r\\n--\\r\\n--a--\\r\\n--\xff"
		    "\\r\\n\n" },
		{ "odd characters",
		    STR("Content-Type: multipart/mixed; boundary=\"a@\xe4\"\n\n"
			"--a@\xe4\n\none\n--a@\xe4--\n"),
		    "multipart/mixed !raw-8bit,boundary,ambiguous\n"
		    " text/plain =one\n" },
		{ "a blank at its end",
		    STR("Content-Type: multipart/mixed; boundary=\"a \"\n\n"
			"--a\n\none\n--a --\n--a--\n"),
		    "multipart/mixed !boundary\n text/plain =one\n"
		    " text/plain\n text/plain again\n" },
		{ "two that are the same",
		    STR(MIXED "--b\nContent-Type: multipart/mixed;boundary=b\n"
			      "\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n"),
		    "multipart/mixed !unclosed\n"
		    " multipart/mixed !boundary\n"
		    "  text/plain =one\n  text/plain =two\n" },
		{ "another part behind the closing one",
		    STR(MIXED "--b\n\none\n--b--\nepi\n--b\n\ntwo\n--b--\n"),
		    "multipart/mixed !boundary\n text/plain =one\n"
		    " text/plain epilogue =epi\n text/plain =two\n" },
		{ "a bare line end around a preamble is the multipart's",
		    STR("Content-Type: multipart/mixed; boundary=b\r\n\r\n"
			"\n\npre\namble\n--b\r\n\r\none\r\n--b--\r\n"),
		    "multipart/mixed !bare-newline\n"
		    " text/plain preamble =pre\\namble\n"
		    " text/plain =one\n" },
		{ "the closing one first", STR(MIXED "--b--\n\none\n"),
		    "multipart/mixed !boundary\n"
		    " text/plain epilogue =one\\r\\n\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

/* RFC 2046 lets programs take it for a delimiter, and many do not. */
static void
what_stands_behind_a_boundary_makes_two_readings(void **state)
{
	const struct mail_case cases[] = {
		{ "junk",
		    STR(MIXED "--b\n\none\n--bx\nContent-Type: text/html\n\n"
			      "two\n--b--\n"),
		    "multipart/mixed !boundary\n text/plain =one\n"
		    " text/html =two\n"
		    " text/plain again "
		    "=Content-Type: text/html\\r\\n\\r\\ntwo\n" },
		{ "a closing one with junk",
		    STR(MIXED "--b\n\none\n--b--x\ntwo\n"),
		    "multipart/mixed !boundary\n text/plain =one\n"
		    " text/plain epilogue =two\\r\\n\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
lines_in_a_header_that_are_no_fields_make_two_readings(void **state)
{
	const struct mail_case cases[] = {
		{ "a text without a header",
		    STR(MIXED "--b\nhello\nyou\n\nthere\n--b--\n"),
		    "multipart/mixed\n"
		    " text/plain =there !part-header\n"
		    " text/plain again =hello\\r\\nyou\\r\\n\\r\\nthere\n" },
		{ "before the fields",
		    STR(MIXED "--b\njunk\nContent-Type: application/x;\n"
			      " name=a.exe\n\nMZ\n--b--\n"),
		    "multipart/mixed\n"
		    " application/x +'a.exe' =MZ !part-header\n"
		    " text/plain again =junk\\r\\nContent-Type: application/x;"
		    "\\r\\n name=a.exe\\r\\n\\r\\nMZ\n" },
		{ "between them: each reading has its own encoding",
		    STR(MIXED "--b\nContent-Type: text/html\njunk\n"
			      "Content-Transfer-Encoding: base64\n\n"
			      "aGk=\n--b--\n"),
		    "multipart/mixed\n text/html base64 =hi !part-header\n"
		    " text/html again =junk\\r\\nContent-Transfer-Encoding: "
		    "base64\\r\\n\\r\\naGk=\n" },
		{ "in the header of a multipart",
		    STR(MIXED "--b\nContent-Type: multipart/mixed; boundary=c\n"
			      "junk\n\n--c\n\none\n--c--\n--b--\n"),
		    "multipart/mixed\n multipart/mixed !part-header\n"
		    "  text/plain =one\n"
		    " text/plain again =junk\\r\\n\n" },
		{ "a line of blanks",
		    STR(MIXED "--b\nContent-Type: text/html\n  \nx: y\n\n"
			      "z\n--b--\n"),
		    "multipart/mixed\n text/html =z !part-header\n"
		    " text/html again =  \\r\\nx: y\\r\\n\\r\\nz\n" },
		{ "a blank before the colon is a field",
		    STR(MIXED "--b\nContent-Type : text/html\n\nz\n--b--\n"),
		    "multipart/mixed\n text/html =z !part-header\n" },
		{ "more of a field that was none",
		    STR(MIXED "--b\n text/html\n\nz\n--b--\n"),
		    "multipart/mixed\n text/plain =z !part-header\n"
		    " text/plain again = text/html\\r\\n\\r\\nz\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
what_comes_twice_is_read_twice(void **state)
{
	const struct mail_case cases[] = {
		{ "two types",
		    STR("Content-Type: text/plain\nContent-Type: text/html\n\n"
			"x\n"),
		    "text/plain =x\\r\\n !ambiguous\n"
		    "text/html again =x\\r\\n\n" },
		{ "of three the first and the last",
		    STR("Content-Type: text/plain\nContent-Type: text/css\n"
			"Content-Type: text/html\n\nx\n"),
		    "text/plain =x\\r\\n !ambiguous\n"
		    "text/html again =x\\r\\n\n" },
		{ "the same twice",
		    STR("Content-Type: text/html\nContent-Type:  text/html\n\n"
			"x\n"),
		    "text/html =x\\r\\n\n" },
		{ "a leaf and a multipart",
		    STR("Content-Type: text/html\n"
			"Content-Type: multipart/mixed; boundary=b\n\n"
			"--b\n\none\n--b--\n"),
		    "multipart/mixed !ambiguous\n text/plain =one\n"
		    "text/html again =--b\\r\\n\\r\\none\\r\\n--b--\\r\\n\n" },
		{ "a multipart and a leaf, within another",
		    STR(MIXED "--b\nContent-Type: multipart/mixed; boundary=c\n"
			      "Content-Type: text/html\n\n--c\n\none\n--c--\n"
			      "--b--\n"),
		    "multipart/mixed\n multipart/mixed !ambiguous\n"
		    "  text/plain =one\n"
		    " text/html again =--c\\r\\n\\r\\none\\r\\n--c--\n" },
		{ "a multipart and a message",
		    STR("Content-Type: multipart/mixed; boundary=b\n"
			"Content-Type: message/rfc822\n\n"
			"Content-Type: text/html\n\n--b\n\none\n--b--\n"),
		    "multipart/mixed !ambiguous\n"
		    " text/plain preamble =Content-Type: text/html\\r\\n\n"
		    " text/plain =one\n"
		    "message/rfc822 again\n"
		    " text/html =--b\\r\\n\\r\\none\\r\\n--b--\\r\\n\n" },
		{ "two boundaries",
		    STR("Content-Type: multipart/mixed; boundary=b; "
			"boundary=c\n\n--b\n\none\n--c\n\ntwo\n--b--\n"),
		    "multipart/mixed !ambiguous\n text/plain =one\n"
		    " text/plain =two\n" },
		{ "two multiparts",
		    STR("Content-Type: multipart/mixed; boundary=b\n"
			"Content-Type: multipart/related; boundary=c\n\n"
			"--c\n\none\n--c--\n--b\n\ntwo\n--b--\n"),
		    "multipart/mixed !boundary,ambiguous\n"
		    " text/plain =one\n text/plain =two\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
so_are_encodings_charsets_and_names(void **state)
{
	const struct mail_case cases[] = {
		{ "two encodings",
		    STR("Content-Transfer-Encoding: 7bit\n"
			"Content-Transfer-Encoding: base64\n\naGk=\n"),
		    "text/plain =aGk=\\r\\n !ambiguous\n"
		    "text/plain again base64 =hi\n" },
		{ "two encodings that mean the same",
		    STR("Content-Transfer-Encoding: 7bit\n"
			"Content-Transfer-Encoding: 8bit\n\nhi\n"),
		    "text/plain =hi\\r\\n !ambiguous\n" },
		{ "two types and two encodings",
		    STR("Content-Type: text/html\nContent-Type: text/plain\n"
			"Content-Transfer-Encoding: base64\n"
			"Content-Transfer-Encoding: 7bit\n\naGk=\n"),
		    "text/html base64 =hi !ambiguous\n"
		    "text/html again =aGk=\\r\\n\n"
		    "text/plain again base64 =hi\n"
		    "text/plain again =aGk=\\r\\n\n" },
		{ "two charsets",
		    STR("Content-Type: text/plain; charset=a; charset=b\n\n"
			"x\n"),
		    "text/plain charset=a =x\\r\\n !ambiguous\n"
		    "text/plain again charset=b =x\\r\\n\n" },
		{ "two names",
		    STR("Content-Disposition: inline; filename=a; filename=b\n"
			"\nx\n"),
		    "text/plain +'a|b' =x\\r\\n !ambiguous\n" },
		{ "two dispositions",
		    STR("Content-Disposition: inline; filename=a\n"
			"Content-Disposition: attachment; filename=b\n\nx\n"),
		    "text/plain +'a|b' =x\\r\\n !ambiguous\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
a_structure_that_is_encoded_is_read_both_ways(void **state)
{
	const struct mail_case cases[] = {
		{ "a message in base64",
		    STR("Content-Type: message/rfc822\n"
			"Content-Transfer-Encoding: base64\n\n"
			"Q29udGVudC1UeXBlOiB0ZXh0L2h0bWwNCg0KPGI+DQo=\n"),
		    "message/rfc822 base64 !transfer-encoding\n"
		    " text/plain !part-header\n"
		    " text/plain again =Q29udGVudC1UeXBlOiB0ZXh0L2h0bWwNCg0KPG"
		    "I+DQo=\\r\\n\n"
		    "message/rfc822 again base64\n text/html =<b>\\r\\n\n" },
		{ "a multipart in base64",
		    STR("Content-Type: multipart/mixed; boundary=b\n"
			"Content-Transfer-Encoding: base64\n\n"
			"LS1iDQoNCm9uZQ0KLS1iLS0NCg==\n"),
		    "multipart/mixed base64 !unclosed,transfer-encoding\n"
		    " text/plain preamble =LS1iDQoNCm9uZQ0KLS1iLS0NCg==\\r\\n\n"
		    "multipart/mixed again base64\n text/plain =one\n" },
		{ "one that claims to be and is not",
		    STR("Content-Type: multipart/mixed; boundary=b\n"
			"Content-Transfer-Encoding: quoted-printable\n\n"
			"--b\n\none=20\n--b--\n"),
		    "multipart/mixed quoted-printable !transfer-encoding\n"
		    " text/plain =one=20\n"
		    "multipart/mixed again quoted-printable\n"
		    " text/plain =one \n" },
		{ "base64 within base64",
		    STR(MIXED
			"--b\nContent-Type: message/rfc822\n"
			"Content-Transfer-Encoding: base64\n\n"
			"Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMg0KQ29udGVu\n"
			"dC1UcmFuc2Zlci1FbmNvZGluZzogYmFzZTY0DQoNClEyOXVk\n"
			"R1Z1ZEMxVWVYQmxPaUIwWlhoMEwyaDBiV3dOQ2cwS2FHaz0N\n"
			"Cg==\n"
			"--b\n\nend\n--b--\n"),
		    "multipart/mixed\n message/rfc822 base64 "
		    "!transfer-encoding\n"
		    "  text/plain !part-header\n"
		    "  text/plain again "
		    "=Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMg0KQ29udGVu\\r\\n"
		    "dC1UcmFuc2Zlci1FbmNvZGluZzogYmFzZTY0DQoNClEyOXVk\\r\\n"
		    "R1Z1ZEMxVWVYQmxPaUIwWlhoMEwyaDBiV3dOQ2cwS2FHaz0N\\r\\n"
		    "Cg==\n"
		    " message/rfc822 again base64\n"
		    "  message/rfc822 base64 !transfer-encoding\n"
		    "   text/plain !part-header\n"
		    "   text/plain again "
		    "=Q29udGVudC1UeXBlOiB0ZXh0L2h0bWwNCg0KaGk=\\r\\n\n"
		    "  message/rfc822 again base64\n"
		    "   text/html =hi\n text/plain =end\n" },
		{ "an encoding that nobody knows",
		    STR("Content-Transfer-Encoding: base99\n\naGk=\n"),
		    "text/plain =aGk=\\r\\n !transfer-encoding\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
types_may_be_broken(void **state)
{
	const struct mail_case cases[] = {
		{ "no slash", STR("Content-Type: html\n\nx\n"),
		    "text/plain =x\\r\\n !parameter\n" },
		{ "empty", STR("Content-Type:\n\nx\n"),
		    "text/plain =x\\r\\n !parameter\n" },
		{ "only parameters", STR("Content-Type: ; name=a.exe\n\nx\n"),
		    "text/plain +'a.exe' =x\\r\\n !parameter\n" },
		{ "a semicolon lacks",
		    STR("Content-Type: multipart/mixed boundary=b\n\n"
			"--b\n\none\n--b--\n"),
		    "multipart/mixed !parameter\n text/plain =one\n" },
		{ "a boundary without its closing quote",
		    STR("Content-Type: multipart/mixed; boundary=\"b; x=y\n\n"
			"--b\n\none\n--b--\n"),
		    "multipart/mixed !boundary,parameter,ambiguous\n"
		    " text/plain =one\n" },
		{ "an unknown disposition",
		    STR("Content-Disposition: strange\n\nx\n"),
		    "text/plain + =x\\r\\n\n" },
		{ "an inline one", STR("Content-Disposition: inline\n\nx\n"),
		    "text/plain =x\\r\\n\n" },
		{ "base64 with junk",
		    STR("Content-Transfer-Encoding: base64\n\naG\xffk=\n"),
		    "text/plain base64 =hi !base64\n" },
		{ "wrong quoted-printable",
		    STR("Content-Transfer-Encoding: quoted-printable\n\n"
			"a=xx\n"),
		    "text/plain quoted-printable =a=xx\\r\\n"
		    " !quoted-printable\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

static void
names_are_there_by_each_reading(void **state)
{
	const struct mail_case cases[] = {
		{ "of both fields",
		    STR("Content-Type: image/x; name=a\n"
			"Content-Disposition: attachment; filename=b\n\n"),
		    "image/x +'b|a'\n" },
		{ "the same in both",
		    STR("Content-Type: image/x; name=a\n"
			"Content-Disposition: attachment; filename=\"a\"\n\n"),
		    "image/x +'a'\n" },
		{ "RFC 2047",
		    STR("Content-Type: image/x; name=\"=?utf-8?q?a=2Eexe?=\"\n"
			"\n"),
		    "image/x +'a.exe|=?utf-8?q?a=2Eexe?='\n" },
		{ "RFC 2231",
		    STR("Content-Disposition: inline;\n filename*0*=utf-8''a;"
			"\n filename*1=.exe\n\n"),
		    "text/plain +'a.exe|utf-8''a.exe'\n" },
		{ "percent coding",
		    STR("Content-Disposition: x; filename=\"a%2eexe\"\n\n"),
		    "text/plain +'a%2eexe|a.exe'\n" },
		{ "dots and blanks at the end",
		    STR("Content-Disposition: x; filename=\"a.exe. .\"\n\n"),
		    "text/plain +'a.exe. .|a.exe'\n" },
		{ "folders",
		    STR("Content-Disposition: x; filename=\"c:/d/a.exe\"\n\n"),
		    "text/plain +'c:/d/a.exe|a.exe'\n" },
		{ "folders of Windows",
		    STR("Content-Disposition: x; "
			"filename=\"c:\\d\\a.exe\"\n\n"),
		    "text/plain +'c:\\d\\a.exe|c:da.exe|a.exe'\n" },
		{ "a mark that turns the direction",
		    STR("Content-Disposition: x;\n"
			" filename*=utf-8''a%E2%80%AEgpj.exe\n\n"),
		    "text/plain +'a\xe2\x80\xaegpj.exe|agpj.exe|"
		    "utf-8''a%E2%80%AEgpj.exe'"
		    " !file-name\n" },
		{ "a NUL",
		    STR("Content-Disposition: x; filename*=''a.exe%00.txt\n\n"),
		    "text/plain +'a.exe\\x00.txt|a.exe.txt|a.exe|"
		    "''a.exe%00.txt' !file-name\n" },
		{ "empty", STR("Content-Disposition: x; filename=\"\"\n\n"),
		    "text/plain +\n" },
		{ "raw Latin-1",
		    STR("Content-Type: image/x; name=\"\xfc.exe\"\n\n"),
		    "image/x +'ü.exe' !raw-8bit\n" },
		{ "a blank inside",
		    STR("Content-Type: image/x; name=my a.exe\n\n"),
		    "image/x +'my a.exe|my' !parameter\n" },
		{ "a text with a name",
		    STR("Content-Type: text/html; name=a.html\n\n"),
		    "text/html +'a.html'\n" },
	};

	(void)state;
	kit_check_all(cases, N_OF(cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delimiters_may_lack_or_be_odd),
		cmocka_unit_test(
		    what_stands_behind_a_boundary_makes_two_readings),
		cmocka_unit_test(
		    lines_in_a_header_that_are_no_fields_make_two_readings),
		cmocka_unit_test(what_comes_twice_is_read_twice),
		cmocka_unit_test(so_are_encodings_charsets_and_names),
		cmocka_unit_test(a_structure_that_is_encoded_is_read_both_ways),
		cmocka_unit_test(types_may_be_broken),
		cmocka_unit_test(names_are_there_by_each_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
