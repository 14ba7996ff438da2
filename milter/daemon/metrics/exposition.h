/*
 * exposition: text in the format that Prometheus reads, version 0.0.4: of each
 * family its HELP and TYPE, then its samples, one a line:
 *
 *	name{label="value",…} number
 *
 * Values of labels may be any bytes; what the format does not allow in them is
 * escaped, and what is not UTF-8 becomes "?".
 */
#ifndef SLUICE_DAEMON_METRICS_EXPOSITION_H
#define SLUICE_DAEMON_METRICS_EXPOSITION_H

#include "base/buf.h"

/* name, type and help are words of ours: no line feed, no backslash. */
void exposition_family(
    struct buf *out, const char *name, const char *type, const char *help);

/* One sample: begin, its labels, then one of the ends. */
struct sample {
	struct buf *out;
	bool has_labels;
};

struct sample sample_begin(struct buf *out, const char *name);
void sample_label(struct sample *sample, const char *name, struct str value);
void sample_end(struct sample *sample, uint64_t number);
void sample_end_decimal(struct sample *sample, double number);

#endif
