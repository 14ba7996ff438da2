/*
 * endpoint: where a daemon listens, as people write it.
 *
 * inet:PORT@HOST, inet6:PORT@HOST, unix:PATH. A port without a host is refused
 * on purpose: libmilter would listen on every address of the machine.
 */
#ifndef SLUICE_CONF_ENDPOINT_H
#define SLUICE_CONF_ENDPOINT_H

#include "base/arena.h"
#include "base/buf.h"

/* What fits into sockaddr_un on Linux, less the NUL. */
#define ENDPOINT_PATH_MAX 107

enum endpoint_kind { ENDPOINT_INET, ENDPOINT_INET6, ENDPOINT_UNIX };

struct endpoint {
	enum endpoint_kind kind;
	const char *host; /* name or address; NULL for unix */
	uint16_t port;    /* 0 for unix */
	const char *path; /* joined to folder; NULL for inet and inet6 */
	const char *text; /* all of it in one form, as libmilter reads it; NULL
			     where an option said "off" */
};

/*
 * Strings of the answer live in arena. A path that is not absolute is taken
 * from folder. 0, or -1 and what is wrong.
 */
int endpoint_parse(struct arena *arena, struct str text, const char *folder,
    struct endpoint *endpoint_out, struct buf *error);

/* "/a/b" as it is, else FOLDER/PATH ("." adds nothing). */
const char *path_join(struct arena *arena, const char *folder, struct str path);

#endif
