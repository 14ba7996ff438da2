/*
 * One row an option, one small setter a kind of value. The default goes
 * through the same setter as what people write, so it cannot be wrong in a way
 * that only shows without a configuration file.
 */
#include "conf/option.h"

#include "base/domain.h"
#include "base/quantity.h"
#include "rules/suggest.h"
#include "store/url.h"

#include <assert.h>
#include <unistd.h>

#define ZONES_FOLDER "/usr/share/zoneinfo"

static void *
field(struct conf *conf, const struct option *option)
{
	return (char *)conf + option->offset;
}

static int
set_text(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	(void)error;
	*(const char **)field(conf, option) = arena_cstr(conf->arena, value);
	return 0;
}

static int
set_path(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	(void)error;
	*(const char **)field(conf, option) =
	    path_join(conf->arena, conf->folder, value);
	return 0;
}

static int
set_pattern(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	struct conf_patterns *patterns = field(conf, option);

	if (patterns->n == CONF_PATTERNS_MAX) {
		buf_printf(
		    error, "more than %d patterns", (int)CONF_PATTERNS_MAX);
		return -1;
	}
	patterns->items[patterns->n++] =
	    path_join(conf->arena, conf->folder, value);
	return 0;
}

static int
set_endpoint(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	return endpoint_parse(
	    conf->arena, value, conf->folder, field(conf, option), error);
}

static int
set_endpoint_or_off(struct conf *conf, const struct option *option,
    struct str value, struct buf *error)
{
	if (!str_is(value, "off"))
		return set_endpoint(conf, option, value, error);
	*(struct endpoint *)field(conf, option) =
	    (struct endpoint){ .text = NULL };
	return 0;
}

/* A place only for this host. */
static int
set_unix_or_off(struct conf *conf, const struct option *option,
    struct str value, struct buf *error)
{
	if (!str_is(value, "off") && !str_starts(value, STR("unix:")))
		return -1;
	return set_endpoint_or_off(conf, option, value, error);
}

static int
set_choice(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	(void)error;
	for (const struct choice *c = option->choices; c->name != NULL; c++) {
		if (!str_is(value, c->name))
			continue;
		*(int *)field(conf, option) = c->value;
		return 0;
	}
	return -1;
}

static int
set_bool(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	(void)error;
	if (!str_is(value, "yes") && !str_is(value, "no"))
		return -1;
	*(bool *)field(conf, option) = str_is(value, "yes");
	return 0;
}

static int
set_amount(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	uint64_t amount;

	(void)error;
	if (amount_parse(value, &amount) == -1 || amount < option->min ||
	    amount > option->max)
		return -1;
	*(uint64_t *)field(conf, option) = amount;
	return 0;
}

static int
set_count(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	uint64_t count;

	(void)error;
	assert(option->max <= UINT32_MAX);
	if (amount_parse(value, &count) == -1 || count < option->min ||
	    count > option->max)
		return -1;
	*(uint32_t *)field(conf, option) = (uint32_t)count;
	return 0;
}

static int
set_duration(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	uint32_t ms;

	(void)error;
	if (duration_parse_ms(value, &ms) == -1 || ms < option->min ||
	    ms > option->max)
		return -1;
	*(uint32_t *)field(conf, option) = ms;
	return 0;
}

/* Octal, as chmod reads it: 660, 0660. */
static int
set_mode(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	uint32_t mode = 0;

	(void)error;
	if (value.len < 3 || value.len > 4)
		return -1;
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] < '0' || value.p[i] > '7')
			return -1;
		mode = mode * 8 + (uint32_t)(value.p[i] - '0');
	}
	if (mode > 0777)
		return -1;
	*(uint32_t *)field(conf, option) = mode;
	return 0;
}

/* What stands behind the scheme is for store_open to judge. */
/* Only what can be said without asking anybody: a store that is away is no
 * mistake. */
static int
set_store(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	struct store_url url;

	if (store_url_parse(conf->arena, value, &url, error) == -1)
		return -1;
	return set_text(conf, option, value, error);
}

static int
set_name(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	if (value.len == 0 || value.len > option->max)
		return -1;
	for (size_t i = 0; i < value.len; i++)
		if (!ascii_is_alnum(value.p[i]) &&
		    str_find(STR("._-"), value.p[i]) < 0)
			return -1;
	return set_text(conf, option, value, error);
}

static int
set_outage(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	if (!str_is(value, "count-locally") && !str_is(value, "pass") &&
	    !str_is(value, "tempfail"))
		return -1;
	return set_text(conf, option, value, error);
}

/* Where there are no zone files (a bare chroot), any name may be right. */
static int
set_timezone(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	const char *file;

	for (size_t i = 0; i < value.len; i++)
		if (!ascii_is_alnum(value.p[i]) &&
		    str_find(STR("/_+-"), value.p[i]) < 0)
			return -1;
	if (value.len == 0 || value.p[0] == '/')
		return -1;
	file = path_join(conf->arena, ZONES_FOLDER, value);
	if (access(ZONES_FOLDER "/UTC", R_OK) == 0 && access(file, R_OK) != 0) {
		buf_printf(error, "there is no time zone '%.*s' in %s",
		    STR_ARG(value), ZONES_FOLDER);
		return -1;
	}
	return set_text(conf, option, value, error);
}

static int
set_domain(struct conf *conf, const struct option *option, struct str value,
    struct buf *error)
{
	if (value.len == 0 || value.len > DOMAIN_MAX || value.p[0] == '.' ||
	    str_find(value, '@') >= 0 || str_find(value, ' ') >= 0)
		return -1;
	return set_text(conf, option, domain_normal(conf->arena, value), error);
}

static const struct choice modes[] = {
	{ "enforce", CONF_MODE_ENFORCE },
	{ "observe", CONF_MODE_OBSERVE },
	{ NULL, 0 },
};

static const struct choice sinks[] = {
	{ "stderr", LOG_SINK_STDERR },
	{ "syslog", LOG_SINK_SYSLOG },
	{ "none", LOG_SINK_NONE },
	{ NULL, 0 },
};

static const struct choice formats[] = {
	{ "text", LOG_FORMAT_TEXT },
	{ "json", LOG_FORMAT_JSON },
	{ NULL, 0 },
};

static const struct choice levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
	{ NULL, 0 },
};

#define FIELD(name) offsetof(struct conf, name)

const struct option options[] = {
	{ "listen", set_endpoint, FIELD(listen), "inet:8893@127.0.0.1",
	    .at_start = true,
	    .expected = "inet:PORT@HOST, inet6:PORT@HOST or unix:PATH",
	    .help = "where the MTA finds us: inet:PORT@HOST, "
		    "inet6:PORT@HOST or unix:PATH" },
	{ "socket_mode", set_mode, FIELD(socket_mode), "0660", .at_start = true,
	    .expected = "an octal mode such as 0660",
	    .help = "permissions of a unix socket" },
	{ "socket_group", set_text, FIELD(socket_group), .shown = "none",
	    .at_start = true, .expected = "the name of a group",
	    .help = "group of a unix socket" },
	{ "store", set_store, FIELD(store), "redis://127.0.0.1:6379/0",
	    .at_start = true,
	    .expected = "redis://HOST:PORT/DB, redis+unix:///PATH?db=N, "
			"rediss://, redis+sentinel://, redis+cluster:// or "
			"memory",
	    .help = "where the counts of limits live" },
	{ "store_timeout", set_duration, FIELD(store_timeout_ms), "100ms",
	    .min = 1, .max = 3000, .at_start = true,
	    .expected = "a duration from 1ms to 3s",
	    .help = "deadline of one call of the store, with everything in "
		    "it" },
	{ "store_connections", set_count, FIELD(store_connections), "4",
	    .min = 1, .max = 64, .at_start = true,
	    .expected = "a number from 1 to 64",
	    .help = "connections to the store" },
	{ "store_prefix", set_name, FIELD(store_prefix), "sluice", .max = 32,
	    .at_start = true,
	    .expected = "1 to 32 letters, digits, dots, dashes or underlines",
	    .help = "what every key in the store begins with" },
	{ "store_password_file", set_path, FIELD(store_password_file),
	    .shown = "none", .at_start = true, .expected = "the path of a file",
	    .help = "file whose first line is the password of the store" },
	{ "rules", set_pattern, FIELD(rules), "rules/*.rules", .is_list = true,
	    .expected = "globs separated by blanks",
	    .help = "rule files: globs, relative to the folder of this file" },
	{ "mode", set_choice, FIELD(mode), "enforce", .choices = modes,
	    .expected = "enforce or observe",
	    .help = "observe: every rule is observed" },
	{ "on_outage", set_outage, FIELD(on_outage), "count-locally",
	    .expected = "count-locally, pass or tempfail",
	    .help = "what limits do while the store is away, unless they say "
		    "it themselves" },
	{ "timezone", set_timezone, FIELD(timezone), .shown = "the system's",
	    .at_start = true, .expected = "a name such as Europe/Berlin",
	    .help = "time zone of dates and hours in rules" },
	{ "sasl_domain", set_domain, FIELD(sasl_domain), .shown = "none",
	    .expected = "a domain such as example.org",
	    .help = "domain of login names that have none" },
	{ "log", set_choice, FIELD(log), .choices = sinks,
	    .shown = "stderr with -f, else syslog", .at_start = true,
	    .expected = "stderr, syslog or none", .help = "where logs go" },
	{ "log_format", set_choice, FIELD(log_format), "text",
	    .choices = formats, .at_start = true, .expected = "text or json",
	    .help = "form of log lines" },
	{ "log_level", set_choice, FIELD(log_level), "info", .choices = levels,
	    .expected = "error, warning, info or debug",
	    .help = "the least important lines that are logged" },
	{ "test_on_load", set_bool, FIELD(test_on_load), "no",
	    .expected = "yes or no",
	    .help = "run the tests beside the rules before a load counts" },
	{ "scan_limit", set_amount, FIELD(scan_limit), "1M", .min = 1000,
	    .max = 100000000, .expected = "an amount from 1k to 100M",
	    .help = "bytes of a message that are looked at" },
	{ "scan_budget", set_duration, FIELD(scan_budget_ms), "250ms", .min = 1,
	    .max = 5000, .expected = "a duration from 1ms to 5s",
	    .help = "CPU time for the patterns of one message" },
	{ "regex_match_limit", set_count, FIELD(regex_match_limit), "10k",
	    .min = 100, .max = 10000000,
	    .expected = "an amount from 100 to 10M",
	    .help = "PCRE2's match limit of one pattern" },
	{ "inspect_timeout", set_duration, FIELD(inspect_timeout_ms), "500ms",
	    .min = 10, .max = 5000, .at_start = true,
	    .expected = "a duration from 10ms to 5s",
	    .help = "time to look into all attachments of one message" },
	{ "inspect_helpers", set_count, FIELD(inspect_helpers), "2", .min = 1,
	    .max = 64, .at_start = true, .expected = "a number from 1 to 64",
	    .help = "helper processes that look into attachments" },
	{ "max_connections", set_count, FIELD(max_connections), "5000",
	    .min = 1, .max = 1000000, .expected = "a number from 1 to 1M",
	    .help = "beyond it a connection gets 451" },
	{ "pid_file", set_path, FIELD(pid_file), .shown = "none",
	    .at_start = true, .expected = "the path of a file",
	    .help = "file with our process number while we run" },
	{ "host", set_name, FIELD(host), .shown = "the system's",
	    .max = CONF_HOST_MAX, .at_start = true,
	    .expected = "1 to 64 letters, digits, dots, dashes or underlines",
	    .help = "name of this host in events and in `sluice hosts`" },
	{ "control", set_unix_or_off, FIELD(control),
	    "unix:" CONF_DEFAULT_CONTROL, .at_start = true,
	    .expected = "off or unix:PATH",
	    .help = "socket for `sluice status` and `sluice reload`: off or "
		    "unix:PATH" },
	{ "metrics", set_endpoint_or_off, FIELD(metrics), "off",
	    .at_start = true,
	    .expected = "off, inet:PORT@HOST, inet6:PORT@HOST or unix:PATH",
	    .help = "where Prometheus finds us, by HTTP: off, inet:PORT@HOST, "
		    "inet6:PORT@HOST or unix:PATH" },
};

const size_t n_options = sizeof(options) / sizeof(options[0]);

static_assert(sizeof(options) / sizeof(options[0]) <= CONF_OPTIONS_MAX,
    "conf.positions has room for every option");

const struct option *
option_find(struct str name)
{
	for (size_t i = 0; i < n_options; i++)
		if (str_is(name, options[i].name))
			return &options[i];
	return NULL;
}

const char *
option_nearest(struct str name)
{
	struct suggestion suggestion = { .wrong = name };

	for (size_t i = 0; i < n_options; i++)
		suggest(&suggestion, str_of(options[i].name));
	return suggestion.best.len > 0 ? suggestion.best.p : NULL;
}
