/*
 * content_kit: a message in a test, and what it says as one text.
 */
#ifndef CONTENT_KIT_H
#define CONTENT_KIT_H

#include "base/buf.h"
#include "base/utf8.h"
#include "mime/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))
#define SCAN_LIMIT  ((size_t)64 * 1024)

/* STR is no constant, as a table wants it. */
#define BYTES(literal)                                                         \
	{                                                                      \
		literal, sizeof(literal) - 1                                   \
	}

struct message {
	struct mime *mime;
	struct content *content;
};

static inline void
message_read(struct message *message, struct str type, struct str body,
    const struct mime_limits *limits)
{
	struct mime_limits usual = mime_limits_of(SCAN_LIMIT);

	message->mime = mime_new(limits != NULL ? limits : &usual);
	if (type.len > 0)
		mime_header(message->mime, STR("Content-Type"), type);
	mime_body(message->mime, body);
	mime_end(message->mime);
	message->content = content_new(message->mime);
}

static inline void
message_done(struct message *message)
{
	mime_free(message->mime);
}

static inline void
add_texts(struct buf *out, const struct content_text *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_true(texts[i].text.len > 0);
		assert_int_equal(utf8_bad(texts[i].text), -1);
		buf_add(out, texts[i].text);
		buf_byte(out, '|');
	}
}

static inline void
add_body(struct buf *out, struct content *content)
{
	const struct content_text *texts;
	size_t n = content_body(content, &texts);

	add_texts(out, texts, n);
}

static inline void
add_html(struct buf *out, struct content *content)
{
	const struct content_text *texts;
	size_t n = content_html(content, &texts);

	add_texts(out, texts, n);
}

static inline void
add_folded(struct buf *out, struct content *content)
{
	const struct content_text *texts;
	size_t n = content_folded(content, &texts);

	add_texts(out, texts, n);
}

static inline void
add_urls(struct buf *out, struct content *content)
{
	const struct content_url *urls;
	size_t n = content_urls(content, &urls);

	for (size_t i = 0; i < n; i++) {
		assert_non_null(urls[i].part);
		buf_add(out, urls[i].url);
		buf_byte(out, ' ');
		buf_add(out, urls[i].host);
		buf_byte(out, '|');
	}
}

#endif
