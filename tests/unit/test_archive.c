/*
 * The names in archives: every format, one in the other, whatever is broken,
 * encrypted, huge or missing in the middle. See test_zip.c for zips.
 */
#include "archive_kit.h"
#include "base/utf8.h"

#ifdef SLUICE_ARCHIVE

#include <archive.h>
#include <archive_entry.h>

/* --- formats -------------------------------------------------------------- */

static const struct {
	const char *file;
	const char *want;
} formats[] = {
	{ "usual.zip", "readme.txt|setup.exe" },
	{ "stored.zip", "readme.txt|setup.exe" },
	{ "empty.zip", "" },
	{ "prefix.exe", "readme.txt|setup.exe" },
	{ "usual.tar", "readme.txt|setup.exe" },
	{ "usual.tar.bz2", "readme.txt|setup.exe" },
	{ "usual.tar.xz", "readme.txt|setup.exe" },
	{ "nested.tgz", "readme.txt|setup.exe|inner.zip|inner.zip/setup.exe" },
	{ "usual.7z", "inner.zip|readme.txt|setup.exe|inner.zip/setup.exe" },
	{ "usual.cab", "setup.exe|readme.txt|inner.zip limited" },
	{ "usual.rar4.rar", "readme.txt|setup.exe" },
	{ "usual.rar5.rar", "readme.txt|setup.exe" },
	/* the name in the header, and that of the file */
	{ "named.gz", "setup.exe|named" },
	{ "setup.js.gz", "setup.js" },
	{ "setup.exe.xz", "setup.exe" },
	{ "setup.exe.zst", "setup.exe" },
	/* one in the other */
	{ "nested.zip",
	    "inner.zip|picture.png|inner.zip/setup.exe|picture.png/setup.exe" },
	{ "nested-stored.zip", "inner.zip|inner.zip/setup.exe" },
	/* a stored zip at its end makes it a zip, too: both lists count */
	{ "nested.rar4.rar", "setup.exe|inner.zip|inner.zip/setup.exe" },
	{ "nested.rar5.rar", "setup.exe|inner.zip|inner.zip/setup.exe" },
	{ "inner.zip.gz", "inner.zip|inner.zip/setup.exe" },
	{ "deep.zip", "outer.zip|outer.zip/middle.zip|"
		      "outer.zip/middle.zip/inner.zip|"
		      "outer.zip/middle.zip/notes.txt limited" },
	/* with a password for the data, and for the names */
	{ "encrypted.zip", "readme.txt|setup.exe encrypted" },
	{ "encrypted-aes.zip", "readme.txt|setup.exe encrypted" },
	{ "encrypted.7z", "readme.txt|setup.exe encrypted" },
	{ "encrypted.rar4.rar", "readme.txt|setup.exe encrypted" },
	{ "hidden.7z", " encrypted" },
	{ "hidden.rar4.rar", " encrypted" },
	{ "hidden.rar5.rar", " encrypted" },
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static void
test_each_format_tells_its_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FORMATS; i++)
		expect(
		    formats[i].file, corpus(formats[i].file), formats[i].want);
}

/* What libarchive writes of files without content but their names. */
static struct str
written(int (*set_format)(struct archive *),
    int (*add_filter)(struct archive *), const char *const *names,
    size_t bytes_each)
{
	static char block[65536];
	size_t size = 8 * 1024 * 1024, used = 0;
	char *out = malloc(size);
	struct archive *archive = archive_write_new();
	struct str result;

	set_format(archive);
	add_filter(archive);
	archive_write_set_bytes_in_last_block(archive, 1);
	assert_int_equal(
	    archive_write_open_memory(archive, out, size, &used), ARCHIVE_OK);
	for (; *names != NULL; names++) {
		struct archive_entry *entry = archive_entry_new();

		archive_entry_set_pathname(entry, *names);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_size(entry, (la_int64_t)bytes_each);
		archive_entry_set_mtime(entry, 1767225600, 0);
		assert_int_equal(
		    archive_write_header(archive, entry), ARCHIVE_OK);
		for (size_t left = bytes_each; left > 0;) {
			size_t n = left < sizeof(block) ? left : sizeof(block);

			assert_int_equal(
			    archive_write_data(archive, block, n), n);
			left -= n;
		}
		archive_entry_free(entry);
	}
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
	result = arena_str(arena, (struct str){ out, used });
	free(out);
	return result;
}

static const char *const two_names[] = { "a.txt", "setup.exe", NULL };
static const char *const one_name[] = { "setup.js", NULL };

static void
test_formats_that_are_too_large_to_keep(void **state)
{
	(void)state;
	expect("disk.iso",
	    written(archive_write_set_format_iso9660,
		archive_write_add_filter_none, two_names, 10),
	    "a.txt|setup.exe");
	expect("setup.js.Z",
	    written(archive_write_set_format_raw,
		archive_write_add_filter_compress, one_name, 1000),
	    "setup.js");
	expect("all.tar.lzma",
	    written(archive_write_set_format_pax_restricted,
		archive_write_add_filter_lzma, two_names, 10),
	    "a.txt|setup.exe");
}

static void
test_what_is_no_archive_has_no_names(void **state)
{
	(void)state;
	expect("a.txt", STR("hello\n"), " none");
	expect("a.zip", STR("hello, I am no zip\n"), " none");
	expect("a.txt", STR("BZh is how this text begins\n"), " none");
	expect("a.txt", STR(""), " none");
}

static void
test_one_that_begins_and_cannot_be_read_is_broken(void **state)
{
	(void)state;
	expect("a.zip", STR("PK\3\4"), " broken");
	expect("a.rar", STR("Rar!\x1a\7\0"), " broken");
	expect("a.7z", STR("7z\xbc\xaf\x27\x1c\0\4 and so on"), " broken");
	expect(
	    "evil.exe.gz", STR("\x1f\x8b\x08 no deflate"), "evil.exe broken");
	expect("a.cab", STR("MSCF\0\0\0\0"), " broken");
}

/* Lists at the end, in the middle, at the beginning. */
static void
test_other_formats_without_their_middle(void **state)
{
	struct str all = corpus("usual.7z");
	struct inspect_item item;

	(void)state;
	/* 32 bytes of header and the packed data's first ones */
	item = without_middle("a.7z", all, 40, all.len - 60);
	assert_string_equal(described(&item), "inner.zip|readme.txt|setup.exe");
	all = written(archive_write_set_format_pax_restricted,
	    archive_write_add_filter_none, two_names, 100000);
	item = without_middle("a.tar", all, 20000, all.len - 90000);
	assert_string_equal(described(&item), "a.txt|setup.exe");
	all = corpus("usual.rar5.rar");
	item = without_middle("a.rar", all, 60, all.len - 80);
	assert_string_equal(described(&item), "readme.txt|setup.exe");
	/* What is compressed as a whole ends where something is missing, but
	 * nobody says that it is broken. */
	all = corpus("nested.tgz");
	item = without_middle("a.tgz", all, 60, 10);
	assert_false(item.is_broken);
}

/* --- what somebody means ill ---------------------------------------------- */

static void
test_bombs_are_let_alone(void **state)
{
	static const char *const bomb[] = { "zeros", "setup.exe", NULL };
	struct inspect_item item;

	(void)state;
	/* 300 MB in a hundred files of ten zips */
	assert_true(cpu_of("bomb.zip", corpus("bomb.zip"), &item) < CPU_MAX_NS);
	assert_int_equal(item.n_entries, 110);
	/* a list that one must unpack to read */
	assert_true(cpu_of("bomb.tgz",
			written(archive_write_set_format_pax_restricted,
			    archive_write_add_filter_gzip, bomb, 100000000),
			&item) < CPU_MAX_NS);
	assert_string_equal(described(&item), "zeros limited");
	/* and one that need not be */
	assert_true(cpu_of("bomb.zip",
			written(archive_write_set_format_zip,
			    archive_write_add_filter_none, bomb, 100000000),
			&item) < CPU_MAX_NS);
	assert_string_equal(described(&item), "zeros|setup.exe");
	assert_true(arena_used(arena) < 100000000);
}

static void
check_sane(const struct inspect_item *item)
{
	assert_true(item->n_entries <= options.entries_max);
	for (size_t i = 0; i < item->n_entries; i++) {
		assert_true(item->entries[i].len > 0);
		assert_true(item->entries[i].len <= options.name_bytes_max);
		assert_true(utf8_bad(item->entries[i]) < 0);
	}
}

static void
test_cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FORMATS; i++) {
		struct str all = corpus(formats[i].file);

		for (size_t n = 0; n < all.len; n++) {
			struct arena *outer = arena;
			struct inspect_item item;

			arena = arena_new(4096);
			item = listed(formats[i].file, str_sub(all, 0, n));
			check_sane(&item);
			item = without_middle(
			    formats[i].file, all, n, (all.len - n) / 2);
			check_sane(&item);
			arena_free(arena);
			arena = outer;
		}
	}
}

/* Each byte in turn becomes another one. */
static void
test_damaged_at_every_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FORMATS; i++) {
		struct str all = corpus(formats[i].file);
		char *bytes = arena_cstr(arena, all);

		for (size_t n = 0; n < all.len && n < 600; n++) {
			struct arena *outer = arena;
			char was = bytes[n];
			struct inspect_item item;

			arena = arena_new(4096);
			bytes[n] = (char)(was ^ (n % 2 ? 0xff : 0x40));
			item = listed(
			    formats[i].file, (struct str){ bytes, all.len });
			check_sane(&item);
			bytes[n] = was;
			arena_free(arena);
			arena = outer;
		}
	}
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(test_each_format_tells_its_names),
		ONE(test_formats_that_are_too_large_to_keep),
		ONE(test_what_is_no_archive_has_no_names),
		ONE(test_one_that_begins_and_cannot_be_read_is_broken),
		ONE(test_other_formats_without_their_middle),
		ONE(test_bombs_are_let_alone),
		ONE(test_cut_at_every_byte),
		ONE(test_damaged_at_every_byte),
	};

	archive_prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void
test_without_libarchive_nothing_is_told(void **state)
{
	(void)state;
	expect("usual.zip", corpus("usual.zip"), " none");
	expect("usual.7z", corpus("usual.7z"), " none");
	assert_null(archive_version_text());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_without_libarchive_nothing_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
