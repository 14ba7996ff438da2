/*
 * Some facts have a closed set of words: a day that is none, a damage that
 * there is not, would be compared in vain for ever.
 */
#include "mime/damage.h"
#include "rules/check.h"
#include "rules/suggest.h"

static const char *
weekday(size_t i)
{
	static const char *const days[] = { "mon", "tue", "wed", "thu", "fri",
		"sat", "sun" };

	return i < sizeof(days) / sizeof(days[0]) ? days[i] : NULL;
}

static const char *
damage(size_t i)
{
	return i < DAMAGE_N ? damage_word((enum damage)i) : NULL;
}

static const struct {
	enum fact_id id;
	const char *(*word)(size_t i); /* NULL behind the last */
} closed[] = {
	{ FACT_TIME_WEEKDAY, weekday },
	{ FACT_MIME_DAMAGE, damage },
};

/* Some words of mime.damage are known as soon as the header is, others only
 * when the whole message has come. */
static void
note_damage(struct checker *checker, const struct check_place *place,
    enum damage found, struct pos pos)
{
	enum stage known = damage_stage(found);

	if (place->raise != NULL && known > *place->raise)
		*place->raise = known;
	if (place->raise != NULL || place->stage >= STAGE_MESSAGE) {
		needs_add_damage(checker->needs, found);
	} else if (place->stage < known) {
		diag_add(checker->diags, DIAG_ERROR, pos,
		    "'mime.damage' is never \"%s\" at stage %s",
		    damage_word(found), stage_name(place->stage));
		diag_add(checker->diags, DIAG_NOTE, pos,
		    "whether it is \"%s\" is known from stage %s on",
		    damage_word(found), stage_name(known));
	}
}

static void
check_word(struct checker *checker, const struct check_place *place,
    const struct operand *operand, const struct fact *fact,
    const char *(*word)(size_t i))
{
	struct suggestion near = { 0 };
	struct str literal;

	if (operand->kind != OPERAND_TEXT ||
	    !text_is_literal(&operand->text, &literal) || literal.len == 0)
		return;
	near.wrong = literal;
	for (size_t i = 0; word(i) != NULL; i++) {
		if (str_is(literal, word(i))) {
			if (fact->id == FACT_MIME_DAMAGE)
				note_damage(checker, place, (enum damage)i,
				    operand->pos);
			return;
		}
		suggest(&near, str_of(word(i)));
	}
	/* "Sunday" is meant as "sun". */
	for (size_t i = 0; near.best.len == 0 && word(i) != NULL; i++)
		if (str_eq_nocase(str_sub(literal, 0, str_of(word(i)).len),
			str_of(word(i))))
			near.best = str_of(word(i));
	diag_add(checker->diags, DIAG_ERROR, operand->pos,
	    near.best.len > 0 ? "'%s' is never \"%.*s\": did you mean "
				"\"%.*s\"?"
			      : "'%s' is never \"%.*s\" (`sluice facts` tells "
				"its words)%.*s",
	    fact->name, STR_ARG(literal), STR_ARG(near.best));
}

static bool
is_word(const struct operand *operand)
{
	struct str literal;

	return operand->kind == OPERAND_TEXT &&
	       text_is_literal(&operand->text, &literal) && literal.len > 0;
}

bool
words_are_all(const struct condition *cond)
{
	/* `every` is about those that are not named, too. */
	if (cond->ref.fact->id != FACT_MIME_DAMAGE || cond->is_every ||
	    cond->is_value)
		return false;
	if (cond->kind == COND_COMPARE)
		return is_word(&cond->right);
	for (size_t i = 0; i < cond->n_list; i++)
		if (!is_word(&cond->list[i]))
			return false;
	return cond->kind == COND_IN && cond->in == IN_LIST;
}

void
check_words(struct checker *checker, const struct check_place *place,
    const struct condition *cond)
{
	bool is_compared = cond->kind == COND_COMPARE || cond->kind == COND_IN;

	if (!is_compared || cond->has_text)
		return;
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		if (closed[i].id != cond->ref.fact->id)
			continue;
		if (cond->kind == COND_COMPARE)
			check_word(checker, place, &cond->right, cond->ref.fact,
			    closed[i].word);
		for (size_t j = 0; j < cond->n_list; j++)
			check_word(checker, place, &cond->list[j],
			    cond->ref.fact, closed[i].word);
	}
}
