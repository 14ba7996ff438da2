/*
 * Who it was is for those who ask later, not a proof: root can be anybody. That
 * is why a reason belongs to it.
 */
#include "tool/desk/operator.h"

#include "conf/load.h"
#include "tool/tool.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_MS 2000

/* Only root may say that it is somebody else. */
static const char *
login(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user = getpwuid(getuid());

	if (getuid() == 0 && sudo != NULL && sudo[0] != '\0')
		return sudo;
	return user != NULL ? user->pw_name : "unknown";
}

struct str
operator_name(const struct conf *conf, char text[OPERATOR_MAX])
{
	const char *host = conf_host(conf);

	snprintf(text, OPERATOR_MAX, "%.64s@%.*s", login(),
	    (int)strcspn(host, "."), host);
	return str_of(text);
}

struct record {
	struct store_field fields[16];
	size_t n;
};

static void
add_field(struct record *record, const char *name, struct str value)
{
	if (value.len > 0)
		record->fields[record->n++] =
		    (struct store_field){ str_of(name), value };
}

void
operator_record(struct store *store, const struct conf *conf,
    const struct operator_act *act)
{
	char by[OPERATOR_MAX], until[32] = "";
	struct record record = { .n = 0 };
	struct store_event event;

	if (act->until_ms > 0)
		snprintf(until, sizeof(until), "%lld",
		    (long long)(act->until_ms / 1000));
	add_field(&record, "event", STR("operator"));
	add_field(&record, "host", str_of(conf_host(conf)));
	add_field(&record, "did", str_of(act->did));
	add_field(&record, "limit", act->limit);
	add_field(&record, "key", act->key);
	add_field(&record, "rule", act->rule);
	add_field(&record, "table", act->table);
	add_field(&record, "entry", act->entry);
	add_field(&record, "raise", act->raise);
	add_field(&record, "until", str_of(until));
	add_field(&record, "reason", act->reason);
	add_field(&record, "by", operator_name(conf, by));
	event = (struct store_event){ .fields = record.fields,
		.n_fields = record.n };
	store_event_send(store, &event);
	if (store_flush(store, FLUSH_MS) == -1)
		tool_error("it was done, but the event that tells of it could "
			   "not be written");
}
