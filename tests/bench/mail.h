/*
 * mail: a mail file as the load generator sends it.
 */
#ifndef BENCH_MAIL_H
#define BENCH_MAIL_H

#include <stddef.h>

struct mail {
	char *
	    content_type; /* value of that field, unfolded; NULL: it has none */
	char *body;       /* lines end with CR LF */
	size_t n_body_bytes;
};

/* 0, or -1 if it cannot be read (errno), or has no empty line (errno is 0). */
int mail_read(const char *path, struct mail *mail_out);

#endif
