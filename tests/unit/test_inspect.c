/*
 * Questions to helper processes: their answers, and what becomes of one whose
 * helper dies, hangs or cannot begin. See test_jail.c for how it is locked in.
 */
#include "inspect_kit.h"

#include <dirent.h>
#include <pthread.h>

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
test_one_that_dies_takes_only_its_question(void **state)
{
	(void)state;
	/* an illegal instruction or SIGTRAP, by machine */
	expect_death("die", "ended by signal");
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

/* A service manager may end all processes of a service at once. */
static void
test_what_ends_a_service_ends_no_helper_under_way(void **state)
{
	struct inspect_item item;

	(void)state;
	item = asked("a.zip");
	assert_int_equal(kill(find_child(), SIGTERM), 0);
	pause_ms(100);
	item = asked("a.zip");
	expect_good(&item);
	assert_int_equal(counts().n_started, 1);
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
test_without_libraries_nothing_is_told(void **state)
{
	struct inspect_item item;

	(void)state;
	item = asked("a.zip");
	assert_false(item.has_failed);
	assert_false(item.is_archive);
	assert_int_equal(item.magic.len, 0);
	assert_int_equal(counts().n_started, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ONE(test_an_attachment_is_looked_into),
		ONE(test_many_attachments_at_once),
		ONE(test_without_an_inspector_all_have_failed),
		ONE(test_a_large_one),
		ONE(test_one_that_dies_takes_only_its_question),
		ONE(test_an_answer_without_sense_ends_it),
		ONE(test_one_that_hangs_is_killed_at_the_deadline),
		ONE(test_a_slow_one_does_not_shield_the_next),
		ONE(test_one_that_is_killed_while_it_works),
		ONE(test_one_that_is_killed_while_idle_costs_nothing),
		ONE(test_what_ends_a_service_ends_no_helper_under_way),
		ONE(test_helpers_are_replaced_in_time),
		ONE(test_eight_threads_share_two_helpers),
		ONE(test_one_that_cannot_begin_is_not_tried_again_at_once),
	};
	const struct CMUnitTest without[] = {
		ONE(test_without_libraries_nothing_is_told),
	};
	int status = serve_if_helper(argc, argv);

	if (status != -1)
		return status;
	return has_any() ? cmocka_run_group_tests(tests, NULL, NULL)
			 : cmocka_run_group_tests(without, NULL, NULL);
}
