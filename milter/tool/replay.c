/*
 * replay: a corpus through the rules, on all cores. This thread reads, draws
 * how far it is and adds up at the end; the others run mails, each with tallies
 * of its own, so that nothing is shared but the queue between them.
 *
 * Every mail meets empty counters: what a corpus shows is what rules see in
 * mails, not in what order and how fast they once came.
 */
#include "tool/replay.h"

#include "base/clock.h"
#include "base/quantity.h"
#include "base/xalloc.h"
#include "conf/load.h"
#include "tool/corpus/jobs.h"
#include "tool/show/progress.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS_MAX    256
#define AGAINST_MAX    16
#define WAIT_MS        100
#define SLOTS_A_THREAD 4

struct asked {
	const struct conf *conf;
	struct envelope_options envelope;
	const char *against[AGAINST_MAX];
	const char *threads;
	bool as_json;
};

/* What the threads have in common. */
struct works {
	const struct envelope_options *envelope;
	struct inspector *inspector;
	struct jobs *jobs;
	struct progress progress;
	_Atomic uint64_t n_done;
	struct replay *replay;
};

struct worker {
	pthread_t thread;
	struct works *works;
	struct tally tally, tally_now;
	struct rehearsal_listener listener, listener_now;
	struct rehearsal *rehearsal, *rehearsal_now;
	struct diff diff;
};

static volatile sig_atomic_t is_interrupted;

static void
interrupt(int signal_number)
{
	(void)signal_number;
	is_interrupted = 1;
}

/* The second time they end the program, as they do elsewhere. */
static void
catch_interrupts(void)
{
	struct sigaction action = { .sa_handler = interrupt,
		.sa_flags = (int)SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void
run_mail(struct worker *worker, const struct job *job)
{
	const struct corpus_name name = { .argument = job->argument,
		.path = buf_str(&job->path).p,
		.number = job->number };
	struct str mail = buf_str(&job->text);
	struct arena *arena = arena_new(4096);
	struct rehearsal_verdict before, now;
	struct envelope envelope;

	envelope_of_mail(worker->works->envelope, mail, arena, &envelope);
	before = tally_run(
	    &worker->tally, worker->rehearsal, &envelope, &name, mail);
	if (worker->rehearsal_now != NULL) {
		now = tally_run(&worker->tally_now, worker->rehearsal_now,
		    &envelope, &name, mail);
		diff_add(&worker->diff, &worker->tally, &worker->tally_now,
		    &before, &now, &name);
	}
	arena_free(arena);
}

static void *
work(void *context)
{
	struct worker *worker = context;
	struct job job = { 0 };

	while (jobs_get(worker->works->jobs, &job)) {
		run_mail(worker, &job);
		atomic_fetch_add_explicit(
		    &worker->works->n_done, 1, memory_order_relaxed);
	}
	job_done(&job);
	return NULL;
}

static void
worker_begin(struct worker *worker, struct works *works, int64_t now_ms)
{
	const struct replay *replay = works->replay;

	worker->works = works;
	tally_init(&worker->tally, replay->rules);
	worker->listener = tally_listener(&worker->tally);
	worker->rehearsal = rehearsal_new(
	    replay->rules, works->inspector, &worker->listener, now_ms);
	if (replay->against != NULL) {
		tally_init(&worker->tally_now, replay->against);
		worker->listener_now = tally_listener(&worker->tally_now);
		worker->rehearsal_now = rehearsal_new(replay->against,
		    works->inspector, &worker->listener_now, now_ms);
		diff_init(&worker->diff, ruleset_program(replay->rules),
		    ruleset_program(replay->against));
	}
	if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
		tool_error("no thread can be started");
		exit(TOOL_FINDING);
	}
}

static void
worker_end(struct worker *worker, struct replay *replay)
{
	pthread_join(worker->thread, NULL);
	tally_merge(&replay->tally, &worker->tally);
	rehearsal_free(worker->rehearsal);
	tally_done(&worker->tally);
	if (replay->against == NULL)
		return;
	tally_merge(&replay->tally_now, &worker->tally_now);
	diff_merge(&replay->diff, &worker->diff);
	rehearsal_free(worker->rehearsal_now);
	tally_done(&worker->tally_now);
	diff_done(&worker->diff);
}

static void
draw(struct works *works)
{
	works->progress.n_mails = atomic_load(&works->n_done);
	progress_step(&works->progress);
}

static bool
take_mail(void *context, const struct corpus_name *name, struct buf *text)
{
	struct works *works = context;

	while (!is_interrupted && !jobs_put(works->jobs, name, text, WAIT_MS))
		draw(works);
	return !is_interrupted;
}

static void
take_unreadable(void *context, const struct corpus_name *name, const char *why)
{
	struct works *works = context;

	works->replay->n_unreadable++;
	examples_add(&works->replay->unreadable, name, why);
}

static bool
take_progress(void *context, size_t n_bytes)
{
	struct works *works = context;

	works->progress.bytes += n_bytes;
	draw(works);
	return !is_interrupted;
}

static void
run_corpus(struct works *works, int n_paths, char **paths)
{
	const struct corpus corpus = { .context = works,
		.each = take_mail,
		.unreadable = take_unreadable,
		.progress = take_progress };

	progress_open(&works->progress,
	    progress_is_wanted() ? corpus_size(n_paths, paths) : 0);
	corpus_read(&corpus, n_paths, paths);
	jobs_end(works->jobs);
	while (!jobs_are_gone(works->jobs, WAIT_MS))
		draw(works);
}

static void
run_threads(
    struct replay *replay, const struct asked *asked, int n_paths, char **paths)
{
	struct works works = { .envelope = &asked->envelope,
		.inspector =
		    conf_corpus_inspector(asked->conf, replay->n_threads),
		.replay = replay,
		.jobs = jobs_new((size_t)replay->n_threads * SLOTS_A_THREAD) };
	struct worker *workers = xcalloc(replay->n_threads, sizeof(*workers));
	int64_t since_us = clock_steady_us(), now_ms = clock_wall_ms();

	for (unsigned i = 0; i < replay->n_threads; i++)
		worker_begin(&workers[i], &works, now_ms);
	run_corpus(&works, n_paths, paths);
	for (unsigned i = 0; i < replay->n_threads; i++)
		worker_end(&workers[i], replay);
	progress_close(&works.progress);
	replay->is_interrupted = is_interrupted;
	replay->took_us = clock_steady_us() - since_us;
	free(workers);
	inspector_free(works.inspector);
	jobs_free(works.jobs);
}

static int
print_result(const struct replay *replay, bool as_json)
{
	struct buf out = { 0 };
	bool has_changed = false;

	if (replay->against != NULL) {
		(as_json ? replay_json_diff : replay_print_diff)(replay, &out);
		has_changed = !diff_is_empty(&replay->diff);
	} else {
		(as_json ? replay_json : replay_print)(replay, &out);
	}
	tool_out(buf_str(&out));
	buf_done(&out);
	return has_changed || replay->n_unreadable > 0 ||
		       replay->is_interrupted || replay->tally.n_mails == 0
		   ? TOOL_FINDING
		   : TOOL_FINE;
}

static int
run_replay(
    struct replay *replay, const struct asked *asked, int n_paths, char **paths)
{
	int rc;

	tally_init(&replay->tally, replay->rules);
	if (replay->against != NULL) {
		tally_init(&replay->tally_now, replay->against);
		diff_init(&replay->diff, ruleset_program(replay->rules),
		    ruleset_program(replay->against));
	}
	catch_interrupts();
	run_threads(replay, asked, n_paths, paths);
	diff_sort(&replay->diff);
	rc = print_result(replay, asked->as_json);
	if (replay->against != NULL) {
		diff_done(&replay->diff);
		tally_done(&replay->tally_now);
	}
	examples_done(&replay->unreadable);
	tally_done(&replay->tally);
	return rc;
}

static unsigned
n_cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0
		   ? (unsigned)CPU_COUNT(&set)
		   : 1;
}

static int
choose_threads(struct tool *tool, const char *text, unsigned *n_out)
{
	uint64_t n = n_cores();

	if (text != NULL &&
	    (number_parse(str_of(text), THREADS_MAX, &n) == -1 || n == 0)) {
		tool_usage(
		    tool, "'--threads' is a number from 1 to %d", THREADS_MAX);
		return -1;
	}
	*n_out = n < THREADS_MAX ? (unsigned)n : THREADS_MAX;
	return 0;
}

static int
read_arguments(struct tool *tool, int argc, char **argv, struct asked *asked)
{
	struct tool_option options[2 + AGAINST_MAX + ENVELOPE_OPTIONS + 1] = {
		{ "--json", &asked->as_json, NULL },
		{ "--threads", NULL, &asked->threads },
	};
	struct tool_option *row = envelope_rows(&asked->envelope, &options[2]);

	for (size_t i = 0; i < AGAINST_MAX; i++)
		*row++ = (struct tool_option){ "--against", NULL,
			&asked->against[i] };
	return tool_arguments(tool, argc, argv, 1, INT_MAX, options);
}

static int
load_rules(struct tool *tool, struct asked *asked, struct replay *replay)
{
	char *files[AGAINST_MAX];
	int n = 0;

	if ((replay->rules = tool_load_rules(tool, 0, NULL)) == NULL)
		return -1;
	while (n < AGAINST_MAX && asked->against[n] != NULL) {
		files[n] = xstrdup(asked->against[n]);
		n++;
	}
	if (n > 0)
		replay->against = tool_load_rules(tool, n, files);
	for (int i = 0; i < n; i++)
		free(files[i]);
	return n > 0 && replay->against == NULL ? -1 : 0;
}

int
replay_run(struct tool *tool, int argc, char **argv)
{
	struct asked asked = { 0 };
	struct replay replay = { 0 };
	int n, rc = TOOL_FINDING;

	if ((n = read_arguments(tool, argc, argv, &asked)) == -1 ||
	    envelope_check(tool, &asked.envelope) == -1 ||
	    choose_threads(tool, asked.threads, &replay.n_threads) == -1)
		return TOOL_USAGE;
	if (load_rules(tool, &asked, &replay) == 0) {
		asked.conf = tool->conf;
		conf_use_timezone(tool->conf);
		rc = run_replay(&replay, &asked, n, argv);
	}
	ruleset_put(replay.against);
	ruleset_put(replay.rules);
	return rc;
}
