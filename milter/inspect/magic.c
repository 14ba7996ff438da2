/*
 * Only what needs no file and no other program is asked of libmagic, and its
 * own limits are set low: it looks at 4 KiB that somebody chose with care.
 */
#include "inspect/magic.h"

#include "base/xalloc.h"

#include <stdlib.h>

#define TYPE_MAX 255

bool
magic_is_type(struct str text)
{
	if (text.len > TYPE_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_alnum(text.p[i]) &&
		    str_find(STR(".+/-_"), text.p[i]) < 0)
			return false;
	return true;
}

#ifndef SLUICE_MAGIC

struct magic *
magic_new(struct buf *why)
{
	(void)why;
	return NULL;
}

void
magic_free(struct magic *magic)
{
	(void)magic;
}

struct str
magic_type(struct magic *magic, struct str content, struct arena *arena)
{
	(void)magic;
	(void)content;
	(void)arena;
	return STR("");
}

int
magic_version_number(void)
{
	return 0;
}

#else

#include <magic.h>

/* Compressed data would be unpacked by a program of its own; the others cost
 * more than a MIME type gains by them. */
#define FLAGS                                                                  \
	(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF |      \
	    MAGIC_NO_CHECK_APPTYPE)

struct magic {
	magic_t cookie;
};

/* Far below the defaults, and more than a file in 4 KiB needs. */
static void
set_limits(magic_t cookie)
{
	static const struct {
		int name;
		size_t max;
	} limits[] = {
		{ MAGIC_PARAM_INDIR_MAX, 15 },
		{ MAGIC_PARAM_NAME_MAX, 60 },
		{ MAGIC_PARAM_REGEX_MAX, MAGIC_SAMPLE_BYTES },
		{ MAGIC_PARAM_BYTES_MAX, MAGIC_SAMPLE_BYTES },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		magic_setparam(cookie, limits[i].name, &limits[i].max);
}

struct magic *
magic_new(struct buf *why)
{
	struct magic *magic;
	magic_t cookie = magic_open(FLAGS);

	if (cookie == NULL) {
		buf_add_cstr(why, "libmagic cannot be opened");
		return NULL;
	}
	if (magic_load(cookie, NULL) == -1) {
		const char *error = magic_error(cookie);

		buf_printf(why, "libmagic has no database: %s",
		    error != NULL ? error : "no reason given");
		magic_close(cookie);
		return NULL;
	}
	set_limits(cookie);
	magic = xmalloc(sizeof(*magic));
	magic->cookie = cookie;
	return magic;
}

void
magic_free(struct magic *magic)
{
	if (magic == NULL)
		return;
	magic_close(magic->cookie);
	free(magic);
}

/* libmagic 5.46 wants the end of a zip, too, and of bytes in memory it says
 * that they are anything. */
static const char *
or_zip(const char *type, struct str sample)
{
	if (str_is(str_of(type), "application/octet-stream") &&
	    str_starts(sample, STR("PK\3\4")))
		return "application/zip";
	return type;
}

struct str
magic_type(struct magic *magic, struct str content, struct arena *arena)
{
	struct str sample = str_sub(content, 0,
	    content.len < MAGIC_SAMPLE_BYTES ? content.len
					     : MAGIC_SAMPLE_BYTES);
	const char *type;

	if (magic == NULL || sample.len == 0)
		return STR("");
	type = magic_buffer(magic->cookie, sample.p, sample.len);
	if (type == NULL || !magic_is_type(str_of(type)))
		return STR("");
	return arena_str(arena, str_of(or_zip(type, sample)));
}

int
magic_version_number(void)
{
	return magic_version();
}

#endif
