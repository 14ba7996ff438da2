/*
 * What is taken for an archive: by its first bytes, its type, its name.
 */
#include "mime/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

static void
archives_are_known_by_their_first_bytes(void **state)
{
	const struct str heads[] = { STR("PK\3\4\x14\0"), STR("PK\5\6\0\0"),
		STR("7z\xbc\xaf\x27\x1c\0"), STR("Rar!\x1a\7\0"),
		STR("Rar!\x1a\7\1\0"), STR("\x1f\x8b\x08"), STR("BZh91AY&SY"),
		STR("\xfd\x37zXZ\0"), STR("\x28\xb5\x2f\xfd"),
		STR("MSCF\0\0\0\0"), STR("\x1f\x9d\x90"), STR("xx-lh5-") };

	(void)state;
	for (size_t i = 0; i < N_OF(heads); i++) {
		assert_true(signature_is_archive(heads[i]));
		assert_false(signature_is_archive(str_from(heads[i], 1)));
		assert_false(signature_is_archive(str_sub(heads[i], 0, 1)));
	}
}

static void
a_tar_is_known_from_as_many_bytes_as_promised(void **state)
{
	char head[SIGNATURE_BYTES] = { 0 };

	(void)state;
	memcpy(head + 257, "ustar", 5);
	assert_true(
	    signature_is_archive((struct str){ head, SIGNATURE_BYTES }));
	assert_false(signature_is_archive((struct str){ head, 261 }));
}

static void
other_things_are_none(void **state)
{
	const struct str heads[] = { STR(""), STR("P"), STR("%PDF-1.4"),
		STR("MZ\x90\0"), STR("\x89PNG\r\n"), STR("GIF89a"),
		STR("\xff\xd8\xff\xe0"), STR("Hello world, how are you?") };

	(void)state;
	for (size_t i = 0; i < N_OF(heads); i++)
		assert_false(signature_is_archive(heads[i]));
}

static void
types_say_so(void **state)
{
	(void)state;
	assert_true(signature_type_is_archive(STR("application/zip")));
	assert_true(signature_type_is_archive(STR("application/x-zip")));
	assert_true(
	    signature_type_is_archive(STR("application/x-rar-compressed")));
	assert_true(signature_type_is_archive(STR("application/gzip")));
	assert_true(signature_type_is_archive(STR("application/epub+zip")));
	assert_false(signature_type_is_archive(STR("application/pdf")));
	assert_false(signature_type_is_archive(STR("application/zipper")));
	assert_false(signature_type_is_archive(STR("image/zip")));
	assert_false(signature_type_is_archive(STR("")));
}

static void
names_say_so(void **state)
{
	const struct str yes[] = { STR("a.zip"), STR("A.ZIP"), STR("a.tar.gz"),
		STR("a.zip."), STR("a.zip . "), STR("a.pdf.iso"),
		STR("x.CAB") };
	const struct str no[] = { STR("zip"), STR("a.zip.exe"), STR("a.pdf"),
		STR(""), STR("..."), STR("a.zi") };

	(void)state;
	for (size_t i = 0; i < N_OF(yes); i++)
		assert_true(signature_name_is_archive(yes[i]));
	for (size_t i = 0; i < N_OF(no); i++)
		assert_false(signature_name_is_archive(no[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archives_are_known_by_their_first_bytes),
		cmocka_unit_test(a_tar_is_known_from_as_many_bytes_as_promised),
		cmocka_unit_test(other_things_are_none),
		cmocka_unit_test(types_say_so),
		cmocka_unit_test(names_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
