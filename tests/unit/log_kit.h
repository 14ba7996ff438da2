/*
 * log_kit: the log of the program under test in a file, so that its lines can
 * be counted. Standard error goes there until it is released.
 */
#ifndef SLUICE_TESTS_LOG_KIT_H
#define SLUICE_TESTS_LOG_KIT_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int log_kit_stderr;
static char log_kit_path[160];

static inline void
log_kit_catch(const char *dir)
{
	int fd;

	snprintf(log_kit_path, sizeof(log_kit_path), "%s/log", dir);
	fflush(stderr);
	log_kit_stderr = dup(STDERR_FILENO);
	fd = open(log_kit_path, O_CREAT | O_TRUNC | O_RDWR | O_APPEND, 0600);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static inline void
log_kit_release(void)
{
	dup2(log_kit_stderr, STDERR_FILENO);
	close(log_kit_stderr);
}

/* Lines so far that have this text. */
static inline size_t
log_kit_count(const char *text)
{
	char line[1024];
	size_t n = 0;
	FILE *file;

	if ((file = fopen(log_kit_path, "r")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		n += strstr(line, text) != NULL;
	fclose(file);
	return n;
}

#endif
