/*
 * A row of commands. Nothing here waits: a reload is begun, and who wants to
 * know what became of it asks again.
 *
 * The trap is who may ask: the socket's group is that of the MTA as a rule, so
 * that it may look is fine, but not that it makes us read files all day.
 */
#include "daemon/life/control.h"

#include "base/log.h"
#include "base/quantity.h"
#include "daemon/inquiry.h"
#include "daemon/life/life.h"
#include "daemon/reload.h"

#include <unistd.h>

#define QUESTION_MAX ((size_t)64)
#define SAID_MAX     ((size_t)1000) /* of one line of diagnostics */
#define SOCKET_MODE  0660

static void
answer_status(struct str argument, struct buf *answer)
{
	if (argument.len > 0)
		buf_add_cstr(answer, "error 'status' stands alone\n");
	else
		life_print(answer);
}

static bool
may_reload(void)
{
	uid_t asker = inquiry_asker();

	return asker == 0 || asker == geteuid();
}

static void
add_said(struct str text, struct buf *answer)
{
	while (text.len > 0) {
		buf_add_cstr(answer, "said ");
		log_escape(answer, str_take(&text, '\n'), SAID_MAX);
		buf_byte(answer, '\n');
	}
}

static void
add_result(uint64_t number, struct buf *answer)
{
	static const char *const names[] = { [RELOAD_PENDING] = "pending",
		[RELOAD_GOOD] = "good",
		[RELOAD_REFUSED] = "refused" };
	struct buf said = { 0 };
	enum reload_state state = reload_result(number, &said);

	buf_printf(answer, "result %s\n", names[state]);
	add_said(buf_str(&said), answer);
	buf_done(&said);
}

static void
answer_reload(struct str argument, struct buf *answer)
{
	uint64_t number;

	if (!may_reload())
		buf_add_cstr(answer, "error only root and the daemon's own "
				     "user may ask for a reload\n");
	else if (argument.len == 0)
		buf_printf(answer, "number %llu\n",
		    (unsigned long long)reload_request());
	else if (number_parse(argument, INT64_MAX, &number) == 0)
		add_result(number, answer);
	else
		buf_add_cstr(answer, "error 'reload' takes a number\n");
}

static const struct command {
	const char *name;
	void (*run)(struct str argument, struct buf *answer);
} commands[] = {
	{ "status", answer_status },
	{ "reload", answer_reload },
};

static void
run_command(struct str line, struct buf *answer)
{
	struct str name = str_take(&line, ' ');

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (!str_is(name, commands[i].name))
			continue;
		commands[i].run(str_trim(line), answer);
		return;
	}
	buf_add_cstr(answer, "error there are 'status' and 'reload'\n");
}

void
control_answer(struct str request, bool is_cut, struct buf *answer)
{
	buf_add_cstr(answer, CONTROL_GREETING "\n");
	if (is_cut)
		buf_add_cstr(answer, "error a question is one short line\n");
	else
		run_command(str_trim(request), answer);
	buf_add_cstr(answer, CONTROL_END "\n");
}

static bool
is_line(struct str request)
{
	return str_find(request, '\n') >= 0;
}

static const struct inquiry_kind control_kind = {
	.name = "control",
	.request_max = QUESTION_MAX,
	.is_whole = is_line,
	.answer = control_answer,
};

int
control_listen(const struct conf *conf, struct buf *error)
{
	if (conf->control.text == NULL)
		return 0;
	if (inquiry_listen(&conf->control, SOCKET_MODE, conf->socket_group,
		&control_kind, error) == 0)
		return 0;
	if (conf_says(conf, "control"))
		return -1;
	log_info("no control socket, so `sluice status` will find nobody: "
		 "%.*s; `control` in sluice.conf names another place, or none",
	    STR_ARG(buf_str(error)));
	buf_clear(error);
	return 0;
}
