/*
 * Each of the three fields may be there twice, and each parameter of a field.
 * Programs take the first or the last, so at most two readings of a type and
 * two of an encoding are made of them, and up to four boundaries, each of
 * which ends a part.
 */
#include "mime/mime_own.h"

#include "mime/header.h"

#include <string.h>

struct maker {
	struct mime_meaning *meaning;
	const struct mime_limits *limits;
	struct parameters types[2];
	size_t n_types;
	struct parameters dispositions[2];
	size_t n_dispositions;
	bool is_in_digest;
};

static void
note(struct mime_meaning *meaning, enum damage damage)
{
	meaning->damage |= DAMAGE_BIT(damage);
}

/* One or two values: of two that are the same one is enough. */
static size_t
take_values(
    struct mime_meaning *meaning, struct mime_values *values, struct str out[2])
{
	out[0] = str_trim(buf_str(&values->first));
	if (values->n < 2)
		return values->n;
	out[1] = str_trim(buf_str(&values->last));
	if (str_eq(out[0], out[1]))
		return 1;
	note(meaning, DAMAGE_AMBIGUOUS);
	return 2;
}

static size_t
read_parameters(
    struct maker *maker, struct mime_values *values, struct parameters out[2])
{
	struct str raw[2];
	size_t n = take_values(maker->meaning, values, raw);

	for (size_t i = 0; i < n; i++)
		parameters_read(maker->meaning->arena, raw[i], maker->limits,
		    &out[i], &maker->meaning->damage);
	return n;
}

/* What programs show as a page. Enriched text (RFC 1896) is near enough: words
 * with tags in them. */
static bool
is_page(struct str type)
{
	static const char *const pages[] = { "text/html",
		"application/xhtml+xml", "application/vnd.wap.xhtml+xml",
		"image/svg+xml", "text/enriched", "text/richtext",
		"text/watch-html", "text/x-amp-html", "text/x-html" };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (str_is(type, pages[i]))
			return true;
	return false;
}

static enum mime_kind
kind_of(struct str type)
{
	static const char *const messages[] = { "message/rfc822",
		"message/global", "message/news", "message/partial",
		"message/external-body" };

	if (str_starts(type, STR("multipart/")))
		return MIME_MULTIPART;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (str_is(type, messages[i]))
			return MIME_MESSAGE;
	if (is_page(type))
		return MIME_HTML;
	if (str_starts(type, STR("text/")) || str_starts(type, STR("message/")))
		return MIME_TEXT;
	return MIME_OTHER;
}

static struct str
cut(struct str s, size_t max)
{
	return str_sub(s, 0, s.len < max ? s.len : max);
}

static bool
is_type(struct str s)
{
	ptrdiff_t slash = str_find(s, '/');

	return slash > 0 && (size_t)slash + 1 < s.len;
}

/* The first or last charset; the last one only if there are several. */
static struct str
charset_of(
    struct arena *arena, const struct parameters *parameters, bool takes_last)
{
	const struct parameter *found, *next;
	size_t at = 0;
	struct str charset;
	char *text;

	if ((found = parameters_next(parameters, "charset", &at)) == NULL)
		return STR("");
	while (takes_last &&
	       (next = parameters_next(parameters, "charset", &at)) != NULL)
		found = next;
	charset = cut(str_trim(found->decoded), MIME_TYPE_BYTES);
	text = arena_cstr(arena, charset);
	for (size_t i = 0; i < charset.len; i++)
		text[i] = ascii_lower(text[i]);
	return (struct str){ text, charset.len };
}

/* A fragment but the first has no header, so it is only text. */
static bool
is_later_fragment(const struct parameters *parameters)
{
	size_t at = 0;
	const struct parameter *number =
	    parameters_next(parameters, "number", &at);

	return str_is(parameters->value, "message/partial") && number != NULL &&
	       !str_is(str_trim(number->decoded), "1");
}

static struct mime_reading
reading_of(
    struct maker *maker, const struct parameters *parameters, bool takes_last)
{
	struct mime_reading reading = { .type = parameters->value };

	if (!is_type(reading.type)) { /* RFC 2045 section 5.2 */
		note(maker->meaning, DAMAGE_PARAMETER);
		reading.type = STR("text/plain");
	}
	reading.type = cut(reading.type, MIME_TYPE_BYTES);
	reading.kind = kind_of(reading.type);
	if (is_later_fragment(parameters))
		reading.kind = MIME_TEXT;
	if (str_is(reading.type, "message/partial") ||
	    str_is(reading.type, "message/external-body"))
		note(maker->meaning, DAMAGE_PARTIAL);
	reading.charset =
	    charset_of(maker->meaning->arena, parameters, takes_last);
	return reading;
}

static bool
has_structure(enum mime_kind kind)
{
	return kind == MIME_MULTIPART || kind == MIME_MESSAGE;
}

static void
add_type(struct mime_meaning *meaning, struct mime_reading reading)
{
	struct mime_reading *first = &meaning->types[0];

	if (meaning->n_types == 0) {
		meaning->types[meaning->n_types++] = reading;
		return;
	}
	if (meaning->n_types > 1 ||
	    (str_eq(first->type, reading.type) &&
		str_eq(first->charset, reading.charset)) ||
	    (first->kind == MIME_MULTIPART && reading.kind == MIME_MULTIPART))
		return;
	meaning->types[meaning->n_types++] = reading;
	if (has_structure(reading.kind) && !has_structure(first->kind)) {
		meaning->types[1] = *first;
		meaning->types[0] = reading;
	}
}

static void
read_types(struct maker *maker, struct mime_fields *fields)
{
	struct mime_meaning *meaning = maker->meaning;

	maker->n_types = read_parameters(
	    maker, &fields->values[MIME_FIELD_TYPE], maker->types);
	if (maker->n_types == 0) {
		add_type(
		    meaning, maker->is_in_digest
				 ? (struct mime_reading){ STR("message/rfc822"),
				       STR(""), MIME_MESSAGE }
				 : (struct mime_reading){
				       STR("text/plain"), STR(""), MIME_TEXT });
		return;
	}
	add_type(meaning, reading_of(maker, &maker->types[0], false));
	add_type(meaning,
	    reading_of(maker, &maker->types[maker->n_types - 1], true));
}

static void
read_encodings(struct maker *maker, struct mime_fields *fields)
{
	struct mime_meaning *meaning = maker->meaning;
	struct str raw[2];
	size_t n =
	    take_values(meaning, &fields->values[MIME_FIELD_ENCODING], raw);

	meaning->n_encodings = 1;
	for (size_t i = 0; i < n; i++)
		if (!transfer_encoding_parse(raw[i], &meaning->encodings[i]))
			note(meaning, DAMAGE_TRANSFER_ENCODING);
	if (n == 2 && meaning->encodings[0] != meaning->encodings[1])
		meaning->n_encodings = 2;
}

static bool
is_odd_boundary(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '\0' ||
		    (!ascii_is_alnum(s.p[i]) &&
			strchr("'()+_,-./:=? ", s.p[i]) == NULL))
			return true;
	return s.len > 0 && s.p[s.len - 1] == ' ';
}

static void
add_boundary(struct maker *maker, struct str text)
{
	struct mime_meaning *meaning = maker->meaning;
	struct mime_boundary boundary = { .text = text };

	if (is_odd_boundary(text))
		note(meaning, DAMAGE_BOUNDARY);
	while (boundary.text.len > 0 &&
	       ascii_is_space(boundary.text.p[boundary.text.len - 1]))
		boundary.text.len--;
	if (boundary.text.len > maker->limits->boundary_bytes) {
		boundary.text.len = maker->limits->boundary_bytes;
		boundary.is_cut = true;
		note(meaning, DAMAGE_BOUNDARY);
	}
	for (size_t i = 0; i < meaning->n_boundaries; i++)
		if (str_eq(meaning->boundaries[i].text, boundary.text))
			return;
	if (boundary.text.len == 0)
		return;
	if (meaning->n_boundaries == MIME_BOUNDARIES_MAX)
		meaning->n_boundaries--; /* the last counts, too */
	meaning->boundaries[meaning->n_boundaries++] = boundary;
}

static void
read_boundaries(struct maker *maker)
{
	const struct parameter *found;
	size_t at;

	for (size_t i = 0; i < maker->n_types; i++) {
		at = 0;
		while ((found = parameters_next(
			    &maker->types[i], "boundary", &at)) != NULL) {
			add_boundary(maker, found->raw);
			add_boundary(maker, found->decoded);
		}
	}
	if (maker->meaning->n_boundaries == 0)
		note(maker->meaning, DAMAGE_BOUNDARY);
	else if (maker->meaning->n_boundaries > 1)
		note(maker->meaning, DAMAGE_AMBIGUOUS);
}

/* All parameters of that name, of both fields. */
static size_t
collect(const struct parameters *fields, size_t n_fields, const char *name,
    const struct parameter **out, size_t n, size_t max)
{
	const struct parameter *found;
	size_t at;

	for (size_t i = 0; i < n_fields; i++) {
		at = 0;
		while (n < max &&
		       (found = parameters_next(&fields[i], name, &at)) != NULL)
			out[n++] = found;
	}
	return n;
}

static void
read_names(struct maker *maker)
{
	size_t max = 4 * maker->limits->parameters, n;
	const struct parameter **list =
	    arena_alloc(maker->meaning->arena, (max + 1) * sizeof(*list));

	n = collect(maker->dispositions, maker->n_dispositions, "filename",
	    list, 0, max);
	n = collect(maker->types, maker->n_types, "name", list, n, max);
	n = collect(
	    maker->dispositions, maker->n_dispositions, "name", list, n, max);
	n = collect(maker->types, maker->n_types, "filename", list, n, max);
	mime_names_add(maker->meaning, list, n, maker->limits);
}

/* A file without a name: programs look for one elsewhere. */
static void
read_other_names(struct maker *maker, struct mime_fields *fields)
{
	struct mime_meaning *meaning = maker->meaning;

	if (meaning->n_names > 0 || meaning->types[0].kind != MIME_OTHER)
		return;
	for (size_t i = MIME_FIELD_NAME; i < MIME_FIELDS; i++) {
		uint64_t ignored = 0;
		struct parameter name = { .name = STR("name") };
		const struct parameter *list[] = { &name };

		name.raw = header_unfold(
		    meaning->arena, buf_str(&fields->values[i].first));
		name.decoded =
		    header_decode(meaning->arena, name.raw, &ignored);
		mime_names_add(meaning, list, 1, maker->limits);
	}
}

static bool
ends_in(struct str name, const char *const *endings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_ends_nocase(name, str_of(endings[i])))
			return true;
	return false;
}

/* Opened from a disk, a page is what is called one, whatever type it had. */
static bool
is_name_of_page(struct str name)
{
	static const char *const endings[] = { ".htm", ".html", ".shtml",
		".xht", ".xhtml", ".svg" };

	return ends_in(name, endings, sizeof(endings) / sizeof(endings[0]));
}

/* So is a message. */
static bool
is_name_of_message(struct str name)
{
	static const char *const endings[] = { ".eml", ".mht", ".mhtml",
		".nws" };

	return ends_in(name, endings, sizeof(endings) / sizeof(endings[0]));
}

static void
read_messages(struct mime_meaning *meaning)
{
	if (has_structure(meaning->types[0].kind))
		return;
	for (size_t i = 0; i < meaning->n_names; i++)
		if (is_name_of_message(meaning->names[i]))
			meaning->is_message_file = true;
}

static void
read_pages(struct mime_meaning *meaning)
{
	bool is_page = false;

	for (size_t i = 0; i < meaning->n_names; i++)
		is_page = is_page || is_name_of_page(meaning->names[i]);
	for (size_t i = 0; is_page && i < meaning->n_types; i++)
		if (!has_structure(meaning->types[i].kind))
			meaning->types[i].kind = MIME_HTML;
}

/* RFC 2183 section 2.8: what is unknown is an attachment. */
static bool
is_attached(const struct maker *maker)
{
	for (size_t i = 0; i < maker->n_dispositions; i++)
		if (maker->dispositions[i].value.len > 0 &&
		    !str_is(maker->dispositions[i].value, "inline"))
			return true;
	return false;
}

void
mime_meaning_init(struct mime_meaning *meaning, struct mime_fields *fields,
    const struct mime *mime, bool is_in_digest)
{
	struct maker maker = { .meaning = meaning,
		.limits = &mime->limits,
		.is_in_digest = is_in_digest };

	*meaning = (struct mime_meaning){ .arena = arena_new(1024),
		.damage = fields->damage };
	read_types(&maker, fields);
	read_encodings(&maker, fields);
	maker.n_dispositions = read_parameters(&maker,
	    &fields->values[MIME_FIELD_DISPOSITION], maker.dispositions);
	if (meaning->types[0].kind == MIME_MULTIPART ||
	    (meaning->n_types > 1 && meaning->types[1].kind == MIME_MULTIPART))
		read_boundaries(&maker);
	read_names(&maker);
	read_other_names(&maker, fields);
	read_pages(meaning);
	read_messages(meaning);
	meaning->is_attachment = is_attached(&maker) || meaning->n_names > 0;
}

void
mime_meaning_done(struct mime_meaning *meaning)
{
	arena_free(meaning->arena);
}
