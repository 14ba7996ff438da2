/*
 * json: objects and lists for programs. Pure: always valid, whatever is in the
 * texts. The comma between two values is put where it belongs by itself.
 *
 * name NULL: an element of a list.
 */
#ifndef SLUICE_TOOL_SHOW_JSON_H
#define SLUICE_TOOL_SHOW_JSON_H

#include "base/buf.h"

void json_open(struct buf *out, const char *name, char bracket); /* { or [ */
void json_close(struct buf *out, char bracket);                  /* } or ] */
void json_text(struct buf *out, const char *name, struct str text);
/* The same, with a name that comes from outside, too. */
void json_field(struct buf *out, struct str name, struct str text);
void json_number(struct buf *out, const char *name, uint64_t number);
void json_bool(struct buf *out, const char *name, bool is_true);
void json_null(struct buf *out, const char *name);
/* "2026-11-23T14:20:31Z"; at_ms 0: null. */
void json_time(struct buf *out, const char *name, int64_t at_ms);
/* A line of its own for the next element of a list. */
void json_newline(struct buf *out);

#endif
