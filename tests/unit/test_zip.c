/*
 * Zips that say one thing here and another there: every reading counts, at
 * any size, and what is wrong with them is told.
 */
#include "archive_kit.h"

#ifdef SLUICE_ARCHIVE

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

#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(test_both_lists_of_a_zip_count),
		ONE(test_a_file_that_the_directory_does_not_know),
		ONE(test_a_size_that_skips_a_file),
		ONE(test_a_directory_inside_of_a_file),
		ONE(test_names_as_rules_see_them),
		ONE(test_the_other_name_in_the_extra_field),
		ONE(test_a_zip_without_its_middle),
		ONE(test_a_hundred_thousand_entries_are_cut),
		ONE(test_as_many_entries_as_may_be_are_not_cut),
		ONE(test_overlapped_entries_cost_little),
		ONE(test_time_is_bounded_by_the_options),
	};

	archive_prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void
test_without_libarchive_nothing_is_told(void **state)
{
	(void)state;
	expect("a.zip", zip_of_name(STR("setup.exe")), " none");
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
