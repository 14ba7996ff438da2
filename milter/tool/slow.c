/*
 * What makes a pattern explode is a long run of what it repeats, with something
 * behind it that lets the match fail after all. So beside a few texts that are
 * bad for many patterns each gets runs of the characters that are in it, behind
 * what it begins with.
 *
 * The trap is to promise too much: a pattern that is fast on these texts may be
 * slow on others. What bounds it then are the two limits.
 */
#include "tool/slow.h"

#include "base/utf8.h"
#include "rules/places.h"
#include "rules/regex_text.h"

#include <string.h>

#define TEXT_BYTES  PATTERN_SEGMENT
#define RUN         20000 /* times */
#define PIECES_MAX  12
#define PIECE_BYTES 64
#define SHOWN       24 /* bytes of a piece in a warning */
#define PATIENCE_US 10000000

/* What a pattern is made of. */
struct pieces {
	struct str head; /* before anything that is not literal */
	struct str last; /* character of the last literal */
	struct str items[PIECES_MAX];
	size_t n;
};

/* A text: the head, then a piece many times, then the tail. */
struct recipe {
	struct str head;
	struct str piece;
	size_t times;
	const char *tail; /* for people */
};

struct trial {
	const struct pattern_place *place;
	uint32_t match_limit;
	struct buf *out;
	struct buf text; /* that is tried */
	bool is_slow;
};

struct slow {
	uint32_t match_limit;
	struct buf *out;
	size_t n;
	size_t n_slow;
};

static void
add_quoted(struct buf *out, struct str text)
{
	buf_byte(out, '"');
	for (size_t i = 0; i < text.len && i < SHOWN; i++) {
		if (text.p[i] == '\n')
			buf_add_cstr(out, "\\n");
		else
			buf_byte(out, text.p[i]);
	}
	buf_printf(out, "%s\"", text.len > SHOWN ? "…" : "");
}

static void
say(struct trial *trial, const struct recipe *recipe,
    enum pattern_result result, int64_t used_us)
{
	const struct pattern_place *place = trial->place;
	struct buf *out = trial->out;

	buf_printf(out, "%.*s: warning: %.*s: ", STR_ARG(place->where),
	    STR_ARG(place->owner));
	regex_text_print(
	    pattern_text(place->pattern), pattern_flags(place->pattern), out);
	if (result == PATTERN_OVER_LIMIT)
		buf_printf(out, " has no answer within regex_match_limit = %u",
		    (unsigned)trial->match_limit);
	else
		buf_printf(out, " takes %lld ms", (long long)used_us / 1000);
	buf_add_cstr(out, " on ");
	if (recipe->head.len > 0) {
		add_quoted(out, recipe->head);
		buf_add_cstr(out, " and ");
	}
	buf_printf(out, "%zu times ", recipe->times);
	add_quoted(out, recipe->piece);
	buf_printf(out,
	    "%s; bound what it repeats ({1,40}), and repeat nothing that can "
	    "match in two ways\n",
	    recipe->tail);
}

/* One text: what is in trial->text. */
static void
match_text(struct trial *trial, const struct recipe *recipe)
{
	struct pattern_budget budget = { trial->match_limit, PATIENCE_US, 0,
		0 };
	enum pattern_result result;
	int64_t used_us;

	pattern_budget_spend(&budget);
	result = pattern_match(
	    trial->place->pattern, buf_str(&trial->text), &budget, NULL);
	pattern_budget_spend(&budget);
	used_us = PATIENCE_US - budget.cpu_us;
	if (used_us <= SLOW_US && result != PATTERN_OVER_LIMIT)
		return;
	trial->is_slow = true;
	say(trial, recipe, result, used_us);
}

/*
 * A run of one piece, and then, perhaps, what nothing matches; behind that the
 * last character of the pattern's last word, for PCRE2 looks first whether what
 * must be there is there at all.
 */
static void
try_run(struct trial *trial, struct str head, struct str piece, struct str last)
{
	size_t most =
	    trial->place->longest > 0 ? trial->place->longest : TEXT_BYTES;
	struct recipe recipe = { head, piece, most / piece.len, "" };

	if (recipe.times > RUN)
		recipe.times = RUN;
	buf_clear(&trial->text);
	buf_add(&trial->text, head);
	for (size_t i = 0; i < recipe.times; i++)
		buf_add(&trial->text, piece);
	if (!trial->is_slow)
		match_text(trial, &recipe);
	recipe.tail = " and a control character";
	buf_byte(&trial->text, '\001');
	if (!trial->is_slow)
		match_text(trial, &recipe);
	recipe.tail = ", a control character and the pattern's last one";
	buf_add(&trial->text, last);
	if (!trial->is_slow && last.len > 0)
		match_text(trial, &recipe);
}

static void
add_piece(struct pieces *pieces, struct str piece)
{
	piece = str_sub(piece, 0, PIECE_BYTES);
	for (size_t i = 0; i < pieces->n; i++)
		if (str_eq(pieces->items[i], piece))
			return;
	if (pieces->n < PIECES_MAX && piece.len > 0)
		pieces->items[pieces->n++] = piece;
}

/* A character that an escape stands for. */
static struct str
sample_of(char letter)
{
	switch (letter) {
	case 'd':
		return STR("0");
	case 'w':
	case 'S':
	case 'D':
	case 'N':
	case 'X':
	case 'p':
	case 'P':
		return STR("a");
	case 's':
	case 'h':
	case 'W':
		return STR(" ");
	case 'n':
	case 'R':
	case 'v':
		return STR("\n");
	default:
		return STR("");
	}
}

/* The length of what stands for itself at the start of text; 0: nothing. */
static size_t
literal_len(struct str text)
{
	size_t len = 0, one;

	while (
	    len < text.len && strchr("\\^$.|?*+()[]{}", text.p[len]) == NULL) {
		one = utf8_sequence(str_from(text, len));
		len += one > 0 ? one : 1;
	}
	return len;
}

/* What a repetition repeats is the last character only. */
static void
add_literal(struct pieces *pieces, struct str literal)
{
	pieces->last = str_from(literal, utf8_back(literal, literal.len - 1));
	add_piece(pieces, pieces->last);
	add_piece(pieces, literal);
	add_piece(pieces, str_sub(literal, 0, 1));
}

static void
find_pieces(struct str text, struct pieces *pieces)
{
	*pieces = (struct pieces){ .n = 0 };
	pieces->head = str_sub(text, 0, literal_len(text));
	while (text.len > 0) {
		size_t len = literal_len(text);

		if (len > 0) {
			add_literal(pieces, str_sub(text, 0, len));
			text = str_from(text, len);
		} else if (text.p[0] == '\\' && text.len > 1) {
			add_piece(pieces, ascii_is_alnum(text.p[1])
					      ? sample_of(text.p[1])
					      : str_sub(text, 1, 2));
			text = str_from(text, 2);
		} else {
			if (text.p[0] == '.')
				add_piece(pieces, STR("x"));
			text = str_from(text, 1);
		}
	}
}

/* Bad for many. */
static const char *const common[] = { "a", " ", "0", "=.", "\"'", "<a b=\"",
	"((", "\n", " \n", "a ", "a.", "a@", "http://a.", "xy1 " };

static void
try_pattern(void *context, const struct pattern_place *place)
{
	struct slow *slow = context;
	struct trial trial = { .place = place,
		.match_limit = slow->match_limit,
		.out = slow->out };
	struct pieces pieces;

	find_pieces(pattern_text(place->pattern), &pieces);
	for (size_t i = 0; i < pieces.n && !trial.is_slow; i++) {
		try_run(&trial, STR(""), pieces.items[i], pieces.last);
		if (!trial.is_slow && pieces.head.len > 0)
			try_run(
			    &trial, pieces.head, pieces.items[i], pieces.last);
	}
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (!trial.is_slow)
			try_run(&trial, pieces.head, str_of(common[i]),
			    pieces.last);
	buf_done(&trial.text);
	slow->n++;
	slow->n_slow += trial.is_slow;
}

size_t
slow_patterns(const struct ruleset *rules, struct buf *out, size_t *n_slow_out)
{
	struct slow slow = {
		.match_limit = ruleset_options(rules)->regex_match_limit,
		.out = out,
	};

	pattern_places(ruleset_program(rules), try_pattern, &slow);
	*n_slow_out = slow.n_slow;
	return slow.n;
}
