/*
 * The names in archives: every format, every reading of a zip, whatever is
 * broken, encrypted, huge or missing in the middle.
 */
#include "inspect/archive.h"

#include "base/buf.h"
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef SLUICE_ARCHIVE

#include <archive.h>
#include <archive_entry.h>

#define CORPUS     "tests/fuzz/corpus/archive"
#define CPU_MAX_NS INT64_C(5000000000) /* with sanitizers, too */

static struct arena *arena;
static struct inspect_options options;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new(4096);
	inspect_options_init(&options);
	options.timeout_ms =
	    60000; /* what is bounded shall not be so by time */
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* All names with "|" between, then what is true of the archive. */
static const char *
described(const struct inspect_item *item)
{
	struct buf text = { 0 };
	const char *result;

	for (size_t i = 0; i < item->n_entries; i++) {
		if (i > 0)
			buf_byte(&text, '|');
		buf_add(&text, item->entries[i]);
	}
	buf_add_cstr(&text, item->is_archive ? "" : " none");
	buf_add_cstr(&text, item->is_encrypted ? " encrypted" : "");
	buf_add_cstr(&text, item->is_broken ? " broken" : "");
	buf_add_cstr(&text, item->is_limited ? " limited" : "");
	result = arena_cstr(arena, buf_str(&text));
	buf_done(&text);
	return result;
}

static struct inspect_item
listed(const char *name, struct str content)
{
	struct inspect_item item = { .name = str_of(name), .content = content };

	archive_list(&item, &options, arena);
	return item;
}

static void
expect(const char *name, struct str content, const char *want)
{
	const struct inspect_item item = listed(name, content);

	if (strcmp(described(&item), want) != 0)
		fail_msg(
		    "%s: %s\n    wanted: %s", name, described(&item), want);
}

static struct str
corpus(const char *name)
{
	static char bytes[16384];
	const char *path = arena_printf(arena, CORPUS "/%s", name).p;
	FILE *file = fopen(path, "rb");
	size_t n;

	if (file == NULL)
		fail_msg("%s is not there", path);
	n = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_true(n > 0 && n < sizeof(bytes));
	return arena_str(arena, (struct str){ bytes, n });
}

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

/* --- zips of our own ------------------------------------------------------ */

struct entry {
	struct str local;
	struct str central;
	unsigned flags;
	struct str extra;
	struct str data;
};

static void
put(struct buf *out, uint64_t number, int n_bytes)
{
	for (int i = 0; i < n_bytes; i++)
		buf_byte(out, (char)(i < 8 ? number >> (8 * i) & 0xff : 0));
}

static void
put_local(struct buf *out, const struct entry *entry)
{
	put(out, 0x04034b50, 4);
	put(out, 20, 2);
	put(out, entry->flags, 2);
	put(out, 0, 10); /* stored; no time, no CRC */
	put(out, entry->data.len, 4);
	put(out, entry->data.len, 4);
	put(out, entry->local.len, 2);
	put(out, entry->extra.len, 2);
	buf_add(out, entry->local);
	buf_add(out, entry->extra);
	buf_add(out, entry->data);
}

static void
put_central(struct buf *out, const struct entry *entry, size_t offset)
{
	put(out, 0x02014b50, 4);
	put(out, 20, 2);
	put(out, 20, 2);
	put(out, entry->flags, 2);
	put(out, 0, 10);
	put(out, entry->data.len, 4);
	put(out, entry->data.len, 4);
	put(out, entry->central.len, 2);
	put(out, 0, 2 + 2 + 2 + 2 + 4);
	put(out, offset, 4);
	buf_add(out, entry->central);
}

static void
put_end(struct buf *out, size_t n, size_t directory_at)
{
	size_t size = out->len - directory_at;

	put(out, 0x06054b50, 4);
	put(out, 0, 4);
	put(out, n & 0xffff, 2);
	put(out, n & 0xffff, 2);
	put(out, size, 4);
	put(out, directory_at, 4);
	put(out, 0, 2);
}

static struct str
zip_of(const struct entry *entries, size_t n)
{
	struct buf out = { 0 };
	size_t *offsets = calloc(n + 1, sizeof(*offsets)), directory_at;
	struct str result;

	for (size_t i = 0; i < n; i++) {
		offsets[i] = out.len;
		put_local(&out, &entries[i]);
	}
	directory_at = out.len;
	for (size_t i = 0; i < n; i++)
		put_central(&out, &entries[i], offsets[i]);
	put_end(&out, n, directory_at);
	free(offsets);
	result = arena_str(arena, buf_str(&out));
	buf_done(&out);
	return result;
}

static struct str
zip_of_name(struct str name)
{
	const struct entry entry = {
		.local = name, .central = name, .data = STR("data")
	};

	return zip_of(&entry, 1);
}

static void
test_both_lists_of_a_zip_count(void **state)
{
	const struct entry entries[] = {
		{ .local = STR("a.txt"),
		    .central = STR("setup.exe"),
		    .data = STR("data") },
		{ .local = STR("b.txt"), .central = STR("b.txt") },
	};

	(void)state;
	expect("a.zip", zip_of(entries, 2), "a.txt|b.txt|setup.exe broken");
}

/* The directory knows one file, but two stand before it. */
static void
test_a_file_that_the_directory_does_not_know(void **state)
{
	const struct entry known = { .local = STR("a.txt"),
		.central = STR("a.txt"),
		.data = STR("data") };
	const struct entry unknown = { .local = STR("setup.exe"),
		.data = STR("MZ") };
	struct buf out = { 0 };
	size_t directory_at;

	(void)state;
	put_local(&out, &known);
	put_local(&out, &unknown);
	directory_at = out.len;
	put_central(&out, &known, 0);
	put_end(&out, 1, directory_at);
	expect("a.zip", buf_str(&out), "a.txt|setup.exe broken");
	buf_done(&out);
}

/* A size that leads over the next file leads nowhere, and is not believed. */
static void
test_a_size_that_skips_a_file(void **state)
{
	const struct entry entries[] = {
		{ .local = STR("a.txt"), .central = STR("a.txt") },
		{ .local = STR("setup.exe"), .central = STR("setup.exe") },
	};
	struct str zip = zip_of(entries, 2);
	char *bytes = arena_cstr(arena, zip);

	(void)state;
	bytes[18] = 50;
	expect("a.zip", (struct str){ bytes, zip.len }, "a.txt|setup.exe");
}

/* A directory in the data of a stored file, which only the end knows. */
static void
test_a_directory_inside_of_a_file(void **state)
{
	const struct entry evil = { .local = STR("setup.exe"),
		.central = STR("setup.exe") };
	struct buf inner = { 0 }, out = { 0 };
	struct entry outer = { .local = STR("a.txt"), .central = STR("a.txt") };
	size_t directory_at, size;

	(void)state;
	put_local(&inner, &evil);
	size = inner.len;
	put_central(&inner, &evil, 30 + outer.local.len);
	size = inner.len - size;
	outer.data = buf_str(&inner);
	put_local(&out, &outer);
	directory_at = out.len - size;
	put_end(&out, 1, directory_at);
	expect("a.zip", buf_str(&out), "a.txt|setup.exe");
	buf_done(&inner);
	buf_done(&out);
}

static void
test_names_as_rules_see_them(void **state)
{
	char long_name[70000];
	struct inspect_item item;

	(void)state;
	expect("a", zip_of_name(STR("../../etc/passwd")), "../../etc/passwd");
	expect("a", zip_of_name(STR("/bin/sh")), "/bin/sh");
	expect("a", zip_of_name(STR("dir\\setup.exe")), "dir/setup.exe");
	expect("a", zip_of_name(STR("h\xc3\xa4slich")), "h\xc3\xa4slich");
	/* latin 1, as charset.h reads what is no UTF-8 */
	expect("a", zip_of_name(STR("h\xe4slich")), "h\xc3\xa4slich");
	/* up to the NUL, and all of it */
	expect("a", zip_of_name(STR("setup.exe\0.txt")),
	    "setup.exe|setup.exe\xef\xbf\xbd.txt");
	expect("a", zip_of_name(STR("setup.exe\0\0")), "setup.exe");
	memset(long_name, 'x', sizeof(long_name));
	memcpy(long_name + 65000, ".exe", 4);
	item = listed("a", zip_of_name((struct str){ long_name, 65004 }));
	assert_int_equal(item.n_entries, 1);
	assert_true(item.entries[0].len <= options.name_bytes_max);
	assert_true(item.entries[0].len > options.name_bytes_max - 8);
	assert_true(str_ends_nocase(item.entries[0], STR(".exe")));
}

static void
test_the_other_name_in_the_extra_field(void **state)
{
	const struct entry entry = { .local = STR("a.txt"),
		.central = STR("a.txt"),
		/* a field that nobody knows, the path, and half a field */
		.extra = STR("\x99\x99\2\0ab\x75\x70\x0e\0\1\0\0\0\0setup.exe"
			     "\x75\x70\xff\xff\1") };

	(void)state;
	expect("a.zip", zip_of(&entry, 1), "a.txt|setup.exe");
}

static struct inspect_item
without_middle(const char *name, struct str all, size_t n_head, size_t n_tail)
{
	struct inspect_item item = { .name = str_of(name),
		.content = str_sub(all, 0, n_head),
		.tail = str_from(all, all.len - n_tail),
		.n_missing = all.len - n_head - n_tail };

	archive_list(&item, &options, arena);
	return item;
}

static void
test_a_zip_without_its_middle(void **state)
{
	static char data[100000];
	const struct entry entries[] = {
		{ .local = STR("first.txt"),
		    .central = STR("first.txt"),
		    .data = { data, sizeof(data) } },
		{ .local = STR("middle.exe"),
		    .central = STR("middle.exe"),
		    .data = { data, sizeof(data) } },
		{ .local = STR("last.txt"),
		    .central = STR("last.txt"),
		    .data = { data, sizeof(data) } },
	};
	struct inspect_item item =
	    without_middle("a.zip", zip_of(entries, 3), 1000, 1000);

	(void)state;
	assert_string_equal(described(&item), "first.txt|middle.exe|last.txt");
	/* and without its end: what the head tells */
	item = without_middle("a.zip", zip_of(entries, 3), 150000, 0);
	assert_string_equal(described(&item), "first.txt|middle.exe");
}

/* Lists at the end, in the middle, at the beginning. */
static void
test_other_formats_without_their_middle(void **state)
{
	struct str all = corpus("usual.7z");
	struct buf tar = { 0 };
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
	buf_done(&tar);
}

/* --- what somebody means ill ---------------------------------------------- */

static int64_t
cpu_of(const char *name, struct str content, struct inspect_item *item_out)
{
	int64_t start_ns = clock_cpu_ns();

	*item_out = listed(name, content);
	return clock_cpu_ns() - start_ns;
}

static void
test_a_hundred_thousand_entries_are_cut(void **state)
{
	size_t n = 100000;
	struct entry *entries = calloc(n, sizeof(*entries));
	struct inspect_item item;

	(void)state;
	for (size_t i = 0; i < n; i++)
		entries[i].local = entries[i].central =
		    arena_printf(arena, "%zu", i);
	assert_true(cpu_of("a.zip", zip_of(entries, n), &item) < CPU_MAX_NS);
	assert_int_equal(item.n_entries, options.entries_max);
	assert_true(item.is_limited);
	free(entries);
}

static void
test_as_many_entries_as_may_be_are_not_cut(void **state)
{
	struct entry entries[20] = { 0 };
	struct inspect_item item;

	(void)state;
	options.entries_max = 20;
	for (size_t i = 0; i < 20; i++)
		entries[i].local = entries[i].central =
		    arena_printf(arena, "%zu", i);
	item = listed("a.zip", zip_of(entries, 20));
	assert_int_equal(item.n_entries, 20);
	assert_false(item.is_limited);
	options.entries_max = 19;
	item = listed("a.zip", zip_of(entries, 20));
	assert_int_equal(item.n_entries, 19);
	assert_true(item.is_limited);
}

/* Ten thousand records of one directory for the same bytes, and a thousand
 * ends that all name this directory. */
static void
test_overlapped_entries_cost_little(void **state)
{
	static char zeros[100000];
	const struct entry entry = { .local = STR("a.zip"),
		.central = STR("a.zip"),
		.data = { zeros, sizeof(zeros) } };
	struct buf out = { 0 };
	size_t directory_at;
	struct inspect_item item;

	(void)state;
	put_local(&out, &entry);
	directory_at = out.len;
	for (size_t i = 0; i < 10000; i++)
		put_central(&out, &entry, 0);
	for (size_t i = 0; i < 1000; i++)
		put_end(&out, 10000, directory_at);
	assert_true(cpu_of("a.zip", buf_str(&out), &item) < CPU_MAX_NS);
	assert_true(str_is(item.entries[0], "a.zip"));
	buf_done(&out);
}

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

/* Names whose hashes are alike are still two names. */
static void
test_time_is_bounded_by_the_options(void **state)
{
	size_t n = 2000;
	struct entry *entries = calloc(n, sizeof(*entries));
	struct inspect_item item;

	(void)state;
	for (size_t i = 0; i < n; i++)
		entries[i].local = entries[i].central =
		    arena_printf(arena, "%zu", i);
	options.timeout_ms = 0;
	item = listed("a.zip", zip_of(entries, n));
	assert_true(item.n_entries < n);
	assert_true(item.is_limited);
	free(entries);
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
		ONE(test_both_lists_of_a_zip_count),
		ONE(test_a_file_that_the_directory_does_not_know),
		ONE(test_a_size_that_skips_a_file),
		ONE(test_a_directory_inside_of_a_file),
		ONE(test_names_as_rules_see_them),
		ONE(test_the_other_name_in_the_extra_field),
		ONE(test_a_zip_without_its_middle),
		ONE(test_other_formats_without_their_middle),
		ONE(test_a_hundred_thousand_entries_are_cut),
		ONE(test_as_many_entries_as_may_be_are_not_cut),
		ONE(test_overlapped_entries_cost_little),
		ONE(test_bombs_are_let_alone),
		ONE(test_time_is_bounded_by_the_options),
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
	struct inspect_item item = { .name = STR("a.zip"),
		.content = STR("PK\3\4") };
	struct inspect_options options;
	struct arena *arena = arena_new(256);

	(void)state;
	inspect_options_init(&options);
	archive_list(&item, &options, arena);
	assert_false(item.is_archive);
	assert_int_equal(item.n_entries, 0);
	assert_null(archive_version_text());
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_libarchive_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
