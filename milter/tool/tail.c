/*
 * tail: events as they come, until it is ended. With --run a program is
 * started for each first crossing of near, over or locked.
 *
 * The trap is a store that goes away: what it wrote meanwhile is not to be
 * lost, so it is read on from the last id that was seen; "from now on" is made
 * an id before the first wait.
 */
#include "tool/desk/desk.h"

#include "base/clock.h"
#include "tool/desk/event.h"
#include "tool/desk/filter.h"
#include "tool/desk/quiet.h"
#include "tool/desk/runner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS      1000 /* for events */
#define WAIT_BUSY_MS 100  /* while programs run */
#define PAUSE_NS     500000000

static volatile sig_atomic_t is_over;

struct tail {
	struct desk *desk;
	struct filters filters;
	bool as_json;
	struct runner *runner; /* NULL: none */
	struct quiet *quiet;
	struct buf line;
	char id[STORE_EVENT_ID_MAX]; /* the last that was seen */
	bool is_away;
};

static void
note_end(int signal_number)
{
	(void)signal_number;
	is_over = 1;
}

/* A second Ctrl-C ends it at once. */
static void
catch_signals(void)
{
	struct sigaction action = { .sa_handler = note_end,
		.sa_flags = (int)SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static void
run_program(struct tail *tail, const struct store_event *event)
{
	struct buf what = { 0 }, json = { 0 };

	event_headline(event, &what);
	event_json(event, &json);
	buf_byte(&json, '\n');
	runner_add(tail->runner, buf_str(&json), buf_str(&what));
	buf_done(&what);
	buf_done(&json);
}

/* The id is noted before anything else: what was shown once is not shown again
 * when the store goes away in the middle of a page. */
static bool
show_event(void *context, const struct store_event *event)
{
	struct tail *tail = context;

	snprintf(tail->id, sizeof(tail->id), "%s", event->id);
	if (!filters_take(&tail->filters, event))
		return !is_over;
	buf_clear(&tail->line);
	if (tail->as_json)
		event_json(event, &tail->line);
	else
		event_line(event, clock_wall_ms(), &tail->line);
	buf_byte(&tail->line, '\n');
	tool_out(buf_str(&tail->line));
	if (tail->runner != NULL && event_is(event, "event", "crossing") &&
	    quiet_is_first(tail->quiet, event))
		run_program(tail, event);
	return !is_over;
}

static bool
note_id(void *context, const struct store_event *event)
{
	struct tail *tail = context;

	snprintf(tail->id, sizeof(tail->id), "%s", event->id);
	return false;
}

static int
begin_now(struct tail *tail)
{
	struct buf error = { 0 };

	snprintf(tail->id, sizeof(tail->id), "0");
	if (store_events_back(tail->desk->store, note_id, tail, &error) == 0)
		return 0;
	desk_no_store(tail->desk, &error);
	return -1;
}

static void
say_state(struct tail *tail, bool is_away, struct buf *error)
{
	if (is_away && !tail->is_away)
		tool_error("the store cannot be asked: %s; trying again",
		    buf_str(error).p);
	if (!is_away && tail->is_away)
		tool_error("the store is back: going on from where it was");
	tail->is_away = is_away;
}

/* An output that nobody reads any more ends it. */
static void
follow(struct tail *tail)
{
	const struct timespec pause = { 0, PAUSE_NS };

	while (!is_over && !ferror(stdout)) {
		bool is_busy =
		    tail->runner != NULL && runner_is_busy(tail->runner);
		struct buf error = { 0 };
		int rc;

		rc = store_events_after(tail->desk->store, tail->id,
		    is_busy ? WAIT_BUSY_MS : WAIT_MS, show_event, tail, &error);
		say_state(tail, rc == -1, &error);
		buf_done(&error);
		fflush(stdout);
		if (tail->runner != NULL)
			runner_step(tail->runner);
		if (rc == -1 && !is_over)
			nanosleep(&pause, NULL);
	}
}

static int
tail_with(struct tail *tail, int n, char **argv, const char *program)
{
	struct desk *desk = tail->desk;
	struct buf error = { 0 };

	if (filters_parse(desk->arena, n, argv, desk->conf->sasl_domain,
		&tail->filters, &error) == -1) {
		tool_usage(desk->tool, "%s", buf_str(&error).p);
		buf_done(&error);
		return TOOL_USAGE;
	}
	if (program != NULL && strchr(program, '/') != NULL &&
	    access(program, X_OK) == -1) {
		tool_error("'%s' cannot be run: %s", program, strerror(errno));
		return TOOL_FINDING;
	}
	if (begin_now(tail) == -1)
		return TOOL_FINDING;
	if (program != NULL) {
		tail->runner = runner_new(program);
		tail->quiet = quiet_new();
	}
	catch_signals();
	follow(tail);
	runner_free(tail->runner);
	quiet_free(tail->quiet);
	buf_done(&tail->line);
	return TOOL_FINE;
}

int
tail_run(struct tool *tool, int argc, char **argv)
{
	const char *program = NULL;
	struct tail tail = { .desk = NULL };
	const struct tool_option options[] = {
		{ "--json", &tail.as_json, NULL },
		{ "--run", NULL, &program },
		{ 0 },
	};
	struct desk desk;
	int n, rc;

	if ((n = tool_arguments(tool, argc, argv, 0, FILTERS_MAX, options)) ==
	    -1)
		return TOOL_USAGE;
	if (desk_open(&desk, tool, DESK_NO_RULES) == -1)
		return TOOL_FINDING;
	tail.desk = &desk;
	rc = tail_with(&tail, n, argv, program);
	desk_close(&desk);
	return rc;
}
