/*
 * What the tests of rules share: files that are only in memory, and loading a
 * text with them.
 */
#ifndef SLUICE_TESTS_RULES_KIT_H
#define SLUICE_TESTS_RULES_KIT_H

#include "base/xalloc.h"
#include "rules/ruleset.h"
#include "slower.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

#define KIT_NOW_MS INT64_C(1767225600000) /* 2026-01-01 00:00 UTC */
#define KIT_FILES  8

struct kit_file {
	const char *path;
	struct str text;
	uint64_t version;
};

struct kit_files {
	struct kit_file items[KIT_FILES];
	size_t n;
	unsigned n_reads;
	bool cannot_glob;
};

/* Makes the file, or gives it this content; NULL: there is none any more. */
static inline void
kit_write(struct kit_files *files, const char *path, struct str text)
{
	size_t i = 0;

	while (i < files->n && strcmp(files->items[i].path, path) != 0)
		i++;
	assert_true(i < KIT_FILES);
	if (i == files->n)
		files->items[files->n++] = (struct kit_file){ .path = path };
	files->items[i].text = text;
	files->items[i].version++;
}

static inline struct kit_file *
kit_find(struct kit_files *files, const char *path)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->items[i].path, path) == 0 &&
		    files->items[i].text.p != NULL)
			return &files->items[i];
	return NULL;
}

static inline int
kit_read(void *context, const char *path, size_t max_bytes, struct buf *out,
    struct buf *error)
{
	struct kit_files *files = context;
	const struct kit_file *file = kit_find(files, path);

	files->n_reads++;
	if (file == NULL) {
		buf_add_cstr(error, "No such file or directory");
		return -1;
	}
	if (file->text.len > max_bytes) {
		buf_printf(error, "larger than %zu bytes", max_bytes);
		return -1;
	}
	buf_add(out, file->text);
	return 0;
}

/* "*" matches all files, anything else the file of that name. */
static inline int
kit_glob(void *context, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context,
    struct buf *error)
{
	struct kit_files *files = context;

	if (files->cannot_glob) {
		buf_add_cstr(error, "Input/output error");
		return -1;
	}
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(pattern, "*") == 0 ||
		    strcmp(pattern, files->items[i].path) == 0)
			each(each_context, files->items[i].path);
	return 0;
}

static inline int
kit_stamp(void *context, const char *path, uint64_t stamp_out[2])
{
	const struct kit_file *file = kit_find(context, path);

	if (file == NULL)
		return -1;
	stamp_out[0] = file->version;
	stamp_out[1] = file->text.len;
	return 0;
}

static inline struct rules_io
kit_io(struct kit_files *files)
{
	return (struct rules_io){ .context = files,
		.read = kit_read,
		.glob = kit_glob,
		.stamp = kit_stamp };
}

static inline void
kit_options(struct rules_options *options)
{
	rules_options_init(options);
	options->now_ms = KIT_NOW_MS;
	options->lacks_archive = options->lacks_magic = false;
}

/* What was said goes to said; NULL if the text does not load. */
static inline struct ruleset *
kit_load(const struct rules_io *io, struct str text, struct buf *said)
{
	struct rules_options options;
	struct diags *diags = diags_new();
	struct ruleset *rules;

	kit_options(&options);
	rules = ruleset_load_text(io, "a.rules", text, &options, diags);
	diags_render(diags, said);
	diags_free(diags);
	return rules;
}

/* A text that must load without a word. */
static inline struct ruleset *
kit_load_fine(const struct rules_io *io, const char *text)
{
	struct buf said = { 0 };
	struct ruleset *rules = kit_load(io, str_of(text), &said);

	if (rules == NULL || said.len > 0)
		fail_msg("\"%s\" says: %s", text, said.len > 0 ? said.p : "");
	buf_done(&said);
	return rules;
}

#endif
