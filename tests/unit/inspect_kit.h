/*
 * inspect_kit: a test that is its own helper. Its helper does what the name of
 * an attachment says before it looks at it; that of the daemon has no such ear.
 */
#ifndef SLUICE_TESTS_INSPECT_KIT_H
#define SLUICE_TESTS_INSPECT_KIT_H

#include "inspect/helper.h"

#include "base/clock.h"
#include "base/log.h"

#include "log_kit.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#define PATIENT_MS 30000 /* with sanitizers a start takes long */

/* --- in the helper -------------------------------------------------------- */

static inline void
do_open(void)
{
	open("/etc/hostname", O_RDONLY);
}

static inline void
do_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static inline void
do_exec(void)
{
	char name[] = "true";
	char *const arguments[] = { name, NULL };

	execve("/bin/true", arguments, NULL);
}

static inline void
do_fork(void)
{
	fork();
}

static inline void
do_kill(void)
{
	kill(getppid(), SIGTERM);
}

static inline void
do_exec_memory(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
}

static inline void
do_hang(void)
{
	for (volatile int i = 0;; i++)
		if (i == INT32_MAX)
			i = 0;
}

static inline void
do_die(void)
{
	__builtin_trap();
}

static inline void
do_eat_memory(void)
{
	for (int i = 0; i < 4096; i++)
		memset(malloc(1024 * 1024), 1, 1024 * 1024);
}

static inline void
do_lie(void)
{
	static const char lie[4096] = "what is this?";

	send(HELPER_FD, lie, sizeof(lie), 0);
}

/* Of descriptors, the socket is all that there is. */
static inline void
do_write_elsewhere(void)
{
	for (int fd = 0; fd < 64; fd++)
		if (fd != HELPER_FD && write(fd, "", 0) == 0)
			do_die();
}

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{ "open", do_open },
	{ "socket", do_socket },
	{ "exec", do_exec },
	{ "fork", do_fork },
	{ "kill", do_kill },
	{ "exec-memory", do_exec_memory },
	{ "hang", do_hang },
	{ "die", do_die },
	{ "eat-memory", do_eat_memory },
	{ "lie", do_lie },
	{ "write-elsewhere", do_write_elsewhere },
};

/* While this file is there, helpers of that process fail to begin. */
static inline const char *
failing_path(pid_t parent)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/test_inspect.%d", (int)parent);
	return path;
}

static inline void
act_first(const struct inspect_item *item)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (str_is(item->name, acts[i].name))
			acts[i].act();
}

/* --- in the test ---------------------------------------------------------- */

/* A zip of one empty file, "a.exe". */
static const char zip_bytes[] =
    "PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0a.exe"
    "PK\1\2\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0\0\0a.exe"
    "PK\5\6\0\0\0\0\1\0\1\0\x33\0\0\0\x23\0\0\0\0";

#define ZIP ((struct str){ zip_bytes, sizeof(zip_bytes) })

static struct arena *arena;
static struct inspect_options options;
static struct inspector *inspector;

static inline bool
has_any(void)
{
	return inspect_has_magic() || inspect_has_archive();
}

static inline int
set_up(void **state)
{
	(void)state;
	arena = arena_new(4096);
	inspect_options_init(&options);
	options.timeout_ms = PATIENT_MS;
	options.n_helpers = 2;
	inspector = inspector_new(&options);
	return 0;
}

static inline int
tear_down(void **state)
{
	int status;

	(void)state;
	inspector_free(inspector);
	arena_free(arena);
	/* neither children nor zombies */
	return waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

static inline void
use_timeout(uint32_t timeout_ms)
{
	inspector_free(inspector);
	options.timeout_ms = timeout_ms;
	inspector = inspector_new(&options);
}

static inline struct inspect_item
asked(const char *name)
{
	struct inspect_item item = { .name = str_of(name), .content = ZIP };

	inspect(inspector, &item, 1, arena);
	return item;
}

static inline void
expect_good(const struct inspect_item *item)
{
	assert_false(item->has_failed);
	assert_false(item->is_broken);
	if (inspect_has_magic())
		assert_true(str_is(item->magic, "application/zip"));
	if (!inspect_has_archive())
		return;
	assert_true(item->is_archive);
	assert_int_equal(item->n_entries, 1);
	assert_true(str_is(item->entries[0], "a.exe"));
}

static inline struct inspect_counts
counts(void)
{
	struct inspect_counts now;

	inspector_counts(inspector, &now);
	return now;
}

static inline void
expect_death(const char *name, const char *how)
{
	struct inspect_counts before = counts();
	struct inspect_item item;
	char folder[] = "/tmp/test_inspect.XXXXXX";
	size_t n_said;

	use_timeout(PATIENT_MS); /* which may log at once */
	before = counts();
	assert_non_null(mkdtemp(folder));
	log_kit_catch(folder);
	item = asked(name);
	n_said = log_kit_count(how);
	log_kit_release();
	unlink(log_kit_path);
	rmdir(folder);
	if (!item.has_failed || n_said != 1 ||
	    counts().n_died != before.n_died + 1)
		fail_msg("%s: %s", name,
		    item.has_failed ? "it did not end so" : "it may do that");
	item = asked("a.zip");
	expect_good(&item);
}

/* For main, first: the helper's exit status, or -1 in the test itself. */
static inline int
serve_if_helper(int argc, char **argv)
{
	if (!inspect_is_helper(argc, argv))
		return -1;
	if (access(failing_path(getppid()), F_OK) == 0)
		return EXIT_FAILURE;
	return helper_serve(act_first);
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
