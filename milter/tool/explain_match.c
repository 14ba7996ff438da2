/*
 * Where matches stand. A report names the fact as the rule does, with the
 * argument; the value itself is asked of the session, or, for a header field,
 * of the mail.
 */
#include "tool/explain.h"

#include "mime/header.h"
#include "mime/mail_text.h"
#include "tool/show/shown.h"

/* header["Subject"]: the name of the fact, and its argument. */
static const struct fact *
parse_fact(struct str text, struct str *argument_out)
{
	ptrdiff_t open = str_find(text, '[');

	*argument_out = STR("");
	if (open > 0 && text.len > (size_t)open + 4)
		*argument_out = str_sub(text, (size_t)open + 2, text.len - 2);
	return fact_find(open > 0 ? str_sub(text, 0, (size_t)open) : text);
}

/* Value number i of header["name"] or header.raw["name"], in *out. */
static bool
find_header(const struct explain *explain, enum fact_id id, struct str wanted,
    size_t i, struct str *out)
{
	struct mail_text mail;
	struct str name, value;
	uint64_t damage = 0;
	bool is_found = false;

	mail_text_init(&mail, explain->mail);
	while (!is_found && mail_text_field(&mail, &name, &value))
		is_found = str_eq_nocase(name, wanted) && i-- == 0;
	if (is_found && id == FACT_HEADER_RAW)
		*out = arena_str(explain->arena, value);
	else if (is_found)
		*out = header_decode(explain->arena, value, &damage);
	mail_text_done(&mail);
	return is_found;
}

static bool
find_value(const struct explain *explain, const struct fact *fact,
    struct str argument, size_t i, struct str *out)
{
	struct session *session = rehearsal_session(explain->judged);
	struct buf text = { 0 };
	bool is_found;

	if (fact->id == FACT_HEADER || fact->id == FACT_HEADER_RAW)
		return find_header(explain, fact->id, argument, i, out);
	is_found = session_fact_value(session, fact->id, i, &text);
	if (is_found)
		*out = arena_str(explain->arena, buf_str(&text));
	buf_done(&text);
	return is_found;
}

/* What stands there must be what matched: a recipient's facts, say, are others
 * by now. */
static bool
is_there(const struct explain_match *match, struct str whole)
{
	return match->offset <= whole.len &&
	       str_starts(str_from(whole, match->offset), match->text);
}

static void
complete(const struct explain *explain, struct explain_match *match)
{
	struct str argument, whole, other;
	const struct fact *fact = parse_fact(match->fact, &argument);

	if (fact == NULL ||
	    !find_value(explain, fact, argument, match->value, &whole) ||
	    !is_there(match, whole))
		return;
	match->whole = whole;
	shown_place(whole, match->offset, &match->line, &match->column);
	match->n_values = match->value + 1;
	if (find_value(explain, fact, argument, match->n_values, &other))
		match->n_values++; /* there are more */
}

void
explain_find_matches(struct explain *explain)
{
	for (size_t i = 0; i < explain->program->n_rules; i++)
		if (explain->rules[i].has_match)
			complete(explain, &explain->rules[i].match);
}
