/*
 * Without recursion: a stack of open folders, no deeper than WALK_DEPTH_MAX, and
 * one path that grows and shrinks with it.
 */
#include "tool/corpus/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct level {
	DIR *dir;
	size_t path_len;
	bool is_maildir;
	bool is_mails; /* cur or new of a Maildir */
};

struct way {
	const struct walk *walk;
	struct buf path;
	struct level levels[WALK_DEPTH_MAX];
	size_t n;
	bool has_ended;
};

static void
report(const struct way *way, const char *why)
{
	way->walk->unreadable(way->walk->context, buf_str(&way->path).p, why);
}

/* way->path is a folder; is_mails: of a Maildir. */
static void
enter(struct way *way, bool is_mails)
{
	struct level *level = &way->levels[way->n];
	DIR *dir;

	if (way->n == WALK_DEPTH_MAX) {
		report(way, "lies too deep");
		return;
	}
	if ((dir = opendir(buf_str(&way->path).p)) == NULL) {
		report(way, strerror(errno));
		return;
	}
	*level = (struct level){ .dir = dir,
		.path_len = way->path.len,
		.is_maildir =
		    !is_mails && faccessat(dirfd(dir), "cur", X_OK, 0) == 0,
		.is_mails = is_mails };
	way->n++;
}

static void
visit_file(struct way *way, const struct stat *info)
{
	if (!way->walk->each(
		way->walk->context, buf_str(&way->path).p, info->st_size))
		way->has_ended = true;
}

static bool
is_wanted_folder(const struct level *level, const char *name)
{
	if (level->is_maildir)
		return name[0] == '.' || strcmp(name, "cur") == 0 ||
		       strcmp(name, "new") == 0;
	return name[0] != '.' && !level->is_mails;
}

static void
visit(struct way *way, const struct level *level, const char *name)
{
	bool is_mails = level->is_maildir && name[0] != '.';
	struct stat info;

	if (fstatat(dirfd(level->dir), name, &info, 0) == -1) {
		report(way, strerror(errno));
	} else if (S_ISREG(info.st_mode)) {
		if (!level->is_maildir && name[0] != '.')
			visit_file(way, &info);
	} else if (S_ISDIR(info.st_mode) && is_wanted_folder(level, name) &&
		   fstatat(dirfd(level->dir), name, &info,
		       AT_SYMLINK_NOFOLLOW) == 0 &&
		   S_ISDIR(info.st_mode)) {
		enter(way, is_mails);
	}
}

static void
set_path(struct way *way, size_t len, const char *name)
{
	way->path.len = len;
	if (len > 0 && way->path.p[len - 1] != '/')
		buf_byte(&way->path, '/');
	buf_add_cstr(&way->path, name);
}

static void
step(struct way *way)
{
	const struct level *level = &way->levels[way->n - 1];
	const struct dirent *entry = readdir(level->dir);

	if (entry == NULL) {
		closedir(level->dir);
		way->n--;
		return;
	}
	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return;
	set_path(way, level->path_len, entry->d_name);
	visit(way, level, entry->d_name);
}

void
walk(const struct walk *wanted, const char *path)
{
	struct way way = { .walk = wanted };
	struct stat info;

	buf_add_cstr(&way.path, path);
	if (stat(path, &info) == -1)
		report(&way, strerror(errno));
	else if (S_ISDIR(info.st_mode))
		enter(&way, false);
	else
		visit_file(&way, &info);
	while (way.n > 0 && !way.has_ended)
		step(&way);
	while (way.n > 0)
		closedir(way.levels[--way.n].dir);
	buf_done(&way.path);
}
