/*
 * reload: load the rules of the running sluiced anew, and say what came of it
 * where the operator sits, not in a log. SIGHUP does the same without a word.
 */
#include "tool/status.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define POLL_MS     50
#define PATIENCE_MS INT64_C(300000) /* tests of rules may take their time */

enum result { RESULT_PENDING, RESULT_GOOD, RESULT_REFUSED, RESULT_NONE };

static void
print_said(const struct status_reply *reply)
{
	const struct status_line *line;
	size_t at = 0;

	while ((line = status_next(reply, "said", &at)) != NULL) {
		tool_err(line->value);
		tool_err(STR("\n"));
	}
}

static enum result
ask_result(struct tool *tool, uint64_t number)
{
	enum result result = RESULT_NONE;
	struct status_reply reply;
	char question[64];

	snprintf(question, sizeof(question), "reload %llu",
	    (unsigned long long)number);
	if (status_ask(tool, question, &reply) == 0) {
		struct str text = status_text(&reply, "result");

		if (str_is(text, "pending"))
			result = RESULT_PENDING;
		else
			result =
			    str_is(text, "good") ? RESULT_GOOD : RESULT_REFUSED;
		print_said(&reply);
	}
	status_done(&reply);
	return result;
}

static enum result
wait_result(struct tool *tool, uint64_t number)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	int64_t end_us = clock_steady_us() + PATIENCE_MS * 1000;
	enum result result;

	while ((result = ask_result(tool, number)) == RESULT_PENDING &&
	       clock_steady_us() < end_us)
		nanosleep(&pause, NULL);
	return result;
}

/* What runs now, in a line. */
static void
print_running(struct tool *tool)
{
	struct status_reply reply;
	struct buf out = { 0 };

	if (status_ask(tool, "status", &reply) == 0) {
		buf_printf(&out, "loaded in %llu ms: ",
		    (unsigned long long)status_number(
			&reply, "reload_took_ms"));
		status_count_rules(&reply, &out);
		buf_printf(&out, ", hash %.*s\n",
		    STR_ARG(status_text(&reply, "hash")));
		tool_out(buf_str(&out));
	}
	buf_done(&out);
	status_done(&reply);
}

static int
say_result(struct tool *tool, enum result result)
{
	switch (result) {
	case RESULT_GOOD:
		print_running(tool);
		return TOOL_FINE;
	case RESULT_REFUSED:
		tool_error("refused: the running rules are unchanged");
		return TOOL_FINDING;
	case RESULT_PENDING:
		tool_error("sluiced is still loading; 'sluice status' will say "
			   "what came of it");
		return TOOL_FINDING;
	case RESULT_NONE:
		break; /* was said */
	}
	return TOOL_FINDING;
}

int
reload_run(struct tool *tool, int argc, char **argv)
{
	enum result result = RESULT_NONE;
	struct status_reply reply;

	if (tool_arguments(tool, argc, argv, 0, 0, NULL) == -1)
		return TOOL_USAGE;
	if (status_ask(tool, "reload", &reply) == 0)
		result = wait_result(tool, status_number(&reply, "number"));
	status_done(&reply);
	return say_result(tool, result);
}
