/*
 * buf: text that grows on the heap.
 *
 * buf_init makes an empty one (so does { 0 }); buf_done frees it. buf_str is
 * valid until the next change and is always followed by a NUL byte.
 */
#ifndef SLUICE_BASE_BUF_H
#define SLUICE_BASE_BUF_H

#include "base/str.h"

struct buf {
	char *p;
	size_t len;
	size_t size;
};

void buf_init(struct buf *buf);
void buf_done(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
/* Room for more bytes and the NUL behind them. */
void buf_reserve(struct buf *buf, size_t more);

void buf_add(struct buf *buf, struct str s);
void buf_add_cstr(struct buf *buf, const char *text);
void buf_byte(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct str buf_str(const struct buf *buf);

#endif
