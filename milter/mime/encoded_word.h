/*
 * encoded_word: "=?charset?encoding?text?=" of RFC 2047.
 */
#ifndef SLUICE_MIME_ENCODED_WORD_H
#define SLUICE_MIME_ENCODED_WORD_H

#include "base/buf.h"

enum encoded_word_answer {
	ENCODED_WORD_NONE,   /* no word begins here */
	ENCODED_WORD_BROKEN, /* one begins, but has no known encoding or end */
	ENCODED_WORD_WHOLE
};

/* Points into the text that was looked at. */
struct encoded_word {
	struct str charset; /* without the language of RFC 2231 section 5 */
	bool is_base64;
	struct str text; /* still encoded */
	size_t len;      /* of the whole word */
};

/*
 * Is there a word at the start of s? Looks no further than to the next "=?",
 * so asking at each "=?" of a text is linear.
 */
enum encoded_word_answer encoded_word_at(
    struct str s, struct encoded_word *word_out);

/*
 * Appends the bytes of the word, in its charset. Lenient: junk in base64 is
 * skipped, padding may lack or stand in the middle, a "=" without two digits
 * is itself. False if there was something to forgive other than padding.
 */
bool encoded_word_bytes(const struct encoded_word *word, struct buf *out);

#endif
