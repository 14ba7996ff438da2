/*
 * libmilter is a library of its own and finds its functions by name, so one of
 * the program stands before it (as accept and pthread_create do). It asks the
 * original and looks at what came.
 */
#include "daemon/packets.h"

#include <dlfcn.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

typedef char *read_fn(int, struct timeval *, char *, size_t *, char *);

static read_fn *original; /* set before there are threads */

bool
packets_init(void)
{
	union {
		void *object;
		read_fn *function; /* ISO C converts neither to the other */
	} next = { .object = dlsym(RTLD_NEXT, "mi_rd_cmd") };

	original = next.function;
	return original != NULL;
}

size_t
packet_pairs(struct str bytes)
{
	size_t len = 1, n_strings = 0;

	for (size_t i = 1; i < bytes.len; i++)
		if (bytes.p[i] == '\0' && ++n_strings % 2 == 0)
			len = i + 1;
	return len < bytes.len ? len : bytes.len;
}

char *
mi_rd_cmd(
    int fd, struct timeval *timeout, char *command, size_t *len_out, char *name)
{
	char *bytes = original(fd, timeout, command, len_out, name);

	if (bytes != NULL && *command == SMFIC_MACRO)
		*len_out = packet_pairs((struct str){ bytes, *len_out });
	return bytes;
}
