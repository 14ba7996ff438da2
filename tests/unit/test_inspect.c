/*
 * The helper processes: what they answer, how they are locked in, and what
 * becomes of a question whose helper dies, hangs or cannot begin.
 *
 * This program is its own helper. Its helper does what the name of an
 * attachment says before it looks at it; that of the daemon has no such ear.
 */
#include "inspect/helper.h"

#include "base/clock.h"
#include "base/log.h"
#include "inspect/document.h"
#include "inspect/magic.h"
#include "inspect/process.h"

#include "log_kit.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
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

static void
do_open(void)
{
	open("/etc/hostname", O_RDONLY);
}

static void
do_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void
do_exec(void)
{
	char name[] = "true";
	char *const arguments[] = { name, NULL };

	execve("/bin/true", arguments, NULL);
}

static void
do_fork(void)
{
	fork();
}

static void
do_kill(void)
{
	kill(getppid(), SIGTERM);
}

static void
do_exec_memory(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
}

static void
do_hang(void)
{
	for (volatile int i = 0;; i++)
		if (i == INT32_MAX)
			i = 0;
}

static void
do_die(void)
{
	__builtin_trap();
}

static void
do_eat_memory(void)
{
	for (int i = 0; i < 4096; i++)
		memset(malloc(1024 * 1024), 1, 1024 * 1024);
}

static void
do_lie(void)
{
	static const char lie[4096] = "what is this?";

	send(HELPER_FD, lie, sizeof(lie), 0);
}

/* Of descriptors, the socket is all that there is. */
static void
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
static const char *
failing_path(pid_t parent)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/test_inspect.%d", (int)parent);
	return path;
}

static void
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

static bool
has_any(void)
{
	return inspect_has_magic() || inspect_has_archive();
}

static int
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

static int
tear_down(void **state)
{
	int status;

	(void)state;
	inspector_free(inspector);
	arena_free(arena);
	/* neither children nor zombies */
	return waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

static void
use_timeout(uint32_t timeout_ms)
{
	inspector_free(inspector);
	options.timeout_ms = timeout_ms;
	inspector = inspector_new(&options);
}

static struct inspect_item
asked(const char *name)
{
	struct inspect_item item = { .name = str_of(name), .content = ZIP };

	inspect(inspector, &item, 1, arena);
	return item;
}

static void
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

static struct inspect_counts
counts(void)
{
	struct inspect_counts now;

	inspector_counts(inspector, &now);
	return now;
}

static void
test_an_attachment_is_looked_into(void **state)
{
	struct inspect_item item;

	(void)state;
	item = asked("a.zip");
	expect_good(&item);
	item = asked("b.zip");
	expect_good(&item);
	/* by the same helper */
	assert_int_equal(counts().n_started, 1);
	assert_int_equal(counts().n_questions, 2);
}

static void
test_many_attachments_at_once(void **state)
{
	struct inspect_item items[100] = { { .name = STR("a.zip") } };

	(void)state;
	for (size_t i = 0; i < 100; i++)
		items[i].content = i % 2 ? STR("hello, hello\n") : ZIP;
	inspect(inspector, items, 100, arena);
	for (size_t i = 0; i < 100; i++) {
		assert_false(items[i].has_failed);
		assert_true(items[i].is_archive ==
			    (i % 2 == 0 && inspect_has_archive()));
		if (inspect_has_magic())
			assert_true(str_is(items[i].magic,
			    i % 2 ? "text/plain" : "application/zip"));
	}
}

static void
test_without_an_inspector_all_have_failed(void **state)
{
	struct inspect_item item = { .content = ZIP, .n_entries = 7 };

	(void)state;
	inspect(NULL, &item, 1, arena);
	assert_true(item.has_failed);
	assert_int_equal(item.n_entries, 0);
	/* of nothing, nothing is to be told */
	item.content = STR("");
	inspect(NULL, &item, 1, arena);
	assert_false(item.has_failed);
}

/* A message of many megabytes goes there, and many names come back. */
static void
test_a_large_one(void **state)
{
	struct inspect_item item = { .name = STR("large") };
	char *bytes = calloc(1, 20000000);

	(void)state;
	memcpy(bytes + 20000000 - ZIP.len, ZIP.p, ZIP.len);
	item.content = (struct str){ bytes, 20000000 };
	inspect(inspector, &item, 1, arena);
	assert_false(item.has_failed);
	assert_true(item.is_archive == inspect_has_archive());
	item.tail = ZIP;
	item.n_missing = UINT64_C(1) << 40;
	inspect(inspector, &item, 1, arena);
	assert_false(item.has_failed);
	assert_true(item.is_archive == inspect_has_archive());
	free(bytes);
}

static void
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

static void
test_what_is_forbidden_kills(void **state)
{
	static const char *const forbidden[] = { "open", "socket", "exec",
		"fork", "kill", "exec-memory" };

	(void)state;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		expect_death(forbidden[i], "Bad system call");
}

static void
test_no_descriptor_is_left_but_the_socket(void **state)
{
	struct inspect_item item;
	int null = open("/dev/null", O_WRONLY);
	int fd = fcntl(null, F_DUPFD, 20); /* without O_CLOEXEC */

	(void)state;
	assert_true(fd >= 20);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	item = asked("write-elsewhere");
	expect_good(&item);
#else
	item = asked("a.zip"); /* they keep standard error */
	expect_good(&item);
#endif
	close(null);
	close(fd);
}

static void
test_one_that_dies_takes_only_its_question(void **state)
{
	(void)state;
	/* an illegal instruction or SIGTRAP, by machine */
	expect_death("die", "ended by signal");
}

static void
test_memory_is_bounded(void **state)
{
	(void)state;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	expect_death("eat-memory", "ended by signal");
#endif
	assert_true(has_any());
}

static void
test_an_answer_without_sense_ends_it(void **state)
{
	struct inspect_item item;

	(void)state;
	item = asked("lie");
	assert_true(item.has_failed);
	assert_int_equal(item.n_entries, 0);
	item = asked("a.zip");
	expect_good(&item);
}

static void
test_one_that_hangs_is_killed_at_the_deadline(void **state)
{
	struct inspect_item item;
	int64_t start_us, took_us;

	(void)state;
	item = asked("a.zip"); /* so that one is ready */
	use_timeout(1000);
	for (int i = 0; i < 100 && asked("a.zip").has_failed; i++)
		;
	start_us = clock_steady_us();
	item = asked("hang");
	took_us = clock_steady_us() - start_us;
	assert_true(item.has_failed);
	assert_in_range(took_us, 900000, 5000000);
	assert_int_equal(counts().n_late, 1);
	use_timeout(PATIENT_MS);
	item = asked("a.zip");
	expect_good(&item);
}

/* Half of the time for the first, so that the second has some. */
static void
test_a_slow_one_does_not_shield_the_next(void **state)
{
	struct inspect_item items[] = {
		{ .name = STR("hang"), .content = ZIP },
		{ .name = STR("a.zip"), .content = ZIP },
	};

	(void)state;
	use_timeout(4000);
	inspect(inspector, items, 2, arena);
	assert_true(items[0].has_failed);
	expect_good(&items[1]);
}

static void *
ask_hang(void *unused)
{
	struct arena *own = arena_new(256);
	struct inspect_item item = { .name = STR("hang"), .content = ZIP };

	inspect(inspector, &item, 1, own);
	assert_true(item.has_failed);
	arena_free(own);
	return unused;
}

/* The only child of ours, by /proc. */
static pid_t
find_child(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = -1;

	while ((entry = readdir(proc)) != NULL) {
		char path[300], name[64];
		int pid, parent;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if ((file = fopen(path, "r")) == NULL)
			continue;
		if (fscanf(file, "%d (%63[^)]) %*c %d", &pid, name, &parent) ==
			3 &&
		    parent == getpid() && strcmp(name, HELPER_NAME) == 0)
			found = pid;
		fclose(file);
	}
	closedir(proc);
	return found;
}

static void
pause_ms(long ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

static void
test_one_that_is_killed_while_it_works(void **state)
{
	struct inspect_item item;
	pthread_t thread;

	(void)state;
	item = asked("a.zip");
	expect_good(&item);
	pthread_create(&thread, NULL, ask_hang, NULL);
	pause_ms(200);
	assert_int_equal(kill(find_child(), SIGKILL), 0);
	pthread_join(thread, NULL); /* long before the deadline */
	assert_int_equal(counts().n_died, 1);
	item = asked("a.zip");
	expect_good(&item);
}

static void
test_one_that_is_killed_while_idle_costs_nothing(void **state)
{
	struct inspect_item item;

	(void)state;
	item = asked("a.zip");
	assert_int_equal(kill(find_child(), SIGKILL), 0);
	pause_ms(200);
	item = asked("a.zip");
	expect_good(&item);
	assert_int_equal(counts().n_started, 2);
}

static void
test_helpers_are_replaced_in_time(void **state)
{
	struct inspect_item item;

	(void)state;
	for (int i = 0; i < 501; i++) {
		item = asked("a.zip");
		expect_good(&item);
	}
	assert_int_equal(counts().n_started, 2);
	assert_int_equal(counts().n_died, 0);
}

static void *
ask_often(void *unused)
{
	for (int i = 0; i < 50; i++) {
		struct arena *own = arena_new(256);
		struct inspect_item item = {
			.name = i % 10 == 9 ? STR("die") : STR("a.zip"),
			.content = ZIP,
		};

		inspect(inspector, &item, 1, own);
		if (item.has_failed != (i % 10 == 9))
			abort();
		arena_free(own);
	}
	return unused;
}

static void
test_eight_threads_share_two_helpers(void **state)
{
	pthread_t threads[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, ask_often, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counts().n_questions, 400);
	assert_int_equal(counts().n_died, 40);
	assert_int_equal(counts().n_late, 0);
	assert_true(counts().n_started <= 42);
}

/* A broken installation neither loads the machine nor fills the log. */
static void
test_one_that_cannot_begin_is_not_tried_again_at_once(void **state)
{
	char folder[] = "/tmp/test_inspect.XXXXXX";
	size_t n_lines;

	(void)state;
	use_timeout(PATIENT_MS);
	assert_non_null(mkdtemp(folder));
	log_kit_catch(folder);
	fclose(fopen(failing_path(getpid()), "w"));
	for (int i = 0; i < 20; i++)
		assert_true(asked("a.zip").has_failed);
	n_lines = log_kit_count("the helper process does not start: ");
	log_kit_release();
	unlink(failing_path(getpid()));
	unlink(log_kit_path);
	rmdir(folder);
	assert_int_equal(n_lines, 1);
	assert_int_equal(counts().n_started, 1);
}

static void
test_it_is_a_helper_only_with_its_socket(void **state)
{
	char name[] = HELPER_NAME, other[] = "sluice", argument[] = "x";
	char *named[] = { name, NULL }, *with[] = { name, argument, NULL };
	char *others[] = { other, NULL };
	int pair[2], kept = dup(HELPER_FD);

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(dup2(pair[0], HELPER_FD), HELPER_FD);
	assert_true(inspect_is_helper(1, named));
	assert_false(inspect_is_helper(2, with));
	assert_false(inspect_is_helper(1, others));
	close(HELPER_FD);
	if (kept != -1)
		dup2(kept, HELPER_FD);
	if (kept != -1)
		close(kept);
	if (pair[0] != HELPER_FD)
		close(pair[0]);
	close(pair[1]);
	assert_false(inspect_is_helper(1, named));
}

static void
test_versions_are_told(void **state)
{
	(void)state;
	assert_true(strstr(inspect_versions(), "libarchive") != NULL);
	assert_true(strstr(inspect_versions(), "libmagic") != NULL);
	assert_true((strstr(inspect_versions(), "no libarchive") == NULL) ==
		    inspect_has_archive());
}

/* --- what needs no helper ------------------------------------------------- */

#define OLE2 "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

static void
test_documents_with_a_password(void **state)
{
	char bytes[2048] = OLE2;
	const struct str document = { bytes, sizeof(bytes) };
	const struct str none = STR("");

	(void)state;
	assert_false(document_is_encrypted(document, none));
	/* Word: FIB, fEncrypted */
	memcpy(bytes + 512, "\xec\xa5\xc1\0\0\0\0\0\0\0\0\1", 12);
	assert_true(document_is_encrypted(document, none));
	bytes[523] = 0;
	assert_false(document_is_encrypted(document, none));
	/* Excel: FILEPASS behind BOF */
	memcpy(bytes + 700, "\x09\x08\x10\0\0\x06\x05\0", 8);
	bytes[720] = 0x2f;
	assert_true(document_is_encrypted(document, none));
	bytes[720] = 0x30;
	assert_false(document_is_encrypted(document, none));
	/* OOXML in OLE2, whose directory may stand at the end */
	assert_true(document_is_encrypted(
	    document, STR("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0")));
	assert_true(
	    document_is_encrypted(STR("%PDF-1.4 <</Encrypt 5 0 R>>"), none));
	assert_true(document_is_encrypted(
	    STR("junk %PDF-1.4"), STR("trailer <</Encrypt<<>> >>")));
	assert_false(document_is_encrypted(
	    STR("%PDF-1.4 <</EncryptMetadata false>>"), none));
	assert_false(document_is_encrypted(STR("/Encrypt 5 0 R"), none));
}

static void
test_a_type_is_only_what_looks_like_one(void **state)
{
	(void)state;
	assert_true(magic_is_type(STR("application/vnd.ms-excel")));
	assert_true(magic_is_type(STR("")));
	assert_false(magic_is_type(STR("text/plain\n")));
	assert_false(magic_is_type(STR("cannot open `x'")));
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ONE(test_an_attachment_is_looked_into),
		ONE(test_many_attachments_at_once),
		ONE(test_without_an_inspector_all_have_failed),
		ONE(test_a_large_one),
		ONE(test_what_is_forbidden_kills),
		ONE(test_no_descriptor_is_left_but_the_socket),
		ONE(test_one_that_dies_takes_only_its_question),
		ONE(test_memory_is_bounded),
		ONE(test_an_answer_without_sense_ends_it),
		ONE(test_one_that_hangs_is_killed_at_the_deadline),
		ONE(test_a_slow_one_does_not_shield_the_next),
		ONE(test_one_that_is_killed_while_it_works),
		ONE(test_one_that_is_killed_while_idle_costs_nothing),
		ONE(test_helpers_are_replaced_in_time),
		ONE(test_eight_threads_share_two_helpers),
		ONE(test_one_that_cannot_begin_is_not_tried_again_at_once),
		ONE(test_it_is_a_helper_only_with_its_socket),
		ONE(test_versions_are_told),
		cmocka_unit_test(test_documents_with_a_password),
		cmocka_unit_test(test_a_type_is_only_what_looks_like_one),
	};
	const struct CMUnitTest without[] = {
		cmocka_unit_test(test_versions_are_told),
		cmocka_unit_test(test_documents_with_a_password),
		cmocka_unit_test(test_a_type_is_only_what_looks_like_one),
	};

	if (inspect_is_helper(argc, argv) &&
	    access(failing_path(getppid()), F_OK) == 0)
		return EXIT_FAILURE;
	if (inspect_is_helper(argc, argv))
		return helper_serve(act_first);
	return has_any() ? cmocka_run_group_tests(tests, NULL, NULL)
			 : cmocka_run_group_tests(without, NULL, NULL);
}
