/*
 * The order is the point: close what was inherited, load what must be read
 * from disk, lock the door, and only then ask for bytes. A helper that cannot
 * lock itself in says why and ends.
 *
 * It leaves by _exit, since nothing here is worth tidying up, and tidying up
 * may want system calls that are forbidden by then.
 */
#include "inspect/helper.h"

#include "base/buf.h"
#include "inspect/archive.h"
#include "inspect/document.h"
#include "inspect/jail.h"
#include "inspect/magic.h"
#include "inspect/wire.h"

#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUESTIONS_MAX 500 /* whatever leaks, leaks no further */
#define ARENA_BYTES   ((size_t)16 * 1024)
#define KEPT_BYTES    ((size_t)1024 * 1024) /* of room for questions */
#define ALARM_SEC     2 /* beyond what the inspector waits for */

struct worker {
	struct magic *magic;
	size_t memory_max;
	long rss_kib_at_start;
	unsigned n_questions;
	struct buf bytes;
	void (*before)(const struct inspect_item *item);
};

bool
inspect_is_helper(int argc, char **argv)
{
	int type;
	socklen_t len = sizeof(type);

	return argc == 1 && strcmp(argv[0], HELPER_NAME) == 0 &&
	       getsockopt(HELPER_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_STREAM;
}

static struct rusage
usage(void)
{
	struct rusage use = { 0 };

	getrusage(RUSAGE_SELF, &use);
	return use;
}

/* Old, fat or tired; a new one costs a few milliseconds. */
static bool
is_worn(const struct worker *worker)
{
	struct rusage use = usage();
	size_t grown_kib =
	    use.ru_maxrss > worker->rss_kib_at_start
		? (size_t)(use.ru_maxrss - worker->rss_kib_at_start)
		: 0;

	return worker->n_questions >= QUESTIONS_MAX ||
	       grown_kib > worker->memory_max / 2 / 1024 ||
	       use.ru_utime.tv_sec + use.ru_stime.tv_sec >
		   (time_t)JAIL_CPU_SEC / 2;
}

/* Most of libarchive's accidents happen where it unpacks; what is known before
 * that cannot be lost by them. */
static void
tell_so_far(void *item)
{
	wire_answer(HELPER_FD, item, WIRE_IS_PARTIAL);
}

static void
look_at(const struct worker *worker, struct inspect_item *item,
    const struct inspect_options *options, struct arena *arena)
{
	item->magic = magic_type(worker->magic, item->content, arena);
	item->is_encrypted = document_is_encrypted(item->content, item->tail);
	archive_list_in_steps(item, options, arena, tell_so_far, item);
}

/* False: there are no more questions, or they make no sense. */
static bool
serve_one(struct worker *worker)
{
	struct inspect_options options;
	struct inspect_item item;
	struct arena *arena;
	enum wire_result result;

	inspect_options_init(&options);
	if (wire_read_question(HELPER_FD, &item, &options, &worker->bytes) !=
	    WIRE_DONE)
		return false;
	worker->n_questions++;
	/* In case that nobody is left who would kill us. */
	alarm(options.timeout_ms / 1000 + ALARM_SEC);
	if (worker->before != NULL)
		worker->before(&item);
	arena = arena_new(ARENA_BYTES);
	look_at(worker, &item, &options, arena);
	result =
	    wire_answer(HELPER_FD, &item, is_worn(worker) ? WIRE_IS_WORN : 0);
	alarm(0);
	arena_free(arena);
	if (worker->bytes.size > KEPT_BYTES)
		buf_done(&worker->bytes);
	return result == WIRE_DONE;
}

static bool
say_hello(struct str why)
{
	struct wire_hello hello = { .magic = WIRE_MAGIC };

	if (why.len > WIRE_TEXT_MAX)
		why.len = WIRE_TEXT_MAX;
	hello.text_len = (uint32_t)why.len;
	return wire_send(HELPER_FD, &hello, sizeof(hello), WIRE_FOREVER) ==
		   WIRE_DONE &&
	       wire_send(HELPER_FD, why.p, why.len, WIRE_FOREVER) == WIRE_DONE;
}

/* 0, or -1 and why. */
static int
prepare(struct worker *worker, struct buf *why)
{
	struct wire_setup setup;

	if (wire_receive(HELPER_FD, &setup, sizeof(setup), WIRE_FOREVER) !=
		WIRE_DONE ||
	    setup.magic != WIRE_MAGIC) {
		buf_add_cstr(why, "no word from the program that started it");
		return -1;
	}
	worker->memory_max = (size_t)setup.memory_max;
	archive_prepare();
	worker->magic = magic_new(why);
	if (why->len > 0 || jail_enter(worker->memory_max, why) == -1)
		return -1;
	worker->rss_kib_at_start = usage().ru_maxrss;
	return 0;
}

int
helper_serve(void (*before)(const struct inspect_item *item))
{
	struct worker worker = { .before = before };
	struct buf why = { 0 };

	prctl(PR_SET_NAME, HELPER_NAME);
	/* A service manager tells the whole service to end; mail that is under
	 * way still asks. The end of the socket is the end. */
	signal(SIGTERM, SIG_IGN);
	jail_close_all_but(HELPER_FD);
	if (prepare(&worker, &why) == -1) {
		say_hello(buf_str(&why));
		_exit(EXIT_FAILURE);
	}
	if (say_hello(STR("")))
		while (serve_one(&worker))
			;
	_exit(EXIT_SUCCESS);
}

int
inspect_serve(void)
{
	return helper_serve(NULL);
}
