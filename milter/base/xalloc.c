#include "base/xalloc.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

static void *
require(void *memory)
{
	if (memory == NULL) {
		log_last_words("out of memory: the process ends here, what was "
			       "open is not answered");
		abort();
	}
	return memory;
}

void *
xmalloc(size_t size)
{
	return require(malloc(size > 0 ? size : 1));
}

void *
xcalloc(size_t n, size_t size)
{
	return require(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *
xrealloc(void *old, size_t size)
{
	return require(realloc(old, size > 0 ? size : 1));
}

char *
xstrdup(const char *text)
{
	return require(strdup(text));
}
