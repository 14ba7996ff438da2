/*
 * slower: how many times longer than its mark a test may take in this build.
 * Sanitizers are slow, and slower beside other tests.
 */
#ifndef SLUICE_TESTS_SLOWER_H
#define SLUICE_TESTS_SLOWER_H

#include "base/sanitized.h"

#define TIMES_SLOWER (IS_SANITIZED ? 20 : 1)

#endif
