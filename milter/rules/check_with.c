/*
 * `attachment with (…)`: what is asked of one attachment after the other.
 *
 * Limits and tables in Redis are asked once for a stage, before any attachment
 * is looked at by itself: so neither can stand inside.
 */
#include "rules/check.h"

static bool
text_speaks(const struct text *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->parts[i].ref.of_one)
			return true;
	return false;
}

static bool
operand_speaks(const struct operand *operand)
{
	return operand->ref.of_one || text_speaks(&operand->text);
}

/* Is it about the attachment at all? */
static bool
speaks_of_attachment(const struct condition *cond)
{
	for (size_t i = 0; i < cond->n_terms; i++)
		if (speaks_of_attachment(cond->terms[i]))
			return true;
	for (size_t i = 0; i < cond->n_list; i++)
		if (operand_speaks(&cond->list[i]))
			return true;
	return cond->ref.of_one || operand_speaks(&cond->right) ||
	       text_speaks(&cond->text);
}

/* True: what is inside can be checked. */
static bool
check_place_of_with(struct checker *checker, const struct check_place *place,
    const struct condition *cond)
{
	struct fact_ref count = { .fact = fact_by_id(FACT_ATTACHMENT_COUNT) };

	if (place->is_with) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "an attachment has no attachments of its own: `attachment "
		    "with` cannot stand inside of another");
		return false;
	}
	if (place->raise == NULL && place->stage < STAGE_MESSAGE) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "attachments are not known yet at stage %s",
		    stage_name(place->stage));
		diag_add(checker->diags, DIAG_NOTE, cond->pos,
		    "they are known from stage %s on",
		    stage_name(STAGE_MESSAGE));
		return false;
	}
	check_ref(checker, place, &count);
	return true;
}

void
check_with(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	struct check_place inside = *place;

	inside.is_with = true;
	if (!check_place_of_with(checker, place, cond))
		return;
	check_condition(checker, &inside, cond->terms[0]);
	if (!speaks_of_attachment(cond->terms[0]))
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "nothing in these parentheses is about the attachment: "
		    "expected name, type, magic, size, encrypted or archive");
}
