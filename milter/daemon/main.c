/*
 * sluiced: from the command line to a daemon that serves, and to its end.
 *
 * The order of the start matters. The fork comes first (threads would not
 * survive it), then signals are blocked (every thread must inherit that), then
 * everything that can be wrong is tried, and only when all is well is the
 * starter told so.
 *
 * The order of the end matters, too: libmilter's workers may be inside a
 * callback at any time, so nothing global is ever freed, and the process ends
 * by _exit once all is refunded.
 */
#include "base/clock.h"
#include "base/glyph.h"
#include "base/log.h"
#include "conf/load.h"
#include "conf/secret.h"
#include "daemon/background.h"
#include "daemon/inquiry.h"
#include "daemon/keeper/keeper.h"
#include "daemon/life/control.h"
#include "daemon/life/life.h"
#include "daemon/life/notify.h"
#include "daemon/life/troubles.h"
#include "daemon/life/watch.h"
#include "daemon/listen.h"
#include "daemon/metrics/metrics.h"
#include "daemon/milter.h"
#include "daemon/packets.h"
#include "daemon/places.h"
#include "daemon/policy.h"
#include "daemon/pulse.h"
#include "daemon/reload.h"
#include "daemon/sessions.h"
#include "daemon/signals.h"
#include "daemon/threads.h"
#include "inspect/inspect.h"
#include "rules/pattern.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE 2

/* A stop takes at most the sum of these: 4.9 s. */
#define DRAIN_MS       4000
#define END_ALL_MS     300
#define FLUSH_MS       500
#define LAST_ANSWER_MS 50

#define STACK_BYTES   ((size_t)1024 * 1024)
#define MALLOC_ARENAS 8 /* each costs memory; fewer make workers wait */

struct arguments {
	const char *conf_path; /* NULL: the default */
	bool is_foreground;
	bool is_check;
};

/* All of it lives until the process ends. */
struct service {
	struct engine engine;
	struct store *store;
	struct listener listener;
	const char *pid_file; /* NULL: none; a copy */
	sem_t may_serve;
};

static struct service service;

static const char usage[] =
    "usage: sluiced [-f] [-n] [-c FILE]\n"
    "  -f        stay in the foreground, log to standard error\n"
    "  -n        check configuration and rules, then exit: 0 good, 1 not\n"
    "  -c FILE   configuration (" CONF_DEFAULT_PATH ")\n"
    "  -h, -V    this help, the version\n";

static _Noreturn void
print_and_exit(FILE *file, int status, const char *text)
{
	fputs(text, file);
	exit(status);
}

static struct arguments
read_arguments(int argc, char **argv)
{
	struct arguments args = { 0 };
	int c;

	while ((c = getopt(argc, argv, "fnc:hV")) != -1) {
		switch (c) {
		case 'f':
			args.is_foreground = true;
			break;
		case 'n':
			args.is_check = true;
			break;
		case 'c':
			args.conf_path = optarg;
			break;
		case 'h':
			print_and_exit(stdout, EXIT_SUCCESS, usage);
		case 'V':
			print_and_exit(stdout, EXIT_SUCCESS,
			    "sluiced " SLUICE_VERSION "\n");
		default:
			print_and_exit(stderr, EXIT_USAGE, usage);
		}
	}
	if (optind < argc)
		print_and_exit(stderr, EXIT_USAGE, usage);
	return args;
}

/* To a terminal, perhaps: names of files may be anything. */
static void
print_lines(struct str text)
{
	struct buf out = { 0 };

	glyph_add_lines(&out, text);
	fputs(buf_str(&out).p, stderr);
	buf_done(&out);
}

/* Ends a start that failed. text: diagnostics, whole lines that say where and
 * what, or one sentence without a line feed. */
static _Noreturn void
fail(const struct conf *conf, struct str text)
{
	bool is_sentence = text.len == 0 || text.p[text.len - 1] != '\n';

	if (is_sentence)
		fputs("sluiced: error: ", stderr);
	print_lines(text);
	if (is_sentence)
		fputc('\n', stderr);
	/* At boot nobody looks at standard error. */
	if (conf != NULL && conf->log == LOG_SINK_SYSLOG)
		reload_log_lines(text, LOG_LEVEL_ERROR);
	inquiry_leave();
	listen_leave(&service.listener);
	exit(EXIT_FAILURE);
}

static struct conf *
load_conf(const struct arguments *args, struct buf *diagnostics)
{
	struct conf *conf = conf_load(args->conf_path, diagnostics);

	if (conf == NULL)
		fail(NULL, buf_str(diagnostics));
	conf_use_timezone(conf);
	if (conf->log == -1)
		conf->log =
		    args->is_foreground ? LOG_SINK_STDERR : LOG_SINK_SYSLOG;
	return conf;
}

/* -n: what a start would say, less the socket. */
static _Noreturn void
check(const struct arguments *args)
{
	struct buf diagnostics = { 0 };
	struct conf *conf = load_conf(args, &diagnostics);
	struct store *store = conf_open_store(conf, &diagnostics);
	struct policy *policy = policy_load(conf, &diagnostics);

	print_lines(buf_str(&diagnostics));
	if (store == NULL || policy == NULL)
		exit(EXIT_FAILURE);
	printf("%zu rules, %zu limits, %zu tables, hash %s: good\n",
	    ruleset_n_rules(policy->rules), ruleset_n_limits(policy->rules),
	    ruleset_n_tables(policy->rules), ruleset_hash(policy->rules));
	store_close(store);
	policy_put(policy);
	conf_free(conf);
	buf_done(&diagnostics);
	exit(EXIT_SUCCESS);
}

/*
 * A worker that wakes for a packet of a few microseconds need not push aside
 * what runs: an MTA or Redis that gets on with its work has more for us the
 * next time. All threads inherit it; an administrator's choice of real-time
 * or idle scheduling is left alone.
 */
static void
set_scheduling(void)
{
	const struct sched_param parameters = { .sched_priority = 0 };

	if (sched_getscheduler(0) == SCHED_OTHER &&
	    sched_setscheduler(0, SCHED_BATCH, &parameters) == -1)
		log_debug(
		    "the scheduling stays as it was: %s", strerror(errno));
}

/* libmilter makes its threads with default attributes, 8 MiB of stack each,
 * and glibc would give each an arena of its own. */
static void
set_process_limits(const struct conf *conf)
{
	pthread_attr_t attributes;
	struct buf error = { 0 };

	if (places_init(&error) == -1)
		fail(conf, buf_str(&error));
	set_scheduling();
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
#ifdef M_ARENA_MAX /* glibc's */
	mallopt(M_ARENA_MAX, MALLOC_ARENAS);
#endif
}

static void
open_stores(const struct conf *conf, struct buf *diagnostics)
{
	const struct store_options options = { .url = "memory" };
	struct store *local;
	uint32_t boot;

	service.store = conf_open_store(conf, diagnostics);
	local = store_open(&options, diagnostics);
	if (service.store == NULL || local == NULL)
		fail(conf, buf_str(diagnostics));
	if (getrandom(&boot, sizeof(boot), 0) != (ssize_t)sizeof(boot))
		boot = (uint32_t)clock_wall_ms();
	engine_init(&service.engine, service.store, local, boot);
	service.engine.inspector = conf_inspector(conf);
	service.engine.is_logged = true;
}

static void
make_keeper(const struct conf *conf)
{
	const struct keeper_options options = { .engine = &service.engine,
		.host = str_of(conf_host(conf)),
		.timezone = str_of(conf_zone(conf)) };

	keeper_init(&options);
}

static void
take_socket(const struct conf *conf)
{
	struct buf error = { 0 };

	if (listen_claim(&service.listener, &conf->listen, &error) == -1)
		fail(conf, buf_str(&error));
	if (!packets_init())
		log_warning("this libmilter reads packets unwatched: let only "
			    "the MTA reach the socket, as a bad packet can end "
			    "the daemon");
	if (milter_register(&service.engine) == -1)
		fail(conf, STR("libmilter is of another version than the one "
			       "this program was built with"));
	if (listen_open(&service.listener, conf, &error) == -1)
		fail(conf, buf_str(&error));
	if (conf->metrics.text != NULL &&
	    inquiry_listen(&conf->metrics, conf->socket_mode,
		conf->socket_group, &metrics_kind, &error) == -1)
		fail(conf, buf_str(&error));
	if (conf->pid_file != NULL) {
		if (pid_file_write(conf->pid_file, &error) == -1)
			fail(conf, buf_str(&error));
		service.pid_file = strdup(conf->pid_file);
	}
	if (control_listen(conf, &error) == -1)
		fail(conf, buf_str(&error));
	buf_done(&error);
}

static void *
serve(void *unused)
{
	sem_wait(&service.may_serve);
	milter_run();
	signals_post(SIGNAL_GAVE_UP);
	return unused;
}

/* Signals are unblocked after this, and only then may libmilter begin. */
static void
start_threads(struct conf *conf, const char *conf_path)
{
	sem_init(&service.may_serve, 0, 0);
	if (threads_start("milter", serve, NULL) == -1 ||
	    pulse_start(&service.listener.at) == -1 || keeper_start() == -1 ||
	    reload_start(conf, conf_path) == -1 || inquiry_start() == -1)
		fail(conf, str_of(strerror(errno)));
}

/* What serves mail, but not as its administrator meant it. */
static void
warn_of_surroundings(void)
{
	if (geteuid() == 0)
		log_warning("started as root, which nothing here needs: start "
			    "it as a user of its own (sluiced(8) says how)");
	if (!pattern_is_fast())
		log_warning("PCRE2's just-in-time compiler does not work here, "
			    "so patterns take several times as long: in a unit "
			    "of systemd, MemoryDenyWriteExecute must be no");
}

static void
start(const struct arguments *args)
{
	struct buf diagnostics = { 0 };
	struct policy *policy;
	struct conf *conf;

	if (signals_init() == -1)
		fail(NULL, str_of(strerror(errno)));
	conf = load_conf(args, &diagnostics);
	log_setup("sluiced", (enum log_sink)conf->log,
	    (enum log_format)conf->log_format, (enum log_level)conf->log_level);
	log_set_watcher(troubles_see);
	notify_init();
	warn_of_surroundings();
	set_process_limits(conf);
	open_stores(conf, &diagnostics);
	make_keeper(conf);
	life_begin(conf, &service.engine);
	policy = policy_load(conf, &diagnostics);
	if (policy == NULL)
		fail(conf, buf_str(&diagnostics));
	reload_log_lines(buf_str(&diagnostics), LOG_LEVEL_WARNING);
	buf_done(&diagnostics);
	sessions_set_max(places_fit(conf->max_connections));
	take_socket(conf);
	life_started(policy);
	metrics_reload(true, ruleset_hash(policy->rules), clock_wall_ms());
	keeper_use(policy->rules);
	policy_publish(policy);
	background_ready(conf->log == LOG_SINK_STDERR);
	start_threads(conf, args->conf_path);
	signals_unblock();
	threads_watch();
	sem_post(&service.may_serve);
}

static void
rest(long ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

static _Noreturn void
stop(const char *reason, int status)
{
	int64_t start_us = clock_steady_us();
	size_t n_open;

	log_info("stopping: open messages may finish");
	notify_stopping();
	n_open = sessions_drain(DRAIN_MS);
	sessions_end_all(END_ALL_MS);
	keeper_stop();
	if (store_flush(service.store, FLUSH_MS) == -1)
		log_warning(
		    "not everything could be given back or told to the store");
	rest(LAST_ANSWER_MS);
	inquiry_leave();
	listen_leave(&service.listener);
	if (service.pid_file != NULL)
		pid_file_remove(service.pid_file);
	life_stopped(
	    reason, n_open, (uint32_t)((clock_steady_us() - start_us) / 1000));
	_exit(status);
}

static void
run(void)
{
	for (;;) {
		int wait_ms = watch_tick(&service.listener.at);

		switch (signals_wait(wait_ms)) {
		case SIGNAL_NONE:
			break;
		case SIGNAL_RELOAD:
			reload_request();
			break;
		case SIGNAL_STOP:
			stop("SIGTERM", EXIT_SUCCESS);
		case SIGNAL_QUIT:
			stop("SIGINT", EXIT_SUCCESS);
		case SIGNAL_GAVE_UP:
			log_error("nobody serves connections any more");
			stop("libmilter", EXIT_FAILURE);
		}
	}
}

int
main(int argc, char **argv)
{
	struct arguments args;

	if (inspect_is_helper(argc, argv))
		return inspect_serve();
	secret_forbid_dumps();
	args = read_arguments(argc, argv);
	if (args.is_check)
		check(&args);
	if (!args.is_foreground && background_start() == -1)
		fail(NULL, str_of(strerror(errno)));
	start(&args);
	run();
}
