/*
 * A reload loads everything anew beside what is running, and only a success
 * is published, by one exchange of a pointer: connections keep what they began
 * with. It has a thread of its own, since the main thread must stay free for
 * signals, and since tests and large tables take their time.
 *
 * sluice.conf is read again, too. What of it only counts at start is named in
 * a warning instead of being half applied.
 */
#include "daemon/reload.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/keeper.h"
#include "daemon/metrics.h"
#include "daemon/places.h"
#include "daemon/policy.h"
#include "daemon/sessions.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define REFRESH_EVERY_SEC 2

static pthread_mutex_t request_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t request_came = PTHREAD_COND_INITIALIZER;
static bool is_requested;

/* Below: the reloading thread only. */
static struct conf *running;
static const char *running_path;

void
reload_log_lines(struct str text, enum log_level level)
{
	while (text.len > 0) {
		ptrdiff_t end = str_find(text, '\n');
		size_t len = end < 0 ? text.len : (size_t)end;

		if (level == LOG_LEVEL_ERROR)
			log_error("%.*s", STR_ARG(str_sub(text, 0, len)));
		else
			log_warning("%.*s", STR_ARG(str_sub(text, 0, len)));
		text = str_from(text, end < 0 ? len : len + 1);
	}
}

static void
warn_restart(const char *name)
{
	log_warning("reload: %s has changed in the configuration; that needs "
		    "a restart",
	    name);
}

/* Takes conf and policy. */
static void
apply(struct conf *conf, struct policy *policy)
{
	conf_each_restart(running, conf, warn_restart);
	log_set_level((enum log_level)conf->log_level);
	sessions_set_max(places_fit(conf->max_connections));
	log_info("reload: %zu rules, hash %s", ruleset_n_rules(policy->rules),
	    ruleset_hash(policy->rules));
	metrics_reload(true, ruleset_hash(policy->rules), clock_wall_ms());
	keeper_use(policy->rules);
	policy_publish(policy);
	conf_free(running);
	running = conf;
}

static void
reload(void)
{
	struct policy *policy = NULL;
	struct conf *conf;
	struct buf diagnostics;

	buf_init(&diagnostics);
	conf = conf_load(running_path, &diagnostics);
	if (conf != NULL)
		policy = policy_load(conf, &diagnostics);
	reload_log_lines(buf_str(&diagnostics),
	    policy == NULL ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING);
	buf_done(&diagnostics);
	if (policy != NULL) {
		apply(conf, policy);
		return;
	}
	log_error("reload failed: the running rules are unchanged");
	metrics_reload(false, NULL, clock_wall_ms());
	conf_free(conf);
}

/* True: a reload is wanted; false: it is time to look at the tables. */
static bool
wait_for_work(void)
{
	struct timespec end;
	bool is_wanted;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += REFRESH_EVERY_SEC;
	pthread_mutex_lock(&request_lock);
	while (!is_requested && rc == 0)
		rc = pthread_cond_clockwait(
		    &request_came, &request_lock, CLOCK_MONOTONIC, &end);
	is_wanted = is_requested;
	is_requested = false;
	pthread_mutex_unlock(&request_lock);
	return is_wanted;
}

static void *
work(void *unused)
{
	for (;;) {
		if (wait_for_work())
			reload();
		policy_refresh_tables();
	}
	return unused;
}

int
reload_start(struct conf *conf, const char *conf_path)
{
	pthread_t thread;

	running = conf;
	running_path = conf_path;
	if ((errno = pthread_create(&thread, NULL, work, NULL)) != 0)
		return -1;
	pthread_detach(thread);
	return 0;
}

void
reload_request(void)
{
	pthread_mutex_lock(&request_lock);
	is_requested = true;
	pthread_cond_signal(&request_came);
	pthread_mutex_unlock(&request_lock);
}
