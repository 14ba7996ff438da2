/*
 * What stands outside brackets is collected twice: as a phrase (a name,
 * perhaps) and, word by word, as addresses; which it was is known only at the
 * comma, at "<" or at the end. Names are decoded last, so nothing inside an
 * encoded word can act as a comma or bracket.
 *
 * The trap: programs disagree about broken lists, and mail that deceives lives
 * from it. So where two readings are likely ("<a@b> <c@d>", "a@b c@d") both
 * addresses are given, and the damage is noted.
 */
#include "mime/address_item.h"

#include "mime/charset.h"
#include "mime/header.h"

void
address_note(struct address_parser *parser, enum damage damage)
{
	*parser->damage |= DAMAGE_BIT(damage);
}

static void
clear_spec(struct address_spec *spec)
{
	buf_clear(&spec->text);
	spec->has_at = false;
	spec->local_len = 0;
}

static void
swap_specs(struct address_spec *a, struct address_spec *b)
{
	struct address_spec kept = *a;

	*a = *b;
	*b = kept;
}

/* Does a token that begins with c belong to what is in spec, although there is
 * white space between (RFC 5322 section 4.4 allows it)? */
static bool
is_glued(const struct address_spec *spec, char c)
{
	size_t len = spec->text.len;

	if (len == 0 || c == '@')
		return true;
	if (!spec->has_at)
		return false; /* the dot of "John Q. Public" is no glue */
	return spec->local_len == len - 1 || c == '.' ||
	       spec->text.p[len - 1] == '.';
}

/* Appends what stands between quotes or parentheses. */
static void
add_unescaped(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\' && i + 1 < s.len)
			i++;
		buf_byte(out, s.p[i]);
	}
}

static struct str
decode_name(struct address_parser *parser, struct str raw)
{
	if (raw.len == 0)
		return raw; /* "<><><>" must not fill the arena */
	return str_trim(header_decode(parser->arena, raw, parser->damage));
}

static struct str
read_comment_name(struct address_parser *parser)
{
	struct str inner = parser->comment;
	struct buf text = { 0 };
	struct str name;

	if (inner.len == 0)
		return inner;
	add_unescaped(&text, str_sub(inner, 1, inner.len - 1));
	name = decode_name(parser, buf_str(&text));
	buf_done(&text);
	return name;
}

/* The phrase, without the address if that stands in it without brackets. */
static struct str
read_phrase_name(struct address_parser *parser)
{
	struct str phrase = buf_str(&parser->phrase), name;
	struct buf rest = { 0 };

	if (!parser->has_found || parser->is_found_in_angle)
		return decode_name(parser, phrase);
	buf_add(&rest, str_sub(phrase, 0, parser->found_from));
	buf_add(&rest, str_from(phrase, parser->found_to));
	name = decode_name(parser, buf_str(&rest));
	buf_done(&rest);
	return name;
}

static struct mime_address
make_address(struct address_parser *parser, struct str name)
{
	struct address_spec *spec = &parser->found;
	struct str raw = buf_str(&spec->text);
	struct mime_address made = { .name = name };
	size_t at = spec->has_at ? spec->local_len : raw.len;
	struct buf clean = { 0 };
	size_t local_len;

	/* Bytes that are no UTF-8 may change their number on the way. */
	charset_read(&clean, str_sub(raw, 0, at));
	local_len = clean.len;
	charset_read(&clean, str_from(raw, at));
	if (clean.len > 0)
		made.address = arena_str(parser->arena, buf_str(&clean));
	made.local = str_sub(made.address, 0, local_len);
	made.domain = str_from(made.address, local_len + 1);
	if (made.local.len == 0 || made.domain.len == 0)
		address_note(parser, DAMAGE_ADDRESS);
	buf_done(&clean);
	return made;
}

void
address_drop_item(struct address_parser *parser)
{
	buf_clear(&parser->phrase);
	parser->n_words = 0;
	parser->comment = (struct str){ 0 };
	clear_spec(&parser->found);
	parser->has_found = false;
	parser->is_found_in_angle = false;
	parser->has_gap = false;
}

/* A lone word is a local part ("To: root") unless it looks like a name. */
static bool
is_lone_local(const struct address_parser *parser)
{
	struct str phrase = buf_str(&parser->phrase);

	return !parser->has_found && parser->n_words == 1 &&
	       str_find(phrase, ' ') < 0 && !str_starts(phrase, STR("=?"));
}

void
address_close_item(struct address_parser *parser)
{
	struct mime_address made;
	struct str name;

	if (!parser->has_found && parser->n_words == 0) {
		/* RFC 5322 section 4.4 allows ", ,". */
		address_drop_item(parser);
		return;
	}
	if (parser->n_addresses == ADDRESSES_MAX) {
		address_note(parser, DAMAGE_ADDRESS_COUNT);
		parser->at = parser->text.len;
		address_drop_item(parser);
		return;
	}
	if (is_lone_local(parser)) {
		buf_add(&parser->found.text, buf_str(&parser->phrase));
		buf_clear(&parser->phrase);
	}
	name = read_phrase_name(parser);
	if (name.len == 0)
		name = read_comment_name(parser);
	made = make_address(parser, name);
	if (made.address.len > 0 || made.name.len > 0) {
		parser->list = arena_grow(parser->arena, parser->list,
		    parser->n_addresses, sizeof(*parser->list));
		parser->list[parser->n_addresses++] = made;
	}
	address_drop_item(parser);
}

void
address_finish_word(struct address_parser *parser)
{
	if (!parser->is_in_word)
		return;
	parser->is_in_word = false;
	parser->n_words++;
	if (parser->word.has_at) {
		if (parser->has_found) {
			/* A comma is missing: the word begins a new item. */
			address_note(parser, DAMAGE_ADDRESS);
			parser->phrase.len = parser->word_from;
			address_close_item(parser);
			buf_add(&parser->phrase, buf_str(&parser->word.text));
			parser->n_words = 1;
			parser->word_from = 0;
		}
		swap_specs(&parser->found, &parser->word);
		parser->has_found = true;
		parser->found_from = parser->word_from;
		parser->found_to = parser->phrase.len;
	}
	clear_spec(&parser->word);
}

static void
begin_token(struct address_parser *parser, char first)
{
	bool has_gap = parser->has_gap;
	bool is_apart = has_gap && !is_glued(&parser->word, first);

	if (is_apart && parser->is_in_angle)
		address_note(parser, DAMAGE_ADDRESS);
	else if (is_apart)
		address_finish_word(parser);
	parser->has_gap = false;
	if (parser->is_in_angle)
		return;
	if (has_gap && parser->phrase.len > 0)
		buf_byte(&parser->phrase, ' ');
	if (!parser->is_in_word)
		parser->word_from = parser->phrase.len;
	parser->is_in_word = true;
}

void
address_add_text(struct address_parser *parser, size_t end)
{
	struct str token = str_sub(parser->text, parser->at, end);

	begin_token(parser, token.p[0]);
	buf_add(&parser->word.text, token);
	if (!parser->is_in_angle)
		buf_add(&parser->phrase, token);
	parser->at = end;
}

void
address_add_quoted(struct address_parser *parser, size_t end)
{
	struct str inner = str_sub(parser->text, parser->at + 1, end - 1);

	begin_token(parser, '"');
	add_unescaped(&parser->word.text, inner);
	if (!parser->is_in_angle)
		add_unescaped(&parser->phrase, inner);
	parser->at = end;
}

void
address_add_at_sign(struct address_parser *parser)
{
	struct address_spec *word = &parser->word;

	begin_token(parser, '@');
	if (word->has_at)
		address_note(parser, DAMAGE_ADDRESS);
	word->has_at = true;
	word->local_len = word->text.len;
	buf_byte(&word->text, '@');
	if (!parser->is_in_angle)
		buf_byte(&parser->phrase, '@');
	parser->at++;
}

void
address_finish_angle(struct address_parser *parser)
{
	swap_specs(&parser->found, &parser->word);
	clear_spec(&parser->word);
	parser->is_in_angle = false;
	parser->has_found = true;
	parser->is_found_in_angle = true;
	parser->has_gap = true;
}

void
address_parser_done(struct address_parser *parser)
{
	buf_done(&parser->phrase);
	buf_done(&parser->found.text);
	buf_done(&parser->word.text);
}
