/*
 * One pass over the unfolded text: a table says which function reads what
 * begins with which byte. What the tokens add up to is address_item.c's.
 *
 * The trap: a "(", '"' or "[" without its end is an ordinary byte. Looking
 * for an end that does not exist happens once for each kind, not once for each
 * such byte; that keeps the work linear.
 */
#include "mime/address.h"

#include "mime/address_item.h"
#include "mime/encoded_word.h"
#include "mime/header.h"

/*
 * Position behind the comment, quoted string or domain literal at "at", or 0
 * if it does not end.
 */
static size_t
find_comment_end(struct address_parser *parser, size_t at)
{
	struct str s = parser->text;
	size_t depth = 0;

	if (parser->has_open_comment)
		return 0;
	for (size_t i = at; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	parser->has_open_comment = true;
	return 0;
}

static size_t
find_quote_end(struct address_parser *parser, size_t at)
{
	struct str s = parser->text;

	if (parser->has_open_quote)
		return 0;
	for (size_t i = at + 1; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	parser->has_open_quote = true;
	return 0;
}

static size_t
find_literal_end(struct address_parser *parser, size_t at)
{
	struct str s = parser->text;

	for (size_t i = at + 1; i < s.len; i++) {
		if (s.p[i] == ']')
			return i + 1;
		if (str_find(STR("[<>,;\""), s.p[i]) >= 0)
			return 0; /* never far, so this stays linear */
	}
	return 0;
}

static bool
is_special(char c)
{
	return ascii_is_space(c) || str_find(STR("()<>@,;:\"[]\\"), c) >= 0;
}

/* An atom ends at a special; but those in an encoded word are none, although
 * RFC 2047 section 5 (3) forbids them there. */
static size_t
find_atom_end(struct address_parser *parser, size_t at)
{
	struct str s = parser->text;
	struct encoded_word word;
	size_t end;

	while (at < s.len && !is_special(s.p[at])) {
		if (encoded_word_at(str_from(s, at), &word) !=
		    ENCODED_WORD_WHOLE) {
			at++;
			continue;
		}
		for (end = at + word.len; at < end; at++)
			if (is_special(s.p[at]))
				address_note(parser, DAMAGE_ADDRESS);
	}
	return at;
}

static void
read_blank(struct address_parser *parser)
{
	parser->has_gap = true;
	parser->at++;
}

/* A byte that means nothing where it stands. */
static void
skip_stray(struct address_parser *parser)
{
	address_note(parser, DAMAGE_ADDRESS);
	parser->at++;
}

static void
read_comment(struct address_parser *parser)
{
	size_t end = find_comment_end(parser, parser->at);

	if (end == 0) {
		skip_stray(parser);
		return;
	}
	if (parser->comment.len == 0)
		parser->comment = str_sub(parser->text, parser->at, end);
	parser->has_gap = true;
	parser->at = end;
}

static void
read_quoted(struct address_parser *parser)
{
	size_t end = find_quote_end(parser, parser->at);

	if (end == 0)
		skip_stray(parser);
	else
		address_add_quoted(parser, end);
}

static void
read_literal(struct address_parser *parser)
{
	size_t end = find_literal_end(parser, parser->at);

	address_add_text(parser, end > 0 ? end : parser->at + 1);
}

/* Outside quotes RFC 5322 section 4.1 knows it as obsolete. */
static void
read_backslash(struct address_parser *parser)
{
	parser->at++;
	if (parser->at < parser->text.len)
		address_add_text(parser, parser->at + 1);
}

static void
end_item(struct address_parser *parser)
{
	address_finish_word(parser);
	address_close_item(parser);
}

static void
read_comma(struct address_parser *parser)
{
	end_item(parser);
	parser->at++;
}

static void
read_semicolon(struct address_parser *parser)
{
	end_item(parser);
	if (!parser->is_in_group)
		address_note(parser, DAMAGE_ADDRESS);
	parser->is_in_group = false;
	parser->at++;
}

/* What came before is the name of a group, of no use to anybody. */
static void
read_colon(struct address_parser *parser)
{
	address_finish_word(parser);
	if (parser->is_in_group || parser->has_found)
		address_note(parser, DAMAGE_ADDRESS);
	if (parser->has_found)
		address_close_item(parser);
	address_drop_item(parser);
	parser->is_in_group = true;
	parser->at++;
}

/* "@relay.example,@other.example:" of RFC 5322 section 4.4. */
static void
skip_route(struct address_parser *parser)
{
	struct str s = parser->text;

	if (parser->at >= s.len || s.p[parser->at] != '@')
		return;
	for (size_t i = parser->at; i < s.len; i++) {
		if (str_find(STR("<>\"[;"), s.p[i]) >= 0)
			return;
		if (s.p[i] == ':') {
			parser->at = i + 1;
			return;
		}
	}
}

static bool read_token(struct address_parser *parser);

static void
read_angle(struct address_parser *parser)
{
	struct str s = parser->text;

	address_finish_word(parser);
	if (parser->has_found)
		address_note(parser, DAMAGE_ADDRESS);
	if (parser->is_found_in_angle)
		address_close_item(parser); /* a comma is missing */
	parser->at++;
	while (parser->at < s.len && s.p[parser->at] == '<')
		skip_stray(parser);
	skip_route(parser);
	parser->is_in_angle = true;
	parser->has_gap = false;
	while (parser->at < s.len && read_token(parser))
		continue;
	address_finish_angle(parser);
	if (parser->at < s.len && s.p[parser->at] == '>')
		parser->at++;
	else
		address_note(parser, DAMAGE_ADDRESS);
}

struct reader {
	char c;
	void (*read)(struct address_parser *parser);
};

/* What an address consists of. */
static const struct reader token_readers[] = {
	{ ' ', read_blank },
	{ '\t', read_blank },
	{ '(', read_comment },
	{ '"', read_quoted },
	{ '[', read_literal },
	{ '\\', read_backslash },
	{ '@', address_add_at_sign },
};

/* What stands between addresses. */
static const struct reader list_readers[] = {
	{ '<', read_angle },
	{ '>', skip_stray },
	{ ',', read_comma },
	{ ';', read_semicolon },
	{ ':', read_colon },
};

#define N_READERS(readers) (sizeof(readers) / sizeof((readers)[0]))

/* False if what comes ends an address in brackets. */
static bool
read_token(struct address_parser *parser)
{
	char c = parser->text.p[parser->at];
	size_t end;

	for (size_t i = 0; i < N_READERS(token_readers); i++) {
		if (token_readers[i].c == c) {
			token_readers[i].read(parser);
			return true;
		}
	}
	if (str_find(STR("<>,;"), c) >= 0)
		return false;
	end = find_atom_end(parser, parser->at);
	address_add_text(parser, end > parser->at ? end : parser->at + 1);
	return true;
}

static void
read_item(struct address_parser *parser)
{
	char c = parser->text.p[parser->at];

	for (size_t i = 0; i < N_READERS(list_readers); i++) {
		if (list_readers[i].c == c) {
			list_readers[i].read(parser);
			return;
		}
	}
	read_token(parser);
}

size_t
address_list(struct arena *arena, struct str raw,
    struct mime_address **list_out, uint64_t *damage)
{
	struct address_parser parser = { .arena = arena, .damage = damage };

	header_note_damage(raw, damage);
	parser.text = header_unfold(arena, raw);
	while (parser.at < parser.text.len)
		read_item(&parser);
	end_item(&parser);
	if (parser.is_in_group)
		address_note(&parser, DAMAGE_ADDRESS);
	address_parser_done(&parser);
	*list_out = parser.list;
	return parser.n_addresses;
}
