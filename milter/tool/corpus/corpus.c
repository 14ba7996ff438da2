/*
 * What a file is shows its beginning: "From " is a mailbox, all else is a mail.
 * A mailbox may be larger than memory, so both are read piece by piece.
 */
#include "tool/corpus/corpus.h"

#include "base/quantity.h"
#include "base/xalloc.h"
#include "tool/corpus/mbox.h"
#include "tool/corpus/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)256 * 1024)

static const char too_large[] = "is larger than 64 MB";

struct reading_one {
	const struct corpus *corpus;
	struct corpus_name name;
	char *piece;
	bool has_ended; /* no more are wanted, of no file */
};

int
corpus_name_cmp(const struct corpus_name *a, const struct corpus_name *b)
{
	int order;

	if (a->argument != b->argument)
		return a->argument < b->argument ? -1 : 1;
	if ((order = strcmp(a->path, b->path)) != 0)
		return order;
	return (a->number > b->number) - (a->number < b->number);
}

void
corpus_name_add(struct buf *out, const struct corpus_name *name)
{
	buf_add_cstr(out, name->path);
	if (name->number > 0)
		buf_printf(out, ":%llu", (unsigned long long)name->number);
}

static void
report(struct reading_one *one, uint64_t number, const char *why)
{
	one->name.number = number;
	one->corpus->unreadable(one->corpus->context, &one->name, why);
}

static bool
hand_on(struct reading_one *one, uint64_t number, struct buf *text)
{
	one->name.number = number;
	if (!one->corpus->each(one->corpus->context, &one->name, text))
		one->has_ended = true;
	return !one->has_ended;
}

static bool
take_mail(void *context, struct mbox_mail *mail)
{
	struct reading_one *one = context;
	uint64_t number = mail->is_only ? 0 : mail->number;

	if (!mail->is_too_large)
		return hand_on(one, number, mail->text);
	report(one, number, too_large);
	return true;
}

/* The next bytes; empty at the end, or where *why_out is not NULL. */
static struct str
read_piece(struct reading_one *one, int fd, const char **why_out)
{
	const struct corpus *corpus = one->corpus;
	ssize_t n;

	do {
		n = read(fd, one->piece, PIECE_BYTES);
		/* An interrupt is most likely the wish to end. */
		if (corpus->progress != NULL &&
		    !corpus->progress(corpus->context, n > 0 ? (size_t)n : 0))
			one->has_ended = true;
	} while (n == -1 && errno == EINTR && !one->has_ended);
	*why_out = n == -1 && !one->has_ended ? strerror(errno) : NULL;
	return (struct str){ one->piece, n > 0 ? (size_t)n : 0 };
}

static void
read_mbox(struct reading_one *one, int fd, struct str piece)
{
	const char *why = NULL;
	struct mbox mbox;

	mbox_init(&mbox, CORPUS_MAIL_MAX, take_mail, one);
	while (piece.len > 0 && mbox_push(&mbox, piece) && !one->has_ended)
		piece = read_piece(one, fd, &why);
	if (!one->has_ended)
		mbox_end(&mbox);
	if (why != NULL)
		report(one, 0, why);
	mbox_done(&mbox);
}

static void
read_mail(struct reading_one *one, int fd, struct str piece)
{
	const char *why = NULL;
	struct buf text = { 0 };

	while (piece.len > 0 && !one->has_ended && why == NULL) {
		if (piece.len > CORPUS_MAIL_MAX - text.len) {
			why = too_large;
			break;
		}
		buf_add(&text, piece);
		piece = read_piece(one, fd, &why);
	}
	if (why != NULL)
		report(one, 0, why);
	else if (!one->has_ended)
		hand_on(one, 0, &text);
	buf_done(&text);
}

static void
read_fd(struct reading_one *one, int fd)
{
	const char *why;
	struct str piece = read_piece(one, fd, &why);

	if (one->has_ended)
		return;
	if (why != NULL)
		report(one, 0, why);
	else if (piece.len == 0)
		report(one, 0, "is empty");
	else if (str_starts(piece, STR("\x1f\x8b")))
		report(one, 0, "is compressed (zcat FILE | sluice … -)");
	else if (mbox_is_one(piece))
		read_mbox(one, fd, piece);
	else
		read_mail(one, fd, piece);
}

static bool
read_path(void *context, const char *path, off_t size)
{
	struct reading_one *one = context;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	(void)size;
	one->name.path = path;
	if (fd == -1) {
		report(one, 0, strerror(errno));
		return true;
	}
	read_fd(one, fd);
	close(fd);
	return !one->has_ended;
}

static void
report_path(void *context, const char *path, const char *why)
{
	struct reading_one *one = context;

	one->name.path = path;
	report(one, 0, why);
}

static void
read_argument(struct reading_one *one, const char *path)
{
	const struct walk all = { one, read_path, report_path };

	one->name.path = path;
	if (strcmp(path, "-") == 0)
		read_fd(one, STDIN_FILENO);
	else
		walk(&all, path);
}

void
corpus_read(const struct corpus *corpus, int n_paths, char **paths)
{
	struct reading_one one = { .corpus = corpus,
		.piece = xmalloc(PIECE_BYTES) };

	for (int i = 0; i < n_paths && !one.has_ended; i++) {
		one.name.argument = (unsigned)i;
		read_argument(&one, paths[i]);
	}
	free(one.piece);
}

static bool
add_size(void *context, const char *path, off_t size)
{
	uint64_t *sum = context;

	(void)path;
	*sum += (uint64_t)size;
	return true;
}

static void
ignore(void *context, const char *path, const char *why)
{
	(void)context;
	(void)path;
	(void)why;
}

uint64_t
corpus_size(int n_paths, char **paths)
{
	uint64_t sum = 0;
	const struct walk all = { &sum, add_size, ignore };

	for (int i = 0; i < n_paths; i++) {
		if (strcmp(paths[i], "-") == 0)
			return 0;
		walk(&all, paths[i]);
	}
	return sum;
}

/* One mail that is looked for. */
struct only {
	uint64_t number; /* in its mailbox; 0: it is the only one */
	struct buf *text;
	struct buf *why;
	size_t n;
};

static bool
take_only(void *context, const struct corpus_name *name, struct buf *text)
{
	struct only *only = context;

	if (only->number > 0 && name->number != only->number)
		return true;
	if (only->number == 0 && (name->number > 0 || only->n > 0)) {
		only->n = 2;
		return false;
	}
	buf_done(only->text);
	*only->text = *text;
	*text = (struct buf){ 0 };
	only->n = 1;
	return only->number == 0;
}

static void
note_why(void *context, const struct corpus_name *name, const char *why)
{
	struct only *only = context;

	(void)name;
	buf_clear(only->why);
	buf_add_cstr(only->why, why);
}

/* "inbox:3", unless there is a file of this name. */
static uint64_t
split_number(char *path)
{
	char *colon = strrchr(path, ':');
	uint64_t number;

	if (colon == NULL || access(path, F_OK) == 0 ||
	    number_parse(str_of(colon + 1), UINT32_MAX, &number) == -1)
		return 0;
	*colon = '\0';
	return number;
}

static bool
is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int
corpus_read_one(const char *path, struct buf *text, struct buf *why)
{
	struct only only = { .text = text, .why = why };
	const struct corpus corpus = {
		.context = &only, .each = take_only, .unreadable = note_why
	};
	char *paths[] = { xstrdup(path) };

	only.number = split_number(paths[0]);
	corpus_read(&corpus, 1, paths);
	free(paths[0]);
	if (only.n == 1)
		return 0;
	if (only.n > 1 && is_folder(path))
		buf_add_cstr(why, "is a folder: expected one of its mails");
	else if (only.n > 1)
		buf_add_cstr(why, "has several mails; one of a mailbox is "
				  "named FILE:NUMBER");
	else if (why->len == 0)
		buf_add_cstr(why, "has no such mail");
	return -1;
}
