/*
 * A question is one attachment, so that one that kills its helper takes no
 * other with it; and while others wait, none gets more than half of the time
 * that is left, so that a slow one does not shield those behind it.
 */
#include "inspect/inspect.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "inspect/archive.h"
#include "inspect/magic.h"
#include "inspect/pool.h"
#include "inspect/wire.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define N_HELPERS      2
#define TIMEOUT_MS     500
#define ENTRIES_MAX    2000
#define NAME_BYTES_MAX 1024
#define UNPACKED_MAX   (UINT64_C(16) * 1024 * 1024)
#define NESTING_MAX    2
#define MEMORY_MAX     ((size_t)256 * 1024 * 1024)

struct inspector {
	struct inspect_options options;
	struct pool *pool;
	_Atomic uint64_t n_questions;
};

bool
inspect_has_magic(void)
{
	return magic_version_number() != 0;
}

bool
inspect_has_archive(void)
{
	return archive_version_text() != NULL;
}

const char *
inspect_versions(void)
{
	static char text[128];
	const char *archive = archive_version_text();
	int magic = magic_version_number();
	int n = snprintf(text, sizeof(text), "%s, ",
	    archive != NULL ? archive : "no libarchive");

	if (magic == 0)
		snprintf(text + n, sizeof(text) - (size_t)n, "no libmagic");
	else
		snprintf(text + n, sizeof(text) - (size_t)n, "libmagic %d.%02d",
		    magic / 100, magic % 100);
	return text;
}

void
inspect_options_init(struct inspect_options *options)
{
	*options = (struct inspect_options){
		.n_helpers = N_HELPERS,
		.timeout_ms = TIMEOUT_MS,
		.entries_max = ENTRIES_MAX,
		.name_bytes_max = NAME_BYTES_MAX,
		.unpacked_max = UNPACKED_MAX,
		.nesting_max = NESTING_MAX,
		.memory_max = MEMORY_MAX,
	};
}

struct inspector *
inspector_new(const struct inspect_options *options)
{
	struct inspector *inspector = xcalloc(1, sizeof(*inspector));

	inspector->options = *options;
	inspector->pool = pool_new(options->n_helpers, options->memory_max);
	return inspector;
}

void
inspector_free(struct inspector *inspector)
{
	if (inspector == NULL)
		return;
	pool_free(inspector->pool);
	free(inspector);
}

static void
forget(struct inspect_item *item)
{
	item->magic = STR("");
	item->entries = NULL;
	item->n_entries = 0;
	item->is_archive = item->is_encrypted = false;
	item->is_broken = item->is_limited = item->has_failed = false;
}

/* What a new helper says first. */
static enum pool_end
read_hello(struct process *process, int64_t deadline_us, struct buf *why)
{
	struct wire_hello hello;
	char text[WIRE_TEXT_MAX];
	enum wire_result result;

	if (process->is_ready)
		return POOL_GOOD;
	result = wire_receive(process->fd, &hello, sizeof(hello), deadline_us);
	if (result == WIRE_LATE)
		return POOL_UNREADY;
	if (result == WIRE_GONE || hello.magic != WIRE_MAGIC ||
	    hello.text_len > sizeof(text)) {
		buf_add_cstr(why, "it ended without a word");
		return POOL_REFUSED;
	}
	if (hello.text_len > 0) {
		wire_receive(process->fd, text, hello.text_len, deadline_us);
		log_escape(
		    why, (struct str){ text, hello.text_len }, sizeof(text));
		return POOL_REFUSED;
	}
	process->is_ready = true;
	return POOL_GOOD;
}

static enum pool_end
end_of(enum wire_result result, bool is_worn)
{
	switch (result) {
	case WIRE_DONE:
		return is_worn ? POOL_WORN : POOL_GOOD;
	case WIRE_LATE:
		return POOL_LATE;
	case WIRE_GONE:
		break;
	}
	return POOL_GONE;
}

static enum pool_end
ask(const struct inspector *inspector, struct process *process,
    struct inspect_item *item, struct arena *arena, int64_t deadline_us)
{
	enum wire_result result;
	bool is_worn = false;

	result = wire_ask(process->fd, item, &inspector->options, deadline_us);
	if (result == WIRE_DONE)
		result = wire_read_answer(process->fd, item,
		    &inspector->options, arena, deadline_us, &is_worn);
	item->has_failed = result != WIRE_DONE;
	return end_of(result, is_worn);
}

static void
inspect_one(struct inspector *inspector, struct inspect_item *item,
    struct arena *arena, int64_t deadline_us)
{
	struct process *process = pool_borrow(inspector->pool, deadline_us);
	struct buf why = { 0 };
	enum pool_end end;

	item->has_failed = true;
	if (process == NULL)
		return;
	end = read_hello(process, deadline_us, &why);
	if (end == POOL_GOOD)
		end = ask(inspector, process, item, arena, deadline_us);
	pool_give_back(inspector->pool, process, end, buf_str(&why));
	buf_done(&why);
}

static bool
is_too_large(const struct inspect_item *item)
{
	return item->content.len > WIRE_BYTES_MAX ||
	       item->tail.len > WIRE_BYTES_MAX;
}

void
inspect(struct inspector *inspector, struct inspect_item *items, size_t n,
    struct arena *arena)
{
	bool has_any = inspect_has_magic() || inspect_has_archive();
	int64_t now_us = clock_steady_us();
	int64_t deadline_us =
	    inspector == NULL
		? now_us
		: now_us + (int64_t)inspector->options.timeout_ms * 1000;

	for (size_t i = 0; i < n; i++) {
		int64_t left_us;

		forget(&items[i]);
		if (!has_any || items[i].content.len == 0)
			continue; /* there is nothing to tell */
		items[i].has_failed = true;
		if (inspector == NULL || is_too_large(&items[i]))
			continue;
		atomic_fetch_add(&inspector->n_questions, 1);
		left_us = deadline_us - clock_steady_us();
		if (left_us > 0)
			inspect_one(inspector, &items[i], arena,
			    i + 1 < n ? deadline_us - left_us / 2
				      : deadline_us);
	}
}

void
inspector_counts(
    const struct inspector *inspector, struct inspect_counts *counts_out)
{
	pool_counts(inspector->pool, counts_out);
	counts_out->n_questions = atomic_load(&inspector->n_questions);
}
