/*
 * The inside of quotes. \" and \\ and $$ stand for one character each, ${…}
 * for a fact, which the ordinary lexer reads where it stands in the source: so
 * its position is right, and header["…"] needs no rules of its own.
 */
#include "rules/parser.h"

#include <stdio.h>
#include <string.h>

struct text_reader {
	struct parser *parser;
	const struct token *token;
	struct text *text;
	struct buf literal;
	size_t at; /* in token->text */
};

static struct pos
pos_in_string(const struct token *token, size_t at, uint32_t len)
{
	return (struct pos){ token->pos.source,
		token->pos.at + 1 + (uint32_t)at, len };
}

static struct text_part *
add_part(struct text_reader *reader, enum part_kind kind)
{
	struct text *text = reader->text;

	text->parts = arena_grow(
	    reader->parser->arena, text->parts, text->n, sizeof(*text->parts));
	text->parts[text->n] =
	    (struct text_part){ .kind = kind, .lookup = NO_LOOKUP };
	return &text->parts[text->n++];
}

static void
end_literal(struct text_reader *reader)
{
	if (reader->literal.len == 0)
		return;
	add_part(reader, PART_LITERAL)->literal =
	    arena_str(reader->parser->arena, buf_str(&reader->literal));
	buf_clear(&reader->literal);
}

static int
read_reference(struct text_reader *reader)
{
	struct parser *parser = reader->parser;
	struct token *token = &parser->lexer.token;
	struct pos pos = token->pos;
	struct text_part value = { .kind = PART_VALUE, .lookup = NO_LOOKUP };
	struct text_part *part;
	struct fact_ref ref;

	if (lexer_is_word(&parser->lexer, "value")) {
		if (parse_value(parser, &value.table_name, &value.table_pos,
			&value.ref) == -1)
			return -1;
		*add_part(reader, PART_VALUE) = value;
		return 0;
	}
	if (token->kind == TOKEN_NUMBER) {
		if (token->text.len != 1 || token->text.p[0] == '0')
			return parser_expected(parser, "a group from 1 to 9");
		part = add_part(reader, PART_GROUP);
		part->group = (unsigned)(token->text.p[0] - '0');
		part->ref.pos = pos;
		lexer_next(&parser->lexer);
		return 0;
	}
	if (token->kind != TOKEN_WORD)
		return parser_expected(parser, "a fact");
	if (parse_fact(parser, &ref) == -1)
		return -1;
	add_part(reader, PART_FACT)->ref = ref;
	return 0;
}

/* reader->at is at "${"; the lexer is lent to what stands inside. */
static int
read_fact(struct text_reader *reader)
{
	struct parser *parser = reader->parser;
	struct lexer outer = parser->lexer;
	uint32_t inside = reader->token->pos.at + 1 + (uint32_t)reader->at + 2;
	int rc = -1;

	end_literal(reader);
	parser->lexer = (struct lexer){
		.source = outer.source, .diags = outer.diags, .at = inside
	};
	lexer_next(&parser->lexer);
	if (read_reference(reader) == -1)
		goto out;
	if (!lexer_is(&parser->lexer, "}")) {
		parser_expected(parser, "'}' behind the fact");
		goto out;
	}
	reader->at = parser->lexer.at - reader->token->pos.at - 1;
	rc = 0;
out:
	parser->lexer = outer;
	return rc;
}

static int
read_dollar(struct text_reader *reader)
{
	struct str rest = str_from(reader->token->text, reader->at);

	if (str_starts(rest, STR("${")))
		return read_fact(reader);
	if (!str_starts(rest, STR("$$"))) {
		diag_add(reader->parser->diags, DIAG_ERROR,
		    pos_in_string(reader->token, reader->at, 1),
		    "expected ${fact} or $$ (which stands for one $)");
		return -1;
	}
	buf_byte(&reader->literal, '$');
	reader->at += 2;
	return 0;
}

static int
read_backslash(struct text_reader *reader)
{
	struct str rest = str_from(reader->token->text, reader->at);

	if (rest.len < 2 || (rest.p[1] != '"' && rest.p[1] != '\\')) {
		diag_add(reader->parser->diags, DIAG_ERROR,
		    pos_in_string(reader->token, reader->at, 2),
		    "expected \\\" or \\\\ (a backslash before anything else "
		    "means nothing)");
		return -1;
	}
	buf_byte(&reader->literal, rest.p[1]);
	reader->at += 2;
	return 0;
}

static int
read_part(struct text_reader *reader)
{
	char c = reader->token->text.p[reader->at];

	if (c == '$')
		return read_dollar(reader);
	if (c == '\\')
		return read_backslash(reader);
	if ((unsigned char)c < 0x20 || c == 0x7f) {
		diag_add(reader->parser->diags, DIAG_ERROR,
		    pos_in_string(reader->token, reader->at, 1),
		    "a control character cannot stand in a text");
		return -1;
	}
	buf_byte(&reader->literal, c);
	reader->at++;
	return 0;
}

int
parse_text(struct parser *parser, const struct token *token, struct text *out)
{
	struct text text = { .pos = token->pos };
	struct text_reader reader = {
		.parser = parser, .token = token, .text = &text
	};
	int rc = 0;

	while (rc == 0 && reader.at < token->text.len)
		rc = read_part(&reader);
	end_literal(&reader);
	buf_done(&reader.literal);
	if (rc == 0)
		*out = text;
	return rc;
}

bool
text_is_literal(const struct text *text, struct str *literal_out)
{
	if (text->n > 1 ||
	    (text->n == 1 && text->parts[0].kind != PART_LITERAL))
		return false;
	*literal_out = text->n == 0 ? STR("") : text->parts[0].literal;
	return true;
}

bool
text_ignores_case(const struct text *text)
{
	for (size_t i = 0; i < text->n; i++) {
		const struct text_part *part = &text->parts[i];

		if (part->kind == PART_VALUE || part->kind == PART_GROUP ||
		    (part->kind == PART_FACT &&
			!fact_ignores_case(part->ref.fact)))
			return false;
	}
	return true;
}

bool
field_name_is_valid(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] < '!' || name.p[i] > '~' || name.p[i] == ':')
			return false;
	return name.len > 0 && name.len <= 76;
}

int
parse_literal(struct parser *parser, const struct token *token,
    const char *what, struct str *out)
{
	struct text text;

	if (parse_text(parser, token, &text) == -1)
		return -1;
	if (!text_is_literal(&text, out)) {
		diag_add(parser->diags, DIAG_ERROR, token->pos,
		    "%s cannot contain facts", what);
		return -1;
	}
	if (out->len == 0) {
		diag_add(parser->diags, DIAG_ERROR, token->pos,
		    "expected %s, found an empty text", what);
		return -1;
	}
	return 0;
}
