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

static void
check_word(struct checker *checker, const struct operand *operand,
    const struct fact *fact, const char *(*word)(size_t i))
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
				needs_add_damage(checker->needs, literal);
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

void
check_words(struct checker *checker, const struct condition *cond)
{
	bool is_compared = cond->kind == COND_COMPARE || cond->kind == COND_IN;

	if (!is_compared || cond->has_text)
		return;
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		if (closed[i].id != cond->ref.fact->id)
			continue;
		if (cond->kind == COND_COMPARE)
			check_word(checker, &cond->right, cond->ref.fact,
			    closed[i].word);
		for (size_t j = 0; j < cond->n_list; j++)
			check_word(checker, &cond->list[j], cond->ref.fact,
			    closed[i].word);
	}
}
