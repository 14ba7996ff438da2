/*
 * corpus: mails out of folders, mailboxes, files and standard input, one after
 * the other. Of a mail nothing is kept once it was handed on; one larger than
 * CORPUS_MAIL_MAX is not handed on.
 */
#ifndef SLUICE_TOOL_CORPUS_CORPUS_H
#define SLUICE_TOOL_CORPUS_CORPUS_H

#include "base/buf.h"

#define CORPUS_MAIL_MAX ((size_t)64 << 20)

/* Which mail it is; ordered as their arguments, paths and numbers are. */
struct corpus_name {
	unsigned argument; /* from 0 */
	const char *path;  /* "-": standard input */
	uint64_t number;   /* in a mailbox, from 1; 0: it is the whole file */
};

int corpus_name_cmp(const struct corpus_name *a, const struct corpus_name *b);
void corpus_name_add(struct buf *out, const struct corpus_name *name);

struct corpus {
	void *context;
	/* text may be taken away (the empty buf put in its place). False: no
	 * more are wanted. */
	bool (*each)(
	    void *context, const struct corpus_name *name, struct buf *text);
	/* A file, a folder or a mail that cannot be had. */
	void (*unreadable)(
	    void *context, const struct corpus_name *name, const char *why);
	/* So many bytes of files were read since it was called last. NULL is
	 * fine. False: no more are wanted. */
	bool (*progress)(void *context, size_t n_bytes);
};

void corpus_read(const struct corpus *corpus, int n_paths, char **paths);

/* What is before corpus_read: bytes of all files; 0: not known. */
uint64_t corpus_size(int n_paths, char **paths);

/* One mail: a file, "-", or "MAILBOX:3", as corpus_name_add writes it. 0, or -1
 * and why. */
int corpus_read_one(const char *path, struct buf *text, struct buf *why);

#endif
