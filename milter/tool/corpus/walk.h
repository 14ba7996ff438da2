/*
 * walk: the files of a folder that may be mail.
 *
 * Of a Maildir what is in cur and new, and the same of its folders; of any
 * other folder all files and folders but hidden ones. Files are met in the order
 * of the disk: nothing is kept of them. Links to folders are not followed.
 */
#ifndef SLUICE_TOOL_CORPUS_WALK_H
#define SLUICE_TOOL_CORPUS_WALK_H

#include "base/buf.h"

#include <sys/types.h>

#define WALK_DEPTH_MAX 32

struct walk {
	void *context;
	/* size: of the file. False: no more are wanted. */
	bool (*each)(void *context, const char *path, off_t size);
	/* A file or folder that cannot be looked at. */
	void (*unreadable)(void *context, const char *path, const char *why);
};

/* path: a folder, or anything else, which is then the one file. */
void walk(const struct walk *walk, const char *path);

#endif
