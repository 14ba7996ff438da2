/*
 * Only what rules can tell apart is taken from the header; the rest is made up
 * as for any other message.
 */
#include "mail.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *
read_all(const char *path, size_t *size_out)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0, size = 0, n;

	if (file == NULL)
		return NULL;
	do {
		if (size == room) {
			room = room == 0 ? 65536 : room * 2;
			text = realloc(text, room + 1);
			if (text == NULL)
				abort();
		}
		n = fread(text + size, 1, room - size, file);
		size += n;
	} while (n > 0);
	fclose(file);
	text[size] = '\0';
	*size_out = size;
	return text;
}

/* LF, or CR LF, becomes CR LF. */
static void
write_body(struct mail *mail, const char *text, size_t size)
{
	char *to = malloc(2 * size + 1);

	if (to == NULL)
		abort();
	mail->body = to;
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
			*to++ = '\r';
		*to++ = text[i];
	}
	mail->n_body_bytes = (size_t)(to - mail->body);
}

/* The field's value, line breaks dropped; NULL: there is none. */
static char *
find_field(const char *header, const char *name)
{
	size_t len = strlen(name);
	char *value, *to;

	while (header != NULL && strncasecmp(header, name, len) != 0) {
		header = strchr(header, '\n');
		header = header == NULL ? NULL : header + 1;
	}
	if (header == NULL)
		return NULL;
	value = to = strdup(header + len);
	if (value == NULL)
		abort();
	for (char *at = value; *at != '\0'; at++) {
		if (*at == '\n' && at[1] != ' ' && at[1] != '\t')
			break;
		if (*at != '\n' && *at != '\r')
			*to++ = *at;
	}
	*to = '\0';
	return value;
}

int
mail_read(const char *path, struct mail *mail_out)
{
	size_t size, n_end = 2;
	char *text = read_all(path, &size), *end;

	if (text == NULL)
		return -1;
	end = strstr(text, "\n\n");
	if (end == NULL) {
		end = strstr(text, "\n\r\n");
		n_end = 3;
	}
	if (end == NULL) {
		free(text);
		errno = 0;
		return -1;
	}
	end[1] = '\0';
	mail_out->content_type = find_field(text, "Content-Type: ");
	end += n_end;
	write_body(mail_out, end, size - (size_t)(end - text));
	free(text);
	return 0;
}
