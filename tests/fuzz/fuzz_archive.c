/*
 * Any bytes as an attachment, whole and without their middle: the readers of
 * archives do not crash, and what they tell is bounded and UTF-8.
 *
 * Here they run in process, libarchive among them, which is not ours: what
 * breaks in it alone is for its maintainers, and kills a helper only.
 */
#include "base/utf8.h"
#include "inspect/archive.h"
#include "inspect/document.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct inspect_options options;

/* assert would be silent in a build with NDEBUG. */
static void
require(bool is_true)
{
	if (!is_true)
		abort();
}

static void
check(struct inspect_item *item)
{
	struct arena *arena = arena_new(4096);

	archive_list(item, &options, arena);
	require(item->n_entries <= options.entries_max);
	require(item->n_entries == 0 || item->is_archive);
	for (size_t i = 0; i < item->n_entries; i++) {
		struct str name = item->entries[i];

		require(name.len > 0 && name.len <= options.name_bytes_max);
		require(utf8_bad(name) < 0);
		require(str_find(name, '\0') < 0);
		for (size_t j = 0; j < i; j++)
			require(!str_eq(name, item->entries[j]));
	}
	arena_free(arena);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	archive_prepare();
	inspect_options_init(&options);
	options.timeout_ms = 5000;
	options.entries_max = 50;
	options.name_bytes_max = 64;
	options.unpacked_max = 256 * 1024;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str all = { (const char *)data, size };
	struct inspect_item item = { .name = STR("a.gz"), .content = all };

	check(&item);
	item.content = str_sub(all, 0, size / 2);
	item.tail = str_from(all, size - size / 3);
	item.n_missing = size - item.content.len - item.tail.len;
	check(&item);
	item.n_missing += (uint64_t)1 << 33;
	check(&item);
	document_is_encrypted(item.content, item.tail);
	return 0;
}
