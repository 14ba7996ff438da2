/*
 * Where the header of a part ends, which is not always an empty line.
 */
#include "mime/mime.h"
#include "rules_kit.h"

#include <string.h>

static struct mime *
read_mail(const char *body, size_t cut)
{
	struct mime_limits limits = mime_limits_of(100000);
	struct mime *mime = mime_new(&limits);
	struct str text = str_of(body);

	mime_header(
	    mime, STR("Content-Type"), STR("multipart/mixed; boundary=b"));
	mime_body(mime, str_sub(text, 0, cut));
	mime_body(mime, str_from(text, cut));
	mime_end(mime);
	return mime;
}

static bool
has_leaf(const struct mime *mime, const char *want)
{
	for (const struct mime_part *part = mime_root(mime); part != NULL;
	     part = part->following)
		if (part->content.len > 0 &&
		    memmem(part->content.p, part->content.len, want,
			strlen(want)) != NULL)
			return true;
	return false;
}

/* Decoded for those to whom CR CR LF is one line end, as it stands for those
 * to whom it is two; and the same for every cut. */
static void
expect_both(const char *body, const char *decoded, const char *plain)
{
	for (size_t cut = 0; cut <= strlen(body); cut++) {
		struct mime *mime = read_mail(body, cut);

		assert_true(has_leaf(mime, decoded));
		assert_true(has_leaf(mime, plain));
		assert_true(mime_damage(mime) & DAMAGE_BIT(DAMAGE_PART_HEADER));
		mime_free(mime);
	}
}

static void
test_one_cr_too_many_does_not_end_a_header(void **state)
{
	(void)state;
	expect_both("--b\r\n"
		    "Content-Type: text/plain\r\r\n"
		    "Content-Transfer-Encoding: base64\r\r\n"
		    "\r\r\n"
		    "cGluZWFwcGxl\r\r\n"
		    "--b--\r\n",
	    "pineapple", "cGluZWFwcGxl");
}

static void
test_a_delimiter_of_its_own_ends_a_header(void **state)
{
	static const char body[] =
	    "--b\r\n"
	    "Content-Type: multipart/mixed; boundary=c\r\n"
	    "--c\r\n\r\npineapple\r\n--c--\r\n--b--\r\n";
	struct mime *mime = read_mail(body, 0);

	(void)state;
	assert_true(has_leaf(mime, "pineapple"));
	assert_true(mime_damage(mime) & DAMAGE_BIT(DAMAGE_PART_HEADER));
	mime_free(mime);
}

/* RFC 2046 section 5.1.1: the empty line belongs to the body. */
static void
test_a_part_without_a_body_is_whole(void **state)
{
	struct mime *mime =
	    read_mail("--b\r\nContent-Type: text/plain\r\n--b\r\n--b--\r\n", 0);

	(void)state;
	assert_int_equal(mime_damage(mime), 0);
	mime_free(mime);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_cr_too_many_does_not_end_a_header),
		cmocka_unit_test(test_a_delimiter_of_its_own_ends_a_header),
		cmocka_unit_test(test_a_part_without_a_body_is_whole),
	};

	return cmocka_run_group_tests_name(
	    "mime_header_end", tests, NULL, NULL);
}
