/*
 * The reader knows lines, names and words; what a word means is the table's
 * affair (option.c). Every mistake is collected with its position, so that one
 * run shows them all.
 *
 * The trap is a value that ends too early: an unquoted '#' inside a password
 * or URL is kept, since a comment needs a blank before it.
 */
#include "conf/conf.h"

#include "base/utf8.h"
#include "conf/files.h"
#include "conf/option.h"
#include "conf/secret.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARENA_FIRST_BYTES ((size_t)4096)
#define WORDS_MAX         64

/* One load. */
struct reader {
	struct conf *conf;
	struct diags *diags;
	struct str line; /* the one being read */
};

/* A value, or a part of it that stands between blanks. */
struct word {
	struct str raw;  /* as it stands there, quotes included */
	struct str text; /* what it means */
};

static struct pos
pos_of(const struct reader *r, struct str part)
{
	return (struct pos){ &r->conf->source,
		(uint32_t)(part.p - r->conf->source.text.p),
		(uint32_t)part.len };
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct str
skip_blanks(struct str s)
{
	while (s.len > 0 && is_blank(s.p[0]))
		s = str_from(s, 1);
	return s;
}

static bool
is_over(struct str rest)
{
	return rest.len == 0 || rest.p[0] == '#';
}

static bool
is_name_char(char c)
{
	return ascii_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

static struct str
take_name(struct str *rest)
{
	struct str name;
	size_t len = 0;

	while (len < rest->len && is_name_char(rest->p[len]))
		len++;
	name = str_sub(*rest, 0, len);
	*rest = str_from(*rest, len);
	return name;
}

/* rest begins with a quote. 0, or -1 when there is no closing one. */
static int
take_quoted(struct reader *r, struct str *rest, struct word *word)
{
	char *text = arena_alloc(r->conf->arena, rest->len);
	size_t len = 0, at = 1;

	while (at < rest->len && rest->p[at] != '"') {
		char next = at + 1 < rest->len ? rest->p[at + 1] : '\0';

		if (rest->p[at] == '\\' && (next == '"' || next == '\\'))
			at++;
		text[len++] = rest->p[at++];
	}
	if (at >= rest->len)
		return -1;
	word->raw = str_sub(*rest, 0, at + 1);
	word->text = (struct str){ text, len };
	*rest = str_from(*rest, at + 1);
	return 0;
}

static void
take_bare(struct str *rest, struct word *word)
{
	size_t len = 0;

	while (len < rest->len && !is_blank(rest->p[len]))
		len++;
	word->raw = word->text = str_sub(*rest, 0, len);
	*rest = str_from(*rest, len);
}

/* The words behind "=". Their number, or -1 after an error. */
static int
take_words(struct reader *r, struct str rest, struct word words[WORDS_MAX])
{
	int n = 0;

	for (rest = skip_blanks(rest); !is_over(rest);
	     rest = skip_blanks(rest)) {
		if (n == WORDS_MAX) {
			diag_add(r->diags, DIAG_ERROR, pos_of(r, rest),
			    "more than %d words", WORDS_MAX);
			return -1;
		}
		if (rest.p[0] != '"') {
			take_bare(&rest, &words[n++]);
			continue;
		}
		if (take_quoted(r, &rest, &words[n++]) == -1) {
			diag_add(r->diags, DIAG_ERROR,
			    pos_of(r, str_sub(rest, 0, 1)),
			    "this quote is not closed on its line");
			return -1;
		}
	}
	return n;
}

static void
set_word(struct reader *r, const struct option *option, struct word word)
{
	struct buf why;

	buf_init(&why);
	if (word.text.len == 0)
		diag_add(r->diags, DIAG_ERROR, pos_of(r, word.raw),
		    "an empty value: expected %s", option->expected);
	else if (option->set(r->conf, option, word.text, &why) == 0)
		;
	else if (why.len > 0)
		diag_add(r->diags, DIAG_ERROR, pos_of(r, word.raw), "%s",
		    buf_str(&why).p);
	else
		diag_add(r->diags, DIAG_ERROR, pos_of(r, word.raw),
		    "'%.*s' is not right for %s: expected %s",
		    STR_ARG(word.text), option->name, option->expected);
	buf_done(&why);
}

static void
set_option(struct reader *r, const struct option *option, struct str rest)
{
	struct word words[WORDS_MAX];
	int n_words = take_words(r, rest, words);
	size_t row = (size_t)(option - options);
	struct str all;

	if (n_words == -1)
		return;
	if (n_words == 0) {
		diag_add(r->diags, DIAG_ERROR, pos_of(r, str_sub(rest, 0, 0)),
		    "no value for %s: expected %s", option->name,
		    option->expected);
		return;
	}
	if (n_words > 1 && !option->is_list) {
		diag_add(r->diags, DIAG_ERROR, pos_of(r, words[1].raw),
		    "one value only: quote it if it contains blanks, begin a "
		    "comment with #");
		return;
	}
	all.p = words[0].raw.p;
	all.len = (size_t)(words[n_words - 1].raw.p +
			   words[n_words - 1].raw.len - all.p);
	r->conf->positions[row] = pos_of(r, all);
	r->conf->written[row] = arena_cstr(r->conf->arena, all);
	for (int i = 0; i < n_words; i++)
		set_word(r, option, words[i]);
}

static void
complain_unknown(struct reader *r, struct str name)
{
	const char *near = option_nearest(name);

	if (near != NULL)
		diag_add(r->diags, DIAG_ERROR, pos_of(r, name),
		    "there is no option '%.*s'; did you mean %s?",
		    STR_ARG(name), near);
	else
		diag_add(r->diags, DIAG_ERROR, pos_of(r, name),
		    "there is no option '%.*s'", STR_ARG(name));
}

static void
read_option(struct reader *r, struct str name, struct str rest)
{
	const struct option *option = option_find(name);
	struct pos first;
	unsigned line, column;

	if (option == NULL) {
		complain_unknown(r, name);
		return;
	}
	first = r->conf->positions[option - options];
	if (first.source != NULL) {
		pos_line_column(first, &line, &column);
		diag_add(r->diags, DIAG_ERROR, pos_of(r, name),
		    "%s was set already, in line %u", option->name, line);
		return;
	}
	set_option(r, option, rest);
}

static void
read_line(struct reader *r)
{
	struct str rest = skip_blanks(r->line);
	struct str name;

	if (is_over(rest))
		return;
	name = take_name(&rest);
	if (name.len == 0) {
		diag_add(r->diags, DIAG_ERROR,
		    pos_of(r, str_sub(rest, 0, utf8_sequence(rest))),
		    "expected the name of an option");
		return;
	}
	rest = skip_blanks(rest);
	if (rest.len == 0 || rest.p[0] != '=') {
		diag_add(r->diags, DIAG_ERROR, pos_of(r, str_sub(rest, 0, 0)),
		    "expected '=' after '%.*s'", STR_ARG(name));
		return;
	}
	read_option(r, name, skip_blanks(str_from(rest, 1)));
}

static void
read_lines(struct reader *r)
{
	struct str rest = r->conf->source.text;

	while (rest.len > 0) {
		r->line = str_take(&rest, '\n');
		read_line(r);
	}
}

/* Every option that the file left out. A list that was written but is wrong
 * has a position, too, so its default does not creep in behind it. */
static void
set_defaults(struct reader *r)
{
	struct buf error;

	buf_init(&error);
	for (size_t i = 0; i < n_options; i++) {
		if (r->conf->positions[i].source != NULL ||
		    options[i].fallback == NULL)
			continue;
		if (options[i].set(r->conf, &options[i],
			str_of(options[i].fallback), &error) == -1)
			diag_add(r->diags, DIAG_ERROR, (struct pos){ 0 },
			    "%s: the default '%s' cannot be used here: %s",
			    options[i].name, options[i].fallback,
			    buf_str(&error).p);
		buf_clear(&error);
	}
	buf_done(&error);
}

/* Bytes with which positions and messages could not be shown. */
static bool
is_plain(struct str text, size_t *bad_out)
{
	ptrdiff_t bad = utf8_bad(text);

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];
		bool is_control = (unsigned char)c < 0x20 || c == 0x7f;

		if (i == (size_t)bad ||
		    (is_control && !is_blank(c) && c != '\n')) {
			*bad_out = i;
			return false;
		}
	}
	return true;
}

/* Whoever can read the file can empty the counters of all hosts. */
static void
check_password(struct reader *r)
{
	const struct option *option = option_find(STR("store"));
	struct pos pos = r->conf->positions[option - options];

	if (pos.source != NULL && r->conf->store != NULL &&
	    secret_is_in_url(str_of(r->conf->store)) &&
	    files_readable_by_others(r->conf->source.path))
		diag_add(r->diags, DIAG_ERROR, pos,
		    "every user of this host can read this password: "
		    "chmod o= %s, or use store_password_file",
		    r->conf->source.path);
}

static void
read_text(struct reader *r)
{
	struct str text = r->conf->source.text;
	unsigned line = 1;
	size_t bad;

	if (is_plain(text, &bad)) {
		read_lines(r);
		set_defaults(r);
		check_password(r);
		return;
	}
	for (size_t i = 0; i < bad; i++)
		line += text.p[i] == '\n';
	diag_add(r->diags, DIAG_ERROR, (struct pos){ 0 },
	    "%s:%u: byte 0x%02x is neither text nor UTF-8",
	    r->conf->source.path, line, (unsigned char)text.p[bad]);
}

/* Whole, though -c may name a file from where one stands: rules are printed
 * with the paths of their tables, so the tool must find the same hash as the
 * daemon that was started elsewhere. */
static const char *
folder_of(struct arena *arena, const char *path)
{
	struct str s = str_of(path);
	ptrdiff_t slash = str_find_last(s, '/');
	const char *folder = ".";
	char whole[PATH_MAX];

	if (slash >= 0)
		folder = arena_cstr(
		    arena, str_sub(s, 0, slash == 0 ? 1 : (size_t)slash));
	if (folder[0] == '/' || realpath(folder, whole) == NULL)
		return folder;
	return arena_cstr(arena, str_of(whole));
}

struct conf *
conf_load_text(const char *path, struct str text, struct buf *diagnostics)
{
	struct arena *arena = arena_new(ARENA_FIRST_BYTES);
	struct conf *conf = arena_calloc(arena, sizeof(*conf));
	struct reader r = { .conf = conf, .diags = diags_new() };
	bool is_good;

	conf->arena = arena;
	conf->source.path = arena_cstr(arena, str_of(path));
	conf->source.text = arena_str(arena, text);
	conf->folder = folder_of(arena, path);
	conf->log = -1;
	read_text(&r);
	/* Nothing but positions is taken from it any more. */
	conf->source.text = secret_mask(arena, conf->source.text);
	diags_render(r.diags, diagnostics);
	is_good = diags_n_errors(r.diags) == 0;
	diags_free(r.diags);
	if (is_good)
		return conf;
	conf_free(conf);
	return NULL;
}

struct conf *
conf_load(const char *path, struct buf *diagnostics)
{
	struct conf *conf = NULL;
	struct buf text, error;

	/* Its folder is the place of rules all the same, not where one stands. */
	if (path == NULL && access(CONF_DEFAULT_PATH, F_OK) != 0)
		return conf_load_text(CONF_DEFAULT_PATH, STR(""), diagnostics);
	if (path == NULL)
		path = CONF_DEFAULT_PATH;
	buf_init(&text);
	buf_init(&error);
	if (files_read(path, CONF_FILE_MAX_BYTES, &text, &error) == 0)
		conf = conf_load_text(path, buf_str(&text), diagnostics);
	else
		buf_printf(diagnostics, "%s: error: %s\n1 error\n", path,
		    buf_str(&error).p);
	buf_done(&text);
	buf_done(&error);
	return conf;
}

void
conf_free(struct conf *conf)
{
	if (conf != NULL)
		arena_free(conf->arena);
}

void
conf_complain(const struct conf *conf, const char *option, const char *text,
    struct buf *diagnostics)
{
	const struct option *row = option_find(str_of(option));
	struct diags *diags = diags_new();

	assert(row != NULL);
	diag_add(diags, DIAG_ERROR, conf->positions[row - options], "%s: %s",
	    option, text);
	diags_render(diags, diagnostics);
	diags_free(diags);
}

bool
conf_says(const struct conf *conf, const char *option)
{
	const struct option *row = option_find(str_of(option));

	assert(row != NULL);
	return conf->written[row - options] != NULL;
}

const char *
conf_option(size_t i, const char **default_out, const char **help_out)
{
	if (i >= n_options)
		return NULL;
	*default_out = options[i].fallback != NULL ? options[i].fallback
						   : options[i].shown;
	*help_out = options[i].help;
	return options[i].name;
}

static bool
is_same(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

void
conf_each_restart(const struct conf *running, const struct conf *loaded,
    void (*each)(const char *name))
{
	for (size_t i = 0; i < n_options; i++)
		if (options[i].at_start &&
		    !is_same(running->written[i], loaded->written[i]))
			each(options[i].name);
}
