/*
 * What becomes a recipient or the sender. A text without facts is looked at
 * here; what its facts make of the others is known for each message only.
 */
#include "rules/check.h"
#include "rules/mailbox.h"

static void
check_literal(
    struct checker *checker, const struct action *action, struct str literal)
{
	const char *flaw;

	if (action->kind == ACTION_SET_SENDER && literal.len == 0)
		return;
	if (action->kind == ACTION_SET_SENDER && str_is(literal, "<>")) {
		diag_add(checker->diags, DIAG_ERROR, action->text.pos,
		    "the null sender is written \"\"");
		return;
	}
	if ((flaw = mailbox_flaw(literal, false)) != NULL)
		diag_add(checker->diags, DIAG_ERROR, action->text.pos,
		    "this is no address: %s (expected one like "
		    "\"anna@example.org\")",
		    flaw);
}

void
check_address(struct checker *checker, const struct check_place *place,
    const struct action *action)
{
	struct str literal;

	if (text_is_literal(&action->text, &literal)) {
		check_literal(checker, action, literal);
		return;
	}
	for (size_t i = 0; i < action->text.n; i++) {
		const struct text_part *part = &action->text.parts[i];

		if (part->kind != PART_FACT ||
		    (part->ref.fact->flags & FACT_LIST_FROM_DATA) == 0 ||
		    !fact_is_many(part->ref.fact, place->stage))
			continue;
		diag_add(checker->diags, DIAG_ERROR, part->ref.pos,
		    "from stage data on '%s' is all recipients, which make no "
		    "address; at stage rcpt it is one",
		    part->ref.fact->name);
	}
}
