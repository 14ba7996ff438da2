/*
 * Of a header only Content-Type, Content-Transfer-Encoding and
 * Content-Disposition are kept, and three that may name a file that has no
 * other name, so a million other fields cost no memory. Where
 * one of them comes again the first and the last are kept: those are what
 * programs take.
 *
 * The caps on fields are noted but hide nothing: who sends 1,000 empty fields
 * must not get the Content-Type behind them overlooked. Only long fields are
 * cut, or 20 MB of them would be read a parameter at a time.
 */
#include "mime/mime_own.h"

static const char *const names[MIME_FIELDS] = {
	[MIME_FIELD_TYPE] = "content-type",
	[MIME_FIELD_ENCODING] = "content-transfer-encoding",
	[MIME_FIELD_DISPOSITION] = "content-disposition",
	[MIME_FIELD_NAME] = "content-name",
	[MIME_FIELD_DESCRIPTION] = "content-description",
	[MIME_FIELD_LOCATION] = "content-location",
};

static struct buf *
values_add(struct mime_values *values)
{
	struct buf *value = values->n == 0 ? &values->first : &values->last;

	values->n++;
	buf_clear(value);
	return value;
}

/* Where the field's value goes; NULL: nobody wants it. */
static struct buf *
begin_field(struct mime_fields *fields, struct str name, struct mime *mime)
{
	fields->has_any = true;
	if (++mime->n_fields > mime->limits.headers)
		fields->damage |= DAMAGE_BIT(DAMAGE_HEADER_COUNT);
	for (size_t i = 0; i < MIME_FIELDS; i++)
		if (str_eq_nocase(name, str_of(names[i])))
			return values_add(&fields->values[i]);
	return NULL;
}

/* Once all fields together are over their cap, each may be of such a length
 * that it holds what honest ones hold, and no longer. */
static size_t
value_max(const struct mime *mime)
{
	return mime->headers_left > 0 ? mime->limits.header_bytes
				      : 2 * mime->limits.name_bytes;
}

static void
add_value(struct mime_fields *fields, struct str bytes, struct mime *mime)
{
	size_t max = value_max(mime), room;

	if (fields->open == NULL)
		return;
	room = max > fields->open->len ? max - fields->open->len : 0;
	if (bytes.len > room) {
		bytes.len = room;
		fields->damage |= DAMAGE_BIT(DAMAGE_HEADER_SIZE);
	}
	if (bytes.len > mime->headers_left)
		fields->damage |= DAMAGE_BIT(DAMAGE_HEADER_SIZE);
	mime->headers_left -=
	    bytes.len < mime->headers_left ? bytes.len : mime->headers_left;
	buf_add(fields->open, bytes);
}

static bool
is_name_char(char c)
{
	return c > ' ' && c < 0x7f && c != ':';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static enum mime_field_answer
continue_field(struct mime_fields *fields, struct str line, struct mime *mime)
{
	/* A line of blanks ends the header for some programs. */
	if (!fields->has_any || str_trim(line).len == 0)
		return MIME_LINE_DOUBTFUL;
	add_value(fields, STR("\n"), mime);
	add_value(fields, line, mime);
	return MIME_LINE_FIELD;
}

enum mime_field_answer
mime_fields_line(struct mime_fields *fields, struct str line, struct mime *mime)
{
	size_t len = 0, colon;

	if (line.len == 0)
		return MIME_LINE_DOUBTFUL;
	if (is_blank(line.p[0]))
		return continue_field(fields, line, mime);
	fields->open = NULL;
	while (len < line.len && is_name_char(line.p[len]))
		len++;
	colon = len;
	while (colon < line.len && is_blank(line.p[colon]))
		colon++;
	if (len == 0 || colon == line.len || line.p[colon] != ':')
		return MIME_LINE_DOUBTFUL;
	if (colon > len) /* RFC 5322 section 4.5: obsolete, and misread */
		fields->damage |= DAMAGE_BIT(DAMAGE_PART_HEADER);
	fields->open = begin_field(fields, str_sub(line, 0, len), mime);
	add_value(fields, str_from(line, colon + 1), mime);
	return MIME_LINE_FIELD;
}

void
mime_fields_add(struct mime_fields *fields, struct str name, struct str value,
    struct mime *mime)
{
	fields->open = begin_field(fields, str_trim(name), mime);
	add_value(fields, value, mime);
	fields->open = NULL;
}

void
mime_fields_done(struct mime_fields *fields)
{
	for (size_t i = 0; i < MIME_FIELDS; i++) {
		buf_done(&fields->values[i].first);
		buf_done(&fields->values[i].last);
	}
	*fields = (struct mime_fields){ 0 };
}
