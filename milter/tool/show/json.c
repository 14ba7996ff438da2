/*
 * Whether a comma is due is seen from the last byte that was written: behind
 * an opening bracket or a colon none is, behind anything else one is. Texts
 * end with their quote, so no byte of theirs is ever taken for one of these.
 */
#include "tool/show/json.h"

#include "base/log.h"
#include "tool/show/when.h"

static void
add_name(struct buf *out, struct str name)
{
	buf_byte(out, '"');
	log_escape_json(out, name, name.len);
	buf_add_cstr(out, "\":");
}

static void
begin(struct buf *out, const char *name)
{
	size_t end = out->len;

	while (end > 0 && (out->p[end - 1] == '\n' || out->p[end - 1] == ' '))
		end--;
	if (end > 0 && str_find(STR("{[:,"), out->p[end - 1]) < 0)
		buf_byte(out, ',');
	if (name != NULL)
		add_name(out, str_of(name));
}

void
json_open(struct buf *out, const char *name, char bracket)
{
	begin(out, name);
	buf_byte(out, bracket);
}

void
json_close(struct buf *out, char bracket)
{
	buf_byte(out, bracket);
}

void
json_text(struct buf *out, const char *name, struct str text)
{
	begin(out, name);
	buf_byte(out, '"');
	log_escape_json(out, text, text.len);
	buf_byte(out, '"');
}

void
json_field(struct buf *out, struct str name, struct str text)
{
	begin(out, NULL);
	add_name(out, name);
	json_text(out, NULL, text);
}

void
json_number(struct buf *out, const char *name, uint64_t number)
{
	begin(out, name);
	buf_printf(out, "%llu", (unsigned long long)number);
}

void
json_bool(struct buf *out, const char *name, bool is_true)
{
	begin(out, name);
	buf_add_cstr(out, is_true ? "true" : "false");
}

void
json_null(struct buf *out, const char *name)
{
	begin(out, name);
	buf_add_cstr(out, "null");
}

void
json_time(struct buf *out, const char *name, int64_t at_ms)
{
	char text[WHEN_MAX];

	if (at_ms == 0)
		json_null(out, name);
	else
		json_text(out, name, when_utc(at_ms, text));
}

void
json_newline(struct buf *out)
{
	if (out->len > 0 && str_find(STR("{[:"), out->p[out->len - 1]) < 0)
		buf_byte(out, ',');
	buf_add_cstr(out, "\n ");
}
