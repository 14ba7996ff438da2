/* transfer: what is decoded, what is forgiven, and that cuts change nothing. */
#include "mime/transfer.h"

#include "base/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define QP  TRANSFER_QUOTED_PRINTABLE
#define B64 TRANSFER_BASE64
#define UU  TRANSFER_UUENCODE

/* STR is no constant initializer. */
#define T(text)                                                                \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

#define NONE   UINT64_C(0)
#define BAD_64 DAMAGE_BIT(DAMAGE_BASE64)
#define BAD_QP DAMAGE_BIT(DAMAGE_QUOTED_PRINTABLE)
#define BAD_UU DAMAGE_BIT(DAMAGE_UUENCODE)

static const struct {
	enum transfer_encoding encoding;
	struct str in;
	struct str want;
	uint64_t damage;
} cases[] = {
	{ TRANSFER_IDENTITY, T("a\r\n=41"), T("a\r\n=41"), NONE },
	/* base64, RFC 4648 section 10 */
	{ B64, T(""), T(""), NONE },
	{ B64, T("Zg=="), T("f"), NONE },
	{ B64, T("Zm8="), T("fo"), NONE },
	{ B64, T("Zm9v"), T("foo"), NONE },
	{ B64, T("Zm9vYg=="), T("foob"), NONE },
	{ B64, T("Zm9v\r\nYmE=\r\n"), T("fooba"), NONE },
	{ B64, T("Zm9vYmFy"), T("foobar"), NONE },
	{ B64, T("//79"), T("\xff\xfe\xfd"), NONE },
	{ B64, T("Z m\t9\nv"), T("foo"), NONE },
	{ B64, T("Zm8"), T("fo"), BAD_64 },
	{ B64, T("Zg"), T("f"), BAD_64 },
	{ B64, T("Z"), T(""), BAD_64 },
	{ B64, T("Zm9!v"), T("foo"), BAD_64 },
	{ B64, T("\0Zm9v\xff"), T("foo"), BAD_64 },
	{ B64, T("Zg==Zm9v"), T("ffoo"), BAD_64 },
	{ B64, T("Zg==\r\nZg==\r\n"), T("ff"), BAD_64 },
	{ B64, T("Zg=Zm9v"), T("ffoo"), BAD_64 },
	{ B64, T("=Zm9v"), T("foo"), BAD_64 },
	{ B64, T("Zm9v==="), T("foo"), BAD_64 },
	{ B64, T("Zm9vZ==="), T("foo"), BAD_64 },
	/* quoted-printable */
	{ QP, T("caf=C3=A9"), T("caf\xc3\xa9"), NONE },
	{ QP, T("caf=c3=a9"), T("caf\xc3\xa9"), NONE },
	{ QP, T("so=\r\nft"), T("soft"), NONE },
	{ QP, T("so=\nft"), T("soft"), NONE },
	{ QP, T("so=\rft"), T("soft"), NONE },
	{ QP, T("so= \t\r\nft"), T("soft"), NONE },
	{ QP, T("so=\r\n\r\nft"), T("so\r\nft"), NONE },
	{ QP, T("soft="), T("soft"), NONE },
	{ QP, T("soft= "), T("soft"), NONE },
	{ QP, T("a \t\r\nb"), T("a\r\nb"), NONE },
	{ QP, T("a =\r\n b"), T("a  b"), NONE },
	{ QP, T("a =20\r\nb"), T("a  \r\nb"), NONE },
	{ QP, T("a  b \n"), T("a  b\n"), NONE },
	{ QP, T("a\r b"), T("a\r b"), NONE },
	{ QP, T("1+1=3D2"), T("1+1=2"), NONE },
	{ QP, T("1+1=2"), T("1+1=2"), BAD_QP },
	{ QP, T("=zz"), T("=zz"), BAD_QP },
	{ QP, T("=4z"), T("=4z"), BAD_QP },
	{ QP, T("=4"), T("=4"), BAD_QP },
	{ QP, T("==41"), T("=A"), BAD_QP },
	{ QP, T("=4=41"), T("=4A"), BAD_QP },
	{ QP, T("= 41"), T("= 41"), BAD_QP },
	{ QP, T("=00"), T("\0"), NONE },
	/* uuencode */
	{ UU, T("begin 644 a\n#9F]O\n`\nend\n"), T("foo"), NONE },
	{ UU, T("begin 644 a\r\n#9F]O\r\n`\r\nend\r\n"), T("foo"), NONE },
	{ UU, T("x\nbegin 0644 a\n!9@``\n \nend\ny\n"), T("f"), NONE },
	{ UU, T("begin 644 a\n&9F]O8F%R\n`\nend"), T("foobar"), NONE },
	{ UU, T("begin 644 a\n#9F]O\n"), T("foo"), BAD_UU },
	{ UU, T("begin 644 a\n&9F]O\n`\nend\n"), T("foo"), BAD_UU },
	{ UU, T("begin 644 a\n#9F]O99\n`\nend\n"), T("foo"), BAD_UU },
	{ UU, T("begin 644 a\n?9F]O\n`\nend\n"), T("foo"), BAD_UU },
	{ UU, T("begin 644 a\n#9f]O\n`\nend\n"), T(""), BAD_UU },
	{ UU, T("nothing here"), T(""), BAD_UU },
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

/* In two pieces, and in pieces of `step` bytes if that is not 0. */
static uint64_t
decode(enum transfer_encoding encoding, struct str in, size_t cut, size_t step,
    struct buf *out)
{
	struct transfer transfer = { .encoding = encoding };
	uint64_t damage = 0;

	if (step == 0) {
		transfer_push(&transfer, str_sub(in, 0, cut), out, &damage);
		transfer_push(&transfer, str_from(in, cut), out, &damage);
	}
	for (size_t i = 0; step > 0 && i < in.len; i += step)
		transfer_push(&transfer,
		    str_sub(in, i, i + step < in.len ? i + step : in.len), out,
		    &damage);
	transfer_end(&transfer, out, &damage);
	return damage;
}

static void
test_texts_are_decoded_whatever_the_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		for (size_t cut = 0; cut <= cases[i].in.len; cut++) {
			struct buf out = { 0 };
			uint64_t damage = decode(
			    cases[i].encoding, cases[i].in, cut, 0, &out);

			if (!str_eq(buf_str(&out), cases[i].want) ||
			    damage != cases[i].damage)
				fail_msg(
				    "case %zu cut at %zu: \"%.*s\", damage "
				    "%llx",
				    i, cut, STR_ARG(buf_str(&out)),
				    (unsigned long long)damage);
			buf_done(&out);
		}
	}
}

/* Bytes that make trouble, in any order. */
static void
fill(char *bytes, size_t n, const char *alphabet)
{
	size_t n_letters = strlen(alphabet);

	for (size_t i = 0; i < n; i++)
		bytes[i] = alphabet[(size_t)rand() % n_letters];
}

static void
test_any_bytes_in_any_pieces_give_the_same(void **state)
{
	static const char *const alphabets[] = { "=4 \t\r\nAz", "Zm9v=\r\n !",
		"begin 644 a\n`#9F]O\nend\r" };
	static const enum transfer_encoding encodings[] = { QP, B64, UU };
	char bytes[64];

	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct str in = { bytes, (size_t)rand() % sizeof(bytes) };
		struct buf whole = { 0 }, pieces = { 0 };
		enum transfer_encoding encoding = encodings[round % 3];
		uint64_t damage;

		fill(bytes, in.len, alphabets[round % 3]);
		damage = decode(encoding, in, in.len, 0, &whole);
		assert_int_equal(damage,
		    decode(encoding, in, 0, 1 + (size_t)rand() % 5, &pieces));
		assert_true(str_eq(buf_str(&whole), buf_str(&pieces)));
		assert_true(whole.len <= in.len);
		buf_done(&whole);
		buf_done(&pieces);
	}
}

/* All bytes, in lines of 76 digits. */
static void
test_base64_in_lines_is_what_was_encoded(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
				       "mnopqrstuvwxyz0123456789+/";
	struct buf plain = { 0 }, encoded = { 0 }, out = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		buf_byte(&plain, (char)(i * 7 + i / 256));
	for (size_t i = 0; i < plain.len; i += 3) {
		uint32_t bits = (uint32_t)(uint8_t)plain.p[i] << 16 |
				(uint32_t)(uint8_t)plain.p[i + 1] << 8 |
				(uint8_t)plain.p[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			buf_byte(&encoded, alphabet[bits >> shift & 63]);
		if (i / 3 % 19 == 18)
			buf_add_cstr(&encoded, "\r\n");
	}
	assert_int_equal(
	    decode(B64, buf_str(&encoded), encoded.len, 0, &out), 0);
	assert_true(str_eq(buf_str(&out), buf_str(&plain)));
	buf_done(&plain);
	buf_done(&encoded);
	buf_done(&out);
}

/* Blanks without end: held back are few, and what comes out is the same. */
static void
test_blanks_that_may_end_a_line_are_held_in_bounds(void **state)
{
	struct transfer transfer = { .encoding = QP };
	struct buf out = { 0 };
	uint64_t damage = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		transfer_push(&transfer, STR("          "), &out, &damage);
		assert_true(transfer.line.len <= 1024);
	}
	transfer_push(&transfer, STR("x"), &out, &damage);
	transfer_end(&transfer, &out, &damage);
	assert_int_equal(out.len, 50001);
	buf_done(&out);
}

static void
test_a_uuencoded_line_is_held_in_bounds(void **state)
{
	struct transfer transfer = { .encoding = UU };
	struct buf out = { 0 };
	uint64_t damage = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		transfer_push(&transfer, STR("MMMMMMMMMM"), &out, &damage);
		assert_true(transfer.line.len <= 256);
	}
	transfer_end(&transfer, &out, &damage);
	assert_int_equal(out.len, 0);
	assert_int_equal(damage, BAD_UU);
	buf_done(&out);
}

static void
test_names_of_encodings_are_read_leniently(void **state)
{
	static const struct {
		const char *name;
		bool is_known;
		enum transfer_encoding encoding;
	} table[] = {
		{ "base64", true, B64 },
		{ "BASE64", true, B64 },
		{ " base64 ", true, B64 },
		{ "base64 (a comment)", true, B64 },
		{ "(a (b) c)base64;", true, B64 },
		{ "Quoted-Printable", true, QP },
		{ "x-uue", true, UU },
		{ "7bit", true, TRANSFER_IDENTITY },
		{ "8BIT", true, TRANSFER_IDENTITY },
		{ "binary", true, TRANSFER_IDENTITY },
		{ "base-64", false, TRANSFER_IDENTITY },
		{ "base64, 8bit", false, B64 },
		{ "\"base64\"", false, B64 },
		{ "8bit base64", false, TRANSFER_IDENTITY },
		{ "", false, TRANSFER_IDENTITY },
		{ "(((((", false, TRANSFER_IDENTITY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum transfer_encoding encoding = UU;

		assert_int_equal(
		    transfer_encoding_parse(str_of(table[i].name), &encoding),
		    table[i].is_known);
		assert_int_equal(encoding, table[i].encoding);
	}
}

static void
test_a_uuencoded_file_begins_with_its_mode_and_name(void **state)
{
	struct str name;

	(void)state;
	assert_true(transfer_uu_begins(STR("begin 644 a b.exe "), &name));
	assert_true(str_is(name, "a b.exe"));
	assert_true(transfer_uu_begins(STR("begin 0755 x"), &name));
	assert_false(transfer_uu_begins(STR("begin 644"), &name));
	assert_false(transfer_uu_begins(STR("begin 64 x"), &name));
	assert_false(transfer_uu_begins(STR("begin 689 x"), &name));
	assert_false(transfer_uu_begins(STR("begin 644  "), &name));
	assert_false(transfer_uu_begins(STR("begin the day"), &name));
	assert_false(transfer_uu_begins(STR(" begin 644 x"), &name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_are_decoded_whatever_the_cut),
		cmocka_unit_test(test_any_bytes_in_any_pieces_give_the_same),
		cmocka_unit_test(test_base64_in_lines_is_what_was_encoded),
		cmocka_unit_test(
		    test_blanks_that_may_end_a_line_are_held_in_bounds),
		cmocka_unit_test(test_a_uuencoded_line_is_held_in_bounds),
		cmocka_unit_test(test_names_of_encodings_are_read_leniently),
		cmocka_unit_test(
		    test_a_uuencoded_file_begins_with_its_mode_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
