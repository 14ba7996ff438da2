/*
 * The only trap here is the password: it must not be readable by everybody,
 * must not be kept for longer than store_open needs it, and must not show up
 * in a message.
 */
#include "conf/load.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "conf/files.h"
#include <errno.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ZONES              "/zoneinfo/"
#define TEST_INSPECT_MS    20000
#define PASSWORD_MAX_BYTES ((size_t)1024)

void
conf_rules_options(const struct conf *conf, struct rules_options *options_out)
{
	rules_options_init(options_out);
	options_out->timezone = conf->timezone;
	options_out->sasl_domain = conf->sasl_domain;
	options_out->on_outage = conf->on_outage;
	options_out->observe_all = conf->mode == CONF_MODE_OBSERVE;
	options_out->scan_limit = conf->scan_limit;
	options_out->scan_budget_ms = conf->scan_budget_ms;
	options_out->regex_match_limit = conf->regex_match_limit;
	options_out->now_ms = clock_wall_ms();
}

void
conf_use_timezone(const struct conf *conf)
{
	if (conf->timezone != NULL)
		setenv("TZ", conf->timezone, 1);
	calendar_zone_changed();
}

const char *
conf_host(const struct conf *conf)
{
	static char name[CONF_HOST_MAX + 1];

	if (conf->host != NULL)
		return conf->host;
	if (gethostname(name, sizeof(name) - 1) == -1 || name[0] == '\0')
		return "localhost";
	return name;
}

/* Debian's /etc/localtime is a link to /usr/share/zoneinfo/AREA/CITY. */
const char *
conf_zone(const struct conf *conf)
{
	static char target[PATH_MAX];
	const char *zone;
	ssize_t n;

	if (conf->timezone != NULL)
		return conf->timezone;
	if ((zone = getenv("TZ")) != NULL && zone[0] != '\0')
		return zone;
	n = readlink("/etc/localtime", target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	zone = strstr(target, ZONES);
	return zone != NULL ? zone + strlen(ZONES) : tzname[0];
}

struct ruleset *
conf_load_rules(const struct conf *conf, struct buf *diagnostics)
{
	struct rules_options options;
	struct diags *diags = diags_new();
	struct ruleset *rules;

	conf_rules_options(conf, &options);
	rules = ruleset_load(
	    &files_io, conf->rules.items, conf->rules.n, &options, diags);
	diags_render(diags, diagnostics);
	diags_free(diags);
	return rules;
}

static struct inspector *
make_inspector(unsigned n_helpers, uint32_t timeout_ms)
{
	struct inspect_options options;

	inspect_options_init(&options);
	options.n_helpers = n_helpers;
	options.timeout_ms = timeout_ms;
	return inspector_new(&options);
}

struct inspector *
conf_inspector(const struct conf *conf)
{
	return make_inspector(conf->inspect_helpers, conf->inspect_timeout_ms);
}

struct inspector *
conf_test_inspector(const struct conf *conf)
{
	return make_inspector(conf->inspect_helpers, TEST_INSPECT_MS);
}

struct inspector *
conf_corpus_inspector(const struct conf *conf, unsigned n_threads)
{
	unsigned n = n_threads > conf->inspect_helpers ? n_threads
						       : conf->inspect_helpers;

	return make_inspector(n, TEST_INSPECT_MS);
}

/* The first line, without its end. 0, or -1 and a reason. */
static int
read_password(const char *path, struct buf *password, struct buf *error)
{
	ptrdiff_t end;

	if (files_readable_by_others(path)) {
		buf_printf(
		    error, "'%s' can be read by every user: chmod o= it", path);
		return -1;
	}
	if (files_read(path, PASSWORD_MAX_BYTES, password, error) == -1) {
		if (access(path, R_OK) == -1 && errno == EACCES)
			buf_printf(error, ": user %ld may not read '%s'",
			    (long)geteuid(), path);
		return -1;
	}
	end = str_find(buf_str(password), '\n');
	if (end >= 0)
		password->len = (size_t)end;
	while (password->len > 0 && password->p[password->len - 1] == '\r')
		password->len--;
	if (password->len == 0) {
		buf_printf(
		    error, "'%s' has no password in its first line", path);
		return -1;
	}
	password->p[password->len] = '\0';
	return 0;
}

static struct store *
open_store(
    const struct conf *conf, const char *password, struct buf *diagnostics)
{
	struct store_options options = {
		.url = conf->store,
		.prefix = conf->store_prefix,
		.password = password,
		.timeout_ms = conf->store_timeout_ms,
		.connections = conf->store_connections,
	};
	struct store *store;
	struct buf error;

	buf_init(&error);
	store = store_open(&options, &error);
	if (store == NULL)
		conf_complain(conf, "store", buf_str(&error).p, diagnostics);
	buf_done(&error);
	return store;
}

struct store *
conf_open_store(const struct conf *conf, struct buf *diagnostics)
{
	struct store *store = NULL;
	struct buf password, error;

	if (conf->store_password_file == NULL)
		return open_store(conf, NULL, diagnostics);
	buf_init(&password);
	buf_init(&error);
	if (read_password(conf->store_password_file, &password, &error) == 0)
		store = open_store(conf, password.p, diagnostics);
	else
		conf_complain(conf, "store_password_file", buf_str(&error).p,
		    diagnostics);
	if (password.p != NULL)
		explicit_bzero(password.p, password.size);
	buf_done(&password);
	buf_done(&error);
	return store;
}
