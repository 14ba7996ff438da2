/*
 * Facts that a build without some library cannot fill in: rules that read them
 * load, and never fire. Said once for each fact, with all that read it.
 */
#include "rules/check.h"

static const struct {
	enum fact_id id;
	bool is_magic; /* libmagic tells it; else libarchive */
	const char *then;
} kinds[CHECK_LACKS] = {
	{ FACT_ARCHIVE_NAME, false, "is always empty" },
	{ FACT_ATTACHMENT_ENCRYPTED, false, "is never true" },
	{ FACT_ATTACHMENT_MAGIC, true, "is always empty" },
};

/* One rule reads a fact in several places, one behind the other. */
static void
add_reader(struct checker *checker, struct check_lack *lack,
    const struct check_place *place)
{
	if (place->rule == NULL ||
	    (lack->n_rules > 0 &&
		lack->rules[lack->n_rules - 1] == place->rule))
		return;
	lack->rules = arena_grow(checker->program->arena, lack->rules,
	    lack->n_rules, sizeof(struct rule *));
	lack->rules[lack->n_rules++] = place->rule;
}

void
check_lacks_note(struct checker *checker, const struct check_place *place,
    const struct fact_ref *ref)
{
	for (size_t i = 0; i < CHECK_LACKS; i++) {
		struct check_lack *lack = &checker->lacks[i];

		if (ref->fact->id != kinds[i].id)
			continue;
		if (lack->pos.source == NULL)
			lack->pos = ref->pos;
		add_reader(checker, lack, place);
	}
}

static void
warn(struct checker *checker, size_t i)
{
	const struct check_lack *lack = &checker->lacks[i];
	struct buf names = { 0 };

	for (size_t j = 0; j < lack->n_rules; j++)
		buf_printf(&names, "%s%.*s",
		    j > 0               ? ", "
		    : lack->n_rules > 1 ? " (rules "
					: " (rule ",
		    STR_ARG(lack->rules[j]->name));
	buf_add_cstr(&names, lack->n_rules > 0 ? ")" : "");
	diag_add(checker->diags, DIAG_WARNING, lack->pos,
	    "'%s' %s: this build has no %s%.*s", fact_by_id(kinds[i].id)->name,
	    kinds[i].then, kinds[i].is_magic ? "libmagic" : "libarchive",
	    STR_ARG(buf_str(&names)));
	buf_done(&names);
}

void
check_lacks_warn(struct checker *checker)
{
	const struct rules_options *options = checker->options;

	for (size_t i = 0; i < CHECK_LACKS; i++)
		if (checker->lacks[i].pos.source != NULL &&
		    (kinds[i].is_magic ? options->lacks_magic
				       : options->lacks_archive))
			warn(checker, i);
}
