#include "rules/stage.h"

static const char *const names[STAGE_N] = {
	[STAGE_CONNECT] = "connect",
	[STAGE_HELO] = "helo",
	[STAGE_MAIL] = "mail",
	[STAGE_RCPT] = "rcpt",
	[STAGE_DATA] = "data",
	[STAGE_HEADERS] = "headers",
	[STAGE_MESSAGE] = "message",
};

const char *
stage_name(enum stage stage)
{
	return names[stage];
}

int
stage_parse(struct str name, enum stage *stage_out)
{
	for (int i = 0; i < STAGE_N; i++) {
		if (str_is(name, names[i])) {
			*stage_out = (enum stage)i;
			return 0;
		}
	}
	return -1;
}
