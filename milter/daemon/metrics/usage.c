/*
 * The trap is the name of the program in /proc/self/stat: it may have blanks
 * and brackets in it, so fields are counted from behind the last bracket.
 */
#include "daemon/metrics/usage.h"

#include "base/buf.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FILE_BYTES ((size_t)4096)
#define FDS_MAX    ((uint64_t)10000000)

/* Fields of /proc/self/stat, as proc(5) numbers them. */
enum {
	STAT_BEHIND_NAME = 3,
	STAT_UTIME = 14,
	STAT_STIME = 15,
	STAT_THREADS = 20,
	STAT_VIRTUAL = 23,
	STAT_RESIDENT = 24,
};

/* The beginning of a file, as a string; empty if there is none. */
static const char *
read_file(const char *path, char text[FILE_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd != -1 ? read(fd, text, FILE_BYTES - 1) : 0;

	if (fd != -1)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* From behind the name of the program on. */
static double
stat_field(const char *text, unsigned number)
{
	const char *at = strrchr(text, ')');

	for (unsigned i = STAT_BEHIND_NAME; at != NULL && i <= number; i++) {
		at = strchr(at, ' ');
		if (at != NULL)
			at++;
	}
	return at != NULL ? strtod(at, NULL) : 0;
}

static uint64_t
count_fds(uint64_t fds_max)
{
	DIR *folder = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (folder == NULL)
		return fds_max;
	while (n < FDS_MAX && readdir(folder) != NULL)
		n++;
	closedir(folder);
	return n > 3 ? n - 3 : 0; /* ".", ".." and the folder itself */
}

void
usage_get(struct usage *usage_out)
{
	double ticks = (double)sysconf(_SC_CLK_TCK);
	double page_bytes = (double)sysconf(_SC_PAGESIZE);
	struct rlimit limit = { 0 };
	char text[FILE_BYTES];

	memset(usage_out, 0, sizeof(*usage_out));
	read_file("/proc/self/stat", text);
	usage_out->cpu_sec =
	    (stat_field(text, STAT_UTIME) + stat_field(text, STAT_STIME)) /
	    ticks;
	usage_out->n_threads = (uint64_t)stat_field(text, STAT_THREADS);
	usage_out->virtual_bytes = (uint64_t)stat_field(text, STAT_VIRTUAL);
	usage_out->resident_bytes =
	    (uint64_t)(stat_field(text, STAT_RESIDENT) * page_bytes);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		usage_out->fds_max = limit.rlim_cur;
	usage_out->n_fds = count_fds(usage_out->fds_max);
}
