/*
 * stage: the steps of an SMTP conversation at which Sluice answers.
 */
#ifndef SLUICE_RULES_STAGE_H
#define SLUICE_RULES_STAGE_H

#include "base/str.h"

enum stage {
	STAGE_CONNECT,
	STAGE_HELO,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_HEADERS, /* all of them are here */
	STAGE_MESSAGE, /* end of the message */
	STAGE_N
};

const char *stage_name(enum stage stage);
/* 0, or -1 if there is no stage of that name. */
int stage_parse(struct str name, enum stage *stage_out);

#endif
