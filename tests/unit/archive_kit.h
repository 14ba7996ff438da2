/*
 * archive_kit: lists of archives as one line, the archives of the fuzzer's
 * corpus, and zips made by hand, right or wrong.
 */
#ifndef SLUICE_TESTS_ARCHIVE_KIT_H
#define SLUICE_TESTS_ARCHIVE_KIT_H

#include "inspect/archive.h"

#include "base/buf.h"
#include "base/clock.h"
#include "slower.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CORPUS     "tests/fuzz/corpus/archive"
#define CPU_MAX_NS (INT64_C(2000000000) * TIMES_SLOWER)

static struct arena *arena;
static struct inspect_options options;

static inline int
set_up(void **state)
{
	(void)state;
	arena = arena_new(4096);
	inspect_options_init(&options);
	options.timeout_ms =
	    60000; /* what is bounded shall not be so by time */
	return 0;
}

static inline int
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

static inline struct inspect_item
listed(const char *name, struct str content)
{
	struct inspect_item item = { .name = str_of(name), .content = content };

	archive_list(&item, &options, arena);
	return item;
}

static inline void
expect(const char *name, struct str content, const char *want)
{
	const struct inspect_item item = listed(name, content);

	if (strcmp(described(&item), want) != 0)
		fail_msg(
		    "%s: %s\n    wanted: %s", name, described(&item), want);
}

static inline struct str
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

static inline int64_t
cpu_of(const char *name, struct str content, struct inspect_item *item_out)
{
	int64_t start_ns = clock_cpu_ns();

	*item_out = listed(name, content);
	return clock_cpu_ns() - start_ns;
}

static inline struct inspect_item
without_middle(const char *name, struct str all, size_t n_head, size_t n_tail)
{
	struct inspect_item item = { .name = str_of(name),
		.content = str_sub(all, 0, n_head),
		.tail = str_from(all, all.len - n_tail),
		.n_missing = all.len - n_head - n_tail };

	archive_list(&item, &options, arena);
	return item;
}

struct entry {
	struct str local;
	struct str central;
	unsigned flags;
	struct str extra;
	struct str data;
};

static inline void
put(struct buf *out, uint64_t number, int n_bytes)
{
	for (int i = 0; i < n_bytes; i++)
		buf_byte(out, (char)(i < 8 ? number >> (8 * i) & 0xff : 0));
}

static inline void
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

static inline void
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

static inline void
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

static inline struct str
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

static inline struct str
zip_of_name(struct str name)
{
	const struct entry entry = {
		.local = name, .central = name, .data = STR("data")
	};

	return zip_of(&entry, 1);
}

#endif
