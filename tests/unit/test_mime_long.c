/*
 * Fields and names of parts that are longer than anybody needs.
 */
#include "mime/mime.h"
#include "rules_kit.h"

#include <string.h>

#define LONG_BYTES 60000
#define N_LONG     10 /* parts with fields of that length: over the cap */

static struct mime *
begin(void)
{
	struct mime_limits limits = mime_limits_of(100000);
	struct mime *mime = mime_new(&limits);

	mime_header(
	    mime, STR("Content-Type"), STR("multipart/mixed; boundary=b"));
	return mime;
}

static void
add_part(struct mime *mime, const char *head, size_t n_fill, char fill,
    const char *tail)
{
	struct buf text = { 0 };

	buf_add_cstr(&text, "--b\r\nContent-Type: a/b; name=\"");
	buf_add_cstr(&text, head);
	for (size_t i = 0; i < n_fill; i++)
		buf_byte(&text, fill);
	buf_add_cstr(&text, tail);
	buf_add_cstr(&text, "\"\r\n\r\nx\r\n");
	mime_body(mime, buf_str(&text));
	buf_done(&text);
}

static bool
has_name(const struct mime *mime, const char *want)
{
	size_t len = strlen(want);

	for (const struct mime_part *part = mime_root(mime); part != NULL;
	     part = part->following)
		for (size_t i = 0; i < part->n_names; i++)
			if (part->names[i].len >= len &&
			    str_eq(str_from(part->names[i],
				       part->names[i].len - len),
				str_of(want)))
				return true;
	return false;
}

/* A name of LONG_BYTES; some reading of it ends so. */
static void
expect_end(const char *head, char fill, const char *tail, const char *want)
{
	struct mime *mime = begin();

	add_part(mime, head, LONG_BYTES, fill, tail);
	mime_end(mime);
	if (!has_name(mime, want))
		fail_msg("no name ends with %s", want);
	assert_true(mime_damage(mime) & DAMAGE_BIT(DAMAGE_FILE_NAME));
	mime_free(mime);
}

static void
test_the_end_of_a_long_name_is_read(void **state)
{
	(void)state;
	expect_end("", 'x', ".exe", "x.exe");
	expect_end("", 'x', ".exe. . .", "x.exe");
	expect_end("", 'x', "%2eexe", "x.exe");
	expect_end("", '\xe4', ".exe", ".exe");
}

static void
test_a_long_end_hides_no_name(void **state)
{
	(void)state;
	expect_end("x.exe", '.', "", "x.exe");
	expect_end("x.exe%00", 'x', ".txt", "x.exe");
}

static void
test_long_fields_hide_no_short_ones(void **state)
{
	struct mime *mime = begin();

	(void)state;
	for (int i = 0; i < N_LONG; i++)
		add_part(mime, "", LONG_BYTES, 'x', ".txt");
	add_part(mime, "last.exe", 0, 'x', "");
	mime_end(mime);
	assert_true(has_name(mime, "last.exe"));
	assert_true(mime_damage(mime) & DAMAGE_BIT(DAMAGE_HEADER_SIZE));
	mime_free(mime);
}

static void
test_second_readings_are_bounded_in_sum(void **state)
{
	struct mime_limits limits = mime_limits_of(1000);
	struct mime *mime = mime_new(&limits);
	const struct mime_part *part;
	uint64_t n_read = 0;

	(void)state;
	mime_header(mime, STR("Content-Type"), STR("text/plain"));
	mime_header(mime, STR("Content-Type"), STR("text/html"));
	mime_header(mime, STR("Content-Transfer-Encoding"), STR("8bit"));
	mime_header(mime, STR("Content-Transfer-Encoding"), STR("binary"));
	mime_header(
	    mime, STR("Content-Transfer-Encoding"), STR("quoted-printable"));
	for (int i = 0; i < 1000; i++)
		mime_body(mime, STR("0123456789 0123456789 0123456789\r\n"));
	mime_end(mime);
	for (part = mime_root(mime); part != NULL; part = part->following) {
		if (part->role != MIME_ROLE_AGAIN)
			continue;
		n_read += part->size;
		assert_true(part->damage & DAMAGE_BIT(DAMAGE_PART_CUT));
		assert_in_range(part->content.len, 1, 1000 + 16 * 1024);
	}
	assert_in_range(n_read, 1000, 8 * 1000);
	assert_int_equal(mime_root(mime)->size, 1000 * 34);
	mime_free(mime);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_end_of_a_long_name_is_read),
		cmocka_unit_test(test_a_long_end_hides_no_name),
		cmocka_unit_test(test_long_fields_hide_no_short_ones),
		cmocka_unit_test(test_second_readings_are_bounded_in_sum),
	};

	return cmocka_run_group_tests_name("mime_long", tests, NULL, NULL);
}
