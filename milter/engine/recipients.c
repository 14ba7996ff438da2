/*
 * All that was said of one address stands side by side once it is sorted: the
 * client named it, a rule added it, another removed it; the last word counts.
 * So thousands of recipients with a wish each cost a sort, no search.
 */
#include "engine/recipients.h"

#include "engine/message.h"

#include <stdlib.h>
#include <string.h>

/* Room is kept though wishes vanish with a refused recipient: else each of
 * thousands could cost a copy of all that was wished before. */
static void
make_room(struct message *message)
{
	size_t n = message->scope.n_wishes, room = n < 4 ? 8 : 2 * n;
	struct wish *wishes;

	if (n < message->wishes_room)
		return;
	wishes = arena_alloc(message->arena, room * sizeof(*wishes));
	if (n > 0)
		memcpy(wishes, message->wishes, n * sizeof(*wishes));
	message->wishes = wishes;
	message->wishes_room = room;
}

static void
wish(struct session *session, const struct wish *one)
{
	struct message *message = session->message;
	struct wish *copy;

	make_room(message);
	copy = &message->wishes[message->scope.n_wishes++];
	*copy = *one;
	copy->address = arena_str(message->arena, one->address);
}

static bool
wish_within_cap(
    struct session *session, enum wish_kind kind, struct str address)
{
	const struct wish one = { .kind = kind, .address = address };

	if (session->message->scope.n_wishes >= session_caps.wishes)
		return false;
	wish(session, &one);
	return true;
}

bool
recipients_add(struct session *session, struct str address)
{
	return wish_within_cap(session, WISH_ADD, address);
}

bool
recipients_remove(struct session *session, struct str address)
{
	return wish_within_cap(session, WISH_REMOVE, address);
}

/* Of two redirects of this recipient the later one counts. */
static void
forget_redirect(struct message *message)
{
	size_t n_kept = message->n_wishes_before;

	for (size_t i = n_kept; i < message->scope.n_wishes; i++)
		if (!message->wishes[i].is_redirect)
			message->wishes[n_kept++] = message->wishes[i];
	message->scope.n_wishes = n_kept;
}

/* No cap is needed: two wishes for each recipient, or two that undo the rest,
 * are all that can come of it. */
void
recipients_redirect(struct session *session, struct str address)
{
	struct message *message = session->message;
	struct wish away = { .kind = WISH_REMOVE,
		.address = session->rcpt,
		.is_redirect = true };
	struct wish there = {
		.kind = WISH_ADD, .address = address, .is_redirect = true
	};

	if (session->stage == STAGE_RCPT) {
		forget_redirect(message);
	} else {
		message->scope.n_wishes = 0;
		away = (struct wish){ .kind = WISH_REMOVE_ALL };
	}
	wish(session, &away);
	wish(session, &there);
}

enum word_kind { WORD_GIVEN, WORD_ADD, WORD_REMOVE };

/* What was said of an address. */
struct word {
	struct str key; /* one spelling of it */
	size_t at;      /* in the order in which it was said */
	enum word_kind kind;
	struct str address;
	bool is_change; /* to be told: it is what makes the difference */
};

struct words {
	struct arena *arena;
	struct word *list;
	size_t n;
	size_t n_void; /* so many of the first were undone by a redirect */
};

static void
add_word(struct words *words, enum word_kind kind, struct str address)
{
	struct word *word = &words->list[words->n];

	*word = (struct word){ .key = envelope_key(words->arena, address),
		.at = words->n,
		.kind = kind,
		.address = address };
	words->n++;
}

static void
collect_words(const struct message *message, struct words *words)
{
	size_t n_wishes = message->scope.n_wishes;

	words->list = arena_calloc(words->arena,
	    (message->n_rcpts + n_wishes + 1) * sizeof(*words->list));
	for (size_t i = 0; i < message->n_rcpts; i++)
		add_word(words, WORD_GIVEN, message->rcpt_paths[i]);
	for (size_t i = 0; i < n_wishes; i++) {
		const struct wish *one = &message->wishes[i];

		if (one->kind == WISH_REMOVE_ALL)
			words->n_void = words->n;
		else
			add_word(words,
			    one->kind == WISH_ADD ? WORD_ADD : WORD_REMOVE,
			    one->address);
	}
}

static int
compare_words(const void *a, const void *b)
{
	const struct word *x = *(struct word *const *)a;
	const struct word *y = *(struct word *const *)b;
	int by_key = str_cmp(x->key, y->key);

	if (by_key != 0)
		return by_key;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* All that was said of one address, in order. */
static void
judge_address(const struct words *words, struct word **said, size_t n)
{
	bool is_given = said[0]->kind == WORD_GIVEN, is_wanted = false;
	struct word *last = NULL;

	for (size_t i = 0; i < n; i++) {
		if (said[i]->at < words->n_void)
			continue;
		is_wanted = said[i]->kind != WORD_REMOVE;
		last = said[i];
	}
	if (!is_given && is_wanted)
		last->is_change = true;
	/* Named twice, it may be spelt in two ways: each must go. */
	for (size_t i = 0; is_given && !is_wanted && i < n; i++)
		said[i]->is_change = said[i]->kind == WORD_GIVEN;
}

static void
judge_all(struct words *words)
{
	struct word **sorted =
	    arena_alloc(words->arena, (words->n + 1) * sizeof(*sorted));
	size_t from = 0;

	for (size_t i = 0; i < words->n; i++)
		sorted[i] = &words->list[i];
	qsort(sorted, words->n, sizeof(struct word *), compare_words);
	for (size_t i = 1; i <= words->n; i++) {
		if (i < words->n && str_eq(sorted[i]->key, sorted[from]->key))
			continue;
		judge_address(words, sorted + from, i - from);
		from = i;
	}
}

static void
tell(const struct words *words, enum word_kind kind, enum change_kind change,
    struct change *out, size_t *n)
{
	for (size_t i = 0; i < words->n; i++)
		if (words->list[i].is_change && words->list[i].kind == kind)
			out[(*n)++] = (struct change){ .kind = change,
				.value = words->list[i].address };
}

size_t
recipients_changes(struct session *session, struct change **changes_out)
{
	struct message *message = session->message;
	struct words words = { .arena = message->arena };
	size_t n = 0;

	*changes_out = NULL;
	if (message->scope.n_wishes == 0)
		return 0;
	collect_words(message, &words);
	judge_all(&words);
	*changes_out =
	    arena_alloc(message->arena, words.n * sizeof(**changes_out));
	tell(&words, WORD_ADD, CHANGE_ADD_RECIPIENT, *changes_out, &n);
	tell(&words, WORD_GIVEN, CHANGE_REMOVE_RECIPIENT, *changes_out, &n);
	return n;
}
