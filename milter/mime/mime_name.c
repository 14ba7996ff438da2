/*
 * What a program shows as the name of a file, and under which name it saves
 * it, depends on what it decodes and what it strips. Rules ask for every
 * reading: "x.exe" written as "x.exe.", "a/x.exe", "x%2Eexe" or with a mark
 * in it that turns the direction of writing.
 *
 * The trap is a name of 60 KB, of which each reading costs as much. The end of
 * it is what is kept, so the rest is cut off before anything is read.
 */
#include "mime/mime_own.h"

#include "base/utf8.h"
#include "mime/charset.h"
#include "mime/header.h"

#include <string.h>

#define READ_FACTOR 4 /* of name_bytes: what a reading may still drop */

struct namer {
	struct mime_meaning *meaning;
	const struct mime_limits *limits;
};

/* The last bytes of text, from the beginning of a character on. */
static struct str
tail_of(struct namer *namer, struct str text, size_t max_bytes)
{
	if (text.len <= max_bytes)
		return text;
	namer->meaning->damage |= DAMAGE_BIT(DAMAGE_FILE_NAME);
	text = str_from(text, text.len - max_bytes);
	while (text.len > 0 && utf8_is_inner(text.p[0]))
		text = str_from(text, 1);
	return text;
}

/* Valid UTF-8, without blanks around it; cut at the front, since the end says
 * what a file is. */
static struct str
tidy(struct namer *namer, struct str name)
{
	struct buf text = { 0 };

	name = tail_of(
	    namer, str_trim(name), READ_FACTOR * namer->limits->name_bytes);
	if (utf8_bad(name) >= 0) {
		charset_read(&text, name);
		name = arena_str(namer->meaning->arena, buf_str(&text));
		buf_done(&text);
	}
	return tail_of(namer, str_trim(name), namer->limits->name_bytes);
}

static void
add_name(struct namer *namer, struct str name)
{
	struct mime_meaning *meaning = namer->meaning;

	name = tidy(namer, name);
	if (name.len == 0)
		return;
	for (size_t i = 0; i < meaning->n_names; i++)
		if (str_eq(meaning->names[i], name))
			return;
	if (meaning->n_names == namer->limits->names) {
		/* Who repeats a name hides neither the first nor the last. */
		meaning->damage |= DAMAGE_BIT(DAMAGE_FILE_NAME);
		meaning->names[meaning->n_names - 1] = name;
		return;
	}
	meaning->names = arena_grow(meaning->arena, meaning->names,
	    meaning->n_names, sizeof(*meaning->names));
	meaning->names[meaning->n_names++] = name;
}

/* Length of the control or bidi character at the start of s, or 0. */
static size_t
hidden_len(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];

	if (c < 0x20 || c == 0x7f)
		return 1;
	if (s.len < 3 || c != 0xe2)
		return 0;
	/* U+200E, 200F; 202A-202E; 2066-2069 */
	c = (unsigned char)s.p[2];
	if (s.p[1] == '\x80' &&
	    (c == 0x8e || c == 0x8f || (c >= 0xaa && c <= 0xae)))
		return 3;
	return s.p[1] == '\x81' && c >= 0xa6 && c <= 0xa9 ? 3 : 0;
}

/* Length of what ends a name and is dropped by Windows or not seen, or 0. */
static size_t
end_len(struct str name)
{
	char c = name.p[name.len - 1];

	if (c == '.' || ascii_is_space(c))
		return 1;
	if (name.len >= 3 && hidden_len(str_from(name, name.len - 3)) == 3)
		return 3;
	return (unsigned char)c < 0x20 || c == 0x7f ? 1 : 0;
}

static struct str
shortened(struct namer *namer, struct str name)
{
	size_t max_bytes = READ_FACTOR * namer->limits->name_bytes;

	if (name.len <= max_bytes)
		return name;
	while (name.len > 0 && end_len(name) > 0)
		name.len -= end_len(name);
	namer->meaning->damage |= DAMAGE_BIT(DAMAGE_FILE_NAME);
	return tail_of(namer, name, max_bytes);
}

/* What Windows drops, too: dots and blanks at the end. */
static struct str
without_hidden(struct namer *namer, struct str name)
{
	char *out = arena_alloc(namer->meaning->arena, name.len + 1);
	size_t len = 0, skip;

	for (size_t i = 0; i<name.len; i += skip> 0 ? skip : 1) {
		skip = hidden_len(str_from(name, i));
		if (skip == 0)
			out[len++] = name.p[i];
		else if (name.p[i] != '\t' && name.p[i] != '\n' &&
			 name.p[i] != '\r')
			namer->meaning->damage |= DAMAGE_BIT(DAMAGE_FILE_NAME);
	}
	while (len > 0 && (out[len - 1] == '.' || ascii_is_space(out[len - 1])))
		len--;
	return (struct str){ out, len };
}

/* For a program in C the name ends with a NUL. */
static struct str
before_nul(struct str name)
{
	ptrdiff_t nul = str_find(name, '\0');

	return nul < 0 ? name : str_sub(name, 0, (size_t)nul);
}

/* The same for one that decodes it first. */
static struct str
before_coded_nul(struct str name)
{
	const char *nul = memmem(name.p, name.len, "%00", 3);

	return nul == NULL ? name : str_sub(name, 0, (size_t)(nul - name.p));
}

static struct str
last_part(struct str name)
{
	ptrdiff_t slash = str_find_last(name, '/');
	ptrdiff_t backslash = str_find_last(name, '\\');
	ptrdiff_t at = slash > backslash ? slash : backslash;

	return str_from(name, (size_t)(at + 1));
}

static struct str
percent_decoded(struct namer *namer, struct str name)
{
	char *out;
	size_t len = 0;

	if (str_find(name, '%') < 0)
		return name;
	out = arena_alloc(namer->meaning->arena, name.len + 1);
	for (size_t i = 0; i < name.len; i++) {
		int high = -1, low = -1;

		if (name.p[i] == '%' && i + 2 < name.len) {
			high = ascii_hex(name.p[i + 1]);
			low = ascii_hex(name.p[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			out[len++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[len++] = name.p[i];
		}
	}
	return (struct str){ out, len };
}

/* An encoded word that came out of a decoder: some programs go on. */
static struct str
decoded_again(struct namer *namer, struct str name)
{
	uint64_t ignored = 0;

	if (!str_has(name, STR("=?")))
		return name;
	return header_decode(namer->meaning->arena, name, &ignored);
}

/* The readings of all parameters in the order of what is seen most often: if
 * there are too many, those that nobody shows are dropped. */
void
mime_names_add(struct mime_meaning *meaning,
    const struct parameter *const *parameters, size_t n,
    const struct mime_limits *limits)
{
	struct namer namer = { meaning, limits };
	struct str name;

	for (size_t i = 0; i < n; i++)
		add_name(&namer, parameters[i]->decoded);
	for (size_t i = 0; i < n; i++) {
		name = shortened(&namer, parameters[i]->decoded);
		add_name(&namer, without_hidden(&namer, name));
		name = shortened(&namer, before_nul(parameters[i]->decoded));
		name = without_hidden(&namer, name);
		add_name(&namer, name);
		add_name(&namer, last_part(name));
	}
	for (size_t i = 0; i < n; i++) {
		name = before_coded_nul(parameters[i]->decoded);
		name = percent_decoded(&namer, shortened(&namer, name));
		add_name(&namer, without_hidden(&namer, before_nul(name)));
		name = shortened(&namer, parameters[i]->decoded);
		name = decoded_again(&namer, name);
		add_name(&namer, without_hidden(&namer, name));
		add_name(&namer, parameters[i]->raw);
	}
}
