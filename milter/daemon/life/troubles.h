/*
 * troubles: the latest warnings and errors of the log, for people who ask
 * what is the matter before they look for a log file.
 *
 * At most TROUBLES_MAX; one that comes again is counted and has its times of
 * the first and the last. Any thread.
 */
#ifndef SLUICE_DAEMON_LIFE_TROUBLES_H
#define SLUICE_DAEMON_LIFE_TROUBLES_H

#include "base/log.h"

#define TROUBLES_MAX      20
#define TROUBLE_BYTES_MAX 300

struct trouble {
	enum log_level level;
	int64_t first_ms;
	int64_t last_ms;
	uint64_t n_times;
	struct str text; /* cut at TROUBLE_BYTES_MAX */
};

/* As log_set_watcher wants it. */
void troubles_see(enum log_level level, struct str text);
/* From now on what this thread logs is no trouble of its own (it is told of in
 * another way), or is again. */
void troubles_ignore(bool is_ignored);
/* The newest first. Texts live for the call. */
void troubles_each(
    void (*each)(void *context, const struct trouble *trouble), void *context);

#endif
