/*
 * sanitized: is this build one of a sanitizer's? Those trace their own process,
 * hold descriptors and memory of their own, and are slow. gcc says so by a
 * macro, clang (and gcc from 14 on) by a feature.
 */
#ifndef SLUICE_BASE_SANITIZED_H
#define SLUICE_BASE_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#endif
