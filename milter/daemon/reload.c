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
#include "base/port.h"
#include "daemon/keeper/keeper.h"
#include "daemon/life/life.h"
#include "daemon/life/notify.h"
#include "daemon/life/troubles.h"
#include "daemon/metrics/metrics.h"
#include "daemon/places.h"
#include "daemon/policy.h"
#include "daemon/sessions.h"
#include "daemon/threads.h"

#include <pthread.h>
#include <time.h>

#define REFRESH_EVERY_SEC 2

static pthread_mutex_t request_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t request_came = PTHREAD_COND_INITIALIZER;
static bool is_requested;
static uint64_t n_begun;
static uint64_t n_done;
static bool was_good;   /* the last one that was done */
static struct buf said; /* by it */

/* Below: the reloading thread only. */
static struct conf *running;
static const char *running_path;

/* Among the latest troubles a load that failed is one, which life tells of; and
 * of a warning only its first line is. */
static void
log_line(struct str line, enum log_level level)
{
	troubles_ignore(level == LOG_LEVEL_ERROR || str_starts(line, STR(" ")));
	if (level == LOG_LEVEL_ERROR)
		log_error("%.*s", STR_ARG(line));
	else
		log_warning("%.*s", STR_ARG(line));
	troubles_ignore(false);
}

void
reload_log_lines(struct str text, enum log_level level)
{
	while (text.len > 0)
		log_line(str_take(&text, '\n'), level);
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
	metrics_reload(true, ruleset_hash(policy->rules), clock_wall_ms());
	keeper_use(policy->rules);
	policy_publish(policy);
	conf_free(running);
	running = conf;
}

static void
keep_result(bool is_good, struct buf *diagnostics)
{
	pthread_mutex_lock(&request_lock);
	n_done = n_begun;
	was_good = is_good;
	buf_done(&said);
	said = *diagnostics;
	pthread_mutex_unlock(&request_lock);
}

static void
reload(void)
{
	int64_t start_us = clock_steady_us();
	struct policy *policy = NULL;
	struct buf diagnostics;
	struct conf *conf;
	uint32_t took_ms;

	notify_reloading();
	buf_init(&diagnostics);
	conf = conf_load(running_path, &diagnostics);
	if (conf != NULL)
		policy = policy_load(conf, &diagnostics);
	took_ms = (uint32_t)((clock_steady_us() - start_us) / 1000);
	reload_log_lines(buf_str(&diagnostics),
	    policy == NULL ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING);
	if (policy != NULL)
		apply(conf, policy);
	else
		metrics_reload(false, NULL, clock_wall_ms());
	if (policy == NULL)
		conf_free(conf);
	life_reloaded(policy, buf_str(&diagnostics), took_ms);
	keep_result(policy != NULL, &diagnostics);
	notify_reloaded();
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
	n_begun += is_wanted;
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
	running = conf;
	running_path = conf_path;
	return threads_start("reload", work, NULL);
}

uint64_t
reload_request(void)
{
	uint64_t number;

	pthread_mutex_lock(&request_lock);
	is_requested = true;
	number = n_begun + 1;
	pthread_cond_signal(&request_came);
	pthread_mutex_unlock(&request_lock);
	return number;
}

enum reload_state
reload_result(uint64_t number, struct buf *diagnostics)
{
	enum reload_state state = RELOAD_PENDING;

	pthread_mutex_lock(&request_lock);
	if (number <= n_done) {
		state = was_good ? RELOAD_GOOD : RELOAD_REFUSED;
		buf_add(diagnostics, buf_str(&said));
	}
	pthread_mutex_unlock(&request_lock);
	return state;
}
