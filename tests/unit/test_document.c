/*
 * What is told of attachments without a library: documents with a password,
 * and what may pass for a type.
 */
#include "inspect/document.h"
#include "inspect/inspect.h"
#include "inspect/magic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define OLE2 "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

static void
test_documents_with_a_password(void **state)
{
	char bytes[2048] = OLE2;
	const struct str document = { bytes, sizeof(bytes) };
	const struct str none = STR("");

	(void)state;
	assert_false(document_is_encrypted(document, none));
	/* Word: FIB, fEncrypted */
	memcpy(bytes + 512, "\xec\xa5\xc1\0\0\0\0\0\0\0\0\1", 12);
	assert_true(document_is_encrypted(document, none));
	bytes[523] = 0;
	assert_false(document_is_encrypted(document, none));
	/* Excel: FILEPASS behind BOF */
	memcpy(bytes + 700, "\x09\x08\x10\0\0\x06\x05\0", 8);
	bytes[720] = 0x2f;
	assert_true(document_is_encrypted(document, none));
	bytes[720] = 0x30;
	assert_false(document_is_encrypted(document, none));
	/* OOXML in OLE2, whose directory may stand at the end */
	assert_true(document_is_encrypted(
	    document, STR("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0")));
	assert_true(
	    document_is_encrypted(STR("%PDF-1.4 <</Encrypt 5 0 R>>"), none));
	assert_true(document_is_encrypted(
	    STR("junk %PDF-1.4"), STR("trailer <</Encrypt<<>> >>")));
	assert_false(document_is_encrypted(
	    STR("%PDF-1.4 <</EncryptMetadata false>>"), none));
	assert_false(document_is_encrypted(STR("/Encrypt 5 0 R"), none));
}

static void
test_a_type_is_only_what_looks_like_one(void **state)
{
	(void)state;
	assert_true(magic_is_type(STR("application/vnd.ms-excel")));
	assert_true(magic_is_type(STR("")));
	assert_false(magic_is_type(STR("text/plain\n")));
	assert_false(magic_is_type(STR("cannot open `x'")));
}

static void
test_versions_are_told(void **state)
{
	(void)state;
	assert_true(strstr(inspect_versions(), "libarchive") != NULL);
	assert_true(strstr(inspect_versions(), "libmagic") != NULL);
	assert_true((strstr(inspect_versions(), "no libarchive") == NULL) ==
		    inspect_has_archive());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents_with_a_password),
		cmocka_unit_test(test_a_type_is_only_what_looks_like_one),
		cmocka_unit_test(test_versions_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
