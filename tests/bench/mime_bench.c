/*
 * mime_bench: how fast mail is taken apart.
 *
 *	mime_bench [--content] [--chunk BYTES] [--rounds N] FILE...
 *
 * A line for each mail: MB of body a second of CPU time, and that time for one
 * mail in milliseconds; and the most heap it took, seen between two chunks, in
 * KiB.
 * With --content the texts and addresses are made, too. Chunks are of 65,535
 * bytes, as an MTA sends them.
 */
#include "base/xalloc.h"
#include "mime/content.h"
#include "mime/mail_text.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READ_BYTES  65536
#define CHUNK_BYTES 65535

struct settings {
	bool makes_content;
	size_t chunk;
	size_t rounds;
};

static double
cpu_sec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t
heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void
read_file(const char *path, struct buf *out)
{
	char bytes[READ_BYTES];
	FILE *in = fopen(path, "rb");
	size_t n;

	if (in == NULL) {
		perror(path);
		exit(1);
	}
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		buf_add(out, (struct str){ bytes, n });
	fclose(in);
}

/* Content: what rules can ask for. */
static size_t
make_content(struct mime *mime)
{
	const struct content_text *texts;
	const struct content_url *urls;
	struct content *content = content_new(mime);

	return content_body(content, &texts) + content_urls(content, &urls);
}

/* Returns the most heap that was in use, if it is to look. */
static size_t
split(const struct settings *settings, struct str file, struct str body,
    bool looks_at_heap)
{
	size_t before = heap_bytes(), most = before;
	struct mime_limits limits = mime_limits_of(1048576);
	struct mime *mime = mime_new(&limits);
	struct mail_text text;
	struct str name, value;

	mail_text_init(&text, file);
	while (mail_text_field(&text, &name, &value))
		mime_header(mime, name, value);
	mail_text_done(&text);
	while (body.len > 0) {
		size_t n =
		    body.len < settings->chunk ? body.len : settings->chunk;

		mime_body(mime, str_sub(body, 0, n));
		body = str_from(body, n);
		if (looks_at_heap && heap_bytes() > most)
			most = heap_bytes();
	}
	mime_end(mime);
	if (settings->makes_content)
		make_content(mime);
	if (heap_bytes() > most)
		most = heap_bytes();
	mime_free(mime);
	return most - before;
}

static void
measure(const struct settings *settings, const char *path)
{
	struct buf file = { 0 }, body = { 0 };
	struct mail_text text;
	struct str name, value;
	char bytes[READ_BYTES];
	double since, sec;
	size_t n, heap;

	read_file(path, &file);
	mail_text_init(&text, buf_str(&file));
	while (mail_text_field(&text, &name, &value))
		continue;
	while ((n = mail_text_body(&text, bytes, sizeof(bytes))) > 0)
		buf_add(&body, (struct str){ bytes, n });
	mail_text_done(&text);
	heap = split(settings, buf_str(&file), buf_str(&body), true);
	since = cpu_sec();
	for (size_t i = 0; i < settings->rounds; i++)
		split(settings, buf_str(&file), buf_str(&body), false);
	sec = (cpu_sec() - since) / (double)settings->rounds;
	printf("%-40s %8.0f MB/s %9.3f ms %6zu KiB\n", path,
	    (double)body.len / 1e6 / sec, sec * 1e3, heap / 1024);
	buf_done(&file);
	buf_done(&body);
}

int
main(int argc, char **argv)
{
	struct settings settings = { .chunk = CHUNK_BYTES, .rounds = 5 };
	int i;

	for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--content") == 0)
			settings.makes_content = true;
		else if (strcmp(argv[i], "--chunk") == 0 && i + 1 < argc)
			settings.chunk = strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
			settings.rounds = strtoul(argv[++i], NULL, 10);
	}
	if (i == argc || settings.chunk == 0 || settings.rounds == 0) {
		fputs("usage: mime_bench [--content] [--chunk BYTES] "
		      "[--rounds N] FILE...\n",
		    stderr);
		return 1;
	}
	for (; i < argc; i++)
		measure(&settings, argv[i]);
	return 0;
}
