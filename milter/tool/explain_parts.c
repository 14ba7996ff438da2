/*
 * The pages of explain that are about the content: the tree of parts, and what
 * facts it gives.
 */
#include "tool/explain.h"

#include "mime/header.h"
#include "mime/mail_text.h"
#include "mime/mime.h"
#include "tool/show/grid.h"
#include "tool/show/shown.h"

#include <string.h>

#define VALUES_MAX      5  /* of one fact, unless all are asked for */
#define NAME_COLUMNS    20 /* of a fact */
#define DEPTH_SHOWN_MAX 12 /* deeper parts are indented no further */

static void
add_part(const struct explain *explain, const struct mime_part *part,
    struct grid *grid)
{
	static const char blanks[] = "                        ";
	size_t depth =
	    part->depth < DEPTH_SHOWN_MAX ? part->depth : DEPTH_SHOWN_MAX;
	bool is_leaf = part->children == NULL;
	struct str encoding = STR("");

	if (part->encoding != TRANSFER_IDENTITY)
		encoding = str_of(transfer_encoding_name(part->encoding));
	grid_add(grid,
	    (struct str[]){ arena_printf(explain->arena, "%u", part->number),
		arena_join(explain->arena, (struct str){ blanks, depth * 2 },
		    explain_shown(explain, part->type, 40)),
		explain_shown(explain, part->charset, 20), encoding,
		is_leaf ? arena_printf(explain->arena, "%llu",
			      (unsigned long long)part->size)
			: STR(""),
		part->is_attachment ? STR("attachment") : STR("") });
}

static void
add_names(const struct explain *explain, const struct mime_part *part,
    struct buf *out)
{
	for (size_t i = 0; i < part->n_names; i++) {
		buf_add_cstr(out, i == 0 ? " name " : ", also read as ");
		shown_quoted(out, part->names[i],
		    explain->is_full ? SHOWN_ALL : explain->width / 2);
	}
}

static void
add_damage(uint64_t damage, struct buf *out)
{
	const char *before = " damage ";

	for (int i = 0; i < DAMAGE_N; i++) {
		if ((damage & DAMAGE_BIT(i)) == 0)
			continue;
		buf_printf(out, "%s%s", before, damage_word((enum damage)i));
		before = ", ";
	}
}

/* What does not fit into the columns, below them: " 3  name "x", …". */
static void
add_notes(const struct explain *explain, const struct mime_part *part,
    struct buf *out)
{
	struct buf line = { 0 };

	if (explain_role(part) != NULL)
		buf_printf(&line, " %s;", explain_role(part));
	add_names(explain, part, &line);
	if (part->n_names > 0)
		buf_byte(&line, ';');
	add_damage(part->damage, &line);
	if (part->damage != 0)
		buf_byte(&line, ';');
	if (part->is_cut)
		buf_add_cstr(&line, " only its beginning and end were kept;");
	if (line.len > 0)
		buf_printf(out, "  part %u:%.*s\n", part->number,
		    (int)line.len - 1, line.p);
	buf_done(&line);
}

void
explain_print_parts(const struct explain *explain, struct buf *out)
{
	static const struct grid_column columns[] = {
		{ "Part", true },
		{ "Type", false },
		{ "Charset", false },
		{ "Encoding", false },
		{ "Bytes", true },
		{ "", false },
	};
	const struct mime *mime = session_mime(explain->content);
	struct grid grid;

	if (mime == NULL)
		return;
	grid_init(&grid, explain->arena, columns, 6);
	for (const struct mime_part *part = mime_root(mime); part != NULL;
	     part = part->following)
		add_part(explain, part, &grid);
	buf_byte(out, '\n');
	grid_print(&grid, out);
	for (const struct mime_part *part = mime_root(mime); part != NULL;
	     part = part->following)
		add_notes(explain, part, out);
}

static void
begin_line(struct str name, bool is_first, struct buf *out)
{
	buf_printf(out, "  %-*.*s ", NAME_COLUMNS, is_first ? (int)name.len : 0,
	    name.p);
}

static void
add_text(const struct explain *explain, struct str name, bool is_first,
    struct str text, struct buf *out)
{
	size_t used = 3 + (name.len > NAME_COLUMNS ? name.len : NAME_COLUMNS);

	begin_line(name, is_first, out);
	if (explain->is_full)
		shown_quoted(out, text, SHOWN_ALL);
	else
		shown_quoted(out, text,
		    explain->width > used ? explain->width - used : 0);
	buf_byte(out, '\n');
}

static void
add_value(const struct explain *explain, const struct fact *fact, bool is_first,
    struct str value, struct buf *out)
{
	struct str name = str_of(fact->name);

	if (fact_is_text(fact)) {
		add_text(explain, name, is_first, value, out);
		return;
	}
	begin_line(name, is_first, out);
	shown_add(out, value, SHOWN_ALL);
	buf_byte(out, '\n');
}

/* What nearly every mail has is no news. */
static bool
is_news(const struct fact *fact, struct str value)
{
	if (fact->type == FACT_TYPE_BOOL)
		return !str_is(value, "false") && !str_is(value, "no");
	if (fact->type == FACT_TYPE_NUMBER)
		return fact_is_many(fact, STAGE_MESSAGE) || !str_is(value, "0");
	return value.len > 0;
}

static void
add_fact(const struct explain *explain, const struct fact *fact,
    struct session *session, struct buf *out)
{
	size_t max = explain->is_full ? SIZE_MAX : VALUES_MAX, n = 0;
	struct buf value = { 0 };

	for (size_t i = 0; session_fact_value(session, fact->id, i, &value);
	     i++) {
		if (is_news(fact, buf_str(&value)) && n++ < max)
			add_value(explain, fact, n == 1, buf_str(&value), out);
		buf_clear(&value);
	}
	if (n > max) {
		begin_line(STR(""), false, out);
		buf_printf(out, "... and %zu more\n", n - max);
	}
	buf_done(&value);
}

static void
add_headers(const struct explain *explain, struct buf *out)
{
	struct mail_text mail;
	struct str name, value;
	uint64_t damage = 0;

	mail_text_init(&mail, explain->mail);
	while (mail_text_field(&mail, &name, &value))
		add_text(explain,
		    arena_printf(
			explain->arena, "header[\"%.*s\"]", STR_ARG(name)),
		    true, header_decode(explain->arena, value, &damage), out);
	mail_text_done(&mail);
}

void
explain_print_facts(const struct explain *explain, struct buf *out)
{
	struct session *judged = rehearsal_session(explain->judged);

	buf_add_cstr(out, "\nFacts\n");
	for (int i = 0; i < FACT_N; i++) {
		const struct fact *fact = fact_by_id((enum fact_id)i);
		bool is_of_rules =
		    fact->id == FACT_SCORE || fact->id == FACT_TAG;

		if (explain_is_content(fact))
			add_fact(explain, fact,
			    is_of_rules ? judged : explain->content, out);
	}
	if (explain->is_full)
		add_headers(explain, out);
}
