#include "base/buf.h"

#include "base/xalloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_BYTES 128

void
buf_reserve(struct buf *buf, size_t more)
{
	size_t size = buf->size > 0 ? buf->size : BUF_FIRST_BYTES;

	assert(more < SIZE_MAX / 4 && buf->len < SIZE_MAX / 4);
	while (size < buf->len + more + 1)
		size *= 2;
	if (size == buf->size)
		return;
	buf->p = xrealloc(buf->p, size);
	buf->size = size;
}

void
buf_init(struct buf *buf)
{
	*buf = (struct buf){ 0 };
}

void
buf_done(struct buf *buf)
{
	free(buf->p);
	buf_init(buf);
}

void
buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->p != NULL)
		buf->p[0] = '\0';
}

void
buf_add(struct buf *buf, struct str s)
{
	if (s.len == 0)
		return;
	buf_reserve(buf, s.len);
	memcpy(buf->p + buf->len, s.p, s.len);
	buf->len += s.len;
	buf->p[buf->len] = '\0';
}

void
buf_add_cstr(struct buf *buf, const char *text)
{
	buf_add(buf, str_of(text));
}

void
buf_byte(struct buf *buf, char c)
{
	buf_add(buf, (struct str){ &c, 1 });
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	assert(format != NULL);
	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(len >= 0);
	buf_reserve(buf, (size_t)len);
	va_start(args, format);
	vsnprintf(buf->p + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

struct str
buf_str(const struct buf *buf)
{
	return (struct str){ buf->p == NULL ? "" : buf->p, buf->len };
}
