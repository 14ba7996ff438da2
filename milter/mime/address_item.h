/*
 * address_item: the parts of an address list, put together token by token.
 *
 * Private to address.c, which knows what each byte means; this knows what the
 * tokens between two commas add up to.
 */
#ifndef SLUICE_MIME_ADDRESS_ITEM_H
#define SLUICE_MIME_ADDRESS_ITEM_H

#include "base/buf.h"
#include "mime/address.h"

/* An address being put together, without quotes, comments and blanks. */
struct address_spec {
	struct buf text;
	size_t local_len; /* where the last "@" outside quotes stands */
	bool has_at;
};

struct address_parser {
	struct arena *arena;
	struct str text;
	size_t at;
	uint64_t *damage;
	struct mime_address *list;
	size_t n_addresses;
	bool is_in_group;
	bool has_open_comment; /* a "(" without end was met; so was a '"' */
	bool has_open_quote;
	/* Of the item between two commas: */
	struct buf phrase;
	size_t n_words;
	struct str comment; /* the first, with its parentheses */
	struct address_spec found;
	bool has_found;
	bool is_found_in_angle;
	size_t found_from; /* in the phrase, unless in brackets */
	size_t found_to;
	/* Of the word being read: */
	struct address_spec word;
	bool is_in_word;
	bool has_gap;     /* white space or a comment came before */
	size_t word_from; /* in the phrase */
	bool is_in_angle; /* then it is no part of the phrase */
};

void address_note(struct address_parser *parser, enum damage damage);

/* Take the token from where the parser is, to end, and go there. */
void address_add_text(struct address_parser *parser, size_t end);
void address_add_quoted(struct address_parser *parser, size_t end);
void address_add_at_sign(struct address_parser *parser);

/* A word outside brackets is complete; with an "@" it may be an address. */
void address_finish_word(struct address_parser *parser);
/* What was read in brackets is the address of the item. */
void address_finish_angle(struct address_parser *parser);
/* The item is complete, but for a word being read: it joins the list. */
void address_close_item(struct address_parser *parser);
/* Forgets the item. */
void address_drop_item(struct address_parser *parser);

void address_parser_done(struct address_parser *parser);

#endif
