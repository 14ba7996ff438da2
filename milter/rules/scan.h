/*
 * scan: prefilters for what the plan found worth scanning together. Made once
 * a ruleset is whole, by the thread that loads it.
 */
#ifndef SLUICE_RULES_SCAN_H
#define SLUICE_RULES_SCAN_H

#include "rules/program.h"

void scans_make(struct program *program);
void scans_free(struct program *program);

#endif
