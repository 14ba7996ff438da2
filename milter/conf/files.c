/*
 * Everything is opened without waiting and must be a regular file: a FIFO in
 * the rules folder would otherwise hang a reload for good. What is read is
 * counted while reading, since a file may grow after its size was asked for.
 */
#include "conf/files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 * 1024)

static int
read_all(int fd, size_t max_bytes, struct buf *out, struct buf *error)
{
	char part[READ_BYTES];
	size_t total = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, part, sizeof(part));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			buf_add_cstr(error, strerror(errno));
			return -1;
		}
		if (n == 0)
			return 0;
		total += (size_t)n;
		if (total > max_bytes) {
			buf_printf(error, "larger than %zu bytes", max_bytes);
			return -1;
		}
		buf_add(out, (struct str){ part, (size_t)n });
	}
}

int
files_read(
    const char *path, size_t max_bytes, struct buf *out, struct buf *error)
{
	struct stat st;
	int fd, rc = -1;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1) {
		buf_add_cstr(error, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == -1)
		buf_add_cstr(error, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		buf_add_cstr(error, "is a folder");
	else if (!S_ISREG(st.st_mode))
		buf_add_cstr(error, "is no regular file");
	else
		rc = read_all(fd, max_bytes, out, error);
	close(fd);
	return rc;
}

bool
files_readable_by_others(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0;
}

static int
io_read(void *context, const char *path, size_t max_bytes, struct buf *out,
    struct buf *error)
{
	(void)context;
	return files_read(path, max_bytes, out, error);
}

static int
io_glob(void *context, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context,
    struct buf *error)
{
	glob_t found;
	int rc;

	(void)context;
	rc = glob(pattern, 0, NULL, &found);
	if (rc == GLOB_NOMATCH)
		return 0;
	if (rc != 0) {
		buf_add_cstr(error, rc == GLOB_NOSPACE
					? "out of memory"
					: "a folder cannot be read");
		return -1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		each(each_context, found.gl_pathv[i]);
	globfree(&found);
	return 0;
}

/* The inode is in it because editors and configuration management replace
 * files, and a replacement may be as long and as old. */
static int
io_stamp(void *context, const char *path, uint64_t stamp_out[2])
{
	struct stat st;

	(void)context;
	if (stat(path, &st) == -1)
		return -1;
	stamp_out[0] = (uint64_t)st.st_mtim.tv_sec * 1000000000u +
		       (uint64_t)st.st_mtim.tv_nsec;
	stamp_out[1] =
	    (uint64_t)st.st_size ^ (uint64_t)st.st_ino * 0x9e3779b97f4a7c15u;
	return 0;
}

const struct rules_io files_io = {
	.context = NULL,
	.read = io_read,
	.glob = io_glob,
	.stamp = io_stamp,
};
