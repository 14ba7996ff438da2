/*
 * Any bytes as HTML: what is seen, hidden and linked is UTF-8 and within the
 * cap; folding what was folded changes nothing but marks, addresses have one
 * spelling, and their hosts are names or addresses.
 *
 * The first byte chooses the cap. Time is left to libFuzzer (-timeout) and to
 * the unit tests.
 */
#include "base/arena.h"
#include "base/utf8.h"
#include "mime/charset.h"
#include "mime/fold.h"
#include "mime/html/html.h"
#include "mime/url.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_MAX  65536
#define SMALL_CAP  64
#define FOLD_MAX   (8 * INPUT_MAX)
#define LINKS_MAX  200 /* are looked at; each may be as long as the input */
#define ARENA_SLOP 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct arena *arena;
	size_t n_links;
};

/* assert would be silent in a build with NDEBUG. */
static void
require(bool is_true)
{
	if (!is_true)
		abort();
}

static void
check_target(struct run *run, struct str target)
{
	struct str url, host, again, host_again;

	if (url_normal(run->arena, target, &url, &host) == -1)
		return;
	require(utf8_bad(url) < 0 && utf8_bad(host) < 0);
	for (size_t i = 0; i < url.len; i++)
		require((unsigned char)url.p[i] > ' ');
	for (size_t i = 0; i < host.len; i++)
		require((unsigned char)host.p[i] > ' ' && host.p[i] != '/' &&
			host.p[i] != '@');
	require(url_normal(run->arena, url, &again, &host_again) == 0);
	require(utf8_bad(again) < 0);
}

static void
take_link(void *context, const struct html_link *link)
{
	struct run *run = context;

	require(link->target.len > 0);
	require(utf8_bad(link->target) < 0);
	require(utf8_bad(link->text) < 0);
	if (run->n_links++ < LINKS_MAX && link->target.len < INPUT_MAX)
		check_target(run, link->target);
}

static void
check_urls(struct run *run, struct str text)
{
	size_t at = 0, before = 0;
	struct str url;

	while (url_next(text, &at, &url)) {
		require(at > before && at <= text.len);
		require(url.len > 0 && url.p >= text.p &&
			url.p + url.len <= text.p + text.len);
		if (run->n_links++ < LINKS_MAX)
			check_target(run, url);
		before = at;
	}
	require(at == text.len);
}

static void
check_folded(struct str text)
{
	struct buf all = { 0 }, cut = { 0 };

	require(utf8_bad(text) < 0);
	if (fold(text, FOLD_MAX, &all)) {
		require(utf8_bad(buf_str(&all)) < 0);
		require(fold(text, SMALL_CAP, &cut));
		require(cut.len <= SMALL_CAP);
		require(str_starts(buf_str(&all), buf_str(&cut)));
	}
	buf_done(&all);
	buf_done(&cut);
}

static void
check_html(struct run *run, struct str source, size_t max)
{
	struct buf visible = { 0 }, hidden = { 0 };
	struct html_reader reader = {
		.visible = &visible,
		.hidden = &hidden,
		.max_bytes = max,
		.on_link = take_link,
		.context = run,
	};
	bool has_cdata = memmem(source.p, source.len, "<![CDATA[", 9) != NULL;
	size_t longest = has_cdata ? 2 * source.len : source.len;

	html_read(&reader, source);
	require(visible.len + hidden.len <= max);
	/* Nothing becomes longer by being read; CDATA is read both ways. */
	require(visible.len + hidden.len <= longest);
	require(!reader.is_cut || max < longest);
	check_folded(buf_str(&visible));
	check_folded(buf_str(&hidden));
	check_urls(run, buf_str(&visible));
	buf_done(&visible);
	buf_done(&hidden);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	struct run run = { 0 };
	struct buf source = { 0 };

	if (size == 0 || size > INPUT_MAX)
		return 0;
	run.arena = arena_new(4096);
	charset_read(&source, str_from(bytes, 1));
	check_html(&run, buf_str(&source), INPUT_MAX * 4);
	check_html(&run, buf_str(&source), data[0]);
	check_folded(buf_str(&source));
	check_urls(&run, buf_str(&source));
	buf_done(&source);
	arena_free(run.arena);
	return 0;
}
