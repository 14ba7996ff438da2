/*
 * clock: the clocks of a host.
 */
#ifndef SLUICE_BASE_CLOCK_H
#define SLUICE_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);   /* since 1970-01-01 UTC; may be set */
int64_t clock_steady_us(void); /* for deadlines; never goes back */
int64_t clock_cpu_ns(void);    /* that this thread has used */

#endif
