#include "mime/line.h"

#include <string.h>

size_t
line_unify(char *text, size_t len)
{
	size_t from = 0, to = 0;

	while (from < len) {
		const char *cr = memchr(text + from, '\r', len - from);
		size_t end = cr == NULL ? len : (size_t)(cr - text);

		memmove(text + to, text + from, end - from);
		to += end - from;
		from = end;
		if (from == len)
			break;
		if (from + 1 == len || text[from + 1] != '\n')
			text[to++] = '\r';
		from++;
	}
	return to;
}
