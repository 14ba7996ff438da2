/*
 * A file's content is one object for the whole process, found by type, path
 * and what is wanted of its values; rulesets hold references. Refreshing builds
 * a new set beside the old one and swaps them under a lock that look-ups hold
 * for reading.
 */
#include "rules/table.h"

#include "base/log.h"
#include "base/port.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "rules/entry.h"
#include "rules/ruleset.h"
#include "rules/set.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BAD_LINES_SHOWN 3
#define ENTRY_SHOWN     60 /* bytes */

struct table_content {
	pthread_rwlock_t lock; /* set and stamp */
	struct set *set;
	uint64_t stamp[2];
	bool has_stamp;
	unsigned n_refs; /* under contents_lock */
	enum table_type type;
	struct set_form form;
	char *path; /* NULL: inline, in no list */
	struct table_content *next;
};

static pthread_mutex_t contents_lock = PTHREAD_MUTEX_INITIALIZER;
static struct table_content *contents; /* of files */

static const char *const type_names[] = {
	[TABLE_STRING] = "string",
	[TABLE_ADDRESS] = "address",
	[TABLE_DOMAIN] = "domain",
	[TABLE_CIDR] = "cidr",
	[TABLE_REGEX] = "regex",
};

static const char *const outage_names[] = {
	[TABLE_KEEP] = "keep",
	[TABLE_PASS] = "pass",
	[TABLE_TEMPFAIL] = "tempfail",
};

const char *
table_type_name(enum table_type type)
{
	return type_names[type];
}

int
table_type_parse(struct str name, enum table_type *type_out)
{
	for (int i = 0; i < TABLE_TYPE_N; i++) {
		if (str_is(name, type_names[i])) {
			*type_out = (enum table_type)i;
			return 0;
		}
	}
	return -1;
}

const char *
table_outage_name(enum table_outage outage)
{
	return outage_names[outage];
}

int
table_outage_parse(struct str name, enum table_outage *outage_out)
{
	for (int i = 0; i <= TABLE_TEMPFAIL; i++) {
		if (str_is(name, outage_names[i])) {
			*outage_out = (enum table_outage)i;
			return 0;
		}
	}
	return -1;
}

static struct set_form
form_of(const struct table *table)
{
	return (struct set_form){ .has_values = table->has_values,
		.has_raises = table->has_raises,
		.is_one_by_one = table->is_one_by_one };
}

static struct table_content *
new_content(const struct table *table, const char *path)
{
	struct table_content *content = xcalloc(1, sizeof(*content));
	pthread_rwlockattr_t attr;

	/* By default readers go first, and with enough mail a changed file
	 * would never be read. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(
	    &attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&content->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	content->type = table->type;
	content->form = form_of(table);
	content->path = path == NULL ? NULL : xstrdup(path);
	content->n_refs = 1;
	return content;
}

static bool
is_content_of(const struct table_content *content, const struct table *table)
{
	return content->type == table->type &&
	       content->form.has_values == table->has_values &&
	       content->form.has_raises == table->has_raises &&
	       content->form.is_one_by_one == table->is_one_by_one &&
	       str_is(table->path, content->path);
}

/* The content of its file, made empty if it is new. */
static struct table_content *
share_content(const struct table *table)
{
	struct table_content *content;

	pthread_mutex_lock(&contents_lock);
	for (content = contents; content != NULL; content = content->next)
		if (is_content_of(content, table))
			break;
	if (content != NULL) {
		content->n_refs++;
	} else {
		content = new_content(table, table->path.p);
		content->next = contents;
		contents = content;
	}
	pthread_mutex_unlock(&contents_lock);
	return content;
}

static void
unlink_content(struct table_content *content)
{
	struct table_content **link = &contents;

	while (*link != NULL && *link != content)
		link = &(*link)->next;
	if (*link == content)
		*link = content->next;
}

void
table_unload(struct table *table)
{
	struct table_content *content = table->content;
	bool is_last;

	if (content == NULL)
		return;
	table->content = NULL;
	pthread_mutex_lock(&contents_lock);
	is_last = --content->n_refs == 0;
	if (is_last)
		unlink_content(content);
	pthread_mutex_unlock(&contents_lock);
	if (!is_last)
		return;
	set_put(content->set);
	pthread_rwlock_destroy(&content->lock);
	free(content->path);
	free(content);
}

/* What is before a "#" that begins the line or follows a blank; one inside of a
 * regular expression is part of it. */
static struct str
strip_comment(enum table_type type, struct str line)
{
	struct regex_text regex = { .len = 0 };

	line = str_trim(line);
	if (type == TABLE_REGEX)
		regex_text_read(line, &regex);
	for (size_t i = regex.len; i < line.len; i++)
		if (line.p[i] == '#' &&
		    (i == 0 || ascii_is_space(line.p[i - 1])))
			return str_trim(str_sub(line, 0, i));
	return str_trim(line);
}

/* The head of an entry, not cut inside of a character. */
static void
add_quoted(struct buf *out, struct str entry)
{
	size_t len = 0;

	while (len < entry.len && len < ENTRY_SHOWN)
		len += utf8_sequence(str_from(entry, len));
	buf_printf(
	    out, "\"%.*s%s\" ", (int)len, entry.p, len < entry.len ? "…" : "");
}

/* One line of a file; what is wrong with it goes to error. */
static int
add_line(
    enum table_type type, struct set *set, struct str line, struct buf *error)
{
	struct str entry = strip_comment(type, line);
	size_t offset;

	if (entry.len == 0)
		return 0;
	if (utf8_bad(entry) >= 0 || str_find(entry, '\0') >= 0) {
		buf_add_cstr(error, "this line is not UTF-8 text");
		return -1;
	}
	add_quoted(error, entry);
	if (set_add(set, entry, error, &offset) == -1) {
		if (offset > 0)
			buf_printf(error, " (at byte %zu)", offset + 1);
		return -1;
	}
	buf_clear(error);
	return 0;
}

static size_t
add_lines(const struct table *table, struct set *set, struct str text,
    struct buf *error)
{
	const char *path = table->path.p;
	struct buf reason = { 0 };
	size_t n_bad = 0, number = 0;

	while (text.len > 0) {
		struct str line = str_take(&text, '\n');

		set_number(set, ++number);
		buf_clear(&reason);
		if (add_line(table->type, set, line, &reason) == -1 &&
		    n_bad++ < BAD_LINES_SHOWN)
			buf_printf(error, "%s%s:%zu: %s", n_bad > 1 ? "; " : "",
			    path, number, reason.p);
	}
	if (n_bad > BAD_LINES_SHOWN)
		buf_printf(error, "; and %zu more line%s",
		    n_bad - BAD_LINES_SHOWN,
		    n_bad == BAD_LINES_SHOWN + 1 ? "" : "s");
	buf_done(&reason);
	return n_bad;
}

/* The file as a set; NULL and a reason if it cannot be used. */
static struct set *
read_set(
    const struct table *table, const struct rules_io *io, struct buf *error)
{
	struct set *set = set_new(table->type, form_of(table));
	struct buf text = { 0 };
	int rc = -1;

	if (io->read(io->context, table->path.p, TABLE_FILE_MAX_BYTES, &text,
		error) == -1)
		goto out;
	if (add_lines(table, set, buf_str(&text), error) > 0)
		goto out;
	set_finish(set);
	if (set_size(set) < table->at_least) {
		buf_printf(error,
		    "it has %zu entr%s, fewer than the %llu that it must "
		    "have at least",
		    set_size(set), set_size(set) == 1 ? "y" : "ies",
		    (unsigned long long)table->at_least);
		goto out;
	}
	rc = 0;
out:
	buf_done(&text);
	if (rc == 0)
		return set;
	set_put(set);
	return NULL;
}

static void
swap_set(struct table_content *content, struct set *set,
    const uint64_t stamp[2], bool has_stamp)
{
	struct set *old;

	pthread_rwlock_wrlock(&content->lock);
	old = content->set;
	content->set = set;
	content->has_stamp = has_stamp;
	memcpy(content->stamp, stamp, sizeof(content->stamp));
	pthread_rwlock_unlock(&content->lock);
	set_put(old);
}

static bool
has_set(struct table_content *content)
{
	bool has;

	pthread_rwlock_rdlock(&content->lock);
	has = content->set != NULL;
	pthread_rwlock_unlock(&content->lock);
	return has;
}

static int
load_file(struct table *table, const struct rules_io *io, struct diags *diags)
{
	struct buf error = { 0 };
	uint64_t stamp[2] = { 0, 0 };
	struct set *set;
	bool has_stamp;
	int rc = 0;

	table->content = share_content(table);
	has_stamp = io->stamp(io->context, table->path.p, stamp) == 0;
	if ((set = read_set(table, io, &error)) != NULL) {
		swap_set(table->content, set, stamp, has_stamp);
	} else if (has_set(table->content)) {
		diag_add(diags, DIAG_WARNING, table->path_pos,
		    "the file of table '%.*s' cannot be used: %s; its old "
		    "content stays",
		    STR_ARG(table->name), error.p);
	} else {
		diag_add(diags, DIAG_ERROR, table->path_pos,
		    "the file of table '%.*s' cannot be used: %s",
		    STR_ARG(table->name), error.p);
		rc = -1;
	}
	buf_done(&error);
	return rc;
}

static int
load_entries(struct table *table, struct diags *diags)
{
	struct set *set = set_new(table->type, form_of(table));
	struct buf error = { 0 };
	size_t offset;
	int rc = 0;

	for (size_t i = 0; i < table->n_entries; i++) {
		struct pos pos = table->entry_pos[i];

		set_number(set, i);
		if (set_add(set, table->entries[i], &error, &offset) == 0)
			continue;
		if (offset > 0) {
			pos.at += (uint32_t)offset;
			pos.len = 1;
		}
		diag_add(diags, DIAG_ERROR, pos, "this entry %s", error.p);
		buf_clear(&error);
		rc = -1;
	}
	set_finish(set);
	if (rc == 0 && set_size(set) < table->at_least) {
		diag_add(diags, DIAG_ERROR, table->pos,
		    "table '%.*s' has %zu entr%s, fewer than the %llu that "
		    "it must have at least",
		    STR_ARG(table->name), set_size(set),
		    set_size(set) == 1 ? "y" : "ies",
		    (unsigned long long)table->at_least);
		rc = -1;
	}
	buf_done(&error);
	table->content = new_content(table, NULL);
	table->content->set = set;
	return rc;
}

int
table_load(struct table *table, const struct rules_io *io, struct diags *diags)
{
	if (table->is_redis)
		return 0;
	return table->is_file ? load_file(table, io, diags)
			      : load_entries(table, diags);
}

/* Notes the stamp even if the file is bad: one warning for each change. */
static bool
note_change(struct table_content *content, const uint64_t stamp[2])
{
	bool has_changed;

	pthread_rwlock_wrlock(&content->lock);
	has_changed = !content->has_stamp || memcmp(content->stamp, stamp,
						 sizeof(content->stamp)) != 0;
	memcpy(content->stamp, stamp, sizeof(content->stamp));
	content->has_stamp = true;
	pthread_rwlock_unlock(&content->lock);
	return has_changed;
}

void
table_refresh(struct table *table, const struct rules_io *io)
{
	struct table_content *content = table->content;
	struct buf error = { 0 };
	uint64_t stamp[2] = { 0, 0 };
	struct set *set;
	size_t n;

	if (!table->is_file)
		return;
	/* A file that has gone has the stamp 0 0. */
	if (io->stamp(io->context, table->path.p, stamp) == -1)
		stamp[0] = stamp[1] = 0;
	if (!note_change(content, stamp))
		return;
	if ((set = read_set(table, io, &error)) != NULL) {
		n = set_size(set);
		swap_set(content, set, stamp, true);
		log_info("table %.*s: read again from %s, %zu entries",
		    STR_ARG(table->name), table->path.p, n);
	} else {
		log_warning("table %.*s: %s cannot be used: %s; its old "
			    "content stays",
		    STR_ARG(table->name), table->path.p, error.p);
	}
	buf_done(&error);
}

size_t
table_size(const struct table *table)
{
	size_t n;

	if (table->is_redis)
		return 0;
	pthread_rwlock_rdlock(&table->content->lock);
	n = set_size(table->content->set);
	pthread_rwlock_unlock(&table->content->lock);
	return n;
}

static bool
find_text(const struct table *table, struct str text, bool ignore_case,
    struct arena *arena, struct str *value_out)
{
	struct str value;
	bool found;

	pthread_rwlock_rdlock(&table->content->lock);
	found = set_find_text(table->content->set, text, ignore_case, &value);
	if (found && arena != NULL)
		*value_out = arena_str(arena, value);
	pthread_rwlock_unlock(&table->content->lock);
	return found;
}

static bool
find_ip(const struct table *table, const struct ip *ip, struct arena *arena,
    struct str *value_out)
{
	struct str value;
	bool found;

	pthread_rwlock_rdlock(&table->content->lock);
	found = set_find_ip(table->content->set, ip, &value);
	if (found && arena != NULL)
		*value_out = arena_str(arena, value);
	pthread_rwlock_unlock(&table->content->lock);
	return found;
}

bool
table_has_text(const struct table *table, struct str text, bool ignore_case)
{
	return find_text(table, text, ignore_case, NULL, NULL);
}

bool
table_has_ip(const struct table *table, const struct ip *ip)
{
	return find_ip(table, ip, NULL, NULL);
}

bool
table_value_text(const struct table *table, struct str text, bool ignore_case,
    struct arena *arena, struct str *value_out)
{
	return find_text(table, text, ignore_case, arena, value_out);
}

bool
table_value_ip(const struct table *table, const struct ip *ip,
    struct arena *arena, struct str *value_out)
{
	return find_ip(table, ip, arena, value_out);
}

/* Patterns may take their time, so they are tried outside of the lock. */
enum pattern_result
table_match(const struct table *table, struct str text,
    struct pattern_budget *budget, struct arena *arena, struct str *value_out)
{
	enum pattern_result result;
	struct str value;
	struct set *set;

	pthread_rwlock_rdlock(&table->content->lock);
	set = set_get(table->content->set);
	pthread_rwlock_unlock(&table->content->lock);
	result = set_match(set, text, budget, &value);
	if (result == PATTERN_YES && arena != NULL)
		*value_out = arena_str(arena, value);
	set_put(set);
	return result;
}

void
table_patterns(const struct table *table,
    void (*each)(void *context, const struct table_pattern *entry),
    void *context)
{
	struct set *set;

	if (table->type != TABLE_REGEX || table->is_redis)
		return;
	pthread_rwlock_rdlock(&table->content->lock);
	set = set_get(table->content->set);
	pthread_rwlock_unlock(&table->content->lock);
	set_patterns(set, each, context);
	set_put(set);
}
