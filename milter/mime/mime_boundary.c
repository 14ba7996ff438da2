/*
 * RFC 2046 section 5.1.1 lets a program take every line for a delimiter that
 * begins with "--" and the boundary; many want nothing but blanks behind it.
 * So does this, if there is such a multipart; else the longer boundary wins
 * ("--outer-2" is none of "outer" if "outer-2" is open), and what stands
 * behind it is noted: one program sees a new part there, another does not.
 */
#include "mime/mime_own.h"

#include <string.h>

static struct str
trim_right(struct str s)
{
	while (s.len > 0 && ascii_is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* A fit: how good, and what it says. */
struct fit {
	size_t len; /* of the boundary; 0: none */
	bool is_exact;
	bool is_closing;
};

/* text: behind the "--" and without blanks at its end. */
static struct fit
fit_of(const struct mime_boundary *boundary, struct str text)
{
	struct fit fit = { 0 };
	struct str rest;

	if (text.len < boundary->text.len || text.p[0] != boundary->text.p[0] ||
	    memcmp(text.p, boundary->text.p, boundary->text.len) != 0)
		return fit;
	rest = str_from(text, boundary->text.len);
	fit.len = boundary->text.len;
	fit.is_exact = rest.len == 0 || str_is(rest, "--") || boundary->is_cut;
	fit.is_closing = boundary->is_cut ? str_ends_nocase(rest, STR("--"))
					  : str_starts(rest, STR("--"));
	return fit;
}

static bool
is_better(struct fit fit, struct fit than)
{
	if (fit.is_exact != than.is_exact)
		return fit.is_exact;
	return fit.len > than.len;
}

/* RFC 2046: bcharsnospace. */
static bool
is_boundary_char(char c)
{
	return c != '\0' &&
	       (ascii_is_alnum(c) || strchr("'()+_,-./:=?", c) != NULL);
}

/* Some programs do without a boundary in the header, and so must we: the first
 * line that could be a delimiter is one. */
static bool
adopt_boundary(struct mime_stream *stream, struct str text)
{
	struct mime_level *level = &stream->levels[stream->n_levels - 1];

	if (!level->wants_boundary || text.len == 0 ||
	    text.len > stream->mime->limits.boundary_bytes ||
	    str_ends_nocase(text, STR("--")))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_boundary_char(text.p[i]))
			return false;
	level->wants_boundary = false;
	level->boundaries =
	    arena_alloc(stream->mime->arena, sizeof(*level->boundaries));
	level->boundaries[0] =
	    (struct mime_boundary){ .text =
					arena_str(stream->mime->arena, text) };
	level->n_boundaries = 1;
	stream->marks.is_old = true;
	return true;
}

bool
mime_delimiter_find(struct mime_stream *stream, struct str line,
    struct mime_delimiter *found_out)
{
	struct mime_mark_walk walk = { 0 };
	const struct mime_mark *mark;
	struct fit best = { 0 }, fit;
	struct str text;

	if (!str_starts(line, STR("--")) || stream->n_levels == 0)
		return false;
	text = trim_right(str_from(line, 2));
	if (text.len == 0)
		return false;
	while ((mark = mime_marks_next(stream, text, &walk)) != NULL) {
		fit = fit_of(mark->boundary, text);
		if (fit.len == 0 || !is_better(fit, best))
			continue;
		best = fit;
		found_out->level = mark->level;
	}
	if (best.len == 0 && adopt_boundary(stream, text)) {
		best = (struct fit){ .len = text.len, .is_exact = true };
		found_out->level = stream->n_levels - 1;
	}
	found_out->is_closing = best.is_closing;
	found_out->is_doubtful = !best.is_exact;
	return best.len > 0;
}

bool
mime_boundary_fits(const struct mime_meaning *meaning, struct str line)
{
	struct str text = trim_right(str_from(line, 2));

	for (size_t i = 0; i < meaning->n_boundaries; i++)
		if (text.len > 0 &&
		    fit_of(&meaning->boundaries[i], text).is_exact)
			return true;
	return false;
}
