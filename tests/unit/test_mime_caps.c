/*
 * Every cap of struct mime_limits: that it holds, that it is noted, and that
 * what comes behind it is not hidden by it. Then memory and time of mail that
 * was made to take much of both.
 */
#include "mime_kit.h"
#include "slower.h"

#include <malloc.h>
#include <time.h>

#define MIB   ((size_t)1024 * 1024)
#define CHUNK 65535
#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

/* A second of CPU for a mail is the promise for all that is done with it. */
#define TIME_MAX_US (1500000 * TIMES_SLOWER)
#define BIG_BYTES   ((IS_SANITIZED ? 2 : 20) * MIB)

static struct mime_limits
small_limits(void)
{
	struct mime_limits limits = mime_limits_of(KIT_SCAN_LIMIT);

	limits.depth = 2;
	limits.parts = 5;
	limits.headers = 3;
	limits.header_bytes = 60;
	limits.boundary_bytes = 4;
	limits.name_bytes = 10;
	limits.names = 2;
	return limits;
}

static void
what_is_over_a_cap_is_text_or_noted(void **state)
{
	const struct mime_limits limits = small_limits();
	const struct mail_case cases[] = {
		{ "depth",
		    STR("Content-Type: message/rfc822\n\n"
			"Content-Type: message/rfc822\n\n"
			"Content-Type: message/rfc822\n\nA: b\n"),
		    "message/rfc822\n message/rfc822\n"
		    "  message/rfc822 =A: b\\r\\n !mime-depth\n" },
		{ "parts",
		    STR(MIXED "--b\n\none\n--b\n\ntwo\n--b\n\nthree\n"
			      "--b\nA: b\n\nfour\n--b\n\nfive\n--b--\nepi"),
		    "multipart/mixed !part-count\n text/plain =one\n"
		    " text/plain =two\n text/plain =three\n"
		    " text/plain =A: b\\r\\n\\r\\nfour\\r\\n--b\\r\\n\\r\\nfive"
		    "\\r\\n--b--\\r\\nepi\\r\\n\n" },
		{ "parts, at an epilogue",
		    STR(MIXED "--b\n\none\n--b\n\ntwo\n--b\n\nthree\n"
			      "--b--\nepi\n--b\n"),
		    "multipart/mixed !part-count\n text/plain =one\n"
		    " text/plain =two\n text/plain =three\n"
		    " text/plain =epi\\r\\n--b\\r\\n\n" },
		{ "fields: the type behind them counts",
		    STR(MIXED "--b\na: b\nc: d\nContent-Type: text/html\n\n"
			      "one\n--b--\n"),
		    "multipart/mixed\n text/html =one !header-count\n" },
		{ "bytes of a field",
		    STR(MIXED "--b\nContent-Disposition: x; filename="
			      "abcdefghijklmnopqrstuvwxyz0123456789\n\n"
			      "one\n--b--\n"),
		    "multipart/mixed\n"
		    " text/plain +'rstuvwxyz0' =one !header-size,file-name\n" },
		{ "bytes of a boundary",
		    STR("Content-Type: multipart/mixed; boundary=abcdef\n\n"
			"--abcdef\n\none\n--abcx\n--abcdef--\nepi\n"),
		    "multipart/mixed !boundary\n text/plain =one\\r\\n--abcx\n"
		    " text/plain epilogue =epi\\r\\n\n" },
		{ "bytes of a name: its end says what it is",
		    STR("Content-Disposition: x; filename=abcdefghijklmn.exe\n"
			"\n"),
		    "text/plain +'ijklmn.exe' !file-name\n" },
		{ "readings of a name",
		    STR("Content-Disposition: x; filename=\"a/b%2e.\"\n\n"),
		    "text/plain +'a/b%2e.|a/b%2e' !file-name\n" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		kit_check(&cases[i], &limits);
}

static void
bytes_of_all_fields_shorten_names_only(void **state)
{
	struct mime_limits limits = mime_limits_of(KIT_SCAN_LIMIT);
	const struct mail_case c = { "bytes of all fields",
		STR(MIXED "--b\nContent-Type: image/x; name=\"a%2eexe\"\n\n"
			  "--b\nContent-Type: image/x; name=\"b%2eexe\"\n\n"
			  "--b--\n"),
		"multipart/mixed\n"
		" image/x +'a%2eexe|a.exe'\n"
		" image/x +'b%2eexe' !header-size,file-name\n" };

	(void)state;
	limits.headers_bytes = 80;
	kit_check(&c, &limits);
}

static void
second_readings_are_counted(void **state)
{
	struct mime_limits limits = mime_limits_of(KIT_SCAN_LIMIT);
	struct buf mail = { 0 };
	struct mime *mime;
	size_t n_again = 0;

	(void)state;
	buf_add_cstr(&mail, "Content-Type: multipart/mixed; boundary=a0\n"
			    "Content-Type: text/html\n\n");
	for (int i = 0; i < 20; i++)
		buf_printf(&mail,
		    "--a%d\nContent-Type: multipart/mixed; boundary=a%d\n"
		    "Content-Type: text/html\n\n",
		    i, i + 1);
	mime = kit_split(buf_str(&mail), &limits, CHUNK);
	for (const struct mime_part *part = mime_root(mime); part != NULL;
	     part = part->following)
		n_again += part->role == MIME_ROLE_AGAIN;
	assert_int_equal(n_again, 4);
	assert_true((mime_damage(mime) & DAMAGE_BIT(DAMAGE_PART_COUNT)) != 0);
	mime_free(mime);
	buf_done(&mail);
}

/* Of what is kept. */

static struct mime_limits
keeping_limits(void)
{
	struct mime_limits limits = mime_limits_of(20);

	limits.sample_bytes = 6;
	limits.edge_bytes = 4;
	limits.edges_bytes = 12;
	return limits;
}

static void
what_is_kept_depends_on_kind_and_room(void **state)
{
	const struct mime_limits limits = keeping_limits();
	const struct mail_case cases[] = {
		{ "all of a text", STR("Subject: x\n\n123456789012345678\n"),
		    "text/plain =123456789012345678\\r\\n\n" },
		{ "its end, if it is too long",
		    STR("Subject: x\n\n12345678901234567890abcdefgh\n"),
		    "text/plain =12345678901234567890...gh\\r\\n"
		    " !part-cut\n" },
		{ "with nothing between",
		    STR("Subject: x\n\n"
			"1234567890123456789012\n"),
		    "text/plain =12345678901234567890|12\\r\\n\n" },
		{ "a sample of a picture",
		    STR("Content-Type: image/x\n\n1234567890\n"),
		    "image/x + =123456...\n" },
		{ "all of an archive by its type",
		    STR("Content-Type: application/zip\n\n1234567890\n"),
		    "application/zip + =1234567890\\r\\n\n" },
		{ "by its name",
		    STR("Content-Type: image/x; name=a.rar\n\n1234567890\n"),
		    "image/x +'a.rar' =1234567890\\r\\n\n" },
		{ "by its first bytes",
		    STR("Content-Type: image/x\n\nPK\3\4"
			"567890\n"),
		    "image/x + =PK\\x03\\x04567890\\r\\n\n" },
		{ "later parts: first and last bytes while there is room",
		    STR(MIXED "--b\n\n12345678901234567890\n--b\n\nabc\n"
			      "--b\n\nabcdefghijkl\n--b\n\nabcdefghijkl\n"
			      "--b--\n"),
		    "multipart/mixed\n text/plain =12345678901234567890\n"
		    " text/plain =abc\n text/plain =abcd...ijkl !part-cut\n"
		    " text/plain =a... !part-cut\n" },
		{ "a sample when there is no room",
		    STR(MIXED "--b\n\n12345678901234567890\n"
			      "--b\nContent-Type: image/x\n\nabcdefghijkl\n"
			      "--b--\n"),
		    "multipart/mixed\n text/plain =12345678901234567890\n"
		    " image/x + =abcd... !part-cut\n" },
		{ "decoded bytes count",
		    STR("Content-Transfer-Encoding: base64\n\n"
			"MTIzNDU2Nzg5MDEyMzQ1Njc4OTBhYmNkZWZn\n"),
		    "text/plain base64 =12345678901234567890...defg"
		    " !part-cut\n" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		kit_check(&cases[i], &limits);
}

/* Two leaves that read the same bytes share what is left of the room; who gets
 * how much of it must not depend on the chunks. */
static void
readings_share_the_room_alike_for_each_cut(void **state)
{
	const struct mime_limits limits = mime_limits_of(70000);
	struct buf mail = { 0 }, first = { 0 }, other = { 0 };
	const size_t chunks[] = { 1, 7, 4096, 16383, 16384, 16385, 65535 };
	struct mime *mime;

	(void)state;
	buf_add_cstr(
	    &mail, "Content-Type: text/plain\nContent-Type: text/html\n\n");
	for (int i = 0; i < 20000; i++)
		buf_printf(&mail, "%d\n", i);
	mime = kit_split(buf_str(&mail), &limits, 100000);
	kit_tree(&first, mime);
	mime_free(mime);
	for (size_t i = 0; i < N_OF(chunks); i++) {
		mime = kit_split(buf_str(&mail), &limits, chunks[i]);
		kit_tree(&other, mime);
		mime_free(mime);
		assert_string_equal(first.p, other.p);
	}
	buf_done(&mail);
	buf_done(&first);
	buf_done(&other);
}

/* Mail that takes memory or time. */

struct hostile_case {
	const char *what;
	const char *header; /* with the empty line */
	const char *piece;  /* again and again */
	size_t bytes;
	size_t memory_max;
};

static size_t
heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static long
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
begin_mail(struct mime *mime, const char *header)
{
	struct buf none = { 0 };

	kit_begin(mime, str_of(header), &none);
	buf_done(&none);
}

static void
split_hostile(const struct hostile_case *c, const struct mime_limits *limits)
{
	size_t before, most, left, piece_len = strlen(c->piece);
	struct buf chunk = { 0 };
	struct mime *mime;
	long since;

	while (chunk.len < CHUNK)
		buf_add(&chunk, (struct str){ c->piece, piece_len });
	most = before = heap_bytes();
	since = cpu_us();
	mime = mime_new(limits);
	begin_mail(mime, c->header);
	for (left = c->bytes; left > chunk.len; left -= chunk.len) {
		mime_body(mime, buf_str(&chunk));
		if (heap_bytes() > most)
			most = heap_bytes();
	}
	mime_end(mime);
	if (heap_bytes() > most)
		most = heap_bytes();
	if (cpu_us() - since > TIME_MAX_US)
		fail_msg("%s: %ld us", c->what, cpu_us() - since);
	if (!IS_SANITIZED && most - before > c->memory_max)
		fail_msg("%s: %zu bytes of heap", c->what, most - before);
	assert_true(mime_n_parts(mime) <= limits->parts);
	assert_true(mime_bytes_kept(mime) <=
		    limits->decoded_bytes + limits->edges_bytes);
	mime_free(mime);
	buf_done(&chunk);
}

#define TYPE "Content-Type: "
#define B    "multipart/mixed; boundary=b\n\n"

static const struct hostile_case hostile_cases[] = {
	{ "text", TYPE "text/plain\n\n", "Hello world, hello.\r\n", BIG_BYTES,
	    2 * MIB },
	{ "a text of one line", TYPE "text/plain\n\n", "Hello world, ",
	    BIG_BYTES, 2 * MIB },
	{ "base64", "Content-Transfer-Encoding: base64\n\n",
	    "SGVsbG8gd29ybGQsIGhlbGxvLg==\r\n", BIG_BYTES, 2 * MIB },
	{ "quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\n",
	    "=48=65=6c=6c=6f =\r\n", BIG_BYTES, 2 * MIB },
	{ "a picture", TYPE "image/x\n\n", "Hello world\r\n", BIG_BYTES,
	    MIB / 8 },
	{ "a megabyte of empty parts", TYPE B, "--b\r\n\r\n", MIB, 2 * MIB },
	{ "twenty", TYPE B, "--b\r\n\r\n", BIG_BYTES, 3 * MIB },
	{ "parts with long names", TYPE B,
	    "--b\r\nContent-Disposition: x; filename*=utf-8''"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "%C3%BC%41%25aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "\r\n\r\n",
	    BIG_BYTES, 4 * MIB },
	{ "100,000 header lines", TYPE "message/rfc822\n\n", "Subject: xx\r\n",
	    13 * 100000, MIB },
	{ "as many of the type", TYPE "message/rfc822\n\n",
	    "Content-Type: text/plain; a=b\r\n", BIG_BYTES, MIB },
	{ "a field without an end", TYPE "message/rfc822\n\nTo: x\n",
	    "Content-Type: text/plain;\r\n a=b;", BIG_BYTES, MIB },
	{ "no fields in a header", TYPE "message/rfc822\n\n", "no field\r\n",
	    BIG_BYTES, 2 * MIB },
	{ "fields without an end in many parts", TYPE B,
	    "--b\r\nContent-Type: text/plain; a=b a=b a=b a=b a=b a=b "
	    "a=b a=b a=b a=b a=b a=b a=b a=b a=b a=b a=b a=b a=b a=b"
	    "\r\n\r\n",
	    BIG_BYTES, 4 * MIB },
	{ "CR only", TYPE B, "\r", BIG_BYTES, MIB },
	{ "LF only", TYPE B, "\n", BIG_BYTES, MIB },
	{ "lines that are nearly delimiters", TYPE B, "--a\r\n", BIG_BYTES,
	    2 * MIB },
	{ "delimiters with junk", TYPE B, "--bx\r\n\r\n", BIG_BYTES, 3 * MIB },
	{ "nested messages", TYPE "message/rfc822\n\n",
	    "Content-Type: message/rfc822\r\n\r\n", BIG_BYTES, 2 * MIB },
	{ "nested multiparts", TYPE B,
	    "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
	    BIG_BYTES, 4 * MIB },
	{ "all read again", TYPE B,
	    "--b\r\nContent-Type: text/plain\r\nContent-Type: text/html"
	    "\r\nContent-Transfer-Encoding: base64\r\n"
	    "Content-Transfer-Encoding: "
	    "quoted-printable\r\n\r\nabc\r\n",
	    BIG_BYTES, 4 * MIB },
	{ "encoded messages", TYPE B,
	    "--b\r\nContent-Type: message/rfc822\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nQTogYg0KDQo="
	    "\r\n",
	    BIG_BYTES, 4 * MIB },
	{ "files in a text", TYPE "text/plain\n\n",
	    "begin 644 a\r\n#0V%T\r\n`\r\nend\r\n", BIG_BYTES, 3 * MIB },
	{ "what nearly begins one", TYPE "text/plain\n\n", "begin ", BIG_BYTES,
	    2 * MIB },
};

static void
memory_and_time_are_bounded(void **state)
{
	const struct mime_limits limits = mime_limits_of(KIT_SCAN_LIMIT);

	(void)state;
	for (size_t i = 0; i < N_OF(hostile_cases); i++)
		split_hostile(&hostile_cases[i], &limits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_over_a_cap_is_text_or_noted),
		cmocka_unit_test(bytes_of_all_fields_shorten_names_only),
		cmocka_unit_test(second_readings_are_counted),
		cmocka_unit_test(what_is_kept_depends_on_kind_and_room),
		cmocka_unit_test(readings_share_the_room_alike_for_each_cut),
		cmocka_unit_test(memory_and_time_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
