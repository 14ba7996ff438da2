/*
 * What a browser would open as a page, whatever the mail calls it.
 */
#include "mime/mime.h"
#include "rules_kit.h"

static void
expect_kind(const char *header, enum mime_kind want)
{
	struct mime_limits limits = mime_limits_of(100000);
	struct mime *mime = mime_new(&limits);
	const struct mime_part *part;

	mime_header(mime, STR("Content-Type"), str_of(header));
	mime_body(mime, STR("<p>Hello\r\n"));
	mime_end(mime);
	part = mime_root(mime);
	if (part->kind != want)
		fail_msg(
		    "%s: kind %d, not %d", header, (int)part->kind, (int)want);
	mime_free(mime);
}

static void
test_a_name_makes_a_page(void **state)
{
	(void)state;
	expect_kind(
	    "application/octet-stream; name=\"Invoice.HTML\"", MIME_HTML);
	expect_kind("text/plain; name=a.htm", MIME_HTML);
	expect_kind("image/svg+xml; name=a.svg", MIME_HTML);
	expect_kind("application/octet-stream; name=a.pdf;"
		    " name*=utf-8''%61.xhtml",
	    MIME_HTML);
}

static void
test_other_names_make_none(void **state)
{
	(void)state;
	expect_kind("text/html; name=a.txt", MIME_HTML);
	expect_kind("application/octet-stream; name=html", MIME_OTHER);
	expect_kind("application/octet-stream; name=a.html.gz", MIME_OTHER);
	expect_kind("text/plain; name=\"html.txt\"", MIME_TEXT);
	expect_kind("message/rfc822; name=mail.html", MIME_MESSAGE);
	expect_kind("multipart/mixed; boundary=b; name=a.html", MIME_MULTIPART);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_makes_a_page),
		cmocka_unit_test(test_other_names_make_none),
	};

	return cmocka_run_group_tests_name("mime_page", tests, NULL, NULL);
}
