/*
 * slower: how many times longer than its mark a test may take in this build.
 * Sanitizers are slow, and slower beside other tests; only gcc says by a macro
 * that they are there, so clang's builds count as sanitized.
 */
#ifndef SLUICE_TESTS_SLOWER_H
#define SLUICE_TESTS_SLOWER_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    defined(__clang__)
#define IS_SANITIZED 1
#define TIMES_SLOWER 20
#else
#define IS_SANITIZED 0
#define TIMES_SLOWER 1
#endif

#endif
